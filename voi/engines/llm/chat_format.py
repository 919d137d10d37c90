"""The shape of OpenAI chat completions: requests made of ours, text taken out of what comes back. No I/O.

https://platform.openai.com/docs/api-reference/chat
"""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from voi.dialogue import Message
from voi.engines.base import LlmRequest
from voi.engines.llm.limits import LlmLimits
from voi.engines.llm.refusal import error_words, refusal, shown_name
from voi.engines.llm.sse import SseParser
from voi.errors import EngineError


def chat_request(request: LlmRequest, *, json_mode: bool) -> dict[str, Any]:
    """The fields of a streamed completion. `request.extra` cannot replace what the others say."""
    fields: dict[str, Any] = {
        **request.extra,
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
    """Messages as the API takes them; images become content parts."""
    return [{"role": message.role, "content": _content(message)} for message in messages]


def has_images(request: LlmRequest) -> bool:
    return any(message.image_urls for message in request.messages)


def _content(message: Message) -> str | list[dict[str, Any]]:
    if not message.image_urls:
        return message.text
    parts: list[dict[str, Any]] = [{"type": "text", "text": message.text}] if message.text else []
    return parts + [{"type": "image_url", "image_url": {"url": url}} for url in message.image_urls]


def text_of(content: object) -> str:
    """Text of a `content` field: a string, or (some providers) a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = (part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text")
        return "".join(text for text in texts if isinstance(text, str))
    return ""


class ReplyReader:
    """One reply as it comes in: bytes of the event stream in, text out. All its errors are EngineErrors."""

    def __init__(self, request: LlmRequest, limits: LlmLimits, engine: str) -> None:
        self._request = request
        self._engine = engine
        self._sse = SseParser(limits.max_event_bytes)
        self._said = False
        self._reason: object = None
        self.done = False
        """Nothing that matters is to come. What servers send after the finish reason (usage, `[DONE]`) does not."""

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Texts, none empty, that `chunk` completes."""
        return self._texts(self._sse.feed(chunk))

    def finish(self) -> Iterator[str]:
        """The stream ended: the rest of the text. Raises EngineError when the reply was not complete."""
        yield from self._texts(self._sse.finish())
        if not self.done:
            raise self._error("broke off in the middle of its answer")

    def whole(self, body: bytes) -> Iterator[str]:
        """The text of a reply that was not streamed."""
        yield from self._texts([body])
        if not self.done:
            self._ends()

    def _texts(self, events: list[bytes]) -> Iterator[str]:
        for data in events:
            if data == b"[DONE]":
                self._ends()
                return
            try:
                event = orjson.loads(data)
            except orjson.JSONDecodeError:
                raise self._error("sent something that is not JSON") from None
            text = self._text(event) if isinstance(event, dict) else ""
            if text:
                self._said = True
                yield text
            if self.done:
                self._ends()
                return

    def _ends(self) -> None:
        """Without a word the caller would hear silence. LiteLLM makes such a reply of anything it cannot read."""
        self.done = True
        if not self._said and self._reason != "tool_calls":
            raise self._error("answered with nothing")

    def _text(self, event: dict[str, Any]) -> str:
        try:
            choice = event["choices"][0]
            delta = choice.get("delta") or choice.get("message") or {}
            # A `refusal` is the model's own words.
            text = text_of(delta.get("content")) or text_of(delta.get("refusal"))
            reason = choice.get("finish_reason")
        except (KeyError, IndexError, TypeError, AttributeError):
            text, reason = "", None  # usage, or nothing we know
        # Some servers give "" where there is no reason yet.
        self.done = isinstance(reason, str) and reason != ""
        self._reason = reason
        if not text:
            self._check(event, reason)
        return text

    def _check(self, event: dict[str, Any], reason: object) -> None:
        error = event if event.get("object") == "error" else event.get("error")
        images = has_images(self._request)
        if error:
            status, words = error_words(error)
            raise refusal(self._request.model, status or 500, words, images=images, engine=self._engine)
        if reason == "content_filter" and not self._said:
            raise refusal(self._request.model, 400, "content_filter", engine=self._engine)

    def _error(self, what: str) -> EngineError:
        model = shown_name(self._request.model)
        return EngineError(f"The LLM server of model {model} {what}: see its log.", engine=self._engine, retryable=True)
