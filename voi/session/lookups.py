"""Looks up what the person talks about while they talk, so that an answer has its excerpts when it begins.

Each partial transcript that has new words is looked up. When the answer to the whole words is begun, it is usually
found already; else the search takes its milliseconds then. Excerpts stand in the request for that answer alone: they
never enter the history, and those of words that came otherwise are dropped.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from voi.core.tokens import estimated_tokens
from voi.core.words import same_words
from voi.core.words import words as words_of
from voi.dialogue import Message, Text
from voi.errors import EngineError
from voi.knowledge.collection import KnowledgeCollection, Query
from voi.knowledge.excerpts import as_result, with_excerpts
from voi.knowledge.index import Passage
from voi.session.failure import Failure
from voi.session.metering import Metering
from voi.tasks import Tasks
from voi.use import Use

WAIT_S = 0.25
"""An answer waits so long for a search by words that is not done yet. Then it goes without."""
REST_S = 10.0
"""An embedding model that failed is not asked again for so long: words decide meanwhile."""
SEARCH_TIMEOUT_S = 8.0
"""For a search that the model asked for."""

Ranking = list[int]


@dataclass(frozen=True, slots=True)
class LookedUp:
    """A search of files whose passages the model was given. `reply`: the answer; 0 for a tool, whose result stays.
    `use`: put into the request, or asked for by the model. `sources`: where the passages are from; none: nothing fits.
    `characters`: their length. `took_ms`: how long the answer waited. `early`: found while the person spoke."""

    reply: int
    use: Literal["context", "tool"]
    sources: tuple[str, ...]
    characters: int
    took_ms: int
    early: bool = False


class Lookups:
    """Those of one agent in one conversation. `on_lookup` is told of each search for an answer, and `on_failure` when
    meaning or time failed; an answer goes on without. `said`: returns the person's two newest messages, the newest
    first. `metering` counts what an embedding model is asked."""

    __slots__ = (
        "_collection", "_meaning", "_metering", "_on_failure", "_on_lookup", "_rests_until_s", "_said", "_tasks",
        "_words",
    )  # fmt: skip

    def __init__(
        self,
        collection: KnowledgeCollection,
        tasks: Tasks,
        said: Callable[[], Sequence[str]],
        on_lookup: Callable[[LookedUp], None],
        on_failure: Callable[[Failure], None],
        metering: Metering | None = None,
    ) -> None:
        self._collection = collection
        self._tasks = tasks
        self._said = said
        self._on_lookup = on_lookup
        self._on_failure = on_failure
        self._rests_until_s = 0.0
        self._words = _Newest(collection.rank_by_words, tasks, "lookup")
        self._metering = metering
        self._meaning = _Newest(self._rank_by_meaning, tasks, "lookup by meaning")

    # ---- before the answer --------------------------------------------------------------------------

    def hear(self, words: str) -> None:
        """The person has said this so far."""
        if not self._collection.knowledge.context or not words.strip():
            return
        asked = self._query(words)
        self._words.want(asked)
        if self._collection.by_meaning and _now_s() >= self._rests_until_s:
            self._meaning.want(asked)

    async def with_excerpts(self, reply: int, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """The messages of a request for that reply, with excerpts before the person's last words. Waits no longer than
        `WAIT_S`, and not at all if the words were heard before."""
        at = next((at for at in range(len(messages) - 1, -1, -1) if messages[at].role == "user"), -1)
        if at < 0 or not self._collection.knowledge.context or not messages[at].text.strip():
            return messages
        began_s = _now_s()
        asked = self._query(messages[at].text)
        early = self._words.has(asked)
        try:
            async with asyncio.timeout(WAIT_S):
                by_words = await self._words.of(asked)
                by_meaning = self._meaning.nearest(asked) if self._collection.by_meaning else []
                passages = await self._collection.chosen([by_words, by_meaning])
        except TimeoutError:
            self._failed("it took too long; the answer goes without excerpts.", began_s)
            return messages
        took_ms = round((_now_s() - began_s) * 1_000)
        self._on_lookup(LookedUp(reply, "context", sources_of(passages), size_of(passages), took_ms, early))
        if not passages:
            return messages
        said = messages[at]
        parts = (Text(with_excerpts(said.text, passages)), *(p for p in said.parts if not isinstance(p, Text)))
        return (*messages[:at], Message(said.role, parts), *messages[at + 1 :])

    def _query(self, words: str) -> Query:
        """A query for these words, which may be the newest message already or become it."""
        earlier = [*self._said(), "", ""]
        return Query(words, earlier[1] if same_words(earlier[0], words) else earlier[0])

    async def _rank_by_meaning(self, query: Query) -> Ranking:
        """Empty if the model fails."""
        began_s = _now_s()
        try:
            ranking = await self._collection.rank_by_meaning(query)
        except EngineError as error:
            self._rests_until_s = _now_s() + REST_S
            self._failed(str(error), began_s)
            return []
        model = self._collection.knowledge.embeddings
        if model and self._metering:
            tokens = estimated_tokens([query.before, query.words])
            took_ms = round((_now_s() - began_s) * 1_000)
            provider = self._metering.provider_of(model)
            self._metering.on_use(Use("llm", provider, model, tokens, estimated=True, took_ms=took_ms))
        return ranking

    # ---- the model asks -----------------------------------------------------------------------------

    async def search(self, query: str) -> str:
        """The result of a search that the model asked for, as a text for it. Raises EngineError."""
        began_s = _now_s()
        try:
            async with asyncio.timeout(SEARCH_TIMEOUT_S):
                asked = Query(query)
                rankings = await asyncio.gather(self._words.of(asked), self._rank_by_meaning(asked))
                passages = await self._collection.chosen(rankings)
        except TimeoutError:
            raise EngineError("The search took too long.", retryable=True) from None
        took_ms = round((_now_s() - began_s) * 1_000)
        self._on_lookup(LookedUp(0, "tool", sources_of(passages), size_of(passages), took_ms))
        return as_result(passages)

    def _failed(self, what: str, began_s: float) -> None:
        took_ms = round((_now_s() - began_s) * 1_000)
        model = self._collection.knowledge.embeddings or ""
        self._on_failure(Failure("knowledge", "knowledge", model, what, took_ms))


class _Newest:
    """One search at a time, always of what was wanted last: what was wanted meanwhile and is old is left out."""

    __slots__ = ("_asked", "_found", "_name", "_search", "_task", "_tasks")

    def __init__(
        self,
        search: Callable[[Query], Awaitable[Ranking]],
        tasks: Tasks,
        name: str,
    ) -> None:
        self._search = search
        self._tasks = tasks
        self._name = name
        self._asked: Query | None = None
        self._found: tuple[Query, Ranking] | None = None
        self._task: asyncio.Task[None] | None = None

    def want(self, asked: Query) -> None:
        if self._asked is None or not _same(self._asked, asked):
            self._asked = asked
            if self._task is None or self._task.done():
                self._task = self._tasks.start(self._look(), self._name)

    async def _look(self) -> None:
        while (asked := self._asked) is not None and not self.has(asked):
            self._found = asked, await self._search(asked)

    def has(self, asked: Query) -> bool:
        """Whether this was found already."""
        return self._found is not None and _same(self._found[0], asked)

    async def of(self, asked: Query) -> Ranking:
        """What is found for it: now, if it was wanted before."""
        if self._task is not None and self._asked is not None and _same(self._asked, asked) and not self.has(asked):
            await asyncio.wait({self._task})
        if not self.has(asked):
            return await self._search(asked)
        assert self._found is not None
        return self._found[1]

    def nearest(self, asked: Query) -> Ranking:
        """What was found for the greater part of these words, or all; [] if nothing was."""
        if self._found is None:
            return []
        earlier, now = words_of(self._found[0].words), words_of(asked.words)
        part = len(earlier) * 2 >= len(now) and now[: len(earlier)] == earlier
        return self._found[1] if part and self._found[0].before == asked.before else []


def sources_of(passages: list[Passage]) -> tuple[str, ...]:
    """Where the passages are from, each once: "prices.pdf, page 3"."""
    return tuple(dict.fromkeys(f"{each.source}, {each.place}" if each.place else each.source for each in passages))


def size_of(passages: list[Passage]) -> int:
    """Characters of the passages together."""
    return sum(len(each.words) for each in passages)


def _same(a: Query, b: Query) -> bool:
    return a.before == b.before and same_words(a.words, b.words)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
