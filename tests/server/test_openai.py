"""OpenAI's endpoints, asked by OpenAI's own client where it is installed, and by clients that mean no good."""

import asyncio
import base64
import contextlib
import io
import json
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.engines import FakeLlm, FakeStt, FakeTts, FakeVad, silence, tone
from tests.server.fakes import API_KEY, SECRET
from tests.server.serving import RunningServer, serving
from voi.audio.sample import read_sample
from voi.audio.wav import to_wav
from voi.dialogue import ToolCall
from voi.engines.base import Finished, TextDelta
from voi.engines.startup import Engines
from voi.errors import EngineError
from voi.server.auth import issue_token
from voi.tools import python

pytestmark = pytest.mark.integration
Patch = pytest.MonkeyPatch

AGENTS: dict[str, Any] = {
    "echo": {"llm_model": "echo", "system_prompt": ["You are Robin."], "voices": {"character": {"model": "voice"}}},
    "mute": {"llm_model": "echo"},
    "guarded": {"llm_model": "echo", "control_agent": "filter"},
    "desk": {"llm_model": "echo", "tools": {"leave": {"builtin": "hang_up"}}},
    "filter": {"model": "pattern_matching", "denial_phrases": ["as a language model"], "giveup_response": ["No."]},
}
SAID = [{"role": "user", "content": "Hello."}]
TOKEN = issue_token("test", SECRET)
RECORDING = to_wav(silence(500) + tone(800) + silence(1_500) + tone(400) + silence(1_500), 16_000)


def engines(llm: Any = None, **tts: Any) -> Engines:
    stt = FakeStt("one two three four five", "six seven eight")
    return Engines(FakeVad(), stt, None, llm or FakeLlm("Well. I am fine, thank you."), {"voice": FakeTts(**tts)})


@contextlib.asynccontextmanager
async def running(
    tmp_path: Path, monkeypatch: Patch, some: Engines | None = None, **settings: Any
) -> AsyncIterator[RunningServer]:
    (tmp_path / "agents.json").write_text(json.dumps(AGENTS))
    (tmp_path / "tts_models.json").write_text(json.dumps({"voice": {"engine": "espeak"}}))
    async with serving(tmp_path, monkeypatch, some or engines(), **settings) as server:
        yield server


async def ask(server: RunningServer, path: str, body: Any = None, token: str = TOKEN) -> tuple[int, Any]:
    auth = f"Authorization: Bearer {token}\r\n" if token else ""
    status, _, got = await server.http("POST" if body is not None else "GET", path, auth, body)
    if got.endswith(b"}\r\n0\r\n\r\n"):  # an object that came in one chunk
        got = got.split(b"\r\n")[1]
    return status, json.loads(got) if got.startswith(b"{") else got


def counted(server: RunningServer, endpoint: str, outcome: str) -> float:
    labels = {"endpoint": endpoint, "outcome": outcome}
    return server.server.metrics.registry.get_sample_value("voi_openai_requests_total", labels) or 0.0


def client_of(server: RunningServer) -> Any:
    openai = pytest.importorskip("openai")
    return openai.AsyncOpenAI(api_key=TOKEN, base_url=f"http://127.0.0.1:{server.port}/v1", max_retries=0, timeout=10)


async def test_the_sdk_lists_agents_voices_and_ears(tmp_path: Path, monkeypatch: Patch) -> None:
    async with running(tmp_path, monkeypatch) as server, client_of(server) as client:
        found = {model.id: model.kind async for model in client.models.list()}
        assert found == dict.fromkeys(("echo", "mute", "guarded", "desk"), "agent") | {"voice": "voice", "fake": "ear"}
        assert (await client.models.retrieve("voice")).voices == list(FakeTts().info.voices)


async def test_the_sdk_gets_speech_in_every_format(tmp_path: Path, monkeypatch: Patch) -> None:
    pytest.importorskip("av")
    async with running(tmp_path, monkeypatch) as server, client_of(server) as client:
        for form in ("mp3", "opus", "aac", "flac", "wav"):
            sound = await client.audio.speech.create(
                model="echo", voice="alloy", input="Good morning to you.", response_format=form
            )
            assert 0.9 < read_sample(sound.content).length_s < 1.2  # 20 characters of 50 ms
        pcm = await client.audio.speech.create(model="tts-1", voice="nova", input="Good.", response_format="pcm")
        assert len(pcm.content) == 12_000
        events = []
        async with client.audio.speech.with_streaming_response.create(
            model="voice", voice="alloy", input="Good.", response_format="pcm", stream_format="sse"
        ) as streamed:
            async for line in streamed.iter_lines():
                if line.startswith("data: "):
                    events.append(json.loads(line[6:]))
        assert events[-1]["type"] == "speech.audio.done"
        assert b"".join(base64.b64decode(event["audio"]) for event in events[:-1]) == pcm.content
        assert counted(server, "speech", "ok") == 7
        assert server.server.admission.active == 0


