"""turn-1-mini's adapter, with a small model of the published shape and random weights."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.engines.turn import tiny_onnx
from voi.engines import registry
from voi.engines.turn import weights_file
from voi.engines.turn.turn_1_mini import FRAME_SAMPLES, LEAST, STEP_SAMPLES, Turn1Mini
from voi.errors import EngineError

pytest.importorskip("onnxruntime")


def sound(*levels: float) -> bytes:
    """One step of 160 ms at each level."""
    return (np.repeat(levels, STEP_SAMPLES) * 32_767).astype("<i2").tobytes()


@pytest.fixture
async def detector(tmp_path: Path) -> AsyncIterator[Turn1Mini]:
    tiny_onnx.write(tmp_path / "turn-1-mini.step.int8dyn.onnx")
    made: Turn1Mini = registry.create("turn", "turn-1-mini", {"models_dir": tmp_path})
    await made.warm_up()
    yield made
    await made.close()


async def test_the_state_goes_from_step_to_step(detector: Turn1Mini) -> None:
    once, after_loud = await detector.probability(sound(0.1)), await detector.probability(sound(0.9, 0.1))
    assert after_loud > once
    assert await detector.probability(sound(0.1)) == once, "each turn begins from nothing"


async def test_the_last_frame_of_real_sound_counts(detector: Turn1Mini) -> None:
    whole = sound(0.3, 0.3)
    for frames in range(1, 16):
        now = await detector.probability(whole[: 2 * frames * FRAME_SAMPLES + 100])
        assert now == pytest.approx(detector._played(as_float(whole))[frames - 1]), "what comes later has no say"


def as_float(pcm: bytes) -> npt.NDArray[np.float32]:
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32_768)


async def test_only_the_last_eight_seconds_are_heard(detector: Turn1Mini) -> None:
    assert await detector.probability(sound(0.9) + sound(*[0.1] * 50)) == await detector.probability(sound(*[0.1] * 50))


async def test_too_little_sound(detector: Turn1Mini) -> None:
    assert await detector.probability(b"") == await detector.probability(bytes(2 * FRAME_SAMPLES - 2)) == 0.5
    assert await detector.probability(sound(0.1)[:-1]) > 0, "half a sample"


async def test_nothing_is_quite_sure(tmp_path: Path) -> None:
    detector = Turn1Mini(model_path=tiny_onnx.write(tmp_path / "sure.onnx", bias=-30))
    await detector.warm_up()
    assert await detector.probability(sound(0.1)) == LEAST
    await detector.close()
    with pytest.raises(EngineError, match="not running"):
        await detector.probability(sound(0.1))


async def test_missing_and_broken_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match="voi models pull turn-1-mini"):
        Turn1Mini(models_dir=tmp_path)
    (tmp_path / "turn-1-mini.step.onnx").write_bytes(b"not a model")
    detector = Turn1Mini(models_dir=tmp_path)
    with pytest.raises(EngineError, match="cannot be loaded"):
        await detector.warm_up()
    await detector.close()
    monkeypatch.setattr(weights_file, "find_spec", lambda _: None)
    with pytest.raises(EngineError, match=r"\./install.sh turn"):
        Turn1Mini(models_dir=tmp_path)


async def test_a_model_that_gives_no_number_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot be loaded"):
        await Turn1Mini(model_path=tiny_onnx.write(tmp_path / "nan.onnx", bias=float("nan"))).warm_up()
