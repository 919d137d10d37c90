"""What the client's settings make of an agent, as far as its app's rights allow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from voi.config.agents import Agent
from voi.config.config import ClientAgents
from voi.config.tools import AgentTool
from voi.config.voice_names import known_as
from voi.transports.realtime.settings import RealtimeSettings
from voi.transports.realtime.wire import Json
from voi.turn_policy import TurnPolicy

TOOL_TIMEOUT_S = 300.0
"""How long the client may take for a function: as long as any tool may."""
VoicesOf = Callable[[str], Sequence[str]]
"""The voices of a voice model, by its name in tts_models.json."""


@dataclass(frozen=True, slots=True)
class ChosenAgent:
    """An agent as the client wants it. `instructions`: what is added to its prompt. `ignored`: settings that the
    client's app has no right to."""

    agent: Agent
    instructions: str
    ignored: tuple[str, ...]


def chosen_agent(
    agent: Agent, settings: RealtimeSettings, rights: ClientAgents, app: str, voices_of: VoicesOf
) -> ChosenAgent:
    """The agent with the client's voice and functions. `agent`: as its author wrote it."""
    ignored: list[str] = []

    def allows(field: str, setting: str) -> bool:
        allowed = rights.allow_app(app) and rights.allow_field(field)
        if not allowed:
            ignored.append(setting)
        return allowed

    update: dict[str, object] = {"tools": {}}
    if settings.tool_choice != "none":
        update["tools"] = with_functions(agent, settings.tools, lambda: allows("tools", "tools"))
    if settings.silent:
        update["voices"] = None
    elif agent.voices is not None and (settings.voice or settings.speed != 1.0):
        character = agent.voices.character
        known = known_as(settings.voice, voices_of(character.model)) if settings.voice else None
        changes: dict[str, object] = {"voice": known} if known else {}
        if settings.speed != 1.0:
            changes["speed"] = settings.speed
        if changes and allows("voices", "voice"):
            update["voices"] = agent.voices.model_copy(update={"character": character.model_copy(update=changes)})
    if settings.max_output_tokens != "inf" and allows("max_tokens", "max_output_tokens"):
        update["max_tokens"] = settings.max_output_tokens
    instructions = settings.instructions
    if instructions and not allows("system_prompt", "instructions"):
        instructions = ""
    return ChosenAgent(agent.model_copy(update=update), instructions, tuple(ignored))


def with_functions(agent: Agent, functions: Sequence[Json], may_bring: Callable[[], bool]) -> dict[str, AgentTool]:
    """The agent's own tools that work here, and the client's functions. `functions`: from `tools_of`. `may_bring` is
    asked when there are some that the agent does not know."""
    theirs = {str(tool["name"]): tool for tool in functions}
    tools = {name: tool for name, tool in agent.tools.items() if not tool.app or name in theirs}
    new = {name: tool for name, tool in theirs.items() if name not in tools}
    if new and may_bring():
        for name, tool in new.items():
            tools[name] = AgentTool.model_construct(  # its schema is the model's business alone
                description=tool["description"] or name, parameters=tool["parameters"] or None, app=True,
                timeout_s=TOOL_TIMEOUT_S,
            )  # fmt: skip
    return tools


def turn_policy(own: TurnPolicy, settings: RealtimeSettings) -> TurnPolicy:
    """The agent's turn-taking with the client's wishes: how eager the agent is, or how much silence ends a turn."""
    turns = settings.turn_detection
    if turns is None:
        return own
    if turns["type"] == "semantic_vad":
        return own if turns["eagerness"] == "auto" else replace(own, eagerness=turns["eagerness"])
    pause_ms = turns["silence_duration_ms"]
    if pause_ms is None:
        return own
    return replace(
        own, eagerness="medium", min_silence_ms=pause_ms, silence_ms=pause_ms, max_silence_ms=max(100, pause_ms),
    )  # fmt: skip
