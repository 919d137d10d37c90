import csv
import io
import json
from pathlib import Path

import pytest

from tests.audio.sounds import speech
from tests.store.calls import BEGAN_MS, keep, told
from tests.store.test_deletion import recorded
from voi.audio.wav import read_wav
from voi.errors import ClientError
from voi.store.conversations import Filter, forget_conversations, key_of
from voi.store.export import ExportFormat, export, export_recording
from voi.store.store import Store


async def exported(store: Store, form: ExportFormat, which: Filter | None = None) -> str:
    out = io.StringIO()
    await export(store, which or Filter(), out, form)
    return out.getvalue()


async def test_jsonl_has_everything(store: Store) -> None:
    await keep(store, *told("c2", began_ms=BEGAN_MS + 1), *told("c1", words='a "quoted", line\nbreak'))
    first, second = map(json.loads, (await exported(store, "jsonl")).splitlines())
    assert (first["id"], second["id"]) == ("c1", "c2")
    assert first["transcript"][1] == {
        "message_id": 1,
        "role": "user",
        "at_ms": 2_000,
        "words": 'a "quoted", line\nbreak',
    }
    assert first["began"] == "2026-09-21T14:13:20.000+00:00"
    assert first["failures"][0]["engine"] == "openai"


async def test_csv_has_a_line_a_conversation_or_a_message(store: Store) -> None:
    await keep(store, *told("c1", words="two\nlines"), *told("c2", app="bank", began_ms=BEGAN_MS + 1))
    rows = list(csv.DictReader(io.StringIO(await exported(store, "csv"))))
    assert [(row["id"], row["app"], row["end_reason"]) for row in rows] == [
        ("c1", "shop", "finished"),
        ("c2", "bank", "finished"),
    ]
    messages = list(csv.DictReader(io.StringIO(await exported(store, "messages.csv", Filter(app="shop")))))
    assert [(row["conversation_id"], row["words"]) for row in messages] == [("c1", "Hello."), ("c1", "two\nlines")]


@pytest.mark.parametrize("words", ["=1+1", "+49", "-1", "@SUM(A1)", "\t=1"])
async def test_a_spreadsheet_runs_nothing_that_was_said(store: Store, words: str) -> None:
    await keep(store, *told(words=words))
    rows = list(csv.DictReader(io.StringIO(await exported(store, "messages.csv"))))
    assert rows[1]["words"] == f"'{words}"


class _Closed(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


@pytest.mark.parametrize("form", ["jsonl", "csv", "messages.csv"])
async def test_a_reader_that_leaves_is_no_failure_of_the_store(store: Store, form: ExportFormat) -> None:
    await keep(store, *told("c1"))
    with pytest.raises(BrokenPipeError):
        await export(store, Filter(), _Closed(), form)


async def test_a_recording_is_exported_readable(sealed_store: Store, tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    await recorded(sealed_store, recordings, "c1", "anna")
    files = await export_recording(sealed_store, recordings, "c1", tmp_path / "out")
    assert {file.name for file in files} == {"user.wav", "agent.wav", "journal.jsonl", "turns.jsonl"}
    assert read_wav(tmp_path / "out" / "user.wav") == (speech(), 16_000)
    assert "planted words" in (tmp_path / "out" / "journal.jsonl").read_text()
    async with sealed_store.writing() as connection:
        await forget_conversations(connection, sealed_store.keys, Filter(ids=["c1"]), 1)
        assert await key_of(connection, sealed_store.keys, "c1") is None
    with pytest.raises(ClientError, match="no recording"):
        await export_recording(sealed_store, recordings, "c1", tmp_path / "again")
