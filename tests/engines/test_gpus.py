"""What is said of GPUs, by a driver's tool that the tests bring."""

import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

from voi.engines import gpus
from voi.engines.device import MIB, Memory
from voi.engines.gpus import (
    ask_driver,
    driver_wanted,
    missing_packages,
    order_is_doubtful,
    too_old_for_torch,
    torch_has_cuda,
)

RTX_3090 = "NVIDIA RTX 3090, 20000, 24576, GPU-0a4c, 575.57.08"
H200 = "NVIDIA H200, 140000, 143771, GPU-1f22, 575.57.08"


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tool, which a test writes."""
    tool = tmp_path / "nvidia-smi"
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return tool


def write(tool: Path, script: str) -> None:
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_gpus_and_their_memory(driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(driver, f"echo '{RTX_3090}'; echo '{H200}'")
    assert ask_driver().version == "575.57.08"
    first, second = ask_driver().gpus
    assert (first.device, first.free, first.total) == ("cuda:0, NVIDIA RTX 3090", 20_000 * MIB, 24_576 * MIB)
    assert second.device == "cuda:1, NVIDIA H200"
    for visible, expected in (
        ("1", ["NVIDIA H200"]),
        ("GPU-1f", ["NVIDIA H200"]),
        (" 1, 0,7,0", ["NVIDIA H200", "NVIDIA RTX 3090"]),
        *((nothing, []) for nothing in ("", "7", "GPU-", "MIG-1f")),
    ):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        told = ask_driver()
        assert [gpu.device for gpu in told.gpus] == [f"cuda:{at}, {name}" for at, name in enumerate(expected)]
        assert ("leaves none of 2 GPUs" in told.fault) == (not expected)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("exit 9", "nvidia-smi fails: it ends with 9"),
        ("echo 'Driver/library version mismatch.'; echo more; exit 18", "fails: Driver/library version mismatch"),
        ("echo oh >&2; exit 1", "nvidia-smi fails: oh"),
        ("echo 'No devices were found'", "does not tell the memory"),
        ("echo '[N/A], [N/A], [N/A], GPU-1, 575'", "does not tell the memory"),
    ],
)
def test_a_driver_that_does_not_work(script: str, says: str, driver: Path) -> None:
    write(driver, script)
    told = ask_driver()
    assert told.fault.endswith(says)
    assert not told.gpus


def test_a_driver_that_hangs_is_not_waited_for(driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even once it is killed: in the middle of a system call it does not end."""

    class Hanging:
        killed = False

        def __init__(self, command: Sequence[str], **_: object) -> None:
            self.command = command

        def communicate(self, timeout: float) -> None:
            raise subprocess.TimeoutExpired(self.command, timeout)

        def kill(self) -> None:
            Hanging.killed = True

    write(driver, "")
    monkeypatch.setattr(subprocess, "Popen", Hanging)
    assert ask_driver().fault == "nvidia-smi gives no answer within 5 s"
    assert Hanging.killed


def test_no_driver(driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(driver.parent))
    monkeypatch.setattr(gpus, "NVIDIA_DRIVER", driver)
    assert ask_driver() == gpus.Driver()
    driver.touch()
    assert "no nvidia-smi" in ask_driver().fault


def test_that_cuda_may_count_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_DEVICE_ORDER", raising=False)
    one, like_it, other = (Memory(f"cuda:{at}, {name}", 0, 0) for at, name in enumerate(("A", "A", "B")))
    assert not order_is_doubtful(gpus.Driver([one, like_it]))
    assert order_is_doubtful(gpus.Driver([one, other]))
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    assert not order_is_doubtful(gpus.Driver([one, other]))


@pytest.mark.parametrize(
    ("cuda", "version", "wanted"),
    [("13.0", "575.57.08", 580), ("13.0", "580.65.06", 0), ("12.8", "535.1", 0), ("12.8", "470.2", 525),
     ("99.1", "575.57.08", 0), ("", "575.57.08", 0), (None, "575.57.08", 0), ("13.0", "", 0)],
)  # fmt: skip
def test_drivers_that_are_too_old_for_torch(
    cuda: str | None, version: str, wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpus, "_torch_cuda", lambda: cuda)
    assert driver_wanted(gpus.Driver(version=version)) == wanted


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_the_compute_capability_of_gpus(driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "_torch_cuda", lambda: "13.0")
    write(
        driver, f"echo 'Tesla V100, 1, 2, GPU-0, 580.1, 7.0'; echo '{H200}, 9.0'; echo 'Odd, 1, 2, GPU-7, 580.1, [N/A]'"
    )
    told = ask_driver()
    assert told.capabilities == [(7, 0), (9, 0), None]
    assert too_old_for_torch(told) == [0]
    monkeypatch.setattr(gpus, "_torch_cuda", lambda: "12.6")
    assert too_old_for_torch(told) == []


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_a_driver_that_does_not_know_compute_capabilities(driver: Path) -> None:
    refused = 'Field \\"compute_cap\\" is not a valid field to query.'
    write(driver, f'case "$1" in *compute_cap*) echo "{refused}"; exit 2;; esac; echo "{RTX_3090}"')
    told = ask_driver()
    assert told.gpus
    assert told.capabilities == [None]


@pytest.mark.parametrize(
    ("text", "has"),
    [("cuda: Optional[str] = '12.8'\n", True), ("cuda: Optional[str] = None\n", False), ("cuda = '12.4'", True),
     ("", False)],
)  # fmt: skip
def test_what_torch_was_built_for(text: str, has: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "version.py").write_text(text)
    monkeypatch.setattr(gpus, "find_spec", lambda _: SimpleNamespace(submodule_search_locations=[str(tmp_path)]))
    assert torch_has_cuda() is has


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
def test_that_torch_says_so_itself() -> None:
    import torch

    assert torch_has_cuda() is (torch.version.cuda is not None)


def test_packages_of_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "ruff" not in missing_packages("dev")
    monkeypatch.setattr(
        gpus, "requires", lambda _: ["no-such==1; extra == 'xtts'", "pytest; extra == 'xtts'", "x; extra == 'y'"]
    )
    assert missing_packages("xtts") == ["no-such"]
