"""The conversations of this server whose clients may come back over another connection."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

from voi.calls.call import Call

RESUME_GONE = 4004
"""Close code (RFC 6455 leaves 4000 to 4999 to applications): there is no such conversation, or not any more."""
GONE = "There is no conversation to resume under that id: it is over, or its time to come back has passed."


class ResumableCall(Protocol):
    """A conversation whose client may come back. `id`: a secret, with which it is resumed."""

    @property
    def id(self) -> str: ...

    @property
    def call(self) -> Call: ...


AnyResumable = TypeVar("AnyResumable", bound=ResumableCall)


class Resumables(Generic[AnyResumable]):
    """All resumable conversations of one kind of door. `within_s`: how long a client may be away; 0: none may come
    back."""

    def __init__(self, within_s: float) -> None:
        self.within_s = within_s
        self._all: dict[bytes, AnyResumable] = {}
        """By a hash of the id, so that the duration of a look-up reveals nothing about existing ids."""
        self._apps: Counter[str] = Counter()
        self._knocking: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._all)

    def add(self, resumable: AnyResumable) -> Callable[[], None]:
        """Keep it. Returns what its door has to call when it is closed: it is kept no longer."""
        key = _key(resumable.id)
        self._all[key] = resumable
        self._apps[resumable.call.app] += 1
        return lambda: self._remove(key)

    def _remove(self, key: bytes) -> None:
        resumable = self._all.pop(key, None)
        if resumable is not None:
            self._apps[resumable.call.app] -= 1
            if not self._apps[resumable.call.app]:
                del self._apps[resumable.call.app]

    def __iter__(self) -> Iterator[AnyResumable]:
        return iter(list(self._all.values()))

    def find(self, resume_id: str, app: str, person: str | None) -> AnyResumable | None:
        """The conversation of that id, if it is that app's and that person's (None: anybody's), and not over."""
        resumable = self._all.get(_key(resume_id))
        if resumable is None or resumable.call.ending or resumable.call.app != app:
            return None
        return resumable if person in (None, resumable.call.person) else None

    def knock(self, app: str) -> bool:
        """A connection of that app came for which there is no place. True if it may want to resume a conversation: no
        more wait for their first message than there are conversations. `leave` follows then."""
        knocks = self._knocking[app] < self._apps[app]
        if knocks:
            self._knocking[app] += 1
        return knocks

    def leave(self, app: str) -> None:
        """A connection that knocked has said what it wants, or is gone."""
        self._knocking[app] -= 1
        if not self._knocking[app]:
            del self._knocking[app]


def _key(resume_id: str) -> bytes:
    return hashlib.sha256(resume_id.encode("utf-8", "surrogatepass")).digest()
