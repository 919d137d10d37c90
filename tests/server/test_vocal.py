"""Clients of the Vocal node through a whole server, over real sockets."""

import json
import random
from pathlib import Path

import pytest

from tests.fakes.engines import silence, tone
from tests.fuzz.mutate import mutated
from tests.server.serving import fake_engines, serving
from tests.transports.raw_client import BINARY, TEXT
from tests.transports.vocal.fakes import VocalPerson

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
