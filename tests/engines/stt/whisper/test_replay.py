"""The streaming policy over recorded hypotheses of a real Whisper (tiny.en), which changes its mind as it hears more.

The recordings are of growing sound without a prefix; where the policy forces one, the words follow that come after what
is closest to it. One after the other they are longer than a window may be, so that the policy has to cut."""

import json
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from itertools import pairwise, permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engines.sounds import sound
from voi.engines.stt.hallucination import bare
from voi.engines.stt.whisper.decoding_state import DecodingState, PassWindow
from voi.engines.stt.whisper.passes import BYTES_PER_MS, Hypothesis, Pass
from voi.engines.stt.whisper.sound import to_ms, to_samples
from voi.engines.stt.whisper.stream import PARTIAL_EVERY_MS, TAIL_WITHOUT_PARTIALS_MS
from voi.engines.stt.whisper.words import RawWord, text_of

DATA = Path(__file__).parent / "data"
NAMES = ("jfk", "austen-0870", "spk1_snt1")
STEP_MS = 100
LONG = (*NAMES, "jfk", "austen-0870")
"""39 s."""
SETTLED_MS = 500
"""A word is stable when all hypotheses say it that heard so much after it."""


@dataclass(frozen=True)
class Recording:
    by_end: dict[int, tuple[RawWord, ...]]

    def heard_by(self, end_ms: int) -> tuple[RawWord, ...]:
        return self.by_end[max((end for end in self.by_end if end <= end_ms), default=min(self.by_end))]

    @property
    def final(self) -> tuple[RawWord, ...]:
        return self.by_end[max(self.by_end)]

    def stable(self) -> list[RawWord]:
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
    return Recording(
        {end: tuple(RawWord(text, (), start, stop) for text, start, stop in words) for end, words in lines}
    )


@cache
def joined(names: tuple[str, ...]) -> Recording:
    """As if they were one: each hypothesis behind the last one of what was said before."""
    by_end: dict[int, tuple[RawWord, ...]] = {}
    before: tuple[RawWord, ...] = ()
    offset_ms = 0
    for name in names:
        length_ms = len(sound(name)) // BYTES_PER_MS
        for end, words in recording(name).by_end.items():
            by_end[offset_ms + min(end, length_ms)] = (*before, *(word.later(offset_ms) for word in words))
        offset_ms += length_ms
        before = by_end[offset_ms]
    return Recording(by_end)


@cache
def stable_in(names: tuple[str, ...]) -> list[str]:
    return [part for name in names for word in recording(name).stable() for part in bare(word.text).split()]


def _middle(word: RawWord) -> float:
    return (word.start_ms + word.end_ms) / 2


def _same_place(one: RawWord, other: RawWord) -> bool:
    return bare(one.text) == bare(other.text) and abs(_middle(one) - _middle(other)) < 350


def replay(recorded: Recording, window: PassWindow, each: Pass) -> Hypothesis:
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


@dataclass
class Listened:
    text: str
    confirmed: list[str]
    """On the way, after each pass."""
    cuts: int
    """How often the window's beginning moved on."""


def listen_to(names: tuple[str, ...], chunks_ms: list[int], every_ms: int) -> Listened:
    """A pass whenever so much is new, and at the end as many as it takes."""
    pcm, recorded = b"".join(map(sound, names)), joined(names)
    decoding = DecodingState(language="en", prompt="")
    listened = Listened("", [], 0)

    def hear(may_be_final: bool) -> None:
        window, each = decoding.next_pass(may_be_final=may_be_final)
        decoding.take(window, replay(recorded, window, each), may_be_final=may_be_final)
        listened.confirmed.append(decoding.transcript().confirmed)
        listened.cuts += decoding.sound.start > window.start

    at, count = 0, 0
    while at < len(pcm):
        size = chunks_ms[count % len(chunks_ms)] * BYTES_PER_MS
        decoding.sound.feed(pcm[at : at + size], True)
        at, count = at + size, count + 1
        if decoding.heard - decoding.tried >= to_samples(every_ms):
            hear(may_be_final=False)
    while decoding.covered < decoding.heard:
        hear(may_be_final=True)
    listened.text = decoding.text()
    return listened


def check(names: tuple[str, ...], listened: Listened) -> None:
    words, final = bare(listened.text).split(), bare(text_of(joined(names).final)).split()
    # In order, each stable word is there; where hypotheses differ, no more than a word or two is added or missing.
    rest = iter(words)
    assert all(word in rest for word in stable_in(names)), f"lost: {listened.text}"
    assert abs(len(words) - len(final)) <= 2, f"doubled or lost: {listened.text}"
    assert SequenceMatcher(None, words, final, autojunk=False).ratio() > 0.85, listened.text
    for earlier, later in pairwise([*listened.confirmed, listened.text]):
        assert later.startswith(earlier)


@pytest.mark.parametrize("name", NAMES)
@given(chunks_ms=st.lists(st.integers(20, 700), min_size=1, max_size=8), every_ms=st.integers(PARTIAL_EVERY_MS, 3_000))
def test_no_word_lost_or_doubled_at_any_chunking(name: str, chunks_ms: list[int], every_ms: int) -> None:
    check((name,), listen_to((name,), chunks_ms, every_ms))


@settings(deadline=None, max_examples=25)
@given(
    chunks_ms=st.lists(st.integers(20, 700), min_size=1, max_size=8),
    every_ms=st.integers(PARTIAL_EVERY_MS, TAIL_WITHOUT_PARTIALS_MS),
)
def test_nor_where_windows_are_cut(chunks_ms: list[int], every_ms: int) -> None:
    listened = listen_to(LONG, chunks_ms, every_ms)
    check(LONG, listened)
    assert listened.cuts > 1


@pytest.mark.parametrize("names", sorted(set(permutations(LONG))))
def test_nor_where_all_waits_for_one_flush(names: tuple[str, ...]) -> None:
    """More than a window holds: its words are confirmed, agreed upon or not, and it moves on. Wherever its end is."""
    listened = listen_to(names, [1_000], 60_000)
    check(names, listened)
    assert listened.cuts


def test_most_words_are_stable_so_the_test_above_says_something() -> None:
    for name in NAMES:
        assert len(recording(name).stable()) > 0.6 * len(recording(name).final)
