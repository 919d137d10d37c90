"""docker/Caddyfile.example in a real Caddy in front of real servers: tokens over HTTPS, calls over wss."""

import asyncio
import contextlib
import json
import logging
import time
from pathlib import Path

import aiohttp
import pytest

from tests.deploy.caddy import CADDY, answers, in_front_of, keeps_calls
from tests.free_ports import free_port
from tests.server.fakes import API_KEY, SECRET
from tests.server.serving import RunningServer, fake_engines, serving
from voi.client import AudioEvent, MessageEvent, ResumedEvent, SpeechDoneEvent, VoiClient
from voi.errors import ClientError
from voi.server.auth import check_token, issue_token
from voi.transports.voi_ws import wire

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(CADDY is None, reason="Caddy is not installed: apt-get install caddy"),
]


async def until_message(call: VoiClient, text: str) -> None:
    async with asyncio.timeout(60):
        async for event in call:
            if isinstance(event, MessageEvent) and event.role == "assistant" and text in event.text:
                return
    raise AssertionError(f"no message with {text!r}: {call.close_code} {call.close_reason}")


async def converse(call: VoiClient, text: str) -> None:
    """Say something to `echo`; it comes back, with sound."""
    await call.send_text(text)
    await call.create_response()
    await until_message(call, text)
    async with asyncio.timeout(60):
        async for event in call:
            if isinstance(event, AudioEvent):
                return


async def calls_at(server: RunningServer) -> int:
    _, _, body = await server.http("GET", "/metrics", f"API-Key: {API_KEY}\r\n")
    count: int = json.loads(body)["active_connections"]
    return count


async def test_a_token_over_https_and_a_call_over_wss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        serving(tmp_path, monkeypatch, fake_engines()) as server,
        in_front_of(tmp_path, server.port) as caddy,
        aiohttp.ClientSession() as http,
    ):
        # By name and authority: what a client does that trusts the certificate.
        async with http.post(
            caddy.address("/integrations/my-app?person=anna.bell"), headers={"API-Key": API_KEY}, ssl=caddy.trusting
        ) as answer:
            assert answer.status == 200
            assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "Server" not in answer.headers
            token = (await answer.json())["token"]
            assert answer.headers["Voi-Token"] == token
        assert check_token(token, SECRET) == "my-app"
        async with http.get(caddy.address("/metrics"), ssl=caddy.trusting) as answer:
            assert answer.status == 401
        address = caddy.address("/ws", "wss")
        async with VoiClient.connect(address, token=token, agent_name="echo", insecure=True) as call:
            await until_message(call, "Hello there my friend.")
            await converse(call, "over the proxy")
        await asyncio.sleep(0.2)  # the log of a call is written at its end
        assert "/ws?token=REDACTED" in caddy.log
        assert "/integrations/my-app?person=REDACTED" in caddy.log
        assert "anna" not in caddy.log
        assert token not in caddy.log
        assert API_KEY not in caddy.log


