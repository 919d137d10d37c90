"""What is still to be done after calls, in the store."""

from pathlib import Path

from sqlalchemy import func, select

from tests.store.calls import began, keep
from voi.store.conversations import Filter
from voi.store.deletion import forget_everything_of, forget_matching
from voi.store.outbox import CLAIM_MS, StoredOutbox
from voi.store.schema import outbox
from voi.store.store import Store

STATE = {"id": "j1", "words": "planted words"}


class Clock:
    def __init__(self) -> None:
        self.now_ms = 1_790_000_000_000

    def __call__(self) -> int:
        return self.now_ms


async def rows(store: Store) -> int:
    async with store.reading() as connection:
        return (await connection.execute(select(func.count()).select_from(outbox))).scalar() or 0


async def test_jobs_survive_and_are_claimed_by_one(store: Store) -> None:
    await keep(store, began())
    clock = Clock()
    first, second = StoredOutbox(store, clock), StoredOutbox(store, clock)
    assert await first.add("c1", {"j1": STATE})
    assert await second.claim(10) == []
    clock.now_ms += CLAIM_MS - 1
    await first.renew()
    clock.now_ms += CLAIM_MS - 1
    assert await second.claim(10) == []  # the first one lives
    clock.now_ms += 2
    assert await second.claim(10) == [STATE]  # it died
    assert await first.claim(10) == []
    await second.release()
    assert await first.claim(0) == []
    assert await first.claim(10) == [STATE]
    await first.forget("j1")
    assert await rows(store) == 0


async def test_a_job_is_changed_and_replaced(store: Store) -> None:
    await keep(store, began())
    jobs = StoredOutbox(store)
    assert await jobs.add("c1", {"j1": STATE})
    assert await jobs.change("j1", {**STATE, "tries": 1})
    assert await jobs.add("c1", {"j1-webhook": {"id": "a"}, "j1-tool": {"id": "b"}}, instead_of="j1")
    assert not await jobs.change("j1", STATE)
    assert not await jobs.add("c1", {"j1-webhook": {"id": "again"}}, instead_of="j1")
    await jobs.release()
    assert sorted(state["id"] for state in await jobs.claim(10)) == ["a", "b"]


async def test_jobs_without_an_owner_wait_for_one(store: Store) -> None:
    await keep(store, began())
    jobs = StoredOutbox(store)
    assert await jobs.add("c1", {f"j{n}": {"id": n} for n in range(3)}, ours=False)
    assert len(await jobs.claim(2)) == 2
    assert len(await jobs.claim(2)) == 1


async def test_nothing_is_kept_of_a_conversation_that_is_not_there(store: Store) -> None:
    assert not await StoredOutbox(store).add("unknown", {"j1": STATE})
    assert await rows(store) == 0


async def test_jobs_go_with_their_conversation_and_their_person(store: Store, tmp_path: Path) -> None:
    await keep(store, began("c1", person="anna"), began("c2"))
    jobs = StoredOutbox(store)
    assert await jobs.add("c1", {"j1": STATE})
    assert await jobs.add("c2", {"j2": STATE})
    await forget_everything_of(store, tmp_path, "shop", "anna")
    assert await rows(store) == 1
    assert not await jobs.change("j1", STATE)
    await forget_matching(store, tmp_path, Filter(ids=["c2"]))
    assert await rows(store) == 0


async def test_jobs_are_sealed_with_their_conversation(sealed_store: Store) -> None:
    await keep(sealed_store, began())
    jobs = StoredOutbox(sealed_store)
    assert await jobs.add("c1", {"j1": STATE})
    async with sealed_store.reading() as connection:
        (value,) = (await connection.execute(select(outbox.c.state))).scalars()
    assert b"planted" not in value
    async with sealed_store.writing() as connection:
        await connection.execute(outbox.update().values(id="j9"))  # moved to another place
    await jobs.release()
    assert await jobs.claim(10) == []
    assert await rows(sealed_store) == 0
