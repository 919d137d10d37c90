"""The WebSocket to a server on the loopback."""

import asyncio
import json

import pytest

from tests.fakes.realtime_server import FakeRealtime, Spoken, serve
from voi.config.brain import SpeechBrain
from voi.engines.speech_to_speech.socket import MESSAGE_MAX_BYTES, connect, probe
from voi.errors import ConfigError, EngineError


def brain(url: str, key: str = "") -> SpeechBrain:
    return SpeechBrain(url=url, model="gpt-realtime", api_key=key)


async def test_it_connects_with_the_key_of_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECH_KEY", "sk-1")
    server = FakeRealtime([Spoken("Hello.")])
    async with serve(server) as url:
        await probe(brain(url, "${SPEECH_KEY}"))
        assert server.keys == ["Bearer sk-1"]
        monkeypatch.delenv("SPEECH_KEY")
        with pytest.raises(ConfigError, match="SPEECH_KEY"):
            await connect(brain(url, "${SPEECH_KEY}"))


@pytest.mark.parametrize(("status", "retryable"), [(401, False), (429, True), (503, True)])
async def test_what_a_refusal_says(status: int, retryable: bool) -> None:
    server = FakeRealtime([Spoken("Hello.")], statuses=[status])
    async with serve(server) as url:
        with pytest.raises(EngineError, match=str(status)) as failed:
            await connect(brain(url))
        assert failed.value.retryable == retryable


async def test_nobody_there() -> None:
    with pytest.raises(EngineError, match="cannot be reached") as failed:
        await connect(brain("ws://127.0.0.1:9/v1/realtime"))
    assert failed.value.retryable


async def test_a_huge_message_ends_the_connection() -> None:
    server = FakeRealtime([Spoken("Hello.")])
    async with serve(server) as url:
        socket = await connect(brain(url))
        first = await socket.receive()
        assert isinstance(first, str)
        assert json.loads(first)["type"] == "session.created"
        server.session.tell("x", delta="A" * MESSAGE_MAX_BYTES)
        assert await asyncio.wait_for(socket.receive(), 60) is None
        await socket.close()
