"""What the judge of voices measures of labelled clips: for each length of voice, as recorded and in other rooms."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from voi.core.facts import SpeechGrew, UserStarted
from voi.core.vad_edges import VadEdges
from voi.engines.voice.features import features
from voi.engines.voice.judge import LENGTHS_MS, PREROLL_WINDOWS, stretch
from voi.training.turns.clips import RATE_HZ, Clip
from voi.training.turns.judgements import ClipEngines

Wave = npt.NDArray[np.float64]
NOISES = frozenset({"cough", "keyboard", "noise"})
ROOMS, ROOMS_OF_NOISE = ("clean", "room1", "room2"), ("quiet", "room3", "room4", "room5")
ENCODED = frozenset({"clean", "room1"})
"""Rooms in which the encoder is asked about a voice; about noises that the VAD takes for one it is in all."""
WINDOW_SAMPLES = 512
WINDOW_MS = 32
ONSET_WINDOWS = 3


@dataclass(frozen=True, slots=True)
class MeasuredSound:
    """One sound of a length: what was measured of it, and what it is."""

    clip: str
    kind: str
    speaker: str
    room: str
    """ "clean": as recorded."""
    real: bool
    """The VAD takes it for a voice."""
    length_ms: int
    features: Any
    encoder: Any
    """None: the encoder was not asked."""

    @property
    def voice(self) -> bool:
        return self.kind not in NOISES

    @property
    def floor(self) -> bool:
        return self.kind != "backchannel"


def may_use(clip: Clip) -> bool:
    """Weights made of recordings under a share-alike licence might have to be under it as well."""
    return "-SA" not in clip.licence and not clip.licence.startswith("free")


def rows_of(
    clips: Iterable[Clip], engines: ClipEngines, on_progress: Callable[[int], None] = lambda done: None
) -> list[MeasuredSound]:
    """Raises ClientError, EngineError."""
    rows = []
    for number, clip in enumerate(clips, 1):
        rows += _rows(clip, engines)
        on_progress(number)
    return rows


def _rows(clip: Clip, engines: ClipEngines) -> list[MeasuredSound]:
    random = np.random.default_rng(int.from_bytes(hashlib.sha256(clip.name.encode()).digest()[:8], "big"))
    noise = clip.kind in NOISES
    wave = np.frombuffer(clip.pcm(), "<i2").astype(np.float64) / 32_768
    rows = []
    for room in (*ROOMS, *(ROOMS_OF_NOISE if noise else ())):
        pcm = (np.clip(_in_room(wave, room, random), -1, 1) * 32_767).astype("<i2")
        windows = [pcm[at : at + WINDOW_SAMPLES].tobytes() for at in range(0, len(pcm) - 511, WINDOW_SAMPLES)]
        known = _onsets(list(map(engines.listener(), windows)))
        places = [(*place, True) for place in (known if noise else known[:1])]
        if noise:
            places += [(*place, False) for place in _bursts(pcm, known, random)]
        for start, end, real in places:
            for length_ms in LENGTHS_MS:
                stop = start + length_ms // WINDOW_MS
                if stop > min(end, len(windows)):
                    continue
                heard = b"".join(windows[max(0, start - PREROLL_WINDOWS) : stop])
                sound, voiced, whole = stretch(heard, length_ms, engines.listener())
                vector = engines.encode(whole) if room in ENCODED or (noise and real) else None
                rows.append(
                    MeasuredSound(
                        clip.name, clip.kind, clip.speaker, room, real, length_ms, features(sound, voiced), vector
                    )
                )
    return rows


def _in_room(wave: Wave, room: str, random: np.random.Generator) -> Wave:
    """The sound by another microphone in another room: without this the spectrum would learn which recordings the
    coughs are from."""
    if room == "clean":
        return wave
    if room == "quiet":
        return wave * 10 ** (-random.uniform(6, 14) / 20)
    tilt, low_hz, high_hz = random.uniform(-0.6, 0.6), random.uniform(50, 300), random.uniform(3_200, 7_600)
    hz = np.fft.rfftfreq(len(wave), 1 / RATE_HZ)
    gain = 1 / np.sqrt(1 + (low_hz / np.maximum(hz, 1)) ** 4) / np.sqrt(1 + (hz / high_hz) ** 4)
    gain = gain * np.abs(1 - tilt * np.exp(-2j * np.pi * hz / RATE_HZ))
    wave = np.fft.irfft(np.fft.rfft(wave) * gain, len(wave)) * 10 ** (random.uniform(-12, 3) / 20)
    blocks = wave[: len(wave) // WINDOW_SAMPLES * WINDOW_SAMPLES].reshape(-1, WINDOW_SAMPLES)
    loud = np.percentile(np.sqrt((blocks**2).mean(1)), 95) + 1e-6
    wave = wave + random.normal(size=len(wave)) * loud * 10 ** (-random.uniform(25, 50) / 20)
    scaled: Wave = wave * 0.9 / max(0.9, np.abs(wave).max())
    return scaled


def _onsets(probabilities: Sequence[float]) -> list[tuple[int, int]]:
    """Where the VAD says that voice sets in, and its last window before a pause."""
    edges, found = VadEdges(), []
    for index, probability in enumerate(probabilities):
        fact = edges.window(probability)
        if isinstance(fact, UserStarted):
            found.append([index + 1 - ONSET_WINDOWS, index + 1])
        elif isinstance(fact, SpeechGrew):
            found[-1][1] = index + 1
    return [(start, end) for start, end in found]


def _bursts(pcm: Any, known: list[tuple[int, int]], random: np.random.Generator) -> list[tuple[int, int]]:
    """Of a noise: where it sets in though the VAD takes it for none. In another room it might."""
    whole = pcm[: len(pcm) // WINDOW_SAMPLES * WINDOW_SAMPLES].astype(float).reshape(-1, WINDOW_SAMPLES)
    level = np.sqrt((whole**2).mean(1))
    found: list[tuple[int, int]] = []
    for index in range(2, len(level) - 5):
        sets_in = level[index] > 0.3 * level.max() and level[index] > 3 * level[index - 2]
        if sets_in and all(abs(index - start) >= 6 for start, _ in (*known, *found)):
            found.append((index, index + 5 + int(random.integers(0, 16))))
    return found
