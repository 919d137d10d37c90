"""One call: a conversation's life from its admission to its end. It does not depend on the kind of door, and can
outlive one.

    expected    its client has not said yet what it wants; there is no place for it yet (`voi.calls.waiting`)
    admitted    the call has a place
    started     the call's session runs
    over        the call's place is free again

A call fails when its session fails, is drained when the server stops, and is hung up by its client or by the agent's
limits. The door that it has at its end is told why (`Ended`). A call has one person and one door at a time; `Line` is
the place to change for more than one.
"""

import asyncio
import contextvars
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from voi.calls.call_id import conversation_id
from voi.calls.failures import ended_by, without_words
from voi.calls.mistakes import Mistakes
from voi.calls.proof import Proof
from voi.calls.refusals import refused
from voi.calls.services import Services
from voi.config.agents import Agent
from voi.config.client_agent import NotGrantedError, parse_client_agent
from voi.config.config import Config
from voi.core.end_reason import EndReason
from voi.core.facts import Continued, HungUp
from voi.core.kept import Kept
from voi.core.options import CallOptions
from voi.errors import ClientError
from voi.session.door import Door
from voi.session.events import Ended, ErrorReported
from voi.session.line import Line
from voi.session.observer import Observer
from voi.session.session import Session

log = logging.getLogger(__name__)

HANG_UP_TIMEOUT_S = 10.0
"""A conversation that has not ended this long after its client left is cancelled."""


