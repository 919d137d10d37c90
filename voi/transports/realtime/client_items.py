"""Items that a Realtime client creates, reads, deletes and truncates.

Pictures that come as data are in the dialogue alone: an item that is shown to the client has none, as it has no sound.
"""

from collections.abc import Callable
from dataclasses import dataclass

from voi.audio import g711
from voi.core import facts
from voi.core.history import FIRST, IMAGES_MAX_CHARACTERS
from voi.dialogue import Message, ToolCall, ToolResult
from voi.engines.llm.picture_url import checked_picture_url
from voi.errors import ClientError
from voi.session.session import Session
from voi.transports.realtime.door import RealtimeDoor
from voi.transports.realtime.formats import FormatDecoder, FormatName, sound_in
from voi.transports.realtime.items import ROOT, DialogueItem
from voi.transports.realtime.person_side import NO_MESSAGE
from voi.transports.realtime.wire import (
    EventError,
    Json,
    missing,
    new_id,
    object_at,
    text_at,
    whole_number_at,
    wrong_type,
    wrong_value,
)

ID_MAX = 256
TEXT_MAX = 100_000
MESSAGE_TEXT_MAX = 200_000
"""Of all parts of a message together."""
OUTPUT_MAX = 200_000
PARTS_MAX = 64
SOUND_MAX_CHARACTERS = 15 * 2**20 * 4 // 3
LAW_MAX_BYTES = 60 * g711.RATE_HZ
"""Of G.711 at once, which is a minute: it is six times as large as PCM at 24 kHz."""
DAY_MS = 24 * 3600 * 1_000
_PARTS = {
    "user": ("input_text", "input_audio", "input_image"),
    "assistant": ("output_text", "output_audio"),
    "system": ("input_text",),
}
_TEXTS = {"text": "input_text"}
"""Older names of parts."""


@dataclass(frozen=True, slots=True)
class GivenContent:
    """What a message of the client consists of. `parts`: as they are kept and shown. `sound`: without its words; None:
    there is none. `pictures`: their URLs."""

    parts: list[Json]
    sound: bytes | None
    pictures: tuple[str, ...]


