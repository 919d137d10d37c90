"""A transfer for which a colleague is asked: rung up over a second line, told in private what it is about, and asked
whether they take the call. The caller waits meanwhile, and neither hears what is meant for the other.

The door owns the caller's side; here is the colleague's, from the ringing to their answer.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any, Literal

from voi.config.transfers import BRIEFING_MAX_S, SUMMARY_MAX_S, CallTransfer
from voi.errors import VoiError
from voi.session.agent_beside import AgentBeside
from voi.tasks import Tasks
from voi.transports.telephone.colleague import Colleague, verdict_of
from voi.transports.telephone.dialing import NotAnswered

log = logging.getLogger(__name__)

ConsultedOutcome = Literal[
    "accepted", "refused", "no_answer", "busy", "unreachable", "not_allowed", "hung_up", "failed", "caller_gone"
]
RingUp = Callable[[CallTransfer], Awaitable[Colleague]]
"""Rings a colleague up, and returns when they have answered. Raises NotAnswered, NotConsulted."""
RingUpOf = Callable[[str], RingUp | None]
"""What rings up colleagues for calls of that account; None: nothing does."""
LINE_OPEN_S = 0.5
"""Sound in both directions takes a moment after the answer."""
TOLD = 2
"""The briefing is said so often."""
SUMMARY_MAX_CHARACTERS = 1_200
HEARD_MAX_S = 20.0
"""So much of what they say is kept for the ear at most."""
_KINDS: dict[str, ConsultedOutcome] = {
    "busy": "busy", "no_answer": "no_answer", "refused": "refused", "unreachable": "unreachable",
}  # fmt: skip


class NotConsulted(VoiError):
    """The colleague does not take the call."""

    def __init__(self, outcome: ConsultedOutcome, cause: str = "") -> None:
        super().__init__(f"The colleague does not take the call: {outcome}{f' ({cause})' if cause else ''}.")
        self.outcome = outcome


class Consultation:
    """One of them. `spoken_rate_hz`: of the agent's voice beside the conversation. `caller`: their number, or ""."""

    def __init__(
        self, transfer: CallTransfer, agent: AgentBeside, ring_up: RingUp, spoken_rate_hz: int, caller: str
    ) -> None:
        self._transfer = transfer
        self._agent = agent
        self._ring_up = ring_up
        self._spoken_rate_hz = spoken_rate_hz
        self._caller = caller

    async def run(self) -> Colleague:
        """Ask. Returns the colleague who takes the call; the code that gets them closes them. Raises NotConsulted: the
        colleague's call is over then, as when this is cancelled."""
        briefing = asyncio.ensure_future(self._briefing())
        briefing.add_done_callback(_retrieved)
        colleague: Colleague | None = None
        try:
            colleague = await self._rung_up()
            colleague.open()
            await self._ask(colleague, briefing)
        except BaseException:
            if colleague is not None:
                colleague.close()
            raise
        finally:
            briefing.cancel()
        return colleague

    async def _rung_up(self) -> Colleague:
        try:
            return await self._ring_up(self._transfer)
        except NotAnswered as error:
            raise NotConsulted(_KINDS.get(error.kind, "failed"), error.cause) from None

    # ---- what they are told -------------------------------------------------------------------------

    async def _briefing(self) -> str:
        """The text, with a summary that is made while it rings."""
        text = self._transfer.briefing
        if "{summary}" in text:
            summary = ""
            try:
                if self._agent.summarizes:
                    summary = await self._agent.answer(self._transfer.summary, None)
            except VoiError as error:
                log.warning("a colleague is told no summary of the call: %s", type(error).__name__)
            text = text.replace("{summary}", " ".join(summary.split())[:SUMMARY_MAX_CHARACTERS])
        return text.replace("{caller}", self._caller)

    async def _ask(self, colleague: Colleague, briefing: "asyncio.Future[str]") -> None:
        """Returns when they take the call. Raises NotConsulted."""
        if not self._transfer.briefing.strip():
            if colleague.gone_why.done():
                raise NotConsulted("hung_up", colleague.gone_why.result())
            return
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        ear = _Ear(colleague, self._transfer, self._agent, answer)
        asking = asyncio.ensure_future(self._tell(colleague, briefing, ear))
        asking.add_done_callback(_retrieved)
        try:
            ends: set[asyncio.Future[object]] = {answer, colleague.gone_why, asking}  # type: ignore[arg-type]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                if not answer.result():
                    raise NotConsulted("refused")
                return
            if colleague.gone_why.done():
                raise NotConsulted("hung_up", colleague.gone_why.result())
            await asking
            raise NotConsulted("no_answer", "they said neither yes nor no")
        finally:
            asking.cancel()
            ear.close()

    async def _tell(self, colleague: Colleague, briefing: "asyncio.Future[str]", ear: "_Ear") -> None:
        """Say the briefing, and wait for the answer, twice. Raises NotConsulted."""
        await asyncio.sleep(LINE_OPEN_S)
        try:
            async with asyncio.timeout(SUMMARY_MAX_S):
                text = await asyncio.shield(briefing)
        except TimeoutError:
            log.warning("a colleague is told no summary of the call: it took longer than %g s", SUMMARY_MAX_S)
            text = self._transfer.briefing.replace("{summary}", "").replace("{caller}", self._caller)
        for _ in range(TOLD):
            ear.listens = False
            try:
                async with asyncio.timeout(BRIEFING_MAX_S), aclosing(self._agent.speech(text)) as sound:
                    await colleague.say(sound, self._spoken_rate_hz)
            except TimeoutError:
                log.warning("a briefing took longer than %g s", BRIEFING_MAX_S)
            except VoiError as error:
                raise NotConsulted("failed", f"the briefing cannot be said: {type(error).__name__}") from None
            ear.listens = True
            await asyncio.sleep(self._transfer.answer_timeout_s)
            await ear.idle()


