"""What the NVIDIA driver says of the machine's GPUs, for Prometheus: memory and utilisation of each.

The driver's own tool is asked, in a process that can be killed: a driver that hangs would never return to a thread.
"""

import asyncio
import logging
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from voi.engines.device import MIB

TOOL = "nvidia-smi"
QUERY = (TOOL, "--query-gpu=index,uuid,memory.used,memory.total,utilization.gpu", "--format=csv,noheader,nounits")
EVERY_S = 15.0
FILLING_READINGS = 5
"""From the first to the last of them, a minute passes."""
DEADLINE_S = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Gpu:
    """One reading of a GPU. A field is None if the driver does not report it, as for a GPU that is divided (MIG) or
    shares the memory of the machine."""

    index: str
    uuid: str
    used_mib: int | None
    total_mib: int | None
    utilisation_percent: int | None

    @property
    def free_mib(self) -> int | None:
        return None if self.used_mib is None or self.total_mib is None else self.total_mib - self.used_mib


class GpuMetrics(Collector):
    """Gauges of the newest reading of each GPU. A failed reading removes them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.on_filling: Callable[[float], None] = lambda share: None
        """Told after each reading how fast the memory of the GPU that fills fastest does: what it lost in the last
        minute, as a share of what is left."""
        self._gpus: tuple[Gpu, ...] = ()
        self._free_mib: deque[dict[str, int]] = deque(maxlen=FILLING_READINGS)
        """What was free on each GPU, by its uuid, the oldest reading first."""
        self._failures = Counter(
            "voi_gpu_read_failures", "Times that the driver did not tell about the GPUs", registry=registry
        )
        self._failing = False
        registry.register(self)

    async def run(self) -> None:
        """Read the GPUs for ever. Returns at once if the driver's tool is not installed."""
        if shutil.which(TOOL) is None:
            return
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Read the GPUs once."""
        try:
            self._gpus = await asyncio.to_thread(read_gpus)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self._gpus = ()
            self._free_mib.clear()
            self._failures.inc()
            if not self._failing:
                log.warning("nvidia-smi does not tell about the GPUs (%s); run it to see why", type(error).__name__)
            self._failing = True
        else:
            self._failing = False
            self._free_mib.append({gpu.uuid: gpu.free_mib for gpu in self._gpus if gpu.free_mib is not None})
        self.on_filling(self._filling())

    def _filling(self) -> float:
        if not self._free_mib:
            return 0.0
        before, now = self._free_mib[0], self._free_mib[-1]
        lost = {uuid: before[uuid] - free for uuid, free in now.items() if uuid in before}
        return max((mib / max(now[uuid], 1) for uuid, mib in lost.items() if mib > 0), default=0.0)

    def collect(self) -> Iterable[Metric]:
        labels = ["gpu", "uuid"]
        used = GaugeMetricFamily("voi_gpu_memory_used_bytes", "Memory of the GPU in use, by anyone", labels=labels)
        total = GaugeMetricFamily("voi_gpu_memory_total_bytes", "Memory of the GPU", labels=labels)
        utilisation = GaugeMetricFamily("voi_gpu_utilization_ratio", "Share of time that it computed", labels=labels)
        for gpu in self._gpus:
            whose = [gpu.index, gpu.uuid]
            for family, told, unit in (
                (used, gpu.used_mib, MIB), (total, gpu.total_mib, MIB), (utilisation, gpu.utilisation_percent, 0.01),
            ):  # fmt: skip
                if told is not None:
                    family.add_metric(whose, told * unit)
        return [used, total, utilisation]


def read_gpus() -> tuple[Gpu, ...]:
    """Ask the driver. Blocks for `DEADLINE_S` at most. Raises OSError, SubprocessError, ValueError."""
    process = subprocess.Popen(QUERY, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        out, _ = process.communicate(timeout=DEADLINE_S)
    except subprocess.TimeoutExpired:
        process.kill()  # and no wait: a tool whose driver hangs may never end
        raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, TOOL)
    return tuple(_gpu(line) for line in out.strip().splitlines())


def _gpu(line: str) -> Gpu:
    index, uuid, *numbers = (part.strip() for part in line.split(","))
    used, total, utilisation = (int(number) if number.isdecimal() else None for number in numbers)
    return Gpu(index, uuid, used, total, utilisation)
