"""What managers and operators changed is kept, and listed; nobody's words make two lines of one."""

from tests.store.calls import BEGAN_MS
from voi.store.audit import WHAT_MAX, Act, list_acts, note_acts
from voi.store.deletion import DAY_MS, forget_usage
from voi.store.entries import Acted
from voi.store.store import Store
from voi.store.writer import Writer


class Metrics:
    def store_failed(self) -> None:
        raise AssertionError

    def store_lost(self, entries: int) -> None:
        raise AssertionError


async def test_they_are_listed_the_newest_first_and_forgotten(store: Store) -> None:
    old, new = (Act(at_ms, "anna on the machine", "voi tokens revoke", "done") for at_ms in (BEGAN_MS, BEGAN_MS + 5))
    async with store.writing() as connection:
        await note_acts(connection, [])
        await note_acts(connection, [old, new])
    async with store.reading() as connection:
        assert await list_acts(connection, 10) == [new, old]
        assert await list_acts(connection, 1) == [new]
        assert await list_acts(connection, 10, BEGAN_MS + 1) == [new]
    await forget_usage(store, 1, BEGAN_MS + 3 + DAY_MS)
    async with store.reading() as connection:
        assert await list_acts(connection, 10) == [new]


async def test_lines_are_short_and_single(store: Store) -> None:
    async with store.writing() as connection:
        await note_acts(connection, [Act(BEGAN_MS, "a\nb\0c\ud83d", "x" * 999, "done")])
    async with store.reading() as connection:
        (found,) = await list_acts(connection, 10)
    assert (found.who, len(found.what)) == ("a?b?c?", WHAT_MAX)


async def test_a_server_writes_them_with_everything_else(store: Store) -> None:
    writer = Writer(store, Metrics(), write_every_s=0)
    same = [Act(BEGAN_MS, "the key 1a2b3c4d", "DELETE /voices/anna", "204")] * 2
    for act in same:
        writer.put(Acted(act))
    assert len(writer) == 2, "two equal ones are two"
    assert await writer._write_some()
    async with store.reading() as connection:
        assert await list_acts(connection, 10) == same
