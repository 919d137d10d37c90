"""turn-1-mini judges by the sound whether the person has finished: 5.3 million parameters, causal, made for a stream.

Its graph takes one step of 160 ms and the state after the step before it, and gives a probability for each 20 ms; the
filters and features are inside. Here a turn's sound, at most its last 8 s, is played to it from a zero state whenever a
verdict is wanted: 50 steps of some 1.3 ms. An incomplete last step is padded with zeros, and the verdict for the last
20 ms of real sound counts. Interface: huggingface.co/p99lab/turn-1-mini, onnx/README.md. Weights: Apache-2.0, by
p99lab; fetched by `voi models pull turn-1-mini`. English only.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from voi.engines.info import Licences, TurnInfo
from voi.engines.onnx_session import cpu_session
from voi.engines.turn.judge_thread import JudgeThread
from voi.engines.turn.weights_file import weights_file
from voi.errors import EngineError

WEIGHTS_PATTERN = "turn-1-mini*.onnx"
RATE_HZ = 16_000
STEP_SAMPLES, FRAME_SAMPLES = 2_560, 320
N_SAMPLES = 8 * RATE_HZ
STATE, NEW_STATE = "state_", "new_state_"
LEAST = 0.02
"""Probabilities stay this far from 0 and 1: they are not calibrated, and what counts as certain for smart-turn is not
certain for this model."""

Floats = npt.NDArray[np.float32]


class Turn1Mini:
    """A `TurnDetector`. The weights: `model_path`, or the newest `turn-1-mini*.onnx` in `models_dir`.

    Raises EngineError on construction when the weights or onnxruntime are missing.
    """

    info = TurnInfo("turn-1-mini", languages=("en",), licences=Licences("MIT (onnxruntime)", "Apache-2.0"))

    def __init__(self, *, model_path: str | Path | None = None, models_dir: str | Path = "models") -> None:
        self._path = weights_file(
            "turn-1-mini", 7, WEIGHTS_PATTERN, model_path, models_dir, "choose another VOI_TURN_ENGINE"
        )
        self._thread = JudgeThread("turn-1-mini")
        self._session: Any = None
        self._states: dict[str, tuple[int, ...]] = {}

    @property
    def weights(self) -> Path:
        """The file of the weights."""
        return self._path

    async def warm_up(self) -> None:
        await self._thread.load(self._load)

    def _load(self) -> None:
        if self._session is not None:
            return
        try:
            self._session = cpu_session(self._path.read_bytes())
            inputs = self._session.get_inputs()
            self._states = {one.name: tuple(one.shape) for one in inputs if one.name.startswith(STATE)}
            self._judge(bytes(2 * STEP_SAMPLES))
        except Exception as error:  # onnxruntime's exceptions share no base class
            self._session = None
            raise EngineError(
                f"The turn-1-mini weights in {self._path} cannot be loaded ({type(error).__name__}): "
                "delete the file and run `voi models pull turn-1-mini`.",
            ) from error

    async def probability(self, pcm: bytes) -> float:
        """Raises EngineError (retryable) when too many wait, or after 5 s."""
        if self._session is None:
            raise EngineError("Turn detection is not running.")
        return await self._thread.judge(self._judge, pcm[-2 * N_SAMPLES :])

    def _judge(self, pcm: bytes) -> float:
        samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.float32) / 32_768
        frames = len(samples) // FRAME_SAMPLES
        if not frames:
            return 0.5
        padded = np.zeros(-(-frames * FRAME_SAMPLES // STEP_SAMPLES) * STEP_SAMPLES, np.float32)
        padded[: min(len(samples), len(padded))] = samples[: len(padded)]
        try:
            probabilities = self._played(padded)
        except Exception as error:  # as in _load
            raise EngineError(f"Turn detection failed ({error}).", retryable=True) from error
        found = float(probabilities[frames - 1])
        if not np.isfinite(found):
            raise EngineError("Turn detection failed (it gave no number).", retryable=True)
        return min(max(found, LEAST), 1 - LEAST)

    def _played(self, samples: Floats) -> Floats:
        """A probability for each 20 ms."""
        state = {name: np.zeros(shape, np.float32) for name, shape in self._states.items()}
        outputs = ["probs", *(f"{NEW_STATE}{name.removeprefix(STATE)}" for name in state)]
        found = []
        for start in range(0, len(samples), STEP_SAMPLES):
            step = samples[start : start + STEP_SAMPLES][None]
            probabilities, *after = self._session.run(outputs, {"audio": step, **state})
            state = dict(zip(state, after, strict=True))
            found.append(np.asarray(probabilities).reshape(-1))
        return np.concatenate(found)

    async def close(self) -> None:
        """Cancels what still waits."""
        await self._thread.close()
        self._session = None