async def test_errors_of_the_proxy_tell_nothing_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Caddy writes whole requests into its log when it reaches no worker."""
    token = issue_token("my-app", SECRET)
    async with serving(tmp_path, monkeypatch, fake_engines()) as server, in_front_of(tmp_path, server.port) as caddy:
        server.server.stop()
        assert server.task is not None
        await asyncio.wait_for(asyncio.shield(server.task), 20)
        async with aiohttp.ClientSession() as http:
            named = caddy.address("/integrations/my-app?person=anna.bell")
            async with http.post(named, headers={"API-Key": API_KEY}, ssl=False) as answer:
                assert answer.status in (502, 503)
            asked = f"realtime, key.{token}"
            upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Protocol": asked}
            async with http.get(caddy.address(f"/ws?token={token}"), headers=upgrade, ssl=False) as answer:
                assert answer.status in (502, 503)
        await asyncio.sleep(0.2)
        errors = [line for line in caddy.log.splitlines() if "http.log.error" in line]
        assert any("/ws?token=REDACTED" in line for line in errors)
        assert any("/integrations/my-app?person=REDACTED" in line for line in errors)
        for secret in (token, "anna", API_KEY):
            assert secret not in caddy.log


async def test_who_calls_is_known_and_cannot_be_forged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    init = {"type": "init", "agent_name": "echo", "agent_config": None, "mode": "chat"}
    headers = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
    trusting = {"trusted_proxies": ("127.0.0.1",)}
    async with (
        serving(tmp_path, monkeypatch, fake_engines(), **trusting) as server,
        in_front_of(tmp_path, server.port) as caddy,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))) as http,
    ):
        address = f"wss://127.0.0.1:{caddy.port}/ws?token={issue_token('test', SECRET)}"
        headers["Host"] = f"localhost:{caddy.port}"
        async with http.ws_connect(address, headers=headers, ssl=False, server_hostname="localhost") as ws:
            await ws.send_bytes(wire.join(init, b""))
            await ws.receive(5)
    begun = [record.getMessage() for record in caplog.records if "begins with" in record.getMessage()]
    assert len(begun) == 1
    assert "from 127.0.0.2 " in begun[0]


async def test_calls_are_shared_out_and_stay_on_their_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with contextlib.AsyncExitStack() as stack:
        first = await stack.enter_async_context(serving(tmp_path, monkeypatch, fake_engines()))
        second = await stack.enter_async_context(serving(tmp_path, monkeypatch, fake_engines()))
        caddy = await stack.enter_async_context(in_front_of(tmp_path, first.port, second.port))
        calls = [await stack.enter_async_context(caddy.call()) for _ in range(4)]
        shared = [await calls_at(server) for server in (first, second)]
        assert sum(shared) == 4
        assert min(shared) >= 1  # a request that is just ending counts as well, so it need not be two and two
        for turn in range(2):
            for number, call in enumerate(calls):
                await converse(call, f"number {number} turn {turn}")
        assert [await calls_at(server) for server in (first, second)] == shared


async def test_a_worker_that_is_gone_gets_no_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        serving(tmp_path, monkeypatch, fake_engines()) as server,
        in_front_of(tmp_path, free_port(), server.port) as caddy,
    ):
        for number in range(3):
            async with caddy.call() as call:
                await converse(call, f"call {number}")


async def test_a_reload_in_mid_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        serving(tmp_path, monkeypatch, fake_engines()) as server,
        in_front_of(tmp_path, server.port) as caddy,
        caddy.call() as call,
    ):
        await converse(call, "before")
        await caddy.reload()
        if keeps_calls():
            await converse(call, "after")
            return
        # Before 2.7 the call ends, at once and for both sides. A new one begins, without the words of the old one.
        with contextlib.suppress(ClientError):
            async with asyncio.timeout(30):
                async for _ in call:
                    pass
        await answers(caddy)
        deadline_s = time.monotonic() + 5
        while await calls_at(server):
            assert time.monotonic() < deadline_s, "the server goes on with a call that is cut"
            await asyncio.sleep(0.05)
        async with caddy.call() as again:
            await converse(again, "after")


async def test_a_client_that_comes_back_does_not_lose_its_call_by_a_reload(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of an answer: its words and its sound come whole, and the conversation goes on."""
    async with (
        serving(tmp_path, monkeypatch, fake_engines(ms_per_character=60)) as server,
        in_front_of(tmp_path, server.port) as caddy,
        caddy.call(resume=True) as call,
    ):
        answer = "This is an answer of some length that is spoken while the proxy is told to read its file again."
        await call.send_text(answer)
        await call.create_response()
        speech = "2"  # after the greeting and the person's words
        sound_bytes = cuts = 0
        reloading: asyncio.Task[None] | None = None
        async with asyncio.timeout(30):
            async for event in call:
                match event:
                    case AudioEvent(speech_id, payload) if speech_id == speech:
                        sound_bytes += len(payload)
                        if reloading is None and sound_bytes > 48_000:
                            reloading = asyncio.create_task(caddy.reload())
                    case ResumedEvent(away_s):
                        cuts += 1
                        assert away_s < 5
                    case SpeechDoneEvent(speech_id) if speech_id == speech:
                        break
        assert reloading is not None
        await reloading
        expected_bytes = len(answer) * 60 * 48
        assert expected_bytes <= sound_bytes < expected_bytes + 256  # a whole number of the player's blocks
        assert cuts == (0 if keeps_calls() else 1)
        await converse(call, "and on it goes")
        assert await calls_at(server) == 1


async def test_clients_come_back_to_their_own_of_several_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        workers = [
            await stack.enter_async_context(serving(tmp_path, monkeypatch, fake_engines(ms_per_character=10)))
            for _ in range(3)
        ]
        caddy = await stack.enter_async_context(in_front_of(tmp_path, *(worker.port for worker in workers)))
        calls = [await stack.enter_async_context(caddy.call(resume=True)) for _ in range(12)]
        for number, call in enumerate(calls):
            await converse(call, f"number {number} before")
        shared = [await calls_at(server) for server in workers]
        assert sum(shared) == 12
        assert sorted(shared)[1] > 0, "they are shared out"
        await caddy.reload()
        for number, call in enumerate(calls):
            await converse(call, f"number {number} after")
        assert [await calls_at(server) for server in workers] == shared
