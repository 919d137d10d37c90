"""Eliza (Weizenbaum 1966) from nltk: an agent that needs no language model.

Matching patterns takes about 0.1 ms, so she answers on the event loop. The package nltk imports everything that it has,
and where they are installed scipy and scikit-learn besides: seconds, and 100 MB. Her two modules need none of it, so
they are loaded without their package, in a thread, and only when an agent uses her.
"""

import asyncio
import random
import re
import sys
import threading
import unicodedata
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from voi.engines.base import Finished, LlmEvent, LlmRequest, TextDelta
from voi.engines.info import Licences, LlmInfo
from voi.engines.llm.echo import WORDS_PER_DELTA

MAX_CHARS = 300
"""Her patterns are made for one sentence; longer texts only cost time."""
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_LOADING = threading.Lock()
_DELTAS = re.compile(rf"(?:\S+\s*){{1,{WORDS_PER_DELTA}}}")


class Eliza:
    """Answers the last sentence of the last user message. `seed`: with it the same questions get the same answers."""

    name = "eliza"
    info = LlmInfo("eliza", licences=Licences("Apache-2.0 (nltk)", ""))

    def __init__(self, *, seed: int | None = None) -> None:
        self._random = random.Random(seed)
        self._chat: Any = None

    async def warm_up(self) -> None:
        if self._chat is None:
            self._chat = await asyncio.to_thread(self._load)

    async def close(self) -> None:
        """Nothing to release."""

    def _load(self) -> Any:
        util, eliza = _modules()
        patterns = [(pattern, _Drawn(answers, self._random)) for pattern, answers in eliza.pairs]
        return util.Chat(patterns, util.reflections)

    async def stream(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        """See `Llm.stream`."""
        await self.warm_up()
        text = next((message.text for message in reversed(request.messages) if message.role == "user"), "")
        for words in _DELTAS.finditer(self._answer(text)):
            yield TextDelta(words.group())
        yield Finished()

    def _answer(self, text: str) -> str:
        # NFKC, since her patterns match "ſ" as an s, but her table of reflections ("I was") does not.
        sentence = _SENTENCE_END.split(unicodedata.normalize("NFKC", text.strip()))[-1][-MAX_CHARS:]
        # nltk fills in answers at "%1": it would fill in a percent sign in the person's own words again, without end.
        sentence = sentence.replace("’", "'").replace("%", " percent ").rstrip(" .!…")
        return " ".join(str(self._chat.respond(sentence)).split())


def _modules() -> tuple[ModuleType, ModuleType]:
    """nltk.chat.util and nltk.chat.eliza. Raises ImportError."""
    with _LOADING:
        if "nltk" not in sys.modules and (found := find_spec("nltk")) is not None and found.origin is not None:
            with suppress(ImportError), _empty_packages(Path(found.origin).parent):
                return import_module("nltk.chat.util"), import_module("nltk.chat.eliza")
        return import_module("nltk.chat.util"), import_module("nltk.chat.eliza")


@contextmanager
def _empty_packages(folder: Path) -> Iterator[None]:
    """Meanwhile nltk, which lies in that folder, and nltk.chat import nothing but what is asked for. Code that
    wants nltk itself gets the real one afterwards."""
    try:
        for name, place in (("nltk", folder), ("nltk.chat", folder / "chat")):
            package = sys.modules[name] = ModuleType(name)
            package.__path__ = [str(place)]
        yield
    finally:
        for name in list(sys.modules):  # a copy at one go: other threads import other engines meanwhile
            if name.partition(".")[0] == "nltk":
                del sys.modules[name]


class _Drawn(Sequence[str]):
    """A sequence of one answer, drawn again each time. nltk draws from the global random generator; this one can be
    seeded."""

    def __init__(self, answers: Sequence[str], source: random.Random) -> None:
        self._answers = answers
        self._random = source

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: Any) -> Any:
        return self._random.choice(self._answers)
