"""An edited configuration, or a changed file of voices, and what runs: it learns voices and tones that are new, and
voices that are others now, and needs no restart for them."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from voi.config.config import Config
from voi.config.tts_models import XTTS
from voi.engines.base import Tts
from voi.engines.startup import unspeakable
from voi.engines.tts.rendered import Rendered
from voi.engines.tts.xtts.cloning_live import teach
from voi.engines.tts.xtts.cloning_names import names_in
from voi.errors import ConfigError, EngineError

log = logging.getLogger(__name__)


async def take_over(config: Config, tts: Mapping[str, Tts]) -> None:
    """`tts`: what runs, by the names of its models. Raises ConfigError when `config` wants what that cannot; then its
    tones are as before."""
    uses = list(config.voice_uses())
    running: dict[str, Rendered] = {}
    for name, model in config.tts_models.items():
        if model.engine == XTTS and isinstance(runs := tts.get(name), Rendered):
            running[name] = runs
    before = {name: engine.tone_map for name, engine in running.items()}
    problems = []
    for name, engine in running.items():
        tones = config.tts_models[name].voice_tone_map
        used = [*(use.voice for use in uses if use.tts_model == name), *tones.values()]
        problems += await _learn(name, engine, used)
        problems += [
            f"{name}: voice_tone_map, tone {tone!r}: there is no voice {voice!r} that speaks by now"
            for tone, voice in tones.items()
            if voice not in engine.voices
        ]
        engine.retone(tones)
    problems += unspeakable(uses, tts)
    if problems:
        for name, engine in running.items():
            engine.retone(before[name])
        raise ConfigError(problems)


async def _learn(name: str, engine: Rendered, used: Collection[Any]) -> list[str]:
    """What is wrong with the file of voices: it is not learnt then, and who speaks goes on as before."""
    file = Path(engine.options["voices"])
    there = await asyncio.to_thread(names_in, file)
    if there is not None and (gone := [voice for voice in engine.voices if voice in used and voice not in there]):
        return [f"{name}: {file} lacks the voice {voice!r}, which is in use" for voice in gone]
    try:
        if not await teach(engine, file):
            log.warning("%s learns its new voices with the next start", name)
    except ConfigError as error:
        return error.problems
    except EngineError as error:  # it is being restarted, and reads the file when it begins anew
        log.warning("%s: %s", name, error)
    return []
