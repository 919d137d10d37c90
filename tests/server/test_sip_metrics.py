"""What is shown of SIP."""

from prometheus_client import CollectorRegistry

from voi.server.sip_metrics import SipMetrics
from voi.transports.telephone.rtp_terms import LineCounts


def test_packets_are_added_up_by_what_became_of_them() -> None:
    registry = CollectorRegistry()
    metrics = SipMetrics(registry)
    for _ in range(2):
        metrics.sound(LineCounts(sent=90, received=100, lost=3, late=2, doubled=1))
    metrics.sound(LineCounts(lost=-1))  # a packet that was given up came after all
    shown = {
        fate: registry.get_sample_value("voi_sip_packets_total", {"fate": fate})
        for fate in ("received", "lost", "late", "double")
    }
    assert shown == {"received": 200, "lost": 6, "late": 4, "double": 2}
