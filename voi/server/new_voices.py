"""Applies an edited configuration, or a changed file of voices, to running TTS engines, without a restart if the engine
can take new options, voices and tones."""

import logging
from collections.abc import Mapping
from typing import Any, cast

from voi.config.config import Config
from voi.engines.base import Reconfigures, Tts
from voi.engines.wanting import unspeakable
from voi.errors import ConfigError, EngineError

log = logging.getLogger(__name__)


async def take_over(config: Config, before: Config, tts: Mapping[str, Tts]) -> None:
    """Apply `config` to the running engines. `before`: the configuration in use. `tts`: the running engines by model
    name. Raises ConfigError if an engine cannot take the change; then all engines stay as they were."""
    uses = list(config.voice_uses())
    problems: list[str] = []
    taken: list[str] = []
    usable = dict(tts)
    for name, model in config.tts_models.items():
        engine = tts.get(name)
        if engine is None or not engine.info.reconfigures:
            continue
        used = {use.voice for use in uses if use.tts_model == name and use.voice} | set(model.voices_of_tones)
        try:
            if await reconfigured(name, engine, model.engine_options(), used):
                taken.append(name)
        except ConfigError as error:
            problems += [f"{name}: {problem}" for problem in error.problems]
        except EngineError as error:  # it is restarting, and reads its options then
            log.warning("%s: %s", name, error)
            taken.append(name)
            usable.pop(name)
    problems += unspeakable((use for use in uses if use.tts_model in usable or use.tts_model not in tts), usable)
    if not problems:
        return
    for name in taken:
        if (old := before.tts_models.get(name)) is not None:
            try:
                await reconfigured(name, tts[name], old.engine_options(), ())
            except (ConfigError, EngineError) as error:
                log.warning("%s: %s", name, error)
    raise ConfigError(problems)


async def reconfigured(name: str, engine: Tts, options: Mapping[str, Any], used: Any) -> bool:
    """True if the engine took the new options. Raises ConfigError if they are wrong, EngineError if the engine
    fails."""
    taken = await cast(Reconfigures, engine).reconfigure(options, used)
    if not taken:
        log.warning("%s takes its new options and voices with the next start", name)
    return taken
