"""One copy of the Moonshine model: sound in, text out. It blocks; only one worker thread may use it at a time."""

import ctypes
import os
from pathlib import Path
from typing import Any

import numpy as np

from voi.engines.stt.hallucination import believable
from voi.engines.vad.silero import Silero
from voi.errors import EngineError

RATE_HZ = 16_000
# Silence after the sound, so that a word cut off by push-to-talk can end. More does not help: between 0.5 s and 4 s in
# all, and 0 s and 1 s at the end, the error rate over 26 phrases stayed within 2 words of 194.
SHORTEST_SAMPLES = RATE_HZ
TRAILING_SAMPLES = RATE_HZ // 4
VOICED_PROBABILITY = 0.5

_NATIVE_OPTIONS = {
    "vad_threshold": 0,  # we cut the segments: decode what is given, whole
    "vad_max_segment_duration": 60,
    "return_audio_data": "false",
}


class MoonshineModel:
    """Loads on construction (0.2 to 0.5 s, 150 MB for tiny-en). Raises EngineError when the package or files are
    missing."""

    def __init__(self, model_path: Path | None, arch: str) -> None:
        # One thread a copy: a second one makes a decode 15% faster and costs twice the CPU. Read at load time.
        os.environ.setdefault("MOONSHINE_ORT_SINGLE_THREAD", "1")
        try:
            from moonshine_voice import errors, moonshine_api, transcriber, utils
        except (ImportError, OSError) as error:
            raise EngineError(
                f"The moonshine-voice package cannot be loaded ({error}); reinstall it with "
                "`pip install moonshine-voice==0.0.73`.",
            ) from error
        path = Path(utils.get_model_path("tiny-en")) if model_path is None else model_path
        try:
            self._native = transcriber.Transcriber(
                str(path), moonshine_api.string_to_model_arch(arch), options=_NATIVE_OPTIONS
            )
        except (ValueError, errors.MoonshineError) as error:
            raise EngineError(f"No Moonshine model could be loaded from {path}: {error}") from error
        self._transcript_type: Any = ctypes.POINTER(moonshine_api.TranscriptC)
        self._vad = Silero()

    def rehearse(self) -> None:
        """Run once, so that everything is allocated before the first caller."""
        self._decode(np.zeros(RATE_HZ, np.float32))

    def transcribe(self, pcm: bytes) -> str:
        """Text of one segment of 16 kHz sound; "" when there is no voice in it."""
        voiced_ms = self.voiced_ms(pcm)
        if not voiced_ms:
            return ""
        spoken = len(pcm) // 2
        samples = np.zeros(max(spoken + TRAILING_SAMPLES, SHORTEST_SAMPLES), np.float32)
        np.multiply(np.frombuffer(pcm, "<i2"), np.float32(1 / 32768), out=samples[:spoken])
        return believable(self._decode(samples), voiced_ms)

    def voiced_ms(self, pcm: bytes) -> int:
        """Milliseconds of voice in the sound, by our own VAD; the end is padded with silence."""
        window_bytes = self._vad.info.window_samples * 2
        window_ms = window_bytes * 1000 // (2 * RATE_HZ)
        stream = self._vad.open()
        padded = pcm + bytes(-len(pcm) % window_bytes)
        return sum(
            window_ms
            for at in range(0, len(padded), window_bytes)
            if stream.probability(padded[at : at + window_bytes]) >= VOICED_PROBABILITY
        )

    def _decode(self, samples: "np.ndarray[Any, np.dtype[np.float32]]") -> str:
        # The package's own method goes through a Python list of floats, 100 ns a sample with the GIL held.
        result = self._transcript_type()
        status = self._native._lib.moonshine_transcribe_without_streaming(
            self._native._handle,
            samples.ctypes.data_as(ctypes.POINTER(ctypes.c_float)),
            len(samples),
            RATE_HZ,
            0,
            ctypes.byref(result),
        )
        if status < 0:
            raise EngineError(f"Moonshine failed to transcribe (error {status}).", retryable=True)
        if not result:
            return ""
        lines = result.contents.lines[: result.contents.line_count]
        texts = (ctypes.string_at(line.text).decode("utf-8", "replace").strip() for line in lines if line.text)
        return " ".join(text for text in texts if text)

    def close(self) -> None:
        self._native.close()
