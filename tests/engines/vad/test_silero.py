import importlib
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engines.sounds import sound, windows
from voi.engines.vad import silero
from voi.engines.vad.silero import Silero
from voi.errors import EngineError

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text())
HAS_KERNEL = find_spec("voi.engines.vad._silero") is not None
needs_kernel = pytest.mark.skipif(not HAS_KERNEL, reason="the kernel is not compiled: `pip install -e .` with gcc")


@pytest.fixture(params=[pytest.param(True, marks=needs_kernel), False], ids=["compiled", "numpy"])
def vad(request: pytest.FixtureRequest) -> Silero:
    return Silero(compiled=request.param)


def probabilities(vad: Silero, pcm: bytes) -> list[float]:
    stream = vad.open()
    return [stream.probability(window) for window in windows(pcm)]


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_golden_probabilities(vad: Silero, name: str) -> None:
    assert probabilities(vad, sound(name)) == pytest.approx(GOLDEN[name], abs=1e-5)


@pytest.mark.parametrize("name", ["jfk", "austen-0870", "spk1_snt2", "noise3"])
def test_equals_the_onnx_model(vad: Silero, name: str) -> None:
    spec = find_spec("silero_vad")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the original is not installed: `pip install --no-deps silero-vad==6.2.3`")
    runtime = pytest.importorskip("onnxruntime")
    model = Path(spec.submodule_search_locations[0]) / "data" / "silero_vad_16k_op15.onnx"
    session = runtime.InferenceSession(model, providers=["CPUExecutionProvider"])
    context: Any = np.zeros((1, 64), np.float32)
    state = np.zeros((2, 1, 128), np.float32)
    expected = []
    for window in windows(sound(name)):
        samples = np.frombuffer(window, "<i2").astype(np.float32)[None] / 32768
        found, state = session.run(
            None, {"input": np.concatenate([context, samples], 1), "state": state, "sr": np.array(16_000)}
        )
        context = samples[:, -64:]
        expected.append(float(found[0, 0]))
    assert probabilities(vad, sound(name)) == pytest.approx(expected, abs=1e-5)


def test_speech_is_told_from_noise(vad: Silero) -> None:
    assert max(probabilities(vad, sound("spk1_snt1"))) > 0.99
    for name in ("noise2", "noise3"):
        assert max(probabilities(vad, sound(name))) < 0.5


def test_streams_do_not_disturb_each_other(vad: Silero) -> None:
    one, other = sound("jfk")[: 1024 * 40], sound("austen-0880")[: 1024 * 40]
    first, second = vad.open(), vad.open()
    mixed = [(first.probability(a), second.probability(b)) for a, b in zip(windows(one), windows(other), strict=True)]
    assert [a for a, _ in mixed] == probabilities(vad, one)
    assert [b for _, b in mixed] == probabilities(vad, other)


@needs_kernel
@pytest.mark.parametrize("cell", [-1e4, -100.0, -45.0, 45.0, 100.0, 1e4])
def test_long_talk_saturates_nothing(cell: float) -> None:
    """Cells grow by up to one a window. The kernel once gave NaN from the 15th second of talk on."""
    streams = [Silero(compiled=compiled).open() for compiled in (True, False)]
    for stream in streams:
        stream._state[64 + 128 :] = cell
    for window in windows(sound("jfk")[: 1024 * 20]):
        ours, theirs = (stream.probability(window) for stream in streams)
        assert ours == pytest.approx(theirs, abs=1e-4)
        assert np.isfinite(streams[0]._state).all()


def test_reset_forgets(vad: Silero) -> None:
    pcm = sound("spk1_snt1")[: 1024 * 30]
    stream = vad.open()
    before = [stream.probability(window) for window in windows(pcm)]
    stream.reset()
    assert [stream.probability(window) for window in windows(pcm)] == before


@pytest.mark.parametrize("length", [0, 1, 2, 1022, 1023, 1025, 2048])
def test_other_lengths_are_refused(vad: Silero, length: int) -> None:
    stream = vad.open()
    with pytest.raises(EngineError, match=f"1024 bytes, not {length}"):
        stream.probability(bytes(length))


@needs_kernel
@settings(max_examples=25)
@given(st.lists(st.integers(0, 2**31).map(lambda seed: (seed, seed % 5)), min_size=1, max_size=8))
def test_both_agree_on_any_sound(seeds: list[tuple[int, int]]) -> None:
    """From digital silence to full-scale noise: finite, within 0..1, and the same."""
    compiled, plain = Silero(compiled=True).open(), Silero(compiled=False).open()
    for seed, loudness in seeds:
        noise = np.random.default_rng(seed).uniform(-1, 1, 512) * 32767 * loudness / 4
        window = noise.astype("<i2").tobytes()
        probability = compiled.probability(window)
        assert 0 <= probability <= 1
        assert probability == pytest.approx(plain.probability(window), abs=1e-5)


@needs_kernel
def test_the_kernel_checks_its_buffers() -> None:
    kernel = importlib.import_module("voi.engines.vad._silero")
    with pytest.raises(ValueError, match="bytes of weights"):
        kernel.probability(b"", bytearray(1280), bytes(1024))
    with pytest.raises(BufferError):
        kernel.probability(b"", b"read only", bytes(1024))
    with pytest.raises(TypeError):
        kernel.probability(b"")


async def test_without_a_compiler_numpy_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silero, "compiled_module", lambda _: None)
    vad = Silero()
    assert "compiled kernel is missing" in vad.info.note
    await vad.warm_up()
    await vad.close()
    with pytest.raises(EngineError, match="C compiler"):
        Silero(compiled=True)
