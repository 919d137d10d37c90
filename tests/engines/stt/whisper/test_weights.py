import hashlib
from pathlib import Path

import pytest

from voi.engines.stt.whisper.weights import ALIASES, SIZES, checkpoint, converted, fetch, size_of
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


def test_fetching(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"weights" * 300_000)
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    progress: list[tuple[int, int]] = []

    def told(done: int, total: int) -> None:
        progress.append((done, total))

    models_dir = tmp_path / "models"
    with pytest.raises(ValueError, match="SHA-256"):
        fetch("tiny", models_dir, told, url=source.as_uri(), sha256="0" * 64)
    assert list(models_dir.iterdir()) == []
    target = fetch("tiny", models_dir, told, url=source.as_uri(), sha256=sha256)
    assert target.read_bytes() == source.read_bytes()
    assert progress[-1] == (2_100_000, 2_100_000)
    assert fetch("tiny", models_dir, told, url="file:///nowhere") == target
    assert [path.name for path in models_dir.iterdir()] == ["whisper-tiny.pt"]
