"""Captures in agents.json: what is right, what is not, and what they take out of recordings."""

from typing import Any

import pytest

from tests.config.conftest import load
from voi.config.agents import Agent
from voi.config.client_agent import parse_client_agent
from voi.errors import ConfigError

PAY = {
    "description": "Pay.",
    "http": {"method": "POST", "url": "https://pay.example.com/", "body": {"number": "{captured:card}"}},
}


def agent(slots: Any, **more: Any) -> Agent:
    return load({"a": {"llm_model": "m", "tools": {"note": {"capture": {"slots": slots}}, **more}}}).agents["a"]


def test_a_kind_alone_is_enough() -> None:
    capture = agent({"email": "email", "phone": {"kind": "phone", "region": "DE"}}).tools["note"].capture
    assert capture is not None
    assert [(slot.name, slot.kind, slot.region) for slot in capture.as_slots()] == [
        ("email", "email", ""),
        ("phone", "phone", "DE"),
    ]


@pytest.mark.parametrize(
    ("slots", "complaint"),
    [
        ({}, "at least 1"),
        ({"a": "nonsense"}, "email"),
        ({"a b": "email"}, "no name of a slot"),
        ({"a": "code"}, "needs a pattern"),
        ({"a": {"kind": "email", "pattern": "9"}}, "needs a pattern if it is a code"),
        ({"a": {"kind": "code", "pattern": "abc"}}, "has at least one of 9"),
        ({"a": {"kind": "phone", "region": "XX"}}, "that has no telephone numbers"),
        ({"a": {"kind": "phone", "region": "Germany"}}, "region"),
        ({"a": {"kind": "amount", "currency": "euro"}}, "ISO code"),
        ({"a": {"kind": "email", "private": True}}, "cannot be private"),
        ({"a": {"kind": "code", "pattern": "AA99", "private": True}}, "cannot be private with letters"),
    ],
)
def test_mistakes(slots: Any, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        agent(slots)


def test_requests_take_what_some_tool_of_the_agent_captures() -> None:
    assert agent({"card": "card"}, pay=PAY).tools["pay"].captured_names == {"card"}
    with pytest.raises(ConfigError, match="captured:card"):
        agent({"name": "name"}, pay=PAY)


def test_requests_take_what_an_agent_captured_that_handed_over() -> None:
    agents: dict[str, Any] = {
        "desk": {
            "llm_model": "m",
            "tools": {
                "note": {"capture": {"slots": {"order": {"kind": "code", "pattern": "9999"}}}},
                "to": {"builtin": "switch_agent", "agents": ["till"]},
            },
        },
        "till": {"llm_model": "m", "tools": {"to": {"builtin": "switch_agent", "agents": ["end"]}}},
        "end": {
            "llm_model": "m",
            "tools": {"find": {"description": "Find.", "http": {"url": "https://a.example/{captured:order}"}}},
        },
    }
    assert load(agents).agents["end"].tools["find"].captured_names == {"order"}
    agents["till"]["tools"] = {}
    with pytest.raises(ConfigError, match=r"captured:order.*nor one that hands over to it"):
        load(agents)


def test_private_slots_are_redacted() -> None:
    assert not agent({"email": "email", "phone": "phone"}).redacted
    card = agent({"card": "card"})
    assert (card.redacted.cards, card.redacted.numbers, card.redacted.emails) == (True, True, False)
    pin = agent({"cvc": {"kind": "code", "pattern": ["999", "9999"], "private": True}})
    assert (pin.redacted.numbers, pin.redacted_digits_min) == (True, 3)


def test_an_agent_that_hands_over_to_one_with_private_slots_redacts_as_well() -> None:
    agents: dict[str, Any] = {
        "desk": {"llm_model": "m", "tools": {"to": {"builtin": "switch_agent", "agents": ["till"]}}},
        "till": {"llm_model": "m", "tools": {"note": {"capture": {"slots": {"card": "card"}}}}},
    }
    with pytest.raises(ConfigError, match="set cards and numbers in `redact` of both"):
        load(agents)
    for each in agents.values():
        each["redact"] = {"cards": True, "numbers": True}
    assert load(agents).agents["desk"].redacted.cards


def test_clients_may_bring_captures() -> None:
    found = parse_client_agent(
        '{"llm_model": "echo", "tools": {"note": {"capture": {"slots": {"email": "email"}}}}}',
        "app",
        load({"a": {"llm_model": "echo"}}),
    )
    assert found.tools["note"].capture is not None
