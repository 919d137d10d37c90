"""Clients of the Vocal node through a whole server, over real sockets."""

import base64
import io
import json
import random
import wave
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.fakes.engines import silence, tone
from tests.fuzz.mutate import mutated
from tests.server.fakes import SECRET
from tests.server.serving import RunningServer, fake_engines, serving
from tests.transports.raw_client import BINARY, TEXT
from tests.transports.vocal.fakes import VocalPerson
from voi.server.auth import issue_token

pytestmark = pytest.mark.integration
Patch = pytest.MonkeyPatch


async def test_what_is_said_is_answered_aloud(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines("Do you have roses")) as running:
        person = await VocalPerson.arrive(running.port, allowInterruptions=True)
        await person.until(lambda: person.count("tts_stream_end"))
        assert person.types == ["call_ready", "tts_stream", "tts_stream_end"]
        assert person.sound_s == pytest.approx(1.1, abs=0.01)  # the greeting: 22 characters, 50 ms each
        await person.listen(1.2)
        person.speak(tone(800) + silence(3_000))
        await person.until(lambda: person.count("tts_stream_end") > 1)
        assert person.types[3:] == ["new_conversation_turn", "tts_stream", "tts_stream_end"]
        assert all(entry["session_id"] == "session_abc" for entry in person.log)


