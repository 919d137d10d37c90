"""The whole checked configuration, of agents and of TTS models: one immutable snapshot."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from voi.config.agents import Agent
from voi.config.classifiers import CompletenessAgent, ControlAgent
from voi.config.knowledge import FoundFiles
from voi.config.phones import Phones
from voi.config.problems import Path, did_you_mean, json_path, quoted
from voi.config.tones import DEFAULT_TONES
from voi.config.tts_models import TtsModel
from voi.errors import ClientError


@dataclass(frozen=True, slots=True)
class VoiceUse:
    """A voice that an agent names. `where`: for error messages, like `agents.json: $.friend.voices.character`."""

    where: str
    tts_model: str
    voice: str | None
    tones: tuple[str, ...]
    language: str | None = None
    replaceable: bool = False
    """Another voice takes over where this one does not run."""


@dataclass(frozen=True, slots=True)
class ClientAgents:
    """Which apps' clients may bring agents of their own (`agent_config`), and with which fields; "*": all. A token may
    grant it as well (`voi.calls.call`)."""

    apps: frozenset[str] = frozenset("*")
    fields: frozenset[str] = frozenset("*")

    def allow_app(self, app: str) -> bool:
        return "*" in self.apps or app in self.apps

    def allow_field(self, field: str) -> bool:
        return "*" in self.fields or field in self.fields


@dataclass(frozen=True, slots=True)
class Config:
    """`llm_models`: models that clients may ask for by name. `any_llm_model`: they may ask for any. `language`: ISO
    code for agents and voices that name none."""

    agents: Mapping[str, Agent]
    control_agents: Mapping[str, ControlAgent]
    completeness_agents: Mapping[str, CompletenessAgent]
    tts_models: Mapping[str, TtsModel]
    llm_models: frozenset[str] = frozenset()
    any_llm_model: bool = False
    client_agents: ClientAgents = ClientAgents()
    language: str = "en"
    warnings: tuple[str, ...] = ()
    agents_source: str = "agents.json"
    turn_weights: Mapping[str, float] = field(default_factory=dict)
    """Weights of the signs that a turn has ended, instead of those that Voi ships (VOI_TURN_WEIGHTS)."""
    engines_offered: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By kind (vad, turn, stt): engines that the settings and the agents name. Those are loaded at the start, and
    clients may name no others."""

    knowledge_files: Mapping[tuple[str, ...], FoundFiles] = field(default_factory=dict)
    """For what agents name as their knowledge: the files that it was when the configuration was read."""

    phones: Phones | None = None
    """Telephone numbers that agents answer; None: there is no phones.json."""

    def agent(self, name: str) -> Agent:
        """The agent of that name. Raises ClientError."""
        agent = self.agents.get(name)
        if agent is None:
            raise ClientError(f"There is no agent {quoted(name)} on this server{did_you_mean(name, self.agents)}")
        return agent

    def allows_llm(self, model: str) -> bool:
        """Whether a client may ask for this LLM by name."""
        return self.any_llm_model or model in self.llm_models

    def control_of(self, agent: Agent) -> ControlAgent | None:
        return self.control_agents[agent.control_agent] if agent.control_agent else None

    def completeness_of(self, agent: Agent) -> CompletenessAgent | None:
        return self.completeness_agents[agent.completeness_agent] if agent.completeness_agent else None

    def tones_of(self, agent: Agent) -> tuple[str, ...]:
        """Tones that the agent's character can speak in."""
        if agent.voices is None or agent.voices.character.model not in self.tts_models:
            return DEFAULT_TONES
        return self.tts_models[agent.voices.character.model].tones

    def finished(self, agent: Agent) -> Agent:
        """The agent with its templates filled in and its language set: its own, its voice's, or the server's."""
        model = self.tts_models.get(agent.voices.character.model) if agent.voices else None
        language = agent.language or (model.language if model else None) or self.language
        return agent.rendered(self.tones_of(agent)).model_copy(update={"language": language})

    def voice_uses(self) -> Iterator[VoiceUse]:
        """Every voice and tone that the agents name, for checks against the engines."""
        for name, agent in self.agents.items():
            yield from voice_uses_of(agent, self.agents_source, (name,))


def voice_uses_of(agent: Agent, source: str, path: Path = ()) -> Iterator[VoiceUse]:
    """The same for one agent, at `path` in `source` (`agent_config` and () for one that a client sent)."""
    seconds = agent.fallback_voices()
    for role, choice in agent.voices_by_role().items():
        where = f"{source}: {json_path((*path, 'voices', role))}"
        tones = agent.tones() if role == "character" else ()
        yield VoiceUse(where, choice.model, choice.voice, tones, agent.language, role in seconds)
    for role, choice in seconds.items():  # a tone that it does not have is neutral
        where = f"{source}: {json_path((*path, 'fallback', 'voices', role))}"
        yield VoiceUse(where, choice.model, choice.voice, (), agent.language)
