"""Traces of conversations for OpenTelemetry: one span for each step, with its duration; what was said only if asked
for.

    conversation
      user_turn            voice sets in, until the turn's speech is over
        stt, judge         a transcript, a judgement: asked for, until answered
      reply                begun, until it is played, stopped or dropped
        llm, tts, playback
      tool
      llm_request          each that a provider began to answer, with its tokens: for replies, for control and
                           completeness agents, for invoke_llm

The exporter is OTLP over HTTP. Its own variables configure it (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME, …): they
are OpenTelemetry's, and the same for all programs. Spans wait in a bounded queue for a thread of its own.
"""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any

from dotenv import dotenv_values

from voi import __version__
from voi.config.settings import ENV_FILE
from voi.core import actions as do
from voi.core import facts as was
from voi.core.actions import Action
from voi.core.facts import Fact
from voi.core.script import Script
from voi.errors import ConfigError
from voi.session.failure import Failure
from voi.session.latency import TurnTimes
from voi.session.lookups import LookedUp
from voi.session.observer import Observer
from voi.session.tool_use import ToolUse
from voi.use import Use

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
CLOSE_S = 3.0
"""How long the last spans may take to be sent when the server stops."""
SPANS_MAX = 64
"""Most spans of one conversation that are open at once; more are not begun."""
WORDS_MAX = 2_000
"""Most characters of what was said in one attribute."""


def make_provider() -> "TracerProvider | None":
    """The provider that makes and sends the spans; None if no variable names a destination. Raises ConfigError when
    tracing is asked for and its packages are missing."""
    for name, value in dotenv_values(ENV_FILE).items() if ENV_FILE.is_file() else ():
        if name.startswith("OTEL_") and value and not os.environ.get(name):
            os.environ[name] = value
    if not any(os.environ.get(name) for name in ENDPOINTS) or os.environ.get("OTEL_SDK_DISABLED", "") == "true":
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise ConfigError(f"{ENDPOINTS[0]} is set, and tracing is not installed: ./install.sh otel") from None
    name = os.environ.get("OTEL_SERVICE_NAME") or "voi"
    resource = Resource.create({"service.name": name, "service.version": __version__})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


async def close_provider(provider: "TracerProvider") -> None:
    """Send what is waiting and stop. Takes up to `CLOSE_S`, whatever the collector does."""
    sending = threading.Thread(target=provider.shutdown, name="last spans", daemon=True)
    sending.start()
    await asyncio.to_thread(sending.join, CLOSE_S)


