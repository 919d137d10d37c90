"""`POST /v1/audio/transcriptions` and `/translations`: a recording in any format as text, utterance by utterance, in
the language that is spoken or in English.

The recording is decoded in a process of its own, cut at pauses by the VAD, and heard by the server's ear or an agent's.
"""

import asyncio
import math
import zlib
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile

from voi.audio.decode_apart import read_sample_apart
from voi.audio.pcm import bytes_to_ms, from_float
from voi.audio.resample import resample
from voi.config.parts import LanguageCode
from voi.engines.base import STT_RATE_HZ
from voi.engines.ears import Ear, RunningEars
from voi.engines.startup import Engines
from voi.engines.stt.counted import CountedStt
from voi.engines.stt.utterances import TimedUtterance, utterances
from voi.errors import ClientError, ConfigError
from voi.server.bodies import BodyLimits
from voi.server.openai.access import OpenAiServices, app_of
from voi.server.openai.answering import EVENTS, WatchedAnswer, openai_route, sse
from voi.server.openai.failures import OpenAiError
from voi.server.openai.models import is_openais, no_model
from voi.server.openai.subtitles import srt, vtt
from voi.use import Use

Task = Literal["transcriptions", "translations"]
FILE = BodyLimits(
    "multipart/form-data", "Send multipart/form-data, as curl -F model=whisper-1 -F file=@said.wav does.",
    max_bytes=25 * 2**20 + 64 * 1024, timeout_s=60.0, what="The recording",
)  # fmt: skip
FORM_LIMITS: Any = {"max_files": 1, "max_fields": 40, "max_part_size": 16_000}
SOUND_MAX_S = 600.0
"""Longest recording: a few bytes can decode to hours of silence."""
DECODING_MAX = 2
"""Most recordings that are decoded at once: ten minutes take 115 MB before they are resampled."""
SLICE_BYTES = STT_RATE_HZ  # half a second

TranscriptForm = Literal["json", "text", "srt", "verbose_json", "vtt"]


