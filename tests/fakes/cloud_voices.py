"""Fake services of cloud voices, with the habits and faults of the real ones. Each answers messages without I/O; they
are reached through aiohttp (`serve`) or in memory (`MemoryClient`), where an hour may pass in no time.

They speak 10 ms of sound a letter. Some words in a text decide what they do: "refuse" it with an error; "hang up" in
the middle; "silence" say nothing; "garble" send what is no sound.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from voi.engines.cloud.client import CloudSocket
from voi.errors import EngineError

RATE_HZ = 24_000
MS_A_LETTER = 10
KEY = "sk-planted-key"  # pragma: allowlist secret
PIECE_BYTES = 1_001
"""Ends inside of a sample."""


@dataclass(frozen=True)
class Close:
    code: int = 1000
    reason: str = ""


Answer = str | bytes | Close


def sound_of(text: str) -> bytes:
    return b"\x00\x10" * (RATE_HZ // 1_000 * MS_A_LETTER * len(text))


def pieces(pcm: bytes) -> Iterator[str]:
    for start in range(0, len(pcm), PIECE_BYTES):
        yield base64.b64encode(pcm[start : start + PIECE_BYTES]).decode()


class VoiceService:
    """What all have: keys, sockets, and what they were told."""

    key_header = ""
    key_value = KEY
    at_once_max = 1_000

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.sockets = 0
        """Open now."""
        self.most_sockets = self.opened = 0
        self.lose = 0
        """So many connections are lost when they are told something."""
        self.refuse_status: int | None = None
        self.refuse_body = ""

    def connection(self, path: str = "") -> "Connection":
        raise NotImplementedError

    def get(self, path: str) -> Any:
        raise NotImplementedError


class Connection:
    """One socket's state."""

    def take(self, message: str) -> list[Answer]:
        raise NotImplementedError

    def tick(self, now_s: float) -> list[Answer]:
        """What it does by itself as time goes by."""
        return []


# ---- Cartesia -------------------------------------------------------------------------------------


class CartesiaService(VoiceService):
    key_header = "X-API-Key"

    def get(self, path: str) -> Any:
        voices = [
            {"id": f"0000000{n}-0000-4000-8000-000000000000", "name": name} for n, name in enumerate(("Ada", "Bob"))
        ]
        if "starting_after" in path:
            return {"data": voices[1:], "has_more": False, "unknown": 1}
        return {"data": voices[:1], "has_more": True}

    def connection(self, path: str = "") -> Connection:
        return _CartesiaConnection(self)


class _CartesiaConnection(Connection):
    def __init__(self, service: CartesiaService) -> None:
        self._service = service
        self._at_ms: dict[str, int] = {}
        self._fields: dict[str, dict[str, Any]] = {}
        self._last_s: dict[str, float] = {}
        self._now_s = 0.0

    def tick(self, now_s: float) -> list[Answer]:
        self._now_s = now_s
        for context, last_s in list(self._last_s.items()):
            if now_s - last_s > 1.0:  # it has died
                del self._last_s[context], self._fields[context]
        return []

    def take(self, message: str) -> list[Answer]:
        told = json.loads(message)
        self._service.told.append(told)
        context = told["context_id"]
        if told.get("cancel"):
            self._fields.pop(context, None)
            self._last_s.pop(context, None)
            return [self._chunk(context, next(pieces(bytes(64))))]  # sound that was on its way
        fields = {key: value for key, value in told.items() if key not in ("transcript", "continue")}
        if self._fields.setdefault(context, fields) != fields:
            return [self._error(context, 400, "invalid_request", "Fields changed inside of a context.")]
        text = told["transcript"]
        answers: list[Answer] = [json.dumps({"type": "news", "of": "no interest"})]
        if "refuse" in text:
            return [*answers, self._error(context, 404, "voice_not_found", f"No voice for: {text}")]
        if "hang up" in text:
            return [*answers, Close(1011, "internal")]
        if "garble" in text:
            return [*answers, self._chunk(context, "no base64 §")]
        if text.strip() and "silence" not in text:
            answers += self._spoken(context, text)
        if not told["continue"]:
            self._fields.pop(context, None)
            self._last_s.pop(context, None)
            answers.append(json.dumps({"type": "done", "done": True, "context_id": context, "status_code": 200}))
        return answers

    def _spoken(self, context: str, text: str) -> Iterator[Answer]:
        at_ms = self._at_ms.get(context, 0)
        times: dict[str, list[Any]] = {"words": [], "start": [], "end": []}
        for word in text.split():
            end_ms = at_ms + MS_A_LETTER * (len(word) + 1)
            for key, value in (("words", word), ("start", at_ms / 1_000), ("end", end_ms / 1_000)):
                times[key].append(value)
            at_ms = end_ms
        for piece in pieces(sound_of(text)):
            yield self._chunk(context, piece)
        yield json.dumps({"type": "timestamps", "context_id": context, "word_timestamps": times})
        yield json.dumps({"type": "flush_done", "flush_id": 1, "context_id": context})
        self._at_ms[context] = at_ms
        self._last_s[context] = self._now_s

    def _chunk(self, context: str, data: str) -> str:
        return json.dumps(
            {"type": "chunk", "data": data, "done": False, "status_code": 206, "step_time": 9, "context_id": context}
        )

    def _error(self, context: str, status: int, code: str, text: str) -> str:
        return json.dumps(
            {"type": "error", "done": True, "status_code": status, "error_code": code, "title": "Wrong",
             "message": text, "context_id": context, "request_id": "r"}
        )  # fmt: skip


