"""What two sides agreed on about the sound of a call (by SDP or otherwise), and what an operator may set about RTP."""

from dataclasses import dataclass
from typing import Literal

from voi.transports.telephone.codecs import LineCodec
from voi.transports.telephone.srtp import SdesCipher

NetAddress = tuple[str, int]
"""IP address and port."""
SilencePolicy = Literal["send", "noise", "pause"]
"""What is sent while the agent is silent. send: silence, which keeps the way through a NAT open and is what every
telephone expects. noise: comfort noise where it was agreed on, else silence. pause: nothing but a packet now and then.
Opus does the last by itself (DTX)."""


@dataclass(frozen=True, slots=True)
class RtpTerms:
    """`codec`: what we send, and take. `also_heard`: other codecs that the other side may send. `remote`: where its
    session description says that it listens; None: not known, so we wait for its first packet. `key_type`: payload type
    of telephone-event, at `key_clock_hz`; None: it takes no keys by RTP. `key_heard_type`: that of its own keys, where
    it differs. `noise_type`: that of comfort noise. `sending` False: the call is on hold, and our sound waits.
    `receiving` False: nothing is expected of the other side. `rtcp_remote`: where it takes reports; None: at its port
    + 1. `rtcp_mux`: reports share the port of the sound. `cipher`: of SRTP; None: packets travel in the clear."""

    codec: LineCodec
    remote: NetAddress | None
    also_heard: tuple[LineCodec, ...] = ()
    key_type: int | None = None
    key_heard_type: int | None = None
    key_clock_hz: int = 8_000
    noise_type: int | None = None
    sending: bool = True
    receiving: bool = True
    rtcp_remote: NetAddress | None = None
    rtcp_mux: bool = False
    cipher: SdesCipher | None = None


@dataclass(frozen=True, slots=True)
class RtpSettings:
    """`timeout_s`: a call without a packet for this long is dead, unless it is on hold. `packets_per_s`: more of one
    call are dropped. `follow_source`: send to where the sound really comes from (symmetric RTP), which a caller behind
    a NAT needs; False: only what comes from the signalled address counts."""

    silence: SilencePolicy = "send"
    timeout_s: float = 30.0
    packets_per_s: int = 250
    follow_source: bool = True
    rtcp: bool = True


@dataclass(slots=True)
class LineCounts:
    """What became of a line's packets so far. `lost`, `late` ones were replaced by `concealed_ms` of sound like that
    before. `lost_percent_there`: of ours, by the other side's newest report."""

    sent: int = 0
    received: int = 0
    lost: int = 0
    late: int = 0
    doubled: int = 0
    concealed_ms: float = 0.0
    jitter_ms: float = 0.0
    lost_percent_there: int = 0

    def __str__(self) -> str:
        return (
            f"{self.received} packets came, {self.lost} did not, {self.late} too late, {self.doubled} twice;"
            f" {self.concealed_ms:.0f} ms of sound were made up, jitter {self.jitter_ms:.0f} ms;"
            f" {self.sent} packets left, of which the other side lost {self.lost_percent_there} %"
        )