class TranscriptionForm(BaseModel):
    """The form's fields; those that Voi has no use for (temperature, chunking_strategy) are ignored. The file comes
    beside them."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(max_length=200)
    language: LanguageCode | None = None
    prompt: str = Field(default="", max_length=4_000)
    response_format: TranscriptForm = "json"
    stream: bool = False
    granularities: list[str] = Field(default=[], alias="timestamp_granularities[]", max_length=4)

    async def recording(self) -> bytes:
        """The file. Raises OpenAiError if there is none."""
        file = (self.model_extra or {}).get("file")
        file = file[-1] if isinstance(file, list) and file else file
        if not isinstance(file, UploadFile):
            raise OpenAiError(400, "The form has no file.", "missing_file", "file")
        return await file.read()


class TranscriptionService:
    """Hears recordings."""

    def __init__(self, services: OpenAiServices) -> None:
        self._services = services
        self._decoding = 0

    async def response(self, task: Task, form: TranscriptionForm, app: str) -> Response:
        """Raises OpenAiError."""
        engines = self._services.running()
        ear = ear_of(task, form, self._services, engines)
        data = await form.recording()
        if form.stream:
            return WatchedAnswer(task, self._services, app, EVENTS, self._events(data, ear, engines, app))
        plain = form.response_format in ("text", "srt", "vtt")
        media_type = "text/plain; charset=utf-8" if plain else "application/json"
        return WatchedAnswer(task, self._services, app, media_type, self._whole(data, form, ear, engines, app))

    async def text(self, form: TranscriptionForm, app: str) -> str:
        """The words alone. Raises OpenAiError, VoiError."""
        engines = self._services.running()
        ear = ear_of("transcriptions", form, self._services, engines)
        data = await form.recording()
        with self._services.place(app):
            pcm = await self._decoded(data)
            async with aclosing(self._heard(pcm, ear, engines, app)) as spoken:
                return " ".join([each.text async for each in spoken])

    async def _whole(
        self, data: bytes, form: TranscriptionForm, ear: Ear, engines: Engines, app: str
    ) -> AsyncGenerator[bytes, None]:
        heard: list[TimedUtterance] = []
        with self._services.place(app):
            pcm = await self._decoded(data)
            async with aclosing(self._heard(pcm, ear, engines, app)) as spoken:
                async for each in spoken:
                    heard.append(each)
        yield written(heard, form, ear, bytes_to_ms(len(pcm), STT_RATE_HZ) / 1_000)

    async def _events(self, data: bytes, ear: Ear, engines: Engines, app: str) -> AsyncGenerator[bytes, None]:
        text = ""
        with self._services.place(app):
            pcm = await self._decoded(data)
            async with aclosing(self._heard(pcm, ear, engines, app)) as spoken:
                async for each in spoken:
                    delta = f" {each.text}" if text else each.text
                    text += delta
                    yield sse({"type": "transcript.text.delta", "delta": delta})
        yield sse({"type": "transcript.text.done", "text": text})

    async def _decoded(self, data: bytes) -> bytes:
        """The recording as 16 kHz PCM. A thread cannot be stopped, so the limit counts until it has ended. Raises
        ClientError, OpenAiError."""
        if self._decoding >= DECODING_MAX:
            raise OpenAiError(429, "Other recordings are being decoded. Try again in a moment.", "rate_limit_exceeded")
        self._decoding += 1
        task = asyncio.ensure_future(asyncio.to_thread(_pcm_of, data))
        task.add_done_callback(self._ended)
        try:
            return await asyncio.shield(task)
        except ConfigError:
            words = "This server reads WAV files only; for others its operator runs ./install.sh media."
            raise OpenAiError(415, words, param="file") from None

    def _ended(self, task: "asyncio.Future[bytes]") -> None:
        self._decoding -= 1
        if not task.cancelled():
            task.exception()  # nobody may wait for it any more

    async def _heard(self, pcm: bytes, ear: Ear, engines: Engines, app: str) -> AsyncGenerator[TimedUtterance, None]:
        counted = CountedStt(ear.engine)
        try:
            spoken = utterances(_slices(pcm), counted, engines.vad, ear.options)
            async with aclosing(spoken) as heard:  # type: ignore[type-var]
                async for each in heard:
                    yield each
        finally:
            sound_ms = bytes_to_ms(counted.fed_bytes, STT_RATE_HZ)
            if sound_ms:
                self._services.on_use(app, Use("stt", ear.engine.info.name, ear.name, sound_ms=sound_ms))


def ear_of(task: Task, form: TranscriptionForm, services: OpenAiServices, engines: Engines) -> Ear:
    """The ear that a request means: an agent's, one by its name, or for the names of OpenAI's the server's (of those
    that translate the first, if that is wanted). Raises OpenAiError, ClientError."""
    ears = RunningEars(services.config(), engines)
    name, translating = form.model, [name for name, each in ears.all().items() if each.info.translates]
    if is_openais(name, "ear"):
        name = next(iter(translating if task == "translations" else ()), engines.stt.info.name)
    ear = ears.named(form.model, form.prompt) or ears.named(name, form.prompt)
    if ear is None:
        raise no_model(form.model, "agent or ear")
    if task == "translations":
        if not ear.engine.info.translates:
            others = f"; {', '.join(translating)} would" if translating else ", and no other ear here does"
            words = f"{ear.name} does not translate{others}. /v1/audio/transcriptions writes what was said."
            raise OpenAiError(400, words, "unsupported", "model")
        ear = replace(ear, options=replace(ear.options, translate=True))
    if why := ear.why_not(form.language):
        raise OpenAiError(400, why, "no_language", "language")
    return ear.hearing(form.language)


def written(heard: list[TimedUtterance], form: TranscriptionForm, ear: Ear, length_s: float) -> bytes:
    """The transcript in the form that was asked for."""
    text = " ".join(each.text for each in heard)
    usage = {"type": "duration", "seconds": length_s}
    match form.response_format:
        case "text":
            return f"{text}\n".encode()
        case "srt":
            return srt(heard).encode()
        case "vtt":
            return vtt(heard).encode()
        case "json":
            return orjson.dumps({"text": text, "usage": usage})
    language = next((each.language for each in heard if each.language), None) or form.language or ""
    translated = ear.options.translate
    verbose: dict[str, Any] = {
        "task": "translate" if translated else "transcribe", "language": "en" if translated else language,
        "duration": length_s, "text": text, "usage": usage,
    }  # fmt: skip
    if not form.granularities or "segment" in form.granularities:
        verbose["segments"] = [_segment(number, each) for number, each in enumerate(heard)]
    if "word" in form.granularities:
        verbose["words"] = [
            {"word": word.text, "start": word.start_ms / 1_000, "end": word.end_ms / 1_000}
            for each in heard
            for word in each.words
        ]
    return orjson.dumps(verbose)


def _segment(number: int, heard: TimedUtterance) -> dict[str, Any]:
    """`avg_logprob` is that of the words, 0 where the engine does not tell; no engine tells of the tokens."""
    logs = [math.log(max(word.probability, 1e-9)) for word in heard.words]
    said = heard.text.encode()
    return {
        "id": number, "seek": round(heard.start_s * 100), "start": heard.start_s, "end": heard.end_s,
        "text": heard.text, "tokens": [], "temperature": 0.0, "avg_logprob": sum(logs) / len(logs) if logs else 0.0,
        "compression_ratio": len(said) / len(zlib.compress(said)), "no_speech_prob": 0.0,
    }  # fmt: skip


def transcriptions_router(services: OpenAiServices) -> APIRouter:
    """`POST /audio/transcriptions` and `/audio/translations`."""
    service = TranscriptionService(services)
    router = APIRouter(route_class=openai_route("transcriptions", services, FILE))
    translating = APIRouter(route_class=openai_route("translations", services, FILE))

    @router.post("/audio/transcriptions", form_limits=FORM_LIMITS)
    async def transcribe(form: Annotated[TranscriptionForm, Form()], request: Request) -> Response:
        return await service.response("transcriptions", form, app_of(request))

    @translating.post("/audio/translations", form_limits=FORM_LIMITS)
    async def translate(form: Annotated[TranscriptionForm, Form()], request: Request) -> Response:
        return await service.response("translations", form, app_of(request))

    router.include_router(translating)
    return router


def _pcm_of(data: bytes) -> bytes:
    """Blocks. Raises ClientError, ConfigError."""
    sample = read_sample_apart(data, limit_s=SOUND_MAX_S)
    try:
        return resample(from_float(sample.samples), sample.rate_hz, STT_RATE_HZ)
    except ValueError:
        raise ClientError(f"The sound has an unusual sample rate: {sample.rate_hz} Hz.") from None


def _slices(pcm: bytes) -> Iterator[bytes]:
    for start in range(0, len(pcm), SLICE_BYTES):
        yield pcm[start : start + SLICE_BYTES]
