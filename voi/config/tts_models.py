"""The TTS models of tts_models.json."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Protocol

from pydantic import BeforeValidator, Field

from voi.config.json_file import is_comment, validated
from voi.config.model_folder import ModelFolder
from voi.config.parts import FileModel, LanguageCode
from voi.config.problems import Problems, quoted
from voi.config.tones import DEFAULT_TONES, TONE_LONGEST, folded, tones_of
from voi.config.usual_variables import files_in
from voi.text.language import AUTO

USUAL_ENGINE = "xtts"
"""The engine of a model that names none, as in files that are older than Voi."""
FILE_FIELDS = ("checkpoint", "config", "tokenizer", "voices")
"""Fields with a path that is relative to tts_models.json."""


class Declaration(Protocol):
    """What an engine says of its models before one runs: fields of `voi.engines.info.TtsInfo`, which is a floor up."""

    @property
    def files(self) -> Mapping[str, bool]:
        """Fields of a model that name files, and whether each must be given."""
        ...

    @property
    def maps_tones(self) -> bool:
        """Whether a model may say how its voice gets each tone."""
        ...

    @property
    def folder(self) -> ModelFolder | None:
        """Where the files lie that a model does not name; None: it has to name them."""
        ...


Declared = Callable[[str], Declaration | None]
"""The declaration of the TTS engine of that name; None: there is none. It may import code, so it blocks."""


def _file_or_names(value: Any) -> Any:
    if isinstance(value, str) or (isinstance(value, list) and all(isinstance(name, str) for name in value)):
        return value
    raise ValueError("must be a file, or an array of names of voices")


def _tones(value: Any) -> Any:
    """A tone map with its tones folded; any other value is returned unchanged, for validation to report."""
    if not isinstance(value, dict):
        return value
    given: dict[str, str] = {}
    for tone, voice in value.items():
        if not isinstance(voice, str | dict):
            raise ValueError(f"must give the tone {quoted(tone)} the name of a voice, not {quoted(voice)}")
        name = folded(tone)
        if not 0 < len(name) <= TONE_LONGEST:
            raise ValueError(f"must have tones of 1 to {TONE_LONGEST} characters, not {quoted(tone)}")
        if name in given:
            raise ValueError(f"has {quoted(given[name])} and {quoted(tone)}, which are one tone: remove one")
        given[name] = tone
    return {name: value[tone] for name, tone in given.items()}


VoicesByName = Annotated[str | tuple[str, ...], BeforeValidator(_file_or_names, json_schema_input_type=str | list[str])]
ToneMap = Annotated[
    dict[str, Any], BeforeValidator(_tones, json_schema_input_type=dict[str, str | dict[str, Any]])
]  # fmt: skip


class TtsModel(FileModel):
    """One way to speak: an engine, its files and its options. Paths are relative to tts_models.json."""

    engine: str = Field(default=USUAL_ENGINE, min_length=1)
    """Name of the engine that runs it: a local one (hibari, kokoro, xtts, …), a provider (elevenlabs, cartesia, …), or
    one of a plug-in."""
    language: LanguageCode | None = None
    """Language that it speaks, when the agent names none; "auto" to detect it."""
    checkpoint: str | None = None
    """File (or folder) of the weights."""
    config: str | None = None
    """File of the model's own configuration."""
    tokenizer: str | None = None
    """File of the tokenizer's vocabulary."""
    voices: VoicesByName | None = None
    """File of named voices; or, for engines that need no such file, an array of the names that agents may use."""
    voice_tone_map: ToneMap = Field(default_factory=dict)
    """Tone -> name of the voice that has it (some engines take an object that describes the tone). It lists all tones
    that agents may use; without it they are neutral, warm, excited and sad."""
    avg_text_len: int | None = Field(default=None, ge=1, le=10_000)
    """The most characters that the model speaks in one go; what is longer is cut. Without it: the engine's limit."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Whatever else the engine takes; see its documentation."""

    @property
    def voices_file(self) -> Path | None:
        """The file of voices, which may change while the engine runs; None: there is none."""
        return Path(self.voices) if isinstance(self.voices, str) else None

    @property
    def voices_of_tones(self) -> tuple[str, ...]:
        """Voices that the tone map names."""
        return tuple(voice for voice in self.voice_tone_map.values() if isinstance(voice, str))

    @property
    def tones(self) -> tuple[str, ...]:
        """Tones that a prompt may offer."""
        return tones_of(self.voice_tone_map)

    def known_tones(self, declared: Declared) -> frozenset[str] | None:
        """Tones that phrases may name; None: only the running engine knows them."""
        engine = None if self.voice_tone_map else declared(self.engine)
        if self.voice_tone_map or (engine is not None and engine.maps_tones):
            return frozenset((*DEFAULT_TONES, *self.voice_tone_map))
        return None

    def beside(self, file: Path) -> "TtsModel":
        """The model with absolute paths. `file`: the tts_models.json that it stands in."""
        paths = {field: path for field in FILE_FIELDS if isinstance(path := getattr(self, field), str)}
        return self.model_copy(update={field: str((file.parent / path).absolute()) for field, path in paths.items()})

    def completed(self, engine: Declaration | None) -> "TtsModel":
        """The model with the files of its engine's folder in place of those that it does not name."""
        if engine is None or engine.folder is None or self.checkpoint is not None:
            return self
        files = files_in(engine.folder, engine.files)
        return self.model_copy(update={field: file for field, file in files.items() if getattr(self, field) is None})

    def engine_options(self) -> dict[str, Any]:
        """Keyword options for the engine's factory: every field that is set, and `options`."""
        unset = {"engine", "options"} | ({"language"} if self.language == AUTO else set())
        return self.model_dump(exclude=unset, exclude_defaults=True) | self.options


def tts_models(
    raw: dict[str, Any], file: Path, used: Collection[str], declared: Declared, problems: Problems
) -> dict[str, TtsModel]:
    """The models in that file's JSON. A model that lacks a file which its engine declares is left out with a warning if
    no agent uses it; if one does (`used`), it is a mistake."""
    models = {}
    for name, value in raw.items():
        if is_comment(name):
            continue
        model = validated(TtsModel, value, str(file), (name,), problems)
        if model is None:
            continue
        engine = declared(model.engine)
        model = model.beside(file).completed(engine)
        lacking = _lacking(model, value, engine.files) if engine else []
        for field, text in lacking:
            if name in used:
                problems.error(str(file), (name, field), text)
            else:
                problems.warn(str(file), (name, field), f"{text}; no agent uses this model, so it is left out")
        if not lacking:
            models[name] = model
    return models


def _lacking(model: TtsModel, raw: dict[str, Any], files: Mapping[str, bool]) -> list[tuple[str, str]]:
    """Files that the engine declares and that are missing: the field, and what is wrong."""
    found = []
    for field, needed in files.items():
        path = getattr(model, field, None)
        if path is None and needed:
            found.append(
                (field, f'is missing: the engine {model.engine} needs it (other engines are chosen by "engine")')
            )
        elif isinstance(path, tuple):
            found.append((field, f"must be a file for the engine {model.engine}"))
        elif path is not None and not Path(path).exists():
            found.append((field, f"{quoted(raw.get(field, path))}: there is no file {path}"))
    return found
