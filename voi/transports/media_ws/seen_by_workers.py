"""What was answered before, by any worker of one machine: a request that somebody has copied is refused by all of them.

A file that each worker maps into its memory: a table of hashes, keyed with the server's secret, with the time at which
each was last seen, and how often. A lock on the file guards it for microseconds. The event loop never waits for it: a
worker that does not get the lock knows only what it has seen itself.
"""

import fcntl
import hashlib
import logging
import mmap
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path

from voi.transports.media_ws.tickets import SeenKeys

log = logging.getLogger(__name__)

BUCKETS = 8_192
SLOTS = 8
"""Keys in a bucket. In a full one, the key that was seen longest ago has to go."""
TRIES = 200
"""How often the lock is tried for: some hundred microseconds."""
_SLOT = struct.Struct("<8sII")
_BUCKET_BYTES = SLOTS * _SLOT.size


class SeenByWorkers:
    """`SeenMemory` of all processes with the same `path` and `secret`: each key for `keep_s` seconds, some 60,000 of
    them. `clock`: Unix time."""

    def __init__(self, path: Path, secret: str, keep_s: float, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._key = hashlib.sha256(b"voi telephone seen" + secret.encode()).digest()
        self._keep_s = keep_s
        self._clock = clock
        self._own = SeenKeys(keep_s, BUCKETS, clock)
        self._file = -1
        self._table: mmap.mmap | None = None
        self._failed = False

    def note(self, key: str) -> int:
        """How often that key was noted, this time included. Never raises: without the file, what this process has seen
        counts."""
        own = self._own.note(key)
        table = self._open()
        if table is None or not self._locked():
            return own
        try:
            return max(own, self._noted(table, hashlib.blake2b(key.encode(), digest_size=12, key=self._key).digest()))
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        if self._table is not None:
            self._table.close()
            os.close(self._file)
            self._table, self._file = None, -1

    def _noted(self, table: mmap.mmap, hashed: bytes) -> int:
        start = int.from_bytes(hashed[8:], "big") % BUCKETS * _BUCKET_BYTES
        now_s = int(self._clock())
        oldest, oldest_s = start, now_s + 1
        for at in range(start, start + _BUCKET_BYTES, _SLOT.size):
            seen, seen_s, times = _SLOT.unpack_from(table, at)
            if seen == hashed[:8] and now_s - seen_s <= self._keep_s:
                _SLOT.pack_into(table, at, seen, now_s, min(times + 1, 2**31))
                return int(times) + 1
            if seen_s < oldest_s:
                oldest, oldest_s = at, seen_s
        _SLOT.pack_into(table, oldest, hashed[:8], now_s, 1)
        return 1

    def _open(self) -> mmap.mmap | None:
        if self._table is None and not self._failed:
            try:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
                os.ftruncate(self._file, BUCKETS * _BUCKET_BYTES)
                self._table = mmap.mmap(self._file, BUCKETS * _BUCKET_BYTES)
            except OSError as error:
                self._failed = True
                log.warning("%s cannot be used (%s): each worker remembers for itself which requests of carriers "
                            "it has answered", self._path, error.strerror)  # fmt: skip
        return self._table

    def _locked(self) -> bool:
        for _ in range(TRIES):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.sched_yield()
            else:
                return True
        return False
