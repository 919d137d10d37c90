"""Conversations that are continued another day, under a name that the app gives them."""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from voi.calls.call import Call
from voi.calls.services import CallMetrics
from voi.core.journal import decode_value, encode_value
from voi.core.kept import Kept, KeptMessage
from voi.dialogue import Image, Message
from voi.errors import ClientError, StoreError

log = logging.getLogger(__name__)

VERSION = 1
PICTURES_MAX_CHARACTERS = 4_000_000
"""Limit on the pictures that are kept as `data:` URLs; the newest are."""


class SavedStates(Protocol):
    """Where conversations are saved, by app and name (`voi.store.store.Store`). Both raise StoreError within a deadline
    of seconds."""

    async def load(self, name: str, app: str) -> dict[str, Any] | None:
        """The saved state; None if nothing is saved under that name."""
        ...

    async def save(self, name: str, app: str, state: Mapping[str, Any], person: str = "", of: str = "") -> None:
        """`person`: who the app says the caller is; deleting them deletes the state. `of`: the conversation's id; one
        that was deleted while it ran is not saved."""


class Saved:
    """Continues the conversations of a server another day, whatever door they come through. `states` None: this server
    saves none."""

    def __init__(self, states: SavedStates | None, metrics: CallMetrics) -> None:
        self._states = states
        self._metrics = metrics

    async def load(self, call: Call, name: str) -> Kept:
        """What was saved by that name for the call's app and person; empty if nothing was. At its end the call is saved
        by the same name. Raises ClientError if this server saves none or another version of Voi saved it, StoreError
        within seconds if the store cannot be reached."""
        states = self._to_save(call, name)
        state = await states.load(place_of(name, call.person), call.app)
        kept = Kept() if state is None else kept_in(state)
        return replace(kept, first_id=kept.next_id, own_summary="")

    def save_at_end(self, call: Call, name: str) -> None:
        """Have the call saved by that name at its end. Raises ClientError if this server saves none."""
        self._to_save(call, name)

    def _to_save(self, call: Call, name: str) -> SavedStates:
        states = self._states
        if states is None:
            raise ClientError("session: this server keeps no conversations (VOI_STORE is off).")

        async def save(kept: Kept) -> None:
            try:
                await states.save(place_of(name, call.person), call.app, state_of(kept), call.person, call.id)
            except StoreError as error:
                log.error("a conversation cannot be saved: %s", error)
                self._metrics.not_saved()

        call.save = save
        return states


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
