"""A door that is a list: what it was told, with the time."""

import asyncio
from typing import TypeVar

from voi.session import events
from voi.session.events import DoorEvent

_E = TypeVar("_E", bound=DoorEvent)


class FakeDoor(list[tuple[int, DoorEvent]]):
    """Holds (ms since it was made, event)."""

    name = "fake"
    kind = "app"

    def __init__(self, output_rate_hz: int = 24_000) -> None:
        super().__init__()
        self.output_rate_hz = output_rate_hz
        self.backlog_bytes = 0
        self.closed = 0
        self._opened_s = asyncio.get_running_loop().time()

    def tell(self, event: DoorEvent) -> None:
        now_s = asyncio.get_running_loop().time()
        self.append((round((now_s - self._opened_s) * 1_000), event))

    async def aclose(self) -> None:
        self.closed += 1

    # ---- what a test asks -----------------------------------------------------------------------

    def all(self, kind: type[_E]) -> list[_E]:
        return [event for _, event in self if isinstance(event, kind)]

    def played_ms(self, message_id: int) -> int:
        """How much sound the door was given of that message."""
        size = sum(len(sound.pcm) for sound in self.all(events.Sound) if sound.message_id == message_id)
        return size * 500 // self.output_rate_hz

    def shown(self) -> dict[int, tuple[str, str]]:
        """Messages as the client sees them now: id -> (role, text)."""
        shown = {}
        for _, event in self:
            if isinstance(event, events.UserMessage):
                shown[event.message_id] = ("user", event.text)
            elif isinstance(event, events.AgentMessage):
                shown[event.message_id] = ("assistant", event.text)
        return shown

    def texts(self) -> list[str]:
        """Of all messages, as often as they were told."""
        return [event.text for _, event in self if isinstance(event, events.UserMessage | events.AgentMessage)]

    def statuses(self) -> list[str]:
        return [str(event.status) for event in self.all(events.StatusChanged)]

    def errors(self) -> list[str]:
        return [event.text for event in self.all(events.ErrorReported)]
