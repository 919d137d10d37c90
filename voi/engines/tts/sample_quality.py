"""Checks whether a recording is good enough to clone a voice from, and says what is wrong with it and what to do about
it.

Everything in the recording becomes part of the voice: its noise, its echo, its clipping. The VAD finds the speech; the
noise is the sound between the words.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voi.audio.pcm import from_float, to_float
from voi.audio.resample import resample
from voi.audio.sample import Sample
from voi.engines.base import STT_RATE_HZ, Vad

SHORTEST_S, SHORTEST_SPEECH_S = 3.0, 2.0
"""Least sound, and least speech in it, of all samples of a voice together."""
LONGEST_S = 30.0
GOOD_SPEECH_S = 6.0
SILENT_DBFS, FAINT_DBFS = -55.0, -35.0
NOISY_DB, VERY_NOISY_DB = 20.0, 10.0
SNR_CEILING_DB = 60.0
SPEECH_SHARE_MIN = 0.4
CLIPPED_SHARE = 1e-4
"""A few samples at full scale are a loud recording; more, in flat tops, are distortion."""
CLIP_LEVEL, FLAT_TOP_SAMPLES = 0.98, 3
SPEECH, NO_SPEECH = 0.5, 0.15  # the VAD's probability
MARGIN_WINDOWS = 3  # after and before speech: its reverberation and breath are not noise
FEW_WINDOWS = 10
QUIETEST_SHARE = 0.05
VOICE_BAND_HZ, BRIGHT_BAND_HZ, DULL_DB = (300.0, 3_000.0), (5_000.0, 7_000.0), -45.0
"""The bright band lies 13 to 33 dB under the voice band in wide-band recordings of six speakers; 57 dB under it in a
recording from 1961, and more in sound that passed a telephone line (8 kHz)."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Measurements of a sample, `problems` (it cannot be used) and `advice` (it can be used but could be better)."""

    length_s: float
    speech_s: float
    level_dbfs: float
    snr_db: float
    clipped_share: float
    problems: tuple[str, ...]
    advice: tuple[str, ...]


def quality_of(sample: Sample, vad: Vad) -> Quality:
    """Measure a sample, and say what is wrong with it. Blocks for some 4 ms per second of sound."""
    sound = to_float(resample(from_float(sample.samples), sample.rate_hz, STT_RATE_HZ))
    windows = sound[: len(sound) // vad.info.window_samples * vad.info.window_samples].reshape(
        -1, vad.info.window_samples
    )
    powers = (windows.astype(np.float64) ** 2).mean(axis=1)
    probabilities = _probabilities(windows, vad)
    speech = probabilities >= SPEECH
    window_s = vad.info.window_samples / STT_RATE_HZ
    speech_s = float(speech.sum()) * window_s
    level_dbfs = _db(float(powers[speech].mean()) if speech.any() else float(powers.mean()) if len(powers) else 0.0)
    snr_db = _snr_db(probabilities, powers)
    clipped = clipped_share(sample.samples)
    problems: list[str] = []
    advice: list[str] = []
    if level_dbfs < SILENT_DBFS:
        problems.append("it is silent: is the right microphone chosen?")
    elif not speech.any():
        problems.append("no speech is heard in it.")
    else:
        if speech_s < SPEECH_SHARE_MIN * sample.length_s:
            advice.append(f"it is mostly silence ({speech_s / sample.length_s:.0%} speech): cut the pauses out.")
        if level_dbfs < FAINT_DBFS:
            advice.append(f"it is faint ({level_dbfs:.0f} dBFS): go nearer to the microphone.")
        if snr_db < NOISY_DB:
            very = "very " if snr_db < VERY_NOISY_DB else ""
            advice.append(
                f"it is {very}noisy (about {snr_db:.0f} dB between speech and noise): the noise becomes part of the "
                f"voice. Record in a quiet room; {NOISY_DB:g} dB and more are good."
            )
    if sample.length_s > LONGEST_S:
        advice.append(f"it is too long ({sample.length_s:.0f} s): only the first {LONGEST_S:g} s at most are used.")
    if clipped > CLIPPED_SHARE:
        advice.append(f"it is clipped ({clipped:.2%} of it): record with less gain.")
    if not problems and _brightness_db(windows[speech]) < DULL_DB:
        advice.append(
            f"there is hardly any sound above {BRIGHT_BAND_HZ[0] / 1_000:g} kHz, as on the telephone: the voice will "
            "be dull. Record at 22.05 kHz or more, and do not send it through a call."
        )
    return Quality(sample.length_s, speech_s, level_dbfs, snr_db, clipped, tuple(problems), tuple(advice))


