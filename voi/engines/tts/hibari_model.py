"""hibari-tts: a neural English voice on one CPU thread, from text to sound with word times. It blocks: do not call it
on the event loop.

The network computes a duration for each phoneme, and a spectrum and a pitch for each frame; the package turns these
into sound. A tone of voice changes tempo, pitch and pitch movement before the sound exists, so formants stay as they
are.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from voi.audio.pcm import from_float
from voi.dialogue import SpokenWord
from voi.engines.onnx_edit import with_outputs
from voi.engines.onnx_session import cpu_session
from voi.engines.tts.english_words import EnglishReader
from voi.engines.tts.hibari_frames import Frames, bent, stretched
from voi.engines.tts.limiter import faded, limited
from voi.engines.tts.part_speech import Manner, SpokenPart

RATE_HZ = 24_000
DURATION_FRAMES = "/CumSum_output_0"
"""The value inside the network that holds where each phoneme ends, in frames of FRAME_MS."""
FRAME_MS = 25
LAG_MS = 50
"""The network's durations end this much later than the sound: median over 34 pauses in sentences at three speeds, whose
silence was measured (55 ms at their beginning, 41 at their end)."""
LEAD_MS, TAIL_MS = 20, 40
"""The network's sound begins and ends with some 300 ms of near silence; this much of it is kept."""
VOICE_AMPLITUDE = 0.006
GAIN = 2.0
"""The network speaks at half the level of other voices: peaks of 0.25 to 0.37."""
PHONEMES_MAX = 400
"""Longer texts are cut: the network was trained on sentences."""
PUNCTUATION = frozenset(';:,.!?—…"()“” ')

Floats = npt.NDArray[np.float32]


class HibariModel:
    """The voice of one ONNX file (`path` None: the one in the package). Raises ImportError without the package hibari,
    and onnxruntime's errors for a file that is not such a model."""

    def __init__(self, path: str | None = None) -> None:
        import hibari
        from hibari import dsp

        self._reader = EnglishReader()
        self._tts = hibari.Hibari(model=path, g2p=self._reader.g2p)
        with open(self._tts.model_path, "rb") as file:
            self._session = cpu_session(with_outputs(file.read(), DURATION_FRAMES))
        self._synth: Any = dsp.synth
        self._random = np.random.default_rng(0)

    def speak(self, text: str, manner: Manner) -> SpokenPart:
        """Speak one sentence or clause. Words that the network cannot read, such as those in other alphabets, are left
        out; a text of only such words has no sound."""
        words = text.split()
        phonemes = self._reader.sounds(text)
        known = len(phonemes) == len(words)
        ids, places = self._ids(phonemes)
        if len(ids) < 3:
            return SpokenPart(b"", ())
        *network, ends = self._session.run(
            None, {"ids": np.asarray([ids], np.int64), "speed": np.asarray([1.0], np.float32)}
        )
        frames = stretched(Frames(*(value[0] for value in network)), manner.speed)
        sound = self._synth(*frames._replace(f0=bent(frames.f0, manner)), self._random)
        sound *= GAIN
        first, last = voiced_span(sound)
        loud = sound[first:last] * np.float32(10 ** (manner.gain_db / 20))
        pcm = from_float(faded(limited(loud, RATE_HZ), RATE_HZ))
        if not known:
            return SpokenPart(pcm, ())
        first_ms, total_ms = first * 1_000 / RATE_HZ + LAG_MS / manner.speed, (last - first) * 1_000 / RATE_HZ
        ends_ms = ends.reshape(-1) * (FRAME_MS / manner.speed)
        return SpokenPart(pcm, tuple(_timed(words, places, ends_ms, first_ms, total_ms)))

    def _ids(self, phonemes: Sequence[str]) -> tuple[list[int], list[tuple[int, int]]]:
        """The network's input, and for each word where its sounds begin and end in it, without punctuation."""
        vocabulary = self._tts.vocab
        ids, places = [0], []
        for number, word in enumerate(phonemes):
            if number:
                ids.append(vocabulary[" "])
            start = end = len(ids)
            for char in word[:PHONEMES_MAX]:
                if char in vocabulary:
                    ids.append(vocabulary[char])
                    if char not in PUNCTUATION:
                        end = len(ids)
            places.append((start, end))
        return [*ids, 0], places


def voiced_span(sound: Floats) -> tuple[int, int]:
    """First sample of the voice with a little quiet around it, and the sample after its last."""
    loud = np.flatnonzero(np.abs(sound) > VOICE_AMPLITUDE * GAIN)
    if not len(loud):
        return 0, 0
    lead, tail = LEAD_MS * RATE_HZ // 1_000, TAIL_MS * RATE_HZ // 1_000
    return max(0, int(loud[0]) - lead), min(len(sound), int(loud[-1]) + tail)


def _timed(
    words: Sequence[str], places: Sequence[tuple[int, int]], ends_ms: Floats, first_ms: float, total_ms: float
) -> Iterator[SpokenWord]:
    """`ends_ms`: end of each phoneme in the whole sound. `first_ms`: how much of its beginning is left out."""
    for word, (start, end) in zip(words, places, strict=True):
        starts_at = ends_ms[start - 1] - first_ms
        ends_at = ends_ms[max(start, end) - 1] - first_ms
        yield SpokenWord(word, _within(starts_at, total_ms), _within(ends_at, total_ms))


def _within(at_ms: float, total_ms: float) -> int:
    return round(min(max(0.0, at_ms), total_ms))
