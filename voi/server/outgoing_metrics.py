"""What is counted of the calls that Voi makes. No metric names anybody."""

from collections.abc import Mapping
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge

from voi.transports.telephone.outgoing.order import OrderOutcome

STATES = ("queued", "dialling", "ringing", "talking")


class OutgoingCallMetrics:
    """`OutgoingMetrics` in that registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._taken = Counter("voi_outgoing_orders", "Calls that were ordered", registry=registry)
        self._refused = Counter(
            "voi_outgoing_orders_refused", "Orders that were refused, and why", ["reason"], registry=registry
        )
        self._over = Counter(
            "voi_outgoing_calls", "Calls that Voi made or was to make, by what came of them", ["outcome"],
            registry=registry,
        )  # fmt: skip
        self._taken_by = Counter(
            "voi_outgoing_taken_by", "Who or what took calls, and what told so", ["taken_by", "why"], registry=registry
        )
        self._faults = Counter(
            "voi_outgoing_line_faults",
            "What was wrong with lines of calls that Voi makes",
            ["fault"],
            registry=registry,
        )
        self._waiting = Gauge("voi_outgoing_queue", "Orders by their state", ["state"], registry=registry)
        self._calls_left = Gauge(
            "voi_outgoing_calls_left", "Calls that an account may still make today", ["account"], registry=registry
        )
        self._minutes_left = Gauge(
            "voi_outgoing_minutes_left", "Minutes that an account may still talk today", ["account"], registry=registry
        )
        for outcome in get_args(OrderOutcome):
            self._over.labels(outcome)

    def order_taken(self) -> None:
        self._taken.inc()

    def order_refused(self, reason: str) -> None:
        self._refused.labels(reason).inc()

    def order_over(self, outcome: str) -> None:
        self._over.labels(outcome).inc()

    def call_taken_by(self, taken_by: str, why: str) -> None:
        self._taken_by.labels(taken_by, why).inc()

    def line_fault(self, fault: str) -> None:
        self._faults.labels(fault).inc()

    def orders_waiting(self, counts: Mapping[str, int], left: Mapping[str, tuple[int, int]]) -> None:
        for state in STATES:
            self._waiting.labels(state).set(counts.get(state, 0))
        for account, (calls, left_ms) in left.items():
            self._calls_left.labels(account).set(calls)
            self._minutes_left.labels(account).set(left_ms / 60_000)
