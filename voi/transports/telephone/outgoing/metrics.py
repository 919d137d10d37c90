"""What is counted of calls that Voi makes."""

from collections.abc import Mapping
from typing import Protocol


class OutgoingMetrics(Protocol):
    def order_taken(self) -> None: ...

    def order_refused(self, reason: str) -> None: ...

    def order_over(self, outcome: str) -> None: ...

    def call_taken_by(self, taken_by: str, why: str) -> None: ...

    def line_fault(self, fault: str) -> None: ...

    def orders_waiting(self, counts: Mapping[str, int], left: Mapping[str, tuple[int, int]]) -> None:
        """`counts`: by state. `left`: calls and ms that each account may still make and talk today."""
