"""Models are changed as bytes, and what remains is a model."""

from pathlib import Path

import numpy as np
import pytest

from tests.engines.turn import tiny_onnx
from voi.engines.onnx_edit import constant, with_constants, with_outputs

onnxruntime = pytest.importorskip("onnxruntime")
LOUD = {"audio": np.full((1, 2_560), 0.5, np.float32)}


@pytest.fixture
def model(tmp_path: Path) -> bytes:
    return tiny_onnx.write(tmp_path / "tiny.onnx").read_bytes()


def run(model: bytes, *outputs: str) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    states = {f"state_{name}": np.zeros(shape, np.float32) for name, shape in tiny_onnx.STATES.items()}
    found: list[np.ndarray] = session.run(list(outputs), LOUD | states)
    return found


def test_an_inner_value_becomes_an_output(model: bytes) -> None:
    (loudness,) = run(with_outputs(model, "loudness"), "loudness")
    assert loudness.ravel() == pytest.approx([0.5] * 8)


def test_a_constant_is_read_and_replaced(model: bytes) -> None:
    assert constant(model, "frames").tolist() == [8, 320]
    bias = constant(model, "bias")
    assert bias.tolist() == [-2.0]
    changed = with_constants(model, {"bias": bias + 4}, {})
    assert constant(changed, "bias").tolist() == [2.0]
    assert (run(changed, "probs")[0] > run(model, "probs")[0]).all()


def test_an_input_gets_another_shape(model: bytes) -> None:
    smaller = {"frames": np.array([4, 320]), "weights": np.eye(4, dtype=np.float32)}
    half = onnxruntime.InferenceSession(with_constants(model, smaller, {"audio": (1, 1_280)}))
    states = {f"state_{name}": np.zeros(shape, np.float32) for name, shape in tiny_onnx.STATES.items()}
    assert half.run(["probs"], {"audio": LOUD["audio"][:, :1_280], **states})[0].shape == (4,)


@pytest.mark.parametrize("junk", [b"\xff" * 20, b"\x0a\xff\xff", b"\x0b", b"\x3a\x05ab"])
def test_what_is_no_model_is_refused(junk: bytes) -> None:
    with pytest.raises(ValueError, match=r"no ONNX model|no constant"):
        constant(with_constants(junk, {}, {}), "bias")


def test_a_constant_that_is_not_there_is_named(model: bytes) -> None:
    with pytest.raises(ValueError, match="no constant absent"):
        constant(model, "absent")