async def test_the_sdk_gets_transcripts(tmp_path: Path, monkeypatch: Patch) -> None:
    async with running(tmp_path, monkeypatch) as server, client_of(server) as client:

        async def heard(**more: Any) -> Any:
            server.server._engines.stt.streams.clear()  # type: ignore[union-attr, attr-defined]
            file = ("said.wav", io.BytesIO(RECORDING), "audio/wav")
            return await client.audio.transcriptions.create(model="whisper-1", file=file, **more)

        assert (await heard()).text == "one two three four six seven"
        assert await heard(response_format="text") == "one two three four six seven\n"
        verbose = await heard(response_format="verbose_json", timestamp_granularities=["segment", "word"])
        assert [segment.text for segment in verbose.segments] == ["one two three four", "six seven"]
        assert verbose.duration == pytest.approx(4.7, abs=0.01)
        assert verbose.words == []
        lines = (await heard(response_format="srt")).split("\n")
        assert (lines[0], lines[2], lines[4]) == ("1", "one two three four", "2")
        assert lines[1].startswith("00:00:00,")
        assert (await heard(response_format="vtt")).startswith("WEBVTT\n\n00:00:00.")
        events = [event async for event in await heard(stream=True)]
        assert [event.type for event in events] == ["transcript.text.delta"] * 2 + ["transcript.text.done"]
        assert "".join(event.delta for event in events[:-1]) == events[-1].text == "one two three four six seven"
        assert server.server.admission.active == 0


async def test_the_sdk_gets_translations(tmp_path: Path, monkeypatch: Patch) -> None:
    openai = pytest.importorskip("openai")
    stt = FakeStt("one two three four five", "six seven eight")
    stt.info = replace(stt.info, name="polyglot", translates=True)
    both = replace(engines(), others={("stt", "polyglot"): stt})
    async with running(tmp_path, monkeypatch, both) as server, client_of(server) as client:

        async def translated(model: str, **more: Any) -> Any:
            stt.streams.clear()
            file = ("said.wav", io.BytesIO(RECORDING), "audio/wav")
            return await client.audio.translations.create(model=model, file=file, **more)

        assert (await translated("whisper-1")).text == "one two three four six seven"
        verbose = await translated("polyglot", response_format="verbose_json")
        assert (verbose.language, verbose.segments[1].text) == ("en", "six seven")
        assert all(options.translate for options in stt.opened)
        with pytest.raises(openai.BadRequestError, match=r"fake.*polyglot") as refused:
            await translated("echo")
        assert refused.value.code == "unsupported"
        assert (counted(server, "translations", "ok"), counted(server, "translations", "refused")) == (2, 1)
        file = ("said.wav", io.BytesIO(RECORDING), "audio/wav")
        await client.audio.transcriptions.create(model="polyglot", file=file)
        assert not stt.opened[-1].translate