# ---- ElevenLabs -----------------------------------------------------------------------------------


class ElevenLabsService(VoiceService):
    """One socket takes five contexts; a sixth loses it. A context is over only some messages after it was closed."""

    key_header = "xi-api-key"
    most_contexts = 0

    def get(self, path: str) -> Any:
        return {"voices": [{"voice_id": f"{name}{'0' * 17}", "name": name, "labels": {}} for name in ("Ada", "Bob")]}

    def connection(self, path: str = "") -> Connection:
        return _ElevenLabsConnection(self)


class _ElevenLabsConnection(Connection):
    IDLE_S = 180.0

    def __init__(self, service: ElevenLabsService) -> None:
        self._service = service
        self._open: dict[str, float] = {}
        self._closing: list[str] = []
        self._now_s = 0.0

    def tick(self, now_s: float) -> list[Answer]:
        self._now_s = now_s
        answers: list[Answer] = [
            json.dumps({"audio": None, "isFinal": True, "contextId": each}) for each in self._closing
        ]
        for each in self._closing:
            self._open.pop(each, None)
        self._closing = []
        if any(now_s - last_s > self.IDLE_S for last_s in self._open.values()):
            error = {"message": "No text for too long.", "error": "input_timeout_exceeded", "code": 1008}
            return [*answers, json.dumps(error), Close(1008, "input_timeout_exceeded")]
        return answers

    def take(self, message: str) -> list[Answer]:
        told = json.loads(message)
        self._service.told.append(told)
        context = told["context_id"]
        if told.get("close_context"):
            if context in self._open and context not in self._closing:
                self._closing.append(context)
            return []
        if context not in self._open and len(self._open) >= 5:
            error = {"message": "Too many.", "error": "max_active_conversations", "code": 1008}
            return [json.dumps(error), Close(1008, "max_active_conversations")]
        self._open[context] = self._now_s
        self._service.most_contexts = max(self._service.most_contexts, len(self._open))
        text = told["text"]
        if not text.strip():
            return []
        if "refuse" in text:
            error = {"message": f"Odd: {text}", "error": "voice_not_found", "code": 1008, "contextId": context}
            return [json.dumps(error)]
        if "hang up" in text:
            return [Close(1008, "quota_exceeded")]
        if "garble" in text:
            return [json.dumps({"audio": "no base64 §", "contextId": context})]
        return [] if "silence" in text else list(self._spoken(context, text))

    def _spoken(self, context: str, text: str) -> Iterator[Answer]:
        """In two chunks, split in the middle of a word; the times count from the start of each."""
        half = len(text) // 2
        for part in (text[:half], text[half:]):
            alignment = {
                "chars": list(part),
                "charStartTimesMs": [MS_A_LETTER * n for n in range(len(part))],
                "charDurationsMs": [MS_A_LETTER] * len(part),
            }
            audio = base64.b64encode(sound_of(part)).decode()
            name = "contextId" if part is text[:half] else "context_id"  # both occur
            yield json.dumps({"audio": audio, name: context, "alignment": alignment, "normalizedAlignment": None})


# ---- Deepgram Aura --------------------------------------------------------------------------------


class AuraService(VoiceService):
    """Sound is binary and has no label. After 20 flushes within a minute there is a warning and no sound; after a
    `Clear` some sound still comes."""

    key_header = "Authorization"
    key_value = f"Token {KEY}"

    def __init__(self, flushes: int = 20) -> None:
        super().__init__()
        self.flushes = flushes
        self.warnings = 0
        self.never_cleared = False

    def get(self, path: str) -> Any:
        return {
            "stt": [{"name": "nova", "canonical_name": "nova-3"}],
            "tts": [
                {"name": "eva", "canonical_name": "aura-2-eva-de", "languages": ["de"]},
                {"name": "Ada", "canonical_name": "aura-2-ada-en", "languages": ["en", "en-US"], "news": 1},
                {"name": "Bob", "canonical_name": "aura-2-bob-en"},
                {"name": "Bob", "canonical_name": "aura-bob-en"},
            ],
        }  # fmt: skip

    def connection(self, path: str = "") -> Connection:
        assert "model=" in path
        return _AuraConnection(self)


