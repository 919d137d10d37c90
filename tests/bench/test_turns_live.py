"""Clips through the real server: which are played, and what a recording says of them."""

import json
from dataclasses import replace
from pathlib import Path

from aiohttp import ClientSession

from bench.turns.known import load_known
from bench.turns.live import LLM_PORT, agent, decisions, language_model, sample
from voi.config.agents import Agent
from voi.core.actions import Release
from voi.core.facts import QuietGrew, ReplySounded, SpeechGrew, UserStarted
from voi.core.journal import encode_entry

CLIP = load_known(Path(__file__).parents[1] / "data" / "turns.jsonl")[0][0]


def test_a_decision_is_told_on_the_clock_of_the_sound() -> None:
    """The conversation's clock is 300 ms ahead of the sound's, and once it was 40 ms late."""
    steps = [
        (1_500, UserStarted(1_040), []),
        (1_532, SpeechGrew(192), []),
        (1_600, SpeechGrew(224), []),
        (1_820, QuietGrew(192), []),
        (1_900, ReplySounded(1), [Release(1, 2)]),
    ]
    lines = [json.dumps(encode_entry(at_ms, fact, actions)) for at_ms, fact, actions in steps]
    assert decisions(lines) == [(1_600, 336)]


def test_what_is_released_before_a_voice_is_no_decision() -> None:
    assert decisions([json.dumps(encode_entry(5, ReplySounded(1), [Release(1, 2)]))]) == []


def test_a_sample_has_some_of_every_kind() -> None:
    clips = [replace(CLIP, kind=kind) for kind in ("order", "digits") for _ in range(7)]
    kinds = [clip.kind for clip in sample(clips, per_kind=3)]
    assert kinds == ["digits"] * 3 + ["order"] * 3
    assert sample(clips, 100) == sorted(clips, key=lambda clip: clip.kind)


def test_the_agents_are_valid() -> None:
    assert Agent.model_validate(agent("number", "a")).greetings
    assert Agent.model_validate(agent(None, "a")).greetings is None


async def test_the_fake_language_model_says_yes() -> None:
    async with language_model(0), ClientSession() as http:
        address = f"http://127.0.0.1:{LLM_PORT}/v1/chat/completions"
        async with http.post(address, json={"model": "fake", "stream": True}) as response:
            body = await response.text()
    assert '"content": "Yes."' in body
    assert body.endswith("data: [DONE]\n\n")