async def test_the_sdk_talks_to_an_agent(tmp_path: Path, monkeypatch: Patch) -> None:
    llm = FakeLlm("Well. I am fine, thank you.")
    async with running(tmp_path, monkeypatch, engines(llm)) as server, client_of(server) as client:
        messages = [
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": "Hello."},
            {"role": "assistant", "content": "Hi."},
            {"role": "user", "content": [{"type": "text", "text": "How are you?"}]},
        ]
        whole = await client.chat.completions.create(model="echo", messages=messages)
        assert whole.choices[0].message.content == "Well. I am fine, thank you."
        assert whole.choices[0].finish_reason == "stop"
        assert whole.usage.total_tokens > whole.usage.completion_tokens > 0
        shown = [(message.role, message.text) for message in llm.requests[-1].messages]
        assert shown == [
            ("system", "You are Robin.\n\nBe short."),
            ("user", "Hello."),
            ("assistant", "Hi."),
            ("user", "How are you?"),
        ]
        stream = await client.chat.completions.create(
            model="echo", messages=messages[1:2], stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
        texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
        assert "".join(texts) == "Well. I am fine, thank you."
        assert len([text for text in texts if text]) >= 2
        assert chunks[-2].choices[0].finish_reason == "stop"
        assert chunks[-1].usage.total_tokens > 0
        assert server.server._engines.tts["voice"].spoken == []  # type: ignore[union-attr, attr-defined]
        async with asyncio.timeout(30):
            while server.server.admission.active:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_errors_have_openais_shape(tmp_path: Path, monkeypatch: Patch) -> None:
    said = [{"role": "user", "content": "Hello."}]
    async with running(tmp_path, monkeypatch) as server:
        for path, body, status, code in (
            ("chat/completions", {"model": "nobody", "messages": said}, 404, "model_not_found"),
            ("chat/completions", {"model": "echo", "messages": []}, 400, "invalid_request"),
            ("chat/completions", {"model": "echo", "messages": said, "tools": [{}]}, 400, "invalid_request"),
            ("chat/completions", {"model": "echo", "messages": said, "tool_choice": "required"}, 400, "unsupported"),
            ("chat/completions", {"model": "echo", "messages": said, "n": 2}, 400, "unsupported"),
            ("chat/completions", {"model": "echo", "messages": [*said, {"role": "tool"}]}, 400, "invalid_request"),
            ("audio/speech", {"model": "mute", "voice": "alloy", "input": "Hi."}, 400, "no_voice"),
            ("audio/speech", {"model": "voice", "voice": "zoe", "input": "Hi."}, 400, "no_voice"),
            ("audio/speech", {"model": "voice", "input": "…", "response_format": "pcm"}, 400, "invalid_request"),
            ("audio/speech", {"model": "voice", "input": "a" * 4_097}, 400, "invalid_request"),
            ("audio/speech", {"model": "voice", "input": "a" * 70_000}, 413, "too_large"),
            ("audio/transcriptions", {"model": "whisper-1"}, 415, "unsupported_media_type"),
            ("audio/translations", {}, 415, "unsupported_media_type"),
            ("embeddings", {}, 404, "not_found"),
        ):
            got, answer = await ask(server, f"/v1/{path}", body)
            assert (got, answer["error"]["code"]) == (status, code), path
            assert set(answer["error"]) == {"message", "type", "param", "code"}
        assert counted(server, "chat", "refused") == 6
        assert server.server.admission.active == 0


async def test_a_base_url_without_v1_is_told(tmp_path: Path, monkeypatch: Patch) -> None:
    async with running(tmp_path, monkeypatch) as server:
        for path, body in (("models", None), ("chat/completions", {}), ("audio/speech", {}), ("realtime/calls", {})):
            status, answer = await ask(server, f"/{path}", body)
            assert (status, answer["error"]["code"]) == (404, "not_found"), path
            assert "ends in /v1" in answer["error"]["message"]


@pytest.mark.parametrize("token", ["", "nonsense", API_KEY, issue_token("test", "x" * 40)])
async def test_nobody_gets_in_without_a_token(token: str, tmp_path: Path, monkeypatch: Patch) -> None:
    async with running(tmp_path, monkeypatch) as server:
        for path, body in (("models", None), ("chat/completions", {}), ("audio/speech", {}), ("what", None)):
            status, answer = await ask(server, f"/v1/{path}", body, token)
            assert (status, answer["error"]["code"]) == (401, "invalid_api_key")


async def test_a_full_server_says_so(tmp_path: Path, monkeypatch: Patch) -> None:
    async with running(tmp_path, monkeypatch, max_conversations=1) as server:
        server.server.admission.admit("other")
        said = {"model": "echo", "messages": [{"role": "user", "content": "Hello."}]}
        for path, body in (("chat/completions", said), ("audio/speech", {"model": "voice", "input": "Hi.",
                                                                         "response_format": "wav"})):  # fmt: skip
            status, answer = await ask(server, f"/v1/{path}", body)
            assert (status, answer["error"]["code"]) == (503, "no_place")
        server.server.admission.leave("other")


async def test_a_model_that_fails_is_an_error_without_words_in_the_log(
    tmp_path: Path, monkeypatch: Patch, caplog: pytest.LogCaptureFixture
) -> None:
    llm = FakeLlm(EngineError("The model is away."))
    async with running(tmp_path, monkeypatch, engines(llm)) as server:
        said = {"model": "echo", "messages": [{"role": "user", "content": "My secret is a pear."}]}
        status, answer = await ask(server, "/v1/chat/completions", said)
        assert (status, answer["error"]["type"]) == (502, "server_error")
        status, answer = await ask(server, "/v1/chat/completions", said | {"stream": True})
        assert status == 502
        assert counted(server, "chat", "failed") == 2
        assert "pear" not in caplog.text
        assert TOKEN not in caplog.text


async def test_mutated_requests_are_never_server_errors(tmp_path: Path, monkeypatch: Patch) -> None:
    dice = random.Random(1)
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("chat/completions", {"model": "echo", "messages": [{"role": "user", "content": [{"type": "text"}]}]}),
        (
            "chat/completions",
            {
                "model": "echo",
                "tools": [{"type": "function", "function": WEATHER}],
                "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
                "messages": [
                    {
                        "role": "assistant",
                        "tool_calls": [
                            {"id": "a", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}},
                        ],
                    },
                    {"role": "tool", "tool_call_id": "a", "content": "sunny"},
                ],
            },
        ),
        ("audio/speech", {"model": "voice", "voice": {"id": "a"}, "input": "Hi.", "speed": 1, "stream_format": "sse"}),
    ]
    odd: list[Any] = [
        None,
        -1,
        1e308,
        "",
        "\u0000",
        "\ud800",
        [],
        {},
        [[]],
        True,
        "a" * 500,
        [{"role": "user"}],
        {"url": "file:///"},
    ]
    async with running(tmp_path, monkeypatch) as server:
        for _ in range(150):
            path, body = dice.choice(bodies)
            sent = body | {dice.choice([*body, "stream", "n", "tone", "instructions"]): dice.choice(odd)}
            status, answer = await ask(server, f"/v1/{path}", sent)
            assert status in (200, 400, 404), (path, sent, answer)
        for data in (b"", b"RIFF", bytes(dice.randbytes(2_000)), RECORDING[:40]):
            status, answer = await upload(server, data)
            assert status in (400, 415), answer  # 415: there is no PyAV, and it is no WAV file
        assert server.server.admission.active == 0