class _AuraConnection(Connection):
    def __init__(self, service: AuraService) -> None:
        self._service = service
        self._text = ""
        self._flushes_s: list[float] = []
        self._number = 0
        self._now_s = 0.0

    def tick(self, now_s: float) -> list[Answer]:
        self._now_s = now_s
        return []

    def take(self, message: str) -> list[Answer]:
        told = json.loads(message)
        self._service.told.append(told)
        match told["type"]:
            case "Speak":
                assert len(told["text"]) <= 2_001
                self._text += told["text"]
                return [json.dumps({"type": "Metadata", "request_id": "r", "model_name": "m", "unknown": [1]})]
            case "Clear":
                self._text = ""
                cleared = [] if self._service.never_cleared else [json.dumps({"type": "Cleared", "sequence_id": 1})]
                return [b"\x00\x20" * 100, *cleared]
            case "Flush":
                return self._flush()
        return [json.dumps({"type": "Error", "description": "no such message", "code": "DATA-0000"})]

    def _flush(self) -> list[Answer]:
        self._flushes_s = [at_s for at_s in self._flushes_s if self._now_s - at_s < 60] + [self._now_s]
        if len(self._flushes_s) > self._service.flushes:
            self._service.warnings += 1
            return [json.dumps({"type": "Warning", "code": "FLUSH", "description": "Too many; they are ignored."})]
        text, self._text = self._text, ""
        if "refuse" in text:
            error = {"type": "Error", "description": f"Odd: {text}. No such voice.", "code": "voice_not_found"}
            return [json.dumps(error)]
        if "hang up" in text:
            return [Close(1011, "internal")]
        pcm = b"" if "silence" in text else sound_of(text)
        sound = [pcm[start : start + PIECE_BYTES] for start in range(0, len(pcm), PIECE_BYTES)]
        self._number += 1
        return [*sound, json.dumps({"type": "Flushed", "sequence_id": self._number})]


# ---- over aiohttp, and in memory --------------------------------------------------------------------


@asynccontextmanager
async def serve(service: VoiceService) -> AsyncIterator[str]:
    """The service on a port of its own; the address, as the option `url` takes it."""

    async def meet(request: web.Request) -> web.StreamResponse:
        service.paths.append(request.path_qs)
        if request.headers.get(service.key_header) != service.key_value:
            return web.json_response({"detail": {"status": "invalid_api_key", "message": "Wrong key"}}, status=401)
        if service.refuse_status is not None:
            return web.Response(status=service.refuse_status, text=service.refuse_body)
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return web.json_response(service.get(request.path_qs))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        connection = service.connection(request.path_qs)
        service.sockets += 1
        service.opened += 1
        service.most_sockets = max(service.most_sockets, service.sockets)
        loop = asyncio.get_running_loop()
        try:
            while not socket.closed:
                message = None
                with suppress(TimeoutError):
                    message = await socket.receive(timeout=0.01)
                if message is not None and message.type.name != "TEXT":
                    break
                answers = connection.tick(loop.time())
                if message is not None and service.lose:
                    service.lose -= 1
                    answers = [Close(1011, "internal")]
                elif message is not None:
                    answers += connection.take(message.data)
                for answer in answers:
                    if isinstance(answer, Close):
                        await socket.close(code=answer.code, message=answer.reason.encode())
                        return socket
                    await (socket.send_str(answer) if isinstance(answer, str) else socket.send_bytes(answer))
        finally:
            service.sockets -= 1
        return socket

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", meet)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


class MemoryClient:
    """In place of a `CloudClient`, for the virtual clock."""

    def __init__(self, service: VoiceService) -> None:
        self._service = service

    async def connect(self, url: str) -> "MemorySocket":
        await asyncio.sleep(0.05)
        return MemorySocket(self._service, url)


class MemorySocket(CloudSocket):
    IDLE_S = 300.0
    """It is closed after so long without a message."""

    def __init__(self, service: VoiceService, url: str) -> None:
        self._service, self._connection = service, service.connection(url)
        self._answers: asyncio.Queue[Answer] = asyncio.Queue()
        self._closed = False
        self._last_s = self._now_s()
        service.sockets += 1
        service.opened += 1
        service.most_sockets = max(service.most_sockets, service.sockets)

    @property
    def open(self) -> bool:
        return not self._closed

    async def send(self, message: str | bytes) -> None:
        if self._closed:
            raise EngineError("closed", retryable=True)
        assert isinstance(message, str)
        self._last_s = self._now_s()
        for answer in [*self._connection.tick(self._last_s), *self._connection.take(message)]:
            self._answers.put_nowait(answer)

    async def receive(self) -> str | bytes | None:
        while not self._closed:
            try:
                async with asyncio.timeout(1.0):
                    answer = await self._answers.get()
            except TimeoutError:
                for each in self._connection.tick(self._now_s()):
                    self._answers.put_nowait(each)
                if self._now_s() - self._last_s > self.IDLE_S:
                    await self.close()
                continue
            if not isinstance(answer, Close):
                return answer
            await self.close()
            if answer.code != 1000:
                raise EngineError(answer.reason, retryable=True)
        return None

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._service.sockets -= 1

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()
