"""The Vocal node's door: tells a session's events to a client of the node's WebSocket, and the client's sound and typed
turns to the session.
"""

import asyncio
import time
from collections import deque

from voi.calls.intake import Intake, open_intake
from voi.core import facts
from voi.errors import ClientError
from voi.session import events
from voi.session.events import DoorEvent
from voi.session.session import Session
from voi.tasks import Tasks
from voi.transports.endings import ending
from voi.transports.vocal import wire
from voi.transports.vocal.wire import Typed
from voi.transports.websocket import NORMAL, MessageSocket

HELD_MAX_BYTES = 60 * wire.INPUT_RATE_HZ * 2
"""Sound of the person that may wait for the end of an answer: a minute. Of more, the oldest is dropped."""
HELD_TEXTS_MAX = 16
SILENT_FOR_S = 5.0
"""An answer of which no sound came for so long holds nobody up, even if its end was not told."""


class VocalDoor:
    """`Door` for one client of the Vocal node. `interruptible` False: what the person says or types during an answer
    waits until that was heard, as the node's clients expect unless they ask for interruptions."""

    name = "vocal"
    kind = "app"
    output_rate_hz = wire.OUTPUT_RATE_HZ

    def __init__(self, socket: MessageSocket, session_id: str) -> None:
        self.interruptible = False
        self._socket = socket
        self._session_id = session_id
        self._tasks = Tasks()
        self._session: Session | None = None
        self._intake: Intake | None = None
        self._streams: set[int] = set()
        """Messages whose `tts_stream_end` is owed."""
        self._sounding: set[int] = set()
        """Messages that are being heard."""
        self._last_sound_s = 0.0
        self._turn_told = -1
        """The person's message whose end was told."""
        self._held: deque[bytes | Typed] = deque()
        self._held_bytes = 0
        self._held_texts = 0
        self._look: asyncio.TimerHandle | None = None

    def open(self, session: Session) -> None:
        """The session is ready: pass on what the client sends from now on, and tell it so."""
        self._session = session
        self._intake = open_intake(None, wire.INPUT_RATE_HZ, session.hear, self.report, self._tasks)
        self._tell("call_ready")

    async def aclose(self) -> None:
        self._session = None
        self._held.clear()
        if self._look is not None:
            self._look.cancel()
        intake, self._intake = self._intake, None
        if intake is not None:
            await intake.aclose()
        await self._tasks.close()

    @property
    def backlog_bytes(self) -> int:
        return self._socket.backlog_bytes

    # ---- from the client --------------------------------------------------------------------------

    def receive(self, message: bytes | str) -> None:
        """Handle a message of the client. Raises ClientError for a mistake of the client."""
        if self._session is None:
            return  # before the beginning or after the end
        if isinstance(message, bytes):
            if len(message) % 2:
                raise ClientError("Sound is s16le: this frame had an odd number of bytes, and was dropped.")
            self._take(message)
        elif isinstance(read := wire.read_message(message), Typed):
            self._take(read)

    def _take(self, said: bytes | Typed) -> None:
        if self.interruptible or not (self._sounding or self._held):
            self._pass_on(said)
            return
        if isinstance(said, Typed):
            if self._held_texts >= HELD_TEXTS_MAX:
                raise ClientError(f"{HELD_TEXTS_MAX} texts wait for the end of the answer already.")
            self._held_texts += 1
        else:
            self._held_bytes += len(said)
        self._held.append(said)
        while self._held_bytes > HELD_MAX_BYTES:
            oldest = next(each for each in self._held if isinstance(each, bytes))
            self._held.remove(oldest)
            self._held_bytes -= len(oldest)

    def _pass_on(self, said: bytes | Typed) -> None:
        session, intake = self._session, self._intake
        if session is None or intake is None:
            return
        if isinstance(said, bytes):
            intake.sound(said)
            return
        text = said.text

        def typed() -> None:
            session.tell(facts.TextTyped(text))
            session.tell(facts.AnswerAsked())

        intake.then(typed)

    def _over(self, message_id: int) -> None:
        """That message is heard no more."""
        self._sounding.discard(message_id)
        if self._sounding:
            return
        held, self._held = self._held, deque()
        self._held_bytes = self._held_texts = 0
        for each in held:
            self._pass_on(each)

    # ---- to the client ----------------------------------------------------------------------------

    def report(self, text: str) -> None:
        """Tell the client of an error. The conversation goes on."""
        self._tell("error", error=text)

    def tell(self, event: DoorEvent) -> None:
        """Send the event to the client. An event without a message in the protocol is ignored."""
        match event:
            case events.Sound(message_id, pcm):
                self._play(message_id, pcm)
            case events.SoundEnded(message_id):
                self._end_stream(message_id)
            case events.SoundPlayed(message_id):
                self._over(message_id)
            case events.SoundCleared(message_id):
                if self.interruptible:
                    self._tell("new_conversation_turn")
                self._end_stream(message_id)
                self._over(message_id)
            case events.UserMessage(message_id, text, _, True) if text and message_id > self._turn_told:
                self._turn_told = message_id
                if self.interruptible and not self._streams:
                    self._tell("new_conversation_turn")
            case events.ErrorReported(text):
                self.report(text)
            case events.Ended():
                self._end(event)

    def _play(self, message_id: int, pcm: bytes) -> None:
        self._streams.add(message_id)
        self._sounding.add(message_id)
        loop = asyncio.get_running_loop()
        self._last_sound_s = loop.time()
        if self._look is None and not self.interruptible:
            self._look = loop.call_later(SILENT_FOR_S, self._look_again)
        self._socket.send_text(wire.sound(self._session_id, pcm, time.time()))

    def _look_again(self) -> None:
        self._look = None
        if not self._sounding:
            return
        loop = asyncio.get_running_loop()
        left_s = self._last_sound_s + SILENT_FOR_S - loop.time()
        if left_s > 0:
            self._look = loop.call_later(left_s, self._look_again)
        else:
            for message_id in tuple(self._sounding):
                self._over(message_id)

    def _end_stream(self, message_id: int) -> None:
        if message_id in self._streams:
            self._streams.discard(message_id)
            self._tell("tts_stream_end")

    def _end(self, event: events.Ended) -> None:
        for message_id in tuple(self._streams):
            self._end_stream(message_id)
        code, words = ending(event)
        if words and code != NORMAL:  # silence, or the end of the time limit, is not an error
            self.report(words)
        self._socket.close(code, words)

    def _tell(self, kind: str, **fields: object) -> None:
        self._socket.send_text(wire.told(kind, self._session_id, **fields))
