"""The engine on tiny random models: one voice for many callers, in pieces that are exactly the whole."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.engines.tts.fastpitch import tiny_bigvgan, tiny_fastpitch  # noqa: E402
from voi.engines.base import VoiceSpec  # noqa: E402
from voi.engines.registry import create  # noqa: E402
from voi.engines.tts.fastpitch import batch as batch_module  # noqa: E402
from voi.engines.tts.fastpitch.engine import FastPitchVoice  # noqa: E402
from voi.engines.tts.fastpitch.model import PartToSpeak  # noqa: E402
from voi.errors import ConfigError, EngineError  # noqa: E402

TEXT = "Xin chào, tôi là người Việt Nam."


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("fastpitch")
    return {
        "checkpoint": str(tiny_fastpitch.write(folder / "vi.nemo", speaker_names=["An", "Bình", "Chi"])),
        "config": str(tiny_bigvgan.write(folder / "vocoder") / "config.json"),
        "device": "cpu",
    }


@pytest.fixture
async def tts(options: dict[str, Any]) -> AsyncIterator[FastPitchVoice]:
    engine = create("tts", "fastpitch", options)
    await engine.warm_up()
    yield engine
    await engine.close()


async def pieces(engine: FastPitchVoice, text: str = TEXT, **spec: Any) -> list[bytes]:
    return [piece async for piece in engine.stream(text, VoiceSpec(**spec))]


def samples(sound: list[bytes]) -> Any:
    return np.frombuffer(b"".join(sound), "<i2").astype(int)


async def test_pieces_are_the_whole(tts: FastPitchVoice) -> None:
    assert (tts.info.voices, tts.info.languages, tts.info.sample_rate_hz) == (("An", "Bình", "Chi"), ("vi",), 22_050)
    model = tts._voice
    assert model is not None
    (mel,) = model.spectra([PartToSpeak(model.tokenizer.encode(TEXT * 3), speaker=1)])
    whole = model.sounds([mel])[0].numpy().astype(int)
    *sound, pause = await pieces(tts, TEXT * 3, voice="Bình")
    assert len(sound) >= 3
    assert not any(pause)
    assert len(samples(sound)) == len(whole)
    assert np.abs(samples(sound) - whole).max() <= 1
    assert np.abs(whole).max() > 300


async def test_callers_at_once_hear_what_each_hears_alone(tts: FastPitchVoice) -> None:
    texts = [f"Tôi là số {n * 'một '}. {'Vâng. ' * n}" for n in range(6)]
    voices = ["An", "Bình", "Chi"] * 2
    alone = [samples(await pieces(tts, text, voice=name)) for text, name in zip(texts, voices, strict=True)]
    together = await asyncio.gather(*(pieces(tts, text, voice=name) for text, name in zip(texts, voices, strict=True)))
    for one, other in zip(alone, together, strict=True):
        assert np.abs(one - samples(other)).max() <= 1


async def test_windows_of_one_size_go_together(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a GPU: groups of windows, and the same sound."""
    engine = FastPitchVoice(**options)
    await engine.warm_up()
    alone = samples(await pieces(engine))
    await engine.close()
    monkeypatch.setitem(batch_module.TOGETHER, "cpu", (16, 8))
    engine = FastPitchVoice(**options)
    await engine.warm_up()
    model, groups = engine._voice, []
    assert model is not None
    sounds = model.sounds
    monkeypatch.setattr(model, "sounds", lambda mels: (groups.append(len(mels)), sounds(mels))[1])
    for sound in await asyncio.gather(*(pieces(engine) for _ in range(8))):
        assert np.abs(samples(sound) - alone).max() <= 1
    assert max(groups) > 1
    await engine.close()


async def test_tones_speed_and_long_texts(options: dict[str, Any], tts: FastPitchVoice) -> None:
    usual, fast, sad = [samples(await pieces(tts, **spec)) for spec in ({}, {"speed": 2.0}, {"tone": "sad"})]
    assert len(fast) < 0.7 * len(usual) < len(usual) < len(sad)
    assert len(samples(await pieces(tts, TEXT * 20))) > 15 * len(usual)
    assert await pieces(tts, " … — ?!") == []
    own = FastPitchVoice(**options, voices=["Chi"], voice_tone_map={"calm": {"speed": 0.5}}, language="vi-VN")
    await own.warm_up()
    assert (own.info.voices, "calm" in own.info.tones) == (("Chi",), True)
    assert len(samples(await pieces(own, tone="calm"))) > 1.5 * len(samples(await pieces(own)))
    await own.close()


async def test_an_interruption_ends_the_work(tts: FastPitchVoice) -> None:
    stream = tts.stream(TEXT * 20, VoiceSpec())
    assert await anext(stream)
    await stream.aclose()
    async with asyncio.timeout(20):
        await tts.ping()
        await tts.ping()
    assert tts._batch is not None
    assert not tts._batch._rows


async def test_a_failure_ends_what_is_spoken_and_nothing_else(
    tts: FastPitchVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> Any:
        raise RuntimeError("size mismatch")

    for broken in "spectra", "sounds":
        with monkeypatch.context() as patch:
            patch.setattr(tts._voice, broken, fails)
            with pytest.raises(EngineError, match="fastpitch failed: size mismatch") as failed:
                await pieces(tts)
            assert failed.value.retryable
        assert await pieces(tts)


async def test_too_much_at_once_is_refused(tts: FastPitchVoice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_module, "MOST_WAITING", 0)
    with pytest.raises(EngineError, match="fastpitch is full") as failed:
        await pieces(tts)
    assert failed.value.retryable


async def test_what_cannot_be_spoken(tts: FastPitchVoice) -> None:
    for spec, why in (({"voice": "Eve"}, "No voice 'Eve'"), ({"language": "en"}, "speaks vi, not en")):
        with pytest.raises(EngineError, match=why):
            await pieces(tts, **spec)
    with pytest.raises(EngineError, match="too long to speak"):
        await pieces(tts, "a" * 10_001)
    await tts.close()
    await tts.close()
    with pytest.raises(EngineError, match="not running"):
        await pieces(tts)


async def test_options_that_are_wrong(options: dict[str, Any], tmp_path: Path) -> None:
    for changed, why in (
        ({"checkpoint": str(tmp_path / "none.nemo")}, "there is no file"),
        ({"voices": ["Eve"]}, "has no speaker Eve; it has An, Bình, Chi"),
        ({"language": "en"}, "speaks vi, not en"),
    ):
        with pytest.raises(ConfigError, match=why):
            await FastPitchVoice(**options | changed).warm_up()
    with pytest.raises(ConfigError, match=r"(?s)tone 'sad'.*`speed`"):
        FastPitchVoice(**options | {"speed": 9.0, "voice_tone_map": {"sad": "An"}})
    if not torch.cuda.is_available():
        with pytest.raises(EngineError, match="torch finds no GPU"):
            await FastPitchVoice(**options | {"device": "cuda"}).warm_up()
