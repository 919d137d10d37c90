from typing import Any

import pytest

from voi.config.agents import Agent
from voi.core.options import CallOptions
from voi.core.script import PLAYBACK_LAG_MAX_MS
from voi.dialogue import Phrase
from voi.session.script_from import script_from
from voi.turn_policy import TurnPolicy

AGENT = {
    "llm_model": "eliza",
    "system_prompt": ["You are kind.", "You are brief."],
    "examples": [{"user": "Hi", "assistant": "Hello."}],
    "greetings": {"choices": ["Hello!", {"content": "Hello!", "file": None}], "voice_tone": "warm"},
    "turn": {"silence_ms": 700, "barge_in_ms": 200},
    "idle_reminder": {"choices": ["Still there?"], "after_s": 20, "max_times": 3},
    "apology": "Sorry.",
    "idle_limit_s": 90,
    "duration_limit_s": 600.5,
}


def test_the_agents_words_and_rules_and_the_clients_choices() -> None:
    script = script_from(Agent.model_validate(AGENT), CallOptions(mode="call", stream_user_stt=False))
    assert script.mode == "call"
    assert [message.role for message in script.prompt] == ["system", "user", "assistant"]
    assert script.greeting == Phrase("Hello!", "warm")
    assert script.turn == TurnPolicy(silence_ms=700, barge_in_ms=200)
    assert (script.stream_user_stt, script.final_stt_correction) == (False, True)
    assert (script.reminder, script.reminder_after_ms, script.reminders_max) == (Phrase("Still there?"), 20_000, 3)
    assert script.apology == Phrase("Sorry.")
    assert (script.idle_limit_ms, script.duration_limit_ms) == (90_000, 600_500)


def test_a_bare_agent() -> None:
    script = script_from(Agent.model_validate({"llm_model": "eliza"}), CallOptions(mode="chat"))
    assert script.mode == "chat"
    assert script.prompt == ()
    assert script.greeting is None
    assert script.reminder is None
    assert script.turn == TurnPolicy()


def test_what_is_sent_whole_is_played_when_the_client_likes() -> None:
    agent = Agent.model_validate({"llm_model": "eliza"})
    assert script_from(agent, CallOptions()).playback_lag_max_ms == PLAYBACK_LAG_MAX_MS
    assert script_from(agent, CallOptions(stream_output_audio=False)).playback_lag_max_ms is None


@pytest.mark.parametrize(
    ("agent", "size", "room", "condenses"),
    [
        ({}, 8_000, 7_000, True),
        ({"max_tokens": 500}, 8_000, 7_500, True),
        ({"max_tokens": 90_000}, 8_000, 4_000, True),
        ({}, 0, 0, True),
        ({"history": {"summarize": False}}, 8_000, 7_000, False),
        ({"llm_model": "echo"}, 8_000, 7_000, False),
        ({"llm_model": "echo", "history": {"model": "m"}}, 8_000, 7_000, True),
    ],
)
def test_a_models_context_has_room_for_an_answer(agent: dict[str, Any], size: int, room: int, condenses: bool) -> None:
    script = script_from(Agent.model_validate({"llm_model": "m", **agent}), CallOptions(), context_tokens=size)
    assert (script.context_tokens, script.condenses) == (room, condenses)
