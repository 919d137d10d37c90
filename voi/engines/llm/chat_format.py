"""The format of OpenAI chat completions: builds requests from ours, and reads events from responses. No I/O.

https://platform.openai.com/docs/api-reference/chat
"""

from collections.abc import Iterable, Iterator
from typing import Any

from voi.dialogue import Image, Message, Text, ToolCall
from voi.engines.base import Finished, FinishReason, LlmEvent, LlmRequest, Reasoning, TextDelta, Usage
from voi.engines.llm.refusal import error_words, refusal
from voi.errors import EngineError

TOOL_CALLS_MAX = 32
"""Most tool calls in one answer."""
_REASONS: dict[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
    "safety": "content_filter",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}
"""All other finish reasons count as "stop"."""


def chat_request(request: LlmRequest, *, json_mode: bool) -> dict[str, Any]:
    """The fields of a streamed completion."""
    fields: dict[str, Any] = {
        "model": request.model,
        "messages": chat_messages(request.messages),
        "stream": True,
    }
    if request.temperature is not None:
        fields["temperature"] = request.temperature
    if request.max_tokens is not None:
        fields["max_tokens"] = request.max_tokens
    if json_mode:
        fields["response_format"] = {"type": "json_object"}
    return fields


def chat_messages(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Messages in the API's format: images become content parts, and each tool result a message of its own."""
    return [field for message in messages for field in _message(message)]


def has_images(request: LlmRequest) -> bool:
    return any(message.image_urls for message in request.messages)


def _message(message: Message) -> Iterator[dict[str, Any]]:
    for result in message.tool_results:
        yield {"role": "tool", "tool_call_id": result.call_id, "content": result.text}
    calls = [
        {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments or "{}"}}
        for call in message.tool_calls
    ]
    if calls:
        yield {"role": message.role, "content": message.text or None, "tool_calls": calls}
    elif message.role != "tool":
        yield {"role": message.role, "content": _content(message)}


def _content(message: Message) -> str | list[dict[str, Any]]:
    if not message.image_urls:
        return message.text
    parts: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, Image):
            parts.append({"type": "image_url", "image_url": {"url": part.url}})
        elif isinstance(part, Text):
            parts.append({"type": "text", "text": part.text})
    return parts


def text_of(content: object) -> str:
    """Text of a `content` field: a string, or (some providers) a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = (part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text")
        return "".join(text for text in texts if isinstance(text, str))
    return ""


class ChunkReader:
    """Reads one answer's chunks (dicts): call `read` for each, and `end` after the last. All its errors are
    EngineErrors."""

    def __init__(self, request: LlmRequest) -> None:
        self._request = request
        self._calls: dict[int, list[str]] = {}
        """id, name and arguments, by the provider's number."""
        self._half = ""
        """A high surrogate whose other half has not come yet."""
        self._said = False
        self._reason: FinishReason | None = None

    @property
    def finished(self) -> bool:
        """Whether the answer is over. What servers send after that (usage, `[DONE]`) is no part of it."""
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
        self._collect(delta.get("tool_calls"))
        if not text and not thought:
            self._check(chunk)
        if thought:
            yield Reasoning(thought)
        if text:
            self._said = self._said or not text.isspace()
            yield TextDelta(text)
        if isinstance(usage := chunk.get("usage"), dict):
            yield Usage(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")))
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:  # some servers give "" where there is no reason yet
            self._reason = _REASONS.get(reason.lower(), "stop")

    def end(self) -> Iterator[LlmEvent]:
        """The last events of the answer: its tool calls, and `Finished`."""
        reason = self._reason or "stop"
        calls = [ToolCall(*call) for _, call in sorted(self._calls.items()) if call[1]]
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

    def _collect(self, calls: object) -> None:
        """Collect the increments of tool calls."""
        for position, call in enumerate(calls if isinstance(calls, list) else ()):
            if not isinstance(call, dict):
                continue
            index = call.get("index")
            number = index if isinstance(index, int) else position
            if number not in self._calls and len(self._calls) >= TOOL_CALLS_MAX:
                raise self._error(f"wants more than {TOOL_CALLS_MAX} tools at once")
            known = self._calls.setdefault(number, ["", "", ""])
            function = call.get("function")
            function = function if isinstance(function, dict) else {}
            known[0] = known[0] or _string(call.get("id"))
            known[1] = known[1] or _string(function.get("name"))
            known[2] += _string(function.get("arguments"))

    def _check(self, chunk: dict[str, Any]) -> None:
        error = chunk if chunk.get("object") == "error" else chunk.get("error")
        if error:
            status, words = error_words(error)
            images = has_images(self._request)
            raise refusal(self._request.model, status or 500, words, images=images)

    def _error(self, what: str) -> EngineError:
        return EngineError(f"LLM model {self._request.model[:80]!r} {what}.")


def _first(choices: object) -> dict[str, Any]:
    choice = choices[0] if isinstance(choices, list) and choices else None
    return choice if isinstance(choice, dict) else {}


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
