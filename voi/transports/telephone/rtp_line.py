"""A telephone's line over RTP: G.711, G.722 or Opus by UDP, keys by RFC 4733, SRTP with keys from outside, RTCP."""

import asyncio
import logging
import random
import time
from collections.abc import Callable

from voi.audio.pcm import SAMPLE_BYTES
from voi.errors import ConfigError
from voi.tasks import Tasks
from voi.transports.telephone import rtcp
from voi.transports.telephone.codecs import LineCodec
from voi.transports.telephone.line import SOUND_MAX_S, LineListener
from voi.transports.telephone.rtp_arrivals import Arrivals
from voi.transports.telephone.rtp_ear import RtpEar
from voi.transports.telephone.rtp_mouth import RtpMouth
from voi.transports.telephone.rtp_ports import OnDatagram, RtpSockets
from voi.transports.telephone.rtp_terms import LineCounts, NetAddress, RtpSettings, RtpTerms

log = logging.getLogger(__name__)

REPORT_S = 5.0
"""How often reports are sent, give or take half of it (RFC 3550, 6.2)."""
RTP_TAIL_S = 0.2
"""How long a telephone still plays what has left: its jitter buffer, and the way to it. For `TelephoneDoor`."""
_DEFAULTS = RtpSettings()


class RtpLine:
    """A `PhoneLine` over `sockets`, which it closes. `rate_hz` is that of the terms' codec and never changes: after a
    change of codec, sound is resampled. `send_key` presses one key by other means than RTP, such as SIP INFO, where the
    terms have no key. `on_end` is told once what became of the packets. Raises ConfigError if this server lacks a
    codec's library; the sockets are closed then."""

    def __init__(
        self,
        sockets: RtpSockets,
        terms: RtpTerms,
        settings: RtpSettings = _DEFAULTS,
        *,
        send_key: Callable[[str], None] | None = None,
        on_end: Callable[[LineCounts], None] = lambda counts: None,
    ) -> None:
        self.rate_hz = terms.codec.rate_hz
        self._sockets, self._terms, self._settings = sockets, terms, settings
        self._loop = asyncio.get_running_loop()
        self._on_end = on_end
        self._listener: LineListener | None = None
        self._counts = LineCounts()
        try:
            self._mouth = RtpMouth(self.rate_hz, terms, settings.silence, self._send, self._played, send_key)
        except ConfigError:
            sockets.close()
            raise
        self._ear = RtpEar(self.rate_hz, _heard(terms), self._hear)
        self._ear.muted = not terms.sending
        self._arrivals = Arrivals(terms, settings, self._ear, self, self._counts)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._over = False

    @property
    def ssrc(self) -> int:
        """Of the stream that is sent."""
        return self._mouth.ssrc

    @property
    def counts(self) -> LineCounts:
        """What became of the packets so far."""
        heard, counts, reception = self._ear.counts, self._counts, self._arrivals.reception
        counts.lost, counts.late, counts.doubled = heard.lost, heard.late, heard.doubled
        counts.concealed_ms = heard.concealed_ms
        if reception is not None:
            counts.jitter_ms = reception.jitter * 1_000 / reception.clock_hz
        return counts

    # ---- PhoneLine ----------------------------------------------------------------------------------

    @property
    def backlog_bytes(self) -> int:
        return self._mouth.backlog_bytes

    def open(self, listener: LineListener) -> None:
        if self._over or self._listener is not None:
            return
        self._listener = listener
        self._arrivals.last_s = self._loop.time()
        self._sockets.start(self._guarded(self._arrivals.take_rtp), self._guarded(self._arrivals.take_rtcp))
        self._sockets.ticker.join(self)
        self._arm("timeout", self._settings.timeout_s, self._check_life)
        if self._settings.rtcp:
            self._arm("report", REPORT_S * random.uniform(0.5, 1.5), self._report)

    def play(self, message_id: int, pcm: bytes) -> None:
        if self._over:
            return
        if self._mouth.backlog_bytes + len(pcm) > SOUND_MAX_S * self.rate_hz * SAMPLE_BYTES:
            self.fault_came("backlog")
            return
        self._mouth.play(message_id, pcm)

    def finish(self, message_id: int) -> None:
        self._mouth.finish(message_id)

    def clear(self, message_id: int) -> None:
        self._mouth.clear(message_id)

    def press(self, keys: str) -> bool:
        return not self._over and self._mouth.press(keys)

    async def aclose(self) -> None:
        if self._over:
            return
        if self._settings.rtcp and self._listener is not None:
            self._send_rtcp(rtcp.goodbye(self.ssrc))
        self._end()

    # ---- what the signalling changes ----------------------------------------------------------------

    def change(self, terms: RtpTerms) -> None:
        """The call was agreed on again (re-INVITE): another address, codec, key, or hold. Raises ConfigError if this
        server lacks a codec's library, and nothing has changed then."""
        self._mouth.change(terms)
        self._ear.change(_heard(terms))
        self._ear.muted = not terms.sending
        self._arrivals.change(terms)
        self._terms = terms

    # ---- the clock ----------------------------------------------------------------------------------

    def tick(self) -> None:
        self._mouth.tick()

    def skip_ticks(self, ticks: int) -> None:
        self._mouth.skip(ticks)

    def broke(self, error: Exception) -> None:
        Tasks().fault("a telephone's line failed", error)
        self._gone("a fault in Voi")

    def _check_life(self) -> None:
        timeout_s = self._settings.timeout_s
        held = not (self._terms.receiving and self._terms.sending)
        left_s = timeout_s if held else self._arrivals.last_s + timeout_s - self._loop.time()
        if left_s > 0.001:
            self._arm("timeout", left_s, self._check_life)
        else:
            self._gone(f"no sound came for {timeout_s:g} s")

    def _report(self) -> None:
        self._arm("report", REPORT_S * random.uniform(0.5, 1.5), self._report)
        mouth = self._mouth
        sent = (mouth.packets, mouth.octets) if mouth.packets else None
        ntp, now_s = rtcp.ntp_of(time.time()), self._loop.time()
        self._send_rtcp(rtcp.report(mouth.ssrc, sent, ntp, mouth.timestamp, self._arrivals.reception, now_s))

    def _arm(self, name: str, after_s: float, call: Callable[[], None]) -> None:
        self._timers[name] = self._loop.call_later(after_s, call)

    # ---- to the network -----------------------------------------------------------------------------

    def _send(self, packet: bytes) -> bool:
        target = self._arrivals.latch.target
        if target is None:
            return False
        if self._terms.cipher is not None:
            packet = self._terms.cipher.protect(packet)
        left = self._sockets.send(packet, target)
        self._counts.sent += left
        return left

    def _send_rtcp(self, packet: bytes) -> None:
        target, terms = self._arrivals.latch.target, self._terms
        if target is None:
            return
        if terms.cipher is not None:
            packet = terms.cipher.protect_rtcp(packet)
        if terms.rtcp_mux:
            self._sockets.send(packet, target)
        else:
            self._sockets.send_rtcp(packet, terms.rtcp_remote or (target[0], min(65_535, target[1] + 1)))

    # ---- from the parts -----------------------------------------------------------------------------

    def _guarded(self, take: OnDatagram) -> OnDatagram:
        """A packet ends at most its own call."""

        def taken(data: bytes, source: NetAddress) -> bool:
            try:
                return take(data, source)
            except ConfigError as error:
                log.error("%s", error)
                self._gone("a codec's library is missing")
            except Exception as error:
                self.broke(error)
            return True

        return taken

    def _played(self, message_id: int, size_bytes: int) -> None:
        if self._listener is not None:
            self._listener.played(message_id, size_bytes)

    def _hear(self, pcm: bytes) -> None:
        if self._listener is not None:
            self._listener.sound(pcm)

    def key_came(self, key: str) -> None:
        """The other side pressed it."""
        if self._listener is not None:
            self._listener.key(key)

    def report_came(self, lost_percent: int) -> None:
        """The other side lost so much of our sound."""
        self._mouth.expect_loss(lost_percent)

    def fault_came(self, fault: str) -> None:
        """Something of the other side's cannot be used."""
        if self._listener is not None:
            self._listener.fault(fault)

    # ---- the end ------------------------------------------------------------------------------------

    def _gone(self, why: str) -> None:
        listener = self._listener
        self._end()
        if listener is not None:
            listener.gone(why)

    def _end(self) -> None:
        self._over = True
        self._listener = None
        self._sockets.ticker.leave(self)
        for timer in self._timers.values():
            timer.cancel()
        self._ear.close()
        self._sockets.close()
        counts = self.counts
        log.info("sound of a telephone: %s", counts)
        self._on_end(counts)


def _heard(terms: RtpTerms) -> tuple[LineCodec, ...]:
    return (terms.codec, *terms.also_heard)