class _Ear:
    """Their answer: a key at any time, words only while `listens`, so that the echo of a briefing that says "yes"
    accepts nothing."""

    def __init__(
        self, colleague: Colleague, transfer: CallTransfer, agent: AgentBeside, answer: "asyncio.Future[bool]"
    ) -> None:
        self.listens = False
        self._transfer = transfer
        self._answer = answer
        self._rate_hz = colleague.line.rate_hz
        self._colleague = colleague
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._came = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        colleague.on_key = self._key
        if transfer.accept_words or transfer.refuse_words:
            colleague.on_sound = self._sound
            self._task = asyncio.ensure_future(self._hear(agent))
            self._task.add_done_callback(_retrieved)

    def _key(self, key: str) -> None:
        if key == self._transfer.accept_key:
            self._decide(True)
        elif key == self._transfer.refuse_key:
            self._decide(False)

    def _sound(self, pcm: bytes) -> None:
        if self.listens and self._waiting_bytes < HEARD_MAX_S * self._rate_hz * 2:
            self._waiting.append(pcm)
            self._waiting_bytes += len(pcm)
            self._came.set()

    async def _hear(self, agent: AgentBeside) -> None:
        ear = agent.ear(self._rate_hz)
        try:
            while True:
                while not self._waiting:
                    self._came.clear()
                    await self._came.wait()
                pcm = self._waiting.popleft()
                self._waiting_bytes -= len(pcm)
                for said in await ear.hear(pcm):
                    if (verdict := verdict_of(self._transfer, said)) is not None:
                        self._decide(verdict)
        except VoiError as error:
            log.warning("a colleague's words are not understood, their keys are: %s", type(error).__name__)
        finally:
            ear.close()

    async def idle(self) -> None:
        """What they have said was understood, or takes too long."""
        for _ in range(10):
            if not self._waiting:
                return
            await asyncio.sleep(0.05)

    def _decide(self, takes: bool) -> None:
        if not self._answer.done():
            self._answer.set_result(takes)

    def close(self) -> None:
        self._colleague.on_key, self._colleague.on_sound = lambda key: None, lambda pcm: None
        if self._task is not None:
            self._task.cancel()


def _retrieved(task: "asyncio.Future[Any]") -> None:
    """What a part of it raises that nobody waits for any more."""
    if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, VoiError):
        Tasks().fault("a colleague could not be asked", error)
