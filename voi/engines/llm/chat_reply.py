"""Reads one answer in the format of OpenAI chat completions: bytes of its event stream in, events out. No I/O.

`ReplyReader` is for a client that reads the bytes itself; `ChunkReader` for one whose library hands over parsed chunks.
https://platform.openai.com/docs/api-reference/chat
"""

import json
from collections.abc import Iterator
from typing import Any

import orjson

from voi.dialogue import ToolCall
from voi.engines.base import CallPart, Finished, FinishReason, LlmEvent, LlmRequest, Reasoning, TextDelta, Usage
from voi.engines.llm.attempts import LlmLimits
from voi.engines.llm.chat_request import has_images
from voi.engines.llm.refusal import error_words, refusal, shown_name
from voi.errors import EngineError

TOOL_CALLS_MAX = 32
"""Most tool calls in one answer."""
NAME_MAX_CHARACTERS = 200
ARGUMENTS_MAX_CHARACTERS = 200_000
"""Longest arguments of one call. They are joined piece by piece, so the time for them grows with their square."""
TOKENS_MAX = 10_000_000
"""More than any model takes: a larger count is the server's mistake."""
_REASONS: dict[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
    "safety": "content_filter",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}
"""All other finish reasons count as "stop"."""


class ReplyReader:
    """Reads one answer over HTTP. All its errors are EngineErrors."""

    def __init__(self, request: LlmRequest, limits: LlmLimits) -> None:
        self._model = request.model
        self._sse = SseParser(limits.max_event_bytes)
        self._chunks = ChunkReader(request)
        self._closed = False

    @property
    def done(self) -> bool:
        """Whether the answer is complete. Only usage may follow."""
        return self._closed or self._chunks.finished

    def feed(self, chunk: bytes) -> Iterator[LlmEvent]:
        """Events that `chunk` completes."""
        return self._events(self._sse.feed(chunk))

    def lost(self) -> Iterator[LlmEvent]:
        """The last events when the stream ended before `[DONE]`. Raises EngineError when the answer is incomplete."""
        yield from self._events(self._sse.finish())
        if not self.done:
            raise self._error("broke off in the middle of its answer")

    def end(self) -> Iterator[LlmEvent]:
        """The last events of the answer: its tool calls, and `Finished`."""
        return self._chunks.end()

    def whole(self, body: bytes) -> Iterator[LlmEvent]:
        """The events of an answer that was not streamed."""
        yield from self._chunks.read(self._parsed(body))
        yield from self._chunks.end()

    def _events(self, lines: list[bytes]) -> Iterator[LlmEvent]:
        for data in lines:
            if self._closed:
                return
            if data == b"[DONE]":
                self._closed = True
            elif data.strip():
                yield from self._chunks.read(self._parsed(data))

    def _parsed(self, data: bytes) -> object:
        """The JSON. An invalid byte or escape loses one character, not the answer."""
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError:
            pass
        try:
            return json.loads(data.decode(errors="replace"))
        except (ValueError, RecursionError):
            raise self._error("sent something that is not JSON") from None

    def _error(self, what: str) -> EngineError:
        return EngineError(
            f"The LLM server of model {shown_name(self._model)} {what}: see its log.",
            retryable=True,
        )


