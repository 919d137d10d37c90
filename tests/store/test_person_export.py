"""What is handed to a person who asks what is known of them: all of it, and nothing of anybody else."""

import json
from pathlib import Path

import pytest

from tests.store.test_deletion import everything_about_anna
from voi.audio.wav import read_wav
from voi.errors import ClientError
from voi.store.person_export import export_person
from voi.store.store import Store


async def test_all_that_is_known_of_a_person(sealed_store: Store, tmp_path: Path) -> None:
    recordings, out = tmp_path / "recordings", tmp_path / "anna"
    await everything_about_anna(sealed_store, recordings)
    counts = await export_person(sealed_store, recordings, "shop", "anna@example.org", out)
    assert counts == {"conversations": 1, "recordings": 1, "memories": 1, "sessions": 1, "tokens": 1}
    known = json.loads((out / "person.json").read_text())
    assert (known["app"], known["person"], known["since"][:4]) == ("shop", "anna@example.org", "2026")
    (tea,) = known["memories"]
    assert (tea["kind"], tea["text"]) == ("fact", "likes her tea black")
    assert [(each["name"], each["state"]) for each in known["sessions"]] == [("monday", {"said": "planted words"})]
    assert [sorted(token) for token in known["tokens"]] == [["expires", "id", "issued"]]
    (call,) = (json.loads(line) for line in (out / "conversations.jsonl").read_text().splitlines())
    assert call["transcript"][1]["words"] == "planted words"
    assert read_wav(out / "recordings" / "c1" / "user.wav")[0]
    assert "planted words" in (out / "recordings" / "c1" / "journal.jsonl").read_text()
    everything = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    assert b"berta" not in everything
    assert b'"c2"' not in everything  # in quotes: random ids contain c2, too
    assert [oct(path.stat().st_mode)[-3:] for path in (out, out / "person.json")] == ["700", "600"]


async def test_nobody_of_that_name_is_told_so(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ClientError, match="Nobody of that name"):
        await export_person(store, tmp_path, "shop", "anna", tmp_path / "anna")
    assert not (tmp_path / "anna").exists()
