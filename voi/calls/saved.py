"""Conversations that are continued another day, by a name that the app gives them."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from voi.core.journal import decode_value, encode_value
from voi.core.kept import Kept, KeptMessage
from voi.dialogue import Image, Message
from voi.errors import ClientError

VERSION = 1
PICTURES_MAX_CHARACTERS = 4_000_000
"""Limit on the pictures that are kept as `data:` URLs; the newest are."""


class SavedStates(Protocol):
    """Where they are saved, by app and name (`voi.store.store.Store`). Both raise StoreError within a deadline of
    seconds."""

    async def load(self, name: str, app: str) -> dict[str, Any] | None:
        """None: nothing is saved by that name."""
        ...

    async def save(self, name: str, app: str, state: Mapping[str, Any], person: str = "") -> None:
        """`person`: who the app says the caller is; deleting them deletes the state."""


def place_of(name: str, person: str) -> str:
    """The name in the store. Each person of an app has names of their own."""
    return f"{hashlib.sha256(person.encode()).hexdigest()[:16]}:{name}" if person else name


def state_of(kept: Kept) -> dict[str, Any]:
    """The conversation as a JSON object."""
    return {"voi": VERSION, "kept": encode_value(replace(kept, messages=without_large_pictures(kept.messages)))}


def kept_in(state: Mapping[str, Any]) -> Kept:
    """The conversation in a saved state. Raises ClientError if another version of Voi saved it."""
    if state.get("voi") != VERSION:
        raise ClientError("That conversation was saved by another version of Voi.")
    kept: Kept = decode_value(Kept, state.get("kept"), "conversation")
    return kept


def without_large_pictures(messages: tuple[KeptMessage, ...]) -> tuple[KeptMessage, ...]:
    """The messages; beyond `PICTURES_MAX_CHARACTERS` the oldest are without their pictures."""
    left, slim = PICTURES_MAX_CHARACTERS, []
    for each in reversed(messages):
        left -= sum(map(len, each.message.image_urls))
        if left >= 0 or not each.message.image_urls:
            slim.append(each)
            continue
        parts = [part for part in each.message.parts if not isinstance(part, Image)]
        slim.append(replace(each, message=Message(each.message.role, parts)))
    return tuple(reversed(slim))
