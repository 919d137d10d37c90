"""Keys of a telephone, gathered to entries."""

import asyncio

from tests.fakes.clock import in_virtual_time
from voi.session.keys import KEYS_MAX, PAUSE_S, KeyEntry, keys_said, without_keys


def entry(whole: str = "") -> tuple[KeyEntry, list[str]]:
    entered: list[str] = []
    return KeyEntry(lambda digits: digits == whole, entered.append), entered


@in_virtual_time
async def test_hash_ends_an_entry_and_star_begins_it_anew() -> None:
    keys, entered = entry()
    for key in "12*345#":
        keys.press(key)
    keys.press("#")
    assert entered == ["345"]


@in_virtual_time
async def test_a_pause_ends_an_entry() -> None:
    keys, entered = entry()
    keys.press("1")
    await asyncio.sleep(PAUSE_S - 0.1)
    keys.press("2")
    await asyncio.sleep(PAUSE_S - 0.1)
    assert entered == []
    await asyncio.sleep(0.2)
    assert entered == ["12"]


@in_virtual_time
async def test_a_whole_value_needs_no_end() -> None:
    keys, entered = entry("123")
    for key in "123":
        keys.press(key)
    assert entered == ["123"]


@in_virtual_time
async def test_entries_are_bounded_and_other_keys_ignored() -> None:
    keys, entered = entry()
    for _ in range(KEYS_MAX):
        keys.press("7")
    for other in ("x", "", "12", "²"):
        keys.press(other)
    assert entered == ["7" * KEYS_MAX]


@in_virtual_time
async def test_nothing_is_told_after_the_end() -> None:
    keys, entered = entry()
    keys.press("1")
    keys.close()
    await asyncio.sleep(PAUSE_S + 1)
    assert entered == []


def test_words_beside_keys_stay() -> None:
    assert without_keys(f"my number is {keys_said('1 2')}") == "my number is"
