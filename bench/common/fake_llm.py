"""Fake streaming LLM: OpenAI-compatible POST /v1/chat/completions over HTTP/1.1 keep-alive.

First token 50 ms after the request, then 50 tokens a second, always the same reply. A bare asyncio.Protocol, so that
it costs its core almost nothing. Run: python -m common.fake_llm
"""

import asyncio
import json
import signal
from typing import Any

import uvloop

from common import config as C
from common.fakes import tag_of
from common.trace import event

HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
    b"transfer-encoding: chunked\r\nconnection: keep-alive\r\n\r\n"
)


def _http_chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _sse(choices: list[Any], **more: Any) -> bytes:
    body = {"id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 1, "model": "fake", "choices": choices}
    return _http_chunk(b"data: " + json.dumps(body | more).encode() + b"\n\n")


def _delta(delta: dict[str, str], finish: str | None = None) -> bytes:
    return _sse([{"index": 0, "delta": delta, "finish_reason": finish}])


TOKENS = [
    _delta({"role": "assistant", "content": token} if i == 0 else {"content": token})
    for i, token in enumerate(C.REPLY_TOKENS)
]
TAIL = (
    _delta({}, "stop")
    + _sse([], usage={"prompt_tokens": 50, "completion_tokens": 30, "total_tokens": 80})
    + _http_chunk(b"data: [DONE]\n\n")
    + _http_chunk(b"")
)


class Connection(asyncio.Protocol):
    transport: asyncio.Transport
    buffer = b""
    timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self.timer:
            self.timer.cancel()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            lengths = [int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:")]
            total = end + 4 + sum(lengths)
            if len(self.buffer) < total:
                return
            body, self.buffer = self.buffer[end + 4 : total], self.buffer[total:]
            self.request(head, body)

    def request(self, head: bytes, body: bytes) -> None:
        if not head.startswith(b"post"):
            models = b'{"object":"list","data":[{"id":"fake","object":"model"}]}'
            self.transport.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
                % (len(models), models)
            )
            return
        content = next((m["content"] for m in reversed(json.loads(body)["messages"]) if m["role"] == "user"), "")
        if not isinstance(content, str):
            content = " ".join(part.get("text", "") for part in content)
        key = tag_of(content)
        event("llm_req", key)
        self.arm(asyncio.get_running_loop().time() + C.LLM_FIRST_TOKEN_MS / 1000, 0, key)

    def arm(self, due: float, token: int, key: str) -> None:
        self.timer = asyncio.get_running_loop().call_at(due, self.fire, due, token, key)

    def fire(self, due: float, token: int, key: str) -> None:
        if self.transport.is_closing():
            return
        self.transport.write((HEAD if token == 0 else b"") + TOKENS[token])
        if token == C.FIRST_SENTENCE_TOKENS - 1:
            event("llm_sentence", key)
        if token + 1 < len(TOKENS):
            self.arm(due + C.LLM_TOKEN_PERIOD_MS / 1000, token + 1, key)
        else:
            self.transport.write(TAIL)


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", C.LLM_PORT, backlog=1024)
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    uvloop.run(main())
