import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.engines.sounds import WINDOW_BYTES, flagged, sound
from voi.engines.turn import judge_thread, weights_file
from voi.engines.turn.smart_turn import VECTOR, WEIGHTS_PATTERN, SmartTurn
from voi.errors import EngineError

pytest.importorskip("onnxruntime")
MODELS_DIR = Path(os.environ.get("VOI_MODELS_DIR", Path(__file__).parents[3] / "models"))
needs_weights = pytest.mark.skipif(
    not list(MODELS_DIR.glob(WEIGHTS_PATTERN)), reason="no smart-turn weights: `voi models pull smart-turn`"
)
PAUSE = bytes(WINDOW_BYTES * 6)


@pytest.fixture(scope="module")
def detector() -> Iterator[SmartTurn]:
    detector = SmartTurn(models_dir=MODELS_DIR)
    asyncio.run(detector.warm_up())
    yield detector
    asyncio.run(detector.close())


def until_pause(name: str, number: int) -> bytes:
    """The recording until 192 ms after its nth stretch of speech."""
    quiet, spoken, found = 0, False, 0
    for at, (_, speech) in enumerate(flagged(sound(name))):
        quiet, spoken = (0, True) if speech else (quiet + 1, spoken)
        if spoken and quiet == 6:
            found += 1
            if found == number:
                return sound(name)[: (at + 1) * WINDOW_BYTES]
    raise AssertionError("no such pause")


@needs_weights
async def test_pauses_within_a_sentence_are_told_from_its_end(detector: SmartTurn) -> None:
    """The first pause of jfk.wav is left out: to this model "And so my fellow Americans" sounds complete (0.95)."""
    assert await detector.probability(until_pause("jfk", 2)) < 0.2
    assert await detector.probability(until_pause("jfk", 3)) < 0.2
    assert await detector.probability(until_pause("jfk", 4)) > 0.8
    assert await detector.probability(until_pause("austen-0870", 1)) > 0.8


@needs_weights
@pytest.mark.parametrize(("name", "part"), [("spk1_snt2", 0.5), ("spk1_snt3", 0.5), ("austen-0880", 0.5)])
async def test_a_sentence_broken_off_is_incomplete(detector: SmartTurn, name: str, part: float) -> None:
    pcm = sound(name)
    cut = int(len(pcm) * part) // WINDOW_BYTES * WINDOW_BYTES
    assert await detector.probability(pcm[:cut] + PAUSE) < 0.3


@needs_weights
async def test_several_callers_get_their_own_answers(detector: SmartTurn) -> None:
    sounds = [until_pause("jfk", 2), until_pause("jfk", 4), until_pause("austen-0870", 1)]
    alone = [await detector.probability(pcm) for pcm in sounds]
    assert await asyncio.gather(*(detector.probability(pcm) for pcm in sounds)) == alone


@needs_weights
async def test_the_short_encoder_tells_sounds_apart_and_forgets_what_was_before(detector: SmartTurn) -> None:
    one, other = sound("jfk")[20_000:64_000], sound("austen-0870")[20_000:64_000]
    vector = await detector.encode(one)
    assert vector.shape == (VECTOR,)
    assert np.array_equal(vector, await detector.encode(sound("jfk")[:64_000])), "1.28 s count"
    likeness = np.corrcoef([vector, await detector.encode(one[640:]), await detector.encode(other)])[0]
    assert likeness[1] > likeness[2]


@needs_weights
async def test_no_sound_at_all(detector: SmartTurn) -> None:
    assert 0 <= await detector.probability(b"") <= 1


# ---- with a session that answers when told --------------------------------------------------------


class FakeSession:
    def __init__(self) -> None:
        self.gate = threading.Event()
        self.runs = 0
        self.error: Exception | None = None

    def run(self, _: None, inputs: dict[str, "np.ndarray"]) -> list["np.ndarray"]:
        assert inputs["input_features"].shape == (1, 80, 800)
        assert self.gate.wait(5)
        self.runs += 1
        if self.error:
            raise self.error
        return [np.array([[0.25]], np.float32), np.zeros((1, 384), np.float32)]


@pytest.fixture
async def faked(tmp_path: Path) -> AsyncIterator[tuple[SmartTurn, FakeSession]]:
    (tmp_path / "smart-turn-v3.9.onnx").touch()
    detector = SmartTurn(models_dir=tmp_path)
    session = detector._session = FakeSession()
    yield detector, session
    session.gate.set()
    await detector.close()


async def test_who_gives_up_is_not_computed(faked: tuple[SmartTurn, FakeSession]) -> None:
    detector, session = faked
    calls = [asyncio.ensure_future(detector.probability(PAUSE)) for _ in range(4)]
    await asyncio.sleep(0)
    for call in calls[1:3]:
        call.cancel()
    await asyncio.wait(calls[1:3])
    session.gate.set()
    assert await asyncio.gather(calls[0], calls[3]) == [0.25, 0.25]
    assert session.runs == 2


async def test_the_queue_is_bounded(faked: tuple[SmartTurn, FakeSession], monkeypatch: pytest.MonkeyPatch) -> None:
    detector, session = faked
    monkeypatch.setattr(judge_thread, "LONGEST_QUEUE", 2)
    calls = [asyncio.ensure_future(detector.probability(PAUSE)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(EngineError, match="Too many") as caught:
        await detector.probability(PAUSE)
    assert caught.value.retryable
    session.gate.set()
    await asyncio.gather(*calls)


async def test_a_deadline(faked: tuple[SmartTurn, FakeSession], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_thread, "DEADLINE_S", 0.01)
    with pytest.raises(EngineError, match="took longer"):
        await faked[0].probability(PAUSE)


async def test_a_failure_is_an_engine_error(faked: tuple[SmartTurn, FakeSession]) -> None:
    detector, session = faked
    session.gate.set()
    session.error = RuntimeError("bad tensor")
    with pytest.raises(EngineError, match="bad tensor"):
        await detector.probability(PAUSE)


async def test_missing_weights(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="voi models pull smart-turn"):
        SmartTurn(models_dir=tmp_path)
    with pytest.raises(EngineError, match=r"absent\.onnx"):
        SmartTurn(model_path=tmp_path / "absent.onnx")


async def test_missing_onnxruntime(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(weights_file, "find_spec", lambda _: None)
    with pytest.raises(EngineError, match=r"\./install.sh turn"):
        SmartTurn(models_dir=tmp_path)


async def test_broken_weights(tmp_path: Path) -> None:
    (tmp_path / "smart-turn-v3.2-cpu.onnx").write_bytes(b"not a model")
    detector = SmartTurn(models_dir=tmp_path)
    with pytest.raises(EngineError, match="cannot be loaded"):
        await detector.warm_up()
    with pytest.raises(EngineError, match="not running"):
        await detector.probability(PAUSE)
    await detector.close()
    await detector.close()
