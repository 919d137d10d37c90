"""Offer and answer (RFC 3264) of one call: what is agreed on is a `MediaPlan`."""

import base64
import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from voi.transports.sip.problem import SipProblem
from voi.transports.sip.sdp import (
    Direction,
    SdpCodec,
    SdpCrypto,
    SdpMedia,
    is_hold_address,
    parse_sdp,
    write_sdp,
)
from voi.transports.telephone.srtp import KEY_BYTES, SUITES, SdesKey, Suite, new_key

SrtpWanted = Literal["off", "optional", "required"]
CODECS = ("OPUS", "G722", "PCMU", "PCMA")
"""All that can be sent and heard, in the order in which we offer them."""
EVENT = "TELEPHONE-EVENT"
PTIME_MS = 20
_BROADCAST = ipaddress.IPv4Address("255.255.255.255")
_OURS = {
    "PCMU": SdpCodec(0, "PCMU", 8_000),
    "PCMA": SdpCodec(8, "PCMA", 8_000),
    "G722": SdpCodec(9, "G722", 8_000),
    "OPUS": SdpCodec(111, "OPUS", 48_000, "useinbandfec=1"),
}
_EVENT_TYPES = {8_000: 101, 48_000: 110}
_REVERSE: dict[Direction, Direction] = {
    "sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive",
}  # fmt: skip
_PROTOCOLS = ("RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF")


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """What we send is encrypted with `local`, what they send with `remote`."""

    local: SdesKey
    remote: SdesKey


@dataclass(frozen=True, slots=True)
class MediaPlan:
    """How the sound of a call travels from now on. `host`, `port`: where they want it. `codec`: PCMU, PCMA, G722 or
    OPUS. `payload_type`: of what we send; `heard_type`: of what they send. `event_type`: of keys, None: they take
    none; `event_heard_type` alike. `sends`, `hears`: whether we may send sound, and whether they will."""

    host: str
    port: int
    codec: str
    clock_hz: int
    payload_type: int
    heard_type: int
    fmtp: str = ""
    event_type: int | None = None
    event_heard_type: int | None = None
    event_clock_hz: int = 8_000
    ptime_ms: int = PTIME_MS
    sends: bool = True
    hears: bool = True
    rtcp_mux: bool = False
    rtcp_port: int | None = None
    keys: SrtpKeys | None = None


