"""What Prometheus gets."""

import asyncio
import gc
import os
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import ClassVar

from tests.fakes.engines import FakeTts
from voi.core.end_reason import EndReason
from voi.engines.fallback.choices import Fallbacks
from voi.engines.remote import RemoteTts
from voi.engines.supervised import SupervisedTts
from voi.errors import EngineError
from voi.server.app import Readiness
from voi.server.engine_metrics import children, resident_bytes
from voi.server.metrics import STEPS, Metrics
from voi.session.latency import TurnTimes


def test_turns_land_in_the_histograms() -> None:
    metrics = Metrics(lambda: 3)
    metrics.turn(TurnTimes(turn=1, speculative=True, endpoint_ms=260, transcript_ms=120, first_sent_ms=270))
    text, content_type = metrics.text("")
    assert content_type.startswith("text/plain")
    exposed = text.decode()
    assert "voi_conversations_active 3.0" in exposed
    assert 'voi_turn_step_seconds_sum{step="endpoint"} 0.26' in exposed
    assert 'voi_turn_step_seconds_bucket{le="0.2",step="transcript"} 1.0' in exposed
    assert 'voi_turn_step_seconds_count{step="first_token"} 0.0' in exposed
    assert metrics.text("application/openmetrics-text; version=1.0.0")[1].startswith("application/openmetrics-text")


def test_every_step_is_a_field_of_the_times() -> None:
    assert {f"{step}_ms" for step in STEPS} == {
        field for field in TurnTimes.__dataclass_fields__ if field.endswith("_ms")
    }  # fmt: skip


def test_counters_and_garbage_collection() -> None:
    metrics = Metrics(lambda: 0)
    metrics.watch_garbage_collector()
    try:
        gc.collect()
    finally:
        metrics.unwatch_garbage_collector()
    metrics.began("call", "voi")
    metrics.refused(EndReason.SERVER_FULL)
    metrics.failed(EndReason.FAULT)
    metrics.mistake()
    exposed = metrics.text("")[0].decode()
    assert 'voi_gc_pause_seconds_count{generation="2"} 1.0' in exposed
    assert 'voi_conversations_total{door="voi",mode="call"} 1.0' in exposed
    assert 'voi_connections_refused_total{reason="server_full"} 1.0' in exposed
    assert 'voi_conversations_failed_total{reason="fault"} 1.0' in exposed
    assert "voi_client_mistakes_total 1.0" in exposed


async def test_tasks_of_the_event_loop() -> None:
    metrics = Metrics(lambda: 0)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(asyncio.sleep(60))
        assert "voi_event_loop_tasks 2.0" in metrics.text("")[0].decode()
        waiting.cancel()
    in_a_thread = await asyncio.to_thread(metrics.text, "")
    assert "voi_event_loop_tasks 0.0" in in_a_thread[0].decode()


async def test_second_choices() -> None:
    metrics, fallbacks = Metrics(lambda: 0), Fallbacks()
    metrics.watch_fallbacks(fallbacks)
    trial = fallbacks.ask("llm", "big", "small")
    assert trial is not None
    assert 'voi_engine_resting{engine="big",kind="llm"} 0.0' in metrics.text("")[0].decode()
    trial.failed(EngineError("It is down.", retryable=True))
    exposed = metrics.text("")[0].decode()
    assert 'voi_engine_fallbacks_total{engine="big",kind="llm",reason="failed",to="small"} 1.0' in exposed
    assert 'voi_engine_resting{engine="big",kind="llm"} 1.0' in exposed
    assert Readiness(engines={"LLM": "ready"}, fallbacks=fallbacks).engines_now() == {
        "LLM": "ready", "LLM big": "resting",
    }  # fmt: skip


async def test_engines_that_are_restarting() -> None:
    metrics, engine = Metrics(lambda: 0), SupervisedTts(FakeTts)
    metrics.watch_engines({"TTS voice, fake": engine})
    await engine.warm_up()
    assert 'voi_engine_up{engine="TTS voice, fake"} 1.0' in metrics.text("")[0].decode()
    engine.supervisor.ended("Its process ended.")
    engine.supervisor.restarts, engine.supervisor.errors = 2, 3
    exposed = metrics.text("")[0].decode()
    assert 'voi_engine_up{engine="TTS voice, fake"} 0.0' in exposed
    assert 'voi_engine_restarts_total{engine="TTS voice, fake"} 2.0' in exposed
    assert 'voi_engine_errors_total{engine="TTS voice, fake"} 3.0' in exposed
    await engine.close()


async def test_troubles_of_a_service() -> None:
    class Troubled(FakeTts):
        troubles: ClassVar = {"lost_connection": 2}

        def __init__(self) -> None:
            super().__init__()
            self.info = replace(self.info, counts_troubles=True)

    metrics, engine = Metrics(lambda: 0), SupervisedTts(Troubled)
    metrics.watch_engines({"far": engine})
    exposed = metrics.text("")[0].decode()
    assert 'voi_engine_troubles_total{engine="far",kind="lost_connection"} 2.0' in exposed
    await engine.close()


async def test_memory_of_worker_processes() -> None:
    metrics, engines = Metrics(lambda: 0), [SupervisedTts(FakeTts) for _ in range(4)]
    metrics.watch_engines({f"TTS voice {number}, fake": engine for number, engine in enumerate(engines)})
    assert "voi_worker_memory_bytes{" not in metrics.text("")[0].decode()  # none has a process of its own
    one, other = (SimpleNamespace(name="xtts", pid=os.getpid(), host_pid=None) for _ in range(2))
    shared = SimpleNamespace(name="whisper", pid=None, host_pid=None)  # it is not this server's
    for engine, process in zip(engines, (one, one, other, shared), strict=True):
        engine.engine = RemoteTts(process, "fake")

    def told() -> dict[str, float]:
        exposed = metrics.text("")[0].decode()
        lines = re.findall(r'^voi_worker_memory_bytes\{worker="(.*)"\} (.*)$', exposed, re.MULTILINE)
        return {worker: float(size) for worker, size in lines}

    assert list(told()) == ["xtts", "xtts #2"]
    assert all(10e6 < size < 10e9 for size in told().values())
    one.pid = 2**30  # it has ended
    assert list(told()) == ["xtts #2"]
    one.pid = os.getppid()  # and was started again
    assert list(told()) == ["xtts", "xtts #2"]
    assert resident_bytes(2**30) is None
    shared.host_pid = os.getpid()
    child = await asyncio.create_subprocess_exec("sleep", "60")
    assert child.pid in children(os.getpid())
    assert told()["shared engines"] > told()["xtts #2"]
    child.kill()
    await child.wait()
    assert children(2**30) == []


async def test_calls_that_wait_for_an_engine() -> None:
    metrics, engine = Metrics(lambda: 0), SupervisedTts(FakeTts)
    metrics.watch_engines({"TTS voice, fake": engine})
    for call in ("a", "b", "c"):
        engine.waits.begin(call)
    engine.waits.end("b")
    assert 'voi_engine_waiting{engine="TTS voice, fake"} 2.0' in metrics.text("")[0].decode()
