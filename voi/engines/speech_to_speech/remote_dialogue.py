"""What the model's server has of the conversation, and the fewest events that bring it into step with ours. Sans-I/O.

Our history is the authority: each request for an answer comes with all of it. An item of the server stands for a
message if it says the same, or if it is the sound itself: the person's, whose words our transcription heard, or an
answer of the model, of which the person heard the beginning. Items that stand for nothing are deleted; messages without
an item are created as text.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from voi.dialogue import Message

RemoteItemKind = Literal["system", "user", "assistant", "call", "output"]
RealtimeEvent = dict[str, Any]

LOOKAHEAD = 64
"""So many items are looked through for the next message. Beyond, the rest is deleted and told again as text."""
COMMIT_MIN_MS = 100
"""Servers refuse to take less sound than this."""
CALL_ID_MAX = 32
ID_MAX = 200
"""Longest id that is taken from a server."""
HEARD_MAX = 8
"""The words of so many utterances are kept, until their message is asked about."""


@dataclass(slots=True)
class ItemId:
    """The id that the server gave an item; "" until it has told it."""

    value: str = ""
    unwanted: bool = False
    """Delete it as soon as its id is known."""


@dataclass(slots=True)
class RemoteItem:
    """Items of the server that stand for one message, or one part of it. `key`: its words, or the id of its call.
    `reply`: the answer of ours in which the model made it; 0: we made it. `text`: what the model said in it, and
    `sound_ms` for how long. `void`: it stands for nothing."""

    kind: RemoteItemKind
    key: str
    ids: list[ItemId]
    reply: int = 0
    text: str = ""
    sound_ms: int = 0
    void: bool = False

    def stands_for(self, wanted: "WantedItem") -> bool:
        if self.void or self.kind != wanted.kind:
            return False
        if self.key and self.key == wanted.key:
            return True
        said = bare(wanted.key) if self.kind == "assistant" and self.reply else ""
        if not said:
            return False
        return bare(self.text).startswith(said) if self.sound_ms else bare(self.text) == said


@dataclass(frozen=True, slots=True)
class WantedItem:
    """What the server is to have. `item`: the server's form of it."""

    kind: RemoteItemKind
    key: str
    item: Mapping[str, Any]


@dataclass(slots=True)
class _Buffered:
    """The person's sound that the server has and that is no item yet."""

    sound_ms: int = 0
    utterances: list[int] = field(default_factory=list)
    """In the order in which they were spoken."""
    broken: bool = False
    """Some of the utterance's sound was lost with a connection."""


