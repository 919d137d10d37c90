import asyncio
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from voi.engines.stt.whisper import weights
from voi.engines.stt.whisper.download import Source
from voi.engines.stt.whisper.engine import FasterWhisper, Whisper
from voi.engines.stt.whisper.weights import (
    ALIASES,
    SIZES,
    checkpoint,
    converted,
    fetch,
    fetch_converted,
    megabytes,
    size_of,
)
from voi.errors import EngineError


def test_sizes_are_openais() -> None:
    whisper = pytest.importorskip("whisper")
    assert set(SIZES) | set(ALIASES) == set(whisper._MODELS)
    for size, sha256 in SIZES.items():
        assert f"/{sha256}/" in whisper._MODELS[size]


def test_size_of() -> None:
    assert [size_of(name) for name in ("small", "turbo", "/a/whisper-tiny.en.pt", "/a/mine.pt")] == [
        "small", "large-v3-turbo", "tiny.en", None,
    ]  # fmt: skip


def test_where_weights_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(EngineError, match=r"voi models pull whisper-tiny\.en"):
        checkpoint("tiny.en", tmp_path)
    with pytest.raises(EngineError, match="no Whisper checkpoint enormous"):
        checkpoint("enormous", tmp_path)
    cached = tmp_path / "cache" / "whisper" / "tiny.en.pt"
    cached.parent.mkdir(parents=True)
    cached.touch()
    assert checkpoint("tiny.en", tmp_path) == cached
    own = tmp_path / "whisper-tiny.en.pt"
    own.touch()
    assert checkpoint("tiny.en", tmp_path) == own
    assert checkpoint(str(cached), tmp_path) == cached


def test_what_is_called_like_a_size_is_not_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    Path("tiny").mkdir()
    Path("base").touch()
    with pytest.raises(EngineError, match="faster-whisper-tiny"):
        converted("tiny", tmp_path / "models")
    with pytest.raises(EngineError, match="whisper-base"):
        checkpoint("base", tmp_path / "models")


def test_where_converted_models_are(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="voi models pull faster-whisper-small"):
        converted("small", tmp_path)
    folder = tmp_path / "faster-whisper-small"
    folder.mkdir()
    (folder / "model.bin").touch()
    with pytest.raises(EngineError, match=r"tokenizer\.json missing"):
        converted("small", tmp_path)
    (folder / "tokenizer.json").touch()
    assert converted("small", tmp_path) == converted(str(folder), tmp_path) == folder
    with pytest.raises(EngineError, match="Give its folder"):
        converted("/nowhere", tmp_path)


CONTENT = b"weights" * 300_000


@pytest.fixture
def web(tmp_path: Path) -> Iterator["Web"]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Web) as server:
        Web.files, Web.cut, Web.asked = {}, None, []
        Web.base = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield Web  # type: ignore[misc]
        server.shutdown()


class Web(BaseHTTPRequestHandler):
    """Gives `files` by path, from where it is asked to; `cut`: breaks off after so many bytes, once."""

    files: ClassVar[dict[str, bytes]]
    cut: ClassVar[int | None]
    asked: ClassVar[list[tuple[str, str | None]]]
    base: ClassVar[str]

    def do_GET(self) -> None:
        path, wanted = self.path, self.headers["Range"]
        self.asked.append((path, wanted))
        if path not in self.files:
            self.send_error(404)
            return
        content = self.files[path]
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if start and start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end, type(self).cut = self.cut, None
        self.wfile.write(content[start:end])

    def log_message(self, *_: object) -> None: ...


def source(web: type[Web], sha256: str = hashlib.sha256(CONTENT).hexdigest()) -> Source:
    web.files["/tiny.pt"] = CONTENT
    return Source(f"{web.base}/tiny.pt", sha256=sha256)


