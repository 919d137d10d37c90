"""Silero VAD on its own ONNX file, independent of Voi: makes the floor table and serves the bare server."""

import importlib.util
import os
from pathlib import Path

import numpy as np
import onnxruntime as ort  # type: ignore[import-untyped]

from common import config as C

_RATE = np.array(C.IN_RATE_HZ, dtype=np.int64)
_CONTEXT = 64  # samples of the window before that the model sees again


def model_path() -> Path:
    """silero_vad.onnx of the silero-vad wheel (found without importing the package: that needs torch)."""
    spec = importlib.util.find_spec("silero_vad")
    if spec is None or spec.origin is None:
        raise SystemExit("silero_vad.onnx is missing: pip install --no-deps silero-vad")
    return Path(os.path.dirname(spec.origin)) / "data" / "silero_vad.onnx"


def session() -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return ort.InferenceSession(str(model_path()), providers=["CPUExecutionProvider"], sess_options=options)


class OnnxStream:
    """One caller."""

    def __init__(self, onnx: ort.InferenceSession) -> None:
        self._onnx = onnx
        self.reset()

    def reset(self) -> None:
        self._input = np.zeros((1, _CONTEXT + C.VAD_WINDOW_SAMPLES), np.float32)
        self._state = np.zeros((2, 1, 128), np.float32)

    def probability(self, window: bytes) -> float:
        x = self._input
        x[0, :_CONTEXT] = x[0, -_CONTEXT:]
        np.multiply(np.frombuffer(window, np.int16), np.float32(1 / 32768), out=x[0, _CONTEXT:], casting="unsafe")
        out, self._state = self._onnx.run(None, {"input": x, "state": self._state, "sr": _RATE})
        return float(out[0, 0])

    def close(self) -> None: ...
