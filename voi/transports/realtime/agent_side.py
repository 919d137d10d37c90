"""The agent's side of a Realtime conversation: what the session tells of its replies, as responses."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from voi.core.actions import Status
from voi.core.replies import INTERRUPTED
from voi.dialogue import Message, ReplySegment
from voi.session import events
from voi.transports.realtime.formats import FormatEncoder, FormatName
from voi.transports.realtime.items import ItemList
from voi.transports.realtime.responses import AgentResponse, ResponseStatus
from voi.transports.realtime.settings import RealtimeSettings
from voi.transports.realtime.wire import Emit, Json, new_id

PAST_MAX = 64
CALLS_MAX = 256
"""How many function calls may wait for the client. Older ones are left to their time limit."""


@dataclass(frozen=True, slots=True)
class ResponseWish:
    """What a `response.create` asks for. `given`: what it is to answer; None: the dialogue. `own`: settings that it has
    in place of the session's. `event_id`: its client's event; None: it has no id."""

    instructions: str = ""
    metadata: Json | None = None
    given: tuple[Message, ...] | None = None
    own: Json = field(default_factory=dict)
    event_id: str | None = None


class SoundOut(Protocol):
    """Where the agent's sound goes: into events, or onto a media track."""

    def play(self, response: AgentResponse, message_id: int, pcm: bytes) -> None:
        """More sound of that message: s16le mono at 24 kHz."""

    def ended(self, response: AgentResponse, message_id: int) -> None:
        """All sound of that message was given."""

    def cleared(self, response_id: str, message_id: int) -> None:
        """The sound of that message was stopped: drop what was not heard yet."""

    def played(self, response_id: str, message_id: int) -> None:
        """All sound of that message was heard."""


class SoundInEvents:
    """`SoundOut` for clients that get the sound in `response.output_audio.delta`."""

    def __init__(self, format_name: Callable[[], FormatName]) -> None:
        self._format_name = format_name
        self._encoders: dict[int, FormatEncoder] = {}

    def play(self, response: AgentResponse, message_id: int, pcm: bytes) -> None:
        encoder = self._encoders.get(message_id)
        if encoder is None:
            encoder = self._encoders[message_id] = FormatEncoder(self._format_name())
        response.sound(message_id, encoder.encode(pcm))

    def ended(self, response: AgentResponse, message_id: int) -> None:
        encoder = self._encoders.pop(message_id, None)
        if encoder is not None:
            response.sound(message_id, encoder.flush())

    def cleared(self, response_id: str, message_id: int) -> None:
        self._encoders.pop(message_id, None)

    def played(self, response_id: str, message_id: int) -> None:
        """The client knows."""


