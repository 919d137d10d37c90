"""A call's sound between Asterisk and Voi by RTP: Asterisk's external media."""

from dataclasses import dataclass

from voi.config.ari_apps import AriFormat
from voi.errors import VoiError
from voi.transports.ari.failure import AriError
from voi.transports.ari.media import host_port
from voi.transports.ari.operations import MediaChannel, Operations
from voi.transports.telephone.codecs import LineCodec
from voi.transports.telephone.line import PhoneLine
from voi.transports.telephone.rtp_line import RtpLine
from voi.transports.telephone.rtp_ports import RtpPorts
from voi.transports.telephone.rtp_terms import NetAddress, RtpTerms

RTP_CODECS: dict[AriFormat, LineCodec] = {
    "ulaw": LineCodec("PCMU", 0),
    "alaw": LineCodec("PCMA", 8),
    "g722": LineCodec("G722", 9),
}


@dataclass(frozen=True)
class RtpWay:
    """`address`: where Asterisk reaches this machine."""

    ports: RtpPorts
    address: str
    form: AriFormat
    kind: str = "rtp"
    tail_s: float = 0.2

    async def start(self) -> None:
        pass

    async def connect(self, operations: Operations, app: str, channel: str) -> PhoneLine:
        try:
            sockets = self.ports.open()
        except VoiError as error:
            raise AriError(str(error)) from None
        line: PhoneLine | None = None
        try:
            params = {"external_host": host_port(self.address, sockets.port), "format": self.form,
                      "encapsulation": "rtp", "transport": "udp"}  # fmt: skip
            made = await operations.external_media(channel, app, params)
            remote = await self._remote(operations, made)
            line = RtpLine(sockets, RtpTerms(RTP_CODECS[self.form], remote))
        finally:
            if line is None:
                sockets.close()
        return line

    async def close(self) -> None:
        pass

    @staticmethod
    async def _remote(operations: Operations, made: MediaChannel) -> NetAddress | None:
        """Where Asterisk takes our sound; None: its first packet tells."""
        names = ("UNICASTRTP_LOCAL_ADDRESS", "UNICASTRTP_LOCAL_PORT")
        found = [made.variables.get(name) or await operations.variable(made.id, name) for name in names]
        host, port = found[0], found[1]
        if not host or not port.isascii() or not port.isdecimal() or not 0 < int(port[:6]) < 65_536:
            return None
        return host, int(port)