async def upload(server: RunningServer, data: bytes) -> tuple[int, Any]:
    parts = b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n'
    parts += b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n' + data + b"\r\n--x--\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = (
        f"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\n"
    )
    head += f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(parts)}\r\n\r\n"
    writer.write(head.encode() + parts)
    got = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    head_got, _, body = got.partition(b"\r\n\r\n")
    if b"chunked" in head_got:
        body = body.split(b"\r\n")[1]
    return int(head_got.split()[1]), json.loads(body)


async def test_a_recording_needs_no_sdk(tmp_path: Path, monkeypatch: Patch) -> None:
    async with running(tmp_path, monkeypatch) as server:
        status, answer = await upload(server, RECORDING)
        assert (status, answer["text"]) == (200, "one two three four six seven")
        assert answer["usage"] == {"type": "duration", "seconds": 4.7}


async def test_who_leaves_ends_the_work(tmp_path: Path, monkeypatch: Patch) -> None:
    async with running(tmp_path, monkeypatch, engines(FakeLlm(None), first_s=1e6)) as server:
        said = {"model": "echo", "messages": [{"role": "user", "content": "Hello."}]}
        for path, body in (("chat/completions", said), ("audio/speech", {"model": "voice", "input": "Hi.",
                                                                         "response_format": "wav"})):  # fmt: skip
            sent = json.dumps(body).encode()
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            head = f"POST /v1/{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
            head += f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
            writer.write(head.encode() + sent)
            async with asyncio.timeout(30):
                while not server.server.admission.active:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            writer.transport.abort()
            async with asyncio.timeout(30):
                while server.server.admission.active:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            assert counted(server, path.split("/")[0] if "chat" in path else "speech", "left") == 1


WEATHER = {
    "name": "get_weather",
    "description": "The weather in a place.",
    "parameters": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
}


