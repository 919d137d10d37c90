"""What a driver's tool, which the tests bring, says of GPUs."""

import asyncio
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from tests.server.fakes import API_KEY
from tests.server.serving import fake_engines, serving
from voi.server import gpu_metrics
from voi.server.gpu_metrics import GpuMetrics

MIB = 2**20


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/bin:/usr/bin")
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin" / "nvidia-smi"


def write(tool: Path, script: str) -> None:
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)


async def exposed(metrics: GpuMetrics, registry: CollectorRegistry) -> dict[str, float]:
    await metrics.look()
    lines = (line.rpartition(" ") for line in generate_latest(registry).decode().splitlines() if line[:1] != "#")
    return {series: float(value) for series, _, value in lines if "_created" not in series}


async def test_memory_and_utilisation_of_each_gpu(tool: Path) -> None:
    write(tool, "echo '0, GPU-0a4c, 4576, 24576, 37'; echo '1, GPU-1f22, [N/A], 143771, [N/A]'")
    registry = CollectorRegistry()
    assert await exposed(GpuMetrics(registry), registry) == {
        'voi_gpu_memory_used_bytes{gpu="0",uuid="GPU-0a4c"}': 4_576 * MIB,
        'voi_gpu_memory_total_bytes{gpu="0",uuid="GPU-0a4c"}': 24_576 * MIB,
        'voi_gpu_utilization_ratio{gpu="0",uuid="GPU-0a4c"}': 0.37,
        'voi_gpu_memory_total_bytes{gpu="1",uuid="GPU-1f22"}': 143_771 * MIB,
        "voi_gpu_read_failures_total": 0,
    }


async def test_how_fast_the_memory_fills_is_told_by_the_last_minute(tool: Path) -> None:
    told: list[float] = []
    metrics = GpuMetrics(CollectorRegistry())
    metrics.on_filling = lambda share: told.append(round(share, 2))
    for used in (8_000, 8_500, 9_000, 9_000, 9_000, 9_000, 9_000, 7_000):
        write(tool, f"echo '0, GPU-0a4c, {used}, 10000, 37'; echo '1, GPU-1f22, [N/A], 143771, 2'")
        await metrics.look()
    assert told == [0.0, 0.33, 1.0, 1.0, 1.0, 0.5, 0.0, 0.0]
    write(tool, "exit 9")
    await metrics.look()
    assert told[-1] == 0.0


@pytest.mark.parametrize("script", ["exit 9", "echo 'No devices were found'", "echo 0, GPU-0, 5", "exec sleep 60"])
async def test_a_driver_that_fails_is_counted_and_its_last_word_forgotten(
    tool: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, script: str
) -> None:
    monkeypatch.setattr(gpu_metrics, "DEADLINE_S", 0.3)
    registry = CollectorRegistry()
    metrics = GpuMetrics(registry)
    write(tool, "echo '0, GPU-0a4c, 4576, 24576, 37'")
    assert len(await exposed(metrics, registry)) == 4
    write(tool, script)
    assert await exposed(metrics, registry) == {"voi_gpu_read_failures_total": 1}
    assert await exposed(metrics, registry) == {"voi_gpu_read_failures_total": 2}
    assert len(caplog.records) == 1  # told once
    write(tool, "echo '0, GPU-0a4c, 4576, 24576, 37'")
    assert len(await exposed(metrics, registry)) == 4


@pytest.mark.usefixtures("tool")
async def test_without_a_driver_nothing_is_asked() -> None:
    async with asyncio.timeout(30):
        await GpuMetrics(CollectorRegistry()).run()


@pytest.mark.integration
async def test_a_server_tells_them(tool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tool, "echo '0, GPU-0a4c, 4576, 24576, 37'")
    async with serving(tmp_path, monkeypatch, fake_engines()) as running, asyncio.timeout(60):
        while True:
            _, _, body = await running.http("GET", "/metrics?format=prometheus", f"API-Key: {API_KEY}\r\n")
            if b"voi_gpu_memory_used_bytes{" in body:
                break
            await asyncio.sleep(0.05)
