"""UTF-8 with mistakes, mended while it streams in: a wrong byte costs one character, and not the answer.

The openai package, by which LiteLLM calls many providers, decodes each line strictly and fails at the first wrong byte.
Needs httpx, which LiteLLM brings.
"""

import codecs
from collections.abc import AsyncIterator

import httpx


async def mend(response: httpx.Response) -> None:
    """A hook for responses of httpx: event streams are mended. Compressed ones are left as they are."""
    headers, stream = response.headers, response.stream
    is_events = headers.get("content-type", "").startswith("text/event-stream")
    if is_events and "content-encoding" not in headers and isinstance(stream, httpx.AsyncByteStream):
        response.stream = MendedUtf8(stream)


class MendedUtf8(httpx.AsyncByteStream):
    """The same bytes, with U+FFFD in place of invalid UTF-8. A character that arrives in two parts stays whole."""

    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        async for part in self._stream:
            if text := decoder.decode(part):
                yield text.encode()
        if text := decoder.decode(b"", final=True):
            yield text.encode()

    async def aclose(self) -> None:
        await self._stream.aclose()
