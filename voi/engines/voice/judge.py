"""Judges whether a sound is a person's voice, and whether the person wants the floor. Small logistic regressions, one
for each length of voice.

One regression uses the spectrum, the pitch and the VAD (`features.py`); if smart-turn runs, a second one uses the
output of its encoder, and the log-odds of both are averaged. The weights are in `weights.npz`, described in
`weights.md`; `voi train turns` fits them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voi.engines.info import Licences, VoiceJudgeInfo
from voi.engines.vad.silero import Silero
from voi.engines.vad.silero_weights import WINDOW_SAMPLES
from voi.engines.voice.features import Floats, features
from voi.errors import EngineError

WEIGHTS = Path(__file__).with_name("weights.npz")
LENGTHS_MS = (160, 256, 448, 640)
"""Lengths of voice; a sound is judged with the weights of the longest that it reaches."""
ENCODER_DEADLINE_S = 0.1
"""Longest wait for the encoder: the reply has to be lowered or stopped soon."""
PREROLL_WINDOWS = 15
"""Sound before the voice that the VAD and the encoder also get: 480 ms."""
LONGEST_QUEUE = 256
_WINDOW_BYTES = WINDOW_SAMPLES * 2
_WINDOW_MS = 32
_VOICED = 0.5

SoundEncoder = Callable[[bytes], Awaitable[Floats]]
"""`Encodes.encode`."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic regression: log-odds from standardized inputs."""

    mean: Floats
    scale: Floats
    weights: Floats
    bias: float

    def log_odds(self, values: Floats) -> float:
        return float(((values - self.mean) / self.scale) @ self.weights + self.bias)


def stretch(
    pcm: bytes, voice_ms: int, probability: Callable[[bytes], float], known: Sequence[float] = ()
) -> tuple[bytes, Floats, bytes]:
    """The newest `voice_ms` of sound that end with a voiced window, the VAD's probabilities for it, and the same sound
    with its preroll, for the encoder. `probability`: the method of a fresh VAD stream, for where the probabilities of
    the windows are not `known`."""
    whole_windows = len(pcm) // _WINDOW_BYTES
    count = max(2, min(voice_ms, LENGTHS_MS[-1]) // _WINDOW_MS)
    known = known if len(known) == whole_windows else ()
    first = max(0, whole_windows - (PREROLL_WINDOWS + 2 * count + PREROLL_WINDOWS))
    starts = range(first * _WINDOW_BYTES, whole_windows * _WINDOW_BYTES, _WINDOW_BYTES)
    windows = [pcm[at : at + _WINDOW_BYTES] for at in starts]
    probabilities = np.array(known[-len(windows) :] or [probability(window) for window in windows], np.float32)
    voiced = np.flatnonzero(probabilities >= _VOICED)
    end = int(voiced[-1]) + 1 if len(voiced) else len(windows)
    start = max(0, end - count)
    whole = b"".join(windows[max(0, start - PREROLL_WINDOWS) : end])
    return b"".join(windows[start:end]), probabilities[start:end], whole


class BuiltInVoiceJudge:
    """A `VoiceJudge`. With the `encoder`, if there is one, it knows more."""

    info = VoiceJudgeInfo(
        "voice-judge", takes_encoder=True, vad=Silero.info.name, licences=Licences("MIT (Voi's own)", "MIT")
    )

    def __init__(self, *, weights: str | Path = WEIGHTS, encoder_deadline_s: float = ENCODER_DEADLINE_S) -> None:
        """Raises EngineError when the weights are missing."""
        self._encoder_deadline_s = encoder_deadline_s
        try:
            with np.load(weights) as file:
                stored = {name: file[name].astype(np.float32) for name in file.files}
            self._parts = {
                tuple(name.rsplit("/", 1)[0].split("/")): _logistic(stored, name.rsplit("/", 1)[0])
                for name in stored
                if name.endswith("/weights")
            }
        except (OSError, ValueError, KeyError) as error:
            raise EngineError(f"The voice judge's weights in {weights} cannot be read ({error}).") from error
        self.encoder: SoundEncoder | None = None
        self._vad = Silero()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="voice-judge")
        self._waiting = 0

    async def warm_up(self) -> None:
        await self.judge(bytes(2 * _WINDOW_BYTES), 64)

    async def judge(self, pcm: bytes, voice_ms: int, probabilities: Sequence[float] = ()) -> tuple[float, float]:
        """Raises EngineError (retryable) when too many wait."""
        if self._waiting >= LONGEST_QUEUE:
            raise EngineError("Too many callers wait for the voice judge.", retryable=True)
        length = max((ms for ms in LENGTHS_MS if ms <= voice_ms), default=LENGTHS_MS[0])
        loop = asyncio.get_running_loop()
        self._waiting += 1
        try:
            measured, whole = await loop.run_in_executor(
                self._thread, self._measure, pcm, min(voice_ms, LENGTHS_MS[-1]), probabilities
            )
        finally:
            self._waiting -= 1
        vector = None
        if self.encoder is not None:
            try:
                async with asyncio.timeout(self._encoder_deadline_s):
                    vector = await self.encoder(whole)
            except (TimeoutError, EngineError):  # the encoder is too busy to answer in time
                vector = None
        return self.probability("voice", length, measured, vector), self.probability("floor", length, measured, vector)

    def _measure(self, pcm: bytes, voice_ms: int, known: Sequence[float]) -> tuple[Floats, bytes]:
        sound, probabilities, whole = stretch(pcm, voice_ms, self._vad.open().probability, known)
        return features(sound, probabilities), whole

    def probability(self, what: str, length_ms: int, measured: Floats, vector: Floats | None) -> float:
        """Probability 0..1 of `what`; 0.5 when there are no weights for it at that length."""
        odds = []
        for part, values in (("features", measured), ("encoder", vector)):
            logistic = self._parts.get((what, str(length_ms), part))
            if logistic is not None and values is not None:
                odds.append(logistic.log_odds(values))
        return 1 / (1 + float(np.exp(-sum(odds) / len(odds)))) if odds else 0.5

    async def close(self) -> None:
        """Cancels what still waits."""
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)


def _logistic(stored: dict[str, Floats], name: str) -> Logistic:
    return Logistic(
        stored[f"{name}/mean"], stored[f"{name}/scale"], stored[f"{name}/weights"], float(stored[f"{name}/bias"])
    )
