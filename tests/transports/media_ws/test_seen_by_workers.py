import fcntl
import os
from pathlib import Path

from voi.transports.media_ws.seen_by_workers import SLOTS, SeenByWorkers


class Clock:
    now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


def workers(tmp_path: Path, clock: Clock | None = None) -> tuple[SeenByWorkers, SeenByWorkers]:
    path, clock = tmp_path / "folder" / "telephone.seen", clock or Clock()
    return SeenByWorkers(path, "secret", 60, clock), SeenByWorkers(path, "secret", 60, clock)


def test_each_knows_what_the_others_saw(tmp_path: Path) -> None:
    clock = Clock()
    one, two = workers(tmp_path, clock)
    assert [one.note("a"), two.note("a"), two.note("b"), one.note("a")] == [1, 2, 1, 3]
    assert (tmp_path / "folder" / "telephone.seen").stat().st_mode & 0o777 == 0o600
    one.close()
    (three, _) = workers(tmp_path, clock)
    assert three.note("b") == 2, "after a restart too"
    clock.now_s += 61
    assert two.note("a") == three.note("b") == 1


def test_a_full_bucket_forgets_what_was_seen_longest_ago(tmp_path: Path) -> None:
    one, _ = workers(tmp_path)
    table = one._open()
    assert table is not None
    keys = [number.to_bytes(8, "big") + bytes(4) for number in range(1, SLOTS + 2)]
    assert [one._noted(table, key) for key in keys] == [1] * (SLOTS + 1)
    assert one._noted(table, keys[-1]) == 2


def test_the_loop_does_not_wait_for_a_lock(tmp_path: Path) -> None:
    one, two = workers(tmp_path)
    one.note("a")
    with (tmp_path / "folder" / "telephone.seen").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert [two.note("a"), two.note("a")] == [1, 2], "what it has seen itself"


def test_without_the_file_each_remembers_for_itself(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("no folder")
    one, two = workers(tmp_path)
    assert [one.note("a"), one.note("a"), two.note("a")] == [1, 2, 1]


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.symlink(tmp_path / "other", tmp_path / "folder" / "telephone.seen")
    one, two = workers(tmp_path)
    assert [one.note("a"), two.note("a")] == [1, 1]
    assert not (tmp_path / "other").exists()
