"""The RTVI door: tells a session's events to an RTVI client, and turns the client's messages into calls on the
session."""

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from voi.audio.resample import Resampler
from voi.calls.intake import Intake, open_intake
from voi.core import facts
from voi.core.actions import Status
from voi.engines.llm.picture_url import checked_picture_url
from voi.errors import ClientError
from voi.session import events
from voi.session.events import DoorEvent
from voi.session.session import Session
from voi.tasks import Tasks
from voi.transports.endings import ending
from voi.transports.rtvi import wire
from voi.transports.rtvi.frames import InterruptionFrame, SoundFrame
from voi.transports.rtvi.from_client import (
    AppRequest,
    ButtonsPressed,
    CannotAnswer,
    ClientReady,
    DisconnectBot,
    FromRtvi,
    FunctionResult,
    NobodyAnswers,
    PageTold,
    SendPicture,
    SendText,
    SoundBatch,
)
from voi.transports.rtvi.pacing import PacedSound
from voi.transports.rtvi.quiet_answer import QuietAnswer
from voi.transports.rtvi.spoken import SpokenText
from voi.transports.websocket import NORMAL, MessageSocket

INPUT_RATES_HZ = frozenset({8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000})
TYPED_MAX = 16
"""How many typed texts are told apart from what is said in the same message."""
MESSAGES_MAX = 8
"""Of how many of the agent's messages at once it is known what was heard."""


@dataclass(slots=True)
class _ToldMessage:
    """One of the agent's messages."""

    text: SpokenText
    voicing: bool = False
    """bot-tts-started was sent, and bot-tts-stopped was not."""


