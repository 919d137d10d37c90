"""One form for every voice: texts in as they come, sound and word times out."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from voi.dialogue import SpokenWord
from voi.engines.base import TextSpoken, VoiceSpec
from voi.engines.info import TtsInfo
from voi.engines.tts.adapter import TtsAdapter, just, one_text, parts_of, sound_of
from voi.errors import EngineError

LOUD_MS = b"\x00\x10" * 24
QUIET_MS = bytes(48)


class Sentences:
    """A voice that takes a sentence at a time, 10 ms a letter."""

    def __init__(self, **info: Any) -> None:
        self.info = TtsInfo("sentences", **info)
        self.said: list[str] = []
        self.open = 0

    async def warm_up(self) -> None: ...
    async def close(self) -> None: ...

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes | SpokenWord]:
        self.said.append(text)
        self.open += 1
        try:
            if text == "told":
                yield SpokenWord("told", 0, 5)
            yield LOUD_MS * (10 * len(text) - 1) + LOUD_MS[:47]
            yield LOUD_MS[47:]
        finally:
            self.open -= 1


async def texts(*all_of_them: str) -> AsyncIterator[str]:
    for text in all_of_them:
        yield text


async def spoken(tts: Any, *said: str) -> tuple[int, list[TextSpoken]]:
    """Length of the sound in ms, and the texts."""
    speech = [item async for item in TtsAdapter(tts).speak(texts(*said), VoiceSpec())]
    sound = [item for item in speech if isinstance(item, bytes)]
    assert all(len(pcm) % 2 == 0 for pcm in sound)
    return sum(map(len, sound)) // 48, [item for item in speech if isinstance(item, TextSpoken)]


async def test_sentences_one_after_the_other_with_times_in_proportion() -> None:
    tts = Sentences()
    length_ms, marks = await spoken(tts, "One two.", "told")
    assert (length_ms, tts.open) == (120, 0)
    one = (SpokenWord("One", 0, 30, True), SpokenWord("two.", 40, 80, True))
    assert marks == [TextSpoken(0, 0, 80, one), TextSpoken(1, 80, 120, (SpokenWord("told", 0, 5),))]


async def test_silence_round_a_sentence_is_no_word() -> None:
    class Quiet(Sentences):
        async def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes]:
            yield QUIET_MS * 100
            yield LOUD_MS * 50 + QUIET_MS * 10
            yield LOUD_MS * 40
            yield QUIET_MS * 200

    _, (mark,) = await spoken(Quiet(), "One two.")
    assert [(word.start_ms, word.end_ms) for word in mark.words] == [(100, 137), (150, 200)]
    assert mark.end_ms == 400


async def test_each_text_is_asked_for_when_the_one_before_was_spoken() -> None:
    tts, given = Sentences(), []

    async def as_asked() -> AsyncIterator[str]:
        for text in ("One.", "Two."):
            given.append(text)
            yield text

    speech = TtsAdapter(tts).speak(as_asked(), VoiceSpec())
    while not isinstance(await anext(speech), TextSpoken):
        assert given == ["One."]
    await speech.aclose()
    assert tts.said == ["One."]


async def test_a_caller_that_leaves_stops_it() -> None:
    tts = Sentences()
    speech = TtsAdapter(tts).speak(just("One."), VoiceSpec())
    await anext(speech)
    await speech.aclose()
    assert tts.open == 0


@pytest.mark.parametrize(
    ("text", "longest", "parts"),
    [
        ("short", None, ["short"]),
        ("Hello there. How are you?", 15, ["Hello there.", "How are you?"]),
        ("one two three four", 9, ["one two", "three", "four"]),
        ("a, bbbbbbbb ccc", 12, ["a, bbbbbbbb", "ccc"]),
    ],
)
def test_no_part_is_longer_than_the_voice_takes(text: str, longest: int | None, parts: list[str]) -> None:
    assert parts_of(text, longest) == parts


async def test_long_texts_are_cut_and_counted_as_one() -> None:
    tts = Sentences(text_max_characters=5)
    length_ms, marks = await spoken(tts, "told told")
    assert tts.said == ["told", "told"]
    assert marks == [TextSpoken(0, 0, 80, (SpokenWord("told", 0, 5), SpokenWord("told", 40, 45)))]
    assert length_ms == 80
    with pytest.raises(EngineError, match="A word of 8 characters"):
        await spoken(tts, "too-long")


class Context:
    """Gives back `plan` for each text, and at the end what is at None."""

    def __init__(self, tts: "Contexts") -> None:
        self.tts = tts
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        self.closed = 0
        self.finished = False

    async def say(self, text: str) -> None:
        if text == "refused":
            raise EngineError("No.")
        self.tts.said.append(text)
        for item in self.tts.plan.get(text, []):
            self.queue.put_nowait(item)

    async def finish(self) -> None:
        self.finished = True
        self.queue.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[bytes | SpokenWord]:
        while (item := await self.queue.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item

    async def aclose(self) -> None:
        self.closed += 1


class Contexts:
    def __init__(self, **plan: list[Any]) -> None:
        self.info = TtsInfo("contexts", contexts=True)
        self.plan = plan
        self.said: list[str] = []
        self.opened: list[Context] = []

    async def warm_up(self) -> None: ...
    async def close(self) -> None: ...

    def open(self, voice: VoiceSpec) -> Context:
        self.opened.append(Context(self))
        return self.opened[-1]


async def test_one_context_for_all_texts_and_words_are_given_to_theirs() -> None:
    """Wherever the voice parts its words, and whether they come before their sound or after."""
    hello = [SpokenWord("Hel", 0, 20), SpokenWord("lo!", 20, 40), LOUD_MS * 60]
    you = [LOUD_MS * 40, SpokenWord("you.", 70, 100)]
    tts = Contexts(**{"Hello!": hello, "you.": you})
    length_ms, marks = await spoken(tts, "Hello!", "you.")
    assert length_ms == 100
    assert marks == [
        TextSpoken(0, 0, 40, (SpokenWord("Hel", 0, 20), SpokenWord("lo!", 20, 40))),
        TextSpoken(1, 70, 100, (SpokenWord("you.", 0, 30),)),
    ]
    (context,) = tts.opened
    assert (context.finished, context.closed) == (True, 1)


async def test_a_context_that_tells_no_words_shares_its_sound_out() -> None:
    tts = Contexts(**{"aaa": [LOUD_MS * 60], "b c": [LOUD_MS * 60]})
    _, marks = await spoken(tts, "aaa", "b c")
    assert [(mark.text, mark.start_ms, mark.end_ms) for mark in marks] == [(0, 0, 72), (1, 72, 120)]
    assert marks[1].words == (SpokenWord("b", 0, 16, True), SpokenWord("c", 32, 48, True))


@in_virtual_time
async def test_a_text_that_is_refused_ends_it_though_no_sound_comes() -> None:
    tts = Contexts()
    with pytest.raises(EngineError, match="No"):
        await spoken(tts, "fine", "refused")
    assert tts.opened[0].closed == 1


@in_virtual_time
async def test_a_failure_of_the_context_ends_its_text_too() -> None:
    never = asyncio.Event()
    left = False

    async def endless() -> AsyncIterator[str]:
        nonlocal left
        try:
            yield "bad"
            await never.wait()
        finally:
            left = True

    tts = Contexts(bad=[LOUD_MS, EngineError("Quota.")])
    with pytest.raises(EngineError, match="Quota"):
        async for _ in TtsAdapter(tts).speak(endless(), VoiceSpec()):  # type: ignore[arg-type]
            pass
    await asyncio.sleep(0)
    assert left
    assert tts.opened[0].closed == 1


@pytest.mark.parametrize("tts", [Sentences(), Contexts(**{"Hey.": [LOUD_MS * 40]})])
async def test_one_text_of_either_kind(tts: Any) -> None:
    assert len(b"".join([pcm async for pcm in sound_of(tts, "Hey.", VoiceSpec())])) == 40 * 48
    assert len([item async for item in one_text(tts, "Hey.", VoiceSpec())])
