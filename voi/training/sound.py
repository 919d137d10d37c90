"""One recording's sound: decoded, checked, trimmed of the silence around it, and converted to the format of XTTS."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voi.audio.pcm import FULL_SCALE
from voi.audio.sample import Sample
from voi.engines.base import Vad
from voi.engines.tts.sample_quality import VERY_NOISY_DB, quality_of
from voi.errors import ConfigError

RATE_HZ = 22_050
"""Sample rate of XTTS's input (`audio.sample_rate` of its config.json)."""
MIN_MS = 1_000
"""Shorter recordings teach little; the trainer itself takes none under 0.5 s."""
MAX_MS = 11_600
"""255 995 samples at 22.05 kHz: the trainer's `max_wav_length`."""
DECODE_LIMIT_S = 60
"""Longer files are not decoded: they have to be cut into sentences."""
MIN_RATE_HZ = 16_000
KEPT_SILENCE_MS = 150
FRAME_MS = 20
SILENT_DBFS = -45.0
"""Loudest frame of a recording that counts as silent."""
BELOW_PEAK_DB = 35.0
"""Frames softer than the loudest by more than this are silence."""
MIN_SPEECH_SHARE = 0.3
CLIPPED_LEVEL = 0.985
CLIPPED_RUN = 3
"""Samples in a row at the level of clipping; one or two are a peak."""
CLIPPED_SHARE = 0.001


class Unusable(Exception):
    """This recording is left out. `kind`: a word for counting; the text says more."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class PreparedSound:
    """`samples`: (n,), int16, mono at RATE_HZ. `speech_ms`: their length without pauses. `recorded`: the whole decoded
    sound."""

    samples: NDArray[np.int16]
    speech_ms: int
    recorded: Sample

    @property
    def duration_ms(self) -> int:
        return len(self.samples) * 1000 // RATE_HZ


def read(source: Path | bytes | None) -> PreparedSound:
    """Decode (every format of libsndfile: wav, flac, mp3, ogg…), check and convert. Raises Unusable; ConfigError when
    the libraries are missing."""
    try:
        import soundfile
        import soxr
    except ImportError as error:
        raise ConfigError("Reading recordings needs soundfile and soxr. Run: ./install.sh train") from error
    if source is None or (isinstance(source, Path) and not source.is_file()):
        raise Unusable("no sound", "there is neither sound nor the name of a sound file in the folder")
    try:
        with soundfile.SoundFile(io.BytesIO(source) if isinstance(source, bytes) else source) as file:
            rate_hz = file.samplerate
            if file.frames > DECODE_LIMIT_S * rate_hz:
                raise Unusable("too long", f"longer than {DECODE_LIMIT_S} s; cut it into sentences")
            if rate_hz < MIN_RATE_HZ:
                raise Unusable("low rate", f"sampled at {rate_hz} Hz: a voice needs at least {MIN_RATE_HZ}")
            channels = file.read(dtype="float32", always_2d=True)  # at most as many frames as the header says
    except (soundfile.LibsndfileError, RuntimeError, ValueError, OSError) as error:
        raise Unusable("unreadable", f"cannot be decoded: {getattr(error, 'error_string', error)}") from None
    if not np.isfinite(channels).all():
        raise Unusable("unreadable", "some of its samples are no numbers")
    _check_clipping(channels)
    recorded = np.clip(channels, -1, 1).mean(axis=1, dtype=np.float32)  # floats may go beyond full scale
    samples = soxr.resample(recorded, rate_hz, RATE_HZ, quality="VHQ") if rate_hz != RATE_HZ else recorded
    pcm, speech_ms = trimmed(np.asarray(samples, dtype=np.float32))
    return PreparedSound(pcm, speech_ms, Sample(recorded, rate_hz))


def snr_db(sound: PreparedSound, vad: Vad) -> float:
    """Signal-to-noise ratio in dB, of the speech to the noise around it. Raises Unusable when there is no speech, or
    too much noise."""
    # Measured on the whole sound, because the trimmed ends contain the noise alone.
    quality = quality_of(sound.recorded, vad)
    if not quality.speech_s:
        raise Unusable("no speech", "there is no speech in it")
    if quality.snr_db < VERY_NOISY_DB:
        raise Unusable("noisy", f"about {quality.snr_db:.0f} dB between speech and noise; at least {VERY_NOISY_DB:g}")
    return quality.snr_db


def trimmed(samples: NDArray[np.float32]) -> tuple[NDArray[np.int16], int]:
    """The samples without the silence around the speech, and how many ms of them are not silence. `samples`: (n,) at
    RATE_HZ, in [-1, 1]. Raises Unusable when too little is left."""
    levels = _frame_levels_dbfs(samples)
    loudest = float(levels.max()) if len(levels) else -np.inf
    if loudest < SILENT_DBFS:
        raise Unusable("silent", "there is only silence in it")
    speech = np.flatnonzero(levels > loudest - BELOW_PEAK_DB)
    frame = RATE_HZ * FRAME_MS // 1000
    kept = RATE_HZ * KEPT_SILENCE_MS // 1000
    start, end = max(0, int(speech[0]) * frame - kept), min(len(samples), (int(speech[-1]) + 1) * frame + kept)
    cut = samples[start:end]
    duration_ms = len(cut) * 1000 // RATE_HZ
    if duration_ms < MIN_MS:
        raise Unusable("too short", f"{duration_ms} ms of sound; at least {MIN_MS} are needed")
    if len(cut) * 1000 > MAX_MS * RATE_HZ:
        raise Unusable("too long", f"{duration_ms} ms of sound; at most {MAX_MS} fit. Cut it at a pause")
    speech_ms = len(speech) * FRAME_MS
    if speech_ms < MIN_SPEECH_SHARE * duration_ms:
        raise Unusable("mostly silence", f"only {speech_ms} of {duration_ms} ms are sound")
    pcm = np.clip(np.rint(cut * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    return pcm, speech_ms


def _frame_levels_dbfs(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    frame = RATE_HZ * FRAME_MS // 1000
    whole = samples[: len(samples) // frame * frame].reshape(-1, frame).astype(np.float64)
    levels: NDArray[np.float64] = 10 * np.log10(np.mean(whole**2, axis=1) + 1e-12)
    return levels


def _check_clipping(channels: NDArray[np.float32]) -> None:
    """`channels`: (n, channels), before anything is done to them: resampling smooths clipped tops."""
    at_top = np.abs(channels) >= CLIPPED_LEVEL
    in_run = at_top.copy()
    for shift in range(1, CLIPPED_RUN):
        in_run[shift:] &= at_top[:-shift]
    share = float(in_run[CLIPPED_RUN - 1 :].mean()) if len(channels) >= CLIPPED_RUN else 0.0
    if share > CLIPPED_SHARE:
        raise Unusable("clipped", f"{share:.1%} of it is clipped: record it again, more softly")
