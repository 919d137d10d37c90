"""`POST /v1/audio/speech`: a text spoken in any voice and tone, encoded while it is made.

Sentences are requested one by one from the engine, as calls do.
"""

import asyncio
import re
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from voi.audio.stream_encoder import MEDIA_TYPES, SoundFormat, StreamEncoder
from voi.config.config import VoiceUse
from voi.config.parts import LanguageCode
from voi.config.tones import TONE_LONGEST, folded
from voi.config.voice_names import known_as
from voi.core.tokens import estimated_tokens
from voi.dialogue import Voice
from voi.engines.base import Tts, VoiceSpec
from voi.engines.startup import Engines
from voi.engines.wanting import unspeakable
from voi.errors import ClientError, ConfigError
from voi.server.bodies import BodyLimits
from voi.server.openai.access import OpenAiServices, app_of
from voi.server.openai.answering import EVENTS, WatchedAnswer, openai_route, sse
from voi.server.openai.failures import OpenAiError
from voi.server.openai.models import OPENAI_VOICES, is_openais, no_model
from voi.session.read_aloud import chosen_voice
from voi.session.speaker import Speaker

ENDPOINT = "speech"
TEXT_MAX_CHARACTERS = 4_096
BODY = BodyLimits(
    "application/json", 'Send application/json, such as {"model": "AGENT", "voice": "default", "input": "Hello."}.',
    max_bytes=64 * 1024, timeout_s=10.0,
)  # fmt: skip


class VoiceId(BaseModel):
    """A voice, as an object."""

    id: str = Field(max_length=200)


class SpeechRequest(BaseModel):
    """The request's JSON. `tone` and `language` are Voi's own."""

    model_config = ConfigDict(extra="ignore")

    input: str = Field(min_length=1, max_length=TEXT_MAX_CHARACTERS)
    model: str = Field(max_length=200)
    voice: Annotated[str, Field(max_length=200)] | VoiceId = "default"
    instructions: str | None = Field(default=None, max_length=TEXT_MAX_CHARACTERS)
    response_format: SoundFormat | None = None
    speed: float | None = Field(default=None, ge=0.25, le=4)
    stream_format: Literal["audio", "sse"] | None = None
    tone: Annotated[str, AfterValidator(folded)] | None = Field(default=None, min_length=1, max_length=TONE_LONGEST)
    language: LanguageCode | None = None


def speaker_of(wish: SpeechRequest, services: OpenAiServices, engines: Engines) -> Speaker:
    """The voice that a request means. Raises OpenAiError, ClientError."""
    voice = wish.voice.id if isinstance(wish.voice, VoiceId) else wish.voice
    config, speed = services.config(), wish.speed or 1.0
    role: Voice = "narrator" if voice == "narrator" else "character"
    agent = config.agents.get(wish.model)
    if agent is not None:
        choice = agent.voices_by_role().get(role)
        if choice is None:
            raise OpenAiError(400, f"The agent {wish.model[:80]!r} has no voice for its {role}.", "no_voice", "voice")
        model = choice.model
        if voice == role or voice in OPENAI_VOICES:  # the agent's own
            engine = _engine(model, engines)
            tone = _tone(wish, engine)
            _check(model, choice.voice, tone, wish.language, engine)
            language = wish.language or agent.language
            return Speaker(model, engine, VoiceSpec(choice.voice, tone, speed * choice.speed, language, role))
    elif wish.model in engines.tts:
        model = wish.model
    elif is_openais(wish.model, "voice"):
        model = _model_with(voice, engines)
    else:
        raise no_model(wish.model, "agent or voice model")
    engine = _engine(model, engines)
    name = known_as(voice, engine.info.voices)
    if name is None and voice not in OPENAI_VOICES:
        known = ", ".join(engine.info.voices[:20])
        raise OpenAiError(400, f"{model} has no voice {voice[:80]!r}; there are: {known}.", "no_voice", "voice")
    tone = _tone(wish, engine)
    _check(model, name, tone, wish.language, engine)
    return Speaker(model, engine, chosen_voice(name, tone, speed, wish.language, engine.info.tone_voices))


