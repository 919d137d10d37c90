import pytest

from tests.store.calls import BEGAN_MS, began, keep, kept, looked_up, told
from voi.store.clean import clean
from voi.store.conversations import Filter, each_conversation, key_of, list_conversations
from voi.store.entries import Changed, WordsShown
from voi.store.people import find_person
from voi.store.store import Store


async def test_a_conversation_is_read_as_it_was_told(store: Store) -> None:
    await keep(store, *told(person="anna@example.org", recording="2026-11-28/c1"), looked_up())
    found = await kept(store)
    assert found
    assert [(said.role, said.at_ms, said.words) for said in found.transcript] == [
        ("assistant", 10, "Hello."),
        ("user", 2_000, "planted words"),
    ]
    assert found.turns == (
        {"turn": 1, "speculative": True, "endpoint_ms": 250, "transcript_ms": None, "first_token_ms": None,
         "first_sound_ms": None, "first_sent_ms": 300},
    )  # fmt: skip
    assert found.failures == ({"number": 1, "kind": "llm", "engine": "openai", "model": "gpt", "took_ms": 1_200},)
    assert found.lookups == (
        {"number": 1, "at_ms": 2_100, "use": "context", "took_ms": 2, "characters": 900,
         "sources": "planted.pdf, page 3\na.md"},
    )  # fmt: skip
    facts = found.facts
    assert (facts["app"], facts["agent"], facts["end_reason"], facts["answers"]) == ("shop", "ada", "finished", 1)
    assert facts["recording"] == "2026-11-28/c1"
    assert "key_id" not in facts


async def test_a_growing_message_is_one_row(store: Store) -> None:
    await keep(store, began(), WordsShown("c1", 0, "user", 5, "I"))
    await keep(store, WordsShown("c1", 0, "user", 5, "I feel fine"))
    found = await kept(store)
    assert found
    assert [said.words for said in found.transcript] == ["I feel fine"]


async def test_what_is_told_of_an_unknown_conversation_is_left_out(store: Store) -> None:
    await keep(store, WordsShown("gone", 0, "user", 5, "hello"), Changed("gone", {"answers": 3}))
    assert await kept(store, "gone") is None


@pytest.mark.parametrize(
    ("which", "ids"),
    [
        (Filter(), ["c3", "c2", "c1"]),
        (Filter(app="bank"), ["c2"]),
        (Filter(agent="bob"), ["c3"]),
        (Filter(since_ms=BEGAN_MS + 1), ["c3", "c2"]),
        (Filter(until_ms=BEGAN_MS + 1), ["c1"]),
        (Filter(ids=["c1", "c3"]), ["c3", "c1"]),
        (Filter(app="bank", agent="bob"), []),
    ],
)
async def test_lists_are_filtered_newest_first(store: Store, which: Filter, ids: list[str]) -> None:
    await keep(store, *told("c1"), *told("c2", app="bank", began_ms=BEGAN_MS + 1))
    await keep(store, *told("c3", agent="bob", began_ms=BEGAN_MS + 2))
    async with store.reading() as connection:
        assert [kept.id for kept in await list_conversations(connection, which)] == ids
        assert [kept.id for kept in await list_conversations(connection, which, limit=1)] == ids[:1]
        assert [kept.id async for kept in each_conversation(connection, store.keys, which)] == ids[::-1]


async def test_conversations_of_one_person_share_the_person(store: Store) -> None:
    await keep(store, *told("c1", person="anna"), *told("c2", person="anna"), *told("c3", person="anna", app="bank"))
    async with store.reading() as connection:
        anna = await find_person(connection, store.keys, "shop", "anna")
        assert anna
        mine = await list_conversations(connection, Filter(person_id=anna.id))
        assert await find_person(connection, store.keys, "shop", "berta") is None
    assert {kept.id for kept in mine} == {"c1", "c2"}


async def test_each_conversation_has_a_key_of_its_own(sealed_store: Store) -> None:
    await keep(sealed_store, *told("c1", person="anna"), *told("c2", person="anna"))
    async with sealed_store.reading() as connection:
        keys = {await key_of(connection, sealed_store.keys, each) for each in ("c1", "c2")}
    assert len(keys) == 2
    assert None not in keys


def test_names_are_made_fit_for_every_database() -> None:
    assert clean("a\0b\ud83d") == "ab?"
    assert len(clean("x" * 500)) == 200


async def test_a_conversation_that_goes_on_after_a_restart_keeps_its_key(sealed_store: Store) -> None:
    await keep(sealed_store, *told())
    await keep(sealed_store, began(), WordsShown("c1", 2, "user", 9_000, "more words"))  # by another server
    found = await kept(sealed_store)
    assert found
    assert [said.words for said in found.transcript] == ["Hello.", "planted words", "more words"]
    assert found.facts["ended_ms"] is None


def test_what_a_client_put_into_the_dialogue_stands_where_it_came() -> None:
    from voi.store.conversations import Said, in_order

    said = [Said(-2, "user", 700, "c"), Said(-1, "user", 0, "a"), Said(0, "assistant", 90, "b"),
            Said(1, "assistant", 800, "d"), Said(-3, "user", 900, "e")]  # fmt: skip
    assert "".join(each.words or "" for each in in_order(said)) == "abcde"
    moved = [Said(0, "assistant", 60_000, "a"), Said(1, "user", 10, "b")]  # the second in another process
    assert [each.words for each in in_order(moved)] == ["a", "b"]
