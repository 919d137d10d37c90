"""The conversations of this server whose clients may come back over another connection."""

import hashlib
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Protocol

from voi.calls.call import Call
from voi.transports.voi_ws.door import VoiDoor
from voi.transports.voi_ws.from_client import Init
from voi.transports.voi_ws.outbox import Outbox

SERVICE_RESTART = 1012
"""Close code (IANA's registry): the server is restarted, and the client should connect again."""
RESTARTING = "The server restarts. Connect again and resume."
RESUME_GONE = 4004
"""Close code (RFC 6455 leaves 4000 to 4999 to applications): there is no such conversation, or not any more."""
GONE = "There is no conversation to resume under that id: it is over, or its time to come back has passed."


class Replaceable(Protocol):
    """A connection, as the conversation sees it that it has."""

    def replace(self) -> None:
        """The client came back over another connection."""

    def let_go(self) -> None:
        """The conversation leaves this process: what still comes from the client is not for it."""


class Resumable:
    """One conversation whose client may come back. It counts what arrives from the client, over all connections."""

    __slots__ = ("audio_bytes", "call", "connection", "door", "id", "init", "messages", "outbox", "sound")

    def __init__(
        self,
        call: Call,
        door: VoiDoor,
        outbox: Outbox,
        connection: Replaceable,
        init: Init,
        resume_id: str = "",
    ) -> None:
        self.id = resume_id or secrets.token_urlsafe(24)
        self.call = call
        self.init = init
        self.door = door
        self.outbox = outbox
        self.sound: Callable[[bytes], None] = lambda pcm: None
        """Takes the person's sound."""
        self.connection: Replaceable | None = connection
        """The one that it has; None: the client is away."""
        self.messages = 0
        """Messages other than audio since `init`."""
        self.audio_bytes = 0


class Resumables:
    """All of them. `within_s`: how long a client may be away; 0: none may come back."""

    def __init__(self, within_s: float) -> None:
        self.within_s = within_s
        self._all: dict[bytes, Resumable] = {}
        """By a hash of the id, so that the time of a look-up tells nothing about the ids that there are."""
        self._apps: Counter[str] = Counter()
        self._knocking: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._all)

    def add(self, resumable: Resumable) -> None:
        """Keep it until its door is closed."""
        key = _key(resumable.id)
        self._all[key] = resumable
        self._apps[resumable.call.app] += 1
        resumable.door.on_closed = lambda: self._remove(key)

    def _remove(self, key: bytes) -> None:
        resumable = self._all.pop(key, None)
        if resumable is not None:
            self._apps[resumable.call.app] -= 1
            if not self._apps[resumable.call.app]:
                del self._apps[resumable.call.app]

    def __iter__(self) -> Iterator[Resumable]:
        return iter(list(self._all.values()))

    def find(self, resume_id: str, app: str, person: str) -> Resumable | None:
        """The conversation of that id, if it is that app's and that person's, and not over."""
        resumable = self._all.get(_key(resume_id))
        if resumable is None or resumable.call.ending or (resumable.call.app, resumable.call.person) != (app, person):
            return None
        return resumable

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
