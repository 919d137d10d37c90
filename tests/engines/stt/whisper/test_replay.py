"""The streaming policy over recorded hypotheses of a real Whisper (tiny.en), which changes its mind as it hears more.

The recordings are of growing sound without a prefix; where the policy forces one, the words follow that come after what
is closest to it."""

import json
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engines.sounds import sound
from voi.engines.stt.phantom import bare
from voi.engines.stt.whisper.listening import Listening, Window
from voi.engines.stt.whisper.passes import BYTES_PER_MS, Hypothesis, Pass
from voi.engines.stt.whisper.sound import to_ms, to_samples
from voi.engines.stt.whisper.stream import PARTIAL_EVERY_MS
from voi.engines.stt.whisper.words import Word, text_of

DATA = Path(__file__).parent / "data"
NAMES = ("jfk", "austen-0870", "spk1_snt1")
STEP_MS = 100
SETTLED_MS = 500
"""A word is stable when all hypotheses say it that heard so much after it."""


@dataclass(frozen=True)
class Recording:
    by_end: dict[int, tuple[Word, ...]]

    def heard_by(self, end_ms: int) -> tuple[Word, ...]:
        return self.by_end[max((end for end in self.by_end if end <= end_ms), default=min(self.by_end))]

    @property
    def final(self) -> tuple[Word, ...]:
        return self.by_end[max(self.by_end)]

    def stable(self) -> list[Word]:
        """Words of the last hypothesis that no hypothesis contradicts which heard them well."""
        return [
            word
            for word in self.final
            if all(
                any(_same_place(word, other) for other in words)
                for end, words in self.by_end.items()
                if end >= word.end_ms + SETTLED_MS
            )
        ]


@cache
def recording(name: str) -> Recording:
    lines = (json.loads(line) for line in (DATA / f"{name}.jsonl").read_text().splitlines())
    return Recording({end: tuple(Word(text, (), start, stop) for text, start, stop in words) for end, words in lines})


def _middle(word: Word) -> float:
    return (word.start_ms + word.end_ms) / 2


def _same_place(one: Word, other: Word) -> bool:
    return bare(one.text) == bare(other.text) and abs(_middle(one) - _middle(other)) < 350


def replay(recorded: Recording, window: Window, each: Pass) -> Hypothesis:
    start_ms = to_ms(window.start)
    words = [word for word in recorded.heard_by(to_ms(window.end)) if _middle(word) > start_ms]
    after = continuation([bare(word.text) for word in each.prefix], [bare(word.text) for word in words])
    return Hypothesis(tuple(word.later(-start_ms) for word in words[after:]))


def continuation(prefix: list[str], words: list[str]) -> int:
    """How many of the words the prefix stands for: where the two are closest, by edit distance."""
    costs = list(range(len(words) + 1))
    for wanted in prefix:
        row = [costs[0] + 1]
        for at, word in enumerate(words):
            row.append(min(costs[at] + (word != wanted), costs[at + 1] + 1, row[at] + 1))
        costs = row
    return len(costs) - 1 - costs[::-1].index(min(costs))


def listen_to(name: str, chunks_ms: list[int], every_ms: int) -> tuple[str, list[str]]:
    """The final text and each confirmed text on the way; a pass whenever so much is new, a last one at the end."""
    pcm, recorded = sound(name), recording(name)
    listening = Listening(language="en", prompt="")
    confirmed, at, count = [], 0, 0
    while at < len(pcm):
        size = chunks_ms[count % len(chunks_ms)] * BYTES_PER_MS
        listening.sound.feed(pcm[at : at + size], True)
        at, count = at + size, count + 1
        if listening.heard - listening.tried >= to_samples(every_ms):
            window, each = listening.next_pass(may_be_final=False)
            listening.take(window, replay(recorded, window, each), may_be_final=False)
            confirmed.append(listening.transcript().confirmed)
    window, each = listening.next_pass(may_be_final=True)
    listening.take(window, replay(recorded, window, each), may_be_final=True)
    return listening.text(), confirmed


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=40)
@given(chunks_ms=st.lists(st.integers(20, 700), min_size=1, max_size=8), every_ms=st.integers(PARTIAL_EVERY_MS, 3_000))
def test_no_word_lost_or_doubled_at_any_chunking(name: str, chunks_ms: list[int], every_ms: int) -> None:
    text, confirmed = listen_to(name, chunks_ms, every_ms)
    words, final = bare(text).split(), bare(text_of(recording(name).final)).split()
    stable = [part for word in recording(name).stable() for part in bare(word.text).split()]
    # In order, each stable word is there; where hypotheses differ, no more than a word or two is added or missing.
    rest = iter(words)
    assert all(word in rest for word in stable), f"lost: {text}"
    assert abs(len(words) - len(final)) <= 2, f"doubled or lost: {text}"
    assert SequenceMatcher(None, words, final, autojunk=False).ratio() > 0.85, text
    for earlier, later in pairwise([*confirmed, text]):
        assert later.startswith(earlier)


def test_most_words_are_stable_so_the_test_above_says_something() -> None:
    for name in NAMES:
        assert len(recording(name).stable()) > 0.6 * len(recording(name).final)
