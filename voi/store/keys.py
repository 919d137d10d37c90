"""The encryption keys: a data key for each person and each conversation, sealed with its parent's (envelope
encryption).

    the operator's key  ->  a person's key  ->  the key of a conversation, of a saved state
                        ->  the key of a conversation whose person is not known

Deleting a key makes everything unreadable that was sealed with it, copies included, because a backup of the data holds
no keys. Without an operator's key nothing is encrypted.
"""

import hmac
from collections import OrderedDict
from uuid import uuid4

from sqlalchemy import delete, insert, or_, select

from voi.errors import ConfigError
from voi.sealing.box import Unreadable, derived_key, new_key, seal, unseal
from voi.store.database import Connection
from voi.store.schema import data_keys

CACHED_MAX = 4_096
LOOKUP_ID = "lookup"
"""The key that hashes people's names. It also proves that the operator's key is the right one."""
_PLAIN, _SEALED = b"\0", b"\1"


class Keys:
    """`secrets`: the operator's key, then former keys that still open what they sealed; empty: nothing is encrypted."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        self._masters = [derived_key(secret, "store") for secret in secrets]
        self._cache: OrderedDict[str, bytes] = OrderedDict()
        self._lookup_keys = [b""]

    @property
    def seals(self) -> bool:
        """Whether new rows are encrypted."""
        return bool(self._masters)

    async def open(self, connection: Connection) -> None:
        """Prove that the operator's key fits the store. Raises ConfigError."""
        row = (await connection.execute(select(data_keys.c.wrapped).where(data_keys.c.id == LOOKUP_ID))).first()
        if row is not None and not self.seals:
            raise ConfigError("This store is encrypted, and VOI_STORE_KEY is not set.")
        if not self.seals:
            return
        if row is None:
            key = new_key()
            await connection.execute(insert(data_keys).values(self._wrapped(LOOKUP_ID, "", key)))
        else:
            key = self._unwrapped_by_master(LOOKUP_ID, row.wrapped)
        self._lookup_keys = [key, b""]

    # ---- keys -------------------------------------------------------------------------------------

    async def make(self, connection: Connection, parent_id: str = "", key_id: str = "") -> str:
        """Make a new key and return its id; "" if nothing is encrypted. `key_id` "": a new id."""
        if not self.seals:
            return ""
        key_id, key = key_id or uuid4().hex, new_key()
        parent = await self.find(connection, parent_id) if parent_id else None
        if parent is None:
            parent_id = ""
        await connection.execute(insert(data_keys).values(self._wrapped(key_id, parent_id, key, parent)))
        self._remember(key_id, key)
        return key_id

    async def find(self, connection: Connection, key_id: str) -> bytes | None:
        """The key; None if there is none, or it was deleted."""
        if not key_id or not self.seals:
            return None
        if key_id in self._cache:
            self._cache.move_to_end(key_id)
            return self._cache[key_id]
        row = (await connection.execute(select(data_keys).where(data_keys.c.id == key_id))).first()
        if row is None:
            return None
        if row.parent_id:
            parent = await self.find(connection, row.parent_id)
            if parent is None:
                return None
            key = unseal(parent, row.wrapped, _place(key_id, row.parent_id))
        else:
            key = self._unwrapped_by_master(key_id, row.wrapped)
        self._remember(key_id, key)
        return key

    async def delete(self, connection: Connection, key_ids: list[str]) -> None:
        """Delete keys and those under them."""
        gone = [key_id for key_id in key_ids if key_id]
        if not gone:
            return
        under = select(data_keys.c.id).where(data_keys.c.parent_id.in_(gone))
        children = list((await connection.execute(under)).scalars())
        await connection.execute(
            delete(data_keys).where(or_(data_keys.c.id.in_(gone), data_keys.c.parent_id.in_(gone)))
        )
        for key_id in (*gone, *children):
            self._cache.pop(key_id, None)

    async def rewrap(self, connection: Connection) -> int:
        """Seal all keys that a former operator's key sealed with the present one. Returns how many there are."""
        rows = (await connection.execute(select(data_keys).where(data_keys.c.parent_id == ""))).all()
        for row in rows:
            key = self._unwrapped_by_master(row.id, row.wrapped)
            await connection.execute(
                data_keys.update().where(data_keys.c.id == row.id).values(self._wrapped(row.id, "", key))
            )
        return len(rows)

    def lookups(self, app: str, name: str) -> list[bytes]:
        """Hashes to find a person by; the first is what new rows get."""
        said = f"{app}\0{name}".encode()
        return [hmac.digest(key, said, "sha256") for key in self._lookup_keys]

    def _wrapped(self, key_id: str, parent_id: str, key: bytes, parent: bytes | None = None) -> dict[str, str | bytes]:
        box = seal(parent or self._masters[0], key, _place(key_id, parent_id))
        return {"id": key_id, "parent_id": parent_id, "wrapped": box}

    def _unwrapped_by_master(self, key_id: str, wrapped: bytes) -> bytes:
        for master in self._masters:
            try:
                return unseal(master, wrapped, _place(key_id, ""))
            except Unreadable:
                continue
        raise ConfigError("VOI_STORE_KEY is not the key that this store was encrypted with.")

    def _remember(self, key_id: str, key: bytes) -> None:
        self._cache[key_id] = key
        if len(self._cache) > CACHED_MAX:
            self._cache.popitem(last=False)


def sealed(key: bytes | None, words: str, place: str) -> bytes:
    """The value of a `Sealed` column: encrypted for that place, or plain without a key."""
    plain = words.encode("utf-8", "replace")  # a model may write half a surrogate pair
    return _PLAIN + plain if key is None else _SEALED + seal(key, plain, place.encode())


def opened(key: bytes | None, value: bytes, place: str) -> str | None:
    """What `sealed` was given; None: its key was deleted. Raises Unreadable for a value that is damaged, or was moved
    there from another place."""
    if value[:1] == _PLAIN:
        return value[1:].decode()
    return None if key is None else unseal(key, value[1:], place.encode()).decode()


def is_plain(value: bytes) -> bool:
    """Whether the value can be read without a key."""
    return value[:1] == _PLAIN


def _place(key_id: str, parent_id: str) -> bytes:
    return f"key {key_id} {parent_id}".encode()
