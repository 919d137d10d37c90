"""Scenarios through a whole server, with engines that need no model."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.engines import FakeTts
from tests.scenarios.bench import cases, settings_in
from tests.server.serving import fake_engines
from voi.engines.startup import Engines
from voi.scenarios import voices
from voi.scenarios.suite import Result, RunPlan, voice_suite
from voi.server import run
from voi.server.after_calls import AfterCalls

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def engines(monkeypatch: pytest.MonkeyPatch) -> None:
    made = fake_engines("tell me a story please")

    async def start(config: object, settings: object, on_progress: object) -> Engines:
        return Engines(vad=made.vad, stt=made.stt, turn=None, llm=made.llm, tts={"espeak": FakeTts()})

    monkeypatch.setattr(run, "start_engines", start)
    monkeypatch.setattr(voices, "DEFAULT_ENGINES", ("espeak",))


def played(folder: Path, text: str, agents: dict[str, Any] | None = None) -> list[Result]:
    settings = settings_in(folder, agents)
    from voi.config.load import load_config
    from voi.engines.registry import tts_info

    found = cases(text, load_config(settings, tts_info), str(folder / "it.yaml"))
    return asyncio.run(voice_suite(found, settings, RunPlan("voice")))


def test_a_person_is_heard_and_answered(folder: Path) -> None:
    text = """
agent: teller
scenarios:
  - name: speaks
    steps:
      - say: Tell me a story
        model: There was a fox.
        expect: {heard: tell me, says: there was a fox, never: error, turns: 1}
  - name: types
    mode: chat
    steps:
      - type: Hello
        model: [As a language model I err., Hello to you.]
        expect: {says: hello to you, happens: denial}
      - hang_up: true
  - name: fails
    mode: chat
    steps:
      - type: Hello
        model: Hello to you.
        expect: {says: goodbye}
  - name: needs a model
    runs: live
    steps: [{say: Hello}]
"""
    results = played(folder, text)
    assert [(each.case.name, each.status) for each in results] == [
        ("speaks", "passed"), ("types", "passed"), ("fails", "failed"), ("needs a model", "skipped"),
    ]  # fmt: skip
    assert 'did not say "goodbye"' in results[2].broken[0].text
    assert results[0].performances[0].latencies_ms


def test_a_telephone_discloses_and_nobody_is_written_to_after_a_test(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOI_TEST_SECRET", "x" * 40)
    watched: list[object] = []
    monkeypatch.setattr(AfterCalls, "watch", lambda self, call, agent, *more: watched.append(agent.after_call))
    after = {"webhook": {"url": "https://example.com/calls", "secret": "${VOI_TEST_SECRET}"}}
    caller = {"llm_model": "m", "system_prompt": "x", "voices": {"character": {"model": "espeak"}}, "after_call": after}
    text = """
agent: seller
scenarios:
  - name: disclosed
    telephone: true
    steps: [{expect: {happens: disclosure}}]
  - name: not disclosed
    steps: [{expect: {never: disclosure}}]
"""
    results = played(folder, text, {"seller": caller})
    assert [(each.case.name, each.status) for each in results] == [("disclosed", "passed"), ("not disclosed", "passed")]
    assert watched == [None, None]


def test_what_cannot_begin_fails_alone(folder: Path) -> None:
    (folder / "a.wav").write_bytes(b"no sound")
    text = """
agent: teller
scenarios:
  - name: broken
    steps: [{say: Hello, sound: a.wav}]
  - name: judged
    mode: chat
    steps: [{type: Hello, model: Hello to you., expect: {judge: It is polite.}}]
"""
    broken, judged = played(folder, text)
    assert (broken.status, judged.status) == ("failed", "passed")
    assert "could not be played" in broken.broken[0].text
    assert "a.wav" in broken.broken[0].text
    assert judged.note == "1 criterion for a judge left out: --live"
