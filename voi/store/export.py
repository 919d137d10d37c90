"""Conversations for other programs: JSONL with everything, CSV with a line a conversation or a line a message; and one
conversation's recording, readable."""

import csv
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal

from voi.errors import ClientError, VoiError
from voi.sealing.file import SUFFIX, pages_of
from voi.store.conversations import Filter, StoredConversation, each_conversation, key_of
from voi.store.schema import conversations
from voi.store.store import Store

ExportFormat = Literal["jsonl", "csv", "messages.csv"]
FACTS = tuple(column.name for column in conversations.columns if column.name != "key_id")
MESSAGES = ("conversation_id", "app", "agent", "began_ms", "message_id", "role", "at_ms", "words")


class OutputError(VoiError):
    """What was read cannot be written. Its cause is the OSError: the store itself is well."""


class _Output:
    """Writes while the store is being read, whose own failures are OSErrors too."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    def write(self, text: str) -> int:
        try:
            return self._out.write(text)
        except OSError as error:
            raise OutputError(str(error)) from error


async def export(store: Store, which: Filter, out: IO[str], form: ExportFormat) -> int:
    """Write all conversations that fit, the oldest first. Returns how many. Raises StoreError, OSError."""
    try:
        return await _export(store, which, _Output(out), form)
    except OutputError as error:
        raise (error.__cause__ or error) from None


async def _export(store: Store, which: Filter, out: _Output, form: ExportFormat) -> int:
    count = 0
    async with store.reading() as connection:
        found = each_conversation(connection, store.keys, which)
        if form == "jsonl":
            async for kept in found:
                out.write(json.dumps(with_dates(kept.as_dict()), ensure_ascii=False) + "\n")
                count += 1
            return count
        columns = FACTS if form == "csv" else MESSAGES
        table = csv.DictWriter(out, columns, lineterminator="\n")
        table.writeheader()
        async for kept in found:
            table.writerows(safe_row(row) for row in ([kept.facts] if form == "csv" else _messages(kept)))
            count += 1
    return count


def _messages(kept: StoredConversation) -> Iterator[dict[str, Any]]:
    for said in kept.transcript:
        facts = {name: kept.facts[name] for name in ("app", "agent", "began_ms")}
        yield {
            "conversation_id": kept.id, **facts, "message_id": said.message_id, "role": said.role, "at_ms": said.at_ms,
            "words": said.words,
        }  # fmt: skip


def safe_row(row: dict[str, Any]) -> dict[str, Any]:
    """The row with every text quoted that a spreadsheet would take for a formula: callers choose what they say."""
    return {
        name: f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
        for name, value in row.items()
    }


def with_dates(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts of a conversation with ISO dates beside the ms since 1970."""
    return facts | dated({name: facts.get(name) for name in ("began_ms", "ended_ms")})


def dated(times: dict[str, int | None]) -> dict[str, str]:
    """ISO dates of these ms since 1970; without those that are not known."""
    return {
        name.removesuffix("_ms"): datetime.fromtimestamp(ms / 1_000, UTC).isoformat(timespec="milliseconds")
        for name, ms in times.items()
        if ms is not None
    }


async def export_recording(store: Store, recordings_dir: Path, conversation_id: str, target: Path) -> list[Path]:
    """Write the conversation's files, not encrypted, into the new folder `target`: `voi replay` and every player read
    them. Blocks on the disk: for commands. Raises ClientError if there is no recording, or its key was deleted;
    StoreError, Unreadable, OSError."""
    async with store.reading() as connection:
        which = Filter(ids=[conversation_id])
        found = [kept async for kept in each_conversation(connection, store.keys, which)]
        key = await key_of(connection, store.keys, conversation_id)
    recording = found[0].facts["recording"] if found else None
    folder = recordings_dir / recording if recording else None
    if folder is None or not folder.is_dir():
        raise ClientError(f"There is no recording of {conversation_id}.")
    target.mkdir(mode=0o700, parents=True)  # noqa: ASYNC240  # a command's own loop
    return [_export_file(path, target, key) for path in sorted(folder.iterdir()) if path.is_file()]


def _export_file(path: Path, target: Path, key: bytes | None) -> Path:
    if path.suffix != SUFFIX:
        return Path(shutil.copyfile(path, target / path.name))
    if key is None:
        raise ClientError(f"{path.name} is encrypted, and its key was deleted.")
    plain = target / path.name.removesuffix(SUFFIX)
    with plain.open("wb") as out:
        out.writelines(pages_of(path, key))
    return plain
