"""Looks up what is remembered of the person: before the conversation begins, and again when that may have changed."""

import asyncio
from collections.abc import Callable

from voi.errors import VoiError
from voi.session.failure import Failure
from voi.session.memory import PersonMemory
from voi.tasks import Tasks

RECALL_WAIT_S = 0.5
"""So long the beginning, or a tool, waits for what is remembered of the person. It usually takes milliseconds; what
comes later is told to the running conversation."""

Recalls = Callable[[str], None]
"""Is told the note for the agent's prompt; "": nothing is known that may be said."""


class Recall:
    """Looks up one conversation's person. `memory` None: nothing is remembered. `tasks` own the look-ups, of which the
    newest counts. `prove`: called when a tool has found out that the person is who they are said to be; it returns the
    look-up that follows, if there is one. `on_failure` is told when the store does not answer."""

    __slots__ = ("_number", "_on_failure", "_prove", "_tasks", "memory")

    def __init__(
        self,
        memory: PersonMemory | None,
        tasks: Tasks,
        prove: Callable[[], "asyncio.Task[None] | None"],
        on_failure: Callable[[Failure], None],
    ) -> None:
        self.memory = memory
        self._tasks = tasks
        self._prove = prove
        self._on_failure = on_failure
        self._number = 0

    def look_up(self, tell: Recalls) -> "asyncio.Task[None] | None":
        """Tell what the agent may know of the person, as soon as it is there. Returns the task; None if nothing is
        remembered here."""
        return self._tasks.start(self._look_up(self.memory, tell), "memory") if self.memory is not None else None

    async def _look_up(self, memory: PersonMemory, tell: Recalls) -> None:
        self._number = number = self._number + 1
        try:
            note = await memory.recall()
        except VoiError as error:
            self._on_failure(Failure("memory", "store", "", f"what is known of the person is missing: {error}", 0))
            return
        if number == self._number:  # else it was asked again meanwhile
            tell(note)

    async def before_beginning(self, tell: Recalls) -> None:
        """Look it up, and wait for that unless it takes long. Cancelling this cancels the look-up."""
        if (looking := self.look_up(tell)) is not None:
            try:
                await asyncio.wait((looking,), timeout=RECALL_WAIT_S)
            except asyncio.CancelledError:
                looking.cancel()
                raise

    async def prove_person(self) -> None:
        """A tool has found out who the person is. Returns when what is remembered is there for its answer, or late."""
        if (looking := self._prove()) is not None:
            await asyncio.wait((looking,), timeout=RECALL_WAIT_S)
