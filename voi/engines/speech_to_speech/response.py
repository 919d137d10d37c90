"""One answer of the model as it comes: its sound at once, its words in order.

The words may come before their sound, with it, after it, or not at all; a piece of them may be missing and come with
the whole transcript at the end. They are given out once, item by item.
"""

import asyncio
import base64
import binascii
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from voi.dialogue import ToolCall
from voi.engines.base import Finished, FinishReason, LlmEvent, TextDelta
from voi.engines.speech_to_speech.remote_dialogue import RemoteItem, name_in
from voi.errors import EngineError

REALTIME_RATE_HZ = 24_000
SOUND_MAX_MS = 300_000
"""Longest answer; what follows is cut off. Models end by themselves after some three minutes."""
WORDS_MAX = 40_000
"""Longest text of an answer, in characters."""
CALLS_MAX = 32
ITEMS_MAX = 64
"""Messages and calls of one answer."""
ARGUMENTS_MAX = 64 * 1024
UNTOLD_MAX_MS = 60_000
"""So much sound without words is kept, to be transcribed if none come."""
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
"""What servers say in codes of errors. Anything else may be what somebody said, and stays out of the log."""
_BYTES_PER_MS = REALTIME_RATE_HZ * 2 // 1_000

_REASONS: Mapping[str, FinishReason] = {"max_output_tokens": "length", "content_filter": "content_filter"}


@dataclass(slots=True)
class _Spoken:
    """One message of the answer. `given`: how much of its words was given out."""

    item: RemoteItem
    words: str = ""
    given: int = 0
    done: bool = False