def test_fetching(web: type[Web], tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []
    models_dir = tmp_path / "models"
    target = fetch("tiny", models_dir, lambda *told: progress.append(told), source=source(web))
    assert target.read_bytes() == CONTENT
    assert progress[-1] == (2_100_000, 2_100_000)
    assert fetch("tiny", models_dir, lambda *_: None, source=Source("http://127.0.0.1:1/")) == target
    assert [path.name for path in models_dir.iterdir()] == ["whisper-tiny.pt"]


def test_another_file_is_refused(web: type[Web], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="checksum"):
        fetch("tiny", tmp_path, lambda *_: None, source=source(web, "0" * 64))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cut", [1_000_000, len(CONTENT)])
def test_it_goes_on_where_it_broke_off(web: type[Web], tmp_path: Path, cut: int) -> None:
    partial = tmp_path / ".whisper-tiny.pt.part"
    if cut < len(CONTENT):
        Web.cut = cut
        with pytest.raises(OSError, match="broke"):
            fetch("tiny", tmp_path, lambda *_: None, source=source(web))
        assert partial.read_bytes() == CONTENT[:cut]
    else:
        partial.write_bytes(CONTENT)  # ended just before it was put in its place
    progress: list[int] = []
    assert fetch("tiny", tmp_path, lambda done, _: progress.append(done), source=source(web)).read_bytes() == CONTENT
    assert web.asked[-1] == ("/tiny.pt", f"bytes={cut}-")
    assert not progress or progress[0] > cut
    assert not partial.exists()


def hub(web: type[Web], **changes: bytes) -> None:
    files = {"config.json": b"{}", "tokenizer.json": b'{"a": 1}', "vocabulary.txt": b"a", "model.bin": CONTENT}
    siblings: list[dict[str, object]] = [{"rfilename": "../outside", "blobId": "0"}]
    for name, content in files.items():
        sha1 = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        lfs = {"lfs": {"sha256": hashlib.sha256(content).hexdigest()}} if name == "model.bin" else {}
        siblings.append({"rfilename": name, "blobId": sha1, **lfs})
        key = name.partition(".")[0]
        web.files[f"/Systran/faster-whisper-tiny/resolve/abc/{name}"] = changes.get(key, content)
    listed = json.dumps({"sha": "abc", "siblings": siblings}).encode()
    web.files["/api/models/Systran/faster-whisper-tiny?blobs=true"] = listed


def test_fetching_a_converted_model(web: type[Web], tmp_path: Path) -> None:
    hub(web)
    folder = fetch_converted("tiny", tmp_path, lambda *_: None, hub=web.base)
    assert converted("tiny", tmp_path) == folder
    assert {path.name for path in folder.iterdir()} == {"config.json", "tokenizer.json", "vocabulary.txt", "model.bin"}
    assert (folder / "model.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("name", ["model", "tokenizer"])
def test_another_converted_model_is_refused(web: type[Web], tmp_path: Path, name: str) -> None:
    hub(web, **{name: b"something else"})
    with pytest.raises(ValueError, match="checksum"):
        fetch_converted("tiny", tmp_path, lambda *_: None, hub=web.base)
    with pytest.raises(EngineError, match="missing"):
        converted("tiny", tmp_path)


async def test_the_first_start_fetches_what_is_missing(
    web: type[Web], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", web.base)
    hub(web)
    monkeypatch.setattr(weights, "_SMALL_BYTES", 1_000)
    told: list[str] = []
    await FasterWhisper.fetch(told.append, model="tiny", models_dir=tmp_path, max_batch=4)
    await asyncio.sleep(0)
    assert told[0].startswith("fetching tiny, 76 MB")
    assert told[-1] == "fetching tiny, 100%"
    count = len(web.asked)
    await FasterWhisper.fetch(told.append, model="tiny", models_dir=tmp_path)
    await FasterWhisper.fetch(told.append, model=str(tmp_path / "faster-whisper-tiny"))
    assert len(web.asked) == count, "it is there"


async def test_without_a_connection_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_HOST", "http://127.0.0.1:1")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for engine, name in ((Whisper, "whisper"), (FasterWhisper, "faster-whisper")):
        with pytest.raises(
            EngineError, match=rf"could not be fetched: .* cannot be reached .*refused.*voi models pull {name}-tiny\.en"
        ):
            await engine.fetch(lambda _: None, model="tiny.en", models_dir=tmp_path)
        with pytest.raises(EngineError, match="nowhere"):
            await engine.fetch(lambda _: None, model="/nowhere", models_dir=tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk is made with /dev/full")
async def test_a_full_disk_and_a_folder_that_cannot_be_are_told(
    web: type[Web], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(weights, "_HOST", web.base)
    web.files[f"/{weights.SIZES['tiny']}/tiny.pt"] = CONTENT
    (tmp_path / ".whisper-tiny.pt.part").symlink_to("/dev/full")
    with pytest.raises(EngineError, match=r"fetched: No space left on device\. Make room there, or set VOI_MODELS_DIR"):
        await Whisper.fetch(lambda _: None, model="tiny", models_dir=tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(EngineError, match=r"fetched: File exists\. Make room there"):
        await Whisper.fetch(lambda _: None, model="tiny", models_dir=tmp_path / "file")


def test_every_size_says_how_large_it_is() -> None:
    assert {size: megabytes(size) for size in ("tiny.en", "large-v2", "large-v3-turbo")} == {
        "tiny.en": 76, "large-v2": 3_090, "large-v3-turbo": 1_620,
    }  # fmt: skip
    assert all(megabytes(size) for size in SIZES)
