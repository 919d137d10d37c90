"""Tones that are voices, and new ones for an engine that runs."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from voi.dialogue import Voice
from voi.engines.base import AS_IT_IS, VoiceSpec
from voi.engines.supervised import SupervisedTts
from voi.engines.tts.tone_map import voice_in_tone

TONES = {"neutral": "anna", "warm": "bert"}


class FakeTts:
    name = "fake"
    sample_rate_hz = 24_000
    voices = ("anna", "bert", "carl")
    tones = ("neutral", "sad")

    def __init__(self) -> None:
        self.spoken: list[tuple[str | None, str]] = []

    async def warm_up(self) -> None: ...

    async def close(self) -> None: ...

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes]:
        self.spoken.append((voice.voice, voice.tone))
        yield b"ok"


@pytest.mark.parametrize(
    ("voice", "tone", "role", "speaks"),
    [("carl", "warm", "character", "bert"), (None, "warm", "character", "bert"), ("carl", "odd", "character", "anna"),
     ("carl", "warm", "narrator", "carl"), (None, "warm", "narrator", None), ("carl", AS_IT_IS, "character", "carl")],
)  # fmt: skip
def test_who_speaks(voice: str | None, tone: str, role: Voice, speaks: str | None) -> None:
    assert voice_in_tone(VoiceSpec(voice, tone, role=role), TONES) == speaks
    assert voice_in_tone(VoiceSpec(voice, tone, role=role), {}) == voice


async def test_an_engine_that_runs_speaks_in_new_tones() -> None:
    engine = FakeTts()
    tts = SupervisedTts(lambda: engine)
    for new in (None, TONES, {"neutral": "carl"}, {}):
        if new is not None:
            tts.retone(new)
        for spec in (VoiceSpec("carl", "warm"), VoiceSpec("bert", "warm", role="narrator")):
            async with aclosing(tts.stream("Hello.", spec)) as chunks:
                assert [chunk async for chunk in chunks] == [b"ok"]
    character, narrator = engine.spoken[::2], engine.spoken[1::2]
    assert character == [("carl", "warm"), ("bert", AS_IT_IS), ("carl", AS_IT_IS), ("carl", AS_IT_IS)]
    assert [voice for voice, _ in narrator] == ["bert"] * 4


def test_the_tones_that_there_are() -> None:
    tts = SupervisedTts(FakeTts)
    assert tts.tones == FakeTts.tones
    tts.retone({"warm": "bert"})
    assert tts.tones == ("neutral", "warm")
    tts.retone({})
    assert tts.tones == ("neutral", "warm", "excited", "sad")
