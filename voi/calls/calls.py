"""All calls of one server: admits them, keeps them, and ends them when the server stops."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Any

from voi.calls.admission import Admission
from voi.calls.call import Call
from voi.calls.call_id import new_call_id
from voi.calls.proof import Proof
from voi.calls.refusals import Refusals
from voi.calls.ringing import RingingCalls
from voi.calls.saved import Saved, SavedStates
from voi.calls.services import Services
from voi.calls.waiting import Waiter, Waiting
from voi.core.end_reason import EndReason
from voi.core.facts import LoadChanged
from voi.session.door import Door
from voi.session.events import Ended

log = logging.getLogger(__name__)

FAREWELL_TIMEOUT_S = 5.0
"""How long conversations may take to end after they were told to."""


class Calls:
    """All live calls of a server: admits, opens and drains them. `services`: what every call needs. `states`: where
    conversations are saved that are continued another day; None: nowhere."""

    def __init__(self, admission: Admission, services: Services, states: SavedStates | None = None) -> None:
        self.admission = admission
        self.services = services
        self.saved = Saved(states, services.metrics)
        self._refusals = Refusals(services.metrics)
        self.ringing = RingingCalls()
        """Those that wait for somebody to take them."""
        self.gone = 0
        """How many clients have left, including those that got no conversation."""
        self.on_over: Callable[[Call], None] = lambda call: None
        """Told each call that is over."""
        self._live: dict[str, Call] = {}
        self._waiting = Waiting(admission.max_conversations, admission.max_per_app)
        self._expected: dict[str, tuple[Call, Waiter, Callable[[Ended], None]]] = {}
        """Calls without a place, by id, and what each is told when another displaces it."""

    def __len__(self) -> int:
        return len(self._live)

    def __iter__(self) -> Iterator[Call]:
        return iter(list(self._live.values()))

    def find(self, call_id: str) -> Call | None:
        """The call of that id; None if there is none or it is over."""
        return self._live.get(call_id)

    def admit(
        self,
        app: str,
        client: str,
        door: Door,
        call_id: str = "",
        person: str = "",
        proof: Proof = Proof.APP,
        *,
        own_agents: bool = False,
        placed: bool = False,
    ) -> Call:
        """Admit a call of that app through that door. `call_id` "": make a new id. `person`, `proof`, `own_agents`: see
        `Call`. `placed`: it has its place already, by `Admission.admit`, and gives it back at its end. Raises
        Refused."""
        if not placed:
            self.admission.admit(app)
        own_id = call_id or new_call_id()
        call = Call(own_id, app, client, door, self.services, self._forget, person, proof, own_agents)
        self._live[call.id] = call
        return call

    def expect(
        self,
        app: str,
        client: str,
        door: Door,
        call_id: str,
        person: str,
        displaced: Callable[[Ended], None],
        *,
        own_agents: bool = False,
    ) -> Call:
        """A call whose client has not said yet what it wants: it has no place until `place`, and `displaced` is called
        when too many others wait. Raises Refused if there would be no place now."""
        self.admission.check(app)
        call = Call(call_id, app, client, door, self.services, self._forget, person, own_agents=own_agents)
        waiter = Waiter(call.id, app, client)
        if (other := self._waiting.add(waiter)) is not None:
            words = f"Too many connections of the app {other.app!r} wait without an init message. Try again later."
            self._expected[other.call_id][2](Ended(EndReason.APP_LIMIT, words))
        self._expected[call.id] = (call, waiter, displaced)
        return call

    def place(self, call: Call) -> None:
        """Give an expected call its place. Raises Refused."""
        self.admission.admit(call.app)
        self._stop_expecting(call)
        self._live[call.id] = call

    def turn_away(self, call: Call, ended: Ended) -> None:
        """End a call that was expected and gets no place."""
        self._refusals.note(ended, call.client)
        call.end(ended.reason, ended.words)

    def _stop_expecting(self, call: Call) -> None:
        _, waiter, _ = self._expected.pop(call.id)
        self._waiting.discard(waiter)

    def load_changed(self, *, busy: bool) -> None:
        """Tell all conversations that the server has become busy, or is no longer."""
        for call in self:
            if call.session is not None:
                call.session.tell(LoadChanged(busy))

    def refuse(self, door: Door, ended: Ended, client: str) -> None:
        """Tell a client that is not admitted why."""
        self._refusals.note(ended, client)
        door.tell(ended)
        self.gone += 1

    def note_refused(self, ended: Ended, client: str) -> None:
        """Somebody gets no conversation, and was told so before they had a door."""
        self._refusals.note(ended, client)

    def _forget(self, call: Call) -> None:
        if call.id in self._live:
            del self._live[call.id]
            self.admission.leave(call.app)
        else:
            self._stop_expecting(call)
        self.gone += 1
        self.on_over(call)

    async def drain(self, grace_s: float, hurry: asyncio.Event) -> None:
        """Refuse new calls, wait up to `grace_s` seconds for calls to end (less once `hurry` is set), then end the
        rest."""
        self.admission.close()
        self._end([call for call, _, _ in self._expected.values()])
        self._end([call for call in self if not call.started])
        tasks = self.services.tasks
        if len(tasks):
            log.info("Waiting up to %g s for %d conversations to end", grace_s, len(tasks))
            await self._quiet(grace_s, hurry)
        self._end(list(self))
        await self._quiet(FAREWELL_TIMEOUT_S, asyncio.Event())
        await tasks.close()

    def _end(self, calls: list[Call]) -> None:
        for call in calls:
            call.end(EndReason.DRAINED)

    async def _quiet(self, timeout_s: float, hurry: asyncio.Event) -> None:
        """Wait until the last call is over, the time has passed, or `hurry` is set."""
        waits: set[asyncio.Task[Any]] = {
            asyncio.create_task(self.services.tasks.join()),
            asyncio.create_task(hurry.wait()),
        }
        await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)