class Tracing(Observer):
    """The spans of one conversation. `attributes` of the conversation's span; `words`: they may contain what was
    said."""

    def __init__(
        self,
        tracer: "Tracer",
        attributes: dict[str, str],
        *,
        words: bool = False,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        from opentelemetry.trace import set_span_in_context

        self._in_context = set_span_in_context
        self._tracer = tracer
        self._attributes = attributes
        self._words = words
        self._clock_ns = clock_ns
        self._start_ns = 0
        self._now_ms = 0
        self._open: dict[Hashable, Span] = {}
        self._voiced_ms: dict[int, int] = {}
        """When the newest piece of each reply was voiced."""
        self._called_ms: dict[Hashable, int] = {}
        """When each running tool was called."""
        self._newest_reply = 0

    # ---- spans ------------------------------------------------------------------------------------------

    def _begin(self, key: Hashable, name: str, parent: Hashable = "conversation", **attributes: Any) -> None:
        if key in self._open or len(self._open) >= SPANS_MAX:
            return
        above = self._open.get(parent) or self._open.get("conversation")
        context = self._in_context(above) if above is not None else None
        given = {f"voi.{field}": value for field, value in attributes.items()}
        at_ns = self._start_ns + self._now_ms * 1_000_000
        self._open[key] = self._tracer.start_span(name, context, attributes=given, start_time=at_ns)

    def _end(self, key: Hashable, at_ms: int | None = None, **attributes: Any) -> None:
        span = self._open.pop(key, None)
        if span is not None:
            span.set_attributes({f"voi.{field}": value for field, value in attributes.items()})
            span.end(self._start_ns + (self._now_ms if at_ms is None else at_ms) * 1_000_000)

    def _said(self, text: str) -> dict[str, Any]:
        return {"text": text[:WORDS_MAX]} if self._words else {}

    # ---- the observer -----------------------------------------------------------------------------------

    def begin(self, script: Script) -> None:
        self._start_ns = self._clock_ns()
        self._begin("conversation", "conversation", mode=script.mode)
        self._open["conversation"].set_attributes(self._attributes)

    def step(self, now_ms: int, fact: Fact, actions: Sequence[Action]) -> None:
        self._now_ms = now_ms
        if type(fact) is not was.QuietGrew and type(fact) is not was.SpeechGrew:  # thirty a second
            self._fact(fact)
        for action in actions:
            self._action(action)

    def _fact(self, fact: Fact) -> None:
        match fact:
            case was.Heard(pause=pause) if pause:
                self._end(("stt", fact.utterance, pause), characters=len(fact.text), **self._said(fact.text))
            case was.TranscriptFailed():
                self._end(("stt", fact.utterance, fact.pause), failed=True)
            case was.TurnJudged():
                self._end(("judge", fact.judge, fact.utterance, fact.pause), probability=fact.probability)
            case was.VoiceJudged():
                self._end(("judge", "voice", fact.utterance, fact.voice_ms), voice=fact.voice, floor=fact.floor)
            case was.ReplyText() if fact.spoken:
                self._begin(("tts", fact.reply), "tts", ("reply", fact.reply))
            case was.PieceVoiced():
                self._voiced_ms[fact.reply] = self._now_ms
            case was.ReplyWritten():
                self._end(("llm", fact.reply))
            case was.PlaybackStarted():
                self._begin(("playback", fact.reply), "playback", ("reply", fact.reply))
            case was.ReplyPlayed():
                self._reply_over(fact.reply, outcome="played")
            case was.ReplyStopped():
                self._reply_over(fact.reply, outcome="stopped", played_ms=fact.played_ms)
            case was.ReplyFailed():
                self._reply_over(fact.reply, outcome="failed")

    def _action(self, action: Action) -> None:
        match action:
            case do.Listen():
                self._begin(("user_turn", action.utterance), "user_turn", utterance=action.utterance)
            case do.Transcribe():
                key = ("stt", action.utterance, action.pause)
                self._begin(key, "stt", ("user_turn", action.utterance), pause=action.pause)
            case do.JudgeTurn():
                judge = "agent" if action.text else "audio"
                judged = ("judge", judge, action.utterance, action.pause)
                self._begin(judged, "judge", ("user_turn", action.utterance), judge=judge, quiet_ms=action.quiet_ms)
            case do.JudgeVoice():
                judged = ("judge", "voice", action.utterance, action.voice_ms)
                self._begin(judged, "judge", ("user_turn", action.utterance), judge="voice", voice_ms=action.voice_ms)
            case do.EndUtterance():
                self._end(("user_turn", action.utterance))
            case do.StartReply():
                self._begin(("reply", action.reply), "reply", reply=action.reply, muted=action.muted)
                self._begin(("llm", action.reply), "llm", ("reply", action.reply), messages=len(action.messages))
            case do.SayPhrase():
                said = self._said(action.text)
                self._begin(("reply", action.reply), "reply", reply=action.reply, phrase=True, **said)
            case do.SayAhead():
                if span := self._open.get(("reply", action.reply)):
                    span.add_event("late", timestamp=self._start_ns + self._now_ms * 1_000_000)
            case do.Release():
                self._newest_reply = action.reply
                if span := self._open.get(("reply", action.reply)):
                    span.add_event("released", timestamp=self._start_ns + self._now_ms * 1_000_000)
            case do.RunTool():
                called = "tool", action.reply, action.call_id
                self._called_ms[called] = self._now_ms
                self._begin(called, "tool", tool=action.name)
            case do.HangUp():
                self._open["conversation"].set_attribute("voi.end_reason", action.reason.value)

    def _reply_over(self, reply: int, **attributes: Any) -> None:
        self._end(("tts", reply), self._voiced_ms.pop(reply, None))
        self._end(("llm", reply))
        self._end(("playback", reply))
        self._end(("reply", reply), **attributes)

    def turn(self, times: TurnTimes) -> None:
        if span := self._open.get(("reply", self._newest_reply)):
            taken = {f"voi.{name}": value for name, value in times.as_dict().items() if value is not None}
            span.set_attributes(taken)

    def looked_up(self, lookup: LookedUp) -> None:
        span = self._open.get(("reply", lookup.reply)) or self._open.get("conversation")
        if span is not None and lookup.sources:
            about = {"use": lookup.use, "sources": list(lookup.sources), "took_ms": lookup.took_ms}
            given = {f"voi.{name}": value for name, value in about.items()}
            span.add_event("excerpts", given, timestamp=self._start_ns + self._now_ms * 1_000_000)

    def usage(self, use: Use) -> None:
        above = self._open.get("conversation")
        if use.kind != "llm" or above is None:
            return
        end_ns = self._clock_ns()
        attributes = {
            "gen_ai.operation.name": "chat", "gen_ai.provider.name": use.provider, "gen_ai.request.model": use.model,
            "gen_ai.usage.input_tokens": use.input_tokens, "gen_ai.usage.output_tokens": use.output_tokens,
            "voi.estimated": use.estimated,
        }  # fmt: skip
        start_ns = end_ns - use.took_ms * 1_000_000
        context = self._in_context(above)
        self._tracer.start_span("llm_request", context, attributes=attributes, start_time=start_ns).end(end_ns)

    def tool(self, use: ToolUse) -> None:
        key = "tool", use.reply, use.call_id
        if span := self._open.get(key):
            span.set_attributes({"gen_ai.tool.name": use.name, "gen_ai.tool.call.id": use.call_id})
        said = {"arguments": use.arguments[:WORDS_MAX]} if self._words else {}
        outcome = use.error or "ok"
        size = {"result_characters": use.result_characters, "took_ms": use.took_ms}
        self._end(
            key, self._called_ms.pop(key, self._now_ms) + use.took_ms, kind=use.kind, outcome=outcome, **size, **said
        )

    def failure(self, failure: Failure) -> None:
        if span := self._open.get("conversation"):
            said = {"voi.kind": failure.kind, "voi.engine": failure.engine, "voi.took_ms": failure.took_ms}
            span.add_event("failure", said, timestamp=self._start_ns + self._now_ms * 1_000_000)

    async def close(self) -> None:
        for key in reversed(list(self._open)):
            self._end(key)
