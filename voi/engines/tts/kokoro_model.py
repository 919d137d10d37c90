"""Kokoro-82M as onnxruntime runs it (int8 or float), from phonemes to sound with the times of words. It blocks: do not
call it on the event loop.

Inputs: the numbers of phonemes between two zeros (`tokens` or `input_ids`), a style and a speed. The network rounds a
duration for each phoneme, in frames of 600 samples; where the file has one such rounding, it gives the times.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from voi.audio.pcm import from_float
from voi.dialogue import SpokenWord
from voi.engines.onnx_edit import values_of, with_outputs
from voi.engines.onnx_session import cpu_session
from voi.engines.tts.kokoro_phonemes import SIGNS, VOCABULARY
from voi.engines.tts.limiter import faded, limited
from voi.engines.tts.part_sound import loud_span, resampled
from voi.engines.tts.part_speech import Manner, SpokenPart
from voi.engines.tts.word_sounds import WordPlace, timed
from voi.errors import ConfigError

RATE_HZ = 24_000
FRAME_SAMPLES = 600
PHONEMES_MAX = 510
GAIN = 1.25
"""The network speaks more softly than Voi's other voices."""

Floats = npt.NDArray[np.float32]


class KokoroModel:
    """`config`: a JSON file with another vocabulary than that of v1.0 (Kokoro's config.json, or a tokenizer.json).
    Raises ConfigError for files that are not a Kokoro model, ImportError without onnxruntime."""

    def __init__(self, path: Path, config: Path | None = None, threads: int = 1) -> None:
        import onnxruntime

        self._run_options = onnxruntime.RunOptions
        self.vocabulary = VOCABULARY if config is None else _vocabulary(config)
        try:
            content = path.read_bytes()
            durations = values_of(content, "Round")
            if len(durations) == 1:
                content = with_outputs(content, durations[0])
            self.times_words = len(durations) == 1
            self._session = cpu_session(content, threads)
            inputs = {each.name: each.type for each in self._session.get_inputs()}
        except Exception as error:  # onnxruntime raises many kinds
            raise ConfigError(f"{path} cannot be loaded: {type(error).__name__}.") from None
        self._tokens = "input_ids" if "input_ids" in inputs else "tokens"
        if {self._tokens, "style", "speed"} != inputs.keys():
            raise ConfigError(f"{path} is no Kokoro model: its inputs are {', '.join(inputs)[:200]}.")
        kind = inputs["speed"]
        self._speed_type = np.int64 if "int64" in kind else np.int32 if "int" in kind else np.float32

    def run(self) -> Any:
        """onnxruntime's options of one run; `terminate` set to True ends it from another thread."""
        return self._run_options()

    def ids(self, sounds: Sequence[str]) -> tuple[list[int], list[WordPlace]]:
        """The network's input for the phonemes of each word, and where each word's sounds are in it."""
        ids, places = [0], list[WordPlace]()
        for word in sounds:
            if len(ids) > 1 and " " in self.vocabulary:
                ids.append(self.vocabulary[" "])
            begin = end = len(ids)
            for sign in word:
                if sign in self.vocabulary and len(ids) <= PHONEMES_MAX:
                    ids.append(self.vocabulary[sign])
                    end = end if sign in SIGNS else len(ids)
            places.append((begin, end) if end > begin else ())
        return [*ids[: PHONEMES_MAX + 1], 0], places

    def speak(
        self,
        words: Sequence[str],
        ids: Sequence[int],
        places: Sequence[WordPlace],
        style: Floats,
        manner: Manner,
        run: Any,
    ) -> SpokenPart:
        """Speak one sentence or clause. Without a sound in it there is none. Raises onnxruntime's error when `run` was
        ended."""
        if not any(places):
            return SpokenPart(b"", ())
        speed = manner.speed / manner.pitch
        if self._speed_type is not np.float32:  # some files take whole speeds alone
            speed = max(1, round(speed))
        feed = {
            self._tokens: np.asarray([ids], np.int64),
            "style": style,
            "speed": np.asarray([speed], self._speed_type),
        }
        sound, *more = self._session.run(None, feed, run)
        raised = resampled(sound.reshape(-1).astype(np.float32), 1 / manner.pitch)
        first, last = loud_span(raised, RATE_HZ)
        kept = raised[first:last] * np.float32(GAIN * 10 ** (manner.gain_db / 20))
        times: tuple[SpokenWord, ...] = ()
        frames = np.maximum(more[-1].reshape(-1), 1) if self.times_words else np.zeros(0)
        if len(frames) == len(ids) and len(words) == len(places):
            ends_ms = np.cumsum(frames) * FRAME_SAMPLES * 1_000 / (RATE_HZ * manner.pitch)
            times = timed(words, places, ends_ms - first * 1_000 / RATE_HZ, len(kept) * 1_000 // RATE_HZ)
        return SpokenPart(from_float(faded(limited(kept, RATE_HZ), RATE_HZ)), times)


def _vocabulary(config: Path) -> Mapping[str, int]:
    try:
        about = json.loads(config.read_text("utf-8"))
        found = about.get("vocab") or about["model"]["vocab"]
        return {str(sign): int(number) for sign, number in found.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{config} has no vocabulary of phonemes ({type(error).__name__}).") from None
