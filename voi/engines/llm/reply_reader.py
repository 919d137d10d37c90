"""One answer over HTTP as it comes in: bytes of the event stream in, events out. No I/O."""

import json
from collections.abc import Iterator

import orjson

from voi.engines.base import LlmEvent, LlmRequest
from voi.engines.llm.chat_format import ChunkReader
from voi.engines.llm.limits import LlmLimits
from voi.engines.llm.refusal import shown_name
from voi.engines.llm.sse import SseParser
from voi.errors import EngineError


class ReplyReader:
    """All its errors are EngineErrors."""

    def __init__(self, request: LlmRequest, limits: LlmLimits) -> None:
        self._model = request.model
        self._sse = SseParser(limits.max_event_bytes)
        self._chunks = ChunkReader(request)
        self._closed = False

    @property
    def done(self) -> bool:
        """The answer is whole. What may follow is usage."""
        return self._closed or self._chunks.finished

    def feed(self, chunk: bytes) -> Iterator[LlmEvent]:
        """Events that `chunk` completes."""
        return self._events(self._sse.feed(chunk))

    def lost(self) -> Iterator[LlmEvent]:
        """The stream ended before the answer was done: what is left of it. Raises EngineError where it is not whole."""
        yield from self._events(self._sse.finish())
        if not self.done:
            raise self._error("broke off in the middle of its answer")

    def end(self) -> Iterator[LlmEvent]:
        """The answer is done: its tool calls, and how it finished."""
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
        """A byte or an escape that is no character costs that character, not the answer."""
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
