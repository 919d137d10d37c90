"""The scripts beside voi/ with a Python that has none of its packages."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPTS = ["ws_server.py", "token_generator.py"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the scripts, in a folder where nothing is installed."""
    (tmp_path / "voi").mkdir()
    for name in [*SCRIPTS, "voi/__init__.py", "voi/launcher.py"]:
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def start(script: Path) -> "subprocess.CompletedProcess[str]":
    """Without site-packages, from another folder."""
    command = [sys.executable, "-S", str(script), "app", "--expire", "3"]
    return subprocess.run(command, cwd="/", env={}, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("script", SCRIPTS)
def test_they_go_on_with_the_python_of_the_virtual_environment(folder: Path, script: str) -> None:
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    assert start(folder / script).stdout == f"{folder / script} app --expire 3\n"


@pytest.mark.parametrize("script", SCRIPTS)
def test_they_say_what_to_do_where_there_is_none(folder: Path, script: str) -> None:
    done = start(folder / script)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"voi: Voi is not installed. Run {folder / 'install.sh'}\n"
