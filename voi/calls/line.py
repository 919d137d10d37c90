"""Connects a session to its call's current door. Without a door, events are kept for the next one."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from voi.session import events
from voi.session.door import Door
from voi.session.events import AgentMessage, Ended, Event, UserMessage

KEPT_MAX = 256
"""How many events are kept for the next door. Beyond that the oldest are dropped."""


class CallDoor(Door, Protocol):
    """A door that can be attached to a call and detached from it."""

    async def aclose(self) -> None:
        """Release what the door holds. It is told no more events."""


class Line:
    """The session's `Door`. While no door is attached it drops sound and keeps the other events, so that the next door
    is told each of them once and in order. Of a message that grew, only the newest state is kept.

    All doors of one call have the same `output_rate_hz`.
    """

    __slots__ = ("_kept", "_tell", "door", "ended", "forgotten", "output_rate_hz")

    def __init__(self, door: CallDoor) -> None:
        self.output_rate_hz = door.output_rate_hz
        self.door: CallDoor | None = door
        self.ended: Ended | None = None
        """The final event, once it was told."""
        self.forgotten = 0
        """How many events were dropped because too many were kept."""
        self._tell: Callable[[Event], Any] = door.tell
        self._kept: deque[Event] = deque()

    @property
    def backlog_bytes(self) -> int:
        return 0 if self.door is None else self.door.backlog_bytes

    def tell(self, event: Event) -> None:
        if self.ended is None:
            if type(event) is Ended:
                self.ended = event
            self._tell(event)

    def attach(self, door: CallDoor) -> None:
        """Tell `door` the kept events, and all later ones. Raises ValueError if it has another sample rate."""
        if door.output_rate_hz != self.output_rate_hz:
            raise ValueError(f"this call has doors of {self.output_rate_hz} Hz, not of {door.output_rate_hz} Hz")
        self.door, self._tell = door, door.tell
        while self._kept:
            door.tell(self._kept.popleft())

    def detach(self) -> None:
        self.door, self._tell = None, self._keep

    def _keep(self, event: Event) -> None:
        if isinstance(event, events.Sound):
            return
        if isinstance(event, UserMessage | AgentMessage):
            event = self._in_place_of_older(event)
        self._kept.append(event)
        if len(self._kept) > KEPT_MAX:
            self._kept.popleft()
            self.forgotten += 1

    def _in_place_of_older(self, event: UserMessage | AgentMessage) -> UserMessage | AgentMessage:
        for older in reversed(self._kept):
            if type(older) is type(event) and older.message_id == event.message_id:
                self._kept.remove(older)
                if isinstance(event, UserMessage) and isinstance(older, UserMessage):
                    goes_on = event.added is not None and older.added is not None
                    return replace(event, added=f"{older.added}{event.added}" if goes_on else None)
                break
        return event