async def test_the_sdk_brings_functions(tmp_path: Path, monkeypatch: Patch) -> None:
    calls = [ToolCall(key, "get_weather", f'{{"place":"{place}"}}') for key, place in (("a", "Rome"), ("b", "Bonn"))]
    llm = FakeLlm([TextDelta("Let me look."), *calls, Finished("tool_calls")], "Both are sunny.")
    async with running(tmp_path, monkeypatch, engines(llm)) as server, client_of(server) as client:
        wish: dict[str, Any] = {"model": "desk", "tools": [{"type": "function", "function": WEATHER}]}
        messages: list[dict[str, Any]] = [{"role": "user", "content": "How is it in Rome and Bonn?"}]
        choice = (await client.chat.completions.create(messages=messages, **wish)).choices[0]
        assert (choice.finish_reason, choice.message.content) == ("tool_calls", "Let me look.")
        called = [(call.function.name, call.function.arguments) for call in choice.message.tool_calls]
        assert called == [("get_weather", '{"place":"Rome"}'), ("get_weather", '{"place":"Bonn"}')]
        assert sorted(spec.name for spec in llm.requests[0].tools) == ["get_weather", "leave"]
        messages.append(choice.message.model_dump(exclude_none=True))
        for call, weather in zip(choice.message.tool_calls, ("sunny", "bright"), strict=True):
            messages.append({"role": "tool", "tool_call_id": call.id, "content": weather})
        said, finish = "", ""
        async for chunk in await client.chat.completions.create(messages=messages, stream=True, **wish):
            said += chunk.choices[0].delta.content or ""
            finish = chunk.choices[0].finish_reason or finish
        assert (said, finish) == ("Both are sunny.", "stop")
        asked = llm.requests[-1].messages
        assert [(m.role, m.text) for m in asked[:2]] == [
            ("user", messages[0]["content"]), ("assistant", "Let me look."),
        ]  # fmt: skip
        assert [result.text for m in asked for result in m.tool_results] == ["sunny", "bright"]
        assert asked[1].tool_calls[0].call_id == choice.message.tool_calls[0].id
        assert server.server.admission.active == 0


class Clock:
    """An entry point of a package with a tool that takes a while."""

    name = "clock"

    def load(self) -> Any:
        async def clock() -> str:
            """The time."""
            await asyncio.sleep(0.2)
            return "12:00"

        return clock


