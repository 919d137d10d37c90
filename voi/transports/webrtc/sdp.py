"""The offer of a WebRTC client and our answer to it, as SDP (RFC 8866, RFC 9429): one Opus track, one data channel,
both on one transport."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from voi.errors import ClientError

SDP_MAX_BYTES = 64 * 1024
SECTIONS_MAX = 8
LINES_MAX = 2_000
CANDIDATES_MAX = 32
MESSAGE_MAX_BYTES = 256 * 1024
"""Of a message on the data channel; what browsers take as well."""
SCTP_PORT = 5_000
_MEDIA = re.compile(r"(\w{1,20}) (\d{1,5})(?:/\d+)? ([A-Z/]{1,30}) (\S.*)")
_OPUS = re.compile(r"(\d{1,3}) opus/48000/2", re.IGNORECASE)
_ICE = re.compile(r"[A-Za-z0-9+/]{4,256}")
_HASHES = ("sha-256", "sha-384", "sha-512")
_SETUP = {"actpass": "active", "active": "passive", "passive": "active"}
_REVERSED = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


@dataclass(slots=True)
class SdpSection:
    """A section of an offer (`m=`), with its attributes, and those of the session behind them."""

    kind: str
    port: int
    formats: list[str]
    attributes: dict[str, list[str]] = field(default_factory=dict)

    def one(self, name: str) -> str:
        """The attribute's value; "": it has none."""
        return self.attributes.get(name, [""])[0]


@dataclass(frozen=True, slots=True)
class SdpOffer:
    """What matters of an offer. `sections`: all, in order. `opus`: its payload type. `fingerprints`: (hash, value).
    `setup`: our part in DTLS."""

    sections: list[SdpSection]
    sound: SdpSection
    data: SdpSection
    opus: int
    ufrag: str
    password: str
    lite: bool
    fingerprints: list[tuple[str, str]]
    setup: str
    candidates: list[str]
    direction: str
    message_max_bytes: int


@dataclass(frozen=True, slots=True)
class LocalTransport:
    """Our end of a transport. `candidates`: values of `a=candidate`. `address`, `port`: of the first of them."""

    ufrag: str
    password: str
    fingerprints: Sequence[tuple[str, str]]
    candidates: Sequence[str]
    address: str
    port: int


def parse_offer(text: str) -> SdpOffer:
    """Raises ClientError with what is wrong with it."""
    sections = _sections(text)
    sound = [each for each in sections if each.kind == "audio" and each.port]
    data = [each for each in sections if each.kind == "application" and "webrtc-datachannel" in each.formats]
    if not sound:
        raise ClientError("The SDP offers no audio track: add one before you make the offer.")
    if not data:
        raise ClientError("The SDP offers no data channel: create 'oai-events' before you make the offer.")
    if len(sound) > 1 or len(data) > 1:
        raise ClientError("The SDP offers several audio tracks or data sections: only one of each is taken.")
    bundled = next((each.split()[1:] for each in sound[0].attributes.get("group", []) if _is_bundle(each)), [])
    if not {sound[0].one("mid"), data[0].one("mid")} <= set(bundled):
        raise ClientError("The SDP does not bundle audio and data on one transport (a=group:BUNDLE).")
    opus = next((int(m[1]) for each in sound[0].attributes.get("rtpmap", ()) if (m := _OPUS.fullmatch(each))), -1)
    if str(opus) not in sound[0].formats or opus > 127:
        raise ClientError("The SDP offers no Opus for its audio track.")
    if "rtcp-mux" not in sound[0].attributes:
        raise ClientError("The SDP does not put RTCP on the same port (a=rtcp-mux).")
    first = min((sound[0], data[0]), key=lambda each: bundled.index(each.one("mid")))
    ufrag, password = first.one("ice-ufrag"), first.one("ice-pwd")
    if not _ICE.fullmatch(ufrag) or not _ICE.fullmatch(password):
        raise ClientError("The SDP has no usable a=ice-ufrag and a=ice-pwd.")
    given = [each.split() for each in first.attributes.get("fingerprint", ())]
    fingerprints = [(each[0].lower(), each[1]) for each in given if len(each) == 2 and each[0].lower() in _HASHES]
    if not fingerprints:
        raise ClientError("The SDP has no a=fingerprint with sha-256, sha-384 or sha-512.")
    setup = _SETUP.get(first.one("setup"))
    if setup is None:
        raise ClientError("The SDP has no a=setup of actpass, active or passive.")
    limit = data[0].one("max-message-size")
    return SdpOffer(
        sections, sound[0], data[0], opus, ufrag, password, "ice-lite" in first.attributes, fingerprints[:8], setup,
        first.attributes.get("candidate", [])[:CANDIDATES_MAX],
        next((name for name in _REVERSED if name in sound[0].attributes), "sendrecv"),
        min(int(limit), MESSAGE_MAX_BYTES) if limit.isdecimal() and 0 < len(limit) < 10 else 64 * 1024,
    )  # fmt: skip


