"""Reads agents.json and tts_models.json into one Config, or reports every mistake in both at once."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from voi.config.agents import EMBEDDED_MODELS, Agent
from voi.config.classifiers import PATTERN_MATCHING, CompletenessAgent, ControlAgent, ordinary_phrases
from voi.config.config import ClientAgents, Config
from voi.config.engine_choice import CHOSEN, usual_engines
from voi.config.handovers import check_captured
from voi.config.json_file import is_comment, read_object, validated
from voi.config.knowledge import FoundFiles, find_files
from voi.config.phones import read_phones
from voi.config.problems import Problems, did_you_mean, quoted
from voi.config.prompted import Prompted
from voi.config.references import JUDGES, AgentEntry, Known, ReferenceKind, check_references, sound_places, voices_in
from voi.config.settings import Settings
from voi.config.templates import oddities
from voi.config.tts_models import Declared, TtsModel, tts_models
from voi.config.turn_weights import read_turn_weights
from voi.errors import ConfigError

M = TypeVar("M", bound=Prompted)
_ONLY_TALKERS_HAVE = {"voices", "greetings"}
_ONLY_CONTROL_HAS = {"denial_phrases", "denial_classes", "giveup_after", "giveup_response", "temperature_multiplier"}


def load_config(settings: Settings, declared: Declared) -> Config:
    """The configuration. `declared`: what TTS engines say of themselves. Raises ConfigError with every mistake in both
    files. Reads files: do not call it on the event loop."""
    problems = Problems()
    config = read_config(settings, declared, problems)
    problems.raise_if_any()
    return config


def read_config(settings: Settings, declared: Declared, problems: Problems) -> Config:
    """The configuration as far as it can be read; valid only if no mistakes are added to `problems`."""
    source = str(settings.agents_file)
    try:
        raw_agents = read_object(
            settings.agents_file, problems, missing="copy agents.example.json there, or set VOI_AGENTS_FILE"
        )
    except ConfigError as error:
        problems.errors += error.problems
        raw_agents = None
    entries = _entries(raw_agents or {}, source, problems)
    used = {model for entry in entries.values() for _, model, _ in voices_in(entry)}
    models, model_names = _load_tts_models(settings, used, declared, problems)
    known = Known(entries, models, model_names, settings.greetings_dir, declared)
    for entry in entries.values():
        check_references(entry, known, source, problems)

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
    sound_file = partial(_sound_file, settings.greetings_dir)
    talking = {name: agent.with_files(sound_file) for name, agent in talking.items()}
    models_named: dict[tuple[str | int, ...], str] = {
        (name, "llm_model"): agent.llm_model for name, agent in talking.items()
    }
    models_named |= {(name, *at): model for name, agent in talking.items() for at, model in agent.models_beside.items()}
    judging = {**control, **completeness}
    models_named |= {(*entries[name].path, "model"): judge.model for name, judge in judging.items()}
    _warn_without_provider(models_named, settings, source, problems)

    check_captured(talking, source, problems)
    for name, agent in talking.items():
        if agent.fallback.stt is not None and agent.fallback.stt == agent.engines.name("stt", settings.stt_engine):
            text = "is the engine of VOI_STT_ENGINE, which hears this agent first"
            problems.error(source, (name, "fallback", "stt"), text)
        if agent.memory and settings.store == "off":
            problems.warn(source, (name, "memory"), "remembers nothing: VOI_STORE is off")
        if agent.memory and agent.memory.summaries and not agent.memory.model and agent.llm_model in EMBEDDED_MODELS:
            text = f"has no model that can write summaries: {quoted(agent.llm_model)} cannot"
            problems.warn(source, (name, "memory"), text)
    for name, judge in control.items():
        for phrase in ordinary_phrases(judge.denial_phrases):
            text = f"{quoted(phrase)} stands in ordinary sentences, so harmless replies will be denied"
            problems.warn(source, (*entries[name].path, "denial_phrases"), text)
    talking, control, completeness = (_fitting(kind, source, problems) for kind in (talking, control, completeness))

    fields = {*Agent.model_fields, "*"}
    for name in settings.client_agent_fields:
        if name not in fields:
            oddity = f"{quoted(name)} is no field of an agent{did_you_mean(name, fields)}"
            problems.errors.append(f"environment: VOI_CLIENT_AGENT_FIELDS: {oddity}")

    judges = [judge.model for judge in (*control.values(), *completeness.values())]
    beside = [model for agent in talking.values() for model in agent.models_beside.values()]
    named = {*(agent.llm_model for agent in talking.values()), *beside, *judges, *settings.client_llm_models}
    config = Config(
        agents=talking,
        control_agents=MappingProxyType({name: judge.rendered() for name, judge in control.items()}),
        completeness_agents=MappingProxyType({name: judge.rendered() for name, judge in completeness.items()}),
        tts_models=MappingProxyType(models),
        llm_models=frozenset((EMBEDDED_MODELS | named) - {PATTERN_MATCHING, "*"}),
        any_llm_model="*" in settings.client_llm_models,
        client_agents=ClientAgents(settings.granted_agent_apps, frozenset(settings.client_agent_fields)),
        language=settings.language,
        agents_source=source,
        turn_weights=MappingProxyType(_turn_weights(settings, problems)),
        engines_offered=_engines_offered(talking, settings),
        knowledge_files=MappingProxyType(_knowledge_files(talking, settings, problems)),
        phones=read_phones(settings.phones_file, talking, problems),
        warnings=tuple(problems.warnings),
    )
    return replace(config, agents=MappingProxyType({name: config.finished(agent) for name, agent in talking.items()}))


def _turn_weights(settings: Settings, problems: Problems) -> dict[str, float]:
    if settings.turn_weights is None:
        return {}
    try:
        found = read_turn_weights(settings.turn_weights, problems)
    except ConfigError as error:
        problems.errors += error.problems
        return {}
    if found and found.engine.name != settings.turn_engine:
        wrong = f"was fitted to {found.engine.name}, and VOI_TURN_ENGINE is {settings.turn_engine}"
        problems.errors.append(f"{settings.turn_weights}: {wrong}")
    return found.signs if found else {}


def _knowledge_files(
    agents: Mapping[str, Agent], settings: Settings, problems: Problems
) -> dict[tuple[str, ...], FoundFiles]:
    found: dict[tuple[str, ...], FoundFiles] = {}
    for name, agent in agents.items():
        if agent.knowledge is None:
            continue
        named = agent.knowledge.files
        if named not in found:
            found[named] = find_files(settings.agents_file.parent, named)
        path = (name, "knowledge")
        for problem in found[named].problems:
            problems.error(str(settings.agents_file), path, problem)
        if not found[named].files and not found[named].problems:
            problems.error(str(settings.agents_file), path, "names no file that can be read: its folders have none")
    return found


def _engines_offered(agents: Mapping[str, Agent], settings: Settings) -> Mapping[str, frozenset[str]]:
    usual = usual_engines(settings)
    offered = {kind: {usual[kind], *(a.engines.name(kind, usual[kind]) for a in agents.values())} for kind in CHOSEN}
    offered["stt"] |= {agent.fallback.stt for agent in agents.values() if agent.fallback.stt is not None}
    return {kind: frozenset(names) for kind, names in offered.items()}


def _entries(raw: dict[str, Any], source: str, problems: Problems) -> dict[str, AgentEntry]:
    """All agents by name. A judge that is written inside an agent is named "AGENT.FIELD"."""
    found: dict[str, AgentEntry] = {}
    wanted: dict[str, ReferenceKind] = {}
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
                found[value[field]] = AgentEntry(judge, (name, field))
            if isinstance(value.get(field), str):
                wanted.setdefault(value[field], kind)
        found[name] = AgentEntry(value, (name,))
    return {
        name: AgentEntry(entry.raw, entry.path, _kind(entry.raw, wanted.get(name))) for name, entry in found.items()
    }


def _kind(raw: dict[str, Any], wanted: ReferenceKind | None) -> ReferenceKind:
    """The kind of agent, by its fields and by how others refer to it."""
    if raw.keys() & _ONLY_TALKERS_HAVE or ("llm_model" in raw and not wanted):
        return "agent"
    if raw.get("model") == PATTERN_MATCHING or raw.keys() & _ONLY_CONTROL_HAS:
        return "control"
    return wanted or ("completeness" if "model" in raw else "agent")


def _load_tts_models(
    settings: Settings, used: set[str], declared: Declared, problems: Problems
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
    return tts_models(raw, file, used, declared, problems), [name for name in raw if not is_comment(name)]


def _read(model: type[M], name: str, entry: AgentEntry, into: dict[str, M], source: str, problems: Problems) -> None:
    agent = validated(model, entry.raw, source, entry.path, problems)
    if agent is None:
        return
    into[name] = agent
    for field, texts in agent.templated():
        for oddity in oddities("\n".join(texts), agent.vars):
            problems.warn(source, (*entry.path, field), f"{oddity}; it is left as it is")


def _fitting(agents: dict[str, M], source: str, problems: Problems) -> dict[str, M]:
    """The agents whose filled-in templates stay within the limit; the others go to `problems`."""
    fitting = {}
    for name, agent in agents.items():
        try:
            agent.rendered()
        except ConfigError as error:
            problems.error(source, (name,), str(error))
        else:
            fitting[name] = agent
    return fitting


def _sound_file(folder: Path, file: str) -> str | None:
    return next((str(place) for place in sound_places(folder, file) if place.is_file()), None)


def _warn_without_provider(
    named: Mapping[tuple[str | int, ...], str], settings: Settings, source: str, problems: Problems
) -> None:
    """`named`: LLMs by the place that names each."""
    if settings.litellm_api_base:
        return
    cure = f"set LITELLM_API_BASE, or write {settings.litellm_config_file}"
    if settings.litellm_config_file.exists():
        if find_spec("litellm") is not None:
            return
        cure = "LiteLLM is not installed. Set LITELLM_API_BASE, or run ./install.sh litellm"
    for place, model in named.items():
        if model not in {*EMBEDDED_MODELS, PATTERN_MATCHING} and f"llm.{model}" not in settings.engine_options:
            problems.warn(source, place, f"{quoted(model)} will not answer: {cure}")
