"""What comes to a line's ports: strangers, floods and rubbish are dropped and counted, the rest goes to the ear or is a
key or a report."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from voi.transports.rtp import RtpPacket, parse_rtp
from voi.transports.telephone import rtcp
from voi.transports.telephone.codecs import NOISE_TYPE
from voi.transports.telephone.key_events import KeyEvents
from voi.transports.telephone.rtp_ear import RtpEar
from voi.transports.telephone.rtp_source import PacketBudget, SourceLatch, StreamChoice
from voi.transports.telephone.rtp_terms import LineCounts, NetAddress, RtpSettings, RtpTerms

REPORTS_PER_S = 20
KEYS_PER_S = 20
STRANGERS_PER_S = 1_000
"""With more packets from strangers the line rests now and then, so that others do not suffer."""


class ArrivalListener(Protocol):
    """Told what comes, beside sound: an `RtpLine`, which owns the arrivals."""

    def key_came(self, key: str) -> None:
        """The other side pressed this key: 0-9, *, # or A-D."""

    def fault_came(self, fault: str) -> None:
        """Something of the other side's cannot be used; `fault` is its kind, as it is counted."""

    def report_came(self, lost_percent: int) -> None:
        """So much of what we sent did not arrive."""

    @property
    def ssrc(self) -> int:
        """Of the stream that we send."""
        ...


class Arrivals:
    """Takes what `RtpSockets` read; both methods return False when the sockets are to rest. Raises ConfigError if a
    codec's library is missing."""

    def __init__(
        self, terms: RtpTerms, settings: RtpSettings, ear: RtpEar, listener: ArrivalListener, counts: LineCounts
    ) -> None:
        self._terms, self._ear, self._listener, self._counts = terms, ear, listener, counts
        self._time: Callable[[], float] = asyncio.get_running_loop().time
        now_s = self.last_s = self._time()
        """`last_s`: when the newest packet of the other side came."""
        self.latch = SourceLatch(terms.remote, follow=settings.follow_source)
        self.reception: rtcp.Reception | None = None
        """Of the stream that is heard."""
        self._choice = StreamChoice()
        self._keys = KeyEvents()
        self._budget = PacketBudget(settings.packets_per_s, now_s)
        self._report_budget = PacketBudget(REPORTS_PER_S, now_s)
        self._key_budget = PacketBudget(KEYS_PER_S, now_s)
        self._stranger_budget = PacketBudget(STRANGERS_PER_S, now_s)

    def change(self, terms: RtpTerms) -> None:
        self.latch.move(terms.remote)
        if terms.cipher is not self._terms.cipher:
            self._choice.forget()
        self._terms = terms
        self.last_s = self._time()

    # ---- sound and keys -----------------------------------------------------------------------------

    def take_rtp(self, data: bytes, source: NetAddress) -> bool:
        if rtcp.is_rtcp(data):
            return self.take_rtcp(data, source, beside_sound=True)
        now_s = self._time()
        packet = parse_rtp(data)
        if packet is None or not self._known_type(packet.payload_type):
            return self._unusable("unusable", now_s)
        if not self.latch.expects(source):
            if not self._stranger_budget.spend(now_s):
                return False
        elif not self._budget.spend(now_s):
            self._listener.fault_came("flood")
            return False
        cipher = self._terms.cipher
        if cipher is not None:
            plain = cipher.unprotect(data)
            packet = parse_rtp(plain) if plain is not None else None
            if packet is None:
                return self._unusable("unauthentic", now_s)
        if not self.latch.accept(source, packet.ssrc, packet.sequence, now_s, authentic=cipher is not None):
            self._listener.fault_came("stranger")
            return True
        self.last_s = now_s
        self._take(packet, now_s)
        return True

    def _unusable(self, fault: str, now_s: float) -> bool:
        self._listener.fault_came(fault)
        return self._stranger_budget.spend(now_s)

    def _known_type(self, payload_type: int) -> bool:
        noise = payload_type in (self._terms.noise_type, NOISE_TYPE)
        return noise or self._is_key(payload_type) or self._ear.knows(payload_type)

    def _is_key(self, payload_type: int) -> bool:
        return payload_type in (self._terms.key_type, self._terms.key_heard_type)

    def _take(self, packet: RtpPacket, now_s: float) -> None:
        before = self._choice.ssrc
        if not self._choice.accept(packet.ssrc, packet.sequence):
            return
        reception = self.reception
        if reception is None or packet.ssrc != before:
            self._ear.new_stream()
            self._keys = KeyEvents()
            reception = self.reception = rtcp.Reception(packet.ssrc, self._terms.codec.clock_hz)
        self._counts.received += 1
        sound = self._ear.knows(packet.payload_type)
        reception.came(packet.sequence, packet.timestamp, now_s, timed=sound)
        if sound:
            self._ear.packet(packet)
            return
        if packet.payload_type in (self._terms.noise_type, NOISE_TYPE):
            self._ear.noise(packet)
            return
        self._ear.soundless(packet)
        if self._is_key(packet.payload_type) and self._terms.sending:
            self._key(packet, now_s)

    def _key(self, packet: RtpPacket, now_s: float) -> None:
        key = self._keys.take(packet.timestamp, packet.payload)
        if key is None:
            return
        if self._key_budget.spend(now_s):
            self._listener.key_came(key)
        else:
            self._listener.fault_came("keys_flood")

    # ---- reports ------------------------------------------------------------------------------------

    def take_rtcp(self, data: bytes, source: NetAddress, *, beside_sound: bool = False) -> bool:
        """`beside_sound`: on the port of the sound, which does not rest because of a few reports too many."""
        now_s = self._time()
        target = self.latch.target
        if target is None or source[0] not in (target[0], (self._terms.rtcp_remote or target)[0]):
            return self._stranger_budget.spend(now_s)
        if not self._report_budget.spend(now_s):
            return beside_sound and self._budget.spend(now_s)
        cipher = self._terms.cipher
        plain = cipher.unprotect_rtcp(data) if cipher is not None else data
        said = rtcp.read_rtcp(plain, self._listener.ssrc) if plain is not None else None
        if said is None:
            return True
        if self.reception is not None and said.sent_ntp is not None:
            self.reception.reported(said.sent_ntp, now_s)
        if said.of_us is not None:
            self._learn(said.of_us)
        if self._choice.ssrc is not None and self._choice.ssrc in said.gone:
            self._choice.forget()
            if cipher is not None:  # else anybody could say so, and be heard in its place
                self.latch.release()
        return True

    def _learn(self, report: rtcp.ReportOfUs) -> None:
        self._counts.lost_percent_there = report.lost_percent
        self._listener.report_came(report.lost_percent)
