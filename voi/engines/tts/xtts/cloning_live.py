"""Lets a running engine take new voices from its file, without a pause for running sentences."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voi.engines.tts.xtts.checkpoint import VoiceLatents


def fitted(
    voices: "Mapping[str, VoiceLatents]", known: "Mapping[str, VoiceLatents]"
) -> "dict[str, VoiceLatents] | None":
    """`voices` with the type and on the device of `known`; None when one is longer or wider than the room that was
    allocated. Called on the device's thread."""
    from voi.engines.tts.xtts.checkpoint import VoiceLatents

    like = next(iter(known.values()))
    most = max(len(voice.conditioning) for voice in known.values())
    if any(
        len(voice.conditioning) > most
        or voice.conditioning.shape[1] != like.conditioning.shape[1]
        or voice.embedding.shape != like.embedding.shape
        for voice in voices.values()
    ):
        return None
    return {
        name: VoiceLatents(name, voice.conditioning.to(like.conditioning), voice.embedding.to(like.embedding))
        for name, voice in voices.items()
    }
