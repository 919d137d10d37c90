"""The items of a Realtime conversation: messages, function calls and their outputs, in order."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from voi.transports.realtime.wire import Json

ITEMS_MAX = 2_000
ITEMS_MAX_CHARACTERS = 8_000_000
"""Of what clients brought. Beyond these the oldest items are forgotten here; the dialogue has a limit of its own."""
ROOT = "root"

ItemKind = Literal["message", "function_call", "function_call_output"]


@dataclass(slots=True)
class DialogueItem:
    """One item. `content`: of a message, as clients are shown it. `message_id`: of the message in the dialogue that it
    is (a part of); None: of none. `sent_ms`: how much sound of it was sent."""

    id: str
    kind: ItemKind = "message"
    role: str = ""
    content: list[Json] = field(default_factory=list)
    status: str = "completed"
    call_id: str = ""
    name: str = ""
    arguments: str = ""
    output: str = ""
    ours: bool = False
    """The agent's own, which is in the dialogue."""
    message_id: int | None = None
    sent_ms: int = 0

    def shown(self) -> Json:
        """The item as JSON."""
        shown: dict[str, Any] = {"id": self.id, "object": "realtime.item", "type": self.kind, "status": self.status}
        match self.kind:
            case "message":
                shown |= {"role": self.role, "content": [dict(part) for part in self.content]}
            case "function_call":
                shown |= {"call_id": self.call_id, "name": self.name, "arguments": self.arguments}
            case "function_call_output":
                shown |= {"call_id": self.call_id, "output": self.output}
        return shown

    @property
    def characters(self) -> int:
        """Length of what it says."""
        return len(self.text) + len(self.arguments) + len(self.output)

    @property
    def text(self) -> str:
        """What a message says."""
        texts = (part.get("text") or part.get("transcript") or "" for part in self.content)
        return "\n".join(text for text in texts if text)

    @property
    def awaits_transcript(self) -> bool:
        """It has sound whose words are not known yet."""
        return any(part.get("transcript", "") is None for part in self.content)


class ItemList:
    """The items of one conversation, oldest first."""

    def __init__(self) -> None:
        self._items: list[DialogueItem] = []
        self._by_id: dict[str, DialogueItem] = {}
        self._sizes: dict[str, int] = {}
        """Length of each item that said something when it was added, by id."""
        self._characters = 0

    def __iter__(self) -> Iterator[DialogueItem]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def find(self, item_id: str) -> DialogueItem | None:
        return self._by_id.get(item_id)

    @property
    def last_id(self) -> str | None:
        """The newest item's id; None: there is none."""
        return self._items[-1].id if self._items else None

    def add(self, item: DialogueItem, after: str | None = None) -> str | None:
        """Add an item behind that of the id `after`; None: at the end; ROOT: at the beginning. Returns the id of the
        item before it; None: there is none."""
        at = len(self._items)
        if after == ROOT:
            at = 0
        elif after is not None and after in self._by_id:
            at = self._items.index(self._by_id[after]) + 1
        self._items.insert(at, item)
        self._by_id[item.id] = item
        before = self._items[at - 1].id if at else None
        if size := item.characters:
            self._sizes[item.id] = size
            self._characters += size
        while len(self._items) > ITEMS_MAX or self._characters > ITEMS_MAX_CHARACTERS:
            self.remove(self._items[0])
        return before

    def remove(self, item: DialogueItem) -> None:
        self._items.remove(item)
        del self._by_id[item.id]
        self._characters -= self._sizes.pop(item.id, 0)

    def before(self, item: DialogueItem) -> str | None:
        """The id of the item before it; None: there is none."""
        at = self._items.index(item)
        return self._items[at - 1].id if at else None

    def message_before(self, item: DialogueItem) -> int | None:
        """The message of the dialogue that the item follows; None: none."""
        for other in reversed(self._items[: self._items.index(item)]):
            if other.message_id is not None:
                return other.message_id
        return None

    def of_message(self, message_id: int) -> DialogueItem | None:
        """The newest item of that message."""
        return next((each for each in reversed(self._items) if each.message_id == message_id), None)

    def call(self, call_id: str) -> DialogueItem | None:
        """The function call of that id."""
        return next((e for e in reversed(self._items) if e.kind == "function_call" and e.call_id == call_id), None)
