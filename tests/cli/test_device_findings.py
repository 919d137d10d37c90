"""What `voi doctor` says of devices, computed from sizes."""

import pytest

from voi.cli import device_findings
from voi.cli.device_findings import Meter, Wanted, devices, place_of
from voi.cli.engine_sizes import WHISPERS, Size, published_xtts
from voi.cli.findings import Grade
from voi.engines.device import MIB, Memory
from voi.engines.gpus import Driver


def driver(free_mib: int = 22_000, count: int = 1) -> Driver:
    return Driver([Memory(f"cuda:{at}, RTX 3090", free_mib * MIB, 24_000 * MIB) for at in range(count)])


def engines(*sizes: Size, gpu: int | None = 0) -> list[Wanted]:
    return [Wanted(f"engine {at}", f"process {at}", gpu, size) for at, size in enumerate(sizes)]


def test_memory_that_an_engine_took(monkeypatch: pytest.MonkeyPatch) -> None:
    owns = iter([100 * MIB, 150 * MIB])
    monkeypatch.setattr(device_findings, "own_memory_bytes", lambda: next(owns))
    assert Meter().took() == "50 MiB"


@pytest.mark.parametrize(
    ("engine", "device", "gpus", "cuda", "gpu", "says"),
    [
        ("xtts", "auto", 1, True, 0, ""),
        ("xtts", "cuda", 1, True, 0, ""),
        ("xtts", "cuda:1", 2, True, 1, ""),
        ("xtts", "cpu", 1, True, None, "slow"),
        ("xtts", "auto", 0, True, None, "slow"),
        ("xtts", "auto", 1, False, None, "built without CUDA: uninstall torch"),
        ("faster-whisper", "auto", 1, None, None, "It needs libcublas.so.12 of CUDA 12: pip install"),
        ("faster-whisper", "auto", 0, None, None, "slow"),
        ("faster-whisper", "auto", 1, True, 0, ""),
        ("whisper", "cuda", 1, False, None, "built without CUDA"),
        ("whisper", "cuda:3", 2, True, None, "there is no such GPU; there is: cuda:0, cuda:1. Look at VOI_DEVICE"),
        ("whisper", "cuda", 0, True, None, "there is: none"),
    ],
)
def test_places(
    engine: str, device: str, gpus: int, cuda: bool | None, gpu: int | None, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`cuda`: what the engine itself needs of it is installed."""
    monkeypatch.setattr(device_findings, "torch_has_cuda", lambda: cuda)
    monkeypatch.setattr(device_findings, "load_cublas", lambda: bool(cuda))
    place = place_of(engine, device, driver(count=gpus))
    assert place.gpu == gpu
    assert says in (place.wrong or place.pity)
    assert bool(place.wrong) == (gpu is None and (device.startswith("cuda") or "libcublas" in says))
    assert bool(place.wrong or place.pity) == bool(says)


@pytest.mark.parametrize(
    ("free_mib", "slots", "state", "says"),
    [
        (22_000, 16, Grade.OK, ""),
        (4_000, 16, Grade.MISSING, "Less is free"),
        (22_000, 160, Grade.WRONG, "more than"),
    ],
)  # fmt: skip
def test_engines_that_fit_alone_and_not_together(free_mib: int, slots: int, state: Grade, says: str) -> None:
    voice = published_xtts(2)
    wanted = engines(WHISPERS["small"].size(2), Size(voice.weights, voice.each, slots))
    _, together, _ = devices(driver(free_mib), wanted, processes=True)
    assert together.state is state
    assert says in together.cure
    assert "engine 0 2,396, engine 1" in together.detail
    assert "CUDA 800" in together.detail


def test_what_would_fit() -> None:
    free, fits = devices(driver(), [], processes=True)
    assert free.detail == "cuda:0, RTX 3090: 22,000 of 24,000 MiB are free"
    assert "XTTS-v2 with 162 sentences" in fits.detail
    assert "small 247" in fits.detail
    assert "slow" not in fits.detail
    assert "no XTTS-v2; Whisper, by passes at a time: none" in devices(driver(900), [], processes=True)[1].detail
    assert "large-v3 " not in devices(driver(3_000), [], processes=True)[1].detail


def test_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_findings, "machine_memory", lambda: Memory("this machine", 16_000 * MIB, 16_000 * MIB))
    wanted = engines(published_xtts(4), gpu=None)
    _, together, fits = devices(Driver(), wanted, processes=True)
    assert "CUDA" not in together.detail
    assert fits.detail.endswith("On this CPU all of them are slow")
    assert [each.what for each in devices(driver(), wanted, processes=True)].count("would fit") == 2
    monkeypatch.setattr(device_findings, "machine_memory", lambda: None)
    assert devices(Driver(), [], processes=True) == []
