"""One response of the agent as the Realtime protocol tells it: created, its output items grow, done."""

from dataclasses import dataclass, field
from typing import Literal

from voi.core.ledger import Joined
from voi.dialogue import ReplySegment
from voi.transports.realtime.items import DialogueItem, ItemList
from voi.transports.realtime.wire import Emit, Json, new_id

ResponseStatus = Literal["in_progress", "completed", "cancelled", "failed", "incomplete"]


@dataclass(slots=True)
class _GrowingMessage:
    """A message of the agent while it grows."""

    index: int
    item: DialogueItem
    joined: Joined = field(default_factory=Joined)
    text: str = ""
    """What was sent of its text."""
    open: bool = True
    sounded: bool = False


class AgentResponse:
    """Sends the events of one response. `asked`: a person or the client wants it. `sound`: its messages are spoken;
    else they are text. `metadata`: the client's own, returned to it. `audio`: how it sounds, for its JSON."""

    def __init__(
        self,
        emit: Emit,
        items: ItemList,
        *,
        conversation_id: str | None,
        asked: bool,
        sound: bool,
        audio: Json,
        metadata: Json | None = None,
        max_output_tokens: int | str = "inf",
    ) -> None:
        self.id = new_id("resp")
        self.asked = asked
        self.written = False
        """All its text is known."""
        self.calls = 0
        """How many functions of the client it calls."""
        self.handed = False
        """All calls that it has at the moment were told."""
        self.awaited: set[int] = set()
        """Messages whose end was not told yet."""
        self.unfinished = ""
        """Why its text ends before its end: "length", "content_filter"."""
        self.reason = ""
        """Why it is being cancelled."""
        self.error = ""
        self.status: ResponseStatus = "in_progress"
        self._emit, self._items = emit, items
        self._conversation_id, self._metadata, self._audio = conversation_id, metadata, audio
        self._max_output_tokens = max_output_tokens
        self._sound = sound
        self._outputs: dict[int, _GrowingMessage] = {}
        """The agent's messages in it, by id."""
        self._items_out: list[DialogueItem] = []

    def shown(self, usage: Json | None = None) -> Json:
        """The response as JSON."""
        details: Json | None = None
        if self.status != "in_progress":
            details = {"type": self.status}
            if self.status == "cancelled":
                details["reason"] = self.reason or "client_cancelled"
            if self.status == "incomplete":
                details["reason"] = "max_output_tokens" if self.unfinished == "length" else self.unfinished
            if self.status == "failed":
                details["error"] = {"type": "server_error", "code": "response_failed", "message": self.error}
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": self.status,
            "status_details": details,
            "output": [item.shown() for item in self._items_out],
            "conversation_id": self._conversation_id,
            "output_modalities": ["audio" if self._sound else "text"],
            "max_output_tokens": self._max_output_tokens,
            "audio": {"output": self._audio} if self._sound else None,
            "usage": usage,
            "metadata": self._metadata,
        }

    def created(self) -> None:
        self._emit({"type": "response.created", "response": self.shown()})

    @property
    def spoken(self) -> bool:
        """Its messages have sound."""
        return self._sound

    @property
    def used(self) -> bool:
        """It has output, or its text is known."""
        return bool(self._items_out) or self.written

    @property
    def open(self) -> bool:
        """Some of its messages are still to be written or sounded."""
        return bool(self.awaited)

    def has(self, message_id: int) -> bool:
        return message_id in self._outputs or message_id in self.awaited

    @property
    def message_ids(self) -> set[int]:
        """Messages that are part of it."""
        return self.awaited | self._outputs.keys()

    def item_of(self, message_id: int) -> DialogueItem | None:
        output = self._outputs.get(message_id)
        return output.item if output else None

    def text_of(self, item_id: str) -> list[Json] | None:
        """The content so far of an item that still grows; None: it is no such item."""
        for output in self._outputs.values():
            if output.open and output.item.id == item_id:
                kind, field = ("output_audio", "transcript") if self._sound else ("output_text", "text")
                return [{"type": kind, field: output.text}]
        return None

    # ---- messages -----------------------------------------------------------------------------------

    def text(self, message_id: int, segment: ReplySegment) -> None:
        """The message grows by this piece."""
        output = self._message(message_id)
        if not output.open:
            return
        output.joined.add(segment)
        delta, output.text = output.joined.text[len(output.text) :], output.joined.text
        kind = "response.output_audio_transcript.delta" if self._sound else "response.output_text.delta"
        voi = {"voice": segment.voice, "tone": segment.tone}
        self._emit({"type": kind, **self._place(output), "delta": delta, "voi": voi})

    def sound(self, message_id: int, audio: str) -> None:
        """More sound of the message, in base64."""
        output = self._message(message_id)
        if output.open and audio and self._sound:
            output.sounded = True
            self._emit({"type": "response.output_audio.delta", **self._place(output), "delta": audio})

    def _message(self, message_id: int) -> _GrowingMessage:
        if (output := self._outputs.get(message_id)) is not None:
            return output
        item = DialogueItem(new_id("item"), role="assistant", status="in_progress", message_id=message_id)
        output = self._outputs[message_id] = _GrowingMessage(len(self._items_out), item)
        self.awaited.add(message_id)
        self._add(item)
        part: Json = {"type": "audio", "transcript": ""} if self._sound else {"type": "text", "text": ""}
        self._emit({"type": "response.content_part.added", **self._place(output), "part": part})
        return output

    def _add(self, item: DialogueItem) -> None:
        index = len(self._items_out)
        self._items_out.append(item)
        self._emit({
            "type": "response.output_item.added", "response_id": self.id, "output_index": index, "item": item.shown(),
        })  # fmt: skip
        if self._conversation_id is not None:
            before = self._items.add(item)
            self._emit({"type": "conversation.item.added", "previous_item_id": before, "item": item.shown()})

    def _done(self, item: DialogueItem) -> None:
        if self._conversation_id is not None and self._items.find(item.id) is item:
            before = self._items.before(item)
            self._emit({"type": "conversation.item.done", "previous_item_id": before, "item": item.shown()})
        index = self._items_out.index(item)
        self._emit({
            "type": "response.output_item.done", "response_id": self.id, "output_index": index, "item": item.shown(),
        })  # fmt: skip

    def _place(self, output: _GrowingMessage) -> Json:
        return {
            "response_id": self.id, "item_id": output.item.id, "output_index": output.index, "content_index": 0,
        }  # fmt: skip

    def message_done(self, message_id: int, *, whole: bool = True) -> None:
        """The message has ended. `whole` False: it was cut short."""
        self.awaited.discard(message_id)
        output = self._outputs.get(message_id)
        if output is None or not output.open:
            return
        output.open, output.item.status = False, "completed" if whole else "incomplete"
        place, text = self._place(output), output.text
        if self._sound:
            self._emit({"type": "response.output_audio.done", **place})
            self._emit({"type": "response.output_audio_transcript.done", **place, "transcript": text})
            part: Json = {"type": "audio", "transcript": text}
            output.item.content = [{"type": "output_audio", "transcript": text}]
        else:
            self._emit({"type": "response.output_text.done", **place, "text": text})
            part = {"type": "text", "text": text}
            output.item.content = [{"type": "output_text", "text": text}]
        self._emit({"type": "response.content_part.done", **place, "part": part})
        self._done(output.item)

    # ---- function calls -------------------------------------------------------------------------------

    def function_call(self, call_id: str, name: str, arguments: str) -> None:
        """The agent calls a function of the client."""
        self.calls += 1
        index = len(self._items_out)
        item = DialogueItem(
            new_id("item"), "function_call", status="in_progress", call_id=call_id, name=name, ours=True
        )
        self._add(item)
        place = {"response_id": self.id, "item_id": item.id, "output_index": index, "call_id": call_id}
        self._emit({"type": "response.function_call_arguments.delta", **place, "delta": arguments})
        item.arguments, item.status = arguments, "completed"
        self._emit({
            "type": "response.function_call_arguments.done", **place, "name": name, "arguments": arguments,
        })  # fmt: skip
        self._done(item)

    # ---- the end ------------------------------------------------------------------------------------

    def finish(self, status: ResponseStatus, usage: Json) -> None:
        """It is over: its open messages end, and the client is told. Once."""
        if self.status != "in_progress":
            return
        for message_id in list(self._outputs):
            self.message_done(message_id, whole=status == "completed")
        self.status = status
        self._emit({"type": "response.done", "response": self.shown(usage)})
