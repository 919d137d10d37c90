"""Several servers of one `voi serve`: they are started, kept, signalled, renewed and ended. The servers are small
scripts with the manners of real ones; real ones are in tests/deploy/test_workers.py."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.server.fakes import API_KEY, SECRET
from voi.config.settings import load_settings
from voi.errors import ConfigError
from voi.server import belonging, kept_process, workers
from voi.server.kept_process import KeptProcess
from voi.server.workers import Workers

pytestmark = pytest.mark.integration

CHILD = """
import os, signal, sys, time
from pathlib import Path
mine = Path(os.environ["FOLDER"]) / os.environ.get("VOI_WORKER_NAME", "engines")
def tell(word):
    with mine.open("a") as file:
        file.write(word + "\\n")
def on(sig, frame):
    tell(signal.Signals(sig).name)
    if sig == signal.SIGTERM and not mine.with_suffix(".stays").exists():
        sys.exit(0)
for sig in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(sig, on)
tell("began " + " ".join(f"{name}={os.environ[name]}" for name in sorted(os.environ) if name.startswith("VOI_")))
if mine.with_suffix(".fails").exists():
    sys.exit(3)
if not mine.with_suffix(".slow").exists():
    os.write(int(os.environ["_VOI_READY_FD"]), b"ready\\n")
while True:
    time.sleep(0.01)
"""
COMMAND = (sys.executable, "-S", "-c", CHILD)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOLDER", str(tmp_path))
    monkeypatch.setenv("TOKEN_SECRET_KEY", SECRET)
    monkeypatch.setenv("API_KEY", API_KEY)
    monkeypatch.setattr(kept_process, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(workers, "END_S", 0.3)


class Run:
    """Workers that run in this process."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        settings = {"workers": 2, "port": 9000, "shutdown_grace_s": 0, "renew_pause_s": 0.1} | settings
        self.workers = Workers(load_settings(**settings), {"VOI_AGENTS_FILE": "mine.json"}, COMMAND)
        self.ready = asyncio.Event()
        self.serving = asyncio.create_task(self.workers.serve(lambda ports: self.ready.set()))

    def told(self, name: str) -> list[str]:
        path = self.folder / name
        return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []

    async def stop(self) -> None:
        if not self.serving.done():
            self.workers.stop()
            await asyncio.wait_for(self.serving, 60)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Run]:
    run = Run(tmp_path)
    await asyncio.wait_for(run.ready.wait(), 20)
    yield run
    await run.stop()


