"""Second choices in agents.json."""

import json
from typing import Any

import pytest

from tests.config.conftest import load, problems
from voi.config.agents import Agent
from voi.config.client_agent import parse_client_agent
from voi.errors import ClientError

MODELS: dict[str, Any] = {"eleven": {"engine": "espeak"}, "joe": {"engine": "espeak", "voices": ["joe"]}}
VOICES = {"character": {"model": "eleven"}}


def agent(**fallback: Any) -> dict[str, Any]:
    return {"a": {"llm_model": "echo", "voices": VOICES, "fallback": fallback}}


@pytest.mark.parametrize(
    ("fallback", "told"),
    [
        ({"llm_model": "echo"}, "$.a: fallback.llm_model: is the agent's own llm_model"),
        ({"stt": "moonshine"}, "$.a.fallback.stt: is the engine of VOI_STT_ENGINE"),
        ({"voices": {"character": {"model": "eleven", "voice": "x"}}}, "has the first voice's model"),
        ({"voices": {"narrator": {"model": "joe"}}}, "takes the place of a voice that the agent does not have"),
        ({"voices": {"character": {"model": "jo"}}}, '$.a.fallback.voices.character.model: "jo" is no model'),
        ({"voices": {"character": {"model": "joe", "voice": "jon"}}}, '"jon" is no voice of "joe"'),
        ({"stt_after_s": 0}, "$.a.fallback.stt_after_s"),
    ],
)
def test_mistakes(fallback: dict[str, Any], told: str) -> None:
    (problem,) = problems(agent(**fallback), MODELS)
    assert told in problem


def test_the_agents_own_ear_is_no_second_choice() -> None:
    agents = agent(stt="deepgram")
    agents["a"]["engines"] = {"stt": "deepgram"}
    assert "fallback.stt: is the agent's own engine" in problems(agents, MODELS)[0]


def test_second_choices_are_loaded_and_offered_like_first_ones() -> None:
    config = load(agent(stt="deepgram", llm_model="small", voices={"character": {"model": "joe"}}), MODELS)
    assert config.engines_offered["stt"] == {"moonshine", "deepgram"}
    assert "small" in config.llm_models
    first, second = config.voice_uses()
    assert (first.tts_model, first.replaceable) == ("eleven", True)
    assert (second.tts_model, second.replaceable) == ("joe", False)
    assert second.where.endswith("$.a.fallback.voices.character")


def test_on_the_telephone_the_second_voice_is_as_slow_as_the_first() -> None:
    raw = agent(voices={"character": {"model": "joe", "speed": 1.2}})["a"] | {"telephone": {"speed": 0.5}}
    there = Agent.model_validate(raw).on_telephone()
    assert there.voices is not None
    assert there.voices.character.speed == 0.5
    assert there.fallback_voices()["character"].speed == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("fallback", "told"),
    [
        ({"stt": "deepgram"}, '$.fallback.stt: "deepgram" is no stt engine of this server'),
        ({"llm_model": "expensive"}, '$.fallback.llm_model: "expensive" is no LLM of this server'),
        ({"voices": {"character": {"model": "other"}}}, '"other" is no TTS model of this server'),
    ],
)
def test_a_clients_agent_falls_back_only_on_what_the_server_offers(fallback: dict[str, Any], told: str) -> None:
    config = load(agent(), MODELS)
    with pytest.raises(ClientError) as refused:
        parse_client_agent(json.dumps(agent(**fallback)["a"]), "app", config)
    assert told in str(refused.value)
