"""What a telephone call is to its door, whatever protocol brings it: a line for its sound and keys, and the signalling
that can pass it on and end it. SIP and Asterisk make both for each call."""

from typing import Protocol

from voi.errors import VoiError
from voi.session.events import Ended

SOUND_MAX_S = 30
"""Most sound that a line takes ahead or gives at once."""


class TransferUnsupported(VoiError):
    """Calls of this kind cannot be passed on. `Signalling.transfer` raises it."""

    def __init__(self) -> None:
        super().__init__("Calls of this kind cannot be passed on.")


class LineListener(Protocol):
    """Told what comes over a line. All methods are called on the event loop, return at once and never raise."""

    def sound(self, pcm: bytes) -> None:
        """16-bit mono PCM at the line's rate, in order, without gaps: loss is concealed, silence filled in."""

    def key(self, key: str) -> None:
        """The other side pressed one of 0-9, *, #, A-D: once for each press."""

    def played(self, message_id: int, size_bytes: int) -> None:
        """So much of that message's sound has been played altogether, as exactly as the line knows it."""

    def fault(self, fault: str) -> None:
        """Something of the other side's media cannot be used, such as "stranger" or "flood": a short name for a
        counter, never data of the peer."""

    def gone(self, why: str) -> None:
        """There will be no more sound: the media stopped or its connection was lost. Told once."""


class PhoneLine(Protocol):
    """The sound of one call, both ways. `rate_hz`: of the PCM that it takes and gives."""

    rate_hz: int

    @property
    def backlog_bytes(self) -> int:
        """PCM that was given to `play` and has not left this process. Pacing is the line's: it takes sound as fast as
        it is made, up to `SOUND_MAX_S`, and sends it at its own clock."""
        ...

    def open(self, listener: LineListener) -> None:
        """Tell the listener from now on what comes. What came before is dropped."""

    def play(self, message_id: int, pcm: bytes) -> None:
        """Append sound of that message; sounds follow each other in the order of the calls."""

    def finish(self, message_id: int) -> None:
        """The message's sound is complete: play its begun frame too, and report it played to its end."""

    def clear(self, message_id: int) -> None:
        """Drop what has not been played of the message; nothing of it leaves after this returns."""

    def press(self, keys: str) -> bool:
        """Press keys on the line, after the sound that was given before; w: wait half a second. False: this line
        cannot."""

    async def aclose(self) -> None:
        """Release the line. Nobody is told anything any more. Safe to call twice."""


class Signalling(Protocol):
    """The side of a call that sets it up."""

    async def transfer(self, target: str) -> None:
        """Pass the call on, blindly, to a number (+49…) or a SIP address that was checked for its form. Returns when
        the other side has accepted. Raises VoiError, in words for a log."""

    async def connect(self, other: "Signalling") -> None:
        """Have the other sides of both calls talk without us: that of this call takes our place in the other one.
        Returns when that is done. Raises VoiError, TransferUnsupported where the protocol or the other call has no way
        to do it; then both calls are as they were."""

    def hang_up(self, ended: Ended) -> None:
        """End the call, in the protocol's words for that reason. Returns at once; safe to call twice."""
