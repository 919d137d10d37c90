"""Tones that are voices."""

import pytest

from voi.dialogue import Voice
from voi.engines.base import AS_IT_IS, VoiceSpec
from voi.engines.tts.tone_map import voice_in_tone

TONES = {"neutral": "anna", "warm": "bert"}


@pytest.mark.parametrize(
    ("voice", "tone", "role", "speaks"),
    [("carl", "warm", "character", "bert"), (None, "warm", "character", "bert"), ("carl", "odd", "character", "anna"),
     ("carl", "warm", "narrator", "carl"), (None, "warm", "narrator", None), ("carl", AS_IT_IS, "character", "carl")],
)  # fmt: skip
def test_who_speaks(voice: str | None, tone: str, role: Voice, speaks: str | None) -> None:
    assert voice_in_tone(VoiceSpec(voice, tone, role=role), TONES) == speaks
    assert voice_in_tone(VoiceSpec(voice, tone, role=role), {}) == voice
