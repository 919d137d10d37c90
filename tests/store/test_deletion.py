"""Who is deleted is gone: from the database, its log, the recordings, and every backup."""

import asyncio
from concurrent.futures import Future
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.audio.sounds import speech
from tests.store.calls import BEGAN_MS, keep, kept, told
from tests.store.conftest import KEY
from voi.core.facts import Heard
from voi.core.script import Script
from voi.errors import StoreError
from voi.session.memory import MemoryItem
from voi.session.recording import Recorder
from voi.store import database, deletion
from voi.store.backup import back_up, restore
from voi.store.conversations import Filter, key_of, list_conversations
from voi.store.deletion import DAY_MS, delete_sound, forget_everything_of, forget_matching, forget_older
from voi.store.entries import WordsShown
from voi.store.memories import recall, remember
from voi.store.people import ensure_person, find_person
from voi.store.schema import messages, metadata
from voi.store.store import Store
from voi.store.tokens import Issued, forget_expired, list_tokens, note_token, read_revoked, revoke_token

PLANTED = (b"planted words", b"anna@example.org", b"likes her tea black")


async def ids(store: Store) -> list[str]:
    async with store.reading() as connection:
        return [kept.id for kept in await list_conversations(connection, Filter())]


def bytes_below(folder: Path) -> bytes:
    """Every byte of every file, those inside a tar with them."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def names_below(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*")}


async def recorded(store: Store, recordings: Path, name: str, person: str) -> None:
    """A whole conversation with its sound."""
    data_key: Future[bytes | None] = Future()
    recorder = Recorder(recordings, name, 10_000_000, data_key)
    folder = str(recorder.folder.relative_to(recordings))
    await keep(store, *told(name, person=person, recording=folder))
    async with store.reading() as connection:
        data_key.set_result(await key_of(connection, store.keys, name))
    recorder.begin(Script())
    recorder.step(5, Heard(1, "planted words"), ())
    recorder.user_sound(speech())
    await recorder.close()


TEA = MemoryItem("tea", "fact", "likes her tea black", BEGAN_MS, "ada")


async def everything_about_anna(store: Store, recordings: Path) -> None:
    await recorded(store, recordings, "c1", "anna@example.org")
    await recorded(store, recordings, "c2", "berta")
    await store.save("monday", "shop", {"said": "planted words"}, person="anna@example.org")
    async with store.writing() as connection:
        anna = await ensure_person(connection, store.keys, "shop", "anna@example.org", BEGAN_MS)
        await remember(connection, store.keys, anna, TEA)
        await note_token(connection, store.keys, Issued("t1", "shop", "anna@example.org", BEGAN_MS, BEGAN_MS + DAY_MS))


async def test_who_is_deleted_while_somebody_reads_is_deleted_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader, such as a backup, keeps the log from being emptied. That is an error, and no deletion ends half-way."""
    monkeypatch.setattr(database, "EMPTY_TRIES", 2)
    store, reader = (Store(f"sqlite:{tmp_path}/voi.db", (KEY,)) for _ in range(2))
    await store.open()
    await reader.open()
    await everything_about_anna(store, tmp_path)
    async with reader.reading() as connection:
        await list_conversations(connection, Filter())
        with pytest.raises(StoreError, match="It is deleted"):
            await forget_everything_of(store, tmp_path, "shop", "anna@example.org")
    assert await ids(store) == ["c2"]
    async with store.reading() as connection:
        assert await find_person(connection, store.keys, "shop", "anna@example.org") is None
    await reader.close()
    await store.close()


