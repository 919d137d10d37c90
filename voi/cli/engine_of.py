"""One engine for a command: made, warmed up, used and closed."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from voi.config.settings import Settings
from voi.engines import registry
from voi.engines.device import engine_options
from voi.errors import ConfigError


@asynccontextmanager
async def running(
    kind: registry.Kind, name: str, settings: Settings, options: Mapping[str, Any] | None = None
) -> AsyncIterator[Any]:
    """A warm engine, closed at the end. Raises ConfigError, EngineError."""
    factory = registry.find(kind, name)
    engine = registry.build(factory, kind, name, engine_options(factory, settings.models_dir, settings.device, options))
    try:
        await engine.warm_up()
        yield engine
    finally:
        await engine.close()


async def speaker(model: str | None, settings: Settings) -> tuple[str, Mapping[str, Any]]:
    """Engine and options of a model of tts_models.json, or of an engine by its own name; without a name, of the file's
    first model, or else hibari. Raises ConfigError."""
    from voi.cli.voice_models import read_models

    models = read_models(settings.tts_models_file) if settings.tts_models_file.exists() else {}
    if model is None and not models:
        return "hibari", {}
    if model is None or model in models:
        chosen = models[model] if model else next(iter(models.values()))
        return chosen.engine, chosen.engine_options()
    if model in registry.names("tts"):
        return model, {}
    known = ", ".join(dict.fromkeys((*models, *registry.names("tts"))))
    raise ConfigError(f"There is no model and no engine {model!r} that speaks; there are: {known}.")
