"""A server of OpenAI's Realtime protocol that misbehaves as real ones do. In memory, for tests in virtual time; `serve`
puts it behind a real socket."""

import array
import asyncio
import base64
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

from voi.config.brain import SpeechBrain
from voi.dialogue import ToolCall
from voi.errors import EngineError

RATE_HZ = 24_000
LETTER_MS = 70
SAMPLE = 600
Item = dict[str, Any]


def sound_of(word: int, ms: int) -> bytes:
    """The sound of the word of that number: all samples say which one it is."""
    return array.array("h", [SAMPLE * (word + 1)] * (ms * RATE_HZ // 1_000)).tobytes()


def words_in(pcm: bytes) -> set[int]:
    """The numbers of the words that are heard in sound at 24 kHz."""
    return {sample // SAMPLE - 1 for sample in array.array("h", pcm) if sample}


@dataclass(frozen=True)
class Spoken:
    """One answer. `words`: when they come, seen from their sound: "first" all of them before it, "last" all after it,
    "ahead" and "late" by some words, "never", or "gap" (a piece is missing, and comes with the whole at the end).
    `speed`: how much faster than real time it is made. `breaks`: what happens before word `at`."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    words: Literal["with", "first", "ahead", "late", "last", "never", "gap"] = "with"
    speed: float = 4.0
    breaks: str = ""
    at: int = 2


@dataclass
class FakeRealtime:
    """`answers`: one after the other, the last over and over. `expires_s`: how long a session lasts. `refuses`: errors
    for the next connections."""

    answers: list[Spoken]
    expires_s: float = 3_600.0
    refuses: list[EngineError] = field(default_factory=list)
    delay_s: float = 0.05
    asked: list[list[Item]] = field(default_factory=list)
    """The dialogue at each request for an answer."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    """Each `response.create`."""
    sessions: list["RealtimeSession"] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    """Codes of the errors that it sent."""
    connects: int = 0
    statuses: list[int] = field(default_factory=list)
    """What the next handshakes over a real socket are answered."""
    keys: list[str] = field(default_factory=list)
    """The Authorization headers of handshakes."""

    @property
    def session(self) -> "RealtimeSession":
        return self.sessions[-1]

    @property
    def open_sessions(self) -> int:
        return sum(not session.over for session in self.sessions)

    async def connect(self, brain: SpeechBrain) -> "_MemorySocket":
        self.connects += 1
        await asyncio.sleep(self.delay_s)
        if self.refuses:
            raise self.refuses.pop(0)
        socket = _MemorySocket()
        socket.session = self.open(socket.queue.put_nowait)
        return socket

    def open(self, send: Callable[[str | None], None]) -> "RealtimeSession":
        """A new session. `send` takes what it tells its client; None: it hangs up."""
        self.sessions.append(RealtimeSession(self, send))
        return self.sessions[-1]

    def next_answer(self) -> Spoken:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _MemorySocket:
    def __init__(self) -> None:
        self.queue: asyncio.Queue[str | None] = asyncio.Queue()
        self.session: RealtimeSession

    async def send(self, text: str) -> None:
        if self.session.over:
            raise EngineError("closed", retryable=True)
        self.session.take(text)

    async def receive(self) -> str | None:
        return await self.queue.get()

    async def close(self) -> None:
        self.session.end()


class RealtimeSession:
    """One connection's session: strict where the real server is."""

    def __init__(self, server: FakeRealtime, send: Callable[[str | None], None]) -> None:
        self.server = server
        self._send = send
        self._ids = itertools.count(1)
        self.items: list[Item] = []
        self.buffer = bytearray()
        self.settings: dict[str, Any] = {"turn_detection": "server_vad"}
        self.events: list[dict[str, Any]] = []
        self.over = False
        self._answering: asyncio.Task[None] | None = None
        self._response: dict[str, Any] = {}
        self._timer = asyncio.get_running_loop().call_later(server.expires_s, self._expire)
        self.tell("session.created", session={"type": "realtime"})

    def tell(self, kind: str, **fields: Any) -> None:
        if not self.over:
            self._send(json.dumps({"type": kind, "event_id": f"ev_{next(self._ids)}", **fields}))

    def error(self, code: str, cause: dict[str, Any] | None = None) -> None:
        self.server.errors.append(code)
        event_id = (cause or {}).get("event_id")
        self.tell("error", error={"type": "invalid_request_error", "code": code, "message": code, "event_id": event_id})

    def _expire(self) -> None:
        self.error("session_expired")
        self.hang_up()

    def hang_up(self) -> None:
        if not self.over:
            self._send(None)
        self.end()

    def end(self) -> None:
        self.over = True
        self._timer.cancel()
        if self._answering is not None and self._answering is not asyncio.current_task():
            self._answering.cancel()

    # ---- what the client sends ----------------------------------------------------------------------

    def take(self, text: str) -> None:
        event = json.loads(text)
        self.events.append(event)
        match event["type"]:
            case "session.update":
                self.settings |= event["session"]
                self.tell("session.updated", session=self.settings)
            case "input_audio_buffer.append":
                self.buffer += base64.b64decode(event["audio"])
            case "input_audio_buffer.clear":
                self.buffer.clear()
                self.tell("input_audio_buffer.cleared")
            case "input_audio_buffer.commit":
                self._commit(event)
            case "conversation.item.create":
                self._insert({**event["item"]}, event.get("previous_item_id"), event)
            case "conversation.item.delete":
                if item := self._item(event):
                    self.items.remove(item)
                    self.tell("conversation.item.deleted", item_id=item["id"])
            case "conversation.item.truncate":
                self._truncate(event)
            case "response.create":
                self._create(event)
            case "response.cancel":
                if self._answering is None or self._answering.done():
                    self.error("response_cancel_not_active", event)
                else:
                    self._answering.cancel()
            case _:
                self.error("unknown_event", event)

    def _item(self, event: dict[str, Any]) -> Item | None:
        for item in self.items:
            if item["id"] == event["item_id"]:
                return item
        self.error("item_not_found", event)
        return None

    def _commit(self, event: dict[str, Any]) -> None:
        ms = len(self.buffer) * 1_000 // (2 * RATE_HZ)
        if ms < 100:
            self.error("input_audio_buffer_commit_empty", event)
            return
        item_id = f"item_u{next(self._ids)}"
        self.tell("input_audio_buffer.committed", item_id=item_id, previous_item_id=None)
        content = [{"type": "input_audio", "ms": ms}]
        self._insert({"id": item_id, "type": "message", "role": "user", "content": content})
        self.buffer.clear()

    def _insert(self, item: Item, after: str | None = None, event: dict[str, Any] | None = None) -> None:
        at = len(self.items)
        if after == "root":
            at = 0
        elif after:
            ids = [each["id"] for each in self.items]
            if after not in ids:
                self.error("item_create_invalid_previous", event)
                return
            at = ids.index(after) + 1
        self.items.insert(at, item)
        self.tell("conversation.item.added", item=item, previous_item_id=after)

    def _truncate(self, event: dict[str, Any]) -> None:
        if item := self._item(event):
            if event["audio_end_ms"] > item.get("ms", 0):
                self.error("audio_end_ms_too_late", event)
                return
            item["ms"], item["content"] = event["audio_end_ms"], [{"type": "output_audio", "transcript": None}]
            self.tell("conversation.item.truncated", item_id=item["id"], content_index=0, audio_end_ms=item["ms"])

    # ---- answers --------------------------------------------------------------------------------------

    def _create(self, event: dict[str, Any]) -> None:
        if self._answering is not None and not self._answering.done():
            self.error("conversation_already_has_active_response", event)
            return
        options = event.get("response", {})
        self.server.requests.append(options)
        apart = options.get("conversation") == "none"
        if apart:
            answer = Spoken(json.loads(options["instructions"].rpartition("\n")[2]))
        else:
            self.server.asked.append([dict(item) for item in self.items])
            answer = self.server.next_answer()
        self._answering = asyncio.ensure_future(self._answer(answer, options, event, apart))

    async def _answer(self, answer: Spoken, options: dict[str, Any], event: dict[str, Any], apart: bool) -> None:
        response_id = f"resp_{next(self._ids)}"
        response: dict[str, Any] = {
            "id": response_id, "status": "in_progress", "metadata": options.get("metadata"), "output": [],
        }  # fmt: skip
        self._response = response
        made_ms = 0
        try:
            if answer.breaks == "refused":
                self.error("rate_limit_exceeded", event)
                return
            self.tell("response.created", response=response)
            await asyncio.sleep(self.server.delay_s)
            if answer.breaks == "rate_limit":
                error = {"type": "requests", "code": "rate_limit_exceeded", "message": "slow down"}
                response |= {"status": "failed", "status_details": {"type": "failed", "error": error}}
            else:
                if answer.text:
                    made_ms = await self._speak(answer, response, apart)
                for number, call in enumerate(answer.calls, 1):
                    self._call(call, response, number)
                response["status"] = "completed"
        except asyncio.CancelledError:
            response |= {"status": "cancelled", "status_details": {"type": "cancelled", "reason": "client_cancelled"}}
        usage = {
            "input_tokens": 130, "output_tokens": 12 + made_ms // 50,
            "input_token_details": {
                "text_tokens": 100, "audio_tokens": 30, "cached_tokens": 64,
                "cached_tokens_details": {"text_tokens": 64, "audio_tokens": 0},
            },
            "output_token_details": {"text_tokens": 12, "audio_tokens": made_ms // 50},
        }  # fmt: skip
        self.tell("response.done", response=response | {"usage": usage})
        self.tell("rate_limits.updated", rate_limits=[])

    async def _speak(self, answer: Spoken, response: dict[str, Any], apart: bool) -> int:
        item_id = f"item_a{next(self._ids)}"
        item: Item = {"id": item_id, "type": "message", "role": "assistant", "content": [], "status": "in_progress"}
        at = {"response_id": response["id"], "output_index": 0}
        self.tell("response.output_item.added", **at, item=item)
        item["ms"] = 0
        if not apart:
            self._insert(item)
        at |= {"item_id": item_id, "content_index": 0}
        text_only = self.settings.get("output_modalities") == ["text"]
        sounds = answer.text.split()
        words = [f" {word}" if number else word for number, word in enumerate(sounds)]
        told = 0
        for number in range(len(sounds)):
            if number == answer.at and answer.breaks:
                await self._break(answer.breaks)
            word_ms = LETTER_MS * len(sounds[number])
            await asyncio.sleep(word_ms / 1_000 / answer.speed)
            ahead = {"with": 1, "gap": 1, "first": len(words), "ahead": 3, "late": -2, "last": -99, "never": -99}
            upto = max(0, min(len(words), number + ahead[answer.words]))
            for index in range(told, upto):
                if answer.words != "gap" or index != 1:
                    self._words(at, words[index], text_only)
            told = max(told, upto)
            if not text_only:
                item["ms"] += word_ms
                sound = base64.b64encode(sound_of(number, word_ms)).decode()
                self.tell("response.output_audio.delta", **at, delta=sound)
        if answer.words == "never":
            item["content"] = [{"type": "output_audio", "transcript": None}]
        else:
            for index in range(told, len(words)):
                self._words(at, words[index], text_only)
            kind = "response.output_text.done" if text_only else "response.output_audio_transcript.done"
            self.tell(kind, **at, **({"text": answer.text} if text_only else {"transcript": answer.text}))
            item["content"] = [{"type": "output_audio", "transcript": answer.text}]
        self.tell("response.output_audio.done", **at)
        self.tell("response.output_item.done", response_id=response["id"], output_index=0, item=item)
        response["output"].append(item)
        return int(item["ms"])

    def _words(self, at: dict[str, Any], words: str, text_only: bool) -> None:
        self.tell("response.output_text.delta" if text_only else "response.output_audio_transcript.delta",
                  **at, delta=words)  # fmt: skip

    async def _break(self, how: str) -> None:
        match how:
            case "drop":
                self.hang_up()
            case "stall":
                await asyncio.sleep(600)
            case "garbage":
                self._send("\x00 no JSON")
            case "no_sound":
                self.tell("response.output_audio.delta", response_id=self._response["id"], item_id="?", delta="%%%")
            case "huge":
                self._send(json.dumps({"type": "response.output_audio.delta", "delta": "A" * 8_000_000}))

    def _call(self, call: ToolCall, response: dict[str, Any], number: int) -> None:
        item = {
            "id": f"item_f{next(self._ids)}", "type": "function_call", "call_id": call.call_id, "name": call.name,
            "arguments": call.arguments,
        }  # fmt: skip
        at = {"response_id": response["id"], "output_index": number}
        self.tell("response.output_item.added", **at, item=item | {"arguments": ""})
        self._insert(item)
        for letter in call.arguments:
            self.tell("response.function_call_arguments.delta", **at, item_id=item["id"], delta=letter)
        self.tell("response.function_call_arguments.done", **at, item_id=item["id"], arguments=call.arguments)
        self.tell("response.output_item.done", **at, item=item)
        response["output"].append(item)


@contextlib.asynccontextmanager
async def serve(server: FakeRealtime) -> AsyncIterator[str]:
    """The server behind a real socket on the loopback. Yields its URL."""

    async def handle(request: web.Request) -> web.WebSocketResponse:
        server.keys.append(request.headers.get("Authorization", ""))
        if server.statuses:
            raise _refusal(server.statuses.pop(0))
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        told: asyncio.Queue[str | None] = asyncio.Queue()
        session = server.open(told.put_nowait)

        async def write() -> None:
            while (text := await told.get()) is not None:
                await socket.send_str(text)
            await socket.close()

        writer = asyncio.ensure_future(write())
        try:
            async for message in socket:
                session.take(message.data)
        finally:
            session.end()
            writer.cancel()
        return socket

    app = web.Application()
    app.router.add_get("/v1/realtime", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}/v1/realtime"
    finally:
        await runner.cleanup()


def _refusal(status: int) -> web.HTTPException:
    kinds = {401: web.HTTPUnauthorized, 429: web.HTTPTooManyRequests, 503: web.HTTPServiceUnavailable}
    return kinds[status](text="refused")