def too_little(qualities: Sequence[Quality]) -> tuple[str, str]:
    """The problem and the advice about the total length of one voice's samples; "" for none."""
    length_s, speech_s = sum(each.length_s for each in qualities), sum(each.speech_s for each in qualities)
    if length_s < SHORTEST_S or speech_s < SHORTEST_SPEECH_S:
        heard = f"{length_s:.1f} s with {speech_s:.1f} s of speech"
        return f"too short: {heard}, and {SHORTEST_S:g} s are the least. Record more, or give several samples.", ""
    if speech_s < GOOD_SPEECH_S:
        return "", f"only {speech_s:.1f} s of speech: with {GOOD_SPEECH_S:g} s and more it is more like the person."
    return "", ""


def clipped_share(samples: NDArray[np.float32]) -> float:
    """Share of samples in flat tops: runs of three or more equal samples at the loudest level. That level is near full
    scale, unless the recording was made quieter afterwards."""
    if not len(samples):
        return 0.0
    peak = float(np.abs(samples).max())
    if peak < 0.1:
        return 0.0
    at_top = np.abs(samples) >= CLIP_LEVEL * peak
    flat = np.zeros(len(samples), bool)
    flat[1:] = at_top[1:] & at_top[:-1] & (np.abs(np.diff(samples)) < 1e-4 * peak)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flat.astype(np.int8), [0]))))
    runs = edges[1::2] - edges[::2] + 1  # samples; the first one is not in `flat`
    return float(runs[runs >= FLAT_TOP_SAMPLES].sum()) / len(samples)


def _probabilities(windows: NDArray[np.float32], vad: Vad) -> NDArray[np.float64]:
    """Probability of speech for each of `windows` (windows, samples)."""
    stream = vad.open()
    try:
        heard = [stream.probability(from_float(window)) for window in windows]
    finally:
        stream.close()
    return np.array(heard, np.float64)


def _brightness_db(windows: NDArray[np.float32]) -> float:
    """Mean power in the bright band over that in the voice band."""
    spectrum = (np.abs(np.fft.rfft(windows * np.hanning(windows.shape[1]))) ** 2).mean(axis=0)
    bins_hz = np.fft.rfftfreq(windows.shape[1], 1 / STT_RATE_HZ)
    bright, voice = (
        float(spectrum[(bins_hz >= low) & (bins_hz < high)].mean()) for low, high in (BRIGHT_BAND_HZ, VOICE_BAND_HZ)
    )
    return _db(bright / max(voice, 1e-12))


def _snr_db(probabilities: NDArray[np.float64], powers: NDArray[np.float64]) -> float:
    """Speech to noise. Sound with speech includes the noise, so that is subtracted. In a recording without a pause the
    quietest windows count as noise."""
    speech = probabilities >= SPEECH
    if not speech.any():
        return 0.0
    near = np.convolve((probabilities > NO_SPEECH).astype(float), np.ones(2 * MARGIN_WINDOWS + 1), "same") > 0.5
    quiet = powers[~near]
    if len(quiet) < FEW_WINDOWS:
        quiet = np.sort(powers)[: max(1, int(QUIETEST_SHARE * len(powers)))]
    noise = float(quiet.mean())
    signal = max(1e-12, float(powers[speech].mean()) - noise)
    return min(SNR_CEILING_DB, max(0.0, 10 * math.log10(signal / max(noise, 1e-12))))


def _db(power: float) -> float:
    return 10 * math.log10(max(power, 1e-12))
