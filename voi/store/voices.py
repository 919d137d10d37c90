"""Cloned voices, with the consent for each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from voi.config.voice_names import composed
from voi.store.database import Connection
from voi.store.keys import Keys, opened, sealed
from voi.store.schema import voices
from voi.store.upsert import put

CONSENT_MAX = 500
"""Longest consent, in characters."""


@dataclass(frozen=True, slots=True)
class ClonedVoice:
    """A cloned voice. `consent`: who agreed to it, when and how; "" if that is unknown, None if its key was deleted."""

    model: str
    name: str
    since_ms: int
    consent: str | None


async def note_voice(connection: Connection, keys: Keys, voice: ClonedVoice) -> None:
    """Record a cloned voice, replacing the record of that name."""
    await forget_voices(connection, keys, [voice.model], voice.name)
    voice = replace(voice, name=composed(voice.name))
    key_id = await keys.make(connection)
    consent = sealed(await keys.find(connection, key_id), (voice.consent or "")[:CONSENT_MAX], _place(voice))
    row = {"model": voice.model, "name": voice.name, "since_ms": voice.since_ms, "key_id": key_id, "consent": consent}
    await put(connection, voices, [row])


async def list_voices(connection: Connection, keys: Keys) -> list[ClonedVoice]:
    """All cloned voices, by model and name. One whose key was deleted has no consent."""
    found = []
    for row in (await connection.execute(select(voices).order_by(voices.c.model, voices.c.name))).all():
        voice = ClonedVoice(row.model, row.name, row.since_ms, None)
        consent = opened(await keys.find(connection, row.key_id), row.consent, _place(voice))
        found.append(ClonedVoice(row.model, row.name, row.since_ms, consent))
    return found


async def forget_voices(connection: Connection, keys: Keys, models: Sequence[str], name: str) -> None:
    """Delete the records of a voice. `models`: all models that share it."""
    where = voices.c.model.in_(models), voices.c.name == composed(name)
    key_ids = (await connection.execute(select(voices.c.key_id).where(*where))).scalars()
    await keys.delete(connection, list(key_ids))
    await connection.execute(voices.delete().where(*where))


def _place(voice: ClonedVoice) -> str:
    return f"voice {voice.model} {voice.name}"
