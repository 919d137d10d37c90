"""Carries out Condense: has the oldest turns of a dialogue summarized while the conversation goes on."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from voi.core.actions import Condense
from voi.core.facts import Condensed, Fact
from voi.dialogue import Message
from voi.engines.base import Llm
from voi.errors import EngineError
from voi.session.current_agent import CurrentAgent
from voi.session.failure import Failure
from voi.session.summaries import GO_ON, Attempts, SummaryTask, summarize
from voi.tasks import Tasks

ATTEMPTS = Attempts(limit_s=20.0, pauses_s=(1.0,))
SUMMARY_SHARE = 10
"""A summary takes at most a tenth of the context."""
SUMMARY_MAX_CHARACTERS = 6_000


class Condenser:
    """One conversation's. `llm` counts what it is asked. `context_tokens` returns what a request may take. `on_failure`
    is told when there is no summary."""

    __slots__ = ("_context_tokens", "_current", "_engine_of", "_llm", "_on_failure", "_tasks", "_tell")

    def __init__(
        self,
        tasks: Tasks,
        tell: Callable[[Fact], None],
        llm: Llm,
        engine_of: Callable[[str], str],
        current: CurrentAgent,
        context_tokens: Callable[[], int],
        on_failure: Callable[[Failure], None],
    ) -> None:
        self._tasks = tasks
        self._tell = tell
        self._llm = llm
        self._engine_of = engine_of
        self._current = current
        self._context_tokens = context_tokens
        self._on_failure = on_failure

    def condense(self, action: Condense) -> None:
        """Begin. Answered by Condensed, within the time of `ATTEMPTS`."""
        self._tasks.start(
            self._condense(action), f"summary {action.condensing}", lambda error: self._broke(action, error)
        )

    async def _condense(self, action: Condense) -> None:
        agent, context_tokens = self._current.agent, self._context_tokens()
        model = agent.history.model or agent.llm_model
        began_s = asyncio.get_running_loop().time()
        most = min(SUMMARY_MAX_CHARACTERS, max(400, context_tokens * 4 // SUMMARY_SHARE))
        task = SummaryTask(model, GO_ON, action.messages, action.summary, most, context_tokens)
        tasks = [task]
        if (own := _own_of(action)) and (agent.after_call or (agent.memory and agent.memory.summaries)):
            tasks.append(replace(task, messages=own, earlier=action.own_summary))
        try:
            summary, *apart = await asyncio.gather(*(summarize(self._llm, each, ATTEMPTS) for each in tasks))
        except EngineError as error:
            took_ms = round((asyncio.get_running_loop().time() - began_s) * 1_000)
            self._on_failure(Failure("summary", self._engine_of(model), model, str(error), took_ms))
            summary, apart = "", []
        self._tell(Condensed(action.condensing, summary, "".join(apart)))

    def _broke(self, action: Condense, error: BaseException) -> None:
        self._tasks.fault("a summary fails", error)
        self._tell(Condensed(action.condensing))


def _own_of(action: Condense) -> Sequence[Message]:
    """The messages of this call, if there are others among them."""
    return () if action.own_from is None else action.messages[action.own_from :]