class RemoteDialogue:
    """`sync` gives the events that precede a request for an answer. Call `lost` when the connection was lost."""

    __slots__ = ("_buffered", "_committing", "_heard", "_items", "_spoken", "_spoken_in")

    def __init__(self) -> None:
        self._items: list[RemoteItem] = []
        self._buffered = _Buffered()
        self._committing: list[ItemId] = []
        """Sound that was made an item of which the server has not told the id yet, in order."""
        self._heard: dict[int, str] = {}
        """The words of the newest utterances."""
        self._spoken: RemoteItem | None = None
        """The newest item of the person's sound."""
        self._spoken_in: list[int] = []
        """The utterances in it."""

    @property
    def items(self) -> Sequence[RemoteItem]:
        return self._items

    def lost(self) -> None:
        """The server has forgotten everything."""
        self._items.clear()
        self._committing.clear()
        self._spoken = None
        self._buffered = _Buffered(utterances=self._buffered.utterances, broken=True)

    # ---- the person's sound -------------------------------------------------------------------------

    def listen(self, utterance: int) -> list[RealtimeEvent]:
        """Another utterance begins. Sound of the one before stays only if there were words in it, for it may be
        continued."""
        goes_on = self._words(self._buffered.utterances) and not self._buffered.broken and not self._all_taken
        events = [] if goes_on else self.clear()
        self._buffered.utterances.append(utterance)
        return events

    @property
    def _all_taken(self) -> bool:
        """The newest item holds all words of the buffered utterances, so that only silence is left of them."""
        spoken, within = self._spoken, set(self._buffered.utterances) <= set(self._spoken_in)
        return spoken is not None and within and self._words(self._spoken_in) == bare(spoken.key)

    def clear(self) -> list[RealtimeEvent]:
        """Drop the sound that is no item yet."""
        had = self._buffered.sound_ms > 0
        self._buffered = _Buffered()
        return [{"type": "input_audio_buffer.clear"}] if had else []

    def appended(self, sound_ms: int) -> None:
        """The server was sent so much more sound of the utterance."""
        self._buffered.sound_ms += sound_ms

    def missed(self) -> None:
        """Sound of the utterance could not be sent."""
        self._buffered.broken = True

    @property
    def takes_sound(self) -> bool:
        """False: sound of this utterance is of no use any more."""
        return bool(self._buffered.utterances) and not self._buffered.broken

    def heard(self, utterance: int, text: str) -> None:
        """The words of the utterance so far."""
        self._heard[utterance] = text
        if len(self._heard) > HEARD_MAX:
            del self._heard[next(iter(self._heard))]

    def committed(self, item_id: str) -> list[RealtimeEvent]:
        """The server told the id of the person's sound."""
        return self._named(self._committing.pop(0), item_id) if self._committing else []

    def not_committed(self) -> None:
        """The server refused to take the sound: it is to be told the words."""
        if self._committing:
            self._committing.pop()
        if self._spoken is not None:
            self._spoken.void, self._spoken = True, None
        self._buffered = _Buffered(broken=True)

    def _words(self, utterances: Iterable[int]) -> str:
        return "".join(bare(self._heard.get(utterance, "")) for utterance in dict.fromkeys(utterances))

    # ---- the model's answers ------------------------------------------------------------------------

    def added(self, reply: int, item: Mapping[str, Any], *, wanted: bool) -> RemoteItem | None:
        """The model began an item in that reply. `wanted` False: the reply was dropped. None: it is of no kind that
        stands for anything."""
        item_id, kind = name_in(item, "id"), item.get("type")
        if not item_id or kind not in ("message", "function_call"):
            return None
        key = name_in(item, "call_id") if kind == "function_call" else ""
        made = RemoteItem("assistant" if kind == "message" else "call", key, [ItemId(item_id)], reply, void=not wanted)
        self._items.append(made)
        return made

    def drop(self, reply: int) -> None:
        """Nothing of that reply was heard, nor will be."""
        for item in self._items:
            if item.reply == reply:
                item.void = True

    def cut(self, reply: int, heard_ms: int) -> list[RealtimeEvent]:
        """The reply was stopped when `heard_ms` of the model's sound were heard."""
        events: list[RealtimeEvent] = []
        for item in self._items:
            if item.reply != reply or item.kind != "assistant" or item.void:
                continue
            if heard_ms >= item.sound_ms:
                heard_ms -= item.sound_ms
            elif heard_ms > 0:
                events.append(
                    {
                        "type": "conversation.item.truncate", "item_id": item.ids[0].value, "content_index": 0,
                        "audio_end_ms": heard_ms,
                    }
                )  # fmt: skip
                item.sound_ms, heard_ms = heard_ms, 0
            else:
                item.void = True
        return events

    # ---- in step ------------------------------------------------------------------------------------

    def sync(self, messages: Sequence[Message]) -> list[RealtimeEvent]:
        """The events after which the server has these messages, in order. They are taken as sent."""
        wanted = wanted_items(messages)
        newest = wanted.pop() if wanted and wanted[-1].kind == "user" else None
        events: list[RealtimeEvent] = []
        kept: list[RemoteItem] = []
        left = self._items
        for each in wanted:
            left = self._keep_or_create(each, kept, left, events)
        if newest is not None:
            left = self._take_newest(newest, kept, left, events)
        for item in left:
            events += self._deleted(item)
        self._items = kept
        if newest is not None and self._buffered.sound_ms >= COMMIT_MIN_MS and self._spoken is kept[-1]:
            events.append({"type": "input_audio_buffer.commit"})
            kept[-1].ids.append(ItemId())
            self._committing.append(kept[-1].ids[-1])
            self._buffered = _Buffered(utterances=self._buffered.utterances[-1:])
        return events

    def _keep_or_create(
        self, wanted: WantedItem, kept: list[RemoteItem], left: list[RemoteItem], events: list[RealtimeEvent]
    ) -> list[RemoteItem]:
        """Have an item for `wanted` at the end of `kept`. Returns what is left of the items that follow."""
        for at, item in enumerate(left[:LOOKAHEAD]):
            if item.stands_for(wanted):
                for skipped in left[:at]:
                    events += self._deleted(skipped)
                item.key = wanted.key
                kept.append(item)
                return left[at + 1 :]
        item_id = f"item_{secrets.token_hex(10)}"
        event: RealtimeEvent = {"type": "conversation.item.create", "item": {"id": item_id, **wanted.item}}
        before = kept[-1].ids[-1].value if kept else "root"
        if left and before:
            event["previous_item_id"] = before
        events.append(event)
        kept.append(RemoteItem(wanted.kind, wanted.key, [ItemId(item_id)]))
        return left

    def _take_newest(
        self, wanted: WantedItem, kept: list[RemoteItem], left: list[RemoteItem], events: list[RealtimeEvent]
    ) -> list[RemoteItem]:
        """As `_keep_or_create`, for what the person says now: their sound, if its words are those of the message."""
        if "input_image" not in {part["type"] for part in wanted.item["content"]} and not self._buffered.broken:
            before = self._spoken if self._spoken in left else None
            heard = bare(wanted.key)
            fresh = self._buffered.utterances if self._buffered.sound_ms >= COMMIT_MIN_MS else []
            if before and heard and self._words([*self._spoken_in, *fresh]) == heard:
                for item in left:
                    if item is not before:
                        events += self._deleted(item)
                before.key = wanted.key
                self._spoken_in += fresh
                kept.append(before)
                return []
            if fresh and heard and self._words(fresh) == heard:
                self._spoken, self._spoken_in = RemoteItem("user", wanted.key, []), list(fresh)
                kept.append(self._spoken)
                return left
        events += self.clear()
        self._spoken = None
        return self._keep_or_create(wanted, kept, left, events)

    def _deleted(self, item: RemoteItem) -> list[RealtimeEvent]:
        events = []
        for item_id in item.ids:
            if item_id.value:
                events.append({"type": "conversation.item.delete", "item_id": item_id.value})
            item_id.unwanted = True
        return events

    @staticmethod
    def _named(item_id: ItemId, value: str) -> list[RealtimeEvent]:
        item_id.value = value
        return [{"type": "conversation.item.delete", "item_id": value}] if item_id.unwanted else []


