"""Print the files that one frame of sound and one sentence of an answer pass, in the order in which they are entered.

    python tools/journey.py

Runs a whole server in this process with a fake language model behind HTTP and espeak as its voice. The way of a frame:
10 ms of silence that complete no VAD window, from the socket on. The way of a sentence: from the first byte that the
language model sends to the first sound on the client's socket. `docs/architecture.md` walks both.

Files that only look on stand apart (`BESIDE`), and so does what they call. Observers are told what happened and give
nothing back. Clocks say when something is late and are given nothing: one that is ever handed sound or words of the
sentence is on the way like any other file, and so is an observer that ever gives some back.
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
WORDS = "Hello there."
BESIDE = {
    "session/latency.py": "clock: how long each step of a turn took",
    "session/clock.py": "clock: the time of the conversation",
    "session/turn_marks.py": "observer: notes when each step of a turn happened",
    "session/observing.py": "observer: tells the observers and the log of each step, redacted",
    "session/observer.py": "observer: passes events to the other observers",
    "engines/llm/thought_habits.py": "observer: records whether the model begins with thoughts",
    "session/metering.py": "observer: counts tokens",
    "server/metrics.py": "observer: histograms and counters",
    "store/": "observer: records the call, and writes it at intervals",
    "engines/waits.py": "clock: how long calls wait for an engine",
    "engines/wait_limit.py": "clock: ends a wait that takes too long",
    "server/": "clock: watches the server (load, garbage, stopping, usage)",
    "calls/load.py": "clock: whether the server is too busy",
    "transports/sip/": "clock: looks twice a second whether the accounts were edited",
    "transports/ari/": "clock: looks twice a second whether the Asterisks were edited",
    "config/store.py": "clock: checks twice a second whether the configuration was edited",
    "core/deadlines.py": "clock: when the conversation is due next",
    "core/late_answer.py": "clock: whether an answer is late",
    "tasks.py": "owner of the tasks: told when one begins and ends",
}
sys.path.insert(0, str(ROOT))


async def passed(during: Callable[[], Awaitable[Any]]) -> tuple[list[str], dict[str, str]]:
    """Files of Voi in which functions were called meanwhile, in order: those on the way, and those beside it with what
    they do."""
    way: dict[str, None] = {}
    beside: dict[str, str] = {}

    def note(frame: FrameType, event: str, result: object) -> None:
        name = frame.f_code.co_filename
        if event not in ("call", "return") or not name.startswith(PACKAGE):
            return
        file, looks_on = name.removeprefix(PACKAGE), beside_by(frame)
        observes = "observer" in looks_on
        if event == "return":
            gives_back = observes and carries(result) and not beside_by(frame.f_back)
            way.update({file: None} if gives_back else {})
        elif looks_on and (observes or not given(frame)):
            beside[file] = looks_on
        else:
            way[file] = None

    sys.setprofile(note)
    threading.setprofile(note)
    try:
        await during()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return list(way), {file: looks_on for file, looks_on in beside.items() if file not in way}


def why_beside(file: str) -> str:
    """What the file does beside the way; "": it is on it."""
    folders = (file[: at + 1] for at, sign in enumerate(file) if sign == "/")
    return next((BESIDE[place] for place in (file, *folders) if place in BESIDE), "")


def beside_by(frame: FrameType | None) -> str:
    """Why this call is beside the way: by its own file, or by one that it is called from; "": it is not."""
    called = ""
    while frame is not None:
        file = frame.f_code.co_filename.removeprefix(PACKAGE)
        if does := why_beside(file):
            return f"called by {file}, {does}" if called not in ("", file) else does
        called, frame = file, frame.f_back
    return ""


def given(frame: FrameType) -> bool:
    """Whether this call is given sound, or words of the sentence."""
    return any(carries(frame.f_locals.get(name)) for name in frame.f_code.co_varnames[: frame.f_code.co_argcount])


def carries(value: object) -> bool:
    """Whether this is sound, or words of the sentence, itself or as a fact or an action."""
    parts = (value, getattr(value, "text", None), getattr(value, "pcm", None))
    return any(isinstance(part, bytes) or (isinstance(part, str) and WORDS in part) for part in parts)


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
        for content, reason in ((f"{WORDS} ", None), ("How are you?", None), (None, "stop")):
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
    starting = asyncio.create_task(ready.get())
    await asyncio.wait((serving, starting), return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()  # raises what kept the server from starting
    url = await starting
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


def show(what: str, found: tuple[list[str], dict[str, str]]) -> None:
    way, beside = found
    print(f"{what}: {len(way)} files")
    for file in way:
        print(f"    voi/{file}")
    for file, looks_on in beside.items():
        print(f"    (beside) voi/{file}: {looks_on}")


if __name__ == "__main__":
    asyncio.run(main())
