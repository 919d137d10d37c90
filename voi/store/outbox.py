"""What is still to be done after calls, so that it survives the server: jobs that only their writer understands.

A server claims the jobs that it works on for a while, and renews that. The jobs of a server that died are claimed by
another one, or by the next. A job is sealed with its conversation's key and deleted with its conversation.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, select, update

from voi.sealing.box import Unreadable
from voi.store.conversations import key_of
from voi.store.keys import opened, sealed
from voi.store.observer import now_ms
from voi.store.schema import outbox
from voi.store.store import Store
from voi.store.upsert import put

CLAIM_MS = 90_000
"""How long a claim holds that is not renewed."""


class StoredOutbox:
    """The jobs of one server. All methods raise StoreError. `clock_ms`: ms since 1970."""

    def __init__(self, store: Store, clock_ms: Callable[[], int] = now_ms) -> None:
        self._store = store
        self._server = uuid4().hex
        self._clock_ms = clock_ms

    async def add(
        self, conversation_id: str, states: Mapping[str, Mapping[str, Any]], *, instead_of: str = "", ours: bool = True
    ) -> bool:
        """Keep these jobs, by id, and forget the other one. False: the conversation, or the other job, was deleted, and
        nothing is kept. `conversation_id` "": they are of none, and hold nothing of anybody. `ours` False: any server
        may claim them."""
        if conversation_id and not await self._store.knows(conversation_id):
            return False
        async with self._store.writing() as connection:
            if instead_of:
                gone = await connection.execute(delete(outbox).where(outbox.c.id == instead_of))
                if not gone.rowcount:
                    return False
            key = await key_of(connection, self._store.keys, conversation_id)
            until_ms = self._clock_ms() + CLAIM_MS if ours else 0
            rows = [
                {
                    "id": job_id, "conversation_id": conversation_id, "server": self._server if ours else "",
                    "claimed_until_ms": until_ms, "state": sealed(key, _text(state), _place(job_id)),
                }
                for job_id, state in states.items()
            ]  # fmt: skip
            await put(connection, outbox, rows)
        return True

    async def change(self, job_id: str, state: Mapping[str, Any]) -> bool:
        """Keep the job's new state, and claim it. False: it was deleted."""
        async with self._store.writing() as connection:
            query = select(outbox.c.conversation_id).where(outbox.c.id == job_id)
            conversation_id = (await connection.execute(query)).scalar()
            if conversation_id is None:
                return False
            key = await key_of(connection, self._store.keys, conversation_id)
            values = {"server": self._server, "claimed_until_ms": self._clock_ms() + CLAIM_MS}
            value = sealed(key, _text(state), _place(job_id))
            await connection.execute(update(outbox).where(outbox.c.id == job_id).values(state=value, **values))
        return True

    async def forget(self, job_id: str) -> None:
        async with self._store.writing() as connection:
            await connection.execute(delete(outbox).where(outbox.c.id == job_id))

    async def claim(self, at_most: int) -> list[dict[str, Any]]:
        """Claim jobs that no living server has. Returns their states. One that cannot be read is deleted."""
        if at_most <= 0:
            return []
        found: list[dict[str, Any]] = []
        async with self._store.writing() as connection:
            at_ms = self._clock_ms()
            free = outbox.c.claimed_until_ms < at_ms
            ids = (await connection.execute(select(outbox.c.id).where(free).limit(at_most))).scalars().all()
            if not ids:
                return []
            mine = {"server": self._server, "claimed_until_ms": at_ms + CLAIM_MS}
            claimed = update(outbox).where(outbox.c.id.in_(ids), free).values(**mine).returning(*outbox.columns)
            for row in (await connection.execute(claimed)).all():
                key = await key_of(connection, self._store.keys, row.conversation_id)
                try:
                    text = opened(key, row.state, _place(row.id))
                    found.append(json.loads(text or ""))
                except (Unreadable, ValueError):
                    await connection.execute(delete(outbox).where(outbox.c.id == row.id))
        return found

    async def renew(self) -> None:
        """Hold what this server has claimed for longer."""
        async with self._store.writing() as connection:
            until_ms = self._clock_ms() + CLAIM_MS
            await connection.execute(
                update(outbox).where(outbox.c.server == self._server).values(claimed_until_ms=until_ms)
            )

    async def release(self) -> None:
        """Let other servers claim what this one has."""
        async with self._store.writing() as connection:
            await connection.execute(
                update(outbox).where(outbox.c.server == self._server).values(server="", claimed_until_ms=0)
            )


def _text(state: Mapping[str, Any]) -> str:
    return json.dumps(state, separators=(",", ":"))


def _place(job_id: str) -> str:
    return f"outbox {job_id}"
