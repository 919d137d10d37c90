"""Calls on their way to the next process: sealed, taken once, and gone when their time has passed."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.fakes.clock import in_virtual_time
from voi.calls import handover as module
from voi.calls.handover import Handover

SECRET = "a-secret-that-only-the-client-has"


def test_what_is_put_is_taken_once(tmp_path: Path) -> None:
    handover = Handover(tmp_path / "calls", 60)
    handover.prepare()
    handover.put(SECRET, b"hello")
    handover.put("another", b"world")
    assert Handover(tmp_path / "calls", 60).take(SECRET) == b"hello"
    assert handover.take(SECRET) is None
    assert handover.take("never put") is None
    assert handover.take("another") == b"world"
    assert list((tmp_path / "calls").iterdir()) == []


def test_the_folder_tells_nothing(tmp_path: Path) -> None:
    handover = Handover(tmp_path / "calls", 60)
    handover.put(SECRET, b"what was said")
    (path,) = (tmp_path / "calls").iterdir()
    assert SECRET not in path.name
    assert b"what was said" not in path.read_bytes()
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    assert oct(path.parent.stat().st_mode & 0o777) == "0o700"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert handover.take(SECRET) is None, "it was changed"


def test_of_many_who_take_one_gets_it(tmp_path: Path) -> None:
    handover = Handover(tmp_path, 60)
    for _ in range(20):
        handover.put(SECRET, b"hello")
        with ThreadPoolExecutor(4) as pool:
            got = list(pool.map(lambda _: handover.take(SECRET), range(4)))
        assert sorted(map(bool, got)) == [False, False, False, True]


def test_expired_calls_are_not_given_and_are_deleted(tmp_path: Path) -> None:
    now_s = 1_000.0
    handover = Handover(tmp_path, 60, clock=lambda: now_s)
    assert Handover(tmp_path / "none", 60).sweep() == 0
    handover.put(SECRET, b"hello")
    handover.put("another", b"world")
    now_s = 1_061.0
    assert handover.take(SECRET) is None
    handover.put("fresh", b"hello")
    left = tmp_path / "left.1.partial"
    left.write_bytes(b"by a crash")
    os.utime(left, (1, 1))
    (tmp_path / "README").write_text("of somebody else")
    assert handover.sweep() == 1
    assert handover.take("fresh") == b"hello"
    assert [path.name for path in tmp_path.iterdir()] == ["README"]


def test_other_workers_ask_for_calls(tmp_path: Path) -> None:
    now_s = 1_000.0
    mine, theirs = (Handover(tmp_path, 60, clock=lambda: now_s, shared=True) for _ in range(2))
    assert mine.wanted() == frozenset()
    theirs.want(SECRET)
    theirs.want("another")
    assert mine.wanted() == {mine.name_of(SECRET), mine.name_of("another")}
    assert SECRET not in str(list(tmp_path.iterdir()))
    theirs.want_no_more("another")
    theirs.want_no_more("another")
    assert mine.wanted() == {mine.name_of(SECRET)}
    mine.put(SECRET, b"hello")
    assert theirs.take(SECRET) == b"hello"
    now_s += module.WANTED_S + 1
    assert mine.wanted() == frozenset(), "it was left by a crash"
    now_s += 60
    mine.sweep()
    assert list(tmp_path.iterdir()) == []


def test_limits_and_failures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 10)
    handover = Handover(tmp_path, 60)
    with pytest.raises(ValueError, match="larger than the 10"):
        handover.put(SECRET, bytes(11))
    (tmp_path / "file").write_text("")
    for act in (Handover(tmp_path / "file", 60).prepare, lambda: Handover(tmp_path / "file", 60).put(SECRET, b"")):
        with pytest.raises(OSError):  # noqa: PT011
            act()


@in_virtual_time
async def test_the_folder_is_swept_every_minute(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    now_s = 1_000.0
    handover = Handover(tmp_path / "calls", 60, clock=lambda: now_s)
    sweeping = asyncio.create_task(module.keep_swept(handover))
    await asyncio.sleep(1)
    handover.put(SECRET, b"hello")
    now_s = 1_061.0
    await asyncio.sleep(module.SWEEP_EVERY_S)
    assert list((tmp_path / "calls").iterdir()) == []
    sweeping.cancel()
    await asyncio.wait([sweeping])


@in_virtual_time
async def test_a_folder_that_cannot_be_made_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    sweeping = asyncio.create_task(module.keep_swept(Handover(tmp_path / "file", 60)))
    await asyncio.sleep(3 * module.SWEEP_EVERY_S)
    assert [record.message[:36] for record in caplog.records] == ["calls will not outlive a restart: th"]
    sweeping.cancel()
    await asyncio.wait([sweeping])
