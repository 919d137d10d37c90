"""Ports for what is started by its number: a PBX, a proxy, a server of another process.

Asking the system for a free port and using it a moment later goes wrong when several test runs do so side by side: they
are given the same one. So each process has a block of ports of its own, held by a lock on a file, below those that the
system gives away.
"""

import contextlib
import fcntl
import itertools
import os
import socket
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO

FIRST, LAST = 10_000, 16_380
"""Below the system's own (32768 and above), and below the sound of calls (16384 and above)."""
BLOCK = 220
_HELD: list[IO[bytes]] = []
"""Locks, until the process ends."""


def free_port() -> int:
    """An even port at the loopback, free for UDP and TCP alike, that nobody else is given for a while. The odd one
    behind it is given to nobody: some programs take it as well."""
    ports = _ports(os.getpid())
    for _ in range(BLOCK):
        port = next(ports)
        if _is_free(port):
            return port
    raise RuntimeError("All ports of this process are in use.")


@cache
def _ports(pid: int) -> Iterator[int]:
    """`pid`: a forked process gets a block of its own."""
    for begin in range(FIRST, LAST - BLOCK + 1, BLOCK):
        if _locked(begin):
            return itertools.cycle(range(begin, begin + BLOCK, 2))
    raise RuntimeError("So many test processes are running that no block of ports is left.")


def _locked(begin: int) -> bool:
    name = Path(tempfile.gettempdir()) / f"voi-test-ports-{os.getuid()}-{begin}"
    with contextlib.suppress(OSError):
        held = name.open("ab")
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            held.close()
            return False
        _HELD.append(held)
        return True
    return False


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
        try:
            udp.bind(("127.0.0.1", port))
            tcp.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
