"""Settings of a Realtime session: merged, checked, shown."""

from typing import Any

import pytest

from voi.config.agents import Agent
from voi.config.config import ClientAgents
from voi.transports.realtime.chosen import chosen_agent, turn_policy
from voi.transports.realtime.settings import RealtimeSettings
from voi.transports.realtime.wire import EventError
from voi.turn_policy import TurnPolicy

NOBODY = ClientAgents(frozenset(), frozenset())
ANYBODY = ClientAgents()
FRIEND = Agent.model_validate({
    "llm_model": "echo", "voices": {"character": {"model": "voice", "voice": "anna"}},
    "tools": {"look": {"app": True, "description": "Looks."}, "bye": {"builtin": "hang_up"}},
})  # fmt: skip


NESTED: dict[str, Any] = {}
for _ in range(248):  # orjson writes 254 levels
    NESTED = {"not": NESTED}


def chosen(session: dict[str, Any], rights: ClientAgents = ANYBODY) -> Any:
    return chosen_agent(FRIEND, RealtimeSettings().updated(session), rights, "app", lambda model: ("anna", "bert"))


def test_updates_are_merged() -> None:
    settings = RealtimeSettings().updated({"instructions": "Be brief.", "audio": {"output": {"speed": 1.5}}})
    settings = settings.updated({"audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 0.9}}}})
    settings = settings.updated({"audio": {"input": {"turn_detection": {"silence_duration_ms": 700}}}})
    shown = settings.shown("sess_1", "friend", {})
    assert (shown["id"], shown["model"], shown["instructions"]) == ("sess_1", "friend", "Be brief.")
    assert shown["audio"]["output"] == {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "default",
                                        "speed": 1.5}  # fmt: skip
    turns = shown["audio"]["input"]["turn_detection"]
    assert (turns["threshold"], turns["silence_duration_ms"], turns["create_response"]) == (0.9, 700, True)
    assert settings.updated({"audio": {"input": {"turn_detection": None}}}).manual
    assert settings.updated({"instructions": None}).instructions == ""


@pytest.mark.parametrize(
    ("session", "param"),
    [
        ({"type": "video"}, "session.type"),
        ({"audio": 3}, "session.audio"),
        ({"audio": {"input": {"format": {"type": "audio/opus"}}}}, "session.audio.input.format.type"),
        ({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16_000}}}}, "session.audio.input.format.rate"),
        ({"audio": {"input": {"turn_detection": {"type": "magic"}}}}, "session.audio.input.turn_detection.type"),
        ({"audio": {"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 1}}}},
         "session.audio.input.turn_detection.idle_timeout_ms"),
        ({"audio": {"output": {"speed": 9}}}, "session.audio.output.speed"),
        ({"tools": [{"type": "function"}]}, "session.tools[0].name"),
        ({"tools": [{"type": "function", "name": "a b"}]}, "session.tools[0].name"),
        ({"tools": [{"type": "function", "name": "f", "parameters": {"$id": 3}}]}, "session.tools[0].parameters"),
        ({"tools": [{"type": "function", "name": "f", "parameters": NESTED}]}, "session.tools"),
        ({"tool_choice": "maybe"}, "session.tool_choice"),
        ({"max_output_tokens": 0}, "session.max_output_tokens"),
    ],
)  # fmt: skip
def test_mistakes_name_the_field(session: dict[str, Any], param: str) -> None:
    with pytest.raises(EventError) as raised:
        RealtimeSettings().updated(session)
    assert raised.value.param == param


def test_functions_of_the_client_stand_beside_the_agents_tools() -> None:
    look = {"type": "function", "name": "look", "description": "Mine.", "parameters": {}}
    new = {"type": "function", "name": "new", "parameters": {"type": "object"}}
    assert chosen({}).agent.tools.keys() == {"bye"}
    both = chosen({"tools": [look, new, {"type": "mcp", "server_label": "x"}]})
    assert both.agent.tools.keys() == {"look", "bye", "new"}
    assert both.agent.tools["look"].description == "Looks."
    assert both.agent.tools["new"].body == "app"
    refused = chosen({"tools": [look, new]}, NOBODY)
    assert refused.agent.tools.keys() == {"look", "bye"}
    assert refused.ignored == ("tools",)
    assert chosen({"tools": [new], "tool_choice": "none"}).agent.tools == {}


def test_voices_are_mapped_and_rights_are_kept() -> None:
    def voice(session: dict[str, Any], rights: ClientAgents = ANYBODY) -> Any:
        voices = chosen({"audio": {"output": session}}, rights).agent.voices
        return voices.character.voice, voices.character.speed

    assert voice({"voice": "bert"}) == ("bert", 1.0)
    assert voice({"voice": {"id": "marin"}}) == ("anna", 1.0)
    assert voice({"voice": "bert", "speed": 1.2}, NOBODY) == ("anna", 1.0)
    assert chosen({"output_modalities": ["text"]}).agent.voices is None
    assert chosen({"instructions": "Be rude."}, NOBODY).instructions == ""


def test_turn_detection_is_mapped() -> None:
    def policy(turns: dict[str, Any] | None) -> TurnPolicy:
        settings = RealtimeSettings().updated({"audio": {"input": {"turn_detection": turns}}})
        return turn_policy(TurnPolicy(), settings)

    assert policy({"type": "semantic_vad"}) == policy(None) == policy({"type": "server_vad"}) == TurnPolicy()
    assert policy({"type": "semantic_vad", "eagerness": "low"}).eagerness == "low"
    exact = policy({"type": "server_vad", "silence_duration_ms": 300})
    assert (exact.min_silence_ms, exact.silence_ms, exact.max_silence_ms) == (300, 300, 300)
