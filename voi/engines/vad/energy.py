"""Voice by loudness alone: what is louder than a threshold is a voice, as in simple recorders. It needs no weights and
takes music, doors and other people for voices too; Silero does not.
"""

import numpy as np

from voi.engines.info import Licences, VadInfo
from voi.errors import ConfigError, EngineError

RATE_HZ = 16_000
WINDOW_SAMPLES = 512  # 32 ms, as Silero's
_WINDOW_BYTES = WINDOW_SAMPLES * 2
_FULL_SCALE = 32_768
MIN_SPEECH_MAX_S = 0.35
"""A longer wait would lose the first word: an ear gets 480 ms from before the onset, and 96 ms of voice make one."""


class EnergyStream:
    """State of one caller: how long it was loud, and how long quiet since."""

    __slots__ = ("_loud", "_open", "_quiet", "_rules", "_tired")

    def __init__(self, rules: "Energy") -> None:
        self._rules = rules
        self._loud = 0
        """Loud windows of the utterance."""
        self._open = 0
        """Windows since the utterance began, which is 0 while there is none."""
        self._quiet = 0
        """Quiet windows since the last loud one."""
        self._tired = False
        """It was loud for too long to be a person: nothing counts until it was quiet."""

    def probability(self, window: bytes) -> float:
        """1.0 while 512 samples (1,024 bytes) belong to an utterance, else 0.0. Raises EngineError for any other
        length."""
        if len(window) != _WINDOW_BYTES:
            raise EngineError(f"The VAD takes windows of {_WINDOW_BYTES} bytes, not {len(window)}.")
        samples, rules = np.frombuffer(window, "<i2"), self._rules
        if max(int(samples.max()), -int(samples.min())) > rules.peak:
            self._loud += 1
            self._quiet = 0
        elif not self._open:
            return 0.0
        else:
            self._quiet += 1
        self._open += 1
        if self._quiet > rules.silence_windows:
            self.reset()
            self._tired = False
            return 0.0
        self._tired = self._tired or self._open > rules.longest_windows
        return 1.0 if not self._tired and self._loud >= rules.speech_windows else 0.0

    def reset(self) -> None:
        """Begin a new utterance. That it has been loud for too long stays known."""
        self._loud = self._open = self._quiet = 0

    def close(self) -> None:
        """Nothing is held outside the stream itself."""


class Energy:
    """A `Vad`. `energy_threshold`: the peak, 0..1 of full scale, above which a window is loud.
    `min_speech_duration`: so many seconds have to be loud before it counts. `max_silence_duration`: quiet of up to so
    many seconds belongs to the utterance; the agent's own wait for the end of the turn comes after it.
    `max_recording_duration`: what goes on for more seconds than that is noise, and counts again once it was quiet.
    `sample_rate`: 16000, which is what an ear of Voi hears. Raises ConfigError for values that cannot be used."""

    info = VadInfo("energy", window_samples=WINDOW_SAMPLES, licences=Licences("MIT (Voi's own)", "none: no weights"))

    def __init__(
        self,
        *,
        energy_threshold: float = 0.15,
        min_speech_duration: float = 0.1,
        max_silence_duration: float = 0.2,
        max_recording_duration: float = 30.0,
        sample_rate: int = RATE_HZ,
    ) -> None:
        for name, value, least, most in (
            ("energy_threshold", energy_threshold, 0.001, 0.95),
            ("min_speech_duration", min_speech_duration, 0.0, MIN_SPEECH_MAX_S),
            ("max_silence_duration", max_silence_duration, 0.0, 5.0),
            ("max_recording_duration", max_recording_duration, 1.0, 600.0),
        ):
            if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
                raise ConfigError(f"The option {name} of the VAD energy is a number from {least:g} to {most:g}.")
        if sample_rate != RATE_HZ:
            raise ConfigError(f"The option sample_rate of the VAD energy is {RATE_HZ}: that is what ears hear.")
        self.peak = energy_threshold * _FULL_SCALE
        self.speech_windows = max(1, _windows(min_speech_duration))
        self.silence_windows = _windows(max_silence_duration)
        self.longest_windows = _windows(max_recording_duration)

    async def warm_up(self) -> None:
        """Nothing to load."""

    def open(self) -> EnergyStream:
        return EnergyStream(self)

    async def close(self) -> None:
        """Nothing to free."""


def _windows(seconds: float) -> int:
    return round(seconds * RATE_HZ / WINDOW_SAMPLES)
