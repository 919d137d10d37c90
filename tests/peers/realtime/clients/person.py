"""The person at a client's end: a microphone that is always open, and a loudspeaker that plays in real time. For the
scripts beside it, each of which runs with the packages of its client."""

import asyncio
import json
import os
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

HOST, TOKEN, AGENT = os.environ["PEER_HOST"], os.environ["PEER_TOKEN"], os.environ["PEER_AGENT"]
FOLDER = Path(os.environ["PEER_FOLDER"])
RATE_HZ = 24_000
BYTES_PER_MS = RATE_HZ * 2 // 1_000
CHUNK_MS = 50
ADD = {
    "type": "function", "name": "add", "description": "Add two figures.",
    "parameters": {
        "type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}, "required": ["a", "b"],
    },
}  # fmt: skip


class Microphone:
    """Gives `send` s16le mono PCM at 24 kHz, 50 ms at a time: silence, and what `say` was told."""

    def __init__(self, send: Callable[[bytes], Awaitable[Any]]) -> None:
        self._send, self._waiting = send, bytearray()

    def say(self, name: str) -> None:
        """Play the recording NAME.pcm."""
        self._waiting += (FOLDER / f"{name}.pcm").read_bytes()

    async def run(self) -> None:
        size, due_s = CHUNK_MS * BYTES_PER_MS, time.monotonic()
        while True:
            chunk = bytes(self._waiting[:size])
            del self._waiting[:size]
            await self._send(chunk.ljust(size, b"\0"))
            due_s += CHUNK_MS / 1_000
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))


class Loudspeaker:
    """Keeps time for sound that is played as it comes. `got`: all of it."""

    def __init__(self) -> None:
        self._began_s = self._until_s = 0.0
        self.got = bytearray()

    def play(self, pcm: bytes) -> None:
        now_s = time.monotonic()
        if now_s >= self._until_s:
            self._began_s = self._until_s = now_s
        self._until_s += len(pcm) / BYTES_PER_MS / 1_000
        self.got += pcm

    @property
    def playing(self) -> bool:
        return time.monotonic() < self._until_s

    def heard_ms(self) -> int:
        """How much of the sound since it was silent last was heard."""
        return int((min(time.monotonic(), self._until_s) - self._began_s) * 1_000)

    async def room(self) -> None:
        """Wait until less than 200 ms wait to be played, as a sound card does."""
        await asyncio.sleep(max(0.0, self._until_s - time.monotonic() - 0.2))

    def stop(self) -> None:
        self._until_s = 0.0


async def until(seen: Callable[[], object], what: str, timeout_s: float = 30.0) -> None:
    """Wait until that is so. Raises TimeoutError with `what`."""
    end_s = time.monotonic() + timeout_s
    while not seen():
        if time.monotonic() > end_s:
            raise TimeoutError(f"in vain: {what}")
        await asyncio.sleep(0.01)


async def first_of(*works: Coroutine[Any, Any, Any]) -> None:
    """Run all, until one ends. What it raises is told at once: some clients hang when they are cancelled."""
    tasks = [asyncio.create_task(work) for work in works]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED, timeout=60)
    for task in done:
        if error := task.exception():
            traceback.print_exception(error)
            sys.stderr.flush()
            os._exit(1)
    for task in tasks:
        task.cancel()


def report(**told: Any) -> None:
    """Tell the test what the client has seen."""
    sys.stdout.write("\n" + json.dumps(told) + "\n")
    sys.stdout.flush()
