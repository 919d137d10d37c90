"""Real peers of Debian on the loopback: kamailio as registrar and proxy, sipp as a telephone."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.free_ports import free_port

HERE = Path(__file__).parent
KAMAILIO, SIPP = shutil.which("kamailio", path="/usr/sbin:/usr/bin"), shutil.which("sipp")

needs_kamailio = pytest.mark.skipif(KAMAILIO is None, reason="kamailio is not installed")
needs_sipp = pytest.mark.skipif(SIPP is None, reason="sipp (Debian's sip-tester) is not installed")


@contextlib.asynccontextmanager
async def process(*command: str, cwd: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Runs while the block does; its output goes to a file in `cwd`."""
    with (cwd / f"{Path(command[0]).name}.log").open("ab") as log:
        running = await asyncio.create_subprocess_exec(
            *command, cwd=cwd, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield running
        finally:
            if running.returncode is None:
                running.terminate()
                try:
                    await asyncio.wait_for(running.wait(), 5)
                except TimeoutError:
                    running.kill()
                    await running.wait()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)  # what it started and did not end


@contextlib.asynccontextmanager
async def kamailio(folder: Path, port: int, expires_s: int = 60, algorithm: str = "") -> AsyncIterator[None]:
    """A registrar for the domain pbx.test whose users have the password "secret"."""
    assert KAMAILIO is not None
    text = (HERE / "kamailio.cfg").read_text()
    for name, value in {"PORT": port, "EXPIRES": expires_s, "ALGORITHM": algorithm}.items():
        text = text.replace(f"@{name}@", str(value))
    config = folder / f"kamailio-{port}.cfg"
    config.write_text(text)
    command = (KAMAILIO, "-f", str(config), "-DD", "-E", "-m", "16", "-M", "4", "-Y", str(folder))
    async with process(*command, cwd=folder):
        await answers(port)
        yield


async def answers(port: int, timeout_s: float = 60.0) -> None:
    """Wait until somebody answers OPTIONS there."""
    ask = (
        f"OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK%d\r\n"
        "From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: %d\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\n"
        "Content-Length: 0\r\n\r\n"
    )
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.setblocking(False)
        probe.connect(("127.0.0.1", port))
        async with asyncio.timeout(timeout_s):
            for number in range(1_000):
                with contextlib.suppress(OSError, TimeoutError):
                    await loop.sock_sendall(probe, (ask % (number, number)).encode())
                    async with asyncio.timeout(0.2):
                        await loop.sock_recv(probe, 2_000)
                        return
                await asyncio.sleep(0.05)


async def sipp(folder: Path, remote: int, *options: str, timeout_s: float = 90.0) -> tuple[int, str]:
    """Run sipp to its end against that port. Returns its exit status (0: all calls went as the scenario says) and what
    it wrote about errors."""
    assert SIPP is not None
    command = (SIPP, "-i", "127.0.0.1", "-p", str(free_port()), "-nostdin", "-trace_err", "-error_file", "sipp.err",
               "-m", "1", *options, f"127.0.0.1:{remote}")  # fmt: skip
    async with process(*command, cwd=folder) as running:
        await asyncio.wait_for(running.wait(), timeout_s)
    errors = folder / "sipp.err"
    return running.returncode or 0, errors.read_text(errors="replace") if errors.exists() else ""
