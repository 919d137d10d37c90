"""A conversation of a Voi client that may come back over another connection."""

import secrets
from collections.abc import Callable
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
        sent = self.outbox.show(resume.received, resume.played, self.door.dialogue())
        self.call.go_on(self.attach(socket, sent))

    def attach(self, socket: WebSocket, sent: int) -> dict[int, int]:
        """Go on over that connection. `sent`: the number of the last message that is not sent again. Returns how many
        bytes of sound the client gets again, by message id."""
        self.socket = socket
        socket.send(wire.resumed(sent, self.messages, self.audio_bytes))
        return self.outbox.attach(socket)
