"""The Realtime door: sends a session's events to an OpenAI Realtime client. It knows no socket: events go out by
`Channel`, and sound by `SoundOut`, so that a WebSocket and WebRTC share it. What the client sends is for
`client_events.py`."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from voi.core.actions import Status
from voi.session import events
from voi.session.events import DoorEvent
from voi.session.session import Session
from voi.transports.realtime.agent_side import AgentSide, SoundInEvents, SoundOut
from voi.transports.realtime.endings import ending
from voi.transports.realtime.formats import RATE_HZ
from voi.transports.realtime.items import ItemList
from voi.transports.realtime.person_side import PersonSide
from voi.transports.realtime.responses import ResponseStatus
from voi.transports.realtime.settings import RealtimeSettings
from voi.transports.realtime.wire import Json, encode, error, limits, new_event_id, new_id


class Channel(Protocol):
    """Where events go: a WebSocket, or a data channel."""

    @property
    def backlog_bytes(self) -> int: ...

    def send(self, event: bytes) -> None:
        """Send one event, JSON in UTF-8. Never raises."""

    def end(self, event: events.Ended) -> None:
        """The conversation is over: say why, and close."""


class EventSink(Protocol):
    """Sends events in place of the channel, and keeps them until the client has them: an `EventOutbox`, which is made
    for a door."""

    @property
    def backlog_bytes(self) -> int: ...

    def send_event(self, event: Json) -> None:
        """Send an event that has its id. Never raises."""

    def close(self, code: int, reason: str = "") -> None: ...


class RealtimeDoor:
    """`Door` for one Realtime client. `usage`: tokens that the call took and gave so far. `sound_out` None: sound goes
    out in events."""

    name = "realtime"
    kind = "app"
    output_rate_hz = RATE_HZ

    def __init__(
        self, channel: Channel, usage: Callable[[], tuple[int, int]], sound_out: SoundOut | None = None
    ) -> None:
        self._channel = channel
        self._sink: EventSink | None = None
        self._usage_of_call, self._used = usage, (0, 0)
        self.sound_in_events = sound_out is None
        self.id = new_id("sess")
        self.conversation_id = new_id("conv")
        self._settings = RealtimeSettings()
        self.items = ItemList()
        self.session: Session | None = None
        """From `open` to the end."""
        self.commit: Callable[[], None] = lambda: None
        """Has the session take what was heard so far as their message."""
        self.forget: Callable[[int], None] = lambda message_id: None
        """Has the session take that message out of the dialogue."""
        self.on_response_over: Callable[[ResponseStatus], None] = lambda status: None
        self.on_quiet: Callable[[], None] = lambda: None
        """Called when the person has heard all of the agent's sound."""
        self.on_speech: Callable[[], None] = lambda: None
        """Called when the person begins to speak."""
        self.on_closed: Callable[[], Awaitable[None]] | None = None
        self.on_gone: Callable[[], None] = lambda: None
        """Called when the conversation is over."""
        if sound_out is None:
            sound_out = SoundInEvents(lambda: self.settings.output_format)
        self.agent = AgentSide(
            self.emit, self.items, lambda: self.settings, self.conversation_id, sound_out, self.usage,
            self._response_over, lambda: self.on_quiet(),
        )  # fmt: skip
        self.person = PersonSide(
            self.emit, self.items, lambda: self.settings, lambda: self.commit(),
            lambda: self.agent.speaks, lambda message_id: self.forget(message_id),
        )  # fmt: skip

    @property
    def settings(self) -> RealtimeSettings:
        """What the client chose."""
        return self._settings

    @settings.setter
    def settings(self, settings: RealtimeSettings) -> None:
        self._settings, self.person.manual = settings, settings.manual

    def emit(self, event: Json) -> None:
        """Send an event: its type and fields."""
        if self._sink is None:
            self._channel.send(encode(event))
        else:
            self._sink.send_event({"event_id": new_event_id(), **event})

    def send_through(self, sink: EventSink) -> None:
        """Send over this from now on."""
        self._sink = sink

    @property
    def backlog_bytes(self) -> int:
        return self._channel.backlog_bytes if self._sink is None else self._sink.backlog_bytes

    def _end(self, event: events.Ended) -> None:
        if self._sink is None:
            self._channel.end(event)
            return
        code, reason, told = ending(event)
        if told is not None:
            self.emit(told)
        self._sink.close(code, reason)

    def tell(self, event: DoorEvent) -> None:
        """See `Door`."""
        self._tell(event)
        if not self.agent.speaks:
            self.person.agent_finished()

    def _tell(self, event: DoorEvent) -> None:
        agent, person = self.agent, self.person
        match event:
            case events.Sound():
                agent.sound(event)
            case events.AgentText():
                agent.text(event)
            case events.AgentMessage():
                agent.message(event)
            case events.UserMessage(message_id):
                if message_id >= 0:  # else the client's own
                    person.message(event)
            case events.SpeechStarted(audio_ms):
                self.on_speech()
                person.speech_started(audio_ms, doubtful=agent.sounding and self.settings.interrupts)
            case events.SpeechStopped(audio_ms):
                person.speech_stopped(audio_ms)
            case events.TurnEnded():
                person.turn_ended()
            case events.StatusChanged(Status.USER_INTERRUPT):
                person.confirm()
                agent.interrupted("turn_detected")
            case events.StatusChanged(status, unfinished):
                agent.status(status, unfinished)
            case events.SoundEnded(message_id):
                agent.sound_ended(message_id)
            case events.SoundCleared(message_id):
                agent.sound_cleared(message_id)
            case events.SoundPlayed(message_id):
                agent.sound_played(message_id)
            case events.AppToolCalled():
                agent.function_called(event)
            case events.RequestWithdrawn(number):
                agent.withdrawn(number)
            case events.ErrorReported(text, of_hearing=True):
                person.failed(text)
            case events.ErrorReported(text):
                if not agent.failed(text):
                    self.emit(error(text, kind="server_error"))
            case events.Ended():
                self.session = None
                self._end(event)

    def _response_over(self, status: ResponseStatus) -> None:
        self.emit(limits())
        self.on_response_over(status)
        self.person.agent_finished()  # no event follows a response that calls functions

    def usage(self) -> Json:
        """What was used since the last response."""
        now = self._usage_of_call()
        taken, given = (max(0, new - old) for new, old in zip(now, self._used, strict=True))
        self._used = now
        return {
            "total_tokens": taken + given,
            "input_tokens": taken,
            "output_tokens": given,
            "input_token_details": {"cached_tokens": 0, "text_tokens": taken, "image_tokens": 0, "audio_tokens": 0},
            "output_token_details": {"text_tokens": given, "audio_tokens": 0},
        }

    async def aclose(self) -> None:
        """See `Door`."""
        self.session = None
        self.on_gone()
        on_closed, self.on_closed = self.on_closed, None
        if on_closed is not None:
            await on_closed()
