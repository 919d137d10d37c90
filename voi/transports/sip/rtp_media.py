"""`SipMedia` over RTP: what was agreed on by SDP becomes the terms of an `RtpLine`."""

from collections.abc import Callable

from voi.errors import VoiError
from voi.transports.sip.media import OpenMedia, SipMedia
from voi.transports.sip.negotiation import MediaPlan, SrtpKeys
from voi.transports.telephone.codecs import codec_named
from voi.transports.telephone.rtp_line import RtpLine
from voi.transports.telephone.rtp_ports import RtpPorts, RtpSockets
from voi.transports.telephone.rtp_terms import PacketCipher, RtpSettings, RtpTerms
from voi.transports.telephone.srtp import SdesCipher, SdesKey


class RtpMedia:
    """`SipMedia` of one call."""

    def __init__(self, sockets: RtpSockets, settings: RtpSettings) -> None:
        self.port = sockets.port
        self._sockets = sockets
        self._settings = settings
        self._line: RtpLine | None = None
        self._by_info: bool | None = None
        self._cipher: tuple[SrtpKeys, PacketCipher] | None = None

    def begin(self, plan: MediaPlan, send_key: Callable[[str], None], by_info: bool | None) -> RtpLine:
        """`SipMedia`."""
        self._by_info = by_info
        press = send_key if by_info is not False else None
        self._line = RtpLine(self._sockets, self._terms(plan), self._settings, send_key=press)
        return self._line

    def change(self, plan: MediaPlan) -> None:
        """`SipMedia`."""
        if self._line is not None:
            self._line.change(self._terms(plan))

    def _terms(self, plan: MediaPlan) -> RtpTerms:
        codec = codec_named(plan.codec, plan.payload_type, plan.ptime_ms, plan.fmtp)
        heard = codec_named(plan.codec, plan.heard_type, plan.ptime_ms, plan.fmtp)
        remote = (plan.host, plan.port) if plan.port else None
        reports = (plan.host, plan.rtcp_port) if plan.rtcp_port and plan.port else None
        return RtpTerms(
            codec, remote, (heard,) if plan.heard_type != plan.payload_type else (),
            key_type=None if self._by_info else plan.event_type,
            sending=plan.sends, receiving=plan.hears, rtcp_remote=reports, rtcp_mux=plan.rtcp_mux,
            cipher=self._cipher_of(plan.keys),
        )  # fmt: skip

    def _cipher_of(self, keys: SrtpKeys | None) -> PacketCipher | None:
        """The same as before for the same keys: it counts packets."""
        if keys is None:
            return None
        if self._cipher is None or self._cipher[0] != keys:
            ours, theirs = SdesKey(keys.suite, keys.local), SdesKey(keys.suite, keys.remote)
            self._cipher = keys, SdesCipher(ours, theirs)
        return self._cipher[1]

    async def aclose(self) -> None:
        """`SipMedia`."""
        if self._line is None:
            self._sockets.close()
        else:
            await self._line.aclose()


def rtp_media(ports: RtpPorts, settings: RtpSettings) -> OpenMedia:
    """Opens ports for sound out of that range."""

    async def open_media(host: str) -> SipMedia:
        try:
            return RtpMedia(ports.open(), settings)
        except VoiError as error:
            raise OSError(str(error)) from None

    return open_media
