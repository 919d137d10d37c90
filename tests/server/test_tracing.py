"""The spans of a conversation, and that they reach a collector over OTLP."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.fakes.call import Call, FakeEngines
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeTurnDetector
from tests.server.serving import Person, fake_engines, serving
from voi.core import facts as was
from voi.core.actions import RunTool, Transcribe
from voi.core.script import Script
from voi.errors import ConfigError
from voi.server.tracing import ENDPOINTS, SPANS_MAX, Tracing, make_provider
from voi.session.tool_use import ToolUse
from voi.use import Use

pytestmark = pytest.mark.integration

export = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter", reason="./install.sh otel")

ABOUT = {"gen_ai.conversation.id": "c1"}
START_NS = 1_700_000_000 * 10**9


class Traced:
    """An exporter in memory."""

    def __init__(self, *, words: bool = False) -> None:
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor

        self._exporter = export.InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.observer = Tracing(provider.get_tracer("test"), ABOUT, words=words, clock_ns=lambda: START_NS)

    @property
    def spans(self) -> list[Any]:
        return list(self._exporter.get_finished_spans())

    def named(self, name: str) -> list[Any]:
        return [span for span in self.spans if span.name == name]


async def one_turn(traced: Traced) -> None:
    async with Call(engines=FakeEngines(turn=FakeTurnDetector(0.95)), observers=[traced.observer]) as call:
        await call.quiet(200)
        await call.speak(900)
        await call.until(lambda: call.turns)
        await call.until(lambda: any(span.name == "reply" for span in traced.spans), 20_000)


@in_virtual_time
async def test_a_turn_is_a_tree_of_spans_and_says_nothing_that_was_said() -> None:
    traced = Traced()
    await one_turn(traced)
    assert traced.observer._open == {}
    names = Counter(span.name for span in traced.spans)
    assert names.keys() == {
        "conversation",
        "user_turn",
        "stt",
        "judge",
        "reply",
        "llm",
        "tts",
        "playback",
        "llm_request",
    }
    (conversation,) = traced.named("conversation")
    assert conversation.attributes["gen_ai.conversation.id"] == "c1"
    assert conversation.attributes["voi.mode"] == "call"
    by_id = {span.context.span_id: span for span in traced.spans}
    above = {span.name: by_id[span.parent.span_id].name for span in traced.spans if span.parent}
    assert above == {
        "user_turn": "conversation", "stt": "user_turn", "judge": "user_turn", "reply": "conversation",
        "llm": "reply", "tts": "reply", "playback": "reply", "llm_request": "conversation",
    }  # fmt: skip
    for span in traced.spans:
        assert span.start_time <= span.end_time
        assert span.start_time >= START_NS or span.name == "llm_request"  # the test's clock stands still
        assert "text" not in str(span.attributes)
        assert "fox" not in str(span.attributes)
    (reply,) = [span for span in traced.named("reply") if span.attributes.get("voi.outcome") == "played"]
    assert reply.attributes["voi.first_sent_ms"] > 0
    assert [event.name for event in reply.events] == ["released"]
    assert any(judge.attributes.get("voi.probability") == 0.95 for judge in traced.named("judge"))


def test_every_request_to_a_language_model_is_a_span_with_its_tokens() -> None:
    traced = Traced()
    traced.observer.begin(Script())
    traced.observer.usage(Use("tts", "espeak", "espeak", sound_ms=5, characters=3))
    traced.observer.usage(Use("llm", "litellm", "judge", 120, 1, estimated=True, took_ms=250))
    (span,) = traced.spans
    assert span.name == "llm_request"
    assert span.end_time - span.start_time == 250 * 1_000_000
    assert dict(span.attributes) == {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "litellm", "gen_ai.request.model": "judge",
        "gen_ai.usage.input_tokens": 120, "gen_ai.usage.output_tokens": 1, "voi.estimated": True,
    }  # fmt: skip


@in_virtual_time
async def test_what_was_said_is_in_them_when_it_is_asked_for() -> None:
    traced = Traced(words=True)
    await one_turn(traced)
    assert any("story" in span.attributes["voi.text"] for span in traced.named("stt"))


def test_open_spans_are_bounded_and_all_are_closed() -> None:
    traced = Traced()
    traced.observer.begin(Script())
    for pause in range(1, SPANS_MAX * 2):
        traced.observer.step(pause, was.DeadlinePassed(), [Transcribe(1, pause)])
    assert len(traced.observer._open) == SPANS_MAX
    asyncio.run(traced.observer.close())
    assert len(traced.spans) == SPANS_MAX
    assert traced.observer._open == {}


def test_without_an_address_there_are_no_traces(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    assert make_provider() is None
    monkeypatch.setenv(ENDPOINTS[0], "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert make_provider() is None


def test_that_its_packages_are_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINTS[0], "http://127.0.0.1:9")
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.sdk.resources", None)
    with pytest.raises(ConfigError, match=r"install\.sh otel"):
        make_provider()


async def test_a_collector_gets_the_spans_over_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    got: list[Any] = []

    async def collect(request: web.Request) -> web.Response:
        got.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response(content_type="application/x-protobuf")

    app = web.Application()
    app.router.add_post("/v1/traces", collect)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    (tmp_path / ".env").write_text(f"{ENDPOINTS[0]}=http://127.0.0.1:{port}\nOTEL_SERVICE_NAME=our-voi\n")
    for name in (*ENDPOINTS, "OTEL_SERVICE_NAME"):
        monkeypatch.setenv(name, "")  # restored at the end, for `make_provider` sets it
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        await Person.arrive(running.port)
    await runner.cleanup()
    sent = [each for request in got for each in request.resource_spans]
    assert "conversation" in [span.name for each in sent for scope in each.scope_spans for span in scope.spans]
    assert json.dumps("our-voi") in str(sent[0].resource)


@pytest.mark.parametrize("words", [False, True])
def test_a_tools_call_is_a_span_as_long_as_it_took(words: bool) -> None:
    traced = Traced(words=words)
    traced.observer.begin(Script())
    traced.observer.step(1_000, was.ReplyWritten(1), [RunTool(1, "a", "find", '{"number": 7}')])
    traced.observer.step(1_200, was.QuietGrew(32), [])
    traced.observer.tool(ToolUse(1, "a", "find", "http", '{"number": 7}', 20, 300, "failed"))
    (span,) = traced.named("tool")
    assert (span.start_time - START_NS, span.end_time - START_NS) == (1_000_000_000, 1_300_000_000)
    attributes = dict(span.attributes)
    assert (attributes["gen_ai.tool.name"], attributes["voi.kind"], attributes["voi.outcome"]) == (
        "find",
        "http",
        "failed",
    )
    assert ("voi.arguments" in attributes) is words
