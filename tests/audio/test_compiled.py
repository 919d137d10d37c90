"""A module that was compiled from another version of its source is not used: its arguments may be others."""

import logging
import re
import sys
import zlib
from pathlib import Path
from types import ModuleType

import pytest

from voi.audio.compiled import ALL, compiled_module

NAME = "voi_test_kernel"


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType(NAME)
    module.__file__ = str(tmp_path / f"{NAME}.so")
    (tmp_path / f"{NAME}.c").write_text("int answer = 42;")
    monkeypatch.setitem(sys.modules, NAME, module)
    return module


def test_one_of_this_source_is_used(kernel: ModuleType) -> None:
    kernel.SOURCE_CRC32 = zlib.crc32(b"int answer = 42;")  # type: ignore[attr-defined]
    assert compiled_module(NAME) is kernel


@pytest.mark.parametrize("crc32", [None, 7])
def test_one_of_another_source_is_not_and_that_is_told(
    kernel: ModuleType, crc32: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    if crc32 is not None:
        kernel.SOURCE_CRC32 = crc32  # type: ignore[attr-defined]
    with caplog.at_level(logging.WARNING):
        assert compiled_module(NAME) is None
    assert "run ./install.sh" in caplog.text


def test_without_its_source_it_is_trusted(kernel: ModuleType) -> None:
    Path(str(kernel.__file__)).with_name(f"{NAME}.c").unlink()
    assert compiled_module(NAME) is kernel


def test_all_are_those_that_are_installed() -> None:
    setup = (Path(__file__).parents[2] / "setup.py").read_text()
    assert re.findall(r'kernel\("(.+?)"', setup) == list(ALL)


def test_without_a_compiler_there_is_none() -> None:
    assert compiled_module("voi.audio._there_is_none") is None
