import json
from typing import Any

import pytest
from pydantic import ValidationError

from tests.config.conftest import load, problems
from voi.config.brain import OPENAI_REALTIME, SpeechBrain
from voi.config.client_agent import parse_client_agent
from voi.errors import ClientError


def brain(**fields: Any) -> SpeechBrain:
    return SpeechBrain.model_validate({"model": "gpt-realtime", **fields})


def test_defaults() -> None:
    made = brain()
    assert (made.url, made.hears, made.api_key, made.voice) == (OPENAI_REALTIME, "sound", "", "")
    assert made.host == "api.openai.com"


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1/realtime", "file:///etc/passwd", "wss://", "wss://user:pass@host/x", "nonsense",
        "wss://host/x?key=1", "wss://host/x#y", "ws://host:999999/x", "",
    ],
)  # fmt: skip
def test_addresses_that_are_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        brain(url=url)


@pytest.mark.parametrize("key", ["sk-secret", "Bearer ${KEY}", "${KEY} ", "$KEY", "${1}"])
def test_a_key_is_a_reference_and_is_not_repeated(key: str) -> None:
    with pytest.raises(ValidationError, match="must be a reference"):
        brain(api_key=key)
    agent = {"a": {"llm_model": "echo", "brain": {"model": "m", "api_key": key}}}
    told = problems(agent, {})
    assert "api_key" in told[0]
    assert "sk-secret" not in "".join(told)


def test_a_key_in_plain_text_over_a_network_is_seen() -> None:
    assert brain(url="ws://other.example/v1/realtime", api_key="${KEY}").shows_key
    assert not brain(url="ws://127.0.0.1:8765/v1/realtime", api_key="${KEY}").shows_key
    assert not brain(url="ws://other.example/v1/realtime").shows_key
    assert not brain(api_key="${KEY}").shows_key


def test_an_agent_of_a_client_may_have_none() -> None:
    config = load({"a": {"llm_model": "echo"}})
    given = {"llm_model": "echo", "brain": {"model": "m", "url": "ws://127.0.0.1:1/x"}}
    with pytest.raises(ClientError, match="brain: reaches a server"):
        parse_client_agent(json.dumps(given), "app", config)
