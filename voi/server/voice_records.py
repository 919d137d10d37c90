"""Which voices were cloned, when and on whose word: kept in the store. Voices do not wait for it."""

import logging
import time
from collections.abc import Collection, Iterable
from itertools import product
from typing import TYPE_CHECKING, Any

from voi.errors import StoreError

if TYPE_CHECKING:
    from voi.store.store import Store

log = logging.getLogger(__name__)


class VoiceRecords:
    """The records of cloned voices in the store. `store` None: nothing is kept."""

    def __init__(self, store: "Store | None") -> None:
        self._store = store

    async def added(self, models: Iterable[str], names: Iterable[str], consent: str) -> bool:
        """Record cloned voices. `models`: all models that share them. Returns False if the store does not answer."""
        if self._store is None:
            return True
        from voi.store.voices import ClonedVoice, note_voice

        now_ms = time.time_ns() // 1_000_000
        try:
            async with self._store.writing() as connection:
                for model, name in product(models, names):
                    await note_voice(connection, self._store.keys, ClonedVoice(model, name, now_ms, consent))
        except StoreError as error:
            log.warning("who agreed to a voice could not be stored: %s", error)
            return False
        return True

    async def removed(self, models: Collection[str], name: str) -> None:
        """Delete the record of a voice. `models`: all models that shared it."""
        if self._store is None:
            return
        from voi.store.voices import forget_voices

        try:
            async with self._store.writing() as connection:
                await forget_voices(connection, self._store.keys, list(models), name)
        except StoreError as error:
            log.warning("that a voice was removed could not be stored: %s", error)

    async def read(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return `since_ms` and `consent` by model and voice; nothing while the store does not answer."""
        if self._store is None:
            return {}
        from voi.store.voices import list_voices

        found: dict[str, dict[str, dict[str, Any]]] = {}
        try:
            async with self._store.reading() as connection:
                for voice in await list_voices(connection, self._store.keys):
                    of_model = found.setdefault(voice.model, {})
                    of_model[voice.name] = {"since_ms": voice.since_ms, "consent": voice.consent}
        except StoreError as error:
            log.warning("who agreed to which voice could not be read: %s", error)
        return found
