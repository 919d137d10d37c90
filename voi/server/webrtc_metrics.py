"""Counts what becomes of WebRTC connections and of the sound that comes over them, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter

STEPS = ("offer", "not_installed", "ice", "dtls", "channel", "lost", "rate", "unread", "too_large", "fault")
FATES = ("received", "lost", "late", "double")


class WebRtcMetrics:
    """The metrics of WebRTC, in `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._failures = Counter(
            "voi_webrtc_failures", "WebRTC connections that were not made, or broke, by what failed", ["step"],
            registry=registry,
        )  # fmt: skip
        self._packets = Counter(
            "voi_webrtc_packets", "Packets of sound of WebRTC clients, by what became of them", ["fate"],
            registry=registry,
        )  # fmt: skip
        for step in STEPS:
            self._failures.labels(step)
        for fate in FATES:
            self._packets.labels(fate)

    def failed(self, step: str) -> None:
        self._failures.labels(step).inc()

    def packets(self, fate: str, count: float) -> None:
        self._packets.labels(fate).inc(max(0, count))
