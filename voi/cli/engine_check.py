"""What `voi check` checks about engines: do they exist, are their secrets set, and would they start?

They are started as `voi serve` does it, by the same function; see `startup.try_start` for what is left out.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from voi.cli.engine_findings import Look
from voi.config.config import Config
from voi.config.engine_choice import CHOSEN, NONE, named_engine
from voi.config.problems import Problems, did_you_mean, quoted
from voi.config.secret_refs import missing_variables, plain_secrets, told
from voi.config.settings import Settings
from voi.engines import registry
from voi.engines.startup import try_start
from voi.errors import ConfigError, EngineError


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
    """Adds to `problems` what would keep `voi serve` from starting, and what it would go without."""
    try:
        notes = await try_start(config, settings, Look(settings).judge)
    except (ConfigError, EngineError) as error:
        problems.errors += error.problems if isinstance(error, ConfigError) else [str(error)]
    else:
        problems.warnings += [note for note in notes if not any(note in told for told in problems.warnings)]


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
