"""What `voi check` finds out about engines without making any: are there such engines, are their secrets at hand?"""

from collections.abc import Iterator, Mapping
from typing import Any

from voi.config.config import Config
from voi.config.engine_choice import CHOSEN, NONE, named_engine
from voi.config.problems import Problems, did_you_mean, quoted
from voi.config.secret_refs import missing_variables, plain_secrets, told
from voi.config.settings import Settings
from voi.engines import registry


def check_engines(config: Config, settings: Settings, problems: Problems) -> None:
    """Adds to `problems`; of what nobody uses only warnings."""
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


def _engines(config: Config, settings: Settings) -> Iterator[tuple[str, registry.Kind, str, Mapping[str, Any], bool]]:
    """Where it is named, kind, name in the registry, options, and whether it is used."""
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
