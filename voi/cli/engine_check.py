"""What `voi check` checks about engines: do they exist, are their secrets set, and would they start?

Small engines are made and warmed up as `voi serve` does it. For engines that need a GPU, and for services that cost
money, only the packages and options are checked.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from voi.config.config import Config
from voi.config.engine_choice import CHOSEN, NONE, named_engine
from voi.config.problems import Problems, did_you_mean, quoted
from voi.config.secret_refs import missing_variables, plain_secrets, told
from voi.config.settings import Settings
from voi.engines import registry
from voi.engines.base import Tts
from voi.engines.device import engine_options
from voi.engines.info import info_of
from voi.engines.startup import unheard, unspeakable
from voi.errors import ConfigError, EngineError
from voi.text import language
from voi.text.language import AUTO


def check_engines(config: Config, settings: Settings, problems: Problems) -> None:
    """Adds to `problems`; engines that no agent uses only cause warnings."""
    for where, kind, name, options, needed in _engines(config, settings):
        found = problems.errors if needed else problems.warnings
        if name not in registry.names(kind):
            known = registry.names(kind)
            found.append(f"{where}: there is no {kind} engine {quoted(name)}{did_you_mean(name, known)}")
        found += [
            f"{where}: the environment variable {variable} is not set; put it into .env"
            for variable in missing_variables(options)
        ]
        problems.warnings += [told(where, path) for path in plain_secrets(options)]


async def try_engines(config: Config, settings: Settings, problems: Problems) -> None:
    """Start the agents' TTS engines as `voi serve` does, and check the agents' voices, tones and languages; adds to
    `problems`. Also reports agents whose language no STT engine knows."""
    voices: dict[str, Tts] = {}
    used = {use.tts_model for use in config.voice_uses()}
    for name in sorted(used & config.tts_models.keys()):
        model = config.tts_models[name]
        where = f"{settings.tts_models_file}: $.{name}"
        try:
            factory = await asyncio.to_thread(registry.find, "tts", model.engine)
            options = engine_options(factory, settings.models_dir, settings.device, model.engine_options())
            engine = registry.build(factory, "tts", model.engine, options)
            if not (engine.info.gpu or engine.info.cloud):
                await engine.warm_up()
            voices[name] = engine
        except (ConfigError, EngineError) as error:
            problems.errors += [f"{where}: {problem}" for problem in str(error).splitlines()]
    try:
        ready = {name: engine for name, engine in voices.items() if not (engine.info.gpu or engine.info.cloud)}
        uses = [use for use in config.voice_uses() if use.tts_model in ready]
        problems.errors += unspeakable(uses, ready)
    finally:
        for engine in voices.values():
            await engine.close()
    if AUTO in {config.finished(agent).language for agent in config.agents.values()}:
        try:
            await asyncio.to_thread(language.load)
        except EngineError as error:
            problems.errors.append(str(error))
    _tell_unheard(config, settings, problems)


def _tell_unheard(config: Config, settings: Settings, problems: Problems) -> None:
    hears: dict[str, Any] = {}
    for name in {agent.engines.stt or settings.stt_engine for agent in config.agents.values()}:
        engine, _ = named_engine(settings, "stt", name)
        with contextlib.suppress(ConfigError, EngineError):  # reported elsewhere
            hears[name] = SimpleNamespace(info=info_of(registry.find("stt", engine), engine))
    if settings.stt_engine in hears:
        problems.warnings += unheard(config, hears, hears[settings.stt_engine])


def _engines(config: Config, settings: Settings) -> Iterator[tuple[str, registry.Kind, str, Mapping[str, Any], bool]]:
    """For each engine: where it is named, its kind, its name in the registry, its options, and whether it is used."""
    for kind in CHOSEN:
        for name in sorted(config.engines_offered.get(kind, ())):
            if name != NONE or kind != "turn":
                yield f"the {kind} engine {name}", kind, *named_engine(settings, kind, name), True
    for key in settings.engine_options:
        kind_, _, name = key.partition(".")
        if kind_ in ("llm", "voice"):
            yield f"VOI_ENGINE_OPTIONS: {key}", kind_, *named_engine(settings, kind_, name), False  # type: ignore[misc]
    used = {use.tts_model for use in config.voice_uses()}
    for name, model in config.tts_models.items():
        yield f"{settings.tts_models_file}: $.{name}", "tts", model.engine, model.engine_options(), name in used
