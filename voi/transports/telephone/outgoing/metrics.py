"""What is counted of calls that Voi makes."""

from collections.abc import Mapping
from typing import Protocol


class OutgoingMetrics(Protocol):
    """Counters of calls that Voi makes. The server has them."""

    def order_taken(self) -> None:
        """An order was put into the queue."""

    def order_refused(self, reason: str) -> None:
        """An order was refused for that reason, see `OrderRefused`."""

    def order_over(self, outcome: str) -> None:
        """An order is over, see `OrderResult`."""

    def call_taken_by(self, taken_by: str, why: str) -> None:
        """It was decided who took a call, see `TakenBy`, and on what evidence."""

    def line_fault(self, fault: str) -> None:
        """Something of the other side's sound cannot be used."""

    def orders_waiting(self, counts: Mapping[str, int], left: Mapping[str, tuple[int, int]]) -> None:
        """`counts`: by state. `left`: calls and ms that each account may still make and talk today."""
