import json
from pathlib import Path

from tests.audio.sounds import speech
from tests.store.calls import kept
from voi.core import actions as do
from voi.core import facts as was
from voi.core.end_reason import EndReason
from voi.core.script import Script
from voi.session.latency import TurnTimes
from voi.session.recording import Recorder
from voi.store.export import export_recording
from voi.store.import_recordings import import_recordings
from voi.store.store import Store

NAME = "20261121-083224-827e64ba"


async def recording(recordings: Path, name: str = NAME) -> Path:
    recorder = Recorder(recordings, name, 10_000_000)
    recorder.begin(Script(mode="chat"))
    recorder.step(10, was.TextTyped("planted words"), (do.Show(1, "user", "planted words"),))
    recorder.step(90, was.DeadlinePassed(), (do.HangUp(EndReason.IDLE_LIMIT),))
    recorder.step(95, was.HungUp(), ())
    recorder.turn(TurnTimes(1, True, 250, first_sent_ms=300))
    recorder.user_sound(speech())
    await recorder.close()
    return recorder.folder


async def test_a_folder_becomes_a_conversation(store: Store, tmp_path: Path) -> None:
    folder = await recording(tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert await import_recordings(store, tmp_path, words=True) == (1, 0)
    assert await import_recordings(store, tmp_path, words=True) == (0, 0)
    found = await kept(store, NAME)
    assert found
    facts = found.facts
    assert (facts["mode"], facts["end_reason"], facts["answers"]) == ("chat", "idle_limit", 1)
    assert facts["began_ms"] == 1_795_249_944_000
    assert facts["ended_ms"] - facts["began_ms"] == 95
    assert [said.words for said in found.transcript] == ["planted words"]
    assert found.turns[0]["first_sent_ms"] == 300
    if not store.keys.seals:
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


async def test_with_a_key_its_files_are_encrypted_in_place(sealed_store: Store, tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    folder = await recording(recordings)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    await import_recordings(sealed_store, recordings, words=True)
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(after) == {f"{name}.sealed" for name in before}
    assert not any(b"planted" in content or b"RIFF" in content for content in after.values())
    await export_recording(sealed_store, recordings, NAME, tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


async def test_words_are_taken_only_where_they_are_wanted(store: Store, tmp_path: Path) -> None:
    await recording(tmp_path)
    await import_recordings(store, tmp_path, words=False)
    assert (await kept(store, NAME)).transcript == ()


async def test_what_cannot_be_read_is_told_and_left_as_it_is(store: Store, tmp_path: Path) -> None:
    good = await recording(tmp_path)
    for name, lines in {
        "empty": [],
        "alien": ["hello", "{}"],
        "future": [json.dumps({"voi": 99, "script": {}})],
        "broken": [*(good / "journal.jsonl").read_text().splitlines()[:1], "{", "{}"],
    }.items():
        (good.parent / name).mkdir()
        (good.parent / name / "journal.jsonl").write_text("\n".join(lines))
    (tmp_path / "notes").mkdir()
    told: list[str] = []
    assert await import_recordings(store, tmp_path, words=True, told=told.append) == (1, 4)
    assert len(told) == 4
    assert (good.parent / "broken" / "journal.jsonl").exists()


async def test_a_line_that_a_killed_server_left_half_is_no_harm(store: Store, tmp_path: Path) -> None:
    folder = await recording(tmp_path)
    with (folder / "journal.jsonl").open("a") as file:
        file.write('{"t": 3')
    assert await import_recordings(store, tmp_path, words=True) == (1, 0)