async def test_no_byte_anywhere_holds_a_planted_word(sealed_store: Store, tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    await everything_about_anna(sealed_store, recordings)
    backups = tmp_path / "backups"
    backups.mkdir()
    await back_up(sealed_store, recordings, backups / "monday.tar", backups / "keys")
    everything = bytes_below(tmp_path)  # database, write-ahead log, recordings, backup, keys
    assert len(everything) > 100_000
    assert names_below(tmp_path) >= {"voi.db", "voi.db-wal", "monday.tar", "user.wav.sealed"}
    assert [word for word in (*PLANTED, b"berta", b"RIFF", KEY.encode()) if word in everything] == []
    assert speech()[4_000:4_200] not in everything


async def test_deleting_a_person_deletes_their_backups(sealed_store: Store, url: str, tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    await everything_about_anna(sealed_store, recordings)
    backup, keys = tmp_path / "monday.tar", tmp_path / "keys"
    await back_up(sealed_store, recordings, backup, keys)
    assert await forget_everything_of(sealed_store, recordings, "shop", "anna@example.org") == 1
    assert await ids(sealed_store) == ["c2"]
    assert len(list(recordings.rglob("user.wav.sealed"))) == 1
    assert await sealed_store.load("monday", "shop") is None
    await back_up(sealed_store, recordings, tmp_path / "tuesday.tar", keys)  # the keys of before are overwritten

    # Monday's backup into the same store, and into a new one with the keys that there are
    await restore(sealed_store, recordings, backup, None)
    assert await ids(sealed_store) == ["c2"]
    assert len(list(recordings.rglob("user.wav.sealed"))) == 1
    new = Store(f"sqlite:{tmp_path}/new/voi.db", (KEY,))
    await new.open()
    await restore(new, tmp_path / "new-recordings", backup, keys)
    assert await ids(new) == ["c2"]
    assert (await kept(new, "c2")).transcript[1].words == "planted words"
    assert len(list((tmp_path / "new-recordings").rglob("user.wav.sealed"))) == 1
    async with new.reading() as connection:
        assert await find_person(connection, new.keys, "shop", "anna@example.org") is None
    await new.close()


async def test_nothing_of_a_deleted_person_stays_in_any_table(sealed_store: Store, tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"

    async def counts() -> dict[str, int]:
        async with sealed_store.reading() as connection:
            return {
                table.name: (await connection.execute(select(func.count()).select_from(table))).scalar() or 0
                for table in metadata.sorted_tables
                if table.name not in ("agent_versions", "apps")
            }

    before = await counts()
    await everything_about_anna(sealed_store, recordings)
    for name in ("anna@example.org", "berta"):
        assert await forget_everything_of(sealed_store, recordings, "shop", name) == 1
    assert await counts() == before | {"tokens": 1}  # a number that must not be valid again
    async with sealed_store.reading() as connection:
        (token,) = await list_tokens(connection)
    assert token["person_id"] is None
    assert await forget_everything_of(sealed_store, recordings, "shop", "anna@example.org") is None


async def test_the_tokens_of_a_deleted_person_are_worth_nothing(store: Store, tmp_path: Path) -> None:
    later_ms = BEGAN_MS * 2
    async with store.writing() as connection:
        for number, person in enumerate(("anna", "anna", "berta", "")):
            await note_token(connection, store.keys, Issued(f"t{number}", "shop", person, BEGAN_MS, later_ms))
        await revoke_token(connection, "t0", BEGAN_MS + 5)
    assert await forget_everything_of(store, tmp_path, "shop", "anna") == 0
    async with store.writing() as connection:
        assert (await read_revoked(connection, BEGAN_MS)).ids == {"t0", "t1"}
        assert {token["id"]: token["revoked_ms"] for token in await list_tokens(connection)}["t0"] == BEGAN_MS + 5
        await forget_expired(connection, later_ms + 1)
        assert await list_tokens(connection) == []


async def test_a_call_that_ends_after_its_person_was_deleted_is_not_saved(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voi.store.store.KNOWN_EVERY_S", 0.01)
    await keep(store, *told("c1", person="anna"), *told("c2", person="berta"))
    assert await forget_everything_of(store, tmp_path, "shop", "anna") == 1
    for number, name in ((1, "anna"), (2, "berta")):
        await store.save(f"monday of {name}", "shop", {"said": "planted words"}, name, of=f"c{number}")
        await keep(store, WordsShown(f"c{number}", 9, "user", 9, "planted words"))
    assert await store.load("monday of anna", "shop") is None
    assert await store.load("monday of berta", "shop") == {"said": "planted words"}
    async with store.reading() as connection:
        assert await find_person(connection, store.keys, "shop", "anna") is None
        words = (await connection.execute(select(messages.c.conversation_id))).scalars()
        assert set(words) == {"c2"}


async def test_a_call_that_has_just_begun_is_saved(store: Store) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(store.save("monday", "shop", {"said": "hello"}, "anna", of="c1"))
        await asyncio.sleep(0.1)
        await keep(store, *told("c1", person="anna"))
    assert await store.load("monday", "shop") == {"said": "hello"}


async def test_plain_words_are_overwritten_too(url: str, tmp_path: Path) -> None:
    store = Store(url)
    await store.open()
    await keep(store, *told("c1", person="anna@example.org"), *told("c2", words="other words"))
    await store.database.shred()
    assert b"planted words" in bytes_below(tmp_path)
    await forget_everything_of(store, tmp_path / "recordings", "shop", "anna@example.org")
    everything = bytes_below(tmp_path)  # while the database is open, with its log
    assert [word for word in PLANTED if word in everything] == []
    assert b"other words" in everything
    await store.close()


async def test_one_conversation_is_deleted_with_its_sound(sealed_store: Store, tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    for name in ("c1", "c2"):
        await recorded(sealed_store, recordings, name, "anna")
    assert await forget_matching(sealed_store, recordings, Filter(ids=["c1"])) == 1
    assert await ids(sealed_store) == ["c2"]
    assert [path.name for path in recordings.glob("*/*")] == ["c2"]
    async with sealed_store.reading() as connection:
        assert await find_person(connection, sealed_store.keys, "shop", "anna")


async def test_old_ones_are_deleted(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "AT_ONCE_MAX", 2)
    for day in range(7):
        await keep(store, *told(f"c{day}", began_ms=BEGAN_MS + day * DAY_MS))
    now = BEGAN_MS + 10 * DAY_MS
    assert await forget_older(store, tmp_path, 0, now) == 0
    assert await forget_older(store, tmp_path, 5, now) == 5
    assert await ids(store) == ["c6", "c5"]


async def test_a_person_remains_known_when_calls_grow_old(sealed_store: Store, tmp_path: Path) -> None:
    await everything_about_anna(sealed_store, tmp_path)
    await forget_older(sealed_store, tmp_path, 1, BEGAN_MS + 2 * DAY_MS)
    async with sealed_store.reading() as connection:
        anna = await find_person(connection, sealed_store.keys, "shop", "anna@example.org")
        assert anna
        assert await recall(connection, sealed_store.keys, anna) == [TEA]


async def test_what_is_left_of_nobody_goes_with_age(
    sealed_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep(sealed_store, *told("c1", person="anna"))
    monkeypatch.setattr("time.time_ns", lambda: BEGAN_MS * 1_000_000)
    await sealed_store.save("monday", "shop", {"said": "planted words"}, person="berta")
    async with sealed_store.writing() as connection:
        await note_token(connection, sealed_store.keys, Issued("t1", "shop", "carla", BEGAN_MS, BEGAN_MS + 20 * DAY_MS))
    await forget_older(sealed_store, tmp_path, 10, BEGAN_MS + 15 * DAY_MS)
    async with sealed_store.reading() as connection:
        known = [await find_person(connection, sealed_store.keys, "shop", name) for name in ("anna", "berta", "carla")]
        assert [person is not None for person in known] == [False, False, True]
        keys = (await connection.execute(select(func.count()).select_from(metadata.tables["data_keys"]))).scalar()
    assert await sealed_store.load("monday", "shop") is None
    assert keys == 2  # carla's, and that of the names
    await forget_older(sealed_store, tmp_path, 10, BEGAN_MS + 40 * DAY_MS)
    async with sealed_store.reading() as connection:
        assert await find_person(connection, sealed_store.keys, "shop", "carla") is None


@pytest.mark.parametrize("recording", ["../outside", "/tmp", "", ".", None])
def test_only_folders_of_recordings_are_deleted(tmp_path: Path, recording: str | None) -> None:
    recordings, outside = tmp_path / "recordings", tmp_path / "outside"
    for folder in (recordings / "2026-11-28" / "c1", outside):
        folder.mkdir(parents=True)
    delete_sound(recordings, recording)
    assert outside.is_dir()
    assert (recordings / "2026-11-28" / "c1").is_dir()
    delete_sound(recordings, "2026-11-28/c1")
    assert not (recordings / "2026-11-28" / "c1").exists()
