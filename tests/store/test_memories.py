"""What agents remember of people: a person's own, bounded, sealed with their key, and gone with it."""

from pathlib import Path

import pytest

from tests.store.calls import BEGAN_MS, keep, told
from voi.errors import ClientError, RowRefused, StoreError
from voi.session.memory import MemoryItem, MemoryKind
from voi.store import memories
from voi.store.backup import back_up, restore
from voi.store.deletion import forget_conversation, forget_everything_of, forget_memories, forget_older
from voi.store.observer import now_ms
from voi.store.person_memory import add_fact, correct, forget_memory, list_memory, memory_as_dict, set_name
from voi.store.store import Store

DAY_MS = 86_400_000


def fact(number: int, text: str, kind: MemoryKind = "fact", name: str = "") -> MemoryItem:
    return MemoryItem(name or f"{kind}{number}", kind, text, BEGAN_MS + number, "ada")


async def texts(store: Store, person: str = "anna", app: str = "shop") -> list[str]:
    return [item.text for item in await store.recall(app, person)]


async def test_they_are_of_the_person_of_a_stored_conversation(store: Store) -> None:
    await keep(store, *told("c1", person="anna"), *told("c2", person="berta"), *told("c3"))
    assert await store.remember("c1", fact(2, "Likes tea."))
    assert await store.remember("c1", fact(1, "Has a cat."))
    assert await store.remember("c2", fact(1, "Has a dog."))
    assert not await store.remember("c3", fact(1, "Is nobody."))
    assert await store.recall("shop", "anna") == [fact(1, "Has a cat."), fact(2, "Likes tea.")]
    assert await texts(store, "berta") == ["Has a dog."]
    assert await texts(store, "anna", app="bank") == await texts(store, "nobody") == []


