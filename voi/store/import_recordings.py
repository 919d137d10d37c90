"""Imports recordings that were made without a store.

A folder tells when it began and ended, the mode, the transcript, the latencies. It does not tell which app and agent it
was, and these stay empty. The folder stays where it is; with a key its files are encrypted in place.
"""

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from voi.core.actions import HangUp, Show
from voi.core.end_reason import EndReason
from voi.core.facts import HungUp
from voi.core.journal import decode_entry, decode_script
from voi.errors import ClientError
from voi.sealing.file import SUFFIX, SealedFile
from voi.session.latency import TurnTimes
from voi.store.batch import write
from voi.store.conversations import key_of, read_conversation
from voi.store.entries import Began, Changed, Entry, TurnTaken, WordsShown
from voi.store.store import Store

FILES = ("user.wav", "agent.wav", "journal.jsonl", "turns.jsonl")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


async def import_recordings(
    store: Store, recordings_dir: Path, *, words: bool, told: Callable[[str], None] = lambda line: None
) -> tuple[int, int]:
    """Import all folders that the store does not know. It is safe to repeat. `words`: import transcripts too. `told`
    gets a line for each folder that cannot be read. Returns how many were imported, and how many could not be read.
    Blocks on the disk: for commands. Raises StoreError, OSError."""
    taken = refused = 0
    for folder in folders(recordings_dir):
        async with store.reading() as connection:
            known = await read_conversation(connection, store.keys, folder.name)
        if known is None:
            try:
                entries = list(_entries(folder, str(folder.relative_to(recordings_dir)), words=words))
            except ClientError as error:
                told(f"{folder}: {error}")
                refused += 1
                continue
            async with store.writing() as connection:
                await write(connection, store.keys, entries, {})
            taken += 1
        async with store.reading() as connection:
            key = await key_of(connection, store.keys, folder.name)
        if key is not None:
            seal_files(folder, key)
    return taken, refused


def folders(recordings_dir: Path) -> list[Path]:
    """The folders of conversations, the oldest first."""
    if not recordings_dir.is_dir():
        return []
    days = sorted(day for day in recordings_dir.iterdir() if day.is_dir() and _DAY.fullmatch(day.name))
    return [folder for day in days for folder in sorted(day.iterdir()) if folder.is_dir() and not folder.is_symlink()]


def seal_files(folder: Path, key: bytes) -> None:
    """Encrypt the files of a recording in place; a plain file is deleted once its copy is complete. Raises OSError."""
    for name in FILES:
        plain, sealed = folder / name, folder / f"{name}{SUFFIX}"
        if not plain.is_file():
            continue
        partial = folder / f".{sealed.name}"
        partial.unlink(missing_ok=True)
        with SealedFile(partial, key) as out, plain.open("rb") as file:
            while piece := file.read(1024 * 1024):
                out.write(piece)
        partial.replace(sealed)
        with plain.open("r+b") as file:  # some file systems write elsewhere; only an encrypted disk is sure
            file.write(bytes(plain.stat().st_size))
        plain.unlink()


def _entries(folder: Path, recording: str, *, words: bool) -> Iterator[Entry]:
    journal = folder / "journal.jsonl"
    lines = _json_lines(journal)
    if not lines:
        raise ClientError("there is no journal.jsonl, or nothing in it")
    script = decode_script(lines[0])
    began_ms = _began_ms(folder)
    yield Began(
        folder.name, "", "", "", "", "", "", script.mode, began_ms, recording, False,
    )  # fmt: skip
    last_ms, reason = 0, EndReason.CANCELLED
    answers: Sequence[Any] = _json_lines(folder / "turns.jsonl")
    for line in lines[1:]:
        entry = decode_entry(line)
        last_ms = entry.now_ms
        if isinstance(entry.fact, HungUp):
            reason = EndReason.CLIENT_HUNG_UP if reason is EndReason.CANCELLED else reason
        for action in entry.actions:
            if isinstance(action, Show) and words:
                yield WordsShown(folder.name, action.message_id, action.role, entry.now_ms, action.text)
            elif isinstance(action, HangUp):
                reason = action.reason
    for times in answers:
        try:
            yield TurnTaken(folder.name, TurnTimes(**times))
        except TypeError:
            raise ClientError("turns.jsonl has a line that this Voi does not know") from None
    changed = {"ended_ms": began_ms + last_ms, "end_reason": reason.value, "answers": len(answers)}
    yield Changed(folder.name, changed, last=True)


def _began_ms(folder: Path) -> int:
    """From the id, such as 20261121-083224-827e64ba (UTC); else when the folder's day began."""
    for text, form in ((folder.name[:15], "%Y%m%d-%H%M%S"), (folder.parent.name, "%Y-%m-%d")):
        with contextlib.suppress(ValueError):
            return int(datetime.strptime(text, form).replace(tzinfo=UTC).timestamp() * 1_000)
    raise ClientError("its day is no date")


def _json_lines(path: Path) -> list[Any]:
    """The lines, without an incomplete last one that a killed server left."""
    if not path.is_file():
        return []
    lines = path.read_text("ascii", "replace").splitlines()
    parsed = []
    for number, line in enumerate(lines, 1):
        try:
            parsed.append(json.loads(line))
        except ValueError:
            if number < len(lines):
                raise ClientError(f"{path.name}: line {number} is no JSON") from None
    return parsed
