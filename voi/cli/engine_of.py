"""One engine for a command: made as the server makes it, warmed up, used and closed."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any, Literal

from voi.config.engine_choice import named_engine
from voi.config.settings import Settings
from voi.engines import registry
from voi.engines.device import engine_options
from voi.engines.info import info_of
from voi.errors import ConfigError, EngineError


class InCloud(EngineError):
    """The engine calls an external service, which may cost money, and that was not asked for."""

    def __init__(self, kind: registry.Kind, name: str) -> None:
        super().__init__(f"The {kind} engine {name} calls an external service.")


@asynccontextmanager
async def running(
    kind: registry.Kind,
    name: str,
    settings: Settings,
    options: Mapping[str, Any] | None = None,
    *,
    cloud: bool = True,
) -> AsyncIterator[Any]:
    """A warm engine, closed at the end. `name`: as in the registry; `cloud` False: only one that computes on this
    machine. Raises ConfigError, EngineError; InCloud before the service is called."""
    factory = await asyncio.to_thread(registry.find, kind, name)
    if not cloud and info_of(factory, name).cloud:  # known without its key
        raise InCloud(kind, name)
    engine = registry.build(factory, kind, name, engine_options(factory, settings.models_dir, settings.device, options))
    try:
        if not cloud and engine.info.cloud:
            raise InCloud(kind, name)
        await engine.warm_up()
        yield engine
    finally:
        await engine.close()


def running_named(
    kind: Literal["vad", "turn", "stt"], name: str, settings: Settings, *, cloud: bool = True
) -> AbstractAsyncContextManager[Any]:
    """`running`, of an engine as the settings name it: with its options, and maybe by a name of VOI_ENGINE_OPTIONS."""
    engine, options = named_engine(settings, kind, name)
    return running(kind, engine, settings, options, cloud=cloud)


@contextmanager
def running_vad(settings: Settings) -> Iterator[Any]:
    """The settings' VAD, warm, for code that is not async, so that Ctrl+C ends it at once. Raises ConfigError,
    EngineError."""
    with asyncio.Runner() as runner:
        engine = running_named("vad", settings.vad_engine, settings)
        vad = runner.run(engine.__aenter__())
        try:
            yield vad
        finally:
            runner.run(engine.__aexit__(None, None, None))


async def speaker(model: str | None, settings: Settings, voice: str | None = None) -> tuple[str, Mapping[str, Any]]:
    """Engine and options of a model of tts_models.json, or of an engine by its own name; without a name, of the file's
    first model, or else hibari. `voice`: a voice that an engine by its own name is given in addition to its usual ones,
    if its options allow that. Raises ConfigError."""
    from voi.cli.voice_models import read_models

    models = read_models(settings.tts_models_file) if settings.tts_models_file.exists() else {}
    if model is None and not models:
        return "hibari", {}
    if model is None or model in models:
        chosen = models[model] if model else next(iter(models.values()))
        return chosen.engine, chosen.engine_options()
    if model in registry.names("tts"):
        factory = await asyncio.to_thread(registry.find, "tts", model)
        info = await asyncio.to_thread(registry.tts_info, model)
        usual = info.voices if info is not None else ()
        told = voice and voice not in usual and "voices" in inspect.signature(factory).parameters
        return model, {"voices": [*usual, voice]} if told else {}
    known = ", ".join(dict.fromkeys((*models, *registry.names("tts"))))
    raise ConfigError(f"There is no model and no engine {model!r} that speaks; there are: {known}.")