async def test_what_a_tool_of_the_agent_returned_beside_them_is_known(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setitem(AGENTS, "desk", {"llm_model": "echo", "tools": {"clock": {"python": "clock"}}})
    monkeypatch.setattr(python, "_points", lambda: [Clock()])
    calls = [ToolCall("x", "clock", "{}"), ToolCall("a", "get_weather", '{"place":"Rome"}')]
    llm = FakeLlm([*calls, Finished("tool_calls")], "It is sunny.")
    async with running(tmp_path, monkeypatch, engines(llm)) as server, client_of(server) as client:
        wish: dict[str, Any] = {"model": "desk", "tools": [{"type": "function", "function": WEATHER}]}
        messages: list[dict[str, Any]] = [{"role": "user", "content": "How is it in Rome, and what time is it?"}]
        choice = (await client.chat.completions.create(messages=messages, **wish)).choices[0]
        (call,) = choice.message.tool_calls
        messages.append(choice.message.model_dump(exclude_none=True))
        messages.append({"role": "tool", "tool_call_id": call.id, "content": "sunny"})
        answer = await client.chat.completions.create(messages=messages, **wish)
        assert answer.choices[0].message.content == "It is sunny."
        asked = llm.requests[-1].messages
        assert [each.name for m in asked for each in m.tool_calls] == ["get_weather", "clock"]
        weather, clock = (result.text for m in asked for result in m.tool_results)
        assert weather == "sunny"
        assert clock == "12:00"


async def test_calls_of_functions_are_streamed(tmp_path: Path, monkeypatch: Patch) -> None:
    call = ToolCall("a", "get_weather", '{"place":"Rome"}')
    async with (
        running(tmp_path, monkeypatch, engines(FakeLlm([call, Finished("tool_calls")]))) as server,
        client_of(server) as client,
    ):
        wish: dict[str, Any] = {"model": "echo", "messages": SAID, "tools": [{"type": "function", "function": WEATHER}]}
        stream = await client.chat.completions.create(stream=True, **wish)
        chunks = [chunk.choices[0] async for chunk in stream]
        (told,) = chunks[0].delta.tool_calls
        assert (told.index, told.function.name, told.function.arguments) == (0, "get_weather", '{"place":"Rome"}')
        assert chunks[-1].finish_reason == "tool_calls"


async def test_guard_tools_and_disclosure_are_those_of_a_call(tmp_path: Path, monkeypatch: Patch) -> None:
    llm = FakeLlm("Sorry, as a language model I cannot.", "It is noon.")
    async with running(tmp_path, monkeypatch, engines(llm)) as server:
        status, answer = await ask(server, "/v1/chat/completions", {"model": "guarded", "messages": SAID})
        assert status == 200
        assert "language model" not in json.dumps(answer)
    bye = ToolCall("c1", "leave", "{}")
    llm = FakeLlm([TextDelta("Goodbye then."), bye, Finished("tool_calls")], "Bye.")
    async with running(tmp_path, monkeypatch, engines(llm)) as server:
        status, answer = await ask(server, "/v1/chat/completions", {"model": "desk", "messages": SAID})
        assert (status, "Goodbye then." in json.dumps(answer)) == (200, True)
        assert [spec.name for spec in llm.requests[0].tools] == ["leave"]
    async with running(tmp_path, monkeypatch, disclose=("*",)) as server:
        status, answer = await ask(server, "/v1/chat/completions", {"model": "echo", "messages": SAID})
        said = answer["choices"][0]["message"]["content"]
        assert said.startswith("You are talking to an AI.")
        assert said.endswith("I am fine, thank you.")


async def test_what_an_app_has_no_right_to(tmp_path: Path, monkeypatch: Patch) -> None:
    async with running(tmp_path, monkeypatch, client_agent_apps=("other",)) as server:
        messages = [{"role": "system", "content": "You are a pirate."}, *SAID]
        status, answer = await ask(server, "/v1/chat/completions", {"model": "echo", "messages": messages})
        assert (status, answer["error"]["code"]) == (403, "no_right")
        assert (await ask(server, "/v1/chat/completions", {"model": "echo", "messages": SAID}))[0] == 200
        granted = issue_token("test", SECRET, own_agents=True)
        wish = {"model": "echo", "messages": messages}
        assert (await ask(server, "/v1/chat/completions", wish, granted))[0] == 200
        assert server.server.metrics.registry.get_sample_value("voi_client_agents_refused_total") == 1
    behind_a_proxy = {"trusted_proxies": ("127.0.0.1",)}
    async with running(tmp_path, monkeypatch, **behind_a_proxy) as server:
        assert (await ask(server, "/v1/chat/completions", wish))[0] == 403
        assert (await ask(server, "/v1/chat/completions", wish, granted))[0] == 200
    tools = {"model": "echo", "messages": SAID, "tools": [{"type": "function", "function": WEATHER}]}
    async with running(tmp_path, monkeypatch, client_agent_fields=("system_prompt",)) as server:
        assert (await ask(server, "/v1/chat/completions", tools))[0] == 403
        assert (await ask(server, "/v1/chat/completions", {**tools, "tool_choice": "none"}))[0] == 200
    fields = {"client_agent_fields": ("voices",)}
    async with running(tmp_path, monkeypatch, **fields) as server:
        assert (await ask(server, "/v1/chat/completions", wish, granted))[0] == 403


async def test_tones_voices_and_speed_reach_the_engine(tmp_path: Path, monkeypatch: Patch) -> None:
    async with running(tmp_path, monkeypatch) as server:
        wish = {"input": "Hi.", "response_format": "wav"}
        for more in (
            {"model": "echo", "voice": "nova", "instructions": "Speak in a Warm tone."},
            {"model": "tts-1", "voice": "bert", "tone": "sad", "speed": 2},
        ):
            assert (await ask(server, "/v1/audio/speech", wish | more))[0] == 200
        spoken = server.server._engines.tts["voice"].spoken  # type: ignore[union-attr, attr-defined]
        assert [(spec.voice, spec.tone, spec.speed) for _, spec in spoken] == [(None, "warm", 1), ("bert", "sad", 2)]
        seconds = {"app": "test", "agent": "(none)", "provider": "fake", "kind": "tts"}
        assert server.server.metrics.registry.get_sample_value("voi_usage_seconds_total", seconds)


async def test_sound_that_breaks_off_is_not_taken_for_whole(tmp_path: Path, monkeypatch: Patch) -> None:
    class Breaking(FakeTts):
        async def stream(self, text: str, voice: Any) -> AsyncIterator[bytes]:
            yield bytes(4_800)
            raise EngineError("It broke.")

    some = replace(engines(), tts={"voice": Breaking()})
    async with running(tmp_path, monkeypatch, some) as server:
        wish = {"model": "voice", "input": "Hi.", "response_format": "wav"}
        got = await ask(server, "/v1/audio/speech", wish)
        assert got[0] == 200
        assert not got[1].endswith(b"0\r\n\r\n")
        _, events = await ask(server, "/v1/audio/speech", wish | {"stream_format": "sse"})
        assert b'"code":"engine_failed"' in events
        assert counted(server, "speech", "failed") == 2
