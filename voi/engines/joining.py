"""The handshake by which a server joins engines that several servers share, over a Unix socket: both ends prove that
they know the secret. The host of the engines sends its version and a nonce. The guest answers with its own version and
nonce, its name, and a proof over both nonces; the host answers with a different proof. Neither proof can be replayed or
reflected. Where the system reports it, both ends must also belong to the same user.
"""

import asyncio
import hashlib
import hmac
import os
import secrets
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from voi.errors import EngineError

VERSION = 7
"""Version of the messages (`voi.engines.messages`) and of this handshake. Increase it when either changes."""
DEADLINE_S = 5.0
NAME_MAX_BYTES = 64
_MAGIC = b"VOI-ENGINES"
_NONCE_BYTES = 32
_PROOF_BYTES = hashlib.sha256().digest_size
_CREDENTIALS = struct.Struct("3i")
"""The system's struct ucred: process, user and group id."""
_GREETING = struct.Struct(f"<{len(_MAGIC)}sH{_NONCE_BYTES}s")
_ANSWER = struct.Struct(f"<{len(_MAGIC)}sH{_NONCE_BYTES}s{_PROOF_BYTES}s{NAME_MAX_BYTES}s")


class NotJoined(EngineError):
    """The two ends do not belong together. Trying again will not help."""


@dataclass(frozen=True, slots=True)
class SharedPlace:
    """Where shared engines are. `secret`: known to both ends. `guest`: this server's name, for the host's log."""

    socket: Path
    secret: bytes
    guest: str = ""


async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, place: SharedPlace) -> None:
    """The guest's side. Raises NotJoined, OSError, EOFError, TimeoutError."""
    async with asyncio.timeout(DEADLINE_S):
        _same_user(writer)
        magic, version, theirs = _GREETING.unpack(await reader.readexactly(_GREETING.size))
        if magic != _MAGIC:
            raise NotJoined(f"What listens at {place.socket} does not serve engines.")
        own, name = secrets.token_bytes(_NONCE_BYTES), place.guest.encode()[:NAME_MAX_BYTES]
        proof = _proof(place.secret, b"guest", theirs, own, name.ljust(NAME_MAX_BYTES, b"\0"))
        writer.write(_ANSWER.pack(_MAGIC, VERSION, own, proof, name))
        if version != VERSION:
            raise NotJoined(
                f"The engines at {place.socket} are of another version of Voi ({version}, and this is {VERSION}): "
                "restart them."
            )
        try:
            answer = await reader.readexactly(_PROOF_BYTES)
        except EOFError:
            raise NotJoined(f"The engines at {place.socket} have another TOKEN_SECRET_KEY.") from None
        if not hmac.compare_digest(answer, _proof(place.secret, b"host", own, theirs)):
            raise NotJoined(f"What listens at {place.socket} does not know this server's TOKEN_SECRET_KEY.")


async def admit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, secret: bytes) -> str:
    """The host's side. Returns the guest's name. Raises like `join`."""
    async with asyncio.timeout(DEADLINE_S):
        _same_user(writer)
        own = secrets.token_bytes(_NONCE_BYTES)
        writer.write(_GREETING.pack(_MAGIC, VERSION, own))
        magic, version, theirs, proof, name = _ANSWER.unpack(await reader.readexactly(_ANSWER.size))
        if magic != _MAGIC or version != VERSION:
            raise NotJoined("It is of another version of Voi.")
        if not hmac.compare_digest(proof, _proof(secret, b"guest", own, theirs, name)):
            raise NotJoined("It has another TOKEN_SECRET_KEY.")
        writer.write(_proof(secret, b"host", theirs, own))
        said: str = name.rstrip(b"\0").decode(errors="replace")
        return "".join(letter if letter.isprintable() else "?" for letter in said)


def _proof(secret: bytes, who: bytes, *parts: bytes) -> bytes:
    return hmac.digest(hmac.digest(secret, b"voi engines", hashlib.sha256), b"\0".join((who, *parts)), hashlib.sha256)


def _same_user(writer: asyncio.StreamWriter) -> None:
    """Raises NotJoined if the system says that the other end is another user's (Linux)."""
    told = _credentials(writer)
    uid = told[1] if told else None
    if uid not in (None, 0, os.geteuid()):
        raise NotJoined(f"It belongs to another user ({uid}).")


def peer_pid(writer: asyncio.StreamWriter) -> int | None:
    """The process at the other end; None if the system does not report it, or the connection is lost."""
    try:
        told = _credentials(writer)
    except OSError:
        return None
    return told[0] if told and told[0] > 0 else None


def _credentials(writer: asyncio.StreamWriter) -> tuple[int, int, int] | None:
    end = writer.get_extra_info("socket")
    if end is None or not hasattr(socket, "SO_PEERCRED"):
        return None
    pid, uid, gid = _CREDENTIALS.unpack(end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return pid, uid, gid
