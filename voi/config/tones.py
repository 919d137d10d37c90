"""Names of tones of voice."""

import unicodedata
from collections.abc import Mapping
from typing import Any

DEFAULT_TONES = ("neutral", "warm", "excited", "sad")
TONE_LONGEST = 64
"""Longest name in characters; more of an LLM's answer is ignored."""


def folded(tone: str) -> str:
    """A tone's name in the form for look-up: capitals, or how an LLM composes letters, make no difference
    (`core/reply_json` reads tones in lower case)."""
    return unicodedata.normalize("NFC", tone).strip().lower()


def tones_of(tone_map: Mapping[str, Any]) -> tuple[str, ...]:
    """The tones of a model with that `voice_tone_map`."""
    return tuple(dict.fromkeys(("neutral", *tone_map))) if tone_map else DEFAULT_TONES
