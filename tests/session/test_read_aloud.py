"""Whose voice reads a text aloud, and what of it."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.engines import FakeTts
from voi.engines.base import AS_IT_IS, VoiceSpec
from voi.errors import ClientError
from voi.session.read_aloud import chosen_voice, read_aloud
from voi.text.language import Spoken

ADAS = {"neutral": "Ada", "warm": "Ada warm"}


@pytest.mark.parametrize(
    ("voice", "tone", "tone_map", "spec"),
    [
        ("Bob", "neutral", ADAS, VoiceSpec("Bob", AS_IT_IS)),
        ("Ada", "warm", ADAS, VoiceSpec("Ada", "warm")),
        ("Ada warm", "neutral", ADAS, VoiceSpec("Ada warm", AS_IT_IS)),
        (None, "warm", ADAS, VoiceSpec(None, "warm")),
        (None, "neutral", ADAS, VoiceSpec(None, "neutral")),
        ("Bob", "warm", {}, VoiceSpec("Bob", "warm")),
        ("de", "warm", {"neutral": {"rate": 1.1}, "warm": "en-us+f3"}, VoiceSpec("de", "warm")),
    ],
)
def test_a_named_voice_is_the_one_that_speaks(
    voice: str | None, tone: str, tone_map: dict[str, object], spec: VoiceSpec
) -> None:
    assert chosen_voice(voice, tone, 1.0, None, tone_map) == spec


def test_tones_of_somebody_else() -> None:
    with pytest.raises(ClientError, match="those of 'Ada', and not of 'Bob'"):
        chosen_voice("Bob", "warm", 1.0, None, ADAS)


async def arriving(*text: str) -> AsyncIterator[str]:
    for more in text:
        yield more


async def test_sentences_one_after_the_other() -> None:
    tts = FakeTts(first_s=0.0, speed=1e6)
    given = arriving("I have 2 ca", "ts, **both** black. Th", "ey sleep all the day. 😀")
    async for _ in read_aloud(given, tts, VoiceSpec("bert", speed=1.5), Spoken("en-GB")):
        assert tts.open_streams == 1
    assert [text for text, _ in tts.spoken] == ["I have two cats, both black.", "They sleep all the day."]
    assert {spec for _, spec in tts.spoken} == {VoiceSpec("bert", speed=1.5, language="en-GB")}


async def test_nothing_to_say() -> None:
    with pytest.raises(ClientError, match="nothing to say"):
        await anext(read_aloud(arriving("...", "😀"), FakeTts(), VoiceSpec(), Spoken("en")))


async def test_a_voice_that_knows_no_letter_of_it_has_nothing_to_say_either() -> None:
    with pytest.raises(ClientError, match="nothing to say"):
        await anext(read_aloud(arriving("Hello. ", "You."), FakeTts(ms_per_character=0), VoiceSpec(), Spoken("en")))
