"""A whole server in a process of its own, which tells on request how long its event loop was held up.

    python -m tests.attacks.watched_server        settings from the environment; the folder has agents.json

Prints a line of JSON when it is ready, and one for each line on standard input: the longest times since the last.
"""

import asyncio
import json
import resource
import sys
import time
from importlib.metadata import EntryPoint
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

from voi.config.settings import load_settings
from voi.engines import registry
from voi.server.logging import set_up_logging
from voi.server.run import Server

LOOK_EVERY_S = 0.002
_SCHEDSTAT = Path("/proc/thread-self/schedstat")


class LoopWatch:
    """Looks in again and again, at most once an iteration of the loop.

    `held_ms`: the most CPU time that the loop's thread used between two looks: what one client's message costs all
    others, however busy the machine is. `blocked_ms`: the longest time between two looks in which the thread neither
    computed nor waited for a processor, such as in a read from a disk; looking itself waits for `LOOK_EVERY_S`.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.held_ms = self.blocked_ms = 0.0

    async def look(self) -> None:
        while True:
            cpu_s, wall_s, queued_s = time.thread_time(), time.monotonic(), _queued_s()
            await asyncio.sleep(LOOK_EVERY_S)
            cpu_s = time.thread_time() - cpu_s
            blocked_s = time.monotonic() - wall_s - cpu_s - (_queued_s() - queued_s)
            self.held_ms = max(self.held_ms, cpu_s * 1_000)
            self.blocked_ms = max(self.blocked_ms, blocked_s * 1_000)


def _queued_s() -> float:
    """How long this thread has waited for a processor so far."""
    return int(_SCHEDSTAT.read_text().split()[1]) / 1e9 if _SCHEDSTAT.exists() else 0.0


def _tell(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


async def main(server: Server, watch: LoopWatch) -> None:
    def answer() -> None:
        if sys.stdin.readline().strip() == "forget":
            watch.forget()
        rss_pages = int(Path("/proc/self/statm").read_text().split()[1])
        rss_mib = rss_pages * resource.getpagesize() // 2**20
        _tell(held_ms=watch.held_ms, blocked_ms=watch.blocked_ms, rss_mib=rss_mib)

    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin, answer)
    looking = asyncio.create_task(watch.look())
    try:
        await server.serve()
    finally:
        looking.cancel()
        loop.remove_reader(sys.stdin)


if __name__ == "__main__":
    parrot = EntryPoint("tts.parrot", "tests.fakes.cloning_engine:Parrot", registry.GROUP)  # somebody must clone
    registry.entry_points = lambda *, group: [parrot] if group == registry.GROUP else []  # type: ignore[attr-defined, assignment]
    settings = load_settings()
    set_up_logging(settings.log_level, settings.log_format, [], words=False)
    watched = Server(settings, lambda _: None, lambda url: _tell(port=urlsplit(url).port))
    uvloop.run(main(watched, LoopWatch()))