def name_in(values: Mapping[str, Any], field: str) -> str:
    """The id there; "": there is none that servers give."""
    value = values.get(field)
    return value if isinstance(value, str) and len(value) <= ID_MAX else ""


def bare(text: str) -> str:
    """The letters and digits of a text, in lower case."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _short(call_id: str) -> str:
    """A call's id as servers take it. Those of other models may be longer."""
    return call_id if len(call_id) <= CALL_ID_MAX else hashlib.sha256(call_id.encode()).hexdigest()[:CALL_ID_MAX]


def instructions_in(messages: Sequence[Message]) -> str:
    """The text of the system messages before the dialogue."""
    texts = []
    for message in messages:
        if message.role != "system":
            break
        texts.append(message.text)
    return "\n\n".join(text for text in texts if text)


def wanted_items(messages: Sequence[Message]) -> list[WantedItem]:
    """The items of the dialogue: all messages but the system messages before it."""
    wanted: list[WantedItem] = []
    begun = False
    for message in messages:
        begun = begun or message.role != "system"
        if not begun:
            continue
        for result in message.tool_results:
            item: RealtimeEvent = {
                "type": "function_call_output",
                "call_id": _short(result.call_id),
                "output": result.text,
            }
            wanted.append(WantedItem("output", f"{result.call_id}\n{result.text}", item))
        if (message.text.strip() or message.image_urls) and message.role != "tool":
            form = "output_text" if message.role == "assistant" else "input_text"
            content: list[dict[str, str]] = [{"type": form, "text": message.text}] if message.text.strip() else []
            content += [{"type": "input_image", "image_url": url} for url in message.image_urls]
            item = {"type": "message", "role": message.role, "content": content}
            key = "\n".join((message.text, *message.image_urls))
            wanted.append(WantedItem(message.role, key, item))
        for call in message.tool_calls:
            item = {
                "type": "function_call",
                "call_id": _short(call.call_id),
                "name": call.name,
                "arguments": call.arguments,
            }
            wanted.append(WantedItem("call", call.call_id, item))
    return wanted
