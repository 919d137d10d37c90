"""What one agent draws on: its passages, found by words and, with an embedding model, by meaning."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import ParamSpec, TypeVar

import numpy as np

from voi.config.knowledge import Knowledge
from voi.errors import EngineError
from voi.knowledge.index import Passage, PassageIndex
from voi.knowledge.vectors import Embed, VectorIndex

RRF_RANK = 60
"""The constant of reciprocal rank fusion: how little the first ranks differ (Cormack, Clarke and Büttcher, 2009)."""
CANDIDATES = 20
"""Passages of each ranking that are fused."""
BEFORE_WEIGHT = 0.5
"""Of what the person said in the turn before: "and at weekends?" needs it, and a new topic outdoes it."""
MEANING_TIMEOUT_S = 5.0

_SEARCHES = ThreadPoolExecutor(2, "voi-knowledge")
"""For all conversations. Each has at most two searches at once."""
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked up: what the person says, and what they said in the turn before."""

    words: str
    before: str = ""


class KnowledgeCollection:
    """Immutable; shared by the conversations of all agents with the same files. `vectors` and `embed`: None without an
    embedding model."""

    def __init__(
        self,
        knowledge: Knowledge,
        index: PassageIndex,
        vectors: VectorIndex | None = None,
        embed: Embed | None = None,
    ) -> None:
        self.knowledge = knowledge
        self.index = index
        self._vectors = vectors
        self._embed = embed

    @property
    def by_meaning(self) -> bool:
        """Whether it is searched by meaning, too."""
        return self._vectors is not None

    async def rank_by_words(self, asked: Query) -> list[int]:
        """Numbers of the passages that have the words, the best first. Takes milliseconds."""
        return await _run(self._rank_by_words, asked)

    def _rank_by_words(self, asked: Query) -> list[int]:
        now = self.index.search(asked.words, CANDIDATES)
        if not asked.before.strip():
            return now
        return fused([(1.0, now), (BEFORE_WEIGHT, self.index.search(asked.before, CANDIDATES))])

    async def rank_by_meaning(self, asked: Query) -> list[int]:
        """The same by meaning: asks the embedding model. Raises EngineError if that fails or is slow. Empty without
        one."""
        vectors, embed, model = self._vectors, self._embed, self.knowledge.embeddings
        if vectors is None or embed is None or model is None:
            return []
        try:
            async with asyncio.timeout(MEANING_TIMEOUT_S):
                made = await embed(model, [" ".join([asked.before, asked.words]).strip()])
        except TimeoutError:
            raise EngineError(f"The embedding model {model[:80]!r} did not answer in time.", retryable=True) from None
        if made.ndim != 2 or len(made) != 1:
            raise EngineError(f"The embedding model {model[:80]!r} did not give one vector.")
        return await _run(vectors.search, np.asarray(made[0], np.float32), CANDIDATES)

    async def chosen(self, rankings: Sequence[Sequence[int]]) -> list[Passage]:
        """The best passages of these rankings together, within the limits of the agent. A passage that does not fit is
        cut at a word if it is the first, and else left out with all after it."""
        numbers = fused([(1.0, ranking) for ranking in rankings])[: self.knowledge.max_passages]
        return within(await _run(self.index.passages, numbers), self.knowledge.max_characters) if numbers else []

    async def search(self, asked: Query) -> list[Passage]:
        """The passages that fit, the best first. Raises EngineError if it is to search by meaning and cannot."""
        return await self.chosen(await asyncio.gather(self.rank_by_words(asked), self.rank_by_meaning(asked)))


def fused(rankings: Sequence[tuple[float, Sequence[int]]]) -> list[int]:
    """One ranking made of several, each with a weight, by reciprocal rank fusion."""
    scores = dict.fromkeys(chain.from_iterable(ranking for _, ranking in rankings), 0.0)
    for weight, ranking in rankings:
        for rank, number in enumerate(ranking, 1):
            scores[number] += weight / (RRF_RANK + rank)
    return sorted(scores, key=lambda number: (-scores[number], number))


def within(passages: Sequence[Passage], max_characters: int) -> list[Passage]:
    """As many of the first passages as have so many characters together."""
    chosen: list[Passage] = []
    left = max_characters
    for passage in passages:
        if len(passage.words) > left:
            if not chosen:
                cut = passage.words[:left].rsplit(None, 1)[0]
                chosen.append(Passage(passage.source, passage.place, cut))
            break
        chosen.append(passage)
        left -= len(passage.words)
    return chosen


async def _run(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return await asyncio.get_running_loop().run_in_executor(_SEARCHES, lambda: work(*args, **kwargs))
