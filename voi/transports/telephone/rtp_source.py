"""Whose packets count (symmetric RTP), and how many of them. Pure: times are arguments.

A session description says where the other side listens, and behind a NAT that is wrong. So sound is sent to where the
first usable packet came from. Anybody can send such a packet to an open port; therefore only these move a call later:

    - the signalled address itself: it is what the other side said
    - a packet that SRTP shows to be the other side's
    - after a silence, a packet that goes on with the stream: its SSRC and its sequence number cannot be guessed (a NAT
      that forgot its port)
"""

from voi.transports.telephone.rtp_terms import NetAddress

QUIET_S = 1.0
"""A stream that was silent for this long may go on from elsewhere."""
AHEAD_MAX = 3_000
"""How far its sequence number may have gone meanwhile: a minute."""
BURST_S = 2.0
"""A network that stalled delivers so much at once."""


class SourceLatch:
    """`signalled`: where the other side says that it listens; None: not known. `follow` False: only that counts."""

    def __init__(self, signalled: NetAddress | None, *, follow: bool = True) -> None:
        self.signalled = signalled
        self._follow = follow
        self._latched: NetAddress | None = None
        self._last_s = 0.0
        self._ssrc = self._sequence = 0

    @property
    def target(self) -> NetAddress | None:
        """Where to send; None: not known yet."""
        return self._latched or self.signalled

    def expects(self, source: NetAddress) -> bool:
        """Whether the other side's packets come from there, as far as is known."""
        return source in (self._latched, self.signalled) or self._latched is None

    def move(self, signalled: NetAddress | None) -> None:
        """A new description came. If it names another address, the first packet decides again."""
        if signalled != self.signalled:
            self.signalled, self._latched = signalled, None

    def release(self) -> None:
        """The stream has ended (RTCP BYE): another may begin from elsewhere."""
        self._latched = None

    def accept(self, source: NetAddress, ssrc: int, sequence: int, now_s: float, *, authentic: bool = False) -> bool:
        """Whether a packet from there is the other side's. `authentic`: SRTP says so."""
        if source != self._latched and not self._may_move(source, ssrc, sequence, now_s, authentic):
            return False
        self._latched = source
        self._last_s, self._ssrc, self._sequence = now_s, ssrc, sequence
        return True

    def _may_move(self, source: NetAddress, ssrc: int, sequence: int, now_s: float, authentic: bool) -> bool:
        if source == self.signalled:
            return True
        if not self._follow:
            return False
        if self._latched is None or authentic:
            return True
        ahead = (sequence - self._sequence) & 0xFFFF
        return now_s - self._last_s >= QUIET_S and ssrc == self._ssrc and 0 < ahead <= AHEAD_MAX


class PacketBudget:
    """At most so many packets a second on average, and twice that at once."""

    def __init__(self, per_s: int, now_s: float) -> None:
        self._per_s = per_s
        self._left = self._most = per_s * BURST_S
        self._at_s = now_s

    def spend(self, now_s: float) -> bool:
        """Whether one more is within the budget."""
        self._left = min(self._most, self._left + max(0.0, now_s - self._at_s) * self._per_s)
        self._at_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True


class StreamChoice:
    """Which stream (SSRC) is heard. A new one counts from its second packet, if nothing else came between."""

    def __init__(self) -> None:
        self.ssrc: int | None = None
        self._candidate: tuple[int, int] | None = None

    def accept(self, ssrc: int, sequence: int) -> bool:
        """Whether that packet is to be heard."""
        if ssrc == self.ssrc:
            self._candidate = None
            return True
        if self.ssrc is None or self._candidate == (ssrc, sequence):
            self.ssrc, self._candidate = ssrc, None
            return True
        self._candidate = (ssrc, (sequence + 1) & 0xFFFF)
        return False

    def forget(self) -> None:
        self.ssrc = self._candidate = None