async def test_typed_turns_wait_for_each_other_without_interruptions(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        person = await VocalPerson.arrive(running.port)
        await person.until(lambda: person.count("tts_stream"))
        person.say(type="transcript", text="What about tulips?")
        await person.until(lambda: person.count("tts_stream_end") > 1)
        assert person.sound_s == pytest.approx(1.1 + 18 * 0.05, abs=0.02)
        assert "new_conversation_turn" not in person.types


async def test_the_pages_own_configuration_and_the_open_mode(tmp_path: Path, monkeypatch: Patch) -> None:
    config = {
        "configId": "config_1", "agentId": "agent_1", "agentName": "Asha", "systemPrompt": "You are Asha.",
        "voiceSampleUrl": "http://127.0.0.1/me.wav", "language": "hi", "rate": 1.0, "allowInterruptions": True,
        "userId": "u", "llmModel": "x", "sttModel": "y", "ttsModel": "z",
    }  # fmt: skip
    async with serving(
        tmp_path, monkeypatch, fake_engines(), host="127.0.0.1", vocal_open_app="page", vocal_agent="echo"
    ) as running:
        person = await VocalPerson.connected(running.port, "", "Origin: file://\r\n")
        person.configure(**config)
        await person.until(lambda: person.count("tts_stream_end"))
        assert person.types == ["call_ready", "error", "tts_stream", "tts_stream_end"]
        assert person.errors[0].startswith("voiceSampleUrl")
        stranger = await VocalPerson.connected(running.port, "", "Origin: https://evil.example\r\n")
        await stranger.until(lambda: stranger.close_code)
        assert stranger.close_code == 1008


async def test_two_clients_of_one_name_do_not_meet(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        one = await VocalPerson.arrive(running.port, configId="mute")
        other = await VocalPerson.arrive(running.port)
        one.client.drop()
        await other.until(lambda: other.count("tts_stream_end"))
        assert other.sound_s > 1


async def test_mutated_messages_end_at_most_their_own_connection(tmp_path: Path, monkeypatch: Patch) -> None:
    chance = random.Random(7)
    frames = [
        json.dumps({"configId": "echo", "agentId": "1", "agentName": "E", "speed": 1.5, "language": "en"}).encode(),
        b'{"type":"transcript","text":"Hello."}', b'{"type":"speech_end"}', b"\0\1" * 64,
    ]  # fmt: skip
    async with serving(tmp_path, monkeypatch, fake_engines(), max_messages_per_s=10_000) as running:
        for round_number in range(20):
            person = await VocalPerson.connected(running.port)
            if round_number % 2:
                person.configure()
            for _ in range(20):
                payload = mutated(chance.choice(frames), chance)
                person.client.send(chance.choice((TEXT, BINARY)), payload)
            await person.listen(0.05)
            person.client.drop()
        person = await VocalPerson.arrive(running.port)
        await person.until(lambda: person.count("tts_stream_end"))


async def ask(
    server: RunningServer, path: str, body: Any, *, headers: str | None = None, query: str = ""
) -> tuple[int, Any]:
    """Status and JSON."""
    if headers is None:
        headers = f"Authorization: Bearer {issue_token('test', SECRET)}\r\n"
    status, _, answer = await server.http("POST", path + query, headers, body)
    return status, json.loads(answer[answer.index(b"{") : answer.rindex(b"}") + 1])


async def test_the_services_by_http(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as server:
        for path in ("/chat", "/chat/groq"):
            for named in ("config_id", "personality"):
                wish = {"text": "Do you have roses?", "session_id": "s", named: "echo"}
                assert await ask(server, path, wish) == (200, {"response": "Do you have roses?"})
        status, spoken = await ask(server, "/tts", {"text": "Good morning.", "config_id": "echo"})
        assert (status, spoken["format"], spoken["sample_rate"]) == (200, "wav", 24_000)
        with wave.open(io.BytesIO(base64.b64decode(spoken["audio"]))) as file:
            assert (file.getframerate(), file.getnchannels()) == (24_000, 1)
            assert file.getnframes() / 24_000 == pytest.approx(13 * 0.05, abs=0.05)
        own = {"text": "Hello.", "config": {"systemPrompt": "Be short.", "speed": 1.5}}
        assert await ask(server, "/chat", own) == (200, {"response": "Hello."})
        query = f"?token={issue_token('test', SECRET)}"
        wish = {"text": "Hello.", "config_id": "echo"}
        assert (await ask(server, "/chat", wish, headers="", query=query))[0] == 200


async def test_requests_that_cannot_be_served_say_why(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines(), client_agent_apps=("other",)) as server:
        hello: dict[str, Any] = {"text": "Hello.", "config_id": "echo"}
        for path in ("/chat", "/tts"):
            for body, expected, words in (
                ({**hello, "config_id": "zz"}, 404, "zz"), ({"config_id": "echo"}, 400, "text"),
                ({**hello, "text": "x" * 5_000}, 400, "text"), ({**hello, "config": {"speed": "x"}}, 400, "speed"),
                ({**hello, "config": {"systemPrompt": "Be mine."}}, 400, "systemPrompt"), ([], 400, ""),
            ):  # fmt: skip
                status, answer = await ask(server, path, body)
                assert (status, words in answer["detail"]) == (expected, True), (path, answer)
            for headers in ("", "Authorization: Bearer nonsense\r\n"):
                assert (await ask(server, path, hello, headers=headers))[0] == 401


async def test_http_is_open_to_this_machine_alone(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines(), host="127.0.0.1", vocal_open_app="page") as server:
        hello = {"text": "Hello.", "config_id": "echo"}
        assert (await ask(server, "/chat", hello, headers=""))[0] == 200
        assert (await ask(server, "/chat", hello, headers="Origin: https://evil.example\r\n"))[0] == 401
        assert (await ask(server, "/chat", hello, headers="", query="?token=nonsense"))[0] == 401


async def test_recordings_are_transcribed(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines("one two three four")) as server:
        said = io.BytesIO()
        with wave.open(said, "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes(tone(800) + silence(1_500))
        url = f"http://127.0.0.1:{server.port}/transcribe"
        headers = {"Authorization": f"Bearer {issue_token('test', SECRET)}"}
        async with aiohttp.ClientSession(headers=headers) as client:
            for name, config, expected in (
                ("audio_file", "echo", {"text": "one two three four"}),
                ("file", "zz", {"error": "No configuration found for config_id: zz"}),
            ):
                form = aiohttp.FormData({"config_id": config})
                form.add_field(name, said.getvalue(), filename="said.wav", content_type="audio/wav")
                async with client.post(url, data=form) as answer:
                    assert (answer.status, await answer.json()) == (200, expected)
            form = aiohttp.FormData({"personality": "echo"})
            form.add_field("file", b"no sound", filename="said.wav", content_type="audio/wav")
            async with client.post(url, data=form) as answer:
                assert answer.status == 200
                assert "error" in await answer.json()
        async with aiohttp.ClientSession() as stranger, stranger.post(url, data={"config_id": "echo"}) as answer:
            assert answer.status == 401
