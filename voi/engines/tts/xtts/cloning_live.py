"""A running engine learns what is new in its file of voices, without a pause for those who speak."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voi.engines.tts.xtts.engine import Xtts

if TYPE_CHECKING:
    from voi.engines.tts.xtts.checkpoint import VoiceLatents


async def teach(engine: Any, voices_file: Path) -> bool:
    """`engine`: an Xtts, or what wraps one. False: this one learns only by a restart. Raises ConfigError.

    Voices that are gone are forgotten; who speaks with one now goes on to the end of the sentence.
    """
    while not isinstance(engine, Xtts):
        learn = getattr(engine, "reload_voices", None)
        if learn is not None:
            return bool(await learn(voices_file))
        engine = getattr(engine, "inner", None)
        if engine is None:
            return False
    running, worker = engine._running, engine._worker
    if worker is None:
        return False
    from voi.engines.tts.xtts.checkpoint import load_voices

    voices = await asyncio.to_thread(load_voices, voices_file)
    if running is None:  # unloaded for now; it reads the file when it loads again
        engine.voices = tuple(voices)
        return True
    known = next(iter(running.voices.values()))
    most = max(len(voice.conditioning) for voice in running.voices.values())
    if any(len(v.conditioning) > most or v.embedding.shape != known.embedding.shape for v in voices.values()):
        return False  # it would not fit into the caches

    def place() -> "dict[str, VoiceLatents]":
        import torch

        from voi.engines.tts.xtts.checkpoint import VoiceLatents

        def moved(tensor: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
            return tensor.to(like.device, like.dtype)

        return {
            name: VoiceLatents(
                name, moved(voice.conditioning, known.conditioning), moved(voice.embedding, known.embedding)
            )
            for name, voice in voices.items()
        }

    placed = await asyncio.wrap_future(worker.call(place))  # on the device's thread, between two rounds
    running.voices.clear()
    running.voices.update(placed)
    engine.voices = tuple(placed)
    return True