class SseParser:
    """Server-sent events (WHATWG HTML, section 9.2). Takes bytes cut anywhere, returns the data of complete ones.

    Only `data` matters to chat completions; comments (`: ping`) and the other fields are skipped.
    """

    def __init__(self, max_event_bytes: int) -> None:
        self._max_event_bytes = max_event_bytes
        self._line = bytearray()
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Data of the events that `chunk` completes. Raises EngineError when one exceeds the limit."""
        if self._after_cr and chunk:
            # That CR has ended its line; an LF here is the other half of it, not an empty line.
            self._after_cr = False
            if chunk[0] == 0x0A:
                chunk = chunk[1:]
        cut = max(chunk.rfind(b"\n"), chunk.rfind(b"\r")) + 1
        # Incomplete lines grow in place: joining them again for each chunk would be quadratic.
        if not cut:
            self._line += chunk
            self._check(len(self._line))
            return []
        whole = chunk[:cut]
        if self._line:
            self._line += whole
            whole = bytes(self._line)
        self._line = bytearray(chunk[cut:])
        self._after_cr = whole.endswith(b"\r")
        events = []
        for line in whole.splitlines():
            if line.startswith(b"data:"):
                self._take(line)
            elif not line and self._data:
                events.append(self._event())
        return events

    def finish(self) -> list[bytes]:
        """The end of the stream: some servers leave out the empty line after the last event."""
        if self._line.startswith(b"data:"):
            self._take(bytes(self._line))
        self._line.clear()
        return [self._event()] if self._data else []

    def _take(self, line: bytes) -> None:
        data = line[6:] if line.startswith(b"data: ") else line[5:]
        self._data.append(data)
        self._data_bytes += len(data) + 1  # the line break: lines without an end are too much as well, empty or not
        self._check(self._data_bytes)

    def _event(self) -> bytes:
        event = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        self._data = []
        self._data_bytes = 0
        return event

    def _check(self, size_bytes: int) -> None:
        if size_bytes > self._max_event_bytes:
            raise EngineError(
                f"The LLM server sent an event of more than {self._max_event_bytes} bytes. "
                "Is LITELLM_API_BASE really a chat-completions server?"
            )


class ChunkReader:
    """Reads one answer's chunks (dicts): call `read` for each, and `end` after the last. All its errors are
    EngineErrors."""

    def __init__(self, request: LlmRequest) -> None:
        self._request = request
        self._calls: list[list[str]] = []
        """id, name and arguments of each, in the order in which they began."""
        self._newest: dict[int, list[str]] = {}
        """The newest call of each number of the provider's. Some servers give all calls the number 0."""
        self._half = ""
        """A high surrogate whose other half has not come yet."""
        self._said = False
        self._reason: FinishReason | None = None

    @property
    def finished(self) -> bool:
        """Whether the answer is over. What servers send after that (usage, `[DONE]`) does not belong to it."""
        return self._reason is not None

    def read(self, chunk: object) -> Iterator[LlmEvent]:
        """Events that this chunk completes."""
        if not isinstance(chunk, dict):
            return
        choice = _first(chunk.get("choices"))
        delta = choice.get("delta") or choice.get("message")
        delta = delta if isinstance(delta, dict) else {}
        # A `refusal` is the model's own words.
        text = self._whole_characters(text_of(delta.get("content")) or text_of(delta.get("refusal")))
        thought = text_of(delta.get("reasoning_content") or delta.get("reasoning"))
        written = self._collect(delta.get("tool_calls"))
        if not text and not thought and not written:
            self._check(chunk)
        if thought:
            yield Reasoning(thought)
        if text:
            self._said = self._said or not text.isspace()
            yield TextDelta(text)
        if written:
            yield CallPart(written)
        if isinstance(usage := chunk.get("usage"), dict):
            yield Usage(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")))
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:  # some servers give "" where there is no reason yet
            self._reason = _REASONS.get(reason.lower(), "stop")

    def end(self) -> Iterator[LlmEvent]:
        """The last events of the answer: its tool calls, and `Finished`."""
        reason = self._reason or "stop"
        calls = [ToolCall(*call) for call in self._calls if call[1]]
        if reason in ("stop", "tool_calls"):
            yield from calls  # in an answer that was cut off they may be incomplete
            reason = "tool_calls" if calls else "stop" if self._said else "nothing"
        yield Finished(reason)

    def _whole_characters(self, text: str) -> str:
        """Join surrogates that came in two deltas; one that stays alone becomes U+FFFD."""
        if text.isascii() and not self._half:
            return text
        text, self._half = self._half + text, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _collect(self, calls: object) -> str:
        """Collect the increments of tool calls. Returns what they add."""
        added = ""
        for position, call in enumerate(calls if isinstance(calls, list) else ()):
            if not isinstance(call, dict):
                continue
            index = call.get("index")
            number = index if isinstance(index, int) else position
            function = call.get("function")
            function = function if isinstance(function, dict) else {}
            call_id, name = _string(call.get("id")), _string(function.get("name"))
            known = self._newest.get(number)
            if known is None or _begins_another(known, call_id, name):
                if len(self._calls) >= TOOL_CALLS_MAX:
                    raise self._error(f"wants more than {TOOL_CALLS_MAX} tools at once")
                known = self._newest[number] = ["", "", ""]
                self._calls.append(known)
            known[0] = known[0] or call_id
            known[1] = known[1] or name[:NAME_MAX_CHARACTERS]
            written = function.get("arguments")
            part = _string(written) or (orjson.dumps(written).decode() if isinstance(written, dict) else "")
            known[2] += part
            added += name[:NAME_MAX_CHARACTERS] + part
            if len(known[2]) > ARGUMENTS_MAX_CHARACTERS:
                raise self._error(f"called a tool with more than {ARGUMENTS_MAX_CHARACTERS:,} characters")
        return added

    def _check(self, chunk: dict[str, Any]) -> None:
        error = chunk if chunk.get("object") == "error" else chunk.get("error")
        if error:
            status, words = error_words(error)
            images = has_images(self._request)
            raise refusal(self._request.model, status or 500, words, images=images, tools=bool(self._request.tools))

    def _error(self, what: str) -> EngineError:
        return EngineError(f"LLM model {self._request.model[:80]!r} {what}.")


def _begins_another(known: list[str], call_id: str, name: str) -> bool:
    """True if this increment is not of the known call, though it has the same number: it names another id, or a name
    again behind arguments."""
    if call_id and known[0]:
        return call_id != known[0]
    return bool(name and known[1] and known[2])


def text_of(content: object) -> str:
    """Text of a `content` field: a string, or (some providers) a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = (part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text")
        return "".join(text for text in texts if isinstance(text, str))
    return ""


def _first(choices: object) -> dict[str, Any]:
    choice = choices[0] if isinstance(choices, list) and choices else None
    return choice if isinstance(choice, dict) else {}


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int:
    """A token count from a server, which may send anything; 0 if it is not a valid count."""
    return min(max(value, 0), TOKENS_MAX) if isinstance(value, int) else 0
