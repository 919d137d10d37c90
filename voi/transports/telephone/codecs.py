"""The codecs of telephones as SDP and RTP know them: names, clocks, payload types, and the rate of their sound.

Sources: RFC 3551 (PCMU, PCMA, G722), RFC 7587 (Opus), RFC 4733 (telephone-event), RFC 3389 (CN).
"""

from dataclasses import dataclass
from typing import Literal

CodecName = Literal["PCMU", "PCMA", "G722", "opus"]

NOISE_TYPE = 13
"""Static payload type of comfort noise at 8 kHz."""


@dataclass(frozen=True, slots=True)
class CodecFacts:
    """`clock_hz`: of timestamps. `rate_hz`: of the sound as Voi takes and gives it. `static_type`: the payload type
    that needs no rtpmap; None: it has none."""

    name: CodecName
    clock_hz: int
    rate_hz: int
    static_type: int | None


CODECS: dict[CodecName, CodecFacts] = {
    "opus": CodecFacts("opus", 48_000, 16_000, None),
    "G722": CodecFacts("G722", 8_000, 16_000, 9),  # a clock of 8 kHz by an old mistake, RFC 3551, 4.5.2
    "PCMA": CodecFacts("PCMA", 8_000, 8_000, 8),
    "PCMU": CodecFacts("PCMU", 8_000, 8_000, 0),
}
"""In the order of preference."""

PTIME_DEFAULT_MS = 20


@dataclass(frozen=True, slots=True)
class LineCodec:
    """One codec as both sides agreed on it. `ptime_ms`: how much sound a packet that we send holds. `fmtp`: the other
    side's parameters, unread."""

    name: CodecName
    payload_type: int
    ptime_ms: int = PTIME_DEFAULT_MS
    fmtp: str = ""

    @property
    def clock_hz(self) -> int:
        return CODECS[self.name].clock_hz

    @property
    def rate_hz(self) -> int:
        """Rate of the sound."""
        return CODECS[self.name].rate_hz


PCMU = LineCodec("PCMU", 0)
PCMA = LineCodec("PCMA", 8)