class RtviDoor:
    """`Door` for one RTVI client, and `receive` for what that client sends. `on_goodbye` is called when the client
    wants to end the conversation."""

    name = "rtvi"
    kind = "app"

    def __init__(self, socket: MessageSocket, output_rate_hz: int = wire.OUTPUT_RATE_HZ) -> None:
        self.output_rate_hz = output_rate_hz
        self.encoding: wire.Encoding = wire.ProtobufEncoding()
        self.legacy = False
        """The client speaks RTVI 1."""
        self.tells_vad = False
        """The client wants to be told of voice and silence by messages of their own, too."""
        self.on_goodbye: Callable[[], None] = lambda: None
        self._socket = socket
        self._tasks = Tasks()
        self._session: Session | None = None
        self._intake: Intake | None = None
        self._input_rate_hz = 0
        self._paced = PacedSound(output_rate_hz, self._send_sound, self._look, lambda: socket.backlog_bytes)
        self._speeches: dict[int, _ToldMessage] = {}
        self._segments: Iterator[int] = itertools.count(1)
        self._sounding: deque[int] = deque()
        """Messages whose sound was begun to be sent: the first is heard now."""
        self._writing = False
        """bot-llm-started was sent, and bot-llm-stopped was not."""
        self._written = (-1, "")
        """The newest message of the agent, as far as its text was told."""
        self._user = (-1, "")
        """The person's newest message, as far as its text was told as final, or typed."""
        self._typed: deque[str] = deque(maxlen=TYPED_MAX)
        self._quiet = QuietAnswer()
        self._calls: dict[str, str] = {}
        """Names of the functions that the client is to run, by number."""

    def open(self, session: Session) -> None:
        """The session is ready: pass the client's messages on from now on."""
        self._session = session

    async def aclose(self) -> None:
        self._session = None
        self._paced.close()
        intake, self._intake = self._intake, None
        if intake is not None:
            await intake.aclose()
        await self._tasks.close()

    @property
    def backlog_bytes(self) -> int:
        return self._socket.backlog_bytes + self._paced.waiting_bytes

    # ---- from the client --------------------------------------------------------------------------

    def receive(self, received: FromRtvi) -> None:
        """Handle a message of the client. Raises ClientError for a mistake of the client."""
        session = self._session
        if session is None:
            return  # before the beginning or after the end
        try:
            self._receive(session, received)
        except CannotAnswer:
            raise
        except ClientError as error:
            raise (CannotAnswer(received.id, str(error)) if received.id else error) from None

    def _receive(self, session: Session, received: FromRtvi) -> None:
        match received.message:
            case SoundFrame() as sound:
                self._hear(session, sound)
            case SoundBatch(pieces):
                for piece in pieces:
                    self._hear(session, piece)
            case SendText(content, answer, spoken):
                self._type(session, content, received.id)
                if answer:
                    self._answer(session, spoken=spoken)
            case SendPicture(url, content, answer, spoken):
                session.show_picture(checked_picture_url(url))
                if content.strip():
                    self._type(session, content, received.id)
                if answer:
                    self._answer(session, spoken=spoken)
            case FunctionResult(number, result):
                session.door_answers(number, result)
                self._function_over(number, cancelled=False)
            case ButtonsPressed(buttons):
                for button in buttons:
                    session.key_pressed(button)
            case InterruptionFrame():
                session.tell(facts.Interrupted(None))
            case DisconnectBot():
                self._goodbye()
            case AppRequest(kind, data):
                self._asked(kind, data, received.id)
            case PageTold():
                pass
            case ClientReady():
                raise ClientError("client-ready was already sent: a connection has one conversation.")

    def _type(self, session: Session, content: str, message_id: str) -> None:
        self._typed.append(content.strip())
        self._tell(wire.user_input(content, "chat", message_id=message_id))
        session.tell(facts.TextTyped(content))

    def _answer(self, session: Session, *, spoken: bool) -> None:
        self._quiet.ask(session, spoken=spoken)
        session.tell(facts.AnswerAsked())

    def _hear(self, session: Session, sound: SoundFrame) -> None:
        if sound.channels != 1 or sound.rate_hz not in INPUT_RATES_HZ:
            raise ClientError("Sound is taken as s16le, mono, at one of the usual rates; 16000 Hz is best.")
        if self._intake is None:
            self._input_rate_hz, hear = sound.rate_hz, session.hear
            if sound.rate_hz != wire.INPUT_RATE_HZ:
                resampler = Resampler(sound.rate_hz, wire.INPUT_RATE_HZ)
                hear = lambda pcm: session.hear(resampler.push(pcm))  # noqa: E731
            self._intake = open_intake(None, sound.rate_hz, hear, self._report, self._tasks)
        elif sound.rate_hz != self._input_rate_hz:
            raise ClientError(f"Sound began at {self._input_rate_hz} Hz: its rate does not change.")
        self._intake.sound(sound.pcm)

    def _goodbye(self) -> None:
        self.on_goodbye()
        self._socket.close(NORMAL)

    def _asked(self, kind: str, data: object, message_id: str) -> None:
        """A `client-message`. The kinds that pipecat's `evals` send are known, others belong to an app."""
        if kind == "eval-configure":
            self.tells_vad = isinstance(data, dict) and data.get("vad_user_speaking") is True
        elif kind == "eval-cancel":
            self._goodbye()
        elif kind != "eval-connect":
            raise NobodyAnswers(message_id, f"Nothing here answers client messages of type {kind[:40]}.")

    # ---- to the client ----------------------------------------------------------------------------

    def ready(self, message_id: str, version: str, about_version: str, *, audio_out: bool) -> None:
        """Answer `client-ready`."""
        self._tell(wire.bot_ready(message_id, version, about_version, audio_out=audio_out))

    def correct(self, error: ClientError) -> None:
        """A message of the client could not be used."""
        if isinstance(error, CannotAnswer) and error.message_id:
            self._tell(wire.error_response(error.message_id, str(error)))
        else:
            self._report(str(error))

    def tell(self, event: DoorEvent) -> None:
        """Send the event to the client. An event without a message in the protocol is ignored."""
        match event:
            case events.Sound(message_id, pcm):
                self._play(message_id, pcm)
            case events.SpeechStarted():
                self._quiet.over()
                self._tell(wire.to_json("user-started-speaking"))
                if self.tells_vad:
                    self._tell(wire.to_json("vad-user-started-speaking"))
            case events.SpeechStopped():
                if self.tells_vad:
                    self._tell(wire.to_json("vad-user-stopped-speaking"))
                self._tell(wire.to_json("user-stopped-speaking"))
            case events.UserMessage():
                self._user_said(event)
            case events.AgentMessage(message_id, text, final):
                self._agent_wrote(message_id, text, final=final)
            case events.AgentText(message_id, piece, text):
                if text.strip():
                    self._tell(wire.text_of("bot-transcription", text.strip()))
                self._tell_all(self._speech(message_id).text.add(piece, text, spoken=event.spoken))
            case events.AgentVoiced(message_id, piece, start_ms, audio_ms, words):
                self._speech(message_id).text.voiced(piece, start_ms, audio_ms, words)
            case events.SoundEnded(message_id):
                self._stop_voicing(message_id)
                self._paced.end(message_id)
                self._look()
            case events.SoundCleared(message_id):
                self._clear(message_id)
            case events.StatusChanged(status):
                self._quiet.status(status)
                self._status(status)
            case events.ErrorReported(text):
                self._report(text)
            case events.AppToolCalled(number, name, arguments):
                self._calls[number] = name
                self._tell_all(wire.function_call(number, name, arguments, legacy=self.legacy))
            case events.RequestWithdrawn(number):
                self._function_over(number, cancelled=True)
            case events.AppMessage(content):
                self._tell(wire.server_message({"type": "app-message", "content": content}))
            case events.Ended():
                self._end(event)

    def _user_said(self, message: events.UserMessage) -> None:
        """RTVI takes each final transcription for a new one, so only what is new in the message is told."""
        told = self._user[1] if self._user[0] == message.message_id else ""
        if not message.text.startswith(told):
            told = ""
        while self._typed and (rest := message.text[len(told) :].lstrip()).startswith(self._typed[0]):
            told = message.text[: len(message.text) - len(rest) + len(self._typed.popleft())]
        text = message.text[len(told) :].strip()
        if text:
            self._tell(wire.user_input(text, "transcription", final=message.final))
            self._tell(wire.user_transcription(text, final=message.final))
        if message.final and message.text:
            self._tell(wire.text_of("user-llm-text", message.text))
        self._user = (message.message_id, message.text if message.final else told)

    def _agent_wrote(self, message_id: int, text: str, *, final: bool) -> None:
        told = self._written[1] if self._written[0] == message_id else ""
        if text.startswith(told) and len(text) > len(told):
            begun = self._writing
            self._status(Status.RESPONSE_CREATED)
            self._tell(wire.text_of("bot-llm-text", text[len(told) :]))
            if final and not begun:  # a greeting, or another phrase that no model wrote
                self._status(Status.RESPONSE_DONE)
        self._written = (message_id, text)

    def _status(self, status: Status) -> None:
        if status is Status.RESPONSE_CREATED and not self._writing:
            self._writing = True
            self._tell(wire.to_json("bot-llm-started"))
        elif status in (Status.RESPONSE_DONE, Status.RESPONSE_CANCELLED) and self._writing:
            self._writing = False
            self._tell(wire.to_json("bot-llm-stopped"))

    def _function_over(self, number: str, *, cancelled: bool) -> None:
        name = self._calls.pop(number, None)
        if name is not None and not self.legacy:
            self._tell(wire.function_call_stopped(number, name, cancelled=cancelled))

    def _end(self, event: events.Ended) -> None:
        code, words = ending(event)
        if words and code != NORMAL:  # silence, or the end of the time limit, is not an error
            self._tell(wire.error(words, fatal=True))
        self._socket.close(code, words)

    # ---- what is heard ----------------------------------------------------------------------------

    def _speech(self, message_id: int) -> _ToldMessage:
        speech = self._speeches.get(message_id)
        if speech is None:
            speech = self._speeches[message_id] = _ToldMessage(SpokenText(self._segments, legacy=self.legacy))
            if len(self._speeches) > MESSAGES_MAX:
                del self._speeches[next(iter(self._speeches))]
        return speech

    def _play(self, message_id: int, pcm: bytes) -> None:
        speech = self._speech(message_id)
        if not speech.voicing:
            speech.voicing = True
            self._tell(wire.to_json("bot-tts-started"))
        self._paced.put(message_id, pcm)

    def _stop_voicing(self, message_id: int) -> None:
        speech = self._speeches.get(message_id)
        if speech is not None and speech.voicing:
            speech.voicing = False
            self._tell(wire.to_json("bot-tts-stopped"))

    def _send_sound(self, message_id: int, pcm: bytes) -> None:
        if message_id not in self._sounding:
            self._sounding.append(message_id)
            if len(self._sounding) == 1:
                self._begin_speaking()
        sound = self.encoding.sound(pcm, self.output_rate_hz)
        if sound is not None:
            self._send(sound)

    def _begin_speaking(self) -> None:
        self._tell(wire.to_json("bot-started-speaking"))
        self._tell_all(self._speech(self._sounding[0]).text.heard(0))

    def _look(self) -> None:
        """Tell what was heard since the last time."""
        while self._sounding:
            message_id = self._sounding[0]
            text = self._speech(message_id).text
            if not self._paced.all_heard(message_id):
                self._tell_all(text.heard(self._paced.heard_ms(message_id) or 0))
                return
            self._tell_all(text.all_heard())
            self._forget(message_id)

    def _clear(self, message_id: int) -> None:
        """The sound was stopped: what waits here is dropped, and the client is told to drop what it has."""
        self._look()
        if self.encoding.interruption is not None:
            self._send(self.encoding.interruption)
        self._tell(wire.to_json("bot-interrupted"))
        self._stop_voicing(message_id)
        self._forget(message_id)

    def _forget(self, message_id: int) -> None:
        self._paced.clear(message_id)
        self._speeches.pop(message_id, None)
        if message_id not in self._sounding:
            return
        heard = self._sounding[0] == message_id
        self._sounding.remove(message_id)
        if heard:
            self._tell(wire.to_json("bot-stopped-speaking"))
            if self._sounding:
                self._begin_speaking()

    # ---- sending ----------------------------------------------------------------------------------

    def _report(self, text: str) -> None:
        self._tell(wire.error(text, fatal=False))

    def _tell_all(self, messages: list[bytes]) -> None:
        for message in messages:
            self._tell(message)

    def _tell(self, message: bytes) -> None:
        self._send(self.encoding.message(message))

    def _send(self, message: bytes | str) -> None:
        if isinstance(message, str):
            self._socket.send_text(message.encode("utf-8", "replace"))
        else:
            self._socket.send(message)
