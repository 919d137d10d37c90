"""Holds a reply back until a control agent that is an LLM has passed it, sentence by sentence and in order.

The voice speaks what was passed while later sentences are still judged. Up to `JUDGED_AT_ONCE` sentences are judged at
the same time, so a judge that takes no longer than a sentence is spoken makes no gap.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable

from voi.config.classifiers import ControlAgent
from voi.dialogue import ReplySegment
from voi.engines.base import Llm
from voi.errors import EngineError
from voi.session.failure import JudgeFailed
from voi.session.llm_checks import is_denial
from voi.tasks import Tasks

JUDGED_AT_ONCE = 3
CONTEXT_MAX_CHARACTERS = 500
"""How much of what precedes a sentence the judge is shown: "No, I can't." alone says little."""

_SENTENCE_END = re.compile(r"[.!?…。！？।؟][\"'”’»)\]*_\s]*\Z|\n\s*\Z")


def ends_sentence(text: str) -> bool:
    """Whether a sentence ends with the text."""
    return _SENTENCE_END.search(text) is not None


class SentenceJudge:
    """`put` pieces; those that pass are given to `release`. `passed` waits for the rest. Always `close` it.
    `on_unread`: called once if an answer of the control agent names no class; the sentence passes then."""

    __slots__ = ("_before", "_control", "_llm", "_on_unread", "_pieces", "_releasing", "_room", "_tasks", "_waiting")

    def __init__(
        self,
        llm: Llm,
        control: ControlAgent,
        release: Callable[[list[ReplySegment]], Awaitable[None]],
        on_unread: Callable[[], None],
    ) -> None:
        self._on_unread: Callable[[], None] | None = on_unread
        self._llm = llm
        self._control = control
        self._pieces: list[ReplySegment] = []
        """Pieces of the sentence that is not complete yet."""
        self._before: list[str] = []
        """The sentences before it, as far as the judge is shown them."""
        self._room = asyncio.Semaphore(JUDGED_AT_ONCE)
        self._waiting: asyncio.Queue[tuple[list[ReplySegment], asyncio.Task[bool | EngineError]] | None]
        self._waiting = asyncio.Queue()  # bounded by the longest reply
        self._tasks = Tasks()
        self._releasing = self._tasks.start(self._release_in_order(release), "releasing sentences")

    @property
    def is_over(self) -> bool:
        """A sentence was denied, or the judge failed: nothing more is released."""
        return self._releasing.done()

    def put(self, pieces: list[ReplySegment]) -> None:
        """Have the pieces judged as soon as their sentence is complete."""
        for piece in pieces:
            self._pieces.append(piece)
            if ends_sentence(piece.text):
                self._ask()

    async def passed(self) -> bool:
        """The reply is complete: wait until all of it is judged and released. False: it is a denial. Raises
        JudgeFailed."""
        self._ask()
        self._waiting.put_nowait(None)
        verdict = await self._releasing
        if isinstance(verdict, EngineError):
            raise JudgeFailed(self._control.model, verdict) from verdict
        return not verdict

    async def close(self) -> None:
        await self._tasks.close()

    def _ask(self) -> None:
        sentence, self._pieces = self._pieces, []
        text = "".join(piece.text for piece in sentence)
        if not text.strip():
            return
        while sum(map(len, self._before)) > CONTEXT_MAX_CHARACTERS:
            del self._before[0]
        self._before.append(text)
        shown = "".join(self._before).strip()
        self._waiting.put_nowait((sentence, self._tasks.start(self._judged(shown), "judging a sentence")))

    async def _judged(self, text: str) -> bool | EngineError:
        """True: a denial. An error is returned, because the sentences before it may still be released."""
        async with self._room:
            try:
                denied = await is_denial(self._llm, self._control, text)
            except EngineError as error:
                return error
        if denied is None and self._on_unread is not None:
            self._on_unread()
            self._on_unread = None
        return bool(denied)

    async def _release_in_order(self, release: Callable[[list[ReplySegment]], Awaitable[None]]) -> bool | EngineError:
        """Release what passes, until the first sentence that does not; its verdict is returned."""
        while (waiting := await self._waiting.get()) is not None:
            sentence, judged = waiting
            if verdict := await judged:
                return verdict
            await release(sentence)
        return False
