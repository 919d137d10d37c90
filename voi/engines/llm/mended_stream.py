"""Mends answers of providers before LiteLLM reads them: a wrong byte costs one character and not the answer, and an
answer that is not streamed becomes a stream. It also notes what LiteLLM does not report about them.

The openai package, by which LiteLLM calls many providers, decodes each line strictly, fails at the first wrong byte,
and does not tell `[DONE]` from the end of the connection. Needs httpx, which LiteLLM brings.
"""

import codecs
import json
from collections.abc import AsyncIterator
from contextvars import ContextVar
from dataclasses import dataclass

import httpx

WHOLE_MAX_BYTES = 1 << 20
"""Most bytes of an answer that is not streamed."""
_DONE = "[DONE]"


@dataclass(slots=True)
class ResponseSeen:
    """What the bytes of the newest response showed."""

    done: bool = False
    """The answer was complete: `[DONE]`, or a whole body."""
    is_page: bool = False
    """It is a web page."""


SEEN: ContextVar[ResponseSeen | None] = ContextVar("SEEN", default=None)
"""Set by the task that sends the request and reads the response."""


async def mend(response: httpx.Response) -> None:
    """A hook for responses of httpx. Compressed ones are left as they are."""
    headers, stream = response.headers, response.stream
    kind = headers.get("content-type", "")
    seen = SEEN.get() or ResponseSeen()
    seen.done, seen.is_page = False, response.status_code == 200 and kind.startswith("text/html")
    if response.status_code != 200 or "content-encoding" in headers or not isinstance(stream, httpx.AsyncByteStream):
        return
    if kind.startswith("text/event-stream"):
        response.stream = MendedUtf8(stream, seen)
    elif kind.startswith("application/json"):
        response.stream = WholeAsEvents(stream, seen)
        response.headers["content-type"] = "text/event-stream"
        response.headers.pop("content-length", None)


class MendedUtf8(httpx.AsyncByteStream):
    """The same bytes, with U+FFFD in place of invalid UTF-8. A character in two parts stays whole."""

    def __init__(self, stream: httpx.AsyncByteStream, seen: ResponseSeen | None = None) -> None:
        self._stream = stream
        self._seen = seen or ResponseSeen()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        before = ""
        async for part in self._stream:
            if text := decoder.decode(part):
                before = (before + text)[-len(text) - len(_DONE) :]
                self._seen.done |= _DONE in before
                yield text.encode()
        if text := decoder.decode(b"", final=True):
            yield text.encode()

    async def aclose(self) -> None:
        await self._stream.aclose()


class WholeAsEvents(httpx.AsyncByteStream):
    """A chat completion that is not streamed, as one event. Any other body stays as it is."""

    def __init__(self, stream: httpx.AsyncByteStream, seen: ResponseSeen) -> None:
        self._stream = stream
        self._seen = seen

    async def __aiter__(self) -> AsyncIterator[bytes]:
        body = bytearray()
        parts = aiter(self._stream)
        async for part in parts:
            body += part
            if len(body) > WHOLE_MAX_BYTES:
                yield bytes(body)
                break
        else:
            yield self._as_events(bytes(body))
            return
        async for part in parts:
            yield part

    def _as_events(self, body: bytes) -> bytes:
        try:
            answer = json.loads(body.decode(errors="replace"))
            for choice in answer["choices"]:
                choice["delta"] = choice.pop("message")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return body
        self._seen.done = True
        answer["object"] = "chat.completion.chunk"
        return b"data: " + json.dumps(answer).encode() + b"\n\ndata: [DONE]\n\n"

    async def aclose(self) -> None:
        await self._stream.aclose()
