"""The dialogue as the LLM sees it: what the person said, and what they heard of the agent. Bounded."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Self

from voi.core.kept import KeptMessage
from voi.core.reply_form import in_form
from voi.dialogue import Image, Message, ReplyForm, ReplySegment, Role, Text, ToolCall, ToolResult

FIRST = -(2**62)
"""In place of the id of the message before: there is none."""
IMAGES_MAX_CHARACTERS = 32_000_000
"""Pictures may be `data:` URLs of megabytes each. Beyond this total the oldest messages lose their pictures."""


@dataclass(slots=True)
class HistoryEntry:
    """One message of the dialogue, with the tools that it called and what they returned."""

    message_id: int
    role: Role
    text: str
    image_urls: tuple[str, ...] = ()
    segments: tuple[ReplySegment, ...] = ()
    """The text of an agent's message with its voices and tones, if it was made of such."""
    calls: tuple[ToolCall, ...] = ()
    """Tools that the message called. Such a message stays however little of it was heard."""
    results: tuple[ToolResult, ...] = ()
    """What each of these tools returned."""
    _written: tuple[ReplyForm, tuple[ReplySegment, ...], str] | None = field(
        default=None, init=False, repr=False, compare=False
    )
    """The newest form asked for, the segments, and the text of these in that form: every request shows all messages."""

    def messages(self, form: ReplyForm | None) -> Iterator[Message]:
        """The entry as messages for the LLM, its tool calls and results included. `form`: of the agent's words; None:
        as people read them."""
        if self.text or self.image_urls or self.calls:
            written = self._in_form(form) if form and self.segments else self.text
            text = (Text(written),) if written else ()
            yield Message(self.role, (*text, *map(Image, self.image_urls), *self.calls))
        if self.results:
            yield Message("tool", self.results)

    def _in_form(self, form: ReplyForm) -> str:
        known = self._written
        if known is None or known[0] != form or known[1] is not self.segments:
            self._written = known = form, self.segments, in_form(self.segments, form)
        return known[2]


class MessageIds:
    """Numbers the messages of both sides: 0, 1, 2, …"""

    __slots__ = ("following",)

    def __init__(self) -> None:
        self.following = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> int:
        self.following += 1
        return self.following - 1


