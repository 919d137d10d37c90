"""Tones of voice: which ones there are to speak in."""

from collections.abc import Mapping
from typing import Any

DEFAULT_TONES = ("neutral", "warm", "excited", "sad")


def tones_of(tone_map: Mapping[str, Any]) -> tuple[str, ...]:
    """Of a model with that `voice_tone_map`."""
    return tuple(dict.fromkeys(("neutral", *tone_map))) if tone_map else DEFAULT_TONES
