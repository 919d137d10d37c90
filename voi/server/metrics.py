"""What the server counts and measures, for Prometheus. No metric names a person or holds what people said."""

import asyncio
import gc
import time
from collections.abc import Callable, Mapping
from typing import Any, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder

from voi.calls.load import LoadLevel
from voi.calls.memories import MemoryTrouble
from voi.core.end_reason import FAILURES, REFUSALS, EndReason
from voi.core.options import Mode
from voi.engines.fallback.choices import Fallbacks
from voi.engines.supervised import Supervised
from voi.server.engine_metrics import EngineMetrics, FallbackMetrics
from voi.server.gpu_metrics import GpuMetrics
from voi.server.outgoing_metrics import OutgoingCallMetrics
from voi.server.sip_metrics import SipMetrics
from voi.server.usage_metrics import UsageMetrics
from voi.server.webrtc_metrics import WebRtcMetrics
from voi.session.failure import Failure
from voi.session.latency import TurnTimes
from voi.session.lookups import LookedUp
from voi.session.observer import Observer
from voi.session.tool_use import ToolUse

DOORS = ("voi", "realtime", "rtvi", "vocal", "openai", "wyoming")
STEPS = ("endpoint", "transcript", "first_token", "first_sound", "first_sent")
_STEP_BUCKETS_S = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
_LOOKUP_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0)
_PAUSE_BUCKETS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5)


