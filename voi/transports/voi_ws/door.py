"""The Voi door: sends a session's events to a Voi client, and turns the client's messages into calls on the session."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from voi.audio.opus import encode_ogg_opus
from voi.calls.intake import Intake, open_intake
from voi.core import facts
from voi.core.actions import Status
from voi.core.options import Mode
from voi.engines.llm.picture_url import checked_picture_url
from voi.errors import ClientError, VoiError
from voi.session import events
from voi.session.events import DoorEvent
from voi.session.session import Session
from voi.tasks import Tasks
from voi.transports.endings import ending
from voi.transports.voi_ws import wire
from voi.transports.voi_ws.from_client import (
    AppToolResult,
    Audio,
    ClientMessage,
    CreateResponse,
    ImageUrl,
    Init,
    Interrupt,
    InvokeLlm,
    TypedText,
    type_of,
)
from voi.transports.websocket import NORMAL

log = logging.getLogger(__name__)

UPDATE_MS = 100
"""Shortest time between two updates of an answer that grows."""
MAX_INVOCATIONS = 2
INVOKE_TIMEOUT_S = 120.0
ENCODE_TIMEOUT_S = 30.0
MAX_SPEECH_BYTES = 10 * 60 * wire.OUTPUT_RATE_HZ * 2
"""Longest speech that is collected to be sent whole: ten minutes."""
BLOCK_BYTES = wire.OUTPUT_BLOCK_SAMPLES * 2

_TYPES: dict[Mode, frozenset[type[ClientMessage]]] = {
    "chat": frozenset(
        {
            Audio,
            TypedText,
            ImageUrl,
            CreateResponse,
            Interrupt,
            InvokeLlm,
            AppToolResult,
        }
    ),
    "call": frozenset({Audio, ImageUrl, Interrupt, InvokeLlm, AppToolResult}),
}


class Connection(Protocol):
    """What the door sends through: a WebSocket, or an outbox."""

    @property
    def backlog_bytes(self) -> int: ...

    def send(self, message: bytes) -> None: ...

    def close(self, code: int, reason: str = "") -> None: ...


class NotInThisMode(ClientError):
    """A message that is not allowed in this mode of conversation."""


@dataclass(slots=True)
class _Speech:
    header: bytes
    """The beginning of every audio frame of this speech."""
    size_bytes: int = 0
    odd: bytes = b""
    """Half a sample, kept until its other half arrives, because the client drops frames of odd length."""
    whole: bytearray = field(default_factory=bytearray)
    """All sound so far, if the client wants it in one piece."""


def _encode(pcm: bytes) -> bytes:
    return encode_ogg_opus(pcm, wire.OUTPUT_RATE_HZ)


class VoiDoor:
    """`Door` for one client of the Voi WebSocket protocol, and `receive` for what that client sends.

    `encode` makes one file of s16le mono at 24 kHz; it is called in a worker thread.
    """

    name = "voi"
    kind = "app"
    output_rate_hz = wire.OUTPUT_RATE_HZ

    def __init__(
        self,
        connection: Connection,
        *,
        encode: Callable[[bytes], bytes] = _encode,
    ) -> None:
        self._connection: Connection = connection
        self.on_closed: Callable[[], None] | None = None
        """Called once, when the door is closed."""
        self._mode: Mode = "chat"
        self._encode = encode
        self._whole = False
        """The client wants each speech in one piece."""
        self._lowers = False
        """The client lowers what it has not played yet."""
        self._tasks = Tasks()
        self._session: Session | None = None
        self._intake: Intake | None = None
        self._invocations = 0
        self._speeches: dict[int, _Speech] = {}
        self._encoding: dict[int, asyncio.Task[Any]] = {}
        self._updated_id = -1
        """Id of the answer that was shown last."""
        self._updated_s = 0.0
        self._waiting: events.AgentMessage | None = None
        """Its newest state, if that is still to be shown."""
        self._update: asyncio.TimerHandle | None = None
        self._encoder = asyncio.Lock()  # one at a time, so that speeches arrive in their order

    def open(self, session: Session, init: Init, done: bytes | None = None) -> Callable[[bytes], None]:
        """The session is ready: tell the client by `done` (b"": not at all; None: by `init_done`), and pass its
        messages on from now on. Returns the function that takes its sound. Raises ClientError if its audio format
        cannot be decoded here."""
        container = None if init.input_audio_format == "pcm16" else init.input_audio_format
        try:
            self._intake = open_intake(container, wire.INPUT_RATE_HZ, session.hear, self.report_error, self._tasks)
        except ClientError as error:
            raise ClientError(f"{error} Send input_audio_format pcm16: s16le, mono, 16 kHz.") from None
        self._mode, self._whole = init.options.mode, not init.options.stream_output_audio
        self._lowers = init.options.lowers_sound and not self._whole
        self._session = session
        if done != b"":
            self._connection.send(done or wire.init_done(init.agent_name))
        return self._intake.sound

    def dialogue(self) -> Iterator[bytes]:
        """Frames that show all messages so far."""
        for entry in self._session.dialogue() if self._session is not None else ():
            if entry.text or entry.image_urls:
                yield wire.message(entry.message_id, entry.role, entry.text, entry.image_urls)

    def show(self, frames: Iterable[bytes]) -> None:
        """Send frames that show the messages of another day."""
        for frame in frames:
            self._connection.send(frame)

    def send_through(self, connection: Connection) -> None:
        """Send over another connection from now on."""
        self._connection = connection

    async def quiet(self) -> None:
        """Wait until no decoding, encoding or `invoke_llm` is under way."""
        await self._tasks.join()

    async def aclose(self) -> None:
        """Cancel the door's tasks. Its conversation is over."""
        on_closed, self.on_closed = self.on_closed, None
        if on_closed is not None:
            on_closed()
        self._stop_waiting()
        intake, self._session, self._intake = self._intake, None, None
        await self._tasks.close()
        if intake is not None:
            await intake.aclose()

    # ---- from the client ------------------------------------------------------------------------

    def receive(self, message: ClientMessage) -> None:
        """Handle a message of the client. Raises ClientError for one that is not allowed here; the conversation goes
        on."""
        session, intake = self._session, self._intake
        if session is None or intake is None:
            return  # before the beginning or after the end
        if isinstance(message, Init):
            raise NotInThisMode("The init message was already sent: a connection has one conversation.")
        if type(message) not in _TYPES[self._mode]:
            raise NotInThisMode(f"Message type {type_of(message)} is not supported in mode {self._mode}")
        match message:
            case Audio(payload):
                intake.sound(payload)
            case TypedText(content):
                session.tell(facts.TextTyped(content))
            case ImageUrl(url):
                session.show_picture(_checked_image(url))
            case CreateResponse():
                intake.then(lambda: session.tell(facts.AnswerAsked()))
            case Interrupt(speech_id, played_ms):
                session.tell(facts.Interrupted(speech_id, played_ms))
            case AppToolResult(call_id, result, error):
                session.door_answers(call_id, error or result, failed=bool(error))
            case InvokeLlm():
                if self._invocations >= MAX_INVOCATIONS:
                    raise ClientError(f"invoke_llm: {MAX_INVOCATIONS} are being answered; wait for one of them.")
                self._invocations += 1
                self._tasks.start(self._invoke_llm(session, message), "invoke_llm")

    async def _invoke_llm(self, session: Session, asked: InvokeLlm) -> None:
        try:
            async with asyncio.timeout(INVOKE_TIMEOUT_S):
                content = await session.invoke_llm(asked.model, asked.prompt, list(asked.messages))
            self._connection.send(wire.llm_response(content))
        except VoiError as error:
            self.report_error(str(error))
        except TimeoutError:
            self.report_error(
                f"invoke_llm: no answer within {INVOKE_TIMEOUT_S:.0f} s; try again or take another model."
            )
        finally:
            self._invocations -= 1

    # ---- to the client ----------------------------------------------------------------------------

    def tell(self, event: DoorEvent) -> None:
        """Send the event to the client. An event without a message in the protocol is ignored."""
        if self._waiting is not None and type(event) in _BEHIND_MESSAGES:
            self._send_waiting()
        match event:
            case events.Sound(message_id, pcm):
                self._play(message_id, pcm)
            case events.UserMessage(message_id, text, image_urls):
                self._connection.send(wire.message(message_id, "user", text, image_urls))
            case events.AgentMessage():
                self._show_answer(event)
            case events.StatusChanged(status):
                if status is not Status.RESPONSE_CREATED or self._mode != "call":
                    self._connection.send(_STATUS_FRAMES[status])
                # otherwise the client would lock its controls, and in a call there is nothing to wait for
            case events.SoundEnded(message_id):
                self._end_speech(message_id)
            case events.SoundCleared(message_id):
                self._clear(message_id)
            case events.SoundLowered(message_id, gain_db) if self._lowers:
                self._connection.send(wire.sound_lowered(message_id, gain_db))
            case events.ErrorReported(text):
                self.report_error(text)
            case events.AppToolCalled(number, name, arguments):
                self._connection.send(wire.tool_call(number, name, arguments))
            case events.RequestWithdrawn(number):
                self._connection.send(wire.tool_cancel(number))
            case events.AppMessage(content):
                self._connection.send(wire.app_message(content))
            case events.Ended():
                self._end(event)

    def _show_answer(self, message: events.AgentMessage) -> None:
        """Each update sends the answer's whole text, which would be megabytes for a long one. So a growing answer is
        shown at most every UPDATE_MS, and at its end."""
        now_s = asyncio.get_running_loop().time()
        wait_s = UPDATE_MS / 1_000 - (now_s - self._updated_s)
        if message.message_id != self._updated_id or message.final or wait_s <= 0:
            self._stop_waiting()
            self._updated_id, self._updated_s = message.message_id, now_s
            self._connection.send(
                wire.message(message.message_id, "assistant", message.text, narrated=message.narrated)
            )
            return
        if self._waiting is None:
            self._update = asyncio.get_running_loop().call_later(wait_s, self._send_waiting)
        self._waiting = message

    def _send_waiting(self) -> None:
        message = self._waiting
        self._stop_waiting()
        if message is not None:
            self._updated_s = asyncio.get_running_loop().time()
            self._connection.send(
                wire.message(message.message_id, "assistant", message.text, narrated=message.narrated)
            )

    def _stop_waiting(self) -> None:
        self._waiting = None
        if self._update is not None:
            self._update.cancel()
            self._update = None

    def report_error(self, text: str) -> None:
        self._connection.send(wire.error(text))

    def _end(self, event: events.Ended) -> None:
        code, words = ending(event)
        if words and code != NORMAL:  # silence, or the end of the time limit, is not an error
            self.report_error(words)
        self._connection.close(code, words)

    def _play(self, message_id: int, pcm: bytes) -> None:
        speech = self._speeches.get(message_id)
        if speech is None:
            speech = self._speeches[message_id] = _Speech(wire.audio_header(message_id))
        if speech.odd:
            pcm, speech.odd = speech.odd + pcm, b""
        if len(pcm) % 2:
            pcm, speech.odd = pcm[:-1], pcm[-1:]
        if not pcm:
            return
        speech.size_bytes += len(pcm)
        if not self._whole:
            self._connection.send(speech.header + pcm)
        elif speech.size_bytes <= MAX_SPEECH_BYTES:
            speech.whole += pcm

    def _end_speech(self, message_id: int) -> None:
        speech = self._speeches.pop(message_id, None)
        if speech is None or not speech.size_bytes:
            self._connection.send(wire.speech_done(message_id))
        elif not self._whole:
            if padding := bytes(-speech.size_bytes % BLOCK_BYTES):
                self._connection.send(speech.header + padding)
            self._connection.send(wire.speech_done(message_id))
        else:
            self._encoding[message_id] = self._tasks.start(
                self._send_whole(message_id, speech), f"encode speech {message_id}"
            )

    async def _send_whole(self, message_id: int, speech: _Speech) -> None:
        try:
            async with self._encoder, asyncio.timeout(ENCODE_TIMEOUT_S):
                blob = await asyncio.to_thread(self._encode, bytes(speech.whole))
            self._connection.send(speech.header + blob)
        except (VoiError, TimeoutError) as error:
            self.report_error(f"The speech could not be encoded: {error or 'it took too long.'}")
        finally:
            self._encoding.pop(message_id, None)
        self._connection.send(wire.speech_done(message_id))

    def _clear(self, message_id: int) -> None:
        """Drop the sound that was not sent. The client drops what it has: it asked for the interruption, or is told of
        it by the status `user_interrupt`."""
        self._speeches.pop(message_id, None)
        encoding = self._encoding.pop(message_id, None)
        if encoding is not None:
            encoding.cancel()

    @property
    def backlog_bytes(self) -> int:
        return self._connection.backlog_bytes


def _checked_image(url: str | None) -> str:
    if url is None:
        raise ClientError("image_url: the picture was not uploaded, so the agent cannot see it. Try again.")
    return checked_picture_url(url)


_BEHIND_MESSAGES = (
    events.UserMessage, events.StatusChanged, events.SoundEnded, events.SoundCleared, events.ErrorReported, events.Ended
)  # fmt: skip
"""Events that are sent only after all waiting messages, because clients must know those first."""
_STATUS_FRAMES = {status: wire.status(status.value) for status in Status}
