"""Reads agents.json and tts_models.json into one Config, or reports every mistake in both at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from voi.config.agents import EMBEDDED_MODELS, Agent
from voi.config.config import Config
from voi.config.json_file import is_comment, read_object, validated
from voi.config.judges import PATTERN_MATCHING, CompletenessAgent, ControlAgent
from voi.config.problems import Path as JsonPath
from voi.config.problems import Problems, did_you_mean, quoted
from voi.config.prompted import Prompted
from voi.config.settings import Settings
from voi.config.templates import oddities
from voi.config.tts_models import TtsModel, tts_models
from voi.errors import ConfigError

M = TypeVar("M", bound=Prompted)
Kind = Literal["agent", "control", "completeness"]
JUDGES: Mapping[str, Kind] = {"control_agent": "control", "completeness_agent": "completeness"}
"""Fields by which agents refer to others that judge."""

_WHAT = {
    "agent": "an agent that talks",
    "control": 'a control agent ("model" and "denial_phrases" or "denial_classes")',
    "completeness": 'a completeness agent ("model" and "system_prompt")',
}
_ONLY_TALKERS_HAVE = {"voices", "greetings"}
_ONLY_CONTROL_HAS = {"denial_phrases", "denial_classes", "giveup_after", "giveup_response", "temperature_multiplier"}


@dataclass(frozen=True, slots=True)
class _Entry:
    """An agent as it stands in the file, and where."""

    raw: dict[str, Any]
    path: JsonPath
    kind: Kind = "agent"


def load_config(settings: Settings) -> Config:
    """Raises ConfigError with every mistake in both files. Reads files: not for the event loop."""
    problems = Problems()
    config = read_config(settings, problems)
    problems.raise_if_any()
    return config


def read_config(settings: Settings, problems: Problems) -> Config:
    """What can be read of both files; of use only when no mistakes are added to `problems`."""
    source = str(settings.agents_file)
    try:
        raw_agents = read_object(
            settings.agents_file, problems, missing="copy agents.example.json there, or set VOI_AGENTS_FILE"
        )
    except ConfigError as error:
        problems.errors += error.problems
        raw_agents = None
    entries = _entries(raw_agents or {}, source, problems)
    used = {model for entry in entries.values() for _, model in _tts_named(entry)}
    models, model_names = _load_tts_models(settings, used, problems)
    _check_references(entries, model_names, source, problems)

    talking: dict[str, Agent] = {}
    control: dict[str, ControlAgent] = {}
    completeness: dict[str, CompletenessAgent] = {}
    for name, entry in entries.items():
        match entry.kind:
            case "agent":
                _read(Agent, name, entry, talking, source, problems)
            case "control":
                _read(ControlAgent, name, entry, control, source, problems)
            case "completeness":
                _read(CompletenessAgent, name, entry, completeness, source, problems)
    if raw_agents is not None and not any(entry.kind == "agent" for entry in entries.values()):
        problems.error(source, (), 'has no agent that talks: an object with "llm_model"')
    folder = settings.greetings_dir
    talking = {name: _with_sound(agent, name, folder, source, problems) for name, agent in talking.items()}
    _warn_without_provider(talking, settings, source, problems)

    judges = [judge.model for judge in (*control.values(), *completeness.values())]
    named = {*(agent.llm_model for agent in talking.values()), *judges, *settings.client_llm_models}
    config = Config(
        agents=talking,
        control_agents=MappingProxyType({name: judge.rendered() for name, judge in control.items()}),
        completeness_agents=MappingProxyType({name: judge.rendered() for name, judge in completeness.items()}),
        tts_models=MappingProxyType(models),
        llm_models=frozenset((EMBEDDED_MODELS | named) - {PATTERN_MATCHING, "*"}),
        any_llm_model="*" in settings.client_llm_models,
        language=settings.language,
        warnings=tuple(problems.warnings),
        agents_source=source,
    )
    return replace(config, agents=MappingProxyType({name: config.finished(agent) for name, agent in talking.items()}))


def _entries(raw: dict[str, Any], source: str, problems: Problems) -> dict[str, _Entry]:
    """All agents by name. A judge that stands in place inside an agent is named "AGENT.FIELD"."""
    found: dict[str, _Entry] = {}
    wanted: dict[str, Kind] = {}
    for name, value in raw.items():
        if is_comment(name):
            continue
        if not isinstance(value, dict):
            problems.error(source, (name,), f"must be an object {{…}}, an agent, not {quoted(value)}")
            continue
        value = dict(value)
        for field, kind in JUDGES.items():
            judge = value.get(field)
            if isinstance(judge, dict):
                value[field] = f"{name}.{field}"
                found[value[field]] = _Entry(judge, (name, field))
            if isinstance(value.get(field), str):
                wanted.setdefault(value[field], kind)
        found[name] = _Entry(value, (name,))
    return {name: _Entry(entry.raw, entry.path, _kind(entry.raw, wanted.get(name))) for name, entry in found.items()}


def _kind(raw: dict[str, Any], wanted: Kind | None) -> Kind:
    """What sort of agent this is, by its fields and by how others refer to it."""
    if raw.keys() & _ONLY_TALKERS_HAVE or ("llm_model" in raw and not wanted):
        return "agent"
    if raw.get("model") == PATTERN_MATCHING or raw.keys() & _ONLY_CONTROL_HAS:
        return "control"
    return wanted or ("completeness" if "model" in raw else "agent")


def _tts_named(entry: _Entry) -> Iterable[tuple[JsonPath, str]]:
    """Names of TTS models in an agent, with their places. Looks at unchecked JSON, so that a mistake elsewhere in the
    agent hides none."""
    voices = entry.raw.get("voices")
    for role in ("character", "narrator"):
        choice = voices.get(role) if isinstance(voices, dict) else None
        if isinstance(choice, dict) and isinstance(choice.get("model"), str):
            yield (*entry.path, "voices", role, "model"), choice["model"]


def _check_references(
    entries: Mapping[str, _Entry], model_names: Iterable[str] | None, source: str, problems: Problems
) -> None:
    for entry in entries.values():
        for field, name in entry.raw.items():
            if not (field.endswith("_agent") and isinstance(name, str)):
                continue
            kind = JUDGES.get(field)
            known = [other for other, its in entries.items() if kind in (None, its.kind)]
            if name not in entries:
                text = f"there is no agent {quoted(name)} in this file{did_you_mean(name, known)}"
                problems.error(source, (*entry.path, field), text)
            elif kind and name not in known:
                text = f"{quoted(name)} is {_WHAT[entries[name].kind]}, and {_WHAT[kind]} is needed here"
                problems.error(source, (*entry.path, field), text)
        for path, model in _tts_named(entry):
            if model_names is not None and model not in model_names:
                text = f"{quoted(model)} is no model of tts_models.json{did_you_mean(model, model_names)}"
                problems.error(source, path, text)


def _load_tts_models(
    settings: Settings, used: set[str], problems: Problems
) -> tuple[dict[str, TtsModel], Iterable[str] | None]:
    """The models, and the names that agents may use: None when the file is unreadable, which is reported."""
    file = settings.tts_models_file
    if not used and not file.exists():
        return {}, ()
    try:
        raw = read_object(file, problems, missing="copy tts_models.example.json there, or set VOI_TTS_MODELS_FILE")
    except ConfigError as error:
        problems.errors += error.problems
        return {}, None
    return tts_models(raw, file, used, problems), [name for name in raw if not is_comment(name)]


def _read(model: type[M], name: str, entry: _Entry, into: dict[str, M], source: str, problems: Problems) -> None:
    agent = validated(model, entry.raw, source, entry.path, problems)
    if agent is None:
        return
    into[name] = agent
    for field, texts in agent.templated():
        for oddity in oddities("\n".join(texts), agent.vars):
            problems.warn(source, (*entry.path, field), f"{oddity}; it is left as it is")


def _with_sound(agent: Agent, name: str, folder: Path, source: str, problems: Problems) -> Agent:
    """The agent with checked paths of its pre-recorded sounds, which all lie in `folder`."""
    root = folder.resolve()

    def resolve(field: str, file: str, index: int) -> str | None:
        path = (name, field, "choices", index, "file")
        places = [place for place in ((root / file).resolve(), Path(file).resolve()) if place.is_relative_to(root)]
        if not places:
            text = f"{quoted(file)} is outside of the folder for pre-recorded sound, {root} (VOI_GREETINGS_DIR)"
            problems.error(source, path, text)
            return None
        there = next((place for place in places if place.is_file()), None)
        if there is None:
            problems.warn(source, path, f"there is no file {places[0]}; the voice will speak the words instead")
        return str(there) if there else None

    return agent.with_files(resolve)


def _warn_without_provider(agents: Mapping[str, Agent], settings: Settings, source: str, problems: Problems) -> None:
    if settings.litellm_api_base or settings.litellm_config_file.exists():
        return
    for name, agent in agents.items():
        if agent.llm_model not in EMBEDDED_MODELS:
            cure = f"set LITELLM_API_BASE, or write {settings.litellm_config_file}"
            text = f"{quoted(agent.llm_model)} will not answer: {cure}"
            problems.warn(source, (name, "llm_model"), text)
