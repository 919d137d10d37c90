"""Tells whether speech is of one person, from the sound alone and without a model: two stretches of speech are compared
by the distribution of their spectra.

Each stretch is a cloud of cepstra (MFCC, Davis and Mermelstein 1980). The generalised likelihood ratio says how much
better two Gaussians describe both than one does; divided by the penalty of the Bayesian information criterion for the
second Gaussian (Chen and Gopalakrishnan 1998) it is a plain number, `apartness`. The criterion's threshold is 1; this
module's is higher, because false advice is worse than none. A change of microphone or room raises it as well.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from voi.audio.pcm import from_float, to_float
from voi.audio.resample import resample
from voi.audio.sample import Sample

RATE_HZ = 16_000
FRAME_SAMPLES, HOP_SAMPLES, FFT_SAMPLES = 400, 160, 512  # 25 ms every 10 ms
BANDS, BAND_RANGE_HZ, CEPSTRA = 24, (60.0, 7_600.0), 12
PREEMPHASIS = 0.97
LOUD_SHARE = 0.03
"""Least power of a frame, as a share of the power that 5 % of the frames exceed: quieter frames say more about the room
than about the person."""
SIDE_FRAMES = (200, 400)
"""Least and most frames of speech on each side: with less, the ratio depends on which words were spoken."""
STEP_FRAMES = 50
OTHER_SPEAKER = 2.2
"""From this `apartness` on it is probably not one person. Measured on six readers and speakers: within one person's 5
to 44 s at most 1.9; between two at least 2.5; tests/engines/tts/test_sample_speakers.py measures it again."""


def cepstra(sample: Sample) -> NDArray[np.float64]:
    """(frames, 12): MFCC 1 to 12 of the loud frames. About 2 ms for a second of sound."""
    sound = to_float(resample(from_float(sample.samples), sample.rate_hz, RATE_HZ)).astype(np.float64)
    if len(sound) < FRAME_SAMPLES:
        return np.zeros((0, CEPSTRA))
    frames = np.lib.stride_tricks.sliding_window_view(sound, FRAME_SAMPLES)[::HOP_SAMPLES]
    powers = (frames**2).mean(axis=1)
    frames = frames[powers > LOUD_SHARE * np.percentile(powers, 95)]
    emphasised = frames - PREEMPHASIS * np.pad(frames[:, :-1], ((0, 0), (1, 0)), "edge")
    spectrum = np.abs(np.fft.rfft(emphasised * np.hamming(FRAME_SAMPLES), FFT_SAMPLES)) ** 2
    filters, cosines = _bases()
    found: NDArray[np.float64] = np.log(spectrum @ filters + 1e-8) @ cosines
    return found


def apartness(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """How different two sounds' speakers are, from the first 2 to 4 s of speech of each; 0.0 when one has less."""
    least, most = SIDE_FRAMES
    if min(len(one), len(other)) < least:
        return 0.0
    return _ratio(one[:most], other[:most])


def greatest_change(frames: NDArray[np.float64]) -> float:
    """The greatest `apartness` between what is before and after any place; 0.0 for less than 4 s of speech."""
    least, most = SIDE_FRAMES
    places = range(least, len(frames) - least + 1, STEP_FRAMES)
    return max((_ratio(frames[max(0, at - most) : at], frames[at : at + most]) for at in places), default=0.0)


def _ratio(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    both = np.concatenate([one, other])
    width, frames = both.shape[1], len(both)
    gain = 0.5 * (frames * _spread(both) - len(one) * _spread(one) - len(other) * _spread(other))
    penalty = 0.5 * (width + width * (width + 1) / 2) * np.log(frames)
    return float(gain / penalty)


def _spread(frames: NDArray[np.float64]) -> float:
    """Log of the covariance's determinant; silence is given some spread, so that it is finite."""
    covariance = np.cov(frames.T, bias=True) + 1e-6 * np.eye(frames.shape[1])
    return float(np.linalg.slogdet(covariance)[1])


@lru_cache(maxsize=1)
def _bases() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Triangular filters on the mel scale (bins, bands), and the cosines that turn logs of bands into cepstra
    (bands, cepstra)."""
    low_mel, high_mel = (2595 * np.log10(1 + hz / 700) for hz in BAND_RANGE_HZ)
    edges_hz = 700 * (10 ** (np.linspace(low_mel, high_mel, BANDS + 2) / 2595) - 1)
    bins_hz = np.fft.rfftfreq(FFT_SAMPLES, 1 / RATE_HZ)
    low, middle, high = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    filters = np.clip(np.minimum((bins_hz - low) / (middle - low), (high - bins_hz) / (high - middle)), 0, None)
    cosines = np.cos(np.pi / BANDS * (np.arange(BANDS)[:, None] + 0.5) * np.arange(1, CEPSTRA + 1))
    return filters.T, cosines * np.sqrt(2 / BANDS)
