"""Recorded sounds for engine tests, and where the voice is in them."""

import wave
from functools import cache
from pathlib import Path

from voi.engines.vad.silero import Silero

AUDIO = Path(__file__).parents[1] / "data" / "audio"
WINDOW_BYTES = 1024


@cache
def sound(name: str) -> bytes:
    """The PCM of tests/data/audio/NAME.wav, 16 kHz."""
    with wave.open(str(AUDIO / f"{name}.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        return file.readframes(file.getnframes())


def windows(pcm: bytes) -> list[bytes]:
    """Whole VAD windows (32 ms)."""
    return [pcm[at : at + WINDOW_BYTES] for at in range(0, len(pcm) - WINDOW_BYTES + 1, WINDOW_BYTES)]


def flagged(pcm: bytes) -> list[tuple[bytes, bool]]:
    """Each window, and whether the VAD hears speech in it."""
    stream = Silero().open()
    return [(window, stream.probability(window) >= 0.5) for window in windows(pcm)]
