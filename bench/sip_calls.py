#!/usr/bin/env python3
"""Telephone calls over SIP, one after the other: do memory, ports and tasks stay flat?

    PYTHONPATH=. .venv/bin/python bench/sip_calls.py                 # 1,000 calls
    PYTHONPATH=. .venv/bin/python bench/sip_calls.py --calls 200

A whole server with the embedded engines in this process, and a caller in another one. Each call is answered, hears the
greeting for a moment, and is hung up. Every 100 calls, and when SIP has forgotten the last of them (its transactions
live for 32 s), the server says what it has: resident memory, open files (sockets among them), tasks, SIP dialogs and
transactions, ports for sound. Exits with 1 if something is left in the end.
"""

import argparse
import asyncio
import gc
import os
import resource
import secrets
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from voi.calls.ringing import RingingCalls
from voi.config.phones import Phones
from voi.config.settings import load_settings
from voi.server.run import Server
from voi.session import events
from voi.transports.sip.rtp_media import media_of
from voi.transports.sip.service import SipCounters, SipService
from voi.transports.telephone.dialing import Dial

from sip_turns import ROOT, free_port, write_files

TALKS_S = 0.1
EVERY = 100
REST_S = 40.0
MIB = 1 << 20
COLUMNS = ("calls", "MiB", "files", "tasks", "dialogs", "transactions", "live")


class Silent:
    """A `LineListener` that only listens."""

    def sound(self, pcm: bytes) -> None: ...

    def key(self, key: str) -> None: ...

    def played(self, message_id: int, size_bytes: int) -> None: ...

    def fault(self, fault: str) -> None: ...

    def gone(self, why: str) -> None: ...


async def call_again_and_again(port: int, calls: int) -> None:
    """The other process. It says how many it has made."""
    phones = Phones.model_validate({
        "sip": {"host": "127.0.0.1", "port": free_port(), "rtp_ports": [24_000, 24_999]},
        "accounts": {"me": {"registers": False, "server": f"127.0.0.1:{port}", "codecs": ["pcmu"]}},
    })  # fmt: skip
    counters = SipCounters(lambda *_: None, lambda fault: None, lambda *_: None)
    nobody = cast(Any, SimpleNamespace(ringing=RingingCalls()))
    phone = SipService(nobody, lambda: cast(Any, SimpleNamespace(phones=phones)), counters, media_of)
    await phone.start()
    while phone.states["me"].name == "starting":
        await asyncio.sleep(0.05)
    dialer = phone.dialer("me")
    assert dialer is not None
    for number in range(1, calls + 1):
        answered = await dialer.dial(Dial(f"sip:1001@127.0.0.1:{port}"), lambda: None, lambda: None)
        answered.line.open(Silent())
        await asyncio.sleep(TALKS_S)
        answered.signalling.hang_up(events.Ended(events.EndReason.FINISHED))
        await answered.line.aclose()
        if number % EVERY == 0 or number == calls:
            print(number, flush=True)
            await asyncio.sleep(0.5)  # so that the server has none when it counts
    await phone.close()


def counted(server: Server, calls: int) -> dict[str, float]:
    gc.collect()
    stack = server.sip.stack
    assert stack is not None
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return dict(zip(COLUMNS, (
        calls, pages * resource.getpagesize() / MIB, len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks()),
        stack.dialogs, len(stack.transactions), len(server.calls),
    ), strict=True))  # fmt: skip


def told(row: dict[str, float]) -> None:
    print("| " + " | ".join(f"{row[column]:.1f}" if column == "MiB" else f"{row[column]:.0f}" for column in COLUMNS)
          + " |", flush=True)  # fmt: skip


async def measure(calls: int) -> int:
    port = free_port()
    trunk = {"registers": False, "allow": "127.0.0.0/8", "codecs": ["pcmu"], "agent": "echo"}
    write_files("hibari", {"sip": {"host": "127.0.0.1", "port": port}, "accounts": {"desk": trunk}})
    ready = asyncio.Event()
    server = Server(
        load_settings(
            token_secret_key=secrets.token_urlsafe(48), api_key=secrets.token_urlsafe(48), port=0, store="off",
            disclose=(), admit_by_load=False, log_level="warning",
        ),
        lambda text: None, lambda address: ready.set(),
    )  # fmt: skip
    running = asyncio.create_task(server.serve())
    await asyncio.wait([running, asyncio.create_task(ready.wait())], return_when=asyncio.FIRST_COMPLETED)
    print("| " + " | ".join(COLUMNS) + " |\n|" + " --- |" * len(COLUMNS))
    told(before := counted(server, 0))
    command = (sys.executable, __file__, "--call", str(port), "--calls", str(calls))
    caller = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
    assert caller.stdout is not None
    while line := await caller.stdout.readline():
        await asyncio.sleep(0.2)
        told(counted(server, int(line)))
    await caller.wait()
    await asyncio.sleep(REST_S)
    told(after := counted(server, calls))
    server.stop()
    await running
    left = [name for name in ("files", "tasks", "dialogs", "transactions", "live") if after[name] > before[name]]
    print(f"left over: {', '.join(left) or 'nothing'}")
    return int(bool(left) or caller.returncode != 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=1_000)
    parser.add_argument("--call", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    run: Callable[[], Any] = lambda: measure(given.calls)  # noqa: E731
    if given.call:
        asyncio.run(call_again_and_again(given.call, given.calls))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        if (ROOT / "models").is_dir():
            Path("models").symlink_to(ROOT / "models")
        return int(asyncio.run(run()))


if __name__ == "__main__":
    sys.exit(main())