@dataclass(slots=True)
class RemoteResponse:
    """The answer to one `response.create`, whose event id is `asked_by`. `on_sound` is given its sound (24 kHz PCM)."""

    reply: int
    asked_by: str
    on_sound: Callable[[bytes], None]
    response_id: str = ""
    began: bool = False
    """Sound, words or a call have come."""
    apart: bool = False
    """It is no part of the dialogue."""
    dropped: bool = False
    """Nobody wants it any more."""
    dropped_s: float = 0.0
    """Since when, on the loop's clock."""
    over: bool = False
    """The server has ended it, or is lost."""
    sound_ms: int = 0
    usage: Mapping[str, Any] = field(default_factory=dict)
    untold: bytearray = field(default_factory=bytearray)
    """Its sound, as long as no words have come."""
    error: EngineError | None = None
    asked_s: float = 0.0
    """When it was asked for, on the loop's clock."""
    news: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it is over."""
    _events: deque[LlmEvent] = field(default_factory=deque)
    _spoken: dict[str, _Spoken] = field(default_factory=dict)
    _arguments: dict[str, int] = field(default_factory=dict)
    _calls: set[str] = field(default_factory=set)
    _items: int = 0
    _came: int = 0
    """How many letters have come, of items that are not given out yet too."""
    _length: int = 0
    """How many were given out."""

    def take(self) -> list[LlmEvent]:
        """What has come since. Raises EngineError once, after the rest, if the answer failed."""
        taken = list(self._events)
        self._events.clear()
        if self.error is not None:
            if not taken:
                raise self.error
            self.news.set()  # for the next call
        return taken

    async def arrived(self) -> None:
        """Wait until the server has told more of it."""
        await self.news.wait()
        self.news.clear()

    @property
    def wordless(self) -> bool:
        """It has sound, and no words."""
        return self.sound_ms > 0 and not self._length

    def fail(self, error: EngineError) -> None:
        """Nothing more is wanted of the answer, because of that."""
        if self.error is None:
            self.error = error
        self.news.set()
        if self.over:
            self.ended.set()

    # ---- what the server tells ------------------------------------------------------------------------

    @property
    def full(self) -> bool:
        """It has as many items as it may."""
        return self._items >= ITEMS_MAX

    def item_added(self, item: RemoteItem) -> None:
        self._items += 1
        if item.kind == "assistant":
            self._spoken.setdefault(item.ids[0].value, _Spoken(item))

    def sound(self, item_id: str, delta: object) -> None:
        """More sound, as base64. What is no sound makes the answer fail."""
        try:
            pcm = base64.b64decode(delta if isinstance(delta, str) else b"", validate=True)
        except (binascii.Error, ValueError):
            self.fail(EngineError("The speech model sent sound that cannot be read."))
            return
        pcm = pcm[: len(pcm) & ~1]
        if not pcm or self.dropped or self.over or self.error is not None:
            return
        room = SOUND_MAX_MS - self.sound_ms
        pcm = pcm[: room * _BYTES_PER_MS]
        self.began = True
        self.sound_ms += len(pcm) // _BYTES_PER_MS
        if spoken := self._spoken.get(item_id):
            spoken.item.sound_ms += len(pcm) // _BYTES_PER_MS
        if not self._length and self.sound_ms <= UNTOLD_MAX_MS:
            self.untold += pcm
        self.news.set()
        if pcm:
            self.on_sound(pcm)

    @property
    def too_long(self) -> bool:
        return self.sound_ms >= SOUND_MAX_MS or self._came >= WORDS_MAX

    def words(self, item_id: str, delta: object) -> None:
        """More words of that item."""
        if (spoken := self._spoken.get(item_id)) and isinstance(delta, str) and delta and not spoken.done:
            new = delta[: WORDS_MAX - self._came]
            spoken.words += new
            self._came += len(new)
            self.news.set()
            self._give()

    def all_words(self, item_id: str, text: object) -> None:
        """The item's whole transcript. Of what was told before, only the rest is given out. Where they differ, all of
        it is, so that the guard reads every word as the model said it."""
        spoken = self._spoken.get(item_id)
        if spoken is None or spoken.done:
            return
        spoken.done = True
        if isinstance(text, str) and text != spoken.words:
            told, text = spoken.words, text[:WORDS_MAX]
            spoken.words += text[len(told) :] if text.startswith(told) else f" {text}"
            spoken.item.text = text
        self.news.set()
        self._give()

    def _give(self) -> None:
        """Give out the words of the first item that is not complete, and of those before it."""
        for spoken in self._spoken.values():
            if new := spoken.words[spoken.given :]:
                between = " " if self._length and not spoken.given and not new[0].isspace() else ""
                spoken.given = len(spoken.words)
                if not spoken.done:
                    spoken.item.text = spoken.words
                self._length += len(new)
                self.untold.clear()
                self.began = True
                self._tell(TextDelta(between + new))
            if not spoken.done:
                return

    def _tell(self, event: LlmEvent) -> None:
        if not self.dropped and self.error is None:
            self._events.append(event)

    def arguments_grow(self, item_id: str, delta: object) -> None:
        """More of a call's arguments, which are told whole at its end: only a flood of them matters."""
        if not isinstance(delta, str) or not delta or self.error is not None:
            return
        size = self._arguments[item_id] = self._arguments.get(item_id, 0) + len(delta)
        self.news.set()
        if size > ARGUMENTS_MAX or len(self._arguments) > CALLS_MAX:
            self.fail(EngineError("The speech model called a tool with more than it may."))

    def item_done(self, item: Mapping[str, Any]) -> None:
        """An item is complete: a call is given out, and words that have not come are read from it."""
        item_id = name_in(item, "id")
        if item.get("type") == "message":
            texts = [_text_of(part) for part in _dicts(item.get("content"))]
            self.all_words(item_id, "".join(texts) or None)
        elif item.get("type") == "function_call" and item_id not in self._calls:
            call_id, name, arguments = name_in(item, "call_id"), item.get("name"), item.get("arguments")
            if not (isinstance(name, str) and name and isinstance(arguments, str)) or len(self._calls) >= CALLS_MAX:
                return
            self._calls.add(item_id)
            self.began = True
            self.news.set()
            if len(arguments) > ARGUMENTS_MAX:
                self.fail(EngineError("The speech model called a tool with more than it may."))
            else:
                self._tell(ToolCall(call_id, name, arguments))

    def end(self, response: Mapping[str, Any]) -> str:
        """The server has ended it. Returns the code of the error if it failed, else ""."""
        for item in _dicts(response.get("output")):
            self.item_done(item)
        for spoken in self._spoken.values():
            spoken.done = True
        self._give()
        self.over = True
        self.ended.set()
        self.news.set()
        usage = response.get("usage")
        self.usage = usage if isinstance(usage, dict) else {}
        details = response.get("status_details")
        details = details if isinstance(details, dict) else {}
        match response.get("status"):
            case "failed":
                error = details.get("error")
                error = error if isinstance(error, dict) else {}
                return _code_in(error) or "failed"
            case "cancelled" if not self.dropped:
                return "cancelled"
            case "incomplete":
                self._tell(Finished(_REASONS.get(str(details.get("reason")), "length")))
            case _:
                self._tell(Finished("tool_calls" if self._calls else "stop" if self._length else "nothing"))
        return ""

    def transcribed(self, text: str) -> None:
        """The words of an answer that came without any: put them before its end."""
        for spoken in self._spoken.values():
            spoken.item.text = spoken.item.text or text
        self._length += len(text)
        self._events = deque([TextDelta(text), *(_finished(event) for event in self._events)])


def _finished(event: LlmEvent) -> LlmEvent:
    return Finished("stop") if event == Finished("nothing") else event


def _dicts(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text_of(part: Mapping[str, Any]) -> str:
    text = part.get("transcript") or part.get("text")
    return text if isinstance(text, str) else ""


def error_in(event: Mapping[str, Any]) -> tuple[str, str]:
    """Code and event id of an `error` event; "" where it has none."""
    error = event.get("error")
    error = error if isinstance(error, dict) else {}
    return _code_in(error), name_in(error, "event_id")


def _code_in(error: Mapping[str, Any]) -> str:
    """What kind of error it is; "": it does not say."""
    code = error.get("code") or error.get("type")
    return code if isinstance(code, str) and _CODE.fullmatch(code) else "unknown" if code else ""