class ItemEvents:
    """The `conversation.item.…` events of one client. `cancel` cancels the response in progress. `may_instruct`:
    whether what the client says as the system reaches the model, which it is asked for each such message."""

    def __init__(
        self, door: RealtimeDoor, session: Session, cancel: Callable[[], None], may_instruct: Callable[[], bool]
    ) -> None:
        self._door, self._session, self._cancel = door, session, cancel
        self._may_instruct = may_instruct
        self._items = door.items
        self._brought = 0
        self._waiting_characters = 0
        """Of pictures that are not in the dialogue yet."""

    # ---- create -------------------------------------------------------------------------------------

    def create(self, event: Json) -> None:
        given = object_at(event, "item")
        if given is None:
            raise missing("item")
        kind = given.get("type")
        if kind is None:
            raise missing("item.type")
        item_id = text_at(given, "id", most=ID_MAX, param="item.id", required=False) or new_id("item")
        if self._items.find(item_id) is not None:
            raise EventError(f"Error adding item: an item with id '{item_id}' already exists.",
                             "item_create_duplicate_item_id", "item.id")  # fmt: skip
        after = text_at(event, "previous_item_id", most=ID_MAX, required=False) or None
        if after not in (None, ROOT) and self._items.find(str(after)) is None:
            raise EventError(f"Error adding item: the previous item with id '{after}' does not exist.",
                             "item_create_invalid_previous_item_id", "previous_item_id")  # fmt: skip
        match kind:
            case "message":
                self._create_message(given, item_id, after)
            case "function_call":
                item = DialogueItem(
                    item_id, "function_call",
                    call_id=text_at(given, "call_id", most=ID_MAX, param="item.call_id", required=False)
                    or new_id("call"),
                    name=text_at(given, "name", most=ID_MAX, param="item.name"),
                    arguments=text_at(given, "arguments", most=TEXT_MAX, param="item.arguments"),
                )  # fmt: skip
                self._add(item, after)
            case "function_call_output":
                self._create_output(given, item_id, after)
            case _:
                raise wrong_value("item.type", kind, "'message', 'function_call' and 'function_call_output'")

    def _create_message(self, given: Json, item_id: str, after: str | None) -> None:
        role = given.get("role")
        if not isinstance(role, str) or role not in _PARTS:
            raise wrong_value("item.role", role, "'system', 'assistant' and 'user'")
        content = _content(given.get("content"), role)
        if content.sound is not None:
            decoder = FormatDecoder(self._door.settings.input_format)
            pcm = decoder.decode(bounded(content.sound, decoder.name))
            self._door.person.take(pcm, item_id, after, committed=False)
            return
        item = DialogueItem(item_id, role=role, content=content.parts)
        said = _message_of(role, content)
        if said.parts:
            self._door.person.check_room()
        if said.parts and (role != "system" or self._may_instruct()):
            self._hold(said)
            item.message_id = self._next_id()
        self._add(item, after)
        if item.message_id is not None:
            self._insert(item, said)

    def _hold(self, said: Message) -> None:
        """Have room for the pictures of a message. Raises ClientError."""
        characters = _picture_characters(said)
        if characters and self._waiting_characters + characters > IMAGES_MAX_CHARACTERS:
            raise EventError("Too many pictures wait for a transcript. Send fewer at once.", "too_many_items")
        self._session.hold_pictures(said.image_urls)

    def _next_id(self) -> int:
        self._brought += 1
        return -self._brought

    def _insert(self, item: DialogueItem, said: Message) -> None:
        """Put what an item says into the dialogue, where the item is."""

        self._waiting_characters += _picture_characters(said)

        def change() -> None:
            self._waiting_characters -= _picture_characters(said)
            if item.message_id is None or self._items.find(item.id) is None:
                return
            last = self._items.last_id == item.id
            after = None if last else self._items.message_before(item)
            self._session.insert(item.message_id, said, after if last or after is not None else FIRST)

        self._door.person.in_order(change)

    def _create_output(self, given: Json, item_id: str, after: str | None) -> None:
        call_id = text_at(given, "call_id", most=ID_MAX, param="item.call_id")
        output = text_at(given, "output", most=OUTPUT_MAX, param="item.output")
        agent, call = self._door.agent, self._items.call(call_id)
        item = DialogueItem(item_id, "function_call_output", call_id=call_id, output=output)
        if call_id in agent.calls:
            self._add(item, after)
            response = agent.response
            waits = response is not None and response.asked and response.used is False
            if waits or call_id in agent.waived:
                agent.waived.discard(call_id)
                number = agent.calls.pop(call_id)
                self._session.door_answers(number, output)
            else:
                agent.outputs[call_id] = output
        elif call is not None:
            self._door.person.check_room()
            self._add(item, after)
            if not call.ours:  # else nobody waits for it any more
                item.message_id = self._next_id()
                parts = (ToolCall(call_id, call.name, call.arguments), ToolResult(call_id, output))
                self._insert(item, Message("assistant", parts))
        else:
            raise EventError(f"Tool call ID '{call_id}' not found in conversation.", "invalid_tool_call_id",
                             "item.call_id")  # fmt: skip

    def _add(self, item: DialogueItem, after: str | None) -> None:
        before = self._items.add(item, after)
        for kind in ("conversation.item.added", "conversation.item.done"):
            self._door.emit({"type": kind, "previous_item_id": before, "item": item.shown()})

    def add_silence(self, start_ms: int, end_ms: int) -> None:
        """The person said nothing for so long that the agent goes on."""
        item = DialogueItem(
            new_id("item"), role="user", content=[{"type": "input_audio", "transcript": ""}], message_id=NO_MESSAGE
        )
        self._door.emit({
            "type": "input_audio_buffer.timeout_triggered", "audio_start_ms": start_ms, "audio_end_ms": end_ms,
            "item_id": item.id,
        })  # fmt: skip
        self._door.emit({
            "type": "input_audio_buffer.committed", "previous_item_id": self._items.last_id, "item_id": item.id,
        })  # fmt: skip
        self._add(item, None)

    # ---- read, delete, truncate -----------------------------------------------------------------------

    def retrieve(self, event: Json) -> None:
        item = self._item_of(event, "retriev")
        self._door.emit({"type": "conversation.item.retrieved", "item": item.shown()})

    def delete(self, event: Json) -> None:
        item = self._item_of(event, "delet")
        message_id = item.message_id
        self._door.person.check_room()
        self._stop(item)
        self._items.remove(item)
        self._door.emit({"type": "conversation.item.deleted", "item_id": item.id})
        if message_id is not None:
            self._door.person.in_order(lambda: self._session.tell(facts.MessageDeleted(message_id)))

    def _stop(self, item: DialogueItem) -> None:
        """Have the agent say no more of that item: what is taken out of the dialogue is not to be heard either."""
        agent, message_id = self._door.agent, item.message_id
        if message_id is None or item.role != "assistant":
            return
        if agent.response is not None and agent.response.has(message_id):
            self._cancel()
        elif agent.sounds(message_id):
            self._session.tell(facts.Interrupted(message_id))

    def truncate(self, event: Json) -> None:
        item = self._item_of(event, "truncat")
        whole_number_at(event, "content_index", most=PARTS_MAX)
        end_ms = whole_number_at(event, "audio_end_ms", most=DAY_MS)
        response = self._door.agent.response
        written = response is not None and not response.spoken and response.text_of(item.id) is not None
        if item.kind != "message" or item.role != "assistant" or written:
            raise EventError("Only model output audio messages can be truncated", "invalid_value", "item_id")
        if item.sent_ms:
            end_ms = min(end_ms, item.sent_ms)
        if item.message_id is not None and item.message_id >= 0:
            self._session.tell(facts.SoundTruncated(item.message_id, end_ms))
        self._door.emit({
            "type": "conversation.item.truncated", "item_id": item.id, "content_index": 0, "audio_end_ms": end_ms,
        })  # fmt: skip

    def _item_of(self, event: Json, doing: str) -> DialogueItem:
        item_id = text_at(event, "item_id", most=ID_MAX)
        item = self._items.find(item_id)
        if item is None:
            raise EventError(f"Error {doing}ing item: the item with id '{item_id}' does not exist.",
                             f"item_{doing}e_invalid_item_id", "item_id")  # fmt: skip
        return item