class History:
    """The dialogue so far, oldest first; beyond `limit` entries the oldest are forgotten. `form`: how the agent was
    told to write."""

    __slots__ = ("_entries", "_limit", "form", "version")

    def __init__(self, limit: int, form: ReplyForm = ReplyForm()) -> None:  # noqa: B008
        self._entries: list[HistoryEntry] = []
        self._limit = limit
        self.form = form
        self.version = 0
        """Rises with every change."""

    def __iter__(self) -> Iterator[HistoryEntry]:
        return iter(self._entries)

    @property
    def last(self) -> HistoryEntry | None:
        """The newest message; None: there is none."""
        return self._entries[-1] if self._entries else None

    def add(self, entry: HistoryEntry) -> None:
        """Add the newest message. The oldest one is forgotten if there are too many."""
        self.version += 1
        self._entries.append(entry)
        if len(self._entries) > self._limit:
            del self._entries[0]
        if entry.image_urls:
            self._forget_images()

    def insert(self, entry: HistoryEntry, after: int | None) -> None:
        """Add an entry behind that of the id `after`; None, or an id that is not there: at the end; FIRST: at the
        beginning."""
        ids = [each.message_id for each in self._entries]
        self.add(entry)
        if after == FIRST or after in ids:
            at = 0 if after == FIRST else ids.index(after) + 1
            if self._entries[-1] is entry:
                self._entries.pop()
                self._entries.insert(min(at, len(self._entries)), entry)

    def kept(self) -> tuple[KeptMessage, ...]:
        """All messages that say something."""
        return tuple(
            KeptMessage(
                each.message_id,
                Message(each.role, (*_text(each.text), *map(Image, each.image_urls), *each.calls, *each.results)),
                each.segments,
            )
            for each in self._entries
            if each.text or each.image_urls or each.calls
        )

    def take_up(self, messages: Iterable[KeptMessage]) -> None:
        """Begin with these messages."""
        for each in messages:
            said, results = each.message, each.message.tool_results
            text, urls, calls = said.text, said.image_urls, said.tool_calls
            self.add(HistoryEntry(each.message_id, said.role, text, urls, each.segments, calls, results))

    def _forget_images(self) -> None:
        """Drop the oldest pictures beyond the limit. The newest message keeps its own: it is about to be answered."""
        characters = sum(map(len, self._entries[-1].image_urls))
        for entry in reversed(self._entries[:-1]):
            characters += sum(map(len, entry.image_urls))
            if characters > IMAGES_MAX_CHARACTERS:
                entry.image_urls = ()

    def set_text(self, message_id: int, text: str, segments: Iterable[ReplySegment] = ()) -> None:
        """Replace a message's text. "" removes the message, unless it called tools. An unknown id is ignored: its
        message was forgotten."""
        self.version += 1
        for index in range(len(self._entries) - 1, -1, -1):
            if self._entries[index].message_id == message_id:
                if text or self._entries[index].calls:
                    self._entries[index].text, self._entries[index].segments = text, tuple(segments)
                else:
                    del self._entries[index]
                return

    def set_tools(self, message_id: int, calls: tuple[ToolCall, ...], results: tuple[ToolResult, ...]) -> None:
        """Record the tools that a message called, and what they returned."""
        self.version += 1
        for entry in self._of(message_id):
            entry.calls, entry.results = calls, results

    def set_result(self, message_id: int, result: ToolResult) -> None:
        """Replace the result of one of a message's tool calls."""
        self.version += 1
        for entry in self._of(message_id):
            entry.results = tuple(result if old.call_id == result.call_id else old for old in entry.results)

    def _of(self, message_id: int) -> Iterator[HistoryEntry]:
        return (entry for entry in self._entries if entry.message_id == message_id)

    def take_last_user(self, before: int | None = None) -> HistoryEntry | None:
        """Remove and return the last message if it is the person's, else None. With `before`, the message of that id
        may come after it, and stays. A message that the client brought (its id is below 0) is left as it is."""
        index = len(self._entries) - 1
        if index > 0 and self._entries[index].message_id == before:
            index -= 1
        if index >= 0 and self._entries[index].role == "user" and self._entries[index].message_id >= 0:
            self.version += 1
            return self._entries.pop(index)
        return None

    def remove(self, message_ids: Collection[int]) -> None:
        """Forget these messages, with the calls and results of their tools."""
        self.version += 1
        self._entries = [entry for entry in self._entries if entry.message_id not in message_ids]

    def turns(self) -> list[list[HistoryEntry]]:
        """The entries, turn by turn: each message of the person with what follows it."""
        found: list[list[HistoryEntry]] = []
        for entry in self._entries:
            if entry.role == "user" or not found:
                found.append([])
            found[-1].append(entry)
        return found

    def last_text(self, role: Role) -> str:
        """Text of the newest message of that role; "" if there is none."""
        entry = self.newest(role)
        return entry.text if entry else ""

    def newest(self, role: Role) -> HistoryEntry | None:
        """The newest message of that role."""
        return next((entry for entry in reversed(self._entries) if entry.role == role), None)

    def newest_texts(self, role: Role, count: int) -> list[str]:
        """Texts of the newest messages of that role, up to `count`, the newest first."""
        texts = (entry.text for entry in reversed(self._entries) if entry.role == role)
        return list(islice(texts, count))

    def messages(self) -> tuple[Message, ...]:
        """For the agent's LLM: the agent's words have the form that its prompt asks for."""
        return self.messages_of(self._entries)

    def messages_of(self, entries: Iterable[HistoryEntry], *, as_read: bool = False) -> tuple[Message, ...]:
        """Some of its entries, for the agent's LLM. `as_read`: all words as people read them."""
        return tuple(message for entry in entries for message in entry.messages(None if as_read else self.form))

    def log(self) -> tuple[Message, ...]:
        """For those who judge the dialogue: all words as people read them."""
        return self.messages_of(self._entries, as_read=True)


def _text(text: str) -> tuple[Text, ...]:
    return (Text(text),) if text else ()