class Metrics:
    """All metrics of the server. `active` returns the current number of conversations."""

    def __init__(self, active: Callable[[], float]) -> None:
        self.registry = CollectorRegistry()
        self.started_at_s = time.monotonic()
        Gauge("voi_conversations_active", "Conversations now", registry=self.registry).set_function(active)
        self._conversations = Counter(
            "voi_conversations", "Conversations that began", ["mode", "door"], registry=self.registry
        )  # fmt: skip
        self._refused = Counter(
            "voi_connections_refused", "Connections that did not get a conversation", ["reason"],
            registry=self.registry,
        )  # fmt: skip
        self._failed = Counter(
            "voi_conversations_failed", "Conversations that an error ended", ["reason"], registry=self.registry
        )  # fmt: skip
        self._mistakes = Counter(
            "voi_client_mistakes", "Messages of clients that were answered with an error", registry=self.registry
        )
        self._ungranted = Counter(
            "voi_client_agents_refused", "Agents and prompts that clients brought, of apps that are not granted it",
            registry=self.registry,
        )  # fmt: skip
        self._openai_requests = Counter(
            "voi_openai_requests", "Requests to OpenAI's endpoints, by how they ended", ["endpoint", "outcome"],
            registry=self.registry,
        )  # fmt: skip
        self._listener_requests = Counter(
            "voi_listener_requests", "Requests outside of calls to listeners such as wyoming, by how they ended",
            ["listener", "request", "outcome"], registry=self.registry,
        )  # fmt: skip
        self._lost = Counter(
            "voi_connections_lost", "Connections that broke while their conversation waits for the client",
            registry=self.registry,
        )  # fmt: skip
        self._resumed = Counter(
            "voi_connections_resumed", "Conversations that went on over another connection", registry=self.registry
        )  # fmt: skip
        self._not_saved = Counter(
            "voi_calls_not_saved", "Calls that could not be saved for another day", registry=self.registry
        )
        self._observer_failures = Counter(
            "voi_observer_failures", "Observers (recordings, say) that failed in a conversation",
            ["observer"], registry=self.registry,
        )  # fmt: skip
        self._engine_failures = Counter(
            "voi_engine_failures", "Failures of an LLM, voice, ear or judge in a conversation", ["kind", "engine"],
            registry=self.registry,
        )  # fmt: skip
        self._memory_failures = Counter(
            "voi_memory_failures", "What should have been remembered of a person and was not", ["trouble"],
            registry=self.registry,
        )  # fmt: skip
        self._tool_calls = Counter(
            "voi_tool_calls", "Calls of tools by agents, by kind of tool and what came of them", ["kind", "outcome"],
            registry=self.registry,
        )  # fmt: skip
        self._tool_times = Histogram(
            "voi_tool_seconds", "How long calls of tools took", ["kind"], buckets=_STEP_BUCKETS_S,
            registry=self.registry,
        )  # fmt: skip
        self._post_calls = Counter(
            "voi_after_calls", "What was done after calls, by step and what came of it", ["step", "outcome"],
            registry=self.registry,
        )  # fmt: skip
        self._post_calls_waiting = Gauge(
            "voi_after_calls_waiting", "What is still to be done after calls", registry=self.registry
        )
        self._store_failures = Counter(
            "voi_store_failures", "Transactions of the store that failed", registry=self.registry
        )
        self._store_lost = Counter(
            "voi_store_lost", "Entries that were never stored, because too many waited", registry=self.registry
        )
        self._store_waiting = Gauge("voi_store_waiting", "Entries that wait to be stored", registry=self.registry)
        self._steps = Histogram(
            "voi_turn_step_seconds", "From the end of the person's speech until that step of the answer",
            ["step"], buckets=_STEP_BUCKETS_S, registry=self.registry,
        )  # fmt: skip
        self._lookups = Histogram(
            "voi_knowledge_wait_seconds", "How long answers waited for excerpts of the agent's files",
            ["use", "early"], buckets=_LOOKUP_BUCKETS_S, registry=self.registry,
        )  # fmt: skip
        self._left_out = Gauge(
            "voi_knowledge_files_left_out", "Files of agents' knowledge that cannot be used", registry=self.registry
        )
        self._pauses = Histogram(
            "voi_gc_pause_seconds", "Pauses for garbage collection", ["generation"], buckets=_PAUSE_BUCKETS_S,
            registry=self.registry,
        )  # fmt: skip
        self.loop_late = Histogram(
            "voi_event_loop_late_seconds", "How late the event loop ran something that was due",
            buckets=_PAUSE_BUCKETS_S, registry=self.registry,
        ).observe  # fmt: skip
        Gauge("voi_event_loop_tasks", "Tasks of the event loop now", registry=self.registry).set_function(_tasks)
        self._load_level = Gauge(
            "voi_load_level", "0: normal; 1: optional work is given up; 2: new conversations are refused as well",
            registry=self.registry,
        )  # fmt: skip
        self.used = UsageMetrics(self.registry)
        self.gpus = GpuMetrics(self.registry)
        self.webrtc = WebRtcMetrics(self.registry)
        self.outgoing = OutgoingCallMetrics(self.registry)
        self.sip = SipMetrics(self.registry)
        ProcessCollector(registry=self.registry)
        # A series that begins with its first increment shows no increase: what can be foreseen is there from the start.
        for mode in get_args(Mode):
            for door in DOORS:
                self._conversations.labels(mode, door)
        for reason in REFUSALS:
            self._refused.labels(reason.value)
        for trouble in get_args(MemoryTrouble):
            self._memory_failures.labels(trouble)
        for step in ("ask", "fields", "webhook", "tool", "order"):
            for outcome in ("failed", "lost"):
                self._post_calls.labels(step, outcome)
        for reason in FAILURES:
            self._failed.labels(reason.value)
        self._step = {step: self._steps.labels(step) for step in STEPS}
        self._gc_started_s = 0.0
        self._gc_pause = [self._pauses.labels(str(generation)) for generation in range(3)]

    def ungranted(self) -> None:
        self._ungranted.inc()

    def began(self, mode: str, door: str) -> None:
        self._conversations.labels(mode, door).inc()

    def refused(self, reason: EndReason) -> None:
        self._refused.labels(reason.value).inc()

    def failed(self, reason: EndReason) -> None:
        self._failed.labels(reason.value).inc()

    def openai_request(self, endpoint: str, outcome: str) -> None:
        self._openai_requests.labels(endpoint, outcome).inc()

    def listener_request(self, listener: str, request: str, outcome: str) -> None:
        self._listener_requests.labels(listener, request, outcome).inc()

    def mistake(self) -> None:
        self._mistakes.inc()

    def load_changed(self, level: LoadLevel) -> None:
        self._load_level.set(level)

    def lost(self) -> None:
        self._lost.inc()

    def resumed(self) -> None:
        self._resumed.inc()

    def not_saved(self) -> None:
        self._not_saved.inc()

    def observer_failed(self, name: str) -> None:
        self._observer_failures.labels(name).inc()

    def memory_failed(self, trouble: MemoryTrouble) -> None:
        self._memory_failures.labels(trouble).inc()

    def store_failed(self) -> None:
        self._store_failures.inc()

    def store_lost(self, entries: int) -> None:
        self._store_lost.inc(entries)

    def watch_store(self, waiting: Callable[[], float]) -> None:
        self._store_waiting.set_function(waiting)

    def engine_failed(self, failure: Failure) -> None:
        self._engine_failures.labels(failure.kind, failure.engine or "unknown").inc()

    def tool_used(self, use: ToolUse) -> None:
        self._tool_calls.labels(use.kind, use.error or "ok").inc()
        self._tool_times.labels(use.kind).observe(use.took_ms / 1000)

    def looked_up(self, lookup: LookedUp) -> None:
        self._lookups.labels(lookup.use, str(lookup.early).lower()).observe(lookup.took_ms / 1000)

    def left_out(self, files: int) -> None:
        """So many files of the current configuration cannot be used."""
        self._left_out.set(files)

    def post_call(self, step: str, outcome: str) -> None:
        self._post_calls.labels(step, outcome).inc()

    def watch_post_calls(self, waiting: Callable[[], float]) -> None:
        self._post_calls_waiting.set_function(waiting)

    def turn(self, times: TurnTimes) -> None:
        for step, histogram in self._step.items():
            taken_ms: int | None = getattr(times, f"{step}_ms")
            if taken_ms is not None:
                histogram.observe(taken_ms / 1000)

    def watch_fallbacks(self, fallbacks: Fallbacks) -> None:
        """Report what second choices took over."""
        self.registry.register(FallbackMetrics(fallbacks))

    def watch_engines(self, engines: Mapping[str, Supervised[Any]]) -> None:
        """Report the state and restarts of these engines, by name."""
        self.registry.register(EngineMetrics(engines))

    def watch_garbage_collector(self) -> None:
        gc.callbacks.append(self._on_gc)

    def unwatch_garbage_collector(self) -> None:
        gc.callbacks.remove(self._on_gc)

    def _on_gc(self, phase: str, info: Mapping[str, Any]) -> None:
        if phase == "start":
            self._gc_started_s = time.perf_counter()
        else:
            self._gc_pause[info["generation"]].observe(time.perf_counter() - self._gc_started_s)

    def text(self, accept: str) -> tuple[bytes, str]:
        """The metrics and their content type, in the newest format that `accept` (the request's header) allows."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type


class TurnMetrics(Observer):
    """Puts each turn's times into the histograms, and counts failures. All conversations share one."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def turn(self, times: TurnTimes) -> None:
        self._metrics.turn(times)

    def looked_up(self, lookup: LookedUp) -> None:
        self._metrics.looked_up(lookup)

    def failure(self, failure: Failure) -> None:
        self._metrics.engine_failed(failure)

    def tool(self, use: ToolUse) -> None:
        self._metrics.tool_used(use)


def _tasks() -> int:
    """How many tasks the running event loop has; 0 without one."""
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:
        return 0
