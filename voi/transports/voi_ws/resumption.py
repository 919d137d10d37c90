"""The conversations of this server whose clients may come back over another connection."""

import hashlib
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from voi.calls.call import Call
from voi.core.end_reason import EndReason
from voi.errors import ClientError
from voi.session.events import Ended
from voi.session.session import Session
from voi.transports.endings import ending
from voi.transports.voi_ws import wire
from voi.transports.voi_ws.door import VoiDoor
from voi.transports.voi_ws.from_client import PLAIN_AUDIO, Audio, Init, Interrupt, ResumeCall, parse
from voi.transports.voi_ws.outbox import Outbox
from voi.transports.websocket import WebSocket

SERVICE_RESTART = 1012
"""Close code (IANA's registry): the server is restarted, and the client should connect again."""
RESTARTING = "The server restarts. Connect again and resume."
RESUME_GONE = 4004
"""Close code (RFC 6455 leaves 4000 to 4999 to applications): there is no such conversation, or not any more."""
GONE = "There is no conversation to resume under that id: it is over, or its time to come back has passed."


TEXT_FRAME = "messages are binary frames; this one was text."


class Resumable:
    """One conversation whose client may come back. It counts what arrives from the client, over all connections.
    `socket` None: there is none yet. `resume_id` "": it gets a new one."""

    __slots__ = ("_hear", "audio_bytes", "call", "door", "id", "init", "messages", "outbox", "socket")

    def __init__(self, call: Call, door: VoiDoor, socket: WebSocket | None, init: Init, resume_id: str = "") -> None:
        self.id = resume_id or secrets.token_urlsafe(24)
        self.call = call
        self.init = init
        self.door = door
        self.socket = socket
        """The connection that has the conversation; None: the client is away, or the conversation has left this
        process."""
        options = init.options
        self.outbox = Outbox(
            socket, call.stand_still, lambda: call.go_on({}),
            streams=options.mode == "call", pcm=options.stream_output_audio,
        )  # fmt: skip
        self._hear: Callable[[bytes], None] = lambda pcm: None
        self.messages = 0
        """Messages other than audio since `init`."""
        self.audio_bytes = 0

    def open(self, session: Session, done: bytes) -> None:
        """The session is ready: tell the client by `done` (b"": not at all)."""
        self.door.send_through(self.outbox)
        self._hear = self.door.open(session, self.init, done)

    def receive(self, message: bytes | str) -> None:
        """Handle a message of the client, and count it. Raises ClientError for one that cannot be used."""
        self.outbox.alive = True
        if isinstance(message, bytes) and message.startswith(PLAIN_AUDIO):
            self.audio_bytes += len(message) - len(PLAIN_AUDIO)
            self._hear(message[len(PLAIN_AUDIO) :])
            return
        try:
            if isinstance(message, str):
                raise ClientError(TEXT_FRAME)
            parsed = parse(message)
        except ClientError:
            self.messages += 1
            raise
        if isinstance(parsed, Audio):
            self.audio_bytes += len(parsed.payload)
        else:
            self.messages += 1
        if isinstance(parsed, Interrupt) and parsed.interrupted_at_ms is not None:
            # Clients count from the speech's beginning, which another process may have said.
            before_ms = self.outbox.before_ms(parsed.speech_id)
            parsed = replace(parsed, interrupted_at_ms=max(0, parsed.interrupted_at_ms - before_ms))
        self.door.receive(parsed)

    # ---- connections --------------------------------------------------------------------------------

    def lost(self) -> None:
        """The connection was lost."""
        self.socket = None
        self.outbox.detach()

    def check(self, resume: ResumeCall) -> None:
        """Raises ClientError if the client cannot have what it says that it has."""
        if resume.received is not None and not self.outbox.may_have(resume.received):
            raise ClientError(f"resume: so many messages were never sent: {resume.received}.")

    def resume(self, socket: WebSocket, resume: ResumeCall) -> None:
        """The client is back over that connection: send what it lacks, and go on. A connection that was not yet known
        to be lost is closed."""
        if self.socket is not None:
            code, words = ending(Ended(EndReason.REPLACED))
            self.socket.on_pong = None
            self.socket.close(code, words)
        self.call.stand_still()
        played = None if resume.played is None else (wire.shown_id(resume.played[0]), resume.played[1])
        sent = self.outbox.rewind(resume.received, played, self.door.dialogue())
        self.call.go_on(self.attach(socket, sent))

    def attach(self, socket: WebSocket, sent: int) -> dict[int, int]:
        """Go on over that connection. `sent`: the number of the last message that is not sent again. Returns how many
        bytes of sound the client gets again, by message id."""
        self.socket = socket
        socket.send(wire.resumed(sent, self.messages, self.audio_bytes))
        return self.outbox.attach(socket)


class Resumables:
    """All resumable conversations. `within_s`: how long a client may be away; 0: none may come back."""

    def __init__(self, within_s: float) -> None:
        self.within_s = within_s
        self._all: dict[bytes, Resumable] = {}
        """By a hash of the id, so that the duration of a look-up reveals nothing about existing ids."""
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

    def find(self, resume_id: str, app: str, person: str | None) -> Resumable | None:
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
