"""Conversations as calls tell them to the store."""

from typing import Any

from voi.session.failure import Failure
from voi.session.latency import TurnTimes
from voi.session.lookups import LookedUp
from voi.store.batch import write
from voi.store.conversations import StoredConversation, read_conversation
from voi.store.entries import Began, Changed, Entry, FailureTold, LookupTold, TurnTaken, WordsShown
from voi.store.store import Store

BEGAN_MS = 1_790_000_000_000


def began(conversation_id: str = "c1", **fields: Any) -> Began:
    given = {
        "app": "shop", "person": "", "door": "app", "agent": "ada", "agent_version": "v1", "config": "{}",
        "mode": "call", "began_ms": BEGAN_MS, "recording": None, "redacted": False,
    }  # fmt: skip
    return Began(conversation_id, **{**given, **fields})


def told(conversation_id: str = "c1", *, words: str = "planted words", **fields: Any) -> list[Entry]:
    """A whole conversation."""
    return [
        began(conversation_id, **fields),
        WordsShown(conversation_id, 0, "assistant", 10, "Hello."),
        WordsShown(conversation_id, 1, "user", 2_000, words),
        TurnTaken(conversation_id, TurnTimes(1, True, 250, first_sent_ms=300)),
        FailureTold(conversation_id, 1, Failure("llm", "openai", "gpt", "it failed", 1_200)),
        Changed(conversation_id, {"ended_ms": BEGAN_MS + 60_000, "end_reason": "finished", "answers": 1}, last=True),
    ]


def looked_up(conversation_id: str = "c1") -> LookupTold:
    """An answer was given passages of two files."""
    return LookupTold(conversation_id, 1, 2_100, LookedUp(1, "context", ("planted.pdf, page 3", "a.md"), 900, 2))


async def keep(store: Store, *entries: Entry) -> None:
    async with store.writing() as connection:
        await write(connection, store.keys, entries, {})


async def kept(store: Store, conversation_id: str = "c1") -> StoredConversation | None:
    async with store.reading() as connection:
        return await read_conversation(connection, store.keys, conversation_id)
