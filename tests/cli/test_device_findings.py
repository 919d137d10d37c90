"""What `voi doctor` says of devices: measured, and computed from sizes."""

import json
from pathlib import Path

import pytest

from voi.cli import device_findings
from voi.cli.device_findings import Meter, room
from voi.config.tts_models import TtsModel
from voi.engines.device import MIB, Memory

GPU_24 = Memory("cuda:0, RTX 3090", 22_000 * MIB, 24_000 * MIB)


def test_memory_that_an_engine_took(monkeypatch: pytest.MonkeyPatch) -> None:
    gpus = [None, Memory("cuda:0, RTX 3090", 21_000 * MIB, 24_000 * MIB), GPU_24, GPU_24]
    owns = iter([100 * MIB, 150 * MIB, 150 * MIB, 150 * MIB])
    monkeypatch.setattr(device_findings, "gpu_memory", lambda _: gpus.pop(0))
    monkeypatch.setattr(device_findings, "own_memory_bytes", lambda: next(owns))
    assert Meter("auto").took() == "3,000 MiB on cuda:0, RTX 3090"  # torch was imported by the engine
    assert Meter("auto").took() == "0 MiB"  # an engine that took none of the GPU


@pytest.mark.parametrize(
    ("free_mib", "whisper", "xtts"),
    [(22_000, "up to large-v3", True), (2_000, "up to small", True), (1_000, "no Whisper", False)],
)
def test_what_would_fit(free_mib: int, whisper: str, xtts: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory("cuda:0, GPU", free_mib * MIB, 24_000 * MIB)
    monkeypatch.setattr(device_findings, "gpu_memory", lambda _: memory)
    free, fits = room("auto", {})
    assert f"{free_mib:,} of 24,000 MiB on cuda:0" in free.detail
    assert whisper in fits.detail
    assert ("no XTTS" not in fits.detail) == xtts
    assert "slow" not in fits.detail


def test_slots_are_those_of_the_configured_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Published sizes: 2 x 30 layers x 1024 wide x 1039 places x 2 bytes is 122 MiB a sentence."""
    monkeypatch.setattr(device_findings, "gpu_memory", lambda _: Memory("cuda:0", 6_000 * MIB, 8_000 * MIB))
    published = room("auto", {})[1].detail
    slots = int(published.split("XTTS for ")[1].split()[0])
    rest_mib = 6_000 - 467e6 * 2 / MIB - 600
    assert slots == pytest.approx(rest_mib / (2 * 30 * 1024 * 1039 * 2 / MIB), abs=1.5)
    small = tmp_path / "config.json"
    small.write_text(json.dumps({"model_args": {"gpt_layers": 15}}))
    half = room("auto", {"x": TtsModel(engine="xtts", config=str(small))})[1].detail
    assert int(half.split("XTTS for ")[1].split()[0]) in (2 * slots, 2 * slots + 1)


def test_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_findings, "gpu_memory", lambda _: None)
    monkeypatch.setattr(device_findings, "machine_memory", lambda: Memory("this machine", 16_000 * MIB, 16_000 * MIB))
    assert room("auto", {})[1].detail.endswith("all slow without a GPU")
    monkeypatch.setattr(device_findings, "machine_memory", lambda: None)
    assert room("auto", {}) == []
