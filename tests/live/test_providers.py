"""Every provider for real: `pytest -m live` speaks and hears a sentence with each whose key is in the environment or in
.env, for a fraction of a cent each. Any other run leaves them in peace."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from voi.audio.wav import parse_wav
from voi.config.usual_variables import KEYS, key_variable, variable
from voi.engines import registry
from voi.engines.base import STT_RATE_HZ, SttOptions, TextSpoken, VoiceSpec
from voi.engines.device import engine_options
from voi.engines.info import info_of
from voi.engines.registry import Kind
from voi.engines.tts.adapter import TtsAdapter, just

pytestmark = pytest.mark.live
RECORDING = Path(__file__).parent.parent / "data" / "audio" / "jfk.wav"
GROQ: dict[str, Any] = {"url": "https://api.groq.com/openai/v1"}
NEEDED = {"google-stt": "GOOGLE_APPLICATION_CREDENTIALS", "google-tts": "GOOGLE_APPLICATION_CREDENTIALS"}
"""What engines without a key need."""


def cases(kind: Kind, groq: dict[str, Any]) -> list[Any]:
    clouds = [name for name in registry.BUILT_IN[kind] if info_of(registry.find(kind, name), name).cloud]
    found = [pytest.param(name, {}, id=name) for name in clouds]
    return [*found, *(pytest.param(name, options, id=f"groq {name}") for name, options in groq.items())]


VOICES = cases("tts", {"openai-speech": {
    **GROQ, "model": "canopylabs/orpheus-v1-english", "voices": ["troy"], "response_format": "wav", "instructs": False,
}})  # fmt: skip
EARS = cases("stt", {"openai-transcription": {**GROQ, "model": "whisper-large-v3-turbo"}})


async def engine(request: pytest.FixtureRequest, kind: Kind, name: str, options: dict[str, Any]) -> Any:
    """A warm engine; the test is skipped where it has no key, or the run is not for live services."""
    if request.config.option.markexpr != "live":
        pytest.skip("services cost money: `pytest -m live` tries those whose keys are in the environment")
    needed = NEEDED.get(name) or key_variable(name, options.get("url"))
    if needed is None or not variable(needed):
        pytest.skip(f"{needed} is not set")
    if name in NEEDED:
        pytest.importorskip("google.cloud.speech_v2")
    options = dict(options)
    if name == "azure-tts":
        options["region"] = variable("AZURE_SPEECH_REGION") or "westeurope"
    factory = registry.find(kind, name)
    made = registry.build(factory, kind, name, engine_options(factory, Path(), "auto", options))
    await made.warm_up()
    return made


@pytest.mark.parametrize(("name", "options"), VOICES)
async def test_a_voice_speaks(request: pytest.FixtureRequest, name: str, options: dict[str, Any]) -> None:
    tts = await engine(request, "tts", name, options)
    assert tts.info.voices
    sound, marks = b"", []
    async with asyncio.timeout(30):
        async for item in TtsAdapter(tts).speak(just("Good morning, and welcome."), VoiceSpec()):
            if isinstance(item, TextSpoken):
                marks.append(item)
            else:
                sound += item
    seconds = len(sound) / 2 / tts.info.sample_rate_hz
    assert 0.8 < seconds < 6
    assert max(sound) > 0
    assert [word.text for mark in marks for word in mark.words] == ["Good", "morning,", "and", "welcome."]
    await tts.close()


@pytest.mark.parametrize(("name", "options"), EARS)
async def test_an_ear_hears(request: pytest.FixtureRequest, name: str, options: dict[str, Any]) -> None:
    stt = await engine(request, "stt", name, options)
    pcm, rate_hz = parse_wav(RECORDING.read_bytes())
    assert rate_hz == STT_RATE_HZ
    stream = stt.open(SttOptions("en"), None)
    for start in range(0, len(pcm), 1_024):
        stream.feed(pcm[start : start + 1_024])
        await asyncio.sleep(0.01)  # three times as fast as it was said
    async with asyncio.timeout(30):
        heard = await stream.flush()
    assert "country" in heard.text.lower()
    assert bool(heard.words) == (stt.info.word_times == "exact")
    stream.close()
    await stt.close()


def test_every_cloud_engine_is_tried() -> None:
    assert {param.values[0] for param in (*VOICES, *EARS)} == {*KEYS, *NEEDED}
