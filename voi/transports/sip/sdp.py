"""Session descriptions (RFC 8866) as far as telephones use them: read from any bytes, and written."""

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Literal

from voi.transports.sip.problem import SipProblem

SDP_MAX_BYTES = 16_384
LINES_MAX = 400
MEDIA_MAX = 16
FORMATS_MAX = 64
Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
DIRECTIONS: dict[str, Direction] = {
    "sendrecv": "sendrecv", "sendonly": "sendonly", "recvonly": "recvonly", "inactive": "inactive",
}  # fmt: skip
_STATIC = {0: ("PCMU", 8_000), 8: ("PCMA", 8_000), 9: ("G722", 8_000)}
"""RFC 3551, section 6. The clock of G.722 is 8 kHz by a mistake that was kept; its sound has 16."""
_RTPMAP = re.compile(r"(\d{1,3})\s+([A-Za-z0-9._-]{1,40})/(\d{1,6})(?:/(\d{1,2}))?")
_FMTP = re.compile(r"(\d{1,3})\s+(.{0,500})")
_CRYPTO = re.compile(r"(\d{1,9})\s+([A-Za-z0-9_-]{1,60})\s+inline:([A-Za-z0-9+/=]{1,120})([|0-9A-Za-z^:]*)(\s.*)?")
_MEDIA = re.compile(r"([a-z]{1,20})\s+(\d{1,5})(?:/\d{1,3})?\s+([A-Za-z0-9/]{1,40})((?:\s+\S{1,40})*)")
_CONNECTION = re.compile(r"IN\s+IP[46]\s+([^\s/]{1,255})(?:/\d+)*")


@dataclass(frozen=True, slots=True)
class SdpCodec:
    """`name`: in upper case. `clock_hz`: of its timestamps."""

    payload_type: int
    name: str
    clock_hz: int
    fmtp: str = ""


@dataclass(frozen=True, slots=True)
class SdpCrypto:
    """RFC 4568. `key`: base64 of key and salt."""

    tag: str
    suite: str
    key: str


@dataclass(slots=True)
class SdpMedia:
    """One m= line and what belongs to it. `host`: where sound goes; "" if it does not say."""

    kind: str
    port: int
    protocol: str
    formats: list[str]
    host: str = ""
    direction: Direction = "sendrecv"
    ptime_ms: int | None = None
    rtcp_mux: bool = False
    rtcp_port: int | None = None
    maps: dict[int, tuple[str, int]] = field(default_factory=dict)
    fmtps: dict[int, str] = field(default_factory=dict)
    cryptos: list[SdpCrypto] = field(default_factory=list)

    @property
    def codecs(self) -> list[SdpCodec]:
        """In the order of preference."""
        found = []
        for each in self.formats:
            kind = int(each) if each.isdecimal() and len(each) < 4 else 128
            name, clock_hz = self.maps.get(kind) or _STATIC.get(kind) or ("", 0)
            if kind < 128 and name:
                found.append(SdpCodec(kind, name, clock_hz, self.fmtps.get(kind, "")))
        return found

    @property
    def secure(self) -> bool:
        return "SAVP" in self.protocol


@dataclass(slots=True)
class Sdp:
    """A session description: all that is used of it."""

    media: list[SdpMedia]


def parse_sdp(body: bytes) -> Sdp:
    """Raises SipProblem(400) for what is no session description, and for one that is too large."""
    if len(body) > SDP_MAX_BYTES:
        raise SipProblem(413)
    lines = [line.rstrip() for line in body.decode("utf-8", "replace").split("\n") if line.strip()]
    if len(lines) > LINES_MAX or not lines or not lines[0].startswith("v=0"):
        raise SipProblem(400, "Bad Session Description")
    host, direction = "", DIRECTIONS["sendrecv"]
    media: list[SdpMedia] = []
    for line in lines:
        kind, sign, value = line[:1], line[1:2], line[2:].strip()
        if sign != "=":
            raise SipProblem(400, "Bad Session Description")
        current = media[-1] if media else None
        match kind:
            case "m":
                media.append(_media(value, host, direction))
                if len(media) > MEDIA_MAX:
                    raise SipProblem(400, "Too Many Media")
            case "c":
                if current is None:
                    host = _host(value)
                else:
                    current.host = _host(value)
            case "a" if current is not None:
                _attribute(current, value)
            case "a" if value in DIRECTIONS:
                direction = DIRECTIONS[value]
    return Sdp(media)


def _media(value: str, host: str, direction: Direction) -> SdpMedia:
    found = _MEDIA.fullmatch(value)
    if found is None or int(found[2]) > 65_535:
        raise SipProblem(400, "Bad Media")
    return SdpMedia(found[1], int(found[2]), found[3].upper(), found[4].split()[:FORMATS_MAX], host, direction)


def _host(value: str) -> str:
    found = _CONNECTION.match(value)
    if found is None:
        raise SipProblem(400, "Bad Connection")
    return found[1]


def _attribute(media: SdpMedia, value: str) -> None:
    name, _, rest = value.partition(":")
    rest = rest.strip()
    match name:
        case "sendrecv" | "sendonly" | "recvonly" | "inactive":
            media.direction = DIRECTIONS[name]
        case "rtcp-mux":
            media.rtcp_mux = True
        case "ptime" if re.fullmatch(r"\d{1,3}(\.\d+)?", rest):
            media.ptime_ms = int(float(rest))
        case "rtcp" if re.match(r"\d{1,5}(\s|$)", rest):
            media.rtcp_port = int(rest.split()[0])
        case "rtpmap" if (found := _RTPMAP.fullmatch(rest)) is not None and len(media.maps) < FORMATS_MAX:
            media.maps[int(found[1])] = found[2].upper(), int(found[3])
        case "fmtp" if (found := _FMTP.fullmatch(rest)) is not None and len(media.fmtps) < FORMATS_MAX:
            media.fmtps[int(found[1])] = found[2]
        case "crypto" if (found := _CRYPTO.fullmatch(rest)) is not None and len(media.cryptos) < FORMATS_MAX:
            media.cryptos.append(SdpCrypto(found[1], found[2].upper(), found[3]))


def is_hold_address(host: str) -> bool:
    """0.0.0.0, with which telephones of RFC 2543 hold a call."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def write_sdp(host: str, session_id: int, version: int, media: list[str]) -> bytes:
    """`media`: lines of all media, as they stand."""
    family = "IP6" if ":" in host else "IP4"
    lines = ["v=0", f"o=voi {session_id} {version} IN {family} {host}", "s=-", f"c=IN {family} {host}", "t=0 0", *media]
    return ("\r\n".join(lines) + "\r\n").encode()
