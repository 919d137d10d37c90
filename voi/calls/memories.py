"""What agents remember of people between conversations: recalled at the beginning, kept during it, summarized after it.

Everything is of the person of a conversation that is in the store. A person whose data was deleted while they talk has
none there any more, so nothing of that conversation is kept.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Literal, Protocol
from uuid import uuid4

from voi.calls.call import Call
from voi.calls.call_id import conversation_id
from voi.calls.usage import OWN_AGENT
from voi.config.agents import Agent
from voi.core.kept import Kept, KeptMessage
from voi.engines.base import Llm
from voi.errors import ClientError, EngineError, RowRefused, StoreError
from voi.session.memory import FACT_MAX_CHARACTERS, MemoryItem, note_of
from voi.session.metering import MeteredLlm, Metering
from voi.session.redaction import Redaction, redaction_of
from voi.session.summaries import NEXT_TIME, Attempts, SummaryTask, summarize
from voi.use import Use

ATTEMPTS = Attempts(limit_s=60.0, pauses_s=(2.0, 10.0))
KEEP_PAUSES_S = (2.0, 10.0, 30.0)
"""A summary that the store does not take is offered again after these: a model has been paid for it. While the store is
away, a conversation that has just ended may not be stored yet either."""
AT_ONCE_MAX = 4
"""How many summaries are written at the same time."""
WAITING_MAX = 200
"""How many may wait for that; more are left out."""
FACTS_MAX = 20
"""How many facts an agent may keep in one call: who talks it into more would push out what it knew."""

MemoryTrouble = Literal["remember", "summary"]

log = logging.getLogger(__name__)


class MemoryStore(Protocol):
    """Where memories are kept (`voi.store.store.Store`). Both raise StoreError within a deadline of seconds."""

    async def recall(self, app: str, person: str) -> Sequence[MemoryItem]:
        """All that is remembered of that person of the app, the oldest first."""
        ...

    async def remember(self, of: str, item: MemoryItem, since_ms: int | None = None) -> bool:
        """Keep this of the person of the conversation `of`, in place of what had its id. `since_ms`: it is about what
        was said since then. False: the conversation is not stored, or of nobody, or what was remembered was deleted
        since. Raises RowRefused if there is no room."""
        ...


class MemoryMetrics(Protocol):
    """Counters of memories. The server has them."""

    def memory_failed(self, trouble: MemoryTrouble) -> None:
        """Something was not remembered, or a conversation not summarized."""


class CallMemory:
    """`voi.session.memory.PersonMemory` of one call. `redact`: takes out of a text what its agent does not want to be
    kept."""

    def __init__(
        self,
        call: Call,
        agent: Agent,
        store: MemoryStore,
        metrics: MemoryMetrics,
        redact: Callable[[str], str],
        clock_ms: Callable[[], int],
    ) -> None:
        self._call = call
        self.agent = agent
        """The agent that has the conversation now, and its name in the store."""
        self.name = call.agent_name or OWN_AGENT
        self._store = store
        self._metrics = metrics
        self._redact = redact
        self._clock_ms = clock_ms
        self._facts = 0

    def follow(self, agent: Agent, name: str) -> None:
        """See `PersonMemory`."""
        self.agent, self.name = agent, name

    async def recall(self) -> str:
        """See `PersonMemory`."""
        call, wanted = self._call, self.agent.memory
        if wanted is None:
            return ""
        items = await self._store.recall(call.app, call.person)
        return note_of(items, wanted, self.name, proven=call.proof.proven)

    async def remember(self, fact: str) -> str:
        """See `PersonMemory`."""
        if self.agent.memory is None or not self.agent.memory.facts:
            raise ClientError("This agent remembers no facts.")
        if not self._call.proof.proven:
            raise ClientError("Nothing is kept, because it is not proven who the person is.")
        text = self._redact(" ".join(fact.split()))
        if not text or len(text) > FACT_MAX_CHARACTERS:
            raise ClientError(f"A fact to be remembered has 1 to {FACT_MAX_CHARACTERS} characters.")
        if self._facts >= FACTS_MAX:
            if self._facts == FACTS_MAX:
                self._facts += 1
                log.warning("the agent wants to keep more than %d facts in one call: no more are kept", FACTS_MAX)
            raise ClientError(f"Nothing more is kept: there are {FACTS_MAX} facts of this conversation already.")
        item = MemoryItem(uuid4().hex, "fact", text, self._clock_ms(), self.name)
        try:
            kept = await self._store.remember(self._call.id, item)
        except RowRefused as error:
            self._metrics.memory_failed("remember")
            log.warning("a fact about the person is not kept: %s", error)
            raise ClientError(str(error)) from None
        except StoreError as error:
            self._metrics.memory_failed("remember")
            log.error("a fact about the person could not be kept: %s", error)
            raise ClientError("It could not be kept at the moment.") from None
        if not kept:
            raise ClientError("Nothing is kept: what was known of the person was deleted.")
        self._facts += 1
        return "It is remembered."


class Memories:
    """The memories of all calls of a server. `store` None: nothing is remembered. `llm` returns the language models,
    once they run, `provider_of` the engine of a model. `on_use`: told what a summary used, with app and agent.
    `why_not`: why an app may use no more; "": it may."""

    def __init__(
        self,
        store: MemoryStore | None,
        llm: Callable[[], Llm | None],
        provider_of: Callable[[str], str],
        on_use: Callable[[str, str, Use], None],
        why_not: Callable[[str], str],
        metrics: MemoryMetrics,
        context_tokens: Callable[[str], int] = lambda model: 0,
        clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._store = store
        self._llm = llm
        self._provider_of = provider_of
        self._on_use = on_use
        self._why_not = why_not
        self._metrics = metrics
        self._context_tokens = context_tokens
        self._clock_ms = clock_ms
        self._gate = asyncio.Semaphore(AT_ONCE_MAX)
        self._waiting = 0

    def of(self, call: Call | None, agent: Agent) -> CallMemory | None:
        """The memory of a call that begins with that agent; None if nothing can be remembered in it. When the call is
        over, it is summarized if the agent that has it then remembers."""
        if self._store is None or call is None or not call.person:
            return None
        redaction = redaction_of(agent)
        redact: Callable[[str], str] = redaction.text if redaction else str
        memory = CallMemory(call, agent, self._store, self._metrics, redact, self._clock_ms)

        async def afterwards(kept: Kept) -> None:
            await self._summarize(call, memory, redaction, kept)

        call.afterwards.append(afterwards)
        return memory

    # ---- afterwards -------------------------------------------------------------------------------

    async def _summarize(self, call: Call, memory: CallMemory, redaction: Redaction | None, kept: Kept) -> None:
        """Summarize the call, which is over, and keep that. What was said on another day was summarized then. Never
        raises EngineError or StoreError."""
        conversation_id.set(call.id)
        wanted = memory.agent.memory
        said = [each for each in kept.messages if each.message_id >= kept.first_id]
        if wanted is None or not (wanted.summaries and call.proof.proven and _has_words_of_the_person(said)):
            return
        if why_not := self._why_not(call.app):
            log.warning("the conversation is not summarized for the person's next one: %s", why_not)
            return
        if self._waiting >= WAITING_MAX:
            self._fail(f"{WAITING_MAX} others wait to be summarized")
            return
        messages, earlier = tuple(each.message for each in said), kept.summary_of_today
        if redaction:
            messages, earlier = redaction.messages(messages), redaction.text(earlier)
        model = wanted.model or memory.agent.llm_model
        task = SummaryTask(
            model, NEXT_TIME, messages, earlier, wanted.summary_max_characters, self._context_tokens(model),
            with_tools=False,
        )  # fmt: skip
        self._waiting += 1
        try:
            async with self._gate:
                text = await self._written(call, memory.name, redaction, task)
            if text:
                await self._keep(call, memory.name, text)
        except (EngineError, StoreError) as error:
            self._fail(str(error))
        except asyncio.CancelledError:
            self._fail("the server stops")
            raise
        finally:
            self._waiting -= 1

    async def _written(self, call: Call, agent: str, redaction: Redaction | None, task: SummaryTask) -> str:
        llm = self._llm()
        if llm is None:
            return ""
        metering = Metering(self._provider_of, lambda use: self._on_use(call.app, agent, use))
        text = await summarize(
            MeteredLlm(llm, metering), task, ATTEMPTS,
            lambda error: log.warning("a summary of the conversation is tried again: %s", error),
        )  # fmt: skip
        return redaction.text(text) if redaction else text

    async def _keep(self, call: Call, agent: str, text: str) -> None:
        assert self._store is not None
        item = MemoryItem(call.id, "summary", text, self._clock_ms(), agent)
        for pause_s in KEEP_PAUSES_S:
            with suppress(StoreError):
                if await self._store.remember(call.id, item, call.began_ms):
                    return
            await asyncio.sleep(pause_s)
        if not await self._store.remember(call.id, item, call.began_ms):
            log.info("the conversation's summary is not kept: what was stored of it, or remembered, was deleted")

    def _fail(self, why: str) -> None:
        self._metrics.memory_failed("summary")
        log.error("the conversation is not summarized for the person's next one: %s", why)


def _has_words_of_the_person(said: Sequence[KeptMessage]) -> bool:
    return any(each.message.role == "user" and each.message.text.strip() for each in said)
