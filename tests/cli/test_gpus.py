"""What is said of GPUs, by a driver's tool that the tests bring."""

import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

from voi.cli import gpus
from voi.cli.gpus import ask_driver, missing_packages, torch_has_cuda
from voi.engines.device import MIB


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
    write(driver, "echo 'NVIDIA RTX 3090, 20000, 24576'; echo 'NVIDIA H200, 140000, 143771'")
    first, second = ask_driver().gpus
    assert (first.device, first.free, first.total) == ("cuda:0, NVIDIA RTX 3090", 20_000 * MIB, 24_576 * MIB)
    assert second.device == "cuda:1, NVIDIA H200"
    for visible, expected in (("1", ["cuda:0, NVIDIA H200"]), ("", []), ("7", []), ("GPU-1f", [])):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert [gpu.device for gpu in ask_driver().gpus] == expected


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
@pytest.mark.parametrize("script", ["exit 9", "echo 'No devices were found'", "echo '[N/A], [N/A], [N/A]'"])
def test_a_driver_that_does_not_work(script: str, driver: Path) -> None:
    write(driver, script)
    assert ask_driver().fault
    assert not ask_driver().gpus


def test_no_driver(driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(driver.parent))
    assert ask_driver() == gpus.Driver()


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
