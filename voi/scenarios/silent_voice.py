"""A voice that makes no sound: silence as long as the words would take. Turn-taking needs the time, not the sound."""

import re
from collections.abc import AsyncIterator

from voi.audio.pcm import silence
from voi.engines.base import VoiceSpec
from voi.engines.info import TtsInfo
from voi.engines.tts.adapter import TtsAdapter

RATE_HZ = 8_000
CHARACTER_MS = 60
"""English is spoken with about 16 characters a second."""
WORD_MIN_MS = 160


def spoken_ms(text: str) -> int:
    """About how long it takes to say the text."""
    return sum(word_ms(word) for word in text.split())


def word_ms(word: str) -> int:
    """About how long it takes to say one word, with the pause that its punctuation asks for."""
    letters = len(re.sub(r"\W", "", word))
    pause_ms = 250 if word[-1:] in ".!?" else 100 if word[-1:] in ",;:" else 0
    return max(WORD_MIN_MS, letters * CHARACTER_MS + 80) + pause_ms


class _Silent:
    def __init__(self, tones: tuple[str, ...]) -> None:
        self.info = TtsInfo("silent", sample_rate_hz=RATE_HZ, voices=("silent",), tones=tones)

    async def warm_up(self) -> None: ...

    async def close(self) -> None: ...

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes]:
        yield silence(round(spoken_ms(text) / voice.speed), RATE_HZ)


def silent_voice(tones: tuple[str, ...]) -> TtsAdapter:
    """A `Tts` of these tones that speaks without sound, and takes as long as a voice would."""
    return TtsAdapter(_Silent(tones))