async def until(seen: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not seen():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


async def test_each_has_a_port_and_all_have_the_engines(running: Run, tmp_path: Path) -> None:
    first, second = ((tmp_path / f"worker-{port}").read_text() for port in (9000, 9001))
    assert "VOI_PORT=9000" in first
    assert "VOI_PORT=9001" in second
    assert "VOI_LISTENERS={}" in second  # one alone may have other ports
    assert "VOI_LISTENERS" not in first
    for told in (first, second):
        assert "VOI_WORKERS=1" in told
        assert "VOI_AGENTS_FILE=mine.json" in told
        socket = Path(told.partition("VOI_ENGINES_SOCKET=")[2].split()[0])
        assert socket.parent.stat().st_mode & 0o777 == 0o700
    await running.stop()
    assert running.told("worker-9000") == running.told("worker-9001") == running.told("engines") == ["began", "SIGTERM"]
    assert not socket.parent.exists()


async def test_one_that_dies_is_started_again(running: Run, caplog: pytest.LogCaptureFixture) -> None:
    worker, other = running.workers.workers
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    await until(lambda: worker.restarts == 1 and running.told("worker-9000") == ["began", "began"])
    assert await worker.ready()
    assert "worker-9000 was ended by SIGKILL. It is started again in 0.01 s" in caplog.text
    engines = running.workers.engines
    assert engines is not None
    assert engines.pid is not None
    os.kill(engines.pid, signal.SIGKILL)
    await until(lambda: engines.restarts == 1)
    assert await engines.ready()
    assert other.restarts == 0


async def test_each_try_waits_longer_than_the_one_before(
    running: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "worker-9000.fails").touch()
    worker = running.workers.workers[0]
    worker.tell(signal.SIGKILL)
    await until(lambda: worker.restarts == 4)
    lines = [record.getMessage() for record in caplog.records if "started again" in record.getMessage()]
    assert [line.split()[-2] for line in lines] == ["0.01", "0.02", "0.04", "0.08"]
    assert "ended with code 3" in lines[1]
    (tmp_path / "worker-9000.fails").unlink()
    await until(lambda: worker.pid)
    assert await worker.ready()


async def test_all_read_their_configuration_again(running: Run) -> None:
    os.kill(os.getpid(), signal.SIGHUP)
    for name in ("worker-9000", "worker-9001"):
        await until(lambda name=name: "SIGHUP" in running.told(name))  # type: ignore[misc]
    assert "SIGHUP" not in running.told("engines")


async def test_they_are_renewed_one_by_one(running: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "worker-9000.slow").touch()
    os.kill(os.getpid(), signal.SIGUSR2)
    await until(lambda: running.told("worker-9000") == ["began", "SIGTERM", "began"])
    running.workers.renew()
    assert "are being renewed already" in caplog.text
    await asyncio.sleep(0.05)
    assert running.told("worker-9001") == ["began"], "until the one before is ready"
    (tmp_path / "worker-9000.slow").unlink()
    running.workers.workers[0].tell(signal.SIGKILL)  # it never was: the others stay as they are
    await until(lambda: "worker-9000 did not become ready: the other workers stay as they are" in caplog.text)
    assert running.told("worker-9001") == ["began"]
    await running.workers.workers[0].ready()
    running.workers.renew()
    await until(lambda: "all 2 workers are renewed" in caplog.text)
    assert running.told("worker-9001") == ["began", "SIGTERM", "began"]
    assert running.told("engines") == ["began"]


async def test_a_proxy_has_time_to_see_that_one_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    seen = asyncio.Event()
    pauses: list[float] = []
    real_sleep = asyncio.sleep

    async def sleep(seconds: float) -> None:
        if seconds == 599:
            pauses.append(seconds)
            await seen.wait()
        else:
            await real_sleep(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    run = Run(tmp_path, renew_pause_s=599)
    await asyncio.wait_for(run.ready.wait(), 20)
    run.workers.renew()
    await until(lambda: pauses)
    assert run.told("worker-9000") == ["began", "SIGTERM", "began"]
    assert run.told("worker-9001") == ["began"]
    seen.set()
    await until(lambda: "all 2 workers are renewed" in caplog.text)
    assert len(pauses) == 1, "after the last one nobody waits"
    await run.stop()


async def test_one_that_hangs_does_not_stop_the_renewal(
    running: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "worker-9000.stays").touch()
    running.workers.renew()
    await until(lambda: "worker-9000 does not end, and is killed" in caplog.text)
    (tmp_path / "worker-9000.stays").unlink()
    await until(lambda: "all 2 workers are renewed" in caplog.text)


async def test_a_third_word_ends_what_two_did_not(running: Run, tmp_path: Path) -> None:
    (tmp_path / "worker-9000.stays").touch()
    running.workers.stop()
    await until(lambda: running.told("worker-9000")[-1] == "SIGTERM")
    await until(lambda: running.told("worker-9001")[-1] == "SIGTERM")
    running.workers.stop()
    await until(lambda: running.told("worker-9000")[-2:] == ["SIGTERM"] * 2)
    assert not running.serving.done()
    running.workers.stop()
    await asyncio.wait_for(running.serving, 60)


@pytest.mark.parametrize("name", ["engines", "worker-9000", "worker-9001"])
async def test_a_start_that_fails_leaves_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.fails").touch()
    run = Run(tmp_path)
    with pytest.raises(ConfigError, match="does not start"):
        await asyncio.wait_for(run.serving, 20)
    assert not run.ready.is_set()
    if name == "worker-9001":
        assert run.told("worker-9000") == ["began", "SIGTERM"]
    assert not asyncio.all_tasks() - {asyncio.current_task()}


async def test_a_stop_while_they_start(tmp_path: Path) -> None:
    (tmp_path / "worker-9000.slow").touch()
    run = Run(tmp_path)
    await until(lambda: run.told("worker-9000"))
    run.workers.renew()
    await run.stop()
    assert not run.ready.is_set()
    assert run.told("worker-9001") == []


async def test_engines_that_somebody_else_serves(tmp_path: Path) -> None:
    run = Run(tmp_path, engines_socket=tmp_path / "theirs", workers=1)
    await asyncio.wait_for(run.ready.wait(), 20)
    assert run.workers.engines is None
    await run.stop()


@pytest.mark.parametrize("port", [0, 65_535])
async def test_ports_that_do_not_exist(port: int) -> None:
    with pytest.raises(ConfigError, match="do not exist"):
        Workers(load_settings(workers=2, port=port), {})


async def test_a_command_that_does_not_exist(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    process = KeptProcess("it", [str(tmp_path / "nothing")], {})
    keeping = asyncio.create_task(process.keep())
    assert not await process.ready()
    await until(lambda: "it could not be started" in caplog.text)
    process.stop()
    await keeping


def test_who_has_no_parent_tells_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    belonging.report_ready()
    belonging.stop_with_parent()
    reading, writing = os.pipe()
    monkeypatch.setenv(belonging.READY_FD, str(writing))
    belonging.report_ready()
    assert os.read(reading, 100) == b"ready\n"
    assert belonging.READY_FD not in os.environ
    os.close(reading)
    monkeypatch.setenv(belonging.READY_FD, "4711")
    belonging.report_ready()  # it is gone
