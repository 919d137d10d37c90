"""RTVI through a whole server, over real sockets."""

import asyncio
import json
import random
import wave
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.fakes.engines import FakeLlm, FakeStt, FakeTts, FakeVad, calls_of, silence
from tests.fuzz.mutate import mutated
from tests.server.fakes import SECRET
from tests.server.serving import Person, fake_engines, serving
from tests.transports.raw_client import BINARY, TEXT
from tests.transports.rtvi.person import RtviPerson
from voi.audio.resample import resample
from voi.dialogue import ToolCall
from voi.engines.base import SttOptions
from voi.engines.startup import Engines
from voi.engines.stt.moonshine import Moonshine
from voi.server.auth import issue_token, read_token
from voi.transports.rtvi import frames

pytestmark = pytest.mark.integration

AUDIO = Path(__file__).parent.parent / "data" / "audio"
Patch = pytest.MonkeyPatch


def recorded(name: str) -> bytes:
    with wave.open(str(AUDIO / name)) as recording:
        assert recording.getframerate() == 16_000
        return recording.readframes(recording.getnframes())


async def test_a_greeting_and_typed_text(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        person = await RtviPerson.arrive(running.port)
        await person.until(lambda: "bot-stopped-speaking" in person.types)
        assert person.text("bot-llm-text") == person.text("bot-tts-text") == "Hello there my friend."
        assert len(person.sound) // 48 in range(1_100, 1_106)  # 22 characters, 50 ms each
        person.log.clear()
        person.say("send-text", {"content": "How are you today?", "options": {}})
        await person.until(lambda: "bot-stopped-speaking" in person.types)
        assert person.text("bot-tts-text") == "How are you today?"
        assert person.text("user-llm-text") == "How are you today?"
        assert not person.data("user-transcription")


async def test_a_text_that_is_to_be_answered_by_text_alone(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        person = await RtviPerson.arrive(running.port, "agent=echo&greet=false")
        for spoken, heard in ((False, False), (True, True), (False, False)):
            before = len(person.log)

            def new(kind: str, before: int = before) -> list[dict[str, Any]]:
                return [entry for entry in person.log[before:] if entry.get("type") == kind]

            person.say("send-text", {"content": "I need a holiday", "options": {"audio_response": spoken}})
            ending = "bot-stopped-speaking" if heard else "bot-llm-stopped"
            await person.until(lambda new=new, ending=ending: new(ending) and new("bot-output"))
            await person.listen(0.3)
            assert any("sound" in entry for entry in person.log[before:]) is heard
            assert bool(new("bot-tts-started")) is heard
            assert new("bot-llm-text")
            assert {entry["data"]["will_be_spoken"] for entry in new("bot-output")} == {heard}


async def test_recorded_speech_an_interruption_by_voice_and_the_next_answer(tmp_path: Path, monkeypatch: Patch) -> None:
    """With the embedded engines. The echo agent is heard to say what the person said."""
    child, figures = "The child almost hurt the small dog.", "Drop the two when you add the figures."
    async with serving(tmp_path, monkeypatch, turn_engine="none") as running:
        person = await RtviPerson.arrive(running.port, "agent=echo&greet=false")
        await person.speak_live(recorded("spk1_snt1.wav") + silence(800))
        for _ in range(100):
            if "bot-started-speaking" in person.types:
                break
            await person.speak_live(silence(64))
        await person.speak_live(silence(500))
        assert person.finals() == [child]
        assert any(not data["final"] for data in person.data("user-transcription"))
        heard = len(person.text("bot-tts-text").split())
        assert 0 < heard < 7, "it is told as it is heard"
        await person.speak_live(recorded("spk1_snt2.wav") + silence(600))
        interrupted = next(at for at, entry in enumerate(person.log) if entry.get("type") == "bot-interrupted")
        await person.speak_live(silence(200))
        for _ in range(200):
            if person.types[-1] == "bot-stopped-speaking" and person.types.count("bot-stopped-speaking") > 1:
                break
            await person.speak_live(silence(64))
        rest = person.log[interrupted:]
        again = next(at for at, entry in enumerate(rest) if entry.get("type") == "bot-started-speaking")
        assert not any("sound" in entry for entry in rest[:again]), "nothing more of the stopped answer is sent"
        assert person.finals() == [child, figures]
        both = f"{child} {figures}"  # so little of the first answer was heard that both are one message
        assert person.text("bot-llm-text") == f"{child} {both}"
        assert person.text("bot-tts-text").endswith(both)
        moonshine = Moonshine()
        await moonshine.warm_up()
        stream = moonshine.open(SttOptions(), None)
        stream.feed(resample(b"".join(entry.get("sound", b"") for entry in rest[again:]), 24_000, 16_000))
        spoken = (await stream.flush()).text
        assert "when you" in spoken  # the ear writes espeak's "add" as "had" or "add"
        assert "the figures" in spoken
        await moonshine.close()


async def test_a_function_of_the_app(tmp_path: Path, monkeypatch: Patch) -> None:
    find: Any = {
        "description": "Find an order.", "app": True,
        "parameters": {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]},
    }  # fmt: skip
    desk = {"llm_model": "m", "voices": {"character": {"model": "voice"}}, "tools": {"find": find}}
    (tmp_path / "agents.json").write_text(json.dumps({"desk": desk}))
    (tmp_path / "tts_models.json").write_text(json.dumps({"voice": {"engine": "espeak"}}))
    llm = FakeLlm(calls_of(ToolCall("c1", "find", '{"number": 7}')), "It is on its way.")
    engines = Engines(vad=FakeVad(), stt=FakeStt(), turn=None, llm=llm, tts={"voice": FakeTts(speed=50)})
    async with serving(tmp_path, monkeypatch, engines) as running:
        person = await RtviPerson.arrive(running.port, "agent=desk&app_tools=find")
        person.say("send-text", {"content": "Where is order 7?"})
        await person.until(lambda: person.data("llm-function-call-in-progress"))
        (call,) = person.data("llm-function-call-in-progress")
        assert (call["function_name"], call["arguments"]) == ("find", {"number": 7})
        person.say(
            "llm-function-call-result", {"tool_call_id": call["tool_call_id"], "result": {"state": "sent"}, **call}
        )
        await person.until(lambda: "bot-stopped-speaking" in person.types)
        assert person.text("bot-tts-text") == "It is on its way."
        assert person.data("llm-function-call-stopped") == [
            {"tool_call_id": call["tool_call_id"], "function_name": "find", "cancelled": False}
        ]
        assert '{"state":"sent"}' in str(llm.requests[1].messages)


async def test_the_client_ends_the_conversation(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        person = await RtviPerson.arrive(running.port)
        person.say("disconnect-bot", {})
        await person.until(lambda: person.close_code)
        assert person.close_code == 1000
        for _ in range(100):
            if not running.server.admission.active:
                break
            await asyncio.sleep(0.02)
        assert running.server.admission.active == 0


async def test_pipecats_evals_in_text_mode(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        person = await RtviPerson.connected(running.port, "agent=echo&skip_tts=true")

        def say(kind: str, data: Any) -> None:
            whole = {"label": "rtvi-ai", "type": kind, "id": "1", "data": data}
            person.client.send(TEXT, json.dumps(whole).encode())

        say("client-message", {"t": "eval-connect", "d": {"skip_tts": True}})
        say("client-ready", {"version": "2.2.0", "about": {"library": "pipecat"}})
        say("send-text", {"content": "Hi you.", "options": {"run_immediately": True, "audio_response": False}})
        await person.until(lambda: "Hi you." in person.text("bot-llm-text"))
        await person.until(lambda: person.types[-1] == "bot-llm-stopped")
        assert not person.sound
        assert not person.data("bot-tts-audio")
        assert person.texts == len(person.log)


async def test_the_start_endpoint_gives_an_address_and_a_short_token(tmp_path: Path, monkeypatch: Patch) -> None:
    token = issue_token("shop", SECRET, person="anna")
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        for path, body in (
            ("/rtvi/start", {"agent": "echo", "greet": False, "app_tools": ["a", "b"]}),
            ("/rtvi/connect", {"body": {"agent": "echo", "greet": False, "app_tools": "a,b"}}),
        ):
            status, _, answer = await running.http("POST", path, f"Authorization: Bearer {token}\r\n", body)
            given = json.loads(answer)
            assert (status, set(given)) == (200, {"wsUrl", "token"}), "the client refuses any other field"
            assert given["wsUrl"] == "ws://x/rtvi?agent=echo&greet=false&app_tools=a%2Cb"
            claims = read_token(given["token"], SECRET)
            assert (claims.app, claims.person) == ("shop", "anna")
            assert claims.expires_ms - claims.issued_ms == 600_000
        query = urlsplit(given["wsUrl"]).query
        person = await RtviPerson.arrive(running.port, query)
        assert person.data("bot-ready")
        for headers, wrong, refused in (
            ("", {}, 401),
            ("Authorization: Bearer x.y.z\r\n", {}, 401),
            (f"Authorization: Bearer {token}\r\n", {"agent": {"a": 1}}, 400),
            (f"Authorization: Bearer {token}\r\n", [1], 422),
        ):
            status, _, _ = await running.http("POST", "/rtvi/start", headers, wrong)
            assert status == refused
        assert (await running.http("POST", "/rtvi/start", f"Authorization: Bearer {token}\r\n"))[0] == 200
        assert (await running.http("GET", "/rtvi"))[0] == 426


async def test_10_000_mutated_frames_while_another_is_served(tmp_path: Path, monkeypatch: Patch) -> None:
    random_ = random.Random(14)

    def text(kind: str, data: Any) -> bytes:
        return json.dumps({"label": "rtvi-ai", "type": kind, "id": "1", "data": data}).encode()

    seeds = [
        text("send-text", {"content": "Hi", "options": {"run_immediately": True}}),
        text("client-ready", {"version": "2.1.0"}),
        text("llm-function-call-result", {"tool_call_id": "1", "function_name": "f", "result": {}}),
        text("dtmf", {"buttons": ["1", "2"]}),
        text("client-message", {"t": "eval-configure", "d": {"vad_user_speaking": True}}),
        text("raw-audio", {"base64Audio": "AAAA", "sampleRate": 16_000, "numChannels": 1}),
    ]
    shapes = [*map(frames.message, seeds), frames.sound(bytes(640), 16_000), frames.INTERRUPTED]
    sent = 0
    async with serving(tmp_path, monkeypatch, fake_engines("a few words")) as running:
        good = await Person.arrive(running.port, mode="chat", init_greeting=False)
        while sent < 10_000:
            bad = await RtviPerson.arrive(running.port, "agent=echo&greet=false")
            for _ in range(400):
                if random_.random() < 0.1:
                    bad.client.send(TEXT, mutated(random_.choice(seeds), random_))
                else:
                    bad.client.send(BINARY, mutated(random_.choice(shapes), random_))
            sent += 400
            said = f"after {sent}"
            good.say("text", content=said)
            good.say("create_response")
            await good.until(lambda said=said: said in good.texts.values())
            bad.client.drop()
        assert not good.errors
        assert (await running.http("GET", "/health"))[0] == 200
