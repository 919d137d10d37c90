"""The models of tts_models.json for the commands about voices: also a model whose file of voices does not exist yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voi.config.json_file import is_comment, read_object, validated
from voi.config.problems import Problems, did_you_mean, quoted
from voi.config.settings import Settings
from voi.config.tts_models import ESPEAK, XTTS, TtsModel
from voi.config.voice_names import composed, known_as
from voi.engines import registry
from voi.engines.tts.rendered import forget
from voi.errors import ConfigError

_FILES = ("checkpoint", "config", "tokenizer", "voices")


def read_models(file: Path) -> dict[str, TtsModel]:
    """All models of the file, whether their files are there or not; paths absolute. Raises ConfigError."""
    problems = Problems()
    raw = read_object(file, problems, missing="copy tts_models.example.json there, or set VOI_TTS_MODELS_FILE")
    found = {}
    for name, value in raw.items():
        model = None if is_comment(name) else validated(TtsModel, value, str(file), (name,), problems)
        if model is not None:
            found[name] = model.model_copy(update=_absolute(model, file.parent))
    problems.raise_if_any()
    return found


def one_model(file: Path, wanted: str | None, engine: str | None = None) -> tuple[str, TtsModel]:
    """The model of that name; without one, the only model of that engine. Raises ConfigError."""
    models = read_models(file)
    if wanted is not None:
        if wanted not in models:
            raise ConfigError(f"{file}: there is no model {quoted(wanted)}{did_you_mean(wanted, models)}")
        if engine is not None and models[wanted].engine != engine:
            raise ConfigError(f"{file}: {quoted(wanted)} is a model of {models[wanted].engine}, and not of {engine}.")
        return wanted, models[wanted]
    fitting = [name for name, model in models.items() if engine in (None, model.engine)]
    if len(fitting) != 1:
        kind = f" of the engine {engine}" if engine else ""
        which = f"say with --model which one is meant: {', '.join(fitting)}" if fitting else "it needs one"
        raise ConfigError(f"{file} has {len(fitting) or 'no'} models{kind}: {which}.")
    return fitting[0], models[fitting[0]]


def cloning_model(settings: Settings, wanted: str | None) -> tuple[str, TtsModel, Mapping[str, Path]]:
    """A model that voices can be added to, and its files. Raises ConfigError."""
    name, model = one_model(settings.tts_models_file, wanted, XTTS)
    files = {field: getattr(model, field) for field in ("checkpoint", "config", "voices")}
    wrong = [field for field, path in files.items() if not isinstance(path, str)]
    if wrong:
        raise ConfigError(f"{settings.tts_models_file}: $.{name}.{wrong[0]}: must name a file.")
    missing = [path for field, path in files.items() if field != "voices" and not Path(path).exists()]
    if missing:
        raise ConfigError(f"{settings.tts_models_file}: $.{name}: there is no file {missing[0]}.")
    return name, model, {field: Path(path) for field, path in files.items()}


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


def own_voices(model: TtsModel) -> tuple[str, ...]:
    """Of a model whose voices are no file: those that it names, or that its engine has; () where only a running engine
    knows."""
    if isinstance(model.voices, tuple):
        return model.voices
    if model.engine != ESPEAK:
        return ()
    return registry.create("tts", ESPEAK, model.engine_options()).info.voices  # type: ignore[no-any-return]


def model_with_voice(file: Path, voice: str) -> str:
    """The only model that has a voice of that name. Raises ConfigError."""
    having = [name for name, model in read_models(file).items() if known_as(voice, _names(model))]
    if len(having) == 1:
        return having[0]
    if having:
        raise ConfigError(f"{', '.join(having)} have a voice {voice!r}: say with --model which one is meant.")
    raise ConfigError(f"No model of {file} has a voice {voice!r}: voi voice list shows those that there are.")


@dataclass(frozen=True, slots=True)
class Listed:
    """Voices of one model with the tones that each is used for. `note`: why there are none, or why more cannot be
    told here."""

    voices: Mapping[str, tuple[str, ...]]
    note: str = ""


def listed_voices(model: TtsModel) -> Listed:
    """What `voi voice list` shows. Needs no package that is not installed: where one is missing, the note says so.
    Raises ConfigError."""
    note = "none yet" if _has_file(model) else "the engine's own voices"
    try:
        names = _names(model)
    except ModuleNotFoundError as error:
        names, note = (), f"{model.voices}: to read it, the package {error.name} is needed: ./install.sh {model.engine}"
    tones = model.voice_tone_map.items()
    return Listed(
        {name: tuple(tone for tone, named in tones if named == name) for name in names}, "" if names else note
    )


def _has_file(model: TtsModel) -> bool:
    return model.engine == XTTS and isinstance(model.voices, str)


def _names(model: TtsModel) -> tuple[str, ...]:
    if not _has_file(model):
        return own_voices(model)
    file = Path(str(model.voices))
    if not file.exists():
        return ()
    from voi.engines.tts.xtts import cloning_file  # it needs torch

    return cloning_file.names(file)


def sharing(models: Mapping[str, TtsModel], voices: str | Path) -> dict[str, TtsModel]:
    """The models that use this file of voices."""
    return {
        name: model for name, model in models.items() if isinstance(model.voices, str) and _same(model.voices, voices)
    }


def forget_rendered(settings: Settings, voices: str | Path) -> int:
    """Delete the rendered phrases of all models with this file of voices, because a voice in it has changed. Returns
    their number. Raises ConfigError."""
    return forget(settings.greetings_dir, sharing(read_models(settings.tts_models_file), voices))


def _same(one: str | Path, other: str | Path) -> bool:
    return Path(one).resolve() == Path(other).resolve()


def _absolute(model: TtsModel, folder: Path) -> dict[str, Any]:
    return {
        field: str((folder / path).absolute()) for field in _FILES if isinstance(path := getattr(model, field), str)
    }  # fmt: skip