class Call:
    """Made by `Calls`. All methods are called on the event loop and return at once. `client`: names the client in
    the log. `person`: who the app says the caller is, in the app's own words; "": it does not say. `proof`: how that is
    known. `own_agents`: its token lets the client bring an agent of its own, whatever the settings say."""

    __slots__ = (
        "__weakref__", "_beginning", "_context", "_door_name", "_hung_up", "_line", "_mistakes",
        "_on_over", "_services", "_task", "_timer", "afterwards", "app", "began_ms", "caller", "client", "id", "kind",
        "looked_on_by", "order_id", "over", "own_agents", "person", "proof", "save", "session",
    )  # fmt: skip

    def __init__(
        self,
        call_id: str,
        app: str,
        client: str,
        door: Door,
        services: Services,
        on_over: "Callable[[Call], None]",
        person: str = "",
        proof: Proof = Proof.APP,
        own_agents: bool = False,
    ) -> None:
        self.id = call_id
        self.app = app
        self.person = person
        self.proof = proof if person else Proof.NONE
        self.own_agents = own_agents
        self.kind = door.kind
        """The kind of door that it came through."""
        self._door_name = door.name
        self.client = client
        self.caller = ""
        """The number that the person calls from, or is called at; "": it is not known, or there is none."""
        self.order_id = ""
        """Of a call that Voi makes: the order's."""
        self.looked_on_by: list[Observer] = []
        """Observers of its session, besides those of all calls. Add them before `open`."""
        self.session: Session | None = None
        """From `open` to the end, the session that the door gives sound and facts to."""
        self.over = False
        self.save: Callable[[Kept], Coroutine[Any, Any, None]] | None = None
        """Called at the end of the conversation, to save it for another day; None: it is not saved."""
        self.afterwards: list[Callable[[Kept], Coroutine[Any, Any, None]]] = []
        """Called when the conversation is over, each in a task of its own."""
        self.began_ms = time.time_ns() // 1_000_000
        """When its first words may have been said, perhaps in a process before, in ms since 1970."""
        self._services = services
        self._on_over = on_over
        self._line = Line(door)
        self._beginning = ("", "")
        """The mode, and the agent's name; "": one that the client brought."""
        self._hung_up = False
        self._mistakes = Mistakes()
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._context = contextvars.copy_context()
        self._context.run(conversation_id.set, call_id)

    @property
    def started(self) -> bool:
        return self._task is not None

    @property
    def ending(self) -> bool:
        """It is over, or about to be."""
        return self.over or self._hung_up or self._line.ended is not None

    @property
    def agent_name(self) -> str:
        """The agent of agents.json; "": one that the client brought, or none yet."""
        return self._beginning[1]

    @property
    def about(self) -> dict[str, str]:
        """What templates of tools may name. `person`: only once that is proven."""
        person = self.person if self.proof.proven else ""
        about = {"app": self.app, "person": person, "claimed_person": self.person}
        known = {"caller": self.caller, "order": self.order_id}
        return {**about, **{name: value for name, value in known.items() if value}}

    @property
    def end_reason(self) -> EndReason | None:
        """Why the call ended, once it has."""
        told = self._line.ended.reason if self._line.ended else None
        return EndReason.CLIENT_HUNG_UP if self._hung_up and told in (None, EndReason.FINISHED) else told

    @property
    def door(self) -> Door | None:
        return self._line.door

    # ---- the beginning ------------------------------------------------------------------------------

    def open(
        self,
        agent_name: str,
        agent_config: str | None,
        options: CallOptions,
        continued: Continued | None = None,
        adapt: Callable[[Agent], Agent] | None = None,
    ) -> Session:
        """Make the session. `agent_name`: an agent of the server. `agent_config`: JSON text of an agent that the client
        brings, used instead of `agent_name`. `continued`: what the conversation goes on from. `adapt`: makes the agent,
        and each that takes over from it, fit the door. Raises ClientError if the agent is unknown, invalid or
        cannot be run."""
        config = self._services.configs.current
        agent = self._brought(agent_config, config) if agent_config else config.agent(agent_name)
        if adapt is not None:
            agent = adapt(agent)
        self._beginning = (options.mode, "" if agent_config else agent_name)
        open_session = self._services.open_session
        self.session = (
            open_session(self.id, self._line, agent, config, options)
            if continued is None
            else open_session(self.id, self._line, agent, config, options, continued=continued)
        )
        if adapt is not None:
            self.session.adapt(adapt)
        return self.session

    def _brought(self, agent_config: str, config: Config) -> Agent:
        try:
            return parse_client_agent(agent_config, self.app, config, by_token=self.own_agents)
        except NotGrantedError:
            self._services.ungranted.note(self.app, self._services.metrics)
            raise

    def start(self) -> None:
        """Start the session. Call `open` first."""
        assert self.session is not None, "open the call first"
        mode, whose = self._beginning
        self._services.metrics.began(mode, self._door_name)
        log.info("%s of app %s from %s begins with %s", mode, self.app, self.client, whose or "its own agent")
        work, name = self._run(self.session), f"conversation {self.id}"
        self._task = self._context.run(self._services.tasks.start, work, name)

    def refuse(self, ended: Ended, error: BaseException | None = None) -> None:
        """End the call before it has started, and tell the client why. `error`: the fault of the server, if it is
        one."""
        refused(self._services.metrics, ended, self.client, error)
        self._line.end(ended)
        self._leave()

    async def _run(self, session: Session) -> None:
        began_s = asyncio.get_running_loop().time()
        try:
            await session.run()
            self._line.end(Ended(EndReason.FINISHED))
        except asyncio.CancelledError as error:
            self._failed(error)
            raise
        except Exception as error:
            self._failed(error)
        finally:
            self._stop_timer()
            self.session = self._task = None
            if self.save is not None and session.kept_for_later is not None:
                self._services.tasks.start(self.save(session.kept_for_later), f"saving {self.id}")
            if self.afterwards and session.kept_for_later is not None:
                for work in self.afterwards:
                    self._services.tasks.start(work(session.kept_for_later), f"after {self.id}")
            try:
                if self._line.door is not None:
                    await self._line.door.aclose()
            finally:
                self._leave()
                log.info("the conversation ended after %.1f s", asyncio.get_running_loop().time() - began_s)

    # ---- doors --------------------------------------------------------------------------------------

    def attach(self, door: Door) -> None:
        """Go on through this door. It is told the events that were kept while there was no door. A door that the call
        still has is told that it was replaced. Raises ClientError if the call is over, ValueError if the door has
        another sample rate."""
        if self.ending:
            raise ClientError("That conversation is over.")
        before = self._line.door
        self._line.attach(door)
        self._stop_timer()
        if before is not None:
            before.tell(Ended(EndReason.REPLACED))
            self._close(before)
        if self._line.forgotten:
            log.warning("%d events of the time without a door were forgotten", self._line.forgotten)

    def detach(self, door: Door, wait_s: float) -> None:
        """The connection of that door was lost. The call waits up to `wait_s` seconds for another door; 0: hang up."""
        if door is not self._line.door or self.over:
            return
        if wait_s <= 0 or not self.started:
            self.hang_up()
            return
        self._line.detach()
        self._close(door)
        self._later(wait_s, lambda: self.end(EndReason.NO_DOOR))

    def stand_still(self) -> None:
        """The client seems to be away: time stands still for the conversation until `go_on`."""
        if self.session is not None and not self.ending:
            self.session.hold()

    def hold(self, wait_s: float) -> None:
        """The client of the call's door was lost, and the door can get it back: the call stands still for up to
        `wait_s` seconds, or until `go_on`."""
        if self.session is None or self._task is None or self.ending:
            self.hang_up()
            return
        self.session.hold()
        self._later(wait_s, lambda: self.end(EndReason.NO_DOOR))

    def go_on(self, unheard: Mapping[int, int]) -> None:
        """The client is back, on the same door. `unheard`: bytes of sound, by message id, that it is sent again."""
        if self.session is not None and not self.ending:
            self._stop_timer()
            self.session.go_on(unheard)

    def _close(self, door: Door) -> None:
        self._services.tasks.start(door.aclose(), f"door of {self.id}")

    # ---- the end ------------------------------------------------------------------------------------

    def hang_up(self) -> None:
        """The client has left, or wants to end the call."""
        self._hung_up = True
        if self.session is None or self._task is None:
            self._leave()
            return
        self.session.tell(HungUp())
        self._later(HANG_UP_TIMEOUT_S, self._task.cancel)

    def end(self, reason: EndReason, words: str = "") -> None:
        """End the call from the server's side, at any stage. The door is told `reason` and `words`."""
        if self.session is None or self._task is None:
            self._line.end(Ended(reason, words))
            self._leave()
            return
        self.session.end(reason, words)
        self._later(HANG_UP_TIMEOUT_S, self._task.cancel)

    def part(self, reason: EndReason, words: str = "") -> None:
        """End the call from the server's side, at any stage, after the agent's goodbye if the conversation has begun.
        There is no limit to how long that takes: call `end` if it takes too long."""
        if self.session is None or self._task is None:
            self.end(reason, words)
        else:
            self.session.part(reason, words)

    def warn(self, words: str) -> None:
        """Tell the client something that it should know; the call goes on."""
        self._line.now.tell(ErrorReported(words))

    def name_person(self, person: str, proof: Proof) -> None:
        """The app says who the caller is, and how it knows. Call it before `open`."""
        self.person, self.proof = person, proof

    def prove(self, proof: Proof) -> "asyncio.Task[None] | None":
        """It was proven who the person is: from now on the agent knows what it remembers of them. Returns the task that
        looks it up, if there is one."""
        if self.person and proof.proven and not self.proof.proven:
            self.proof = proof
            if self.session is not None:
                return self.session.proven(self.person)
        return None

    def fail(self, error: Exception) -> None:
        """End the call because of an error outside of the session, in the door's handling of a message."""
        if self._task is None:
            ended, level = ended_by(error, self.id)
            self.refuse(ended, error if level >= logging.ERROR else None)
            return
        self._failed(error)
        # not at once: a task that is cancelled before its first step never reaches its `finally`
        asyncio.get_running_loop().call_soon(self._task.cancel)

    def mistake(self) -> bool:
        """Count a message of the client that could not be used. True: the client may be told, and the call goes on.
        False: there were too many, and the call ends."""
        self._services.metrics.mistake()
        if self._mistakes.forgives(asyncio.get_running_loop().time()):
            return True
        self._services.metrics.failed(EndReason.TOO_MANY_MISTAKES)
        log.info("failed %s (%s)", self.client, EndReason.TOO_MANY_MISTAKES)
        self._line.end(Ended(EndReason.TOO_MANY_MISTAKES))
        self.hang_up()
        return False

    def _failed(self, error: BaseException) -> None:
        if self._hung_up or self._line.ended:
            if not isinstance(error, asyncio.CancelledError):
                log.error("the conversation broke after its end", exc_info=error)
            return
        ended, level = ended_by(error, self.id)
        self._services.metrics.failed(ended.reason)
        trace = error if level >= logging.ERROR else None
        log.log(level, "failed %s (%s): %s", self.client, ended.reason, without_words(ended.words), exc_info=trace)
        self._line.end(ended)

    def _leave(self) -> None:
        self._stop_timer()
        if not self.over:
            self.over = True
            self.session = None
            self.afterwards.clear()
            self.looked_on_by.clear()
            self._on_over(self)

    def _later(self, delay_s: float, call: object) -> None:
        self._stop_timer()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(delay_s, call, context=self._context)  # type: ignore[arg-type]

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
