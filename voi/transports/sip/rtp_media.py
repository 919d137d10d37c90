"""`SipMedia` over RTP: what was agreed on by SDP becomes the terms of an `RtpLine`."""

from collections.abc import Callable

from voi.config.sip_accounts import SipListening
from voi.errors import VoiError
from voi.transports.sip.media import OpenMedia, SipMedia
from voi.transports.sip.negotiation import MediaPlan, SrtpKeys
from voi.transports.telephone.codecs import CODECS, LineCodec
from voi.transports.telephone.rtp_line import RtpLine
from voi.transports.telephone.rtp_ports import RtpPorts, RtpSockets
from voi.transports.telephone.rtp_terms import LineCounts, RtpSettings, RtpTerms
from voi.transports.telephone.srtp import SdesCipher

CountSound = Callable[[LineCounts], None]
"""Counts what became of the packets of a line that is over."""
_NAMES = {name.upper(): name for name in CODECS}


class RtpMedia:
    """`SipMedia` of one call."""

    def __init__(self, sockets: RtpSockets, settings: RtpSettings, count: CountSound) -> None:
        self.port = sockets.port
        self._sockets = sockets
        self._settings = settings
        self._count = count
        self._line: RtpLine | None = None
        self._cipher: tuple[SrtpKeys, SdesCipher] | None = None

    def begin(self, plan: MediaPlan, send_key: Callable[[str], None] | None) -> RtpLine:
        """`SipMedia`."""
        self._line = RtpLine(
            self._sockets, self._terms(plan), self._settings, send_key=send_key, on_end=self._count
        )  # fmt: skip
        return self._line

    def change(self, plan: MediaPlan) -> None:
        """`SipMedia`."""
        if self._line is not None:
            self._line.change(self._terms(plan))

    def _terms(self, plan: MediaPlan) -> RtpTerms:
        name = _NAMES[plan.codec]
        codec = LineCodec(name, plan.payload_type, plan.ptime_ms, plan.fmtp)
        heard = LineCodec(name, plan.heard_type, plan.ptime_ms, plan.fmtp)
        remote = (plan.host, plan.port) if plan.port else None
        reports = (plan.host, plan.rtcp_port) if plan.rtcp_port and plan.port else None
        return RtpTerms(
            codec, remote, (heard,) if plan.heard_type != plan.payload_type else (),
            key_type=plan.event_type, key_heard_type=plan.event_heard_type, key_clock_hz=plan.event_clock_hz,
            sending=plan.sends, receiving=plan.hears, rtcp_remote=reports, rtcp_mux=plan.rtcp_mux,
            cipher=self._cipher_of(plan.keys),
        )  # fmt: skip

    def _cipher_of(self, keys: SrtpKeys | None) -> SdesCipher | None:
        """The same as before for the same keys: it counts packets."""
        if keys is None:
            return None
        if self._cipher is None or self._cipher[0] != keys:
            self._cipher = keys, SdesCipher(keys.local, keys.remote)
        return self._cipher[1]

    async def aclose(self) -> None:
        """`SipMedia`."""
        if self._line is None:
            self._sockets.close()
        else:
            await self._line.aclose()


def rtp_media(ports: RtpPorts, settings: RtpSettings, count: CountSound = lambda counts: None) -> OpenMedia:
    """Opens ports for sound out of that range."""

    async def open_media(host: str) -> SipMedia:
        try:
            return RtpMedia(ports.open(), settings, count)
        except VoiError as error:
            raise OSError(str(error)) from None

    return open_media


def media_of(listening: SipListening, count: CountSound = lambda counts: None) -> OpenMedia:
    """Opens ports for sound as phones.json says."""
    first, last = listening.rtp_ports
    return rtp_media(RtpPorts(listening.host, first, last), RtpSettings(), count)
