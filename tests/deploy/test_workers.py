"""`voi serve` with VOI_WORKERS=2 behind Caddy: real processes, shared engines, and a renewal in the middle of calls."""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.deploy.caddy import CADDY, in_front_of
from tests.deploy.test_caddy import converse
from tests.fakes.gpu_engines import plug_in
from tests.free_ports import free_port
from tests.server.fakes import API_KEY, SECRET
from voi.client import VoiClient
from voi.server.auth import issue_token

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(CADDY is None, reason="Caddy is not installed: apt-get install caddy"),
    pytest.mark.timeout(240),
]
ROOT = Path(__file__).parents[2]
START_S = 90.0
VOI = (sys.executable, "-c", "from voi.cli import main; main(['serve'])")


@dataclass
class Machine:
    """One host with two workers."""

    folder: Path
    port: int
    process: asyncio.subprocess.Process

    @property
    def log(self) -> str:
        return (self.folder / "voi.log").read_text()

    async def until(self, seen: Callable[[str], object], what: str) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_S):
                while not seen(self.log):
                    assert self.process.returncode is None, self.log
                    await asyncio.sleep(0.1)
                return
        raise AssertionError(f"{what}:\n{self.log}")

    @property
    def steps(self) -> list[tuple[int, int]]:
        """Of the engine: the process, and for how many callers."""
        lines = (self.folder / "steps").read_text().splitlines()
        return [(int(pid), int(batch)) for pid, batch in map(str.split, lines)]

    @property
    def together(self) -> int:
        """The most callers that one step was for."""
        return max(batch for _, batch in self.steps)

    def call(self, worker: int) -> contextlib.AbstractAsyncContextManager[VoiClient]:
        address = f"ws://127.0.0.1:{self.port + worker}/ws"
        return VoiClient.connect(address, token=issue_token("test", SECRET), agent_name="echo")

    async def calls(self) -> list[int]:
        """How many each worker has."""
        async with aiohttp.ClientSession(headers={"API-Key": API_KEY}) as http:
            answers = [await http.get(f"http://127.0.0.1:{self.port + number}/metrics") for number in range(2)]
            return [(await answer.json())["active_connections"] for answer in answers]


