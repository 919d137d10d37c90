"""Tones that are voices: a model's `voice_tone_map` names a voice for each tone."""

from collections.abc import Mapping

from voi.engines.base import AS_IT_IS, VoiceSpec


def voice_in_tone(spec: VoiceSpec, tone_map: Mapping[str, str]) -> str | None:
    """The voice to speak with: for a character that of its tone, else that of the neutral tone; for a narrator its own.
    None: the model's first."""
    if spec.role == "narrator" or spec.tone == AS_IT_IS:
        return spec.voice
    return tone_map.get(spec.tone) or tone_map.get("neutral") or spec.voice
