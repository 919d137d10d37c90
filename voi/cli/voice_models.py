"""The models of tts_models.json for the commands about voices: also a model whose file of voices does not exist yet."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from voi.config.json_file import is_comment, read_object, validated
from voi.config.problems import Problems, did_you_mean, quoted
from voi.config.settings import Settings
from voi.config.tts_models import TtsModel
from voi.config.voice_names import composed, known_as
from voi.engines import registry
from voi.engines.base import VoiceCloner
from voi.engines.device import engine_options
from voi.engines.tts.cloning import cloner_of
from voi.engines.tts.rendered import forget
from voi.errors import ConfigError, EngineError


def read_models(file: Path) -> dict[str, TtsModel]:
    """All models of the file, whether their files are there or not; paths absolute. Raises ConfigError."""
    problems = Problems()
    raw = read_object(file, problems, missing="copy tts_models.example.json there, or set VOI_TTS_MODELS_FILE")
    found = {}
    for name, value in raw.items():
        model = None if is_comment(name) else validated(TtsModel, value, str(file), (name,), problems)
        if model is not None:
            found[name] = model.beside(file).completed(registry.tts_info(model.engine))
    problems.raise_if_any()
    return found


def cloning_model(settings: Settings, wanted: str | None) -> tuple[str, TtsModel, VoiceCloner]:
    """The model of that name, or without one, the only model that voices can be added to; and its voices. Raises
    ConfigError, EngineError."""
    file = settings.tts_models_file
    models = read_models(file)
    if wanted is None:
        fitting = [name for name, model in models.items() if _clones(model.engine)]
        if len(fitting) != 1:
            which = (
                f"say with --model which one is meant: {', '.join(fitting)}"
                if fitting
                else "only voices that were cloned can be added or removed, and docs/voices.md says how to get one"
            )
            raise ConfigError(f"{file} has {len(fitting) or 'no'} models that clone voices: {which}.")
        wanted = fitting[0]
    if wanted not in models:
        raise ConfigError(f"{file}: there is no model {quoted(wanted)}{did_you_mean(wanted, models)}")
    model = models[wanted]
    if (cloner := cloner_of(model.engine, model.engine_options())) is None:
        raise ConfigError(f"{file}: {quoted(wanted)} is a model of {model.engine}, which clones no voices.")
    return wanted, model, cloner


def users(agents_file: Path, models: Mapping[str, TtsModel], voice: str) -> list[str]:
    """Places in the two files that name this voice of these models."""
    found = [
        f"the tone {tone} of {name}"
        for name, model in models.items()
        for tone, named in model.voice_tone_map.items()
        if isinstance(named, str) and composed(named) == composed(voice)
    ]
    if not agents_file.exists():
        return found
    for agent, value in read_object(agents_file, Problems(), missing="").items():
        voices = value.get("voices") if isinstance(value, dict) and not is_comment(agent) else None
        for role, choice in voices.items() if isinstance(voices, dict) else ():
            if not isinstance(choice, dict) or choice.get("model") not in models:
                continue
            if isinstance(named := choice.get("voice"), str) and composed(named) == composed(voice):
                found.append(f"the {role} of the agent {agent}")
    return found


def own_voices(model: TtsModel, settings: Settings) -> tuple[str, ...]:
    """The voices of a model without a file of voices: those that it names, or that its engine declares or has; () if
    only a running engine knows them. Raises ConfigError, EngineError."""
    if isinstance(model.voices, tuple):
        return model.voices
    info = registry.tts_info(model.engine)
    if info is None or info.gpu or info.own_process or info.cloud:
        return ()
    if model.engine not in registry.BUILT_IN["tts"]:
        return info.voices  # making an engine of another package may take long or fail in any way
    factory = registry.find("tts", model.engine)
    options = engine_options(factory, settings.models_dir, settings.device, model.engine_options())
    return registry.build(factory, "tts", model.engine, options).info.voices  # type: ignore[no-any-return]


def model_with_voice(settings: Settings, voice: str) -> str:
    """The only model that has a voice of that name. Raises ConfigError."""
    file = settings.tts_models_file
    having = [name for name, model in read_models(file).items() if known_as(voice, _names(model, settings))]
    if len(having) == 1:
        return having[0]
    if having:
        raise ConfigError(f"{', '.join(having)} have a voice {voice!r}: say with --model which one is meant.")
    raise ConfigError(f"No model of {file} has a voice {voice!r}: voi voice list shows those that there are.")


@dataclass(frozen=True, slots=True)
class Listed:
    """Voices of one model with the tones that each is used for. `note`: why there are none, or why more is not known
    here."""

    voices: Mapping[str, tuple[str, ...]]
    note: str = ""


def listed_voices(model: TtsModel, settings: Settings) -> Listed:
    """What `voi voice list` shows. Needs no package that is not installed: if one is missing, the note says so. Raises
    ConfigError."""
    note = "none yet" if _clones(model.engine) else "the engine's own voices"
    try:
        names = _names(model, settings) or _voices_of_service(model, settings)
    except EngineError as error:
        names, note = (), str(error)
    tones = model.voice_tone_map.items()
    return Listed(
        {name: tuple(tone for tone, named in tones if named == name) for name in names}, "" if names else note
    )


def _voices_of_service(model: TtsModel, settings: Settings) -> tuple[str, ...]:
    """The voices that a service lists, which costs nothing; () for other engines. Raises EngineError."""
    info = registry.tts_info(model.engine)
    if info is None or not info.cloud:
        return ()

    async def ask() -> tuple[str, ...]:
        factory = registry.find("tts", model.engine)
        options = engine_options(factory, settings.models_dir, settings.device, model.engine_options())
        engine = registry.build(factory, "tts", model.engine, options)
        try:
            await engine.warm_up()
            return engine.info.voices  # type: ignore[no-any-return]
        finally:
            await engine.close()

    try:
        return asyncio.run(ask())
    except ConfigError as error:  # a key that is not set is no mistake of the other models
        raise EngineError(" ".join(error.problems)) from error


def _clones(engine: str) -> bool:
    info = registry.tts_info(engine)
    return info is not None and info.clones


def _names(model: TtsModel, settings: Settings) -> tuple[str, ...]:
    if not _clones(model.engine):
        return own_voices(model, settings)
    cloner = cloner_of(model.engine, model.engine_options())
    return cloner.names() if cloner else ()


def sharing(models: Mapping[str, TtsModel], cloner: VoiceCloner) -> dict[str, TtsModel]:
    """The models whose voices are kept in the same place. Raises ConfigError, EngineError."""
    return {
        name: model
        for name, model in models.items()
        if _clones(model.engine)
        and (other := cloner_of(model.engine, model.engine_options())) is not None
        and other.place == cloner.place
    }


def forget_rendered(settings: Settings, cloner: VoiceCloner) -> int:
    """Delete the rendered phrases of all models that share these voices, because one of them has changed. Returns their
    number. Raises ConfigError, EngineError."""
    return forget(settings.greetings_dir, sharing(read_models(settings.tts_models_file), cloner))
