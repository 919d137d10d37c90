"""The `openai` SDK itself, over a real socket: a spoken conversation, a client secret, a transcription session."""

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.server.fakes import SECRET
from tests.server.serving import RunningServer, fake_engines, serving
from tests.transports.realtime.test_conversation import quiet, voice
from voi.server.auth import issue_token

pytestmark = pytest.mark.integration
Patch = pytest.MonkeyPatch
openai = pytest.importorskip("openai", reason="./install.sh litellm")
pytest.importorskip("websockets", reason="the SDK's Realtime client needs it")


def sdk(server: RunningServer, key: str = "") -> Any:
    """A client, which is to be closed if it makes HTTP requests: they leave connections open."""
    return openai.AsyncOpenAI(
        api_key=key or issue_token("test", SECRET), base_url=f"http://127.0.0.1:{server.port}/v1",
        websocket_base_url=f"ws://127.0.0.1:{server.port}/v1", max_retries=0, timeout=10,
    )  # fmt: skip


async def until(connection: Any, kind: str) -> list[Any]:
    seen = []
    while True:
        seen.append(await connection.recv())
        assert seen[-1].type != "error", seen[-1]
        if seen[-1].type == kind:
            return seen


async def test_a_spoken_conversation(tmp_path: Path, monkeypatch: Patch) -> None:
    async with (
        serving(tmp_path, monkeypatch, fake_engines("one two three four")) as server,
        sdk(server).realtime.connect(model="echo") as connection,
    ):
        await connection.session.update(
            session={
                "type": "realtime",
                "instructions": "Be brief.",
                "audio": {
                    "input": {
                        "transcription": {"model": "gpt-4o-mini-transcribe"},
                        "turn_detection": {"type": "semantic_vad", "eagerness": "high"},
                    },
                    "output": {"voice": "marin"},
                },
            }
        )
        updated = (await until(connection, "session.updated"))[-1]
        assert updated.session.audio.input.turn_detection.eagerness == "high"
        sound = voice(800) + quiet(1_500)
        for start in range(0, len(sound), 4_800):
            await connection.input_audio_buffer.append(audio=base64.b64encode(sound[start : start + 4_800]).decode())
        done = (await until(connection, "response.done"))[-1]
        assert done.response.output[0].content[0].transcript == "one two three four"
        assert done.response.usage.total_tokens == done.response.usage.input_tokens + done.response.usage.output_tokens


async def test_a_client_secret_is_good_for_its_agent(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as server:
        session = {"type": "realtime", "model": "mute", "output_modalities": ["text"]}
        async with sdk(server) as client:
            secret = await client.realtime.client_secrets.create(session=session, expires_after={"seconds": 60})
        assert secret.value.startswith("ek_")
        assert secret.session.model == "mute"
        async with sdk(server, secret.value).realtime.connect(model="echo") as connection:
            created = (await until(connection, "session.created"))[-1]
            assert (created.session.model, created.session.output_modalities) == ("mute", ["text"])
            await connection.conversation.item.create(
                item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi there."}]}
            )
            await connection.response.create()
            texts = [e.text for e in await until(connection, "response.done") if e.type == "response.output_text.done"]
            assert texts == ["Hi there."]
        token = secret.value.removeprefix("ek_")
        status, _, _ = await server.http("GET", "/v1/models", f"Authorization: Bearer {token}\r\n")
        assert status == 401


async def test_unknown_keys_and_agents_are_refused(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as server:
        for key, model, code in (("nonsense", "echo", "invalid_api_key"), ("", "nobody", "model_not_found")):
            async with sdk(server, key).realtime.connect(model=model) as connection:
                event = await connection.recv()
                assert (event.type, event.error.code) == ("error", code)
                with pytest.raises(Exception, match=code):
                    await connection.recv()


async def test_a_transcription_session(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines("one two three four")) as server:
        session = {"type": "transcription", "audio": {"input": {"transcription": {"model": "whisper-1"}}}}
        async with sdk(server) as client:
            secret = await client.realtime.client_secrets.create(session=session)
        async with sdk(server, secret.value).realtime.connect(extra_query={"intent": "transcription"}) as connection:
            sound = voice(800) + quiet(1_500)
            await connection.input_audio_buffer.append(audio=base64.b64encode(sound).decode())
            seen = await until(connection, "conversation.item.input_audio_transcription.completed")
            assert seen[-1].transcript == "one two three four"
            await connection.input_audio_buffer.append(audio=base64.b64encode(sound).decode())
            seen = await until(connection, "conversation.item.input_audio_transcription.completed")
            assert not any(event.type.startswith("response.") for event in seen)


async def test_a_secret_for_transcripts_is_good_for_nothing_else(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as server, sdk(server) as client:
        for model in ({}, {"model": "gpt-4o-transcribe"}, {"model": "mute"}):
            secret = await client.realtime.client_secrets.create(session={"type": "transcription", **model})
            async with sdk(server, secret.value).realtime.connect(model="echo") as connection:
                await until(connection, "conversation.created")
                await connection.session.update(session={"type": "realtime"})
                refused = await connection.recv()
                assert (refused.type, refused.error.param) == ("error", "session.type")
                await connection.response.create()
                assert (await connection.recv()).type == "error"
