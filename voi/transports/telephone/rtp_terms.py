"""What two sides agreed on about the sound of a call (by SDP or otherwise), and what an operator may set about RTP."""

from dataclasses import dataclass, field
from typing import Literal, Protocol

from voi.transports.telephone.codecs import LineCodec

NetAddress = tuple[str, int]
"""IP address and port."""
SilencePolicy = Literal["send", "noise", "pause"]
"""What is sent while the agent is silent. send: silence, which keeps the way through a NAT open and is what every
telephone expects. noise: comfort noise where it was agreed on, else silence. pause: nothing but a packet now and then.
Opus does the last by itself (DTX)."""


class PacketCipher(Protocol):
    """SRTP, or nothing, for one call. What comes is None if it was not made with the other side's key."""

    def protect(self, packet: bytes) -> bytes: ...

    def protect_rtcp(self, packet: bytes) -> bytes: ...

    def unprotect(self, packet: bytes) -> bytes | None: ...

    def unprotect_rtcp(self, packet: bytes) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class RtpTerms:
    """`codec`: what we send, and take. `also_heard`: other codecs that the other side may send. `remote`: where its
    session description says that it listens; None: not known, so we wait for its first packet. `key_type`: payload type
    of telephone-event, at `key_clock_hz`; None: it takes no keys by RTP. `noise_type`: that of comfort noise. `sending`
    False: the call is on hold, and our sound waits. `receiving` False: nothing is expected of the other side.
    `rtcp_remote`: where it takes reports; None: at its port + 1. `rtcp_mux`: reports share the port of the sound.
    `cipher`: SRTP; a `srtp.SdesCipher`."""

    codec: LineCodec
    remote: NetAddress | None
    also_heard: tuple[LineCodec, ...] = ()
    key_type: int | None = None
    key_clock_hz: int = 8_000
    noise_type: int | None = None
    sending: bool = True
    receiving: bool = True
    rtcp_remote: NetAddress | None = None
    rtcp_mux: bool = False
    cipher: PacketCipher | None = None


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
    """What became of a line's packets so far. `lost_percent_there`: of ours, by the other side's newest report."""

    sent: int = 0
    received: int = 0
    lost: int = 0
    late: int = 0
    doubled: int = 0
    concealed_ms: float = 0.0
    strangers: int = 0
    unusable: int = 0
    floods: int = 0
    keys_heard: int = 0
    keys_sent: int = 0
    jitter_ms: float = 0.0
    lost_percent_there: int = 0
    faults: dict[str, int] = field(default_factory=dict)
