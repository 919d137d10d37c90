"""The door of a chat completion: it takes the agent's words, and its calls of the client's functions."""

import asyncio

from voi.core.actions import Status
from voi.session.events import AgentText, AppToolCalled, DoorEvent, Ended, ErrorReported, StatusChanged

WAITING_MAX = 4_096
"""Most events that wait for the client. A reply is bounded, so only a faulty one has more."""


class ChatDoor:
    """`events` yields the pieces of text, then the end: an `Ended` if the conversation ended by itself, None when the
    answer is whole, or when the agent waits for functions of the client, which are in `calls` then. `name`: see
    `Door`."""

    kind = "app"
    output_rate_hz = 16_000
    backlog_bytes = 0

    def __init__(self, name: str) -> None:
        self.name = name
        self.events: asyncio.Queue[AgentText | Ended | None] = asyncio.Queue()
        self.error = ""
        """What went wrong with the answer, in words for the client."""
        self.calls: list[AppToolCalled] = []
        self._over = False

    def tell(self, event: DoorEvent) -> None:
        if self._over:
            return
        match event:
            case AgentText():
                if self.events.qsize() < WAITING_MAX:
                    self.events.put_nowait(event)
            case AppToolCalled():
                self.calls.append(event)
                # all calls of one reply are told in one turn of the event loop
                asyncio.get_running_loop().call_soon(self._end, None)
            case ErrorReported():
                self.error = event.text
            case StatusChanged(Status.RESPONSE_DONE | Status.RESPONSE_CANCELLED):
                self._end(None)
            case Ended():
                self._end(event)

    async def aclose(self) -> None:
        self._end(None)

    def _end(self, ended: Ended | None) -> None:
        if not self._over:
            self._over = True
            self.events.put_nowait(ended)
