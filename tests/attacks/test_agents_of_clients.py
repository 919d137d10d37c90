"""Agents that clients bring: small to send, and huge or slow to check, to fill in, to cut or to speak."""

import asyncio
import json
from typing import Any

import pytest

from tests.attacks.attacked import AttackedServer, beside_a_healthy_caller
from tests.server.serving import Person

pytestmark = pytest.mark.integration

VOICES = {"character": {"model": "espeak"}}
LIMIT = 60_000


def repeated(text: str, size: int) -> str:
    return (text * (size // len(text) + 1))[:size]


REFUSED: dict[str, Any] = {
    "greeting grows": {"greetings": {"choices": ["{vars:a}" * 40]}, "vars": {"a": "word " * 3_000}},
    "greeting grows from half of it": {"greetings": {"choices": ["{vars:a}" * 3_700]}, "vars": {"a": "x" * 30_000}},
    "prompt grows": {"system_prompt": "{vars:a}" * 3_700, "vars": {"a": "x" * 30_000}},
    **{
        f"{field} grows": {field: ["{vars:a}" * 3_000], "vars": {"a": "x" * 30_000}}
        for field in ("apology", "late_phrase", "goodbye", "welcome_back")
    },
    "reminder grows": {"idle_reminder": {"after_s": 5, "choices": ["{vars:a}" * 3_000]}, "vars": {"a": "x" * 30_000}},
    "lines grow": {"system_prompt": ["{vars:a}"] * 1_900, "vars": {"a": "x" * 30_000}},
    "formats grow": {"system_prompt": "{character_agent_message_format_narrator_comments}" * 1_100},
    "example grows": {"examples": [{"user": "{vars:a}" * 200, "assistant": "a"}] * 10, "vars": {"a": "x" * 30_000}},
    "many examples grow": {"examples": [{"user": "{vars:a}", "assistant": "b"}] * 600, "vars": {"a": "x" * 30_000}},
    "empty examples": {"examples": [{}] * 8_000},
    "misspelt examples": {"examples": [{"usr": 1}] * 4_000},
    "misspelt fields": {f"sytem_prompt{number}": 1 for number in range(2_800)},
    "99 misspelt fields": {f"system_promtp{number}": 1 for number in range(99)},
    "no choices": {"greetings": {"choices": [{}] * 15_000}},
    "choices of the wrong kind": {"apology": [1] * 20_000},
    "lines of the wrong kind": {"system_prompt": [1] * 20_000},
    "arrays in arrays": {"odd": [json.loads("[" * 20 + "]" * 20)] * 1_400},
    "objects in objects": {"odd": [{"a": {"a": {"a": {}}}}] * 3_000},
    "a long number": {"temperature": 10**4_000},
    "a model of a long name": {"llm_model": "x" * LIMIT},
    "a voice of a long name": {"voices": {"character": {"model": "y" * LIMIT}}},
}
TAKEN: dict[str, Any] = {
    "99 long fields": {f"{'system_promtp' * 7}{number}": 1 for number in range(99)},
    "a prompt that fills the limit": {"system_prompt": repeated("Be kind. ", LIMIT)},
    "a prompt of braces": {"system_prompt": "{" * LIMIT},
    "a prompt of templates": {"system_prompt": repeated("{vars:b} {prompt_pattern:x} ", LIMIT)},
    "lines without words": {"system_prompt": [""] * 1_900},
    "a greeting without an end": {"greetings": {"choices": ["a" * 5_000]}},
    "a greeting of commas": {"greetings": {"choices": ["a," * 2_500]}},
    "a greeting of points": {"greetings": {"choices": [". " * 2_500]}},
    "a greeting of digits": {"greetings": {"choices": ["9" * 5_000]}},
    "a greeting of brackets": {"greetings": {"choices": ["([{*_~" * 800]}},
    "a greeting of stars": {"greetings": {"choices": ["*a " * 1_600]}},
    "a greeting of marks": {"greetings": {"choices": ["a" + "\u0301" * 4_900]}},
    "a greeting of nothing": {"greetings": {"choices": ["a\u200b" * 2_400]}},
    "thousands of greetings": {"greetings": {"choices": ["hello"] * 1_900}},
    "a language that is none": {"language": "zz", "greetings": {"choices": [repeated("1234 km/h, ", 4_900)]}},
    "a phrase as JSON": {"greetings": {"choices": [repeated('{"voice_tone": "', 4_900)]}},
}


async def init(port: int, fields: dict[str, Any]) -> Person:
    person = await Person.connected(port)
    config = json.dumps({"llm_model": "echo", "voices": VOICES} | fields)
    person.say("init", agent_name="x", agent_config=config, mode="chat")
    await person.until(lambda: person.errors or person.status("init_done"))
    return person


async def test_what_is_too_much_is_refused(server: AttackedServer) -> None:
    async with beside_a_healthy_caller(server) as beside:
        for name, fields in REFUSED.items():
            attackers = [await init(server.port, fields) for _ in range(2)]
            await beside.looked(name)
            for attacker in attackers:
                assert attacker.errors, name
                assert len(attacker.errors[0]) < 5_000, name
                attacker.client.drop()


async def test_what_is_taken_holds_nobody_up(server: AttackedServer) -> None:
    async with beside_a_healthy_caller(server) as beside:
        for name, fields in TAKEN.items():
            attackers = [await init(server.port, fields) for _ in range(2)]
            assert not any(attacker.errors for attacker in attackers), name
            await asyncio.sleep(0.3)  # the greeting is being cut and spoken
            for attacker in attackers:
                attacker.say("text", content="again")
                attacker.say("create_response")
                await attacker.until(lambda attacker=attacker: attacker.status("response_done"))
            await beside.looked(name)
            for attacker in attackers:
                attacker.client.drop()
