"""Fake services of cloud ears, with the habits and faults of the real ones. Each answers messages without I/O; they are
reached through aiohttp (`serve`) or in memory (`MemoryClient`), where an hour may pass in no time.

They understand sound made by `speech`: each word is a tone of its own. Of a word that is cut they hear another one, so
that a test sees when sound is lost, torn or sent twice.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import numpy as np
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from tests.fakes.cloud_voices import KEY, Answer, Close
from voi.audio.wav import parse_wav
from voi.engines.cloud.client import CloudSocket
from voi.engines.cloud.refusal import closed
from voi.errors import EngineError

WORDS = (
    "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet",
    "kilo", "lima", "mike", "november", "oscar",
)  # fmt: skip
WORD_MS, GAP_MS = 192, 64
WINDOW_MS = 32
BYTES_PER_MS = 32
TONE = 1_000
TORN = "(torn)"
ABORT = Close(1006)
"""The connection breaks without a close frame."""


def speech(*words: str) -> bytes:
    """16 kHz sound in which the services hear these words."""
    return b"".join(
        (np.full(WORD_MS * 16, TONE * (WORDS.index(word) + 1), "<i2").tobytes() + bytes(GAP_MS * BYTES_PER_MS))
        for word in words
    )


def windows(pcm: bytes) -> Iterator[tuple[bytes, bool]]:
    """The sound as the session feeds it, each window with whether it is voice."""
    for start in range(0, len(pcm), WINDOW_MS * BYTES_PER_MS):
        window = pcm[start : start + WINDOW_MS * BYTES_PER_MS]
        yield window, any(window)


Word = tuple[str, int, int]


def words_in(pcm: bytes, from_ms: int) -> list[Word]:
    """Words with their times."""
    samples = np.frombuffer(bytes(pcm[: len(pcm) // 2 * 2]), "<i2")
    edges = np.flatnonzero(np.diff(samples)) + 1
    found = []
    for part in np.split(np.arange(len(samples)), edges):
        if len(part) and (value := int(samples[part[0]])):
            start_ms, length_ms = from_ms + int(part[0]) // 16, round(len(part) / 16)
            whole = abs(length_ms - WORD_MS) <= 2 and value % TONE == 0
            found.append((WORDS[value // TONE - 1] if whole else TORN, start_ms, start_ms + length_ms))
    return found


class EarService:
    """What all have: keys, sockets, what they were told, and how they fail."""

    key_value = f"Token {KEY}"

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.opened = self.sockets = self.most_sockets = 0
        self.heard_ms = 0
        self.refuse_status: int | None = None
        self.refuse_reason = ""
        self.lose_at_ms: list[int] = []
        """The connection that has heard so much is lost, then the next one …"""
        self.lose_with = Close(1011, "internal error")
        self.mute = False
        self.flush_unanswered = False
        self.late_s = 0.0
        """So late it answers a flush."""
        self.connect_s = 0.05

    def connection(self) -> "EarConnection":
        raise NotImplementedError


class EarConnection:
    """One socket's state. `pcm`: the sound that no final text covers; it begins at `from_ms`."""

    IDLE_S = 10.0
    idle_close = Close(
        1011, "Deepgram did not receive audio data or a text message within the timeout window. NET-0001"
    )

    def __init__(self, service: EarService) -> None:
        self.service = service
        self.pcm = bytearray()
        self.from_ms = 0
        self._last_s: float | None = None
        self._shown_ms = 0
        self._late: list[tuple[float, Answer]] = []
        self.now_s = 0.0

    @property
    def at_ms(self) -> int:
        return self.from_ms + len(self.pcm) // BYTES_PER_MS

    def begin(self) -> list[Answer]:
        return []

    def take(self, message: str | bytes) -> list[Answer]:
        self._last_s = self.now_s
        if isinstance(message, bytes):
            return self.hear(message)
        told = json.loads(message)
        self.service.told.append(told)
        return self.command(told)

    def hear(self, pcm: bytes) -> list[Answer]:
        self.pcm += pcm
        self.service.heard_ms += len(pcm) // BYTES_PER_MS
        if self.service.lose_at_ms and self.at_ms >= self.service.lose_at_ms[0]:
            self.service.lose_at_ms.pop(0)
            return [self.service.lose_with]
        if self.service.mute or self.at_ms - self._shown_ms < 90:
            return []
        self._shown_ms = self.at_ms
        return self.shown()

    def tick(self, now_s: float) -> list[Answer]:
        self.now_s = now_s
        if self._last_s is None:
            self._last_s = now_s
        due = [answer for at_s, answer in self._late if at_s <= now_s]
        self._late = [(at_s, answer) for at_s, answer in self._late if at_s > now_s]
        if now_s - self._last_s > self.IDLE_S:
            return [*due, self.idle_close]
        return due

    def later(self, answers: list[Answer]) -> list[Answer]:
        """The answer to a flush."""
        if self.service.flush_unanswered or self.service.mute:
            return []
        if not self.service.late_s:
            return answers
        self._late += [(self.now_s + self.service.late_s, answer) for answer in answers]
        return []

    def confirmed(self) -> tuple[list[Word], int, int]:
        """All words since the last final text, from where, and its length; they are forgotten."""
        words, from_ms, length_ms = words_in(self.pcm, self.from_ms), self.from_ms, len(self.pcm) // BYTES_PER_MS
        del self.pcm[: length_ms * BYTES_PER_MS]
        self.from_ms += length_ms
        return words, from_ms, length_ms

    @property
    def pausing(self) -> bool:
        return not any(self.pcm[-40 * BYTES_PER_MS :])

    def shown(self) -> list[Answer]:
        """What it says by itself while it hears."""
        raise NotImplementedError

    def command(self, told: dict[str, Any]) -> list[Answer]:
        raise NotImplementedError


