"""Which door gets a conversation's events: a client's, none for a while, or none any more."""

from collections import deque
from dataclasses import replace

from voi.session import events
from voi.session.door import Door
from voi.session.events import AgentMessage, DoorEvent, Ended, UserMessage

KEPT_MAX = 256
"""How many events are kept for the next door. Beyond that the oldest are dropped."""


class Line:
    """Holds a conversation's door. What a session has to tell, it tells `now`, and its last event by `end`.

    While no door is attached, sound is dropped and the other events are kept, so that the next door is told each of
    them once and in order. Of a message that grew, only the newest state is kept. All doors of one line have the same
    `output_rate_hz`.
    """

    __slots__ = ("_missed", "door", "ended", "now", "output_rate_hz")

    def __init__(self, door: Door) -> None:
        self.output_rate_hz = door.output_rate_hz
        self.door: Door | None = door
        """The attached door."""
        self.now: Door = door
        """Takes the next event: the attached door, or what stands in for one."""
        self.ended: Ended | None = None
        """The last event, once it was told."""
        self._missed = _Missed(door.output_rate_hz)

    @property
    def forgotten(self) -> int:
        """How many events were dropped because too many were kept."""
        return self._missed.forgotten

    def attach(self, door: Door) -> None:
        """Tell `door` the kept events, and all later ones. Raises ValueError if it has another sample rate."""
        if door.output_rate_hz != self.output_rate_hz:
            raise ValueError(f"this call has doors of {self.output_rate_hz} Hz, not of {door.output_rate_hz} Hz")
        self.door = self.now = door
        self._missed.give(door)

    def detach(self) -> None:
        """Keep the events from now on, for the next door."""
        self.door, self.now = None, self._missed

    def end(self, ended: Ended) -> None:
        """Tell the last event. Whatever is told after it is dropped."""
        if self.ended is None:
            self.ended = ended
            self.now.tell(ended)
            self.now = _Nobody(self.output_rate_hz)


class _Nobody:
    """The `Door` of a conversation that is over: drops every event."""

    __slots__ = ("output_rate_hz",)

    name = kind = "none"
    backlog_bytes = 0

    def __init__(self, output_rate_hz: int) -> None:
        self.output_rate_hz = output_rate_hz

    def tell(self, event: DoorEvent) -> None:
        pass

    async def aclose(self) -> None:
        pass


class _Missed(_Nobody):
    """The `Door` while there is none: keeps what the next one is told."""

    __slots__ = ("_kept", "forgotten")

    def __init__(self, output_rate_hz: int) -> None:
        super().__init__(output_rate_hz)
        self.forgotten = 0
        self._kept: deque[DoorEvent] = deque()

    def tell(self, event: DoorEvent) -> None:
        if isinstance(event, events.Sound):
            return
        if isinstance(event, UserMessage | AgentMessage):
            event = self._in_place_of_older(event)
        self._kept.append(event)
        if len(self._kept) > KEPT_MAX:
            self._kept.popleft()
            self.forgotten += 1

    def give(self, door: Door) -> None:
        """Tell that door what was kept."""
        while self._kept:
            door.tell(self._kept.popleft())

    def _in_place_of_older(self, event: UserMessage | AgentMessage) -> UserMessage | AgentMessage:
        for older in reversed(self._kept):
            if type(older) is type(event) and older.message_id == event.message_id:
                self._kept.remove(older)
                if isinstance(event, UserMessage) and isinstance(older, UserMessage):
                    goes_on = event.added is not None and older.added is not None
                    return replace(event, added=f"{older.added}{event.added}" if goes_on else None)
                break
        return event
