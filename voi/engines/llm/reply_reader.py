"""Reads one answer over HTTP: bytes of the event stream in, events out. No I/O."""

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
