"""Print the files that one frame of sound and one sentence of an answer pass, in the order in which they are entered.

    python tools/journey.py

Runs a whole server in this process with a fake language model behind HTTP and espeak as its voice. The way of a frame:
10 ms of silence that complete no VAD window, from the socket on. The way of a sentence: from the first byte that the
language model sends to the first sound on the client's socket. `docs/architecture.md` walks both.
"""

import asyncio
import json
import os
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import FrameType
from typing import Any

import aiohttp
from aiohttp import web

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = str(ROOT / "voi") + os.sep
SECRET = "journey-" * 8
FRAME = bytes(320)
"""10 ms at 16 kHz; two of them still complete no window of 32 ms."""
LLM_WAIT_S = 0.5
sys.path.insert(0, str(ROOT))


async def passed(during: Callable[[], Awaitable[Any]]) -> list[str]:
    """Files of Voi in which functions were called meanwhile, in order."""
    files: dict[str, None] = {}

    def note(frame: FrameType, event: str, _: object) -> None:
        name = frame.f_code.co_filename
        if event == "call" and name.startswith(PACKAGE):
            files[name.removeprefix(PACKAGE)] = None

    sys.setprofile(note)
    threading.setprofile(note)
    try:
        await during()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return list(files)


def frame(metadata: dict[str, Any], payload: bytes = b"") -> bytes:
    text = json.dumps(metadata, separators=(",", ":")).encode()
    return len(text).to_bytes(4, "big") + text + payload


async def main() -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def complete(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        asked.set()
        await go.wait()
        for content, reason in (("Hello there. ", None), ("How are you?", None), (None, "stop")):
            delta = {} if content is None else {"content": content}
            chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m",
                     "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}  # fmt: skip
            await answer.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        await answer.write(b"data: [DONE]\n\n")
        return answer

    app = web.Application()
    app.router.add_post("/v1/chat/completions", complete)
    app.router.add_post("/chat/completions", complete)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    llm_port = runner.addresses[0][1]
    with tempfile.TemporaryDirectory() as folder:
        configure(Path(folder), llm_port)
        await visit(asked, go)
    await runner.cleanup()


def configure(folder: Path, llm_port: int) -> None:
    agent = {"llm_model": "m", "voices": {"character": {"model": "espeak"}}}
    (folder / "agents.json").write_text(json.dumps({"a": agent}))
    (folder / "tts_models.json").write_text(json.dumps({"espeak": {"engine": "espeak"}}))
    os.chdir(folder)
    os.environ.update(
        TOKEN_SECRET_KEY=SECRET, API_KEY=SECRET[::-1], LITELLM_API_BASE=f"http://127.0.0.1:{llm_port}/v1",
        VOI_PORT="0", VOI_HOST="127.0.0.1", VOI_TURN_ENGINE="none", VOI_LOG_LEVEL="error",
    )  # fmt: skip


async def visit(asked: asyncio.Event, go: asyncio.Event) -> None:
    from voi.config.settings import load_settings
    from voi.server.auth import issue_token
    from voi.server.run import Server

    ready: asyncio.Queue[str] = asyncio.Queue()
    server = Server(load_settings(), lambda _: None, ready.put_nowait)
    serving = asyncio.create_task(server.serve())
    url = await ready.get()
    token = issue_token("journey", SECRET, 1)
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{url}?token={token}") as socket:
        await socket.send_bytes(frame({"type": "init", "agent_name": "a", "mode": "chat", "init_greeting": False}))
        await socket.receive()
        await socket.send_bytes(frame({"type": "audio"}, FRAME))
        await asyncio.sleep(0.3)

        async def one_frame() -> None:
            await socket.send_bytes(frame({"type": "audio"}, FRAME))
            await asyncio.sleep(0.1)

        show("A frame of sound that completes no VAD window", await passed(one_frame))
        await socket.send_bytes(frame({"type": "text", "content": "Hello."}))
        await socket.send_bytes(frame({"type": "create_response"}))
        await asked.wait()
        await asyncio.sleep(LLM_WAIT_S)

        async def one_sentence() -> None:
            go.set()
            while b'"audio"' not in (await socket.receive()).data[:40]:
                pass

        show("A sentence, from the language model's socket to the player's", await passed(one_sentence))
    server.stop()
    await serving


def show(what: str, files: list[str]) -> None:
    print(f"{what}: {len(files)} files")
    for file in files:
        print(f"    voi/{file}")


if __name__ == "__main__":
    asyncio.run(main())
