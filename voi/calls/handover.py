"""Hands calls over to another process of the server, the next one or another worker: each in a file of its own, sealed
with its client's secret.

The file's name is a hash of the secret, its content is encrypted with another (AES-256-GCM). So the folder reveals
nothing without the secret, and the server keeps the secret in memory only. A file is taken once; its time of change is
the time at which it expires. A worker to which the client was led asks for the call by an empty file of that name
(`want`), and the worker that has the call puts it there. All methods of `Handover` block: call them in a thread.
"""

import asyncio
import contextlib
import hashlib
import hmac
import logging
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

log = logging.getLogger(__name__)

MAX_BYTES = 16 * 1024 * 1024
"""Limit on one call."""
SWEEP_EVERY_S = 60
_NONCE_BYTES = 12
_SUFFIX = ".call"
_WANTED = ".wanted"
WANTED_S = 5.0
"""A wish that is older was left by a crash."""


class Handover:
    """Keeps calls in `folder` for `life_s` seconds. `shared`: other workers use the folder at the same time, and may
    have the calls whose clients come to this one."""

    def __init__(
        self, folder: Path, life_s: float, clock: Callable[[], float] = time.time, *, shared: bool = False
    ) -> None:
        self.life_s = life_s
        self.shared = shared
        self._folder = folder
        self._clock = clock

    def prepare(self) -> None:
        """Make the folder. Raises OSError if that is not possible."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, secret: str, data: bytes) -> None:
        """Keep a call. Raises OSError, ValueError if it is too large."""
        if len(data) > MAX_BYTES:
            raise ValueError(f"a call of {len(data)} bytes is larger than the {MAX_BYTES} that are kept")
        self.prepare()
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + AESGCM(_hash(secret, b"content")).encrypt(nonce, data, None)
        path = self._path(secret)
        partial = path.with_suffix(f".{secrets.token_hex(8)}.partial")
        try:
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(descriptor, "wb") as file:
                file.write(sealed)
            expires_s = self._clock() + self.life_s
            os.utime(partial, (expires_s, expires_s))
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def take(self, secret: str) -> bytes | None:
        """Take the call of that secret; None if there is none, it has expired, or another process took it. Raises
        OSError."""
        path = self._path(secret)
        taken = path.with_suffix(f".{secrets.token_hex(8)}.taken")
        try:
            path.rename(taken)  # if several processes try, one succeeds
        except FileNotFoundError:
            return None
        try:
            expired = taken.stat().st_mtime < self._clock()
            sealed = taken.read_bytes()
        finally:
            taken.unlink(missing_ok=True)
        if expired:
            return None
        try:
            return AESGCM(_hash(secret, b"content")).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        except InvalidTag:
            return None

    def want(self, secret: str) -> None:
        """Ask the worker that has the call of that secret for it. Raises OSError."""
        path = self._path(secret).with_suffix(_WANTED)
        path.touch(0o600)
        os.utime(path, (self._clock(),) * 2)

    def want_no_more(self, secret: str) -> None:
        """Raises OSError."""
        self._path(secret).with_suffix(_WANTED).unlink(missing_ok=True)

    def wanted(self) -> frozenset[str]:
        """What other workers ask for: names that `name_of` gives. Raises OSError."""
        found, oldest_s = set(), self._clock() - WANTED_S
        with os.scandir(self._folder) as entries:
            for entry in entries:
                name, _, suffix = entry.name.partition(".")
                with contextlib.suppress(FileNotFoundError):
                    if suffix == _WANTED[1:] and entry.stat().st_mtime >= oldest_s:
                        found.add(name)
        return frozenset(found)

    def name_of(self, secret: str) -> str:
        """The name of that secret's call among those that are wanted."""
        return self._path(secret).stem

    def sweep(self) -> int:
        """Delete expired calls, and what a crash left. Returns how many calls were deleted. Raises OSError."""
        count = 0
        if not self._folder.is_dir():
            return 0
        for path in self._folder.iterdir():
            limit_s = self._clock() if path.suffix == _SUFFIX else self._clock() - self.life_s
            try:
                if path.suffix in (_SUFFIX, _WANTED, ".partial", ".taken") and path.stat().st_mtime < limit_s:
                    path.unlink()
                    count += path.suffix == _SUFFIX
            except FileNotFoundError:
                continue  # another process took it
        return count

    def _path(self, secret: str) -> Path:
        return self._folder / f"{_hash(secret, b'name').hex()[:40]}{_SUFFIX}"


async def keep_swept(handover: Handover) -> None:
    """Make the folder, and delete expired calls every minute."""
    try:
        await asyncio.to_thread(handover.prepare)
    except OSError as error:
        log.warning("calls will not outlive a restart: the folder of VOI_RESUME_DIR cannot be made: %s", error)
    while True:
        try:
            if count := await asyncio.to_thread(handover.sweep):
                log.info("%d calls that nobody came back for were deleted", count)
        except OSError as error:
            log.error("kept calls could not be deleted: %s", error)
        await asyncio.sleep(SWEEP_EVERY_S)


def _hash(secret: str, purpose: bytes) -> bytes:
    return hmac.digest(secret.encode("utf-8", "surrogatepass"), b"voi handover " + purpose, hashlib.sha256)
