"""smart-turn v3 judges by intonation and phrasing whether the person has finished. A Whisper-tiny encoder with a head.

One worker thread with one ONNX thread: a batch of 8 takes as long for each as one alone. The voice judge borrows the
encoder for sounds of a second. The whole 8 s would cost it ten times as much, so the model is loaded a second time, cut
to the last 64 of its 400 positions.
Weights: BSD-2, by Daily (github.com/pipecat-ai/smart-turn); fetched by `voi models pull smart-turn`.
"""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from voi.config.problems import Problems
from voi.config.turn_weights import Head, read_turn_weights
from voi.engines.info import Licences, TurnInfo
from voi.engines.onnx_edit import constant, with_constants, with_outputs
from voi.engines.onnx_session import cpu_session
from voi.engines.turn.judge_thread import JudgeThread
from voi.engines.turn.weights_file import weights_file
from voi.engines.turn.whisper_features import HOP_SAMPLES, N_MELS, N_SAMPLES, log_mel
from voi.errors import ConfigError, EngineError

WEIGHTS_PATTERN = "smart-turn-v3*.onnx"
POOLED = "sum_1"
"""The encoder's output, pooled over time by attention: what the model's own head sees."""
VECTOR = 384
"""Size of the pooled output."""
POSITIONS, POSITIONS_COUNT = "inner.encoder.embed_positions.weight", "val_21"
"""Constants of the model: a vector for each position of 20 ms, and their number."""
SHORT_POSITIONS = 64
SHORT_SAMPLES = SHORT_POSITIONS * 2 * HOP_SAMPLES
"""1.28 s: what the voice judge listens to at most, and 160 ms."""
SURELY_GOES_ON = 0.011
"""At or below this probability the model's own verdict stays: Voi then waits for the longest silence
(`voi/core/endpoint.py`)."""


Vector = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Encoded:
    """`base`: the model's own probability 0..1 that the turn is complete. `vector`: the pooled encoder output, float32
    [384]."""

    base: float
    vector: Vector


class SmartTurn:
    """A `TurnDetector`. The weights: `model_path`, or the newest `smart-turn-v3*.onnx` in `models_dir`. `head`: a
    file of `voi train turns`; if it has a head, that judges instead of the model's own.

    Raises EngineError on construction when the weights or onnxruntime are missing, ConfigError for a `head` that cannot
    be read or was fitted to other weights.
    """

    info = TurnInfo("smart-turn", encodes=True, licences=Licences("MIT (onnxruntime)", "BSD-2-Clause"))

    def __init__(
        self, *, model_path: str | Path | None = None, models_dir: str | Path = "models", head: str | Path | None = None
    ) -> None:
        self._path = weights_file("smart-turn", 9, WEIGHTS_PATTERN, model_path, models_dir, "set VOI_TURN_ENGINE=none")
        self._head = _head(Path(head), self._path) if head is not None else None
        self._thread = JudgeThread("smart-turn")
        self._session: Any = None
        self._short: Any = None

    async def warm_up(self) -> None:
        await self._thread.load(self._load)

    def _load(self) -> None:
        if self._session is not None:
            return
        try:
            model = with_outputs(self._path.read_bytes(), POOLED)
            self._short = cpu_session(shortened(model))
            self._encode(bytes(2))
            self._session = cpu_session(model)
            self._judge(bytes(2))
        except Exception as error:  # as in _judge
            self._session = self._short = None
            raise EngineError(
                f"The smart-turn weights in {self._path} cannot be loaded ({type(error).__name__}): "
                "delete the file and run `voi models pull smart-turn`.",
            ) from error

    @property
    def weights(self) -> Path:
        """The file of the weights."""
        return self._path

    async def probability(self, pcm: bytes) -> float:
        """Raises EngineError (retryable) when too many wait, or after 5 s."""
        heard = await self.hear(pcm)
        return heard.base if self._head is None else headed(self._head, heard.base, heard.vector)

    async def hear(self, pcm: bytes) -> Encoded:
        """Probability and encoder output for 16 kHz sound. Raises EngineError (retryable) when too many wait, or after
        5 s."""
        if self._session is None:
            raise EngineError("Turn detection is not running.")
        return await self._thread.judge(self._judge, pcm[-2 * N_SAMPLES :])

    async def encode(self, pcm: bytes) -> Vector:
        """See `Encodes`. Of the last 1.28 s. Raises EngineError as `hear`."""
        if self._short is None:
            raise EngineError("Turn detection is not running.")
        return await self._thread.judge(self._encode, pcm[-2 * SHORT_SAMPLES :])

    def _encode(self, pcm: bytes) -> Vector:
        try:
            _, vector = self._short.run(None, {"input_features": log_mel(pcm, SHORT_SAMPLES)[None]})
        except Exception as error:  # as in _judge
            raise EngineError(f"Turn detection failed ({error}).", retryable=True) from error
        encoded: Vector = vector[0]
        return encoded

    def _judge(self, pcm: bytes) -> Encoded:
        try:
            probability, vector = self._session.run(None, {"input_features": log_mel(pcm)[None]})
        except Exception as error:  # onnxruntime's exceptions share no base class
            raise EngineError(f"Turn detection failed ({error}).", retryable=True) from error
        return Encoded(float(probability.item()), vector[0])

    async def close(self) -> None:
        """Cancels what still waits."""
        await self._thread.close()
        self._session = self._short = None


def shortened(model: bytes) -> bytes:
    """The model for the last `SHORT_SAMPLES` alone: the end of a sound keeps the position that it has in 8 s. Raises
    ValueError for another model."""
    constants = {
        POSITIONS: constant(model, POSITIONS)[-SHORT_POSITIONS:],
        POSITIONS_COUNT: np.full_like(constant(model, POSITIONS_COUNT), SHORT_POSITIONS),
    }
    return with_constants(model, constants, {"input_features": (1, N_MELS, 2 * SHORT_POSITIONS)})


def headed(head: Head, base: float, vector: Vector) -> float:
    """The head's probability that the turn is over, 0..1. If the model itself is sure that the person goes on, its own
    probability stays."""
    if base <= SURELY_GOES_ON:
        return base
    standardized = (vector - np.asarray(head.mean, np.float32)) / np.asarray(head.scale, np.float32)
    bounded = min(max(base, 1e-6), 1 - 1e-6)
    odds = head.bias + head.slope * math.log(bounded / (1 - bounded)) + float(standardized @ np.asarray(head.weights))
    return min(max(1 / (1 + math.exp(-min(max(odds, -30.0), 30.0))), 2 * SURELY_GOES_ON), 1 - SURELY_GOES_ON)


def _head(file: Path, weights: Path) -> Head | None:
    problems = Problems()
    found = read_turn_weights(file, problems)
    problems.raise_if_any()
    if found is None or found.head is None:
        return None
    if len(found.head.mean) != VECTOR or found.engine.sha256 != hashlib.sha256(weights.read_bytes()).hexdigest():
        raise ConfigError(f"{file}: its head was fitted to another turn model than {weights}: fit it again.")
    return found.head
