"""The embedded neural voice as an engine: tones, what espeak-ng speaks for it, and callers side by side."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from tests.engines.tts.test_espeak import pitch_hz, seconds
from voi.dialogue import SpokenWord
from voi.engines.base import VoiceSpec
from voi.engines.tts import hibari
from voi.engines.tts.espeak import Espeak
from voi.engines.tts.hibari import Hibari
from voi.engines.tts.part_speech import TEXT_MAX_CHARACTERS
from voi.errors import ConfigError, EngineError

pytestmark = pytest.mark.integration

TEXT = "I never expected to see you here again, my old friend."


@pytest.fixture
async def tts() -> AsyncIterator[Hibari]:
    pytest.importorskip("hibari")
    engine = Hibari(narrator="en-gb")
    await engine.warm_up()
    yield engine
    await engine.close()


async def speech(tts: Any, text: str, **spec: Any) -> tuple[bytes, list[SpokenWord]]:
    pieces = [piece async for piece in tts.stream(text, VoiceSpec(**spec))]
    words = [piece for piece in pieces if isinstance(piece, SpokenWord)]
    return b"".join(piece for piece in pieces if isinstance(piece, bytes)), words


async def test_it_speaks_in_chunks_with_its_words(tts: Hibari) -> None:
    pieces = [piece async for piece in tts.stream(TEXT, VoiceSpec())]
    chunks = [piece for piece in pieces if isinstance(piece, bytes)]
    assert all(len(chunk) <= 9_600 and len(chunk) % 2 == 0 for chunk in chunks)
    words = [piece for piece in pieces if isinstance(piece, SpokenWord)]
    assert [word.text for word in words] == TEXT.split()
    assert words[-1].end_ms <= sum(map(len, chunks)) / 48 + 1


async def test_words_of_a_long_text_go_on_counting(tts: Hibari) -> None:
    text = "The first sentence is here. " * 8
    pcm, words = await speech(tts, text.strip())
    assert [word.text for word in words] == text.split()
    assert [word.start_ms for word in words] == sorted(word.start_ms for word in words)
    assert words[-1].end_ms > 0.9 * seconds(pcm) * 1_000 - 500


async def test_tones_are_audible(tts: Hibari) -> None:
    neutral, excited, sad = [(await speech(tts, TEXT, tone=tone))[0] for tone in ("neutral", "excited", "sad")]
    assert pitch_hz(excited) > 1.05 * pitch_hz(neutral) > 1.05 * pitch_hz(sad)
    assert seconds(excited) < seconds(neutral) < seconds(sad)
    assert set(tts.info.tones) >= {"neutral", "warm", "excited", "sad"}


async def test_what_it_does_not_speak_is_spoken_by_espeak(tts: Hibari, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, VoiceSpec]] = []
    stream = Espeak.stream

    def noted(self: Espeak, text: str, voice: VoiceSpec) -> Any:
        asked.append((text, voice))
        return stream(self, text, voice)

    monkeypatch.setattr(Espeak, "stream", noted)
    assert (await speech(tts, "Guten Tag.", language="de"))[0]
    assert (await speech(tts, "She smiles.", role="narrator"))[0]
    assert (await speech(tts, "Hello.", language="en-GB"))[0]
    assert [(text, spec.language, spec.voice) for text, spec in asked] == [
        ("Guten Tag.", "de", None),
        ("She smiles.", "en", "en-gb"),
    ]


async def test_without_the_package_espeak_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    hibari._model.cache_clear()
    monkeypatch.setitem(sys.modules, "hibari", None)
    engine = Hibari()
    await engine.warm_up()
    pcm, words = await speech(engine, TEXT)
    assert seconds(pcm) > 1
    assert [word.text for word in words] == TEXT.split()
    assert "espeak-ng speaks instead" in engine.info.note
    await engine.close()
    hibari._model.cache_clear()


async def test_callers_take_turns(tts: Hibari) -> None:
    """A caller with a long text does not keep the others waiting to its end."""
    done: list[str] = []

    async def say(who: str, text: str) -> None:
        await speech(tts, text)
        done.append(who)

    async with asyncio.TaskGroup() as group:
        group.create_task(say("long", "The first sentence is here. " * 12))
        group.create_task(say("short", "Yes."))
    assert done == ["short", "long"]


async def test_leaving_stops_it(tts: Hibari, monkeypatch: pytest.MonkeyPatch) -> None:
    spoken: list[str] = []
    model = hibari._model(None)
    speak = model.speak
    monkeypatch.setattr(model, "speak", lambda text, manner: spoken.append(text) or speak(text, manner))
    stream = tts.stream("The first sentence is here. " * 20, VoiceSpec())
    async for piece in stream:
        if isinstance(piece, bytes):
            break
    await stream.aclose()
    await speech(tts, "Yes.")
    assert len(spoken) <= 3


@pytest.mark.parametrize(
    ("text", "spec", "why"),
    [
        ("x" * (TEXT_MAX_CHARACTERS + 1), {}, "too long"),
        ("Hello.", {"voice": "nobody"}, "No voice 'nobody'"),
        ("Hello.", {"language": "xx"}, "language"),
    ],
)
async def test_what_cannot_be_spoken(tts: Hibari, text: str, spec: dict[str, Any], why: str) -> None:
    with pytest.raises(EngineError, match=why):
        await speech(tts, text, **spec)


@pytest.mark.parametrize(
    "options",
    [
        {"voice_tone_map": {"calm": "slow"}},
        {"voice_tone_map": {"calm": {"speed": 9}}},
        {"voice_tone_map": {"calm": {"x": 1}}},
        {"speed": 9},
    ],
)
def test_options_that_are_wrong(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Hibari(**options)


async def test_tones_of_ones_own() -> None:
    pytest.importorskip("hibari")
    engine = Hibari(voice_tone_map={"tiny": {"pitch": 1.6}})
    await engine.warm_up()
    tiny, neutral = (await speech(engine, TEXT, tone="tiny"))[0], (await speech(engine, TEXT))[0]
    assert pitch_hz(tiny) > 1.3 * pitch_hz(neutral)
    assert np.frombuffer(tiny, "<i2").any()
    await engine.close()


async def test_a_model_that_is_none(tmp_path: Any) -> None:
    pytest.importorskip("hibari")
    (tmp_path / "voice.onnx").write_bytes(b"nothing")
    with pytest.raises(ConfigError, match="cannot be loaded"):
        await Hibari(model=str(tmp_path / "voice.onnx")).warm_up()
