"""How calls leave this process for another: all when it stops, and before that each that another worker wants."""

import asyncio

from voi.calls.handover import keep_swept
from voi.tasks import Tasks
from voi.transports.voi_ws.connection import VoiWebSockets
from voi.transports.voi_ws.leaving import give_up_wanted, hand_over


class HandingOver:
    """Does nothing if calls are kept for nobody. `hurry`: set when the server is to stop at once."""

    def __init__(self, door: VoiWebSockets, hurry: asyncio.Event) -> None:
        self._handover = door.handover
        self._resumables = door.resumables
        self._hurry = hurry
        self._giving_up: asyncio.Task[None] | None = None

    def start(self, tasks: Tasks) -> None:
        """From now on another worker is given a call whose client has come to it, and what nobody took is deleted."""
        if self._handover is None:
            return
        tasks.start(keep_swept(self._handover), "kept calls")
        if self._handover.shared:
            wanted = give_up_wanted(self._resumables, self._handover, self._hurry)
            self._giving_up = tasks.start(wanted, "calls that other workers want")

    async def all_leave(self) -> None:
        """The server stops: keep all calls for the process that comes next."""
        if self._giving_up is not None:
            self._giving_up.cancel()
            await asyncio.wait([self._giving_up])
        if self._handover is not None:
            await hand_over(self._resumables, self._handover, self._hurry)