def bounded(sound: bytes, format_name: FormatName) -> bytes:
    """The sound, if it can be decoded without holding up others. Raises EventError."""
    if format_name != "audio/pcm" and len(sound) > LAW_MAX_BYTES:
        raise EventError(f"Invalid 'audio': at most {LAW_MAX_BYTES} bytes of G.711 are taken at once.",
                         "string_above_max_length", "audio")  # fmt: skip
    return sound


def _content(value: object, role: str) -> GivenContent:
    """Raises EventError."""
    if value is None:
        raise missing("item.content")
    if not isinstance(value, list) or len(value) > PARTS_MAX:
        raise wrong_type("item.content", f"an array of at most {PARTS_MAX} objects", value)
    parts: list[Json] = []
    sound: bytes | None = None
    pictures: list[str] = []
    for index, part in enumerate(value):
        at = f"item.content[{index}]"
        if not isinstance(part, dict):
            raise wrong_type(at, "an object", part)
        kind = part.get("type")
        if role == "assistant" and kind in ("text", "audio"):
            kind = f"output_{kind}"
        kind = _TEXTS.get(str(kind), kind)
        if kind not in _PARTS[role]:
            raise wrong_value(f"{at}.type", kind, ", ".join(f"'{each}'" for each in _PARTS[role]))
        if kind in ("input_text", "output_text"):
            parts.append({"type": kind, "text": text_at(part, "text", most=TEXT_MAX, param=f"{at}.text")})
        elif kind == "input_image":
            url = text_at(part, "image_url", most=SOUND_MAX_CHARACTERS, param=f"{at}.image_url")
            try:
                pictures.append(checked_picture_url(url))
                parts.append({"type": kind} if _is_data(url) else {"type": kind, "image_url": url})
            except ClientError as error:
                raise EventError(str(error), "invalid_value", f"{at}.image_url") from None
        else:
            words = text_at(part, "transcript", most=TEXT_MAX, param=f"{at}.transcript", required=False)
            parts.append({"type": kind, "transcript": words})
            if not words and kind == "input_audio":
                audio = text_at(part, "audio", most=SOUND_MAX_CHARACTERS, param=f"{at}.audio")
                sound = (sound or b"") + sound_in(audio)
    if sum(len(_words_of(part)) for part in parts) > MESSAGE_TEXT_MAX:
        raise EventError(f"Invalid 'item.content': its texts together have more than {MESSAGE_TEXT_MAX} characters.",
                         "string_above_max_length", "item.content")  # fmt: skip
    return GivenContent(parts, sound, tuple(pictures))


def message_given(given: Json, at: str) -> Message:
    """What a message of the client says. Raises EventError."""
    role = given.get("role")
    if not isinstance(role, str) or role not in _PARTS:
        raise wrong_value(f"{at}.role", role, "'system', 'assistant' and 'user'")
    content = _content(given.get("content"), role)
    if content.sound is not None:
        raise EventError("Sound is heard in the conversation alone: give its transcript.", "invalid_value", at)
    return _message_of(role, content)


def _message_of(role: str, content: GivenContent) -> Message:
    text = "\n".join(words for part in content.parts if (words := _words_of(part)))
    pictures = content.pictures
    known: dict[str, Callable[[], Message]] = {
        "user": lambda: Message("user", text, pictures),
        "assistant": lambda: Message("assistant", text),
        "system": lambda: Message("system", text),
    }
    return known[role]()


def _words_of(part: Json) -> str:
    return part.get("text") or part.get("transcript") or ""


def _is_data(url: str) -> bool:
    return url[:5].lower() == "data:"


def _picture_characters(said: Message) -> int:
    return sum(len(url) for url in said.image_urls if _is_data(url))