class AgentSide:
    """Turns what the session tells of replies into responses. `usage` returns what a response used since the one
    before. `on_over` is called with the status of a response that is done, `on_quiet` when all sound was heard."""

    __slots__ = (
        "_conversation_id", "_emit", "_error", "_items", "_on_over", "_on_quiet", "_past", "_settings", "_sound_out",
        "_sounding", "_usage", "calls", "outputs", "response", "waived", "wish",
    )  # fmt: skip

    def __init__(
        self,
        emit: Emit,
        items: ItemList,
        settings: Callable[[], RealtimeSettings],
        conversation_id: str,
        sound_out: SoundOut,
        usage: Callable[[], Json],
        on_over: Callable[[ResponseStatus], None],
        on_quiet: Callable[[], None],
    ) -> None:
        self._emit, self._items, self._settings = emit, items, settings
        self._conversation_id = conversation_id
        self._sound_out, self._usage = sound_out, usage
        self._on_over, self._on_quiet = on_over, on_quiet
        self.response: AgentResponse | None = None
        """The one that is in progress."""
        self.wish: ResponseWish | None = None
        """What the next response was asked for with."""
        self.calls: dict[str, str] = {}
        """Function calls that the client has not answered, each with its number in the session."""
        self.waived: set[str] = set()
        """Those of them that nobody waits for: what they return is known, and answered when that is asked for."""
        self.outputs: dict[str, str] = {}
        """Outputs of functions that the session was not given yet, by call id."""
        self._past: deque[int] = deque(maxlen=PAST_MAX)
        """Messages of responses that are over."""
        self._sounding: dict[int, str] = {}
        """Messages whose sound is being heard, each with its response."""
        self._error = ""

    @property
    def sounding(self) -> bool:
        """The person hears the agent."""
        return bool(self._sounding)

    @property
    def speaks(self) -> bool:
        """It is answering, or heard."""
        return self.response is not None or self.sounding

    @property
    def playing_id(self) -> int | None:
        """The message whose sound is heard now."""
        return next(iter(self._sounding), None)

    def sounds(self, message_id: int) -> bool:
        """The person hears that message."""
        return message_id in self._sounding

    def begin(self, *, asked: bool) -> AgentResponse:
        """A response begins; one that still goes on is done."""
        if self.response is not None:
            self.finish("completed")
            if self.response is not None:  # the client had asked for one more
                return self.response
        settings, wish, self.wish = self._settings(), self.wish, None
        self.response = response = AgentResponse(
            self._emit,
            self._items,
            conversation_id=self._conversation_id,
            asked=asked,
            sound=not settings.silent,
            audio=settings.output_audio(),
            metadata=wish.metadata if wish else None,
            max_output_tokens=settings.max_output_tokens,
        )
        response.created()
        return response

    def finish(self, status: ResponseStatus, reason: str = "") -> None:
        """The response in progress is over."""
        response, self.response = self.response, None
        if response is None:
            return
        self._past.extend(response.message_ids)
        response.reason = response.reason or reason
        if status == "failed":
            response.error, self._error = self._error or "The agent had no answer.", ""
        response.finish(status, self._usage())
        self._on_over(status)

    def interrupted(self, reason: str) -> None:
        """What is said now will be stopped, for that reason."""
        if self.response is not None:
            self.response.reason = reason

    # ---- what the session tells -----------------------------------------------------------------------

    def status(self, status: Status, unfinished: str = "") -> None:
        response = self.response
        match status:
            case Status.RESPONSE_CREATED:
                if response is None or response.used:
                    self.begin(asked=True)
            case Status.RESPONSE_DONE if response is not None:
                response.written, response.unfinished = True, unfinished
                if not response.spoken:  # nothing of it is still to be heard
                    for message_id in [each for each in response.awaited if response.item_of(each) is not None]:
                        response.message_done(message_id)
                self._maybe_over()
            case Status.RESPONSE_CANCELLED if response is not None:
                if response.reason:
                    self.finish("cancelled")
                else:
                    self.finish("failed" if self._error else "cancelled" if response.open else "completed")

    def failed(self, words: str) -> bool:
        """Something went wrong. False if it does not belong to a response."""
        if self.response is not None:
            self._error = words
        return self.response is not None

    def text(self, piece: events.AgentText) -> None:
        if piece.text and (response := self._of(piece.message_id)) is not None:
            response.text(piece.message_id, ReplySegment(piece.text, piece.voice, piece.tone))

    def sound(self, sound: events.Sound) -> None:
        response = self._of(sound.message_id)
        if response is None:
            return
        self._sounding.setdefault(sound.message_id, response.id)
        self._sound_out.play(response, sound.message_id, sound.pcm)
        if (item := response.item_of(sound.message_id)) is not None:
            item.sent_ms += len(sound.pcm) // 48

    def sound_ended(self, message_id: int) -> None:
        response = self.response
        if response is not None and response.has(message_id):
            self._sound_out.ended(response, message_id)
            response.message_done(message_id)
            self._maybe_over()

    def sound_cleared(self, message_id: int) -> None:
        response_id = self._sounding.pop(message_id, None)
        if response_id is not None:
            self._sound_out.cleared(response_id, message_id)
        if self.response is not None and self.response.has(message_id):
            self.response.message_done(message_id, whole=False)
            self.finish("cancelled", "turn_detected")

    def sound_played(self, message_id: int) -> None:
        response_id = self._sounding.pop(message_id, None)
        if response_id is not None:
            self._sound_out.played(response_id, message_id)
        if not self._sounding:
            self._on_quiet()

    def message(self, message: events.AgentMessage) -> None:
        """The newest text of a message: it is kept for those who retrieve it. Beyond its end: what was heard of it."""
        response = self.response
        if not message.text and response is not None and response.written and response.has(message.message_id):
            response.message_done(message.message_id, whole=False)  # it was stopped before its first sound
            self.finish("cancelled", "turn_detected")
            return
        item = self._items.of_message(message.message_id)
        if item is None and message.text and message.message_id >= 0:
            if (response := self._of(message.message_id)) is not None:
                response.awaited.add(message.message_id)
            return
        if item is None or item.role != "assistant" or not item.content or message.message_id < 0:
            return
        part = item.content[0]
        part["transcript" if part["type"] == "output_audio" else "text"] = message.text.removesuffix(INTERRUPTED)

    def function_called(self, call: events.AppToolCalled) -> None:
        response = self.response or self.begin(asked=False)
        call_id = new_id("call")
        self.calls[call_id] = call.number
        while len(self.calls) > CALLS_MAX:
            del self.calls[next(iter(self.calls))]
        response.function_call(call_id, call.name, call.arguments)
        # all calls of one reply are told in one turn of the event loop
        asyncio.get_running_loop().call_soon(self._calls_told, response)

    def _calls_told(self, response: AgentResponse) -> None:
        response.handed = True
        if response is self.response:
            self._maybe_over()

    def withdrawn(self, number: str) -> None:
        """Nobody waits for that function any more."""
        for call_id in [call_id for call_id, other in self.calls.items() if other == number]:
            del self.calls[call_id]
            self.outputs.pop(call_id, None)

    def _of(self, message_id: int) -> AgentResponse | None:
        """The response that a message is part of; None: it was over before."""
        response = self.response
        if response is not None and response.has(message_id):
            return response
        if message_id in self._past:
            return None
        return response or self.begin(asked=False)

    def _maybe_over(self) -> None:
        response = self.response
        if response is None or response.open:
            return
        if response.written or not response.asked or (response.calls and response.handed):
            self.finish("incomplete" if response.unfinished else "completed")