def of_no_interest(**more: Any) -> str:
    return json.dumps({"type": "News", "message": "News", "unknown": {"deep": [1]}, **more})


# ---- Deepgram -------------------------------------------------------------------------------------


class DeepgramService(EarService):
    def connection(self) -> EarConnection:
        return _DeepgramConnection(self)


class _DeepgramConnection(EarConnection):
    """A flush of little sound is not answered; an empty frame ends the stream; text is final at some pauses."""

    LITTLE_MS = 100

    def hear(self, pcm: bytes) -> list[Answer]:
        return super().hear(pcm) if pcm else [Close(1000)]

    def shown(self) -> list[Answer]:
        if self.pausing and len(words_in(self.pcm, self.from_ms)) >= 3:
            return [of_no_interest(), self._results(*self.confirmed(), final=True)]
        words = words_in(self.pcm, self.from_ms)
        return [self._results(words, self.from_ms, len(self.pcm) // BYTES_PER_MS, final=False)]

    def command(self, told: dict[str, Any]) -> list[Answer]:
        match told["type"]:
            case "Finalize" if len(self.pcm) >= self.LITTLE_MS * BYTES_PER_MS:
                return self.later([self._results(*self.confirmed(), final=True, from_finalize=True)])
            case "CloseStream":
                return [json.dumps({"type": "Metadata", "request_id": "r", "duration": 1.0}), Close(1000)]
        return []

    def _results(self, words: list[Word], from_ms: int, length_ms: int, *, final: bool, **more: Any) -> str:
        best = {
            "transcript": " ".join(text for text, _, _ in words),
            "confidence": 0.9,
            "languages": ["en"] if words else [],
            "words": [
                {"word": text, "punctuated_word": text, "start": start_ms / 1_000, "end": end_ms / 1_000,
                 "confidence": 0.9, "speaker": 0}
                for text, start_ms, end_ms in words
            ],
        }  # fmt: skip
        return json.dumps(
            {"type": "Results", "channel_index": [0, 1], "start": from_ms / 1_000, "duration": length_ms / 1_000,
             "is_final": final, "speech_final": False, "channel": {"alternatives": [best]},
             "metadata": {"request_id": "r"}, "news": 1, **more}
        )  # fmt: skip


# ---- AssemblyAI -----------------------------------------------------------------------------------


class AssemblyAiService(EarService):
    key_value = KEY

    def connection(self) -> EarConnection:
        return _AssemblyAiConnection(self)


class _AssemblyAiConnection(EarConnection):
    """It begins late, refuses frames under 50 ms, ends turns of five words by itself, and tells each end twice."""

    IDLE_S = 60.0
    idle_close = Close(3005, "Session idle for too long: inactivity timeout")

    def __init__(self, service: EarService) -> None:
        super().__init__(service)
        self._turn = 0

    def begin(self) -> list[Answer]:
        return [of_no_interest(), json.dumps({"type": "Begin", "id": "s", "expires_at": 1, "new": None})]

    def hear(self, pcm: bytes) -> list[Answer]:
        if not 50 * BYTES_PER_MS <= len(pcm) <= 1_000 * BYTES_PER_MS:
            return [Close(3007, "Input Duration Error")]
        return super().hear(pcm)

    def shown(self) -> list[Answer]:
        words = words_in(self.pcm, self.from_ms)
        if len(words) >= 5 and self.pausing:
            return [self._told(words, end=True, formatted=False), *self._ended()]
        return [json.dumps({"type": "Heartbeat"}), self._told(words, end=False, formatted=False)] if words else []

    def command(self, told: dict[str, Any]) -> list[Answer]:
        match told["type"]:
            case "ForceEndpoint" if words := words_in(self.pcm, self.from_ms):
                return self.later([self._told(words, end=True, formatted=False), *self._ended()])
            case "Terminate":
                return [json.dumps({"type": "Termination", "audio_duration_seconds": 1}), Close(1000)]
        return []

    def _ended(self) -> list[Answer]:
        words, _, _ = self.confirmed()
        answer = self._told(words, end=True, formatted=True)
        self._turn += 1
        return [answer]

    def _told(self, words: list[Word], *, end: bool, formatted: bool) -> str:
        final = words if end else words[:-1]
        return json.dumps(
            {"type": "Turn", "turn_order": self._turn, "turn_is_formatted": formatted, "end_of_turn": end,
             "transcript": " ".join(text for text, _, _ in final), "end_of_turn_confidence": 0.5,
             "words": [{"text": text, "start": start_ms, "end": end_ms, "confidence": 0.9, "word_is_final": True}
                       for text, start_ms, end_ms in words]}
        )  # fmt: skip


# ---- Speechmatics ---------------------------------------------------------------------------------


class SpeechmaticsService(EarService):
    key_value = f"Bearer {KEY}"

    def __init__(self) -> None:
        super().__init__()
        self.miscounted = 0
        """Streams whose number of messages with sound was told wrongly."""

    def connection(self) -> EarConnection:
        return _SpeechmaticsConnection(self)


class _SpeechmaticsConnection(EarConnection):
    """Sound before RecognitionStarted is an error; every frame is answered; text has its punctuation apart."""

    IDLE_S = 30.0
    idle_close = Close(1011, "idle_timeout")
    service: SpeechmaticsService

    def __init__(self, service: SpeechmaticsService) -> None:
        super().__init__(service)
        self._started = False
        self._sounds = 0

    def begin(self) -> list[Answer]:
        return [json.dumps({"message": "Info", "type": "concurrent_session_usage", "reason": "1 of 2"})]

    def hear(self, pcm: bytes) -> list[Answer]:
        if not self._started:
            return [json.dumps({"message": "Error", "type": "protocol_error", "reason": "planted"}), Close(1003)]
        self._sounds += 1
        return [json.dumps({"message": "AudioAdded", "seq_no": self._sounds}), *super().hear(pcm)]

    def shown(self) -> list[Answer]:
        if self.pausing and len(words_in(self.pcm, self.from_ms)) >= 3:
            return [self._told("AddTranscript", *self.confirmed())]
        words = words_in(self.pcm, self.from_ms)
        return [of_no_interest(), self._told("AddPartialTranscript", words, self.from_ms, self.at_ms - self.from_ms)]

    def command(self, told: dict[str, Any]) -> list[Answer]:
        match told["message"]:
            case "StartRecognition":
                self._started = True
                return [json.dumps({"message": "RecognitionStarted", "id": "s", "news": []})]
            case "ForceEndOfUtterance":
                text = self._told("AddTranscript", *self.confirmed())
                return self.later([text, json.dumps({"message": "EndOfUtterance", "metadata": {}})])
            case "EndOfStream":
                self.service.miscounted += told["last_seq_no"] != self._sounds
                return [json.dumps({"message": "EndOfTranscript"}), Close(1000)]
        return []

    def _told(self, message: str, words: list[Word], from_ms: int, length_ms: int) -> str:
        results: list[dict[str, Any]] = []
        for text, start_ms, end_ms in words:
            times = {"start_time": start_ms / 1_000, "end_time": end_ms / 1_000}
            results.append({"type": "word", **times, "alternatives": [{"content": text, "confidence": 0.9}]})
        meta = {"start_time": from_ms / 1_000, "end_time": (from_ms + length_ms) / 1_000, "transcript": "…"}
        return json.dumps({"message": message, "format": "2.9", "metadata": meta, "results": results})


# ---- OpenAI's Realtime transcription --------------------------------------------------------------


class OpenAiRealtimeService(EarService):
    key_value = f"Bearer {KEY}"

    def connection(self) -> EarConnection:
        return _OpenAiRealtimeConnection(self)


class _OpenAiRealtimeConnection(EarConnection):
    """It takes 24 kHz, refuses to commit less than 100 ms, and hears a committed item as a whole."""

    IDLE_S = 3_000.0
    BLOCK = 192

    def __init__(self, service: EarService) -> None:
        super().__init__(service)
        self._items = 0

    def begin(self) -> list[Answer]:
        return [json.dumps({"type": "session.created", "session": {"new": True}}), of_no_interest()]

    def shown(self) -> list[Answer]:
        return []

    def command(self, told: dict[str, Any]) -> list[Answer]:
        match told["type"]:
            case "session.update":
                assert told["session"]["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24_000}
                return [json.dumps({"type": "session.updated", "session": told["session"]})]
            case "input_audio_buffer.append":
                told["audio"] = base64.b64decode(told["audio"])
                return self._append(told["audio"])
            case "input_audio_buffer.clear":
                self.pcm.clear()
                return [json.dumps({"type": "input_audio_buffer.cleared"})]
            case "input_audio_buffer.commit":
                return self._commit()
        raise AssertionError(told["type"])

    def _append(self, pcm: bytes) -> list[Answer]:
        self.pcm += pcm
        self._heard_bytes += len(pcm)
        if self.service.lose_at_ms and self._heard_bytes // 48 >= self.service.lose_at_ms[0]:
            self.service.lose_at_ms.pop(0)
            return [self.service.lose_with]
        return []

    _heard_bytes = 0

    def _commit(self) -> list[Answer]:
        if len(self.pcm) < 4_800:
            error = {"type": "invalid_request_error", "code": "input_audio_buffer_commit_empty", "message": "planted"}
            return [json.dumps({"type": "error", "error": error})]
        self._items += 1
        item, text = f"item_{self._items}", " ".join(_words_of_24_khz(bytes(self.pcm)))
        self.pcm.clear()
        event = "conversation.item.input_audio_transcription."
        committed = {"type": "input_audio_buffer.committed", "item_id": item, "previous_item_id": None}
        half = len(text) // 2
        answers: list[dict[str, Any]] = [
            {"type": "conversation.item.added", "item": {"id": item}},
            *({"type": f"{event}delta", "item_id": item, "delta": part} for part in (text[:half], text[half:]) if part),
            {"type": f"{event}completed", "item_id": item, "transcript": text, "usage": {"type": "duration"}},
        ]
        return [json.dumps(committed), *self.later([json.dumps(answer) for answer in answers])]


def _words_of_24_khz(pcm: bytes) -> list[str]:
    """As `words_in`, in spite of the ringing that a change of the rate leaves at the edges of tones."""
    samples = np.frombuffer(pcm, "<i2")
    blocks = samples[: len(samples) // 96 * 96].reshape(-1, 96)
    tones = np.rint(np.median(blocks, axis=1) / TONE).astype(int)
    found, at = [], 0
    for part in np.split(tones, np.flatnonzero(np.diff(tones)) + 1):
        if part[0] and len(part) > 3:
            found.append(WORDS[part[0] - 1] if abs(4 * len(part) - WORD_MS) <= 12 else TORN)
        at += len(part)
    return found


# ---- Deepgram Flux --------------------------------------------------------------------------------


class FluxService(EarService):
    def connection(self) -> EarConnection:
        return _FluxConnection(self)


class _FluxConnection(EarConnection):
    """Turns of five words end by themselves; without sound a turn dangles, and the connection is closed."""

    IDLE_S = 2.0
    idle_close = Close(1011, "no audio received in time")

    def __init__(self, service: EarService) -> None:
        super().__init__(service)
        self._turn = self._number = 0
        self._open = False

    def begin(self) -> list[Answer]:
        return [json.dumps({"type": "Connected", "request_id": "r", "sequence_id": 0})]

    def shown(self) -> list[Answer]:
        words = words_in(self.pcm, self.from_ms)
        if len(words) >= 5 and self.pausing:
            return [self._told("EagerEndOfTurn"), self._told("TurnResumed"), self._ended("model")]
        if words and not self._open:
            self._open = True
            return [self._told("StartOfTurn")]
        return [of_no_interest(), self._told("Update")]

    def command(self, told: dict[str, Any]) -> list[Answer]:
        match told["type"]:
            case "ForceEndTurn" if not self.service.flush_unanswered and words_in(self.pcm, self.from_ms):
                return self.later([self._ended("manual")])
            case "CloseStream":
                return [Close(1000)]
        return []

    def _ended(self, trigger: str) -> str:
        told = self._told("EndOfTurn", trigger=trigger, end_of_turn_confidence=0.9)
        self.confirmed()
        self._turn += 1
        self._open = False
        return told

    def _told(self, event: str, **more: Any) -> str:
        self._number += 1
        words = [text for text, _, _ in words_in(self.pcm, self.from_ms)]
        return json.dumps(
            {"type": "TurnInfo", "event": event, "turn_index": self._turn, "audio_window_start": self.from_ms / 1_000,
             "audio_window_end": self.at_ms / 1_000, "transcript": " ".join(words), "request_id": "r",
             "words": [{"word": word, "confidence": 0.9} for word in words], "end_of_turn_confidence": 0.1,
             "sequence_id": self._number, **more}
        )  # fmt: skip


# ---- over aiohttp, and in memory --------------------------------------------------------------------


@asynccontextmanager
async def serve(service: EarService) -> AsyncIterator[str]:
    """The service on a port of its own; the address, as the option `url` takes it."""

    async def meet(request: web.Request) -> web.StreamResponse:
        service.paths.append(request.path_qs)
        if request.headers.get("Authorization") != service.key_value:
            return web.json_response({"err_msg": "Invalid credentials"}, status=401)
        if service.refuse_status is not None:
            return web.Response(status=service.refuse_status, headers={"dg-error": service.refuse_reason})
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        connection = service.connection()
        _opened(service)
        loop = asyncio.get_running_loop()
        answers = connection.begin()
        try:
            while not socket.closed:
                for answer in answers:
                    if isinstance(answer, str):
                        await socket.send_str(answer)
                    elif answer is ABORT and request.transport is not None:
                        request.transport.abort()
                        return socket
                    else:
                        await socket.close(code=answer.code, message=answer.reason.encode())
                        return socket
                message = None
                with suppress(TimeoutError):
                    message = await socket.receive(timeout=0.01)
                if message is not None and message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                    break
                answers = connection.tick(loop.time())
                if message is not None:
                    answers += connection.take(message.data)
        except ConnectionError:
            pass
        finally:
            service.sockets -= 1
        return socket

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", meet)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


def _opened(service: EarService) -> None:
    service.opened += 1
    service.sockets += 1
    service.most_sockets = max(service.most_sockets, service.sockets)


class MemoryClient:
    """In place of a `CloudClient`, for the virtual clock."""

    def __init__(self, service: EarService) -> None:
        self._service = service
        self.before_connect: Callable[[], None] = lambda: None

    async def connect(self, url: str) -> "MemorySocket":
        await asyncio.sleep(self._service.connect_s)
        self.before_connect()
        self._service.paths.append(url)
        return MemorySocket(self._service)

    async def close(self) -> None:
        pass


class MemorySocket(CloudSocket):
    def __init__(self, service: EarService) -> None:
        self._service, self._connection = service, service.connection()
        self._answers: asyncio.Queue[Answer] = asyncio.Queue()
        self._closed = False
        _opened(service)
        self._put(self._connection.tick(self._now_s()))
        self._put(self._connection.begin())

    @property
    def open(self) -> bool:
        return not self._closed

    def _put(self, answers: list[Answer]) -> None:
        for answer in answers:
            self._answers.put_nowait(answer)

    async def send(self, message: str | bytes) -> None:
        await asyncio.sleep(0)
        if self._closed:
            raise EngineError("closed", retryable=True)
        self._put(self._connection.tick(self._now_s()))
        self._put(self._connection.take(message))

    async def receive(self) -> str | bytes | None:
        while not self._closed:
            try:
                async with asyncio.timeout(0.1):
                    answer = await self._answers.get()
            except TimeoutError:
                self._put(self._connection.tick(self._now_s()))
                continue
            if isinstance(answer, str):
                return answer
            await self.close()
            if answer.code not in (1000, 1006):
                raise closed("fake", answer.code, answer.reason)
        return None

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._service.sockets -= 1

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()


# ---- Google ---------------------------------------------------------------------------------------


class GoogleService(EarService):
    """Its answers in the form of `voi.engines.stt.cloud.google_forms`; `tests.fakes.google_services` has the real
    one."""

    LIFE_S = 300.0

    def connection(self) -> EarConnection:
        return GoogleConnection(self)


class GoogleConnection(EarConnection):
    """One call: it hears until it is told the end, and then says what is final. Tentative text comes in two parts, and
    a final text and the next tentative one in one answer."""

    idle_close = Close(1011, "Stream timed out after receiving no more client requests.")

    def __init__(self, service: EarService) -> None:
        super().__init__(service)
        self._opened_s: float | None = None

    def tick(self, now_s: float) -> list[Answer]:
        self._opened_s = now_s if self._opened_s is None else self._opened_s
        if now_s - self._opened_s > GoogleService.LIFE_S:
            return [Close(1011, "Max duration of 5 minutes reached for stream.")]
        return super().tick(now_s)

    def hear(self, pcm: bytes) -> list[Answer]:
        return super().hear(pcm) if 0 < len(pcm) <= 25_000 else [Close(1007, "Audio chunk is too large.")]

    def shown(self) -> list[Answer]:
        words = words_in(self.pcm, self.from_ms)
        if self.pausing and len(words) >= 3:
            self.confirmed()
            return [self._told((words[:-1], True), (words[-1:], True), ([], False))]
        return [self._told((words[:-1], False), (words[-1:], False))] if words else [json.dumps({"results": []})]

    def command(self, told: dict[str, Any]) -> list[Answer]:
        if not told.get("end"):
            return []
        words, _, _ = self.confirmed()
        return self.later([*([self._told((words, True))] if words else []), '{"end":true}', Close(1000)])

    def _told(self, *parts: tuple[list[Word], bool]) -> str:
        return json.dumps({"results": [
            {
                "text": " ".join(text for text, _, _ in words) if not n else " ".join(["", *(w[0] for w in words)]),
                "final": final, "end_ms": words[-1][2] if words else self.at_ms, "language": "en-us",
                "words": [[*word, 0.9] for word in words] if final else [],
            }
            for n, (words, final) in enumerate(parts)
        ]})  # fmt: skip


# ---- OpenAI's transcription over HTTP ---------------------------------------------------------------


class TranscriptionServer:
    """One answer a request. Words of `verbose_json` have no punctuation; in silence it hears thanks."""

    def __init__(self) -> None:
        self.told: list[dict[str, list[str]]] = []
        self.lengths_ms: list[int] = []
        self.ended_early = 0
        self.at_once = self.most_at_once = 0
        self.takes_s = 0.0
        self.status = 200
        self.fail = 0
        """So many requests fail in passing."""
        self.body: str | None = None

    async def transcribe(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response({"error": {"message": f"Incorrect API key provided: {KEY[:5]}"}}, status=401)
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        assert file.filename.endswith(".wav")
        pcm, rate_hz = parse_wav(file.file.read())
        assert rate_hz == 16_000
        self.lengths_ms.append(len(pcm) // BYTES_PER_MS)
        fields = {key: [str(value) for value in form.getall(key)] for key in form if key != "file"}
        self.told.append({**fields, "path": [request.path]})
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.takes_s)
        except asyncio.CancelledError:
            self.ended_early += 1
            raise
        finally:
            self.at_once -= 1
        if self.fail:
            self.fail -= 1
            return web.Response(status=503)
        if self.status != 200 or self.body is not None:
            return web.Response(status=self.status, body=self.body, content_type="application/json")
        words = words_in(pcm, 0)
        text = ", ".join(text for text, _, _ in words).capitalize() + "."
        if fields["response_format"] == ["json"]:
            return web.json_response({"text": text, "usage": {"type": "tokens"}})
        thanks = {
            "id": 1,
            "start": 90.0,
            "end": 91.0,
            "text": " Thank you.",
            "no_speech_prob": 0.9,
            "avg_logprob": -1.4,
        }
        return web.json_response(
            {"task": "transcribe", "language": "english", "duration": 1.0, "text": f"{text} Thank you.",
             "segments": [{"id": 0, "start": 0.0, "end": 90.0, "text": text, "no_speech_prob": 0.1}, thanks],
             "words": [{"word": word, "start": start / 1_000, "end": end / 1_000} for word, start, end in words]
                      + [{"word": "Thank", "start": 90.1, "end": 90.2}, {"word": "you", "start": 90.2, "end": 91.5}]}
        )  # fmt: skip

    async def models(self, request: web.Request) -> web.Response:
        right = request.headers.get("Authorization") == f"Bearer {KEY}"
        return web.json_response({"data": []}, status=200 if right else 401)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        app = web.Application(client_max_size=32 * 1024 * 1024)
        app.router.add_post("/v1/audio/transcriptions", self.transcribe)
        app.router.add_post("/v1/audio/translations", self.transcribe)
        app.router.add_get("/v1/models", self.models)
        async with TestServer(app, handler_cancellation=True) as running:
            yield str(running.make_url("/v1"))
