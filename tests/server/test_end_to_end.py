"""The whole server over real sockets: conversations, bad callers among good ones, and a clean end."""

import asyncio
import gc
import os
import random
import signal
import struct
import time
import wave
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.engines import silence, tone
from tests.server.fakes import API_KEY, SECRET
from tests.server.serving import Person, RunningServer, fake_engines, serving, write_config
from tests.transports.raw_client import BINARY, CLOSE, TEXT, RawClient
from voi.audio.resample import resample
from voi.engines.base import SttOptions
from voi.engines.startup import Engines
from voi.engines.stt.moonshine import Moonshine
from voi.errors import ConfigError, EngineError
from voi.server import http_server, run
from voi.server.auth import check_token, issue_token
from voi.server.garbage import NEVER
from voi.transports.voi_ws import wire

pytestmark = pytest.mark.integration

AUDIO = Path(__file__).parent.parent / "data" / "audio"
Patch = pytest.MonkeyPatch


async def test_greeting_and_typed_text(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        person = await Person.arrive(running.port)
        assert person.log[0] == {"type": "status", "status": "init_done", "agent_name": "echo"}
        await person.until(lambda: len(person.sound.get("0", b"")) >= 52_000)  # 22 characters, 50 ms each
        assert person.texts == {0: "Hello there my friend."}
        person.say("text", content="How are you today?")
        person.say("create_response")
        await person.until(lambda: person.sound.get("2"))
        assert person.texts[1] == person.texts[2] == "How are you today?"
        assert (person.status("response_created"), person.status("response_done")) == (1, 1)
        assert next(entry["role"] for entry in person.log if entry.get("id", 0) > 0) == "user"


async def test_push_to_talk(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines("one two three four five")) as running:
        person = await Person.arrive(running.port, init_greeting=False)
        for turn in range(2):
            person.speak(tone(800))
            person.say("create_response")
            await person.until(lambda turn=turn: person.sound.get(str(2 * turn + 1)))
        assert person.texts[0] == person.texts[2] == person.texts[3] == "one two three four"
        assert not person.errors


async def test_a_call_with_a_barge_in(tmp_path: Path, monkeypatch: Patch) -> None:
    said = "this is a rather long sentence that takes its time to be said " * 2
    async with serving(tmp_path, monkeypatch, fake_engines(said, "stop it now please")) as running:
        person = await Person.arrive(running.port, mode="call", init_greeting=False)
        person.speak(tone(4_000) + silence(1_000), 640)
        await person.until(
            lambda: len(person.sound.get("1", b"")) > 110_000
        )  # too late to be the rest of the first turn
        person.speak(tone(800) + silence(1_000), 640)
        await person.until(lambda: person.sound.get("3"))
        assert person.status("user_interrupt") >= 1
        assert person.status("response_created") == 0
        assert person.texts[2] == person.texts[3] == "stop it now please"
        assert person.texts[0].startswith(person.texts[1].removesuffix("... (interrupted)"))
        assert 5 < len(person.texts[1]) < len(person.texts[0])


async def test_an_interrupt_cuts_the_message_it_names(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines(ms_per_character=100)) as running:
        person = await Person.arrive(running.port)
        await person.until(lambda: person.sound.get("0"))
        person.say("interrupt", speech_id="0", interrupted_at=0.7)
        person.say("text", content="wait")
        person.say("create_response")
        await person.until(lambda: person.sound.get("2"))
        assert person.texts[0].startswith("Hello")
        assert len(person.texts[0]) < len("Hello there my friend.") + 15
        assert "friend" not in person.texts[0]
        assert person.texts[2] == "wait"


async def test_a_speech_in_one_piece_and_sound_in_a_container(tmp_path: Path, monkeypatch: Patch) -> None:
    pytest.importorskip("av")
    from voi.audio.opus import encode_ogg_opus

    async with serving(tmp_path, monkeypatch, fake_engines("one two three four")) as running:
        person = await Person.arrive(running.port, stream_output_audio=False, input_audio_format="ogg")
        await person.until(lambda: person.sound.get("0"))
        assert person.sound["0"].startswith(b"OggS")
        assert sum(entry["type"] == "audio" for entry in person.log) == 1
        blob = encode_ogg_opus(tone(900, 24_000), 24_000)
        person.speak(blob, 1000)
        person.say("create_response")
        await person.until(lambda: person.sound.get("2"))
        assert person.texts[1].startswith("one two three")


async def test_invoke_llm_and_messages_that_do_not_belong(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        person = await Person.arrive(running.port, agent="mute", mode="call")
        person.say("invoke_llm", model="echo", prompt="p", messages=[{"role": "user", "content": "user: hi"}])
        person.say("text", content="hi")
        person.say("image_url", image_url=None)
        person.client.send(TEXT, b"hello?")
        await person.until(lambda: len(person.errors) == 3 and any(e["type"] == "llm_response" for e in person.log))
        assert {"type": "llm_response", "content": "user: hi"} in person.log
        assert person.errors[0] == "Message type text is not supported in mode call"


async def test_http(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines(), cors_origins=("https://a.example",)) as running:
        assert (await running.http("GET", "/"))[2] == b'{"status":"running"}'
        assert gc.get_threshold()[2] == NEVER  # a full collection is a pause for everybody
        status, _, body = await running.http("GET", "/health")
        assert (status, b'"engines":{"STT fake":"ready"}' in body) == (200, True)
        assert (await running.http("GET", "/ws"))[0] == 426
        assert (await running.http("GET", "/docs"))[0] == 404
        for method, path in (("GET", "/metrics"), ("POST", "/integrations/bro")):
            assert (await running.http(method, path))[0] == 401
            assert (await running.http(method, path, "API-Key: wrong\r\n"))[0] == 403
        key = f"API-Key: {API_KEY}\r\n"
        status, headers, body = await running.http("POST", "/integrations/bro", key)
        token = headers["voi-token"]
        assert (status, body) == (200, f'{{"token":"{token}"}}'.encode())
        assert check_token(token, SECRET) == "bro"
        assert (await running.http("POST", "/integrations/..%2Fx", key))[0] in (400, 404)
        assert (await running.http("POST", "/integrations/a%20b", key))[0] == 400
        person = await Person.arrive(running.port, agent="mute")
        assert b'"active_connections":1' in (await running.http("GET", "/metrics", key))[2]
        for path, accept in (("/metrics?format=prometheus", ""), ("/metrics", "Accept: text/plain\r\n")):
            status, headers, body = await running.http("GET", path, key + accept)
            assert headers["content-type"].startswith("text/plain")
            assert b"voi_conversations_active 1.0" in body
        person.client.drop()
        status, headers, _ = await running.http("GET", "/", "Origin: https://a.example\r\n")
        assert headers["access-control-allow-origin"] == "https://a.example"
        assert "access-control-allow-origin" not in (await running.http("GET", "/", "Origin: https://b.example\r\n"))[1]


async def test_not_ready_until_the_engines_are_warm(tmp_path: Path, monkeypatch: Patch) -> None:
    warm = asyncio.Event()
    bound = asyncio.Event()
    real_bind = http_server.bind
    port = 0

    def bind(host: str, at: int) -> Any:
        nonlocal port
        listener = real_bind(host, at)
        port = listener.getsockname()[1]
        bound.set()
        return listener

    async def start(config: Any, settings: Any, on_progress: Any) -> Engines:
        on_progress("VAD fake: ready in 0.00 s")
        await warm.wait()
        return fake_engines()

    monkeypatch.setattr(run, "bind", bind)
    async with serving(tmp_path, monkeypatch, start) as running:
        await bound.wait()
        running.port = port
        status, headers, body = await running.http("GET", "/health")
        assert (status, b'"starting"' in body, b'"VAD fake":"ready"' in body) == (503, True, True)
        assert "access-control-allow-origin" not in headers
        status, headers, body = await running.http("GET", "/ready")
        assert (status, headers["retry-after"], body) == (503, "1", b'{"ready":false}')
        early = await RawClient.connect(port, f"/ws?token={issue_token('a', SECRET)}")
        assert b"starting" in (await early.receive())[1]
        assert await early.close_code() == 1013
        warm.set()
        await running.ready.wait()
        assert (await running.http("GET", "/health"))[0] == 200
        status, headers, _ = await running.http("GET", "/ready")
        assert (status, "retry-after" in headers) == (200, False)
        await Person.arrive(port, agent="mute")


@pytest.mark.parametrize("query", ["", "?token=", "?token=abc", f"?token={issue_token('a', SECRET[::-1])}"])
async def test_bad_tokens(query: str, tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        client = await RawClient.connect(running.port, f"/ws{query}")
        client.send(BINARY, wire.join({"type": "init", "agent_name": "echo"}))
        opcode, payload = await client.receive()
        assert opcode == BINARY
        assert wire.split(payload)[0]["error"].startswith("Token validation error")
        assert await client.close_code() == 1008
        client.send(CLOSE, struct.pack(">H", 1008))
        assert await client.ends()


async def test_too_late_too_many_too_big(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(
        tmp_path, monkeypatch, fake_engines(), max_conversations=2, init_timeout_s=0.3, max_frame_bytes=64 * 1024
    ) as running:
        silent = await RawClient.connect(running.port, f"/ws?token={issue_token('a', SECRET)}")
        person, _ = [
            await Person.arrive(running.port, agent="mute") for _ in range(2)
        ]  # one that is silent has no place
        third = await RawClient.connect(running.port, f"/ws?token={issue_token('a', SECRET)}")
        assert b"full: it holds 2" in (await third.receive())[1]
        assert await third.close_code() == 1013
        assert b"no init message came within 0.3 s" in (await silent.receive())[1]
        assert await silent.close_code() == 1008
        person.say("audio", bytes(70_000))
        await person.until(lambda: False)
        assert person.closed == 1009


async def test_a_client_that_vanishes_leaves_nothing_behind(tmp_path: Path, monkeypatch: Patch) -> None:
    engines = fake_engines("some words here")
    async with serving(tmp_path, monkeypatch, engines) as running:
        for mode in ("chat", "call"):
            person = await Person.arrive(running.port, mode=mode)
            await person.until(lambda person=person: person.sound.get("0"))
            person.speak(tone(400))
            person.client.drop()
        await asyncio.wait_for(running.server.calls.services.tasks.join(), 30)
        assert running.server.admission.active == 0
        assert engines.vad.open_streams == engines.stt.open_streams == engines.tts["voice"].open_streams == 0  # type: ignore[attr-defined]


async def test_a_client_that_does_not_read_is_waited_for(tmp_path: Path, monkeypatch: Patch) -> None:
    """The speaker holds back, so that nothing piles up, and others do not notice."""
    async with serving(tmp_path, monkeypatch, fake_engines(speed=1000.0)) as running:
        person, other = await Person.arrive(running.port), await Person.arrive(running.port)
        person.client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(3):
            person.say("text", content="many words " * 100)
            person.say("create_response")
        other.say("text", content="hi")
        other.say("create_response")
        await other.until(lambda: other.texts.get(2) == "hi")
        person.client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        await person.until(lambda: person.status("response_done") + person.status("response_cancelled") >= 3)


@pytest.mark.parametrize("seed", range(3))
async def test_fuzz_while_another_is_served(seed: int, tmp_path: Path, monkeypatch: Patch) -> None:
    rng = random.Random(seed)
    kinds = ["init", "audio", "text", "image_url", "create_response", "interrupt", "invoke_llm", "dance", None, 7]
    values: list[Any] = [None, "", "0", 0, -1, 1e300, True, [], {}, "https://a/b", "x" * 5000, "\ud83d\ude00", [[]] * 9]
    names = ["content", "image_url", "speech_id", "interrupted_at", "model", "prompt", "messages", "mode", "agent_name"]

    def nonsense() -> bytes:
        match rng.randrange(5):
            case 0:
                return rng.randbytes(rng.randrange(60))
            case 1:
                return struct.pack(">I", rng.randrange(1 << 32)) + rng.randbytes(20)
            case 2:
                text = rng.choice([b"[" * 3000, b"{}", b"nul", b'{"type":"text","content":"\xff"}', b'{"type":NaN}'])
                return struct.pack(">I", len(text)) + text
            case _:
                fields = {rng.choice(names): rng.choice(values) for _ in range(rng.randrange(4))}
                return wire.join({"type": rng.choice(kinds), **fields}, rng.randbytes(rng.randrange(200)))

    async with serving(tmp_path, monkeypatch, fake_engines("a few words")) as running:
        good = await Person.arrive(running.port, mode="chat", init_greeting=False)
        for round_ in range(6):
            bad = await Person.arrive(running.port, mode=rng.choice(["chat", "call"]))
            for _ in range(60):
                bad.client.send(rng.choice([BINARY, BINARY, BINARY, TEXT]), nonsense())
            good.say("text", content=f"round {round_}")
            good.say("create_response")
            await good.until(lambda round_=round_: good.texts.get(2 * round_ + 1) == f"round {round_}")
            if rng.random() < 0.5:
                bad.client.drop()
        assert not good.errors
        assert (await running.http("GET", "/health"))[0] == 200


async def test_shutdown_says_goodbye_and_refuses_newcomers(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        running.server.settings = running.server.settings.model_copy(update={"shutdown_grace_s": 30.0})
        person = await Person.arrive(running.port, agent="mute")
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
        running.server.stop()
        closed = asyncio.Event()
        close = running.server.admission.close
        monkeypatch.setattr(running.server.admission, "close", lambda *because: (close(*because), closed.set()))
        await closed.wait()
        assert running.server.readiness.state == "stopping"
        with pytest.raises(ConnectionRefusedError):  # not an answer: a proxy tries the next worker
            await asyncio.open_connection("127.0.0.1", running.port)
        assert await asyncio.wait_for(reader.read(), 30) == b"", "a kept connection is no way in either"
        writer.close()
        person.say("text", content="one last word")
        person.say("create_response")
        await person.until(lambda: person.status("response_done"))
        assert person.texts[1] == "one last word"
        began_s = time.monotonic()
        running.server.stop()
        await person.until(lambda: False)
        assert person.closed == 1001
        assert person.errors == ["The server is shutting down."]
        person.client.send(CLOSE, struct.pack(">H", 1001))
        assert running.task is not None
        await asyncio.wait_for(asyncio.shield(running.task), 30)
        assert time.monotonic() - began_s < 8


async def test_tls(tmp_path: Path, monkeypatch: Patch) -> None:
    import ssl

    import aiohttp

    from voi.server.certificate import write_self_signed

    cert, key = write_self_signed(tmp_path / "certs", [], 1)
    async with serving(tmp_path, monkeypatch, fake_engines(), tls_cert_file=cert, tls_key_file=key) as running:
        trust = ssl.create_default_context(cafile=str(cert))
        base = f"https://localhost:{running.port}"
        async with aiohttp.ClientSession() as http:
            async with http.get(f"{base}/", ssl=trust) as answer:
                assert await answer.json() == {"status": "running"}
            async with http.ws_connect(f"{base}/ws?token={issue_token('a', SECRET)}", ssl=trust) as ws:
                await ws.send_bytes(wire.join({"type": "init", "agent_name": "echo"}))
                assert b"init_done" in await ws.receive_bytes()
                assert b"Hello there" in await ws.receive_bytes()
                await ws.send_bytes(wire.join({"type": "text", "content": "x" * 15_000}))
                await ws.send_bytes(wire.join({"type": "create_response"}))
                while b"x" * 15_000 not in await ws.receive_bytes():
                    pass


def starting(folder: Path, monkeypatch: Patch, start_engines: Any) -> run.Server:
    monkeypatch.chdir(folder)
    write_config(folder)
    monkeypatch.setattr(run, "start_engines", start_engines)
    settings = run.Settings(token_secret_key=SECRET, api_key=API_KEY, port=0)  # type: ignore[arg-type,attr-defined]
    return run.Server(settings, lambda _: None, lambda _: None)


async def test_a_start_that_fails_says_why(tmp_path: Path, monkeypatch: Patch) -> None:
    async def start(*_: Any) -> Engines:
        raise ConfigError("agents.json: no such voice")

    server = starting(tmp_path, monkeypatch, start)
    with pytest.raises(ConfigError, match="no such voice"):
        await asyncio.wait_for(server.serve(), 30)


async def test_what_ends_the_server_may_end_its_engines_first(tmp_path: Path, monkeypatch: Patch) -> None:
    """That is no start that failed: systemd sends SIGTERM to a process, too, that does not ignore it yet."""

    async def start(*_: Any) -> Engines:
        server.stop()
        raise EngineError("The process of whisper ended by signal SIGTERM.")

    server = starting(tmp_path, monkeypatch, start)
    await asyncio.wait_for(server.serve(), 30)
    assert server.readiness.state == "stopping"


async def test_one_that_is_told_to_stop_while_it_starts_is_never_ready(tmp_path: Path, monkeypatch: Patch) -> None:
    async def start(*_: Any) -> Engines:
        running.server.stop()
        return fake_engines()

    async with serving(tmp_path, monkeypatch, start) as running:
        assert running.task is not None
        await asyncio.wait_for(asyncio.shield(running.task), 30)
        assert not running.ready.is_set()
        assert running.server.readiness.state == "stopping"


def test_a_port_in_use_and_an_address_of_nobody() -> None:
    with http_server.bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"Cannot listen at 127.0.0.1:{port}: something listens there already"):
            http_server.bind("127.0.0.1", port)
    with pytest.raises(ConfigError, match=r"Cannot listen at .* no such address"):
        http_server.bind("203.0.113.7", 0)
    with pytest.raises(ConfigError, match=r"Cannot listen at .*VOI_HOST"):
        http_server.bind("nowhere.invalid", 0)


def test_a_certificate_that_is_none(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.chdir(tmp_path)
    write_config(tmp_path)
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("nonsense")
    settings = run.Settings(  # type: ignore[attr-defined]
        token_secret_key=SECRET, api_key=API_KEY, port=0, tls_cert_file=wrong, tls_key_file=wrong  # type: ignore[arg-type]
    )  # fmt: skip
    with pytest.raises(ConfigError, match="VOI_TLS_CERT_FILE"):
        asyncio.run(run.Server(settings, lambda _: None, lambda _: None).serve())


async def test_a_real_voice_with_the_embedded_engines(tmp_path: Path, monkeypatch: Patch) -> None:
    """The echo agent is heard to say what the person said: its sound goes through the speech recognition as well."""
    with wave.open(str(AUDIO / "spk1_snt1.wav")) as recording:
        assert recording.getframerate() == 16_000
        speech = recording.readframes(recording.getnframes())
    sentence = "The child almost hurt the small dog."
    async with serving(tmp_path, monkeypatch, turn_engine="none") as running:
        person = await Person.arrive(running.port, mode="call", init_greeting=False)
        person.speak(speech + silence(3_000), 640)
        await person.until(lambda: len(person.sound.get("1", b"")) > 48 * 2_200, 30)
        assert person.texts == {0: sentence, 1: sentence}
        moonshine = Moonshine()
        await moonshine.warm_up()
        stream = moonshine.open(SttOptions(), None)
        stream.feed(resample(person.sound["1"], wire.OUTPUT_RATE_HZ, 16_000))
        assert (await stream.flush()).text == sentence
        await moonshine.close()


async def test_many_come_and_go(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:

        async def visit(running: RunningServer) -> None:
            person = await Person.arrive(running.port, agent="mute")
            person.say("text", content="hi")
            person.say("create_response")
            await person.until(lambda: person.status("response_done"))
            person.client.send(CLOSE, struct.pack(">H", 1000))
            assert await person.client.ends()

        for _ in range(5):
            await asyncio.gather(*(visit(running) for _ in range(20)))
        await asyncio.wait_for(running.server.calls.services.tasks.join(), 30)
        assert running.server.admission.active == 0
        assert running.server.calls.gone == 100


async def test_sighup_reads_the_configuration_again(
    tmp_path: Path, monkeypatch: Patch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "voi")
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGHUP)
        for _ in range(500):
            if "read again" in caplog.text:
                break
            await asyncio.sleep(0.01)
        assert "SIGUSR1 has no meaning here" in caplog.text
        assert (await running.http("GET", "/health"))[0] == 200