async def test_nothing_is_remembered_of_a_conversation_that_is_not_there(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voi.store.store.KNOWN_EVERY_S", 0.0)
    assert not await store.remember("unknown", fact(1, "Has a cat."))


async def test_a_newer_text_takes_the_place_of_an_older_one(store: Store) -> None:
    await keep(store, *told("c1", person="anna"))
    await store.remember("c1", fact(1, "A summary.", "summary", "c1"))
    await store.remember("c1", fact(2, "A better summary.", "summary", "c1"))
    await store.remember("c1", fact(3, "Likes tea."))
    await store.remember("c1", fact(4, "likes TEA."))
    assert await texts(store) == ["A better summary.", "likes TEA."]


async def test_the_oldest_make_room(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memories, "KEPT_MAX", {"name": 1, "fact": 3, "summary": 2})
    await keep(store, *told("c1", person="anna"))
    for number in range(5):
        await store.remember("c1", fact(number, f"Fact {number}."))
        await store.remember("c1", fact(number, f"Summary {number}.", "summary"))
    assert sorted(await texts(store)) == ["Fact 2.", "Fact 3.", "Fact 4.", "Summary 3.", "Summary 4."]


async def test_what_the_app_told_makes_room_last(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memories, "KEPT_MAX", {"name": 1, "fact": 3, "summary": 2})
    await keep(store, *told("c1", person="anna"))
    await add_fact(store, "shop", "anna", "Of the app.")
    for number in range(5):
        await store.remember("c1", fact(number, f"Fact {number}."))
    assert sorted(await texts(store)) == ["Fact 3.", "Fact 4.", "Of the app."]
    for number in range(2):
        await add_fact(store, "shop", "anna", f"Of the app {number}.")
    app_facts = ["Of the app 0.", "Of the app 1.", "Of the app."]
    assert sorted(await texts(store)) == app_facts
    with pytest.raises(RowRefused, match="no room"):
        await store.remember("c1", fact(9, "Fact 9."))
    assert sorted(await texts(store)) == app_facts
    await add_fact(store, "shop", "anna", "Of the app 2.")
    assert sorted(await texts(store)) == ["Of the app 0.", "Of the app 1.", "Of the app 2."]


async def test_no_summary_is_kept_of_what_was_said_before_all_was_deleted(store: Store) -> None:
    await keep(store, *told("c1", person="anna"))
    began_ms = now_ms()
    await store.remember("c1", fact(1, "Likes tea."))
    assert await forget_memory(store, "shop", "anna") == 1
    assert not await store.remember("c1", fact(2, "She spoke of tea.", "summary", "c1"), began_ms)
    assert await texts(store) == []
    assert await store.remember("c1", fact(3, "Said afterwards."))
    assert await store.remember("c1", fact(4, "A later call.", "summary", "c1"), now_ms() + 1)
    assert sorted(await texts(store)) == ["A later call.", "Said afterwards."]


async def test_what_is_too_long_is_refused(store: Store) -> None:
    await keep(store, *told("c1", person="anna"))
    for item in (fact(1, "x" * 20_001), fact(1, "x", name="n" * 201)):
        with pytest.raises(StoreError):
            await store.remember("c1", item)


async def test_a_deleted_person_is_gone_from_backups_too(sealed_store: Store, tmp_path: Path) -> None:
    store = sealed_store
    await keep(store, *told("c1", person="anna"), *told("c2", person="berta"))
    await store.remember("c1", fact(1, "planted fact"))
    await store.remember("c2", fact(1, "another fact"))
    await back_up(store, tmp_path / "none", tmp_path / "voi.tar", tmp_path / "old.keys")
    for file in (tmp_path / "voi.tar", *(tmp_path / "data").iterdir()):
        assert b"planted" not in file.read_bytes()
    assert await forget_everything_of(store, tmp_path, "shop", "anna") == 1
    assert not await store.remember("c1", fact(2, "planted later"))
    await restore(store, tmp_path / "none", tmp_path / "voi.tar", None)
    assert await texts(store) == []
    assert await texts(store, "berta") == ["another fact"]


async def test_a_person_from_before_there_was_a_key_has_one_for_what_comes(url: str, tmp_path: Path) -> None:
    from tests.store.conftest import KEY

    old = Store(url)
    await old.open()
    await keep(old, *told("c1", person="anna"))
    await old.close()
    new = Store(url, (KEY,))
    await new.open()
    assert await new.remember("c1", fact(1, "planted fact"))
    assert await texts(new) == ["planted fact"]
    await new.database.shred()
    assert b"planted fact" not in (tmp_path / "data" / "voi.db").read_bytes()
    await new.close()


async def test_retention(store: Store, tmp_path: Path) -> None:
    await keep(store, *told("c1", person="anna"))
    await store.remember("c1", fact(0, "Old."))
    await store.remember("c1", fact(DAY_MS, "Newer."))
    now = BEGAN_MS + 10 * DAY_MS + 1
    await forget_older(store, tmp_path, 5, now)
    assert await texts(store) == ["Old.", "Newer."]  # they outlive the conversation
    await forget_memories(store, 0, now)
    await forget_memories(store, 10, now)
    assert await texts(store) == ["Newer."]
    await forget_memories(store, 1, now)
    await forget_older(store, tmp_path, 5, now)
    with pytest.raises(ClientError, match="Nobody"):
        await list_memory(store, "shop", "anna")


async def test_a_deleted_conversation_has_no_summary(store: Store, tmp_path: Path) -> None:
    await keep(store, *told("c1", person="anna"), *told("c2", person="anna"))
    await store.remember("c1", fact(1, "Of the first.", "summary", "c1"))
    await store.remember("c2", fact(2, "Of the second.", "summary", "c2"))
    assert await forget_conversation(store, tmp_path, "c1") == 1
    assert await texts(store) == ["Of the second."]


# ---- for those who answer for it


async def test_it_is_shown_added_corrected_and_deleted(store: Store) -> None:
    added = await add_fact(store, "shop", "anna", "  Likes\n tea. ")
    await set_name(store, "shop", "anna", "Ann")
    await set_name(store, "shop", "anna", "Anna")
    fixed = await correct(store, "shop", "anna", added.id, "Likes coffee.")
    assert (fixed.id, fixed.kind) == (added.id, "fact")
    shown = [memory_as_dict(item) for item in await list_memory(store, "shop", "anna")]
    assert sorted((each["kind"], each["text"]) for each in shown) == [("fact", "Likes coffee."), ("name", "Anna")]
    assert all(each["saved"].startswith("20") for each in shown)
    assert await forget_memory(store, "shop", "anna", added.id) == 1
    assert await forget_memory(store, "shop", "anna") == 1
    assert await list_memory(store, "shop", "anna") == []


async def test_what_is_not_there_or_wrong(store: Store) -> None:
    for work in (
        list_memory(store, "shop", "anna"), forget_memory(store, "shop", "anna"),
        correct(store, "shop", "anna", "f1", "x"),
    ):  # fmt: skip
        with pytest.raises(ClientError, match="Nobody"):
            await work
    await add_fact(store, "shop", "anna", "Likes tea.")
    for work in (forget_memory(store, "shop", "anna", "f1"), correct(store, "shop", "anna", "f1", "x")):
        with pytest.raises(ClientError, match="Nothing of that id"):
            await work
    for text in ("", " \0 ", "x" * 1_001):
        with pytest.raises(ClientError, match="1 to 1000"):
            await add_fact(store, "shop", "anna", text)
    with pytest.raises(ClientError, match="whose"):
        await add_fact(store, "shop", "\0", "Likes tea.")