def answer(offer: SdpOffer, local: LocalTransport, ssrc: int) -> str:
    """The answer. `ssrc`: of the sound that we send."""
    family = "IP6" if ":" in local.address else "IP4"
    accepted = [each for each in offer.sections if each is offer.sound or each is offer.data]
    order = next(each.split()[1:] for each in offer.sound.attributes["group"] if _is_bundle(each))
    mids = sorted((each.one("mid") for each in accepted), key=order.index)
    transport = [
        f"a=ice-ufrag:{local.ufrag}", f"a=ice-pwd:{local.password}",
        *(f"a=fingerprint:{name} {value}" for name, value in local.fingerprints), f"a=setup:{offer.setup}",
        *(f"a=candidate:{each}" for each in local.candidates), "a=end-of-candidates",
    ]  # fmt: skip
    lines = [
        "v=0", f"o=- {secrets.randbits(62)} 2 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {' '.join(mids)}",
        "a=msid-semantic: WMS voi",
    ]  # fmt: skip
    for each in offer.sections:
        profile = "UDP/DTLS/SCTP" if each.kind == "application" else "UDP/TLS/RTP/SAVPF"
        taken = each is offer.sound or each is offer.data
        port = local.port if taken else 0
        formats = str(offer.opus) if each is offer.sound else each.formats[0]
        lines += [f"m={each.kind} {port} {profile} {formats}", f"c=IN {family} {local.address}"]
        if each.one("mid"):
            lines.append(f"a=mid:{each.one('mid')}")
        if not taken:
            lines.append("a=inactive")
            continue
        lines += transport
        if each is offer.data:
            lines += [f"a=sctp-port:{SCTP_PORT}", f"a=max-message-size:{MESSAGE_MAX_BYTES}"]
            continue
        lines += [
            f"a={_REVERSED[offer.direction]}", "a=rtcp-mux", f"a=rtpmap:{offer.opus} opus/48000/2",
            f"a=fmtp:{offer.opus} minptime=10;useinbandfec=1;stereo=0", "a=maxptime:60", "a=msid:voi voi-agent",
            f"a=ssrc:{ssrc} cname:voi", f"a=ssrc:{ssrc} msid:voi voi-agent",
        ]  # fmt: skip
    return "\r\n".join(lines) + "\r\n"


def _is_bundle(group: str) -> bool:
    return group.split()[:1] == ["BUNDLE"]


def _sections(text: str) -> list[SdpSection]:
    lines = text.splitlines()
    if not lines or lines[0].strip() != "v=0":
        raise ClientError("The body is no SDP: its first line is v=0.")
    if len(lines) > LINES_MAX:
        raise ClientError(f"The SDP has more than {LINES_MAX} lines.")
    common: dict[str, list[str]] = {}
    sections: list[SdpSection] = []
    for line in lines:
        kind, _, value = line.strip().partition("=")
        if kind == "m":
            match = _MEDIA.fullmatch(value)
            if match is None:
                raise ClientError("The SDP has a malformed m= line.")
            sections.append(SdpSection(match[1], int(match[2]), match[4].split()))
        elif kind == "a":
            name, _, said = value.partition(":")
            place = sections[-1].attributes if sections else common
            place.setdefault(name, []).append(said.strip())
    if len(sections) > SECTIONS_MAX:
        raise ClientError(f"The SDP has more than {SECTIONS_MAX} sections.")
    for section in sections:
        for name, values in common.items():
            section.attributes.setdefault(name, values)
    mids = [each.one("mid") for each in sections if each.one("mid")]
    if len(set(mids)) < len(mids):
        raise ClientError("The SDP gives one a=mid to several sections.")
    return sections
