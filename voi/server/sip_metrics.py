"""Counts what becomes of SIP calls and messages, and shows the state of each account, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from voi.transports.sip.registration import AccountState
from voi.transports.telephone.rtp_terms import LineCounts

FATES = ("received", "lost", "late", "double")
UP = ("registered", "ready")


class SipMetrics:
    """The metrics of SIP, in `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter(
            "voi_sip_calls", "SIP calls, by account, direction and what came of them",
            ["account", "direction", "outcome"], registry=registry,
        )  # fmt: skip
        self._faults = Counter(
            "voi_sip_faults", "What was wrong with SIP messages and their sound, by kind", ["kind"], registry=registry
        )
        self._packets = Counter(
            "voi_sip_packets", "Packets of sound of SIP calls that are over, by what became of them", ["fate"],
            registry=registry,
        )  # fmt: skip
        for fate in FATES:
            self._packets.labels(fate)
        self._up = Gauge(
            "voi_sip_account_up", "Whether the SIP account is registered, or its trunk reached", ["account"],
            registry=registry,
        )  # fmt: skip

    def call(self, account: str, direction: str, outcome: str) -> None:
        self._calls.labels(account, direction, outcome).inc()

    def sound(self, counts: LineCounts) -> None:
        """A call is over, whose packets came to that."""
        for fate, count in zip(FATES, (counts.received, counts.lost, counts.late, counts.doubled), strict=True):
            self._packets.labels(fate).inc(max(0, count))

    def fault(self, kind: str) -> None:
        self._faults.labels(kind).inc()

    def state(self, account: str, state: AccountState | None) -> None:
        """None: there is no such account any more."""
        if state is None:
            self._up.remove(account)
        else:
            self._up.labels(account).set(state.name in UP)
