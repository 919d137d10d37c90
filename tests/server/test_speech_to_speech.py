"""Agents with a speech-to-speech model, over real sockets: to a server that plays OpenAI's, and to Voi's own Realtime
door."""

import asyncio
import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.fakes.call import Call, FakeEngines
from tests.fakes.engines import FakeStt, tone
from tests.fakes.realtime_server import FakeRealtime, Spoken, serve, words_in
from tests.server.fakes import SECRET
from tests.server.serving import AGENTS, Person, fake_engines, serving, write_config
from voi.server.auth import issue_token
from voi.session import events
from voi.session.brain import SpeechModelBrain

pytestmark = pytest.mark.integration

SAID = "one two three four five"
STORY = "Once upon a time there was a fox."
Patch = pytest.MonkeyPatch


def write_agent(folder: Path, url: str, **brain: str) -> None:
    write_config(folder)
    agent = {
        "llm_model": "echo",
        "voices": {"character": {"model": "voice"}},
        "brain": {"url": url, "model": "m", **brain},
    }
    (folder / "agents.json").write_text(json.dumps({**AGENTS, "model": {**agent, "greetings": {"choices": []}}}))


async def test_a_client_hears_the_model(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("SPEECH_KEY", "sk-2")
    server = FakeRealtime([Spoken(STORY, speed=20), Spoken("Fine.", speed=20)])
    async with serve(server) as url:
        write_agent(tmp_path, url, api_key="${SPEECH_KEY}")
        async with serving(tmp_path, monkeypatch, fake_engines(SAID)) as running:
            person = await Person.arrive(running.port, "model", init_greeting=False)
            await asyncio.sleep(0.3)  # the connection is there before the first word
            person.speak(tone(800))
            person.say("create_response")
            await person.until(lambda: person.status("response_done"))
            assert person.texts[1] == STORY
            await person.until(lambda: words_in(person.sound.get("1", b"")) == set(range(8)))
            person.speak(tone(800))
            person.say("create_response")
            await person.until(lambda: person.texts.get(3) == "Fine.")
            assert not person.errors
    assert server.keys == ["Bearer sk-2"]
    kinds = [[part["type"] for item in asked for part in item["content"]] for asked in server.asked]
    assert kinds == [["input_audio"], ["input_audio", "output_audio", "input_audio"]]
    assert not server.errors


async def test_a_huge_message_costs_one_answer_and_no_more(tmp_path: Path, monkeypatch: Patch) -> None:
    server = FakeRealtime([Spoken(STORY, breaks="huge", at=4), Spoken("Fine.", speed=20)])
    async with serve(server) as url:
        write_agent(tmp_path, url)
        async with serving(tmp_path, monkeypatch, fake_engines(SAID)) as running:
            person = await Person.arrive(running.port, "model", init_greeting=False)
            await asyncio.sleep(0.3)
            for answer in ("Sorry", "Fine."):
                person.speak(tone(800))
                person.say("create_response")
                await person.until(lambda answer=answer: [t for t in person.texts.values() if answer in t])  # type: ignore[misc]
            assert len(person.errors) == 1


@pytest.mark.skipif(find_spec("voi.transports.realtime") is None, reason="Voi's Realtime door is not in this version")
async def test_another_voi_answers_through_its_own_door(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("SPEECH_KEY", issue_token("test", SECRET))
    async with serving(tmp_path, monkeypatch, fake_engines(SAID)) as running:
        brain = {
            "url": f"ws://127.0.0.1:{running.port}/v1/realtime", "model": "echo", "api_key": "${SPEECH_KEY}",
        }  # fmt: skip
        engines = FakeEngines(stt=FakeStt("tell me a story please now", "stop it at once please"))
        async with Call(engines=engines, make_brain=SpeechModelBrain, brain=brain) as call:
            await call.quiet(400)
            await call.speak(1_000)
            await call.until(lambda: SAID in call.answers)  # the echo of what the other one heard
            await call.until(lambda: call.door.all(events.Sound))
            await call.speak(1_000)
            await call.until(lambda: call.door.all(events.SoundCleared))
            await call.until(lambda: len(call.answers) > 1)
            assert not call.door.errors()
            assert call.answers[0].endswith("... (interrupted)")
