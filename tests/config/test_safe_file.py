"""Files that several change: nobody's change is lost, and none is seen half made."""

import json
import os
import threading
from pathlib import Path

import pytest

from voi.config import safe_file
from voi.config.safe_file import locked, replace_file
from voi.config.write_tones import write_tone_map
from voi.errors import ConfigError


def test_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "count"
    path.write_bytes(b"0")

    def count() -> None:
        for _ in range(5):
            with locked(path):
                number = int(path.read_bytes()) + 1
                replace_file(path, lambda file, number=number: file.write(b"%d" % number))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert path.read_bytes() == b"20"


def test_what_a_crash_left_does_not_pile_up(tmp_path: Path) -> None:
    path = tmp_path / "a"
    (tmp_path / ".a.partial").write_bytes(b"half")
    with locked(path):
        replace_file(path, lambda file: file.write(b"new"))
    assert sorted(os.listdir(tmp_path)) == [".a.lock", "a"]


def test_nobody_waits_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_file, "LOCK_DEADLINE_S", 0.02)
    monkeypatch.setattr(safe_file, "LOOK_EVERY_S", 0.005)
    with locked(tmp_path / "a"), pytest.raises(ConfigError, match="Another process"), locked(tmp_path / "a"):
        pass


def test_a_failure_leaves_the_old_and_permissions_stay(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o640)

    def fail(file: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        replace_file(path, fail)
    assert path.read_bytes() == b"old"
    replace_file(path, lambda file: file.write(b"new"))
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["a"]


class TestToneMap:
    TONES = {"neutral": "Ada", "warm": "Ada warm"}  # noqa: RUF012

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "tts_models.json"
        path.write_text(json.dumps({"//": "a note", "mine": {"engine": "espeak", "//": "ü"}, "other": {}}))
        return path

    def test_order_and_notes_stay(self, file: Path) -> None:
        write_tone_map(file, "mine", self.TONES)
        written = json.loads(file.read_text(encoding="utf-8"))
        assert list(written) == ["//", "mine", "other"]
        assert written["mine"] == {"engine": "espeak", "//": "ü", "voice_tone_map": self.TONES}

    def test_another_map_stays_without_force(self, file: Path) -> None:
        write_tone_map(file, "mine", self.TONES)
        write_tone_map(file, "mine", self.TONES)  # the same again is no change
        with pytest.raises(ConfigError, match="already"):
            write_tone_map(file, "mine", {"neutral": "Eva"})
        write_tone_map(file, "mine", {"neutral": "Eva"}, force=True)
        assert json.loads(file.read_text())["mine"]["voice_tone_map"] == {"neutral": "Eva"}

    @pytest.mark.parametrize(
        "text", ["", "[]", '{"mine": 1}', "{}", '{"mine": {"engine": ""}}', '{"mine": {}, "mine": {}}']
    )
    def test_what_is_broken_stays_as_it_is(self, file: Path, text: str) -> None:
        file.write_text(text)
        with pytest.raises(ConfigError):
            write_tone_map(file, "mine", self.TONES)
        assert file.read_text() == text

    def test_links_stay_links(self, file: Path, tmp_path: Path) -> None:
        link = tmp_path / "link.json"
        link.symlink_to(file)
        write_tone_map(link, "mine", self.TONES)
        assert link.is_symlink()
        assert "Ada warm" in file.read_text()
