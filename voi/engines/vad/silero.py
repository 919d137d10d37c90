"""Silero VAD v6: the probability of speech in 32 ms of sound. Computed inline, compiled if possible, else in numpy."""

from dataclasses import replace
from typing import Any

import numpy as np

from voi.audio.compiled import compiled_module
from voi.engines.info import Licences, VadInfo
from voi.engines.vad.silero_numpy import SileroNumpy
from voi.engines.vad.silero_weights import STATE_FLOATS, WINDOW_SAMPLES, load_weights, pack
from voi.errors import EngineError

IN_NUMPY = "its compiled kernel is missing, so it takes several times the CPU: install gcc and python3-dev, then Voi"
_WINDOW_BYTES = WINDOW_SAMPLES * 2


class SileroStream:
    """State of one caller: 64 samples of context and the LSTM's memory, 1,280 bytes."""

    __slots__ = ("_compute", "_state")

    def __init__(self, compute: Any) -> None:
        self._compute = compute
        self._state = np.zeros(STATE_FLOATS, np.float32)

    def probability(self, window: bytes) -> float:
        """Probability 0..1 of speech in 512 samples (1,024 bytes). Raises EngineError for any other length."""
        try:
            return self._compute(self._state, window)  # type: ignore[no-any-return]
        except ValueError as error:
            raise EngineError(f"The VAD takes windows of {_WINDOW_BYTES} bytes, not {len(window)}.") from error

    def reset(self) -> None:
        self._state.fill(0)

    def close(self) -> None:
        """Nothing is held outside the stream itself."""


class Silero:
    """A `Vad`. `compiled`: False uses numpy, True requires the compiled kernel, None prefers the kernel."""

    info = VadInfo("silero", window_samples=WINDOW_SAMPLES, licences=Licences("MIT (Voi's own)", "MIT"))

    def __init__(self, *, compiled: bool | None = None) -> None:
        kernel = None if compiled is False else compiled_module("voi.engines.vad._silero")
        if compiled and kernel is None:
            raise EngineError(
                "The compiled VAD kernel is missing: reinstall Voi on a machine with a C compiler, "
                "or leave `compiled` out to compute in numpy.",
            )
        if kernel is None:
            self.info = replace(Silero.info, note=IN_NUMPY)
        layers = load_weights()
        if kernel is not None:
            weights, probability = pack(layers), kernel.probability
            self._compute = lambda state, window: probability(weights, state, window)
        else:
            self._compute = SileroNumpy(layers).probability

    async def warm_up(self) -> None:
        self.open().probability(bytes(_WINDOW_BYTES))

    def open(self) -> SileroStream:
        return SileroStream(self._compute)

    async def close(self) -> None:
        """Nothing to release: the weights are freed with the object."""
