"""The sound of one SIP call: what signalling needs of it, and the line that the door gets."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from voi.transports.sip.leg import SipLeg
from voi.transports.sip.negotiation import MediaPlan
from voi.transports.telephone.line import LineListener, PhoneLine

BY_INFO = {"auto": None, "rtp": False, "info": True}
"""How an account wants keys pressed, for `SipPhoneLine`."""


class SipMedia(Protocol):
    """A port for sound. It is there before it is known how sound travels."""

    @property
    def port(self) -> int:
        """Where the other side's sound is to arrive."""
        ...

    def begin(self, plan: MediaPlan, send_key: Callable[[str], None] | None) -> PhoneLine:
        """The line, once it is agreed how sound travels. `send_key` presses a key by SIP INFO, where the other side
        takes none in its sound; None: it is never pressed so."""
        ...

    def change(self, plan: MediaPlan) -> None:
        """It travels differently from now on: another address, other keys, hold. The line's `rate_hz` stays."""

    async def aclose(self) -> None:
        """Release the port. Safe to call twice, and beside the line's."""


OpenMedia = Callable[[str], Awaitable[SipMedia]]
"""Opens a port at that address of this machine. Raises OSError if none is free."""


class SipPhoneLine:
    """`PhoneLine` of a SIP call: keys come by SIP INFO as well, and go so if `by_info` (None: where the other side
    takes none in its sound). With it its port is released."""

    def __init__(self, media: SipMedia, plan: MediaPlan, leg: SipLeg, by_info: bool | None) -> None:
        self._media = media
        self.leg = leg
        """Over which keys are pressed by INFO."""
        self._by_info = by_info
        self._line = media.begin(plan, None if by_info is False else lambda keys: self.leg.press(keys))
        self.rate_hz = self._line.rate_hz
        self._listener: LineListener | None = None
        leg.on_key = self._key

    @property
    def backlog_bytes(self) -> int:
        return self._line.backlog_bytes

    def open(self, listener: LineListener) -> None:
        self._listener = listener
        self._line.open(listener)

    def play(self, message_id: int, pcm: bytes) -> None:
        self._line.play(message_id, pcm)

    def finish(self, message_id: int) -> None:
        self._line.finish(message_id)

    def clear(self, message_id: int) -> None:
        self._line.clear(message_id)

    def press(self, keys: str) -> bool:
        if self._by_info:
            self.leg.press(keys)
            return True
        return self._line.press(keys)

    def _key(self, key: str) -> None:
        if self._listener is not None:
            self._listener.key(key)

    async def aclose(self) -> None:
        self._listener = None
        await self._line.aclose()
        await self._media.aclose()
