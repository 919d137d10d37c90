"""The built-in judge of voices, with its shipped weights, on sounds made here and on speech of tests/data."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from voi.audio.resample import resample
from voi.audio.wav import read_wav
from voi.engines.turn.smart_turn import SHORT_SAMPLES
from voi.engines.vad.silero import Silero
from voi.engines.voice.features import SIZE, Floats, features
from voi.engines.voice.judge import LENGTHS_MS, PREROLL_WINDOWS, BuiltInVoiceJudge, SoundEncoder, stretch
from voi.errors import EngineError

AUDIO = Path(__file__).parents[2] / "data" / "audio"


def speech() -> bytes:
    path = sorted(AUDIO.glob("*.wav"))[0]
    pcm, rate_hz = read_wav(path)
    return resample(pcm, rate_hz, 16_000)


def burst(ms: int = 300) -> bytes:
    """What a cough is in its coarsest: noise that sets in at once and dies away."""
    samples = np.random.default_rng(1).normal(size=ms * 16) * np.exp(-np.arange(ms * 16) / 1_200) * 12_000
    return bytes(16_000) + np.clip(samples, -32_000, 32_000).astype("<i2").tobytes()


def test_what_is_measured_is_finite_and_does_not_depend_on_loudness() -> None:
    loud = speech()[32_000 : 32_000 + 10_240]
    soft = (np.frombuffer(loud, "<i2") // 8).astype("<i2").tobytes()
    voiced = np.full(10, 0.9, np.float32)
    assert features(loud, voiced).shape == (SIZE,)
    assert np.isfinite(features(bytes(10_240), np.zeros(0, np.float32))).all()
    assert features(loud, voiced) == pytest.approx(features(soft, voiced), abs=0.35)


def test_the_stretch_is_the_newest_voice() -> None:
    """Quiet after it is left out, and the encoder is given what came before it as well."""
    windows = [bytes([number]) * 1_024 for number in range(60)]
    voiced = {*range(30, 38), *range(40, 48)}
    pcm, probabilities, whole = stretch(b"".join(windows), 256, lambda window: float(window[0] in voiced))
    assert pcm == b"".join(windows[40:48])
    assert probabilities.tolist() == [1.0] * 8
    assert whole == b"".join(windows[25:48])


def test_probabilities_that_are_known_are_not_computed_again() -> None:
    pcm, known = bytes(60 * 1_024), [float(30 <= number < 38) for number in range(60)]

    def computed(window: bytes) -> float:
        return 0.25

    assert stretch(pcm, 256, computed, known)[1].tolist() == [1.0] * 8
    assert stretch(pcm, 256, computed, known[1:])[1].tolist() == [0.25] * 8, "they are of another sound"


async def test_a_voice_is_judged_alike_with_the_callers_own_probabilities() -> None:
    judge, vad = BuiltInVoiceJudge(), Silero()
    pcm, heard = speech()[: 60 * 1_024], vad.open()
    known = [heard.probability(pcm[at : at + 1_024]) for at in range(0, len(pcm), 1_024)]
    alone = await judge.judge(pcm, 640)
    assert await judge.judge(pcm, 640, known) == pytest.approx(alone, abs=0.05)
    await judge.close()


@pytest.mark.parametrize("pcm", [b"", bytes(100), bytes(1_024), bytes(64_000)])
async def test_silence_and_next_to_nothing_are_judged_as_well(pcm: bytes) -> None:
    judge = BuiltInVoiceJudge()
    voice, floor = await judge.judge(pcm, 160)
    assert 0 <= voice <= 1
    assert 0 <= floor <= 1
    await judge.close()


async def test_speech_is_a_voice_and_a_burst_of_noise_is_none() -> None:
    judge, pcm = BuiltInVoiceJudge(), speech()
    await judge.warm_up()
    spoken = [(await judge.judge(pcm[:32_000], ms))[0] for ms in LENGTHS_MS]
    noise = [(await judge.judge(burst(), ms))[0] for ms in (160, 256)]
    assert min(spoken) > 0.6 > 0.4 > max(noise)
    await judge.close()


async def test_the_encoder_tells_more_at_each_length() -> None:
    judge, asked = BuiltInVoiceJudge(), []

    async def encoder(pcm: bytes) -> Floats:
        asked.append(len(pcm) // 32)
        return np.zeros(384, np.float32)

    without = [await judge.judge(speech(), ms) for ms in LENGTHS_MS]
    judge.encoder = encoder
    with_it = [await judge.judge(speech(), ms) for ms in LENGTHS_MS]
    assert asked == [ms + PREROLL_WINDOWS * 32 for ms in LENGTHS_MS]
    assert max(asked) * 16 <= SHORT_SAMPLES, "the encoder hears all of it"
    assert all(one[0] != other[0] for one, other in zip(without, with_it, strict=True))
    await judge.close()


async def slow(_: bytes) -> Floats:
    await asyncio.sleep(5)
    raise AssertionError("it was waited for")


async def refusing(_: bytes) -> Floats:
    raise EngineError("Too many callers wait for turn detection.", retryable=True)


@pytest.mark.parametrize("encoder", [slow, refusing])
async def test_an_encoder_that_is_busy_is_done_without(encoder: SoundEncoder) -> None:
    judge = BuiltInVoiceJudge()
    alone = await judge.judge(speech(), 160)
    judge.encoder = encoder
    async with asyncio.timeout(60):
        assert await judge.judge(speech(), 160) == alone
    await judge.close()


async def test_callers_wait_in_line_and_not_for_ever() -> None:
    judge = BuiltInVoiceJudge()
    results = await asyncio.gather(*(judge.judge(burst(), 160) for _ in range(300)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, EngineError)]
    assert len(refused) == 44
    assert all(error.retryable for error in refused)
    await judge.close()


def test_weights_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    (tmp_path / "weights.npz").write_bytes(b"no weights")
    with pytest.raises(EngineError, match=r"weights\.npz"):
        BuiltInVoiceJudge(weights=tmp_path / "weights.npz")