def _engine(model: str, engines: Engines) -> Tts:
    if (engine := engines.tts.get(model)) is None:
        raise OpenAiError(503, f"The voice model {model!r} is not running.", "engine_failed", "model")
    return engine


def _model_with(voice: str, engines: Engines) -> str:
    """The first model that has the voice; the first of all for OpenAI's voices, which none has."""
    having = [name for name, engine in engines.tts.items() if known_as(voice, engine.info.voices)]
    if not having and not engines.tts:
        raise OpenAiError(404, "No voice model runs on this server.", "model_not_found", "model")
    return having[0] if having else next(iter(engines.tts))


def _tone(wish: SpeechRequest, engine: Tts) -> str:
    """The tone asked for; else the first that the instructions name, as in "Speak in a warm tone"."""
    if wish.tone:
        return wish.tone
    words = re.findall(r"[\w-]+", folded(wish.instructions or ""))
    return next((word for word in words if word in engine.info.tones), "neutral")


def _check(model: str, voice: str | None, tone: str, language: str | None, engine: Tts) -> None:
    if problems := unspeakable([VoiceUse("the speech", model, voice, (tone,), language)], {model: engine}):
        raise ClientError("\n".join(problems))


def speech_router(services: OpenAiServices) -> APIRouter:
    """The route."""
    router = APIRouter(route_class=openai_route(ENDPOINT, services, BODY))

    @router.post("/audio/speech")
    async def speech(wish: SpeechRequest, request: Request) -> Response:
        speaker = speaker_of(wish, services, services.running())
        form = wish.response_format or "mp3"
        try:
            encoder = StreamEncoder(form, speaker.engine.info.sample_rate_hz)
        except ConfigError:
            raise OpenAiError(
                400, "This server gives wav and pcm only; for others its operator runs ./install.sh media.",
                "unsupported_format", "response_format",
            ) from None  # fmt: skip
        app = app_of(request)
        pieces = _encoded(_spoken(wish, speaker, services, app), encoder)
        if wish.stream_format == "sse":
            return WatchedAnswer(ENDPOINT, services, app, EVENTS, _events(pieces, wish.input))
        return WatchedAnswer(ENDPOINT, services, app, MEDIA_TYPES[form], pieces)

    return router


async def _spoken(
    wish: SpeechRequest, speaker: Speaker, services: OpenAiServices, app: str
) -> AsyncGenerator[bytes, None]:
    """PCM at the engine's rate."""
    with services.place(app):
        speech = speaker.speech(_once(wish.input), services.config(), lambda use: services.on_use(app, use))
        async with aclosing(speech) as pieces:
            async for pcm in pieces:
                yield pcm


async def _encoded(speech: AsyncGenerator[bytes, None], encoder: StreamEncoder) -> AsyncGenerator[bytes, None]:
    async with aclosing(speech) as pieces:
        async for pcm in pieces:
            if data := await asyncio.to_thread(encoder.push, pcm) if encoder.compresses else encoder.push(pcm):
                yield data
    if data := await asyncio.to_thread(encoder.close) if encoder.compresses else encoder.close():
        yield data


async def _events(pieces: AsyncGenerator[bytes, None], text: str) -> AsyncGenerator[bytes, None]:
    async with aclosing(pieces) as encoded:
        async for data in encoded:
            yield sse({"type": "speech.audio.delta", "audio": b64encode(data).decode()})
    taken = estimated_tokens([text])
    usage = {"input_tokens": taken, "output_tokens": 0, "total_tokens": taken}  # sound is not counted in tokens here
    yield sse({"type": "speech.audio.done", "usage": usage})


async def _once(text: str) -> AsyncIterator[str]:
    yield text
