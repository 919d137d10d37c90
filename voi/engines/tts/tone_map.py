"""Tones that are voices: for each, the `voice_tone_map` of a model names one."""

from collections.abc import Mapping

from voi.engines.base import AS_IT_IS, VoiceSpec


def voice_in_tone(spec: VoiceSpec, tone_map: Mapping[str, str]) -> str | None:
    """Who speaks: the voice of the character's tone, or else of the neutral one; a narrator's own; None: the first."""
    if spec.role == "narrator" or spec.tone == AS_IT_IS:
        return spec.voice
    return tone_map.get(spec.tone) or tone_map.get("neutral") or spec.voice
