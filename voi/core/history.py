"""What was said and really heard, bounded."""

from collections.abc import Iterator
from dataclasses import dataclass

from voi.dialogue import Image, Message, Role, Text, ToolCall, ToolResult

IMAGES_MAX_CHARACTERS = 32_000_000
"""Pictures may be given as data: URLs of megabytes each. Beyond this the oldest messages lose theirs."""


@dataclass(slots=True)
class HistoryEntry:
    message_id: int
    role: Role
    text: str
    image_urls: tuple[str, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    """Tools that it called; such a message stays, whatever was heard of it…"""
    results: tuple[ToolResult, ...] = ()
    """…and what each of them returned."""

    def messages(self) -> Iterator[Message]:
        """As the LLM is shown it."""
        if self.text or self.image_urls or self.calls:
            text = (Text(self.text),) if self.text else ()
            yield Message(self.role, (*text, *map(Image, self.image_urls), *self.calls))
        if self.results:
            yield Message("tool", self.results)


class History:
    """The dialogue so far, oldest first; beyond `limit` entries the oldest are forgotten."""

    __slots__ = ("_entries", "_limit")

    def __init__(self, limit: int) -> None:
        self._entries: list[HistoryEntry] = []
        self._limit = limit

    def __iter__(self) -> Iterator[HistoryEntry]:
        return iter(self._entries)

    @property
    def last(self) -> HistoryEntry | None:
        return self._entries[-1] if self._entries else None

    def add(self, entry: HistoryEntry) -> None:
        self._entries.append(entry)
        if len(self._entries) > self._limit:
            del self._entries[0]
        if entry.image_urls:
            self._forget_images()

    def _forget_images(self) -> None:
        """The newest message keeps its pictures in any case: it is about to be answered."""
        characters = sum(map(len, self._entries[-1].image_urls))
        for entry in reversed(self._entries[:-1]):
            characters += sum(map(len, entry.image_urls))
            if characters > IMAGES_MAX_CHARACTERS:
                entry.image_urls = ()

    def set_text(self, message_id: int, text: str) -> None:
        """Replace a message's text; without text the message is forgotten. Unknown ids are ignored (long forgotten)."""
        for index in range(len(self._entries) - 1, -1, -1):
            if self._entries[index].message_id == message_id:
                if text or self._entries[index].calls:
                    self._entries[index].text = text
                else:
                    del self._entries[index]
                return

    def set_tools(self, message_id: int, calls: tuple[ToolCall, ...], results: tuple[ToolResult, ...]) -> None:
        """A message called these tools, and they returned that."""
        for entry in self._of(message_id):
            entry.calls, entry.results = calls, results

    def set_result(self, message_id: int, result: ToolResult) -> None:
        """One of them returned something else by now."""
        for entry in self._of(message_id):
            entry.results = tuple(result if old.call_id == result.call_id else old for old in entry.results)

    def _of(self, message_id: int) -> Iterator[HistoryEntry]:
        return (entry for entry in self._entries if entry.message_id == message_id)

    def take_last_user(self, before: int | None = None) -> HistoryEntry | None:
        """Remove and return the last message if it is the person's; a message `before` that stands after it stays."""
        index = len(self._entries) - 1
        if index > 0 and self._entries[index].message_id == before:
            index -= 1
        if index >= 0 and self._entries[index].role == "user":
            return self._entries.pop(index)
        return None

    def last_text(self, role: Role) -> str:
        """Text of the newest message of that role, "" where there is none."""
        return next((entry.text for entry in reversed(self._entries) if entry.role == role), "")

    def messages(self) -> tuple[Message, ...]:
        return tuple(message for entry in self._entries for message in entry.messages())
