"""What the engines and their processes are doing, for Prometheus."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from voi.engines.fallback.choices import Fallbacks
from voi.engines.supervised import Supervised

SHARED = "shared engines"
"""Label of the memory of the host of shared engines, with its worker processes."""


class FallbackMetrics(Collector):
    """What second choices took over, and which first ones rest."""

    def __init__(self, fallbacks: Fallbacks) -> None:
        self._fallbacks = fallbacks

    def collect(self) -> Iterable[Metric]:
        """All of it as it is now."""
        takeovers = CounterMetricFamily(
            "voi_engine_fallbacks", "Calls that a second choice took over", labels=["kind", "engine", "to", "reason"]
        )
        for each, count in list(self._fallbacks.counts.items()):
            takeovers.add_metric([each.kind, each.first, each.second, each.reason], count)
        resting = GaugeMetricFamily(
            "voi_engine_resting", "1: a first choice that failed is not asked for a while", labels=["kind", "engine"]
        )
        for kind, name, rests in self._fallbacks.states():
            resting.add_metric([kind, name], rests)
        return [takeovers, resting]


class EngineMetrics(Collector):
    """The state of these engines, by name."""

    def __init__(self, engines: Mapping[str, Supervised[Any]]) -> None:
        self._engines = engines

    def collect(self) -> Iterable[Metric]:
        up = GaugeMetricFamily("voi_engine_up", "1: it works; 0: it is being restarted", labels=["engine"])
        restarts = CounterMetricFamily("voi_engine_restarts", "Tries to restart a failed engine", labels=["engine"])
        errors = CounterMetricFamily("voi_engine_errors", "Calls of an engine that failed", labels=["engine"])
        troubles = CounterMetricFamily(
            "voi_engine_troubles", "What went wrong at an engine's service without failing a call",
            labels=["engine", "kind"],
        )  # fmt: skip
        streams = GaugeMetricFamily("voi_engine_streams", "Streams of an engine under way", labels=["engine"])
        waiting = GaugeMetricFamily(
            "voi_engine_waiting", "Calls that wait for an engine now, for a final transcript or a first sound",
            labels=["engine"],
        )  # fmt: skip
        waits = GaugeMetricFamily(
            "voi_engine_wait_seconds", "Nine of ten of the newest calls waited less for their first result",
            labels=["engine"],
        )  # fmt: skip
        memory = GaugeMetricFamily(
            "voi_worker_memory_bytes", "Memory of the processes that engines for a GPU run in", labels=["worker"]
        )
        for worker, pid in _workers(self._engines.values()).items():
            if pid is not None and (size := resident_bytes(pid)) is not None:
                memory.add_metric([worker], size)
        for host in _hosts(self._engines.values()):
            sizes = [resident_bytes(pid) for pid in (host, *children(host))]
            memory.add_metric([SHARED], sum(size or 0 for size in sizes))
        for name, engine in self._engines.items():
            up.add_metric([name], 0 if engine.restarting else 1)
            restarts.add_metric([name], engine.supervisor.restarts)
            errors.add_metric([name], engine.supervisor.errors)
            if engine.engine.info.counts_troubles:
                for kind, count in engine.engine.troubles.items():
                    troubles.add_metric([name, kind], count)
            streams.add_metric([name], engine.streams)
            waiting.add_metric([name], engine.waits.under_way)
            waits.add_metric([name], engine.waits.recent_s)
        return [up, restarts, errors, troubles, streams, waiting, waits, memory]


def _workers(engines: Iterable[Supervised[Any]]) -> dict[str, int | None]:
    """The worker processes of these engines: label -> process id. A label does not change when its process is started
    again; of several processes with one name the later ones are numbered, in the order of the configuration."""
    processes = (engine.peer for engine in engines)
    named: dict[str, int | None] = {}
    for process in {id(each): each for each in processes if each is not None}.values():
        same = sum(name.split(" #")[0] == process.name for name in named)
        named[f"{process.name} #{same + 1}" if same else process.name] = process.pid
    return named


def _hosts(engines: Iterable[Supervised[Any]]) -> set[int]:
    """Process ids of the hosts of shared engines."""
    peers = (engine.peer for engine in engines)
    return {peer.host_pid for peer in peers if peer is not None and peer.host_pid is not None}


def children(pid: int) -> list[int]:
    """Process ids of its children; none if it has ended or the system does not report them."""
    try:
        told = [task.joinpath("children").read_text("ascii") for task in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return []
    return [int(child) for line in told for child in line.split()]


def resident_bytes(pid: int) -> int | None:
    """Resident memory of that process in bytes; None if it has ended or the system does not report it."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None