class OfferAnswer:
    """Of one call. `host`, `port`: where our sound is to be sent, as they see us. `codecs`: those that the account
    takes. `offers_srtp`: our own offers ask for it where it is optional."""

    def __init__(
        self, host: str, port: int, codecs: Sequence[str], srtp: SrtpWanted, *, offers_srtp: bool = False
    ) -> None:
        self.plan: MediaPlan | None = None
        self._host = host
        self._port = port
        self._codecs = tuple(codecs)
        self._srtp = srtp
        self._offers_srtp = srtp == "required" or (srtp == "optional" and offers_srtp)
        self._id = secrets.randbits(48)
        self._version = 0
        self._keys: dict[Suite, bytes] = {}
        """Our key and salt by crypto suite."""
        self._last: list[str] = []
        self.wanted: Direction = "sendrecv"
        """Which way we want sound to go."""

    @property
    def holds(self) -> bool:
        """We hold the call."""
        return self.wanted in ("sendonly", "inactive")

    @property
    def port(self) -> int:
        """Where our sound is to be sent."""
        return self._port

    def at_port(self, port: int) -> None:
        """Where our sound is to be sent, once there is a port."""
        self._port = port

    def narrow(self) -> None:
        """Before an offer whose answer comes when the line is there already: take telephone quality alone, so that
        the line's sample rate is known."""
        self._codecs = tuple(name for name in self._codecs if name in ("PCMU", "PCMA")) or self._codecs[:1]

    def expected_plan(self, host: str) -> MediaPlan:
        """What an offer of ours will probably come to. `host`: of the other side. Nothing is sent before its answer."""
        codec = _OURS[self._codecs[0]]
        return MediaPlan(host, 0, codec.name, codec.clock_hz, codec.payload_type, codec.payload_type, codec.fmtp,
                         sends=False)  # fmt: skip

    # ---- theirs -------------------------------------------------------------------------------------

    def answer(self, offer: bytes) -> bytes:
        """The answer to their offer. Raises SipProblem, 488 if nothing fits; then all stays as it was."""
        described = parse_sdp(offer)
        lines: list[str] = []
        plan: MediaPlan | None = None
        wrong: SipProblem | None = None
        for media in described.media:
            if plan is None and media.kind == "audio" and media.port:
                try:
                    plan, lines_here = self._answered(media)
                    lines += lines_here
                    continue
                except SipProblem as problem:
                    wrong = problem
            lines.append(f"m={media.kind} 0 {media.protocol} {' '.join(media.formats) or '0'}")
        if plan is None:
            raise wrong or SipProblem(488)
        self.plan = plan
        return self._described(lines)

    def _answered(self, media: SdpMedia) -> tuple[MediaPlan, list[str]]:
        codec = next((each for each in media.codecs if self._takes(each)), None)
        if codec is None or media.protocol not in _PROTOCOLS:
            raise SipProblem(488)
        crypto = self._crypto(media)
        event = _event(media, codec.clock_hz)
        sends = media.direction in ("sendrecv", "recvonly") and not is_hold_address(media.host)
        hears = media.direction in ("sendrecv", "sendonly")
        direction = _REVERSE[media.direction]
        if self.holds:
            direction = {"sendrecv": "sendonly", "recvonly": "inactive"}.get(direction, direction)  # type: ignore[assignment]
        keys = None if crypto is None else self._pair(crypto)
        plan = self._plan(media, codec, codec.payload_type, event, event, sends=sends, hears=hears, keys=keys)
        types = [codec, *([event] if event else [])]
        lines = self._lines(media.protocol, types, direction, media.rtcp_mux)
        if crypto is not None:
            lines.append(f"a=crypto:{crypto.tag} {crypto.suite} inline:{self._inline(_suite(crypto))}")
        return plan, lines

    def _takes(self, codec: SdpCodec) -> bool:
        ours = _OURS.get(codec.name)
        return ours is not None and codec.name in self._codecs and ours.clock_hz == codec.clock_hz

    def _crypto(self, media: SdpMedia) -> SdpCrypto | None:
        """Which of their keys is used. Raises SipProblem(488)."""
        usable = [each for each in media.cryptos if _key_fits(each)]
        if self._srtp == "off":
            if media.secure:
                raise SipProblem(488)
            return None
        if not usable and (media.secure or self._srtp == "required"):
            raise SipProblem(488)
        return usable[0] if usable else None

    # ---- ours ---------------------------------------------------------------------------------------

    def offer(self, direction: Direction = "sendrecv") -> bytes:
        """Our offer; the same as the last description if nothing is different. `direction`: sendonly holds the call."""
        self.wanted = direction
        codecs = [_OURS[name] for name in CODECS if name in self._codecs]
        clocks = dict.fromkeys(each.clock_hz for each in codecs)
        events = [SdpCodec(_EVENT_TYPES[clock], EVENT, clock, "0-15") for clock in clocks]
        protocol = "RTP/SAVP" if self._srtp == "required" else "RTP/AVP"
        lines = self._lines(protocol, [*codecs, *events], direction, mux=True)
        if self._offers_srtp or (self.plan is not None and self.plan.keys is not None):
            lines += [f"a=crypto:{tag} {suite} inline:{self._inline(suite)}" for tag, suite in enumerate(SUITES, 1)]
        return self._described(lines)

    def take_answer(self, answer: bytes) -> None:
        """Their answer to our offer. Raises SipProblem(488) if it cannot be used."""
        described = parse_sdp(answer)
        media = described.media[0] if described.media else None
        if media is None or media.kind != "audio" or not media.port:
            raise SipProblem(488)
        codec = next((each for each in media.codecs if self._takes(each)), None)
        if codec is None:
            raise SipProblem(488)
        keys = None
        offered = self._offers_srtp or (self.plan is not None and self.plan.keys is not None)
        if offered and (crypto := next((each for each in media.cryptos if _key_fits(each)), None)) is not None:
            keys = self._pair(crypto)
        if keys is None and (media.secure or self._srtp == "required"):
            raise SipProblem(488)
        ours = _OURS[codec.name]
        event = _event(media, codec.clock_hz)
        heard_event = SdpCodec(_EVENT_TYPES.get(event.clock_hz, 101), EVENT, event.clock_hz) if event else None
        sends = media.direction in ("sendrecv", "recvonly") and not is_hold_address(media.host)
        hears = media.direction in ("sendrecv", "sendonly")
        self.plan = self._plan(media, codec, ours.payload_type, event, heard_event,
                               sends=sends and self.wanted in ("sendrecv", "sendonly"),
                               hears=hears and self.wanted in ("sendrecv", "recvonly"), keys=keys)  # fmt: skip

    # ---- both ---------------------------------------------------------------------------------------

    def _plan(
        self, media: SdpMedia, codec: SdpCodec, heard_type: int, event: SdpCodec | None, heard_event: SdpCodec | None,
        *, sends: bool, hears: bool, keys: SrtpKeys | None,
    ) -> MediaPlan:  # fmt: skip
        try:
            address = ipaddress.ip_address(media.host)
        except ValueError:
            raise SipProblem(488, "Address Is No IP Address") from None
        plain = (address.version == 6 and address.ipv4_mapped) or address
        if plain.is_multicast or plain == _BROADCAST:  # sound for one caller would go to a whole network
            raise SipProblem(488, "Address Is Of Many")
        ptime_ms = media.ptime_ms if media.ptime_ms in (10, 20, 30, 40, 60) else PTIME_MS
        return MediaPlan(
            str(address), media.port, codec.name, codec.clock_hz, codec.payload_type, heard_type, codec.fmtp,
            event.payload_type if event else None, heard_event.payload_type if heard_event else None,
            event.clock_hz if event else 8_000,
            ptime_ms or PTIME_MS, sends, hears, media.rtcp_mux, media.rtcp_port, keys,
        )  # fmt: skip

    def _lines(self, protocol: str, codecs: list[SdpCodec], direction: Direction, mux: bool) -> list[str]:
        types = " ".join(str(each.payload_type) for each in codecs)
        lines = [f"m=audio {self._port} {protocol} {types}"]
        for each in codecs:
            channels = "/2" if each.name == "OPUS" else ""  # RFC 7587, section 7, whatever it is really
            name = {"OPUS": "opus", EVENT: "telephone-event"}.get(each.name, each.name)
            lines.append(f"a=rtpmap:{each.payload_type} {name}/{each.clock_hz}{channels}")
            fmtp = "0-15" if each.name == EVENT else "useinbandfec=1" if each.name == "OPUS" else ""
            if fmtp:
                lines.append(f"a=fmtp:{each.payload_type} {fmtp}")
        lines.append(f"a=ptime:{PTIME_MS}")
        lines.append(f"a={direction}")
        if mux:
            lines.append("a=rtcp-mux")
        return lines

    def _described(self, lines: list[str]) -> bytes:
        if lines != self._last:
            self._version += 1
            self._last = lines
        return write_sdp(self._host, self._id, self._version, lines)

    def _key(self, suite: Suite) -> bytes:
        if suite not in self._keys:
            self._keys[suite] = new_key(suite)
        return self._keys[suite]

    def _inline(self, suite: Suite) -> str:
        return base64.b64encode(self._key(suite)).decode()

    def _pair(self, crypto: SdpCrypto) -> SrtpKeys:
        suite = _suite(crypto)
        return SrtpKeys(SdesKey(suite, self._key(suite)), SdesKey(suite, base64.b64decode(crypto.key)))


def _key_fits(crypto: SdpCrypto) -> bool:
    if crypto.suite not in KEY_BYTES:
        return False
    try:
        return len(base64.b64decode(crypto.key, validate=True)) == KEY_BYTES[_suite(crypto)]
    except ValueError:
        return False


def _suite(crypto: SdpCrypto) -> Suite:
    return next(suite for suite in SUITES if suite == crypto.suite)


def _event(media: SdpMedia, clock_hz: int) -> SdpCodec | None:
    events = [each for each in media.codecs if each.name == EVENT]
    same = next((each for each in events if each.clock_hz == clock_hz), None)
    return same or (events[0] if events else None)  # telephones with Opus often have keys at 8 kHz alone
