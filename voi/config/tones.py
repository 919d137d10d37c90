"""Tones of voice: which ones there are to speak in."""

import unicodedata
from collections.abc import Mapping
from typing import Any

DEFAULT_TONES = ("neutral", "warm", "excited", "sad")
TONE_LONGEST = 64
"""Characters; of what an LLM answers no more is looked at."""


def folded(tone: str) -> str:
    """A tone's name as it is looked up: how an LLM capitalises it, or composes its letters, makes no other tone of it
    (`core/reply_json` reads tones in lower case)."""
    return unicodedata.normalize("NFC", tone).strip().lower()


def tones_of(tone_map: Mapping[str, Any]) -> tuple[str, ...]:
    """Of a model with that `voice_tone_map`."""
    return tuple(dict.fromkeys(("neutral", *tone_map))) if tone_map else DEFAULT_TONES
