"""What a response is to answer in place of the dialogue (`response.input`): messages, references to items, and
functions with what they returned."""

from collections.abc import Callable, Iterator

from voi.core.history import IMAGES_MAX_CHARACTERS
from voi.dialogue import Message, Role, ToolCall, ToolResult
from voi.session.session import Session
from voi.transports.realtime.client_items import ID_MAX, OUTPUT_MAX, TEXT_MAX, message_given
from voi.transports.realtime.items import DialogueItem, ItemList
from voi.transports.realtime.wire import EventError, Json, text_at, wrong_type

INPUT_MAX = 200
INPUT_MAX_CHARACTERS = 400_000
"""Of text, of all messages together: an item may be referred to many times."""


_ROLES: dict[str, Role] = {"system": "system", "user": "user", "assistant": "assistant"}


class ResponseInput:
    """Reads the input of one client's responses. `may_instruct`: whether what it says as the system reaches the
    model."""

    def __init__(self, items: ItemList, session: Session, may_instruct: Callable[[], bool]) -> None:
        self._items, self._session, self._may_instruct = items, session, may_instruct

    def of(self, given: Json) -> tuple[Message, ...] | None:
        """What is to be answered; None: the dialogue. `given`: the fields of the `response.create`. Raises
        EventError."""
        items = given.get("input")
        if items is None:
            return None
        if not isinstance(items, list) or len(items) > INPUT_MAX:
            raise wrong_type("response.input", f"an array of at most {INPUT_MAX} objects", items)
        calls: dict[str, ToolCall] = {}
        messages: list[Message] = []
        for index, item in enumerate(items):
            at = f"response.input[{index}]"
            if not isinstance(item, dict):
                raise wrong_type(at, "an object", item)
            messages += self._messages(item, at, calls)
            _check_size(messages)
        return tuple(each for each in messages if each.parts and (each.role != "system" or self._may_instruct()))

    def _messages(self, item: Json, at: str, calls: dict[str, ToolCall]) -> Iterator[Message]:
        """The messages of one of its items. `calls`: the function calls among those before it, by id."""
        match item.get("type"):
            case "item_reference":
                item_id = text_at(item, "id", most=ID_MAX, param=f"{at}.id")
                found = self._items.find(item_id)
                if found is None:
                    raise EventError(f"Item with id '{item_id}' not found.", "item_not_found", f"{at}.id")
                if found.awaits_transcript:
                    raise EventError(f"Item with id '{item_id}' has no transcript yet.", "invalid_value", f"{at}.id")
                yield from self._referred(found)
            case None | "message":
                yield message_given(item, at)
            case "function_call":
                call_id = text_at(item, "call_id", most=ID_MAX, param=f"{at}.call_id", required=False)
                name = text_at(item, "name", most=ID_MAX, param=f"{at}.name", required=False)
                arguments = text_at(item, "arguments", most=TEXT_MAX, param=f"{at}.arguments", required=False)
                calls[call_id] = ToolCall(call_id, name, arguments)
            case _:
                output = text_at(item, "output", most=OUTPUT_MAX, param=f"{at}.output", required=False)
                call_id = text_at(item, "call_id", most=ID_MAX, param=f"{at}.call_id", required=False)
                yield from self._returned(call_id, output, calls.get(call_id))

    def _referred(self, item: DialogueItem) -> Iterator[Message]:
        """What an item of the conversation says."""
        match item.kind:
            case "message":
                entries = self._session.dialogue() if item.message_id is not None else ()
                pictures = next((e.image_urls for e in entries if e.message_id == item.message_id), ())
                yield Message(_ROLES[item.role], item.text, pictures)
            case "function_call_output":
                yield from self._returned(item.call_id, item.output, None)

    def _returned(self, call_id: str, output: str, call: ToolCall | None) -> Iterator[Message]:
        """What a function returned, with its call, without which no model takes it."""
        known = self._items.call(call_id)
        if call is None and known is not None:
            call = ToolCall(call_id, known.name, known.arguments)
        if call is not None:
            yield Message("assistant", (call,))
            yield Message("tool", (ToolResult(call_id, output),))
        elif output:
            yield Message("user", output)


def _check_size(messages: list[Message]) -> None:
    texts = sum(len(each.text) + sum(len(result.text) for result in each.tool_results) for each in messages)
    pictures = sum(len(url) for each in messages for url in each.image_urls)
    if texts > INPUT_MAX_CHARACTERS or pictures > IMAGES_MAX_CHARACTERS:
        raise EventError("Invalid 'response.input': it has more text or pictures than a response can answer.",
                         "string_above_max_length", "response.input")  # fmt: skip