@contextlib.asynccontextmanager
async def machine(folder: Path) -> AsyncIterator[Machine]:
    plug_in(folder / "plugins")
    voices = {"character": {"model": "voice"}}
    (folder / "agents.json").write_text(json.dumps({"echo": {"llm_model": "echo", "voices": voices}}))
    model = {"engine": "batch", "options": {"report": str(folder / "steps")}}
    (folder / "tts_models.json").write_text(json.dumps({"voice": model}))
    port = free_port()
    while not await free(port + 1):
        port = free_port()
    environ = os.environ | {
        "PYTHONPATH": f"{folder / 'plugins'}:{ROOT}", "TOKEN_SECRET_KEY": SECRET, "API_KEY": API_KEY,
        "VOI_WORKERS": "2", "VOI_PORT": str(port), "VOI_STT_ENGINE": "batch-ear", "VOI_TURN_ENGINE": "none",
        "VOI_VOICE_ENGINE": "none", "VOI_ADMIT_BY_LOAD": "false",
    }  # fmt: skip
    with (folder / "voi.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*VOI, cwd=folder, env=environ, stdout=log, stderr=log)
    host = Machine(folder, port, process)
    try:
        await host.until(lambda log: "Voi is ready: 2 workers" in log, "they did not start")
        yield host
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await asyncio.wait_for(process.wait(), 60)
    assert not await pgrep("-f", str(folder)), "a process is left"


async def pgrep(*arguments: str) -> list[int]:
    process = await asyncio.create_subprocess_exec("pgrep", *arguments, stdout=subprocess.PIPE)
    return [int(pid) for pid in (await process.communicate())[0].split()]


async def free(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return True
    writer.close()
    return False


async def talk_on(call: VoiClient, number: int, stop: asyncio.Event) -> list[float]:
    """Turn after turn; every one is answered. Returns how many seconds each took."""
    taken_s: list[float] = []
    while not stop.is_set():
        began_s = time.monotonic()
        await converse(call, f"number {number} turn {len(taken_s)}")
        taken_s.append(time.monotonic() - began_s)
        await asyncio.sleep(0.3)  # of its own accord no caller leaves the machine any time to renew its workers
    return taken_s


async def plain_call(host: Machine, worker: int) -> int:
    """Cannot come back, so its worker waits for its end, three seconds later. Returns its turns."""
    name = f"worker-{host.port + worker}"
    waits = re.compile(rf"{name}\b.*Waiting up to")
    turns = 0
    async with host.call(worker) as call:
        until_s = time.monotonic() + START_S
        while time.monotonic() < until_s:
            turns += 1
            await converse(call, f"plain {worker} turn {turns}")
            if waits.search(host.log):
                until_s = min(until_s, time.monotonic() + 3)
    return turns


async def test_two_workers(tmp_path: Path) -> None:
    async with machine(tmp_path) as host, contextlib.AsyncExitStack() as stack:
        caddy = await stack.enter_async_context(in_front_of(tmp_path, host.port, host.port + 1))
        # One engine, in one process, computes the callers of both workers together.
        async with contextlib.AsyncExitStack() as direct:
            four = [await direct.enter_async_context(host.call(number % 2)) for number in range(4)]
            long = "a text that takes so much time that all four of them are certainly spoken at once by it"
            await asyncio.gather(*(converse(call, long) for call in four))
            assert await host.calls() == [2, 2]
            await host.until(lambda _: host.together > 2, "they were not computed together")
            assert len({pid for pid, _ in host.steps}) == 1

        calls = [await stack.enter_async_context(caddy.call(resume=True)) for _ in range(8)]

        await asyncio.gather(*(converse(call, f"number {number}") for number, call in enumerate(calls)))
        assert sum(await host.calls()) == 8

        # Both are renewed while everybody talks: no call is lost, and no turn.
        stop = asyncio.Event()
        talking = [asyncio.create_task(talk_on(call, number, stop)) for number, call in enumerate(calls)]
        plain = [asyncio.create_task(plain_call(host, worker)) for worker in range(2)]
        while sum(await host.calls()) < 10:  # noqa: ASYNC110 - other processes tell nobody
            await asyncio.sleep(0.05)
        host.process.send_signal(signal.SIGUSR2)
        await host.until(lambda log: "all 2 workers are renewed" in log, "they were not renewed")
        stop.set()
        turns = await asyncio.wait_for(asyncio.gather(*talking), 60)
        assert min(map(len, turns)) >= 1
        assert "(draining)" not in host.log, "nobody is led back to a worker that is leaving"
        assert min(await asyncio.wait_for(asyncio.gather(*plain), 60)) >= 2
        assert sum(await host.calls()) == 8
        assert len({pid for pid, _ in host.steps}) == 1, "the engine was not loaded again"
        errors = [line for line in host.log.splitlines() if "ERROR" in line]
        assert [line for line in errors if "database is locked" not in line] == []  # by the other, on a busy machine

        # A call is not where the address leads any more: who drops out finds it all the same.
        for number, call in enumerate(calls):
            call._socket._response.connection.transport.abort()  # type: ignore[union-attr]
            await converse(call, f"number {number} dropped out")

        # The engine dies: it returns for the callers of both.
        before = host.steps[-1][0]
        os.kill(before, signal.SIGKILL)
        await host.until(lambda log: "batch: ready again" in log, "the engine did not return")
        for number, call in enumerate(calls):
            await in_the_end(call, f"number {number} again")
        assert {pid for pid, _ in host.steps[-8:]} not in ({before}, set())

        # A worker dies: it is started again, and the calls of the other go on.
        pids = await pgrep("-P", str(host.process.pid), "-f", "serve")
        os.kill(pids[-1], signal.SIGKILL)
        await host.until(lambda log: "was ended by SIGKILL. It is started again" in log, "nobody saw it")
        await host.until(lambda log: log.count("Voi is ready at") == 5, "it was not started again")
        async with caddy.call() as call:
            await converse(call, "a new one")
        host.process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(host.process.wait(), 60)


async def in_the_end(call: VoiClient, text: str) -> None:
    """Say it until it comes back: while an engine returns, an agent may have to apologise."""
    for _ in range(20):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                await converse(call, text)
                return
    raise AssertionError(f"no answer: {call.close_code} {call.close_reason}")
