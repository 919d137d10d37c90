"""`POST /voices/NAME/speech`: a text spoken by a running TTS engine, as a WAV file that can be played while it is made.

Sentences are requested one by one from the engine, which divides its time between all requests. So a request costs
other callers no more than one more call would. At most two run at once. A client that leaves, or stops reading, ends
its request.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import AfterValidator, Field
from starlette.types import Receive, Scope, Send

from voi.audio.pcm import bytes_to_ms
from voi.audio.wav import ENDLESS_BYTES, header
from voi.config.config import Config, VoiceUse
from voi.config.parts import FileModel, LanguageCode
from voi.config.tones import TONE_LONGEST, folded
from voi.config.voice_names import known_as
from voi.engines.base import Tts
from voi.engines.wanting import unspeakable
from voi.errors import ClientError, EngineError
from voi.server.auth import checked_app
from voi.server.bodies import BodyLimits, body_route
from voi.session.read_aloud import chosen_voice, read_aloud
from voi.text.language import Spoken
from voi.use import Use

log = logging.getLogger(__name__)

TEXT_MAX_CHARACTERS = 4_000
"""Longest text, about five minutes of speech."""
BODY = BodyLimits(
    "application/json", 'Send application/json, such as {"text": "Good morning!"}.', max_bytes=64 * 1024, timeout_s=10.0
)
SPEECH_TIMEOUT_S = 600.0
"""Time for the whole response: a client that plays while it receives takes as long as the speech lasts."""
TAKING_TIMEOUT_S = 30.0
"""Time for the client to read the sound that is ready."""
AT_ONCE_MAX = 2


def _short_enough(text: str) -> str:
    if len(text) > TEXT_MAX_CHARACTERS:
        raise ValueError(f"has {len(text)} characters; at most {TEXT_MAX_CHARACTERS} are taken")
    return text


def _app(name: str) -> str:
    try:
        return checked_app(name) if name else name
    except ClientError as error:
        raise ValueError(str(error)) from None


class Wish(FileModel):
    """The request's JSON."""

    text: Annotated[str, AfterValidator(_short_enough)] = Field(min_length=1)
    tone: Annotated[str, AfterValidator(folded)] = Field(default="neutral", min_length=1, max_length=TONE_LONGEST)
    language: LanguageCode | None = None
    speed: float = Field(default=1.0, ge=0.25, le=4)
    model: str | None = None
    app: Annotated[str, AfterValidator(_app)] = ""
    """Whose usage it counts to, and whose quota holds."""


class SpeechService:
    """Speaks texts. `config` returns the current configuration, `tts` the running engines (None while starting).
    `why_not` returns the reason for refusing an app's request, "" to accept it. `on_use` is called with the app and
    what was used for it."""

    def __init__(
        self,
        config: Callable[[], Config],
        tts: Callable[[], Mapping[str, Tts] | None],
        why_not: Callable[[str], str] = lambda app: "",
        on_use: Callable[[str, Use], None] = lambda app, use: None,
    ) -> None:
        self._config, self._tts, self._why_not, self._on_use = config, tts, why_not, on_use
        self._speaking = 0

    def response(self, voice: str, wish: Wish) -> Response:
        """The response with the sound. Raises HTTPException for what cannot be spoken."""
        engines = self._tts()
        if engines is None:
            raise HTTPException(503, "The server is starting.")
        if refused := self._why_not(wish.app):
            raise HTTPException(429, refused)
        model, voice = _model_of(voice, wish.model, engines)
        config, engine = self._config(), engines[model]
        configured = config.tts_models.get(model)
        use = VoiceUse("the speech", model, voice, (wish.tone,), wish.language)
        try:
            if problems := unspeakable([use], {model: engine}):
                raise ClientError("\n".join(problems))
            spec = chosen_voice(voice, wish.tone, wish.speed, wish.language, engine.info.tone_voices)
        except ClientError as error:
            raise HTTPException(400, str(error)) from None

        def spoken(characters: int, sound_bytes: int) -> None:
            sound_ms = bytes_to_ms(sound_bytes, engine.info.sample_rate_hz)
            self._on_use(wish.app, Use("tts", engine.info.name, model, sound_ms=sound_ms, characters=characters))

        language = wish.language or (configured.language if configured else None)
        return _SpeechResponse(
            self,
            engine.info.sample_rate_hz,
            read_aloud(_once(wish.text), engine, spec, Spoken(language, config.language), spoken),
        )

    def enter(self) -> None:
        if self._speaking >= AT_ONCE_MAX:
            raise HTTPException(429, f"{AT_ONCE_MAX} texts are being spoken; try again when one has ended.")
        self._speaking += 1

    def leave(self) -> None:
        self._speaking -= 1


class _SpeechResponse(Response):
    """Starts the response with the first sound, so that an earlier failure gets an error status. A later failure aborts
    the transfer, so that the client does not take the file for complete."""

    def __init__(self, service: SpeechService, rate_hz: int, chunks: AsyncGenerator[bytes, None]) -> None:
        super().__init__()
        self._service, self._rate_hz, self._chunks = service, rate_hz, chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._service.enter()
        tasks = [asyncio.create_task(self._speak(send)), asyncio.create_task(_gone(receive))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if tasks[0].done():
                tasks[0].result()
        except asyncio.CancelledError:  # the server stops, and no caller needs to know
            log.warning("a speech over HTTP was broken off: the server stops")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._service.leave()

    async def _speak(self, send: Send) -> None:
        begun = False

        async def give(body: bytes, more: bool = True) -> None:
            async with asyncio.timeout(TAKING_TIMEOUT_S):
                await send({"type": "http.response.body", "body": body, "more_body": more})

        try:
            async with asyncio.timeout(SPEECH_TIMEOUT_S), aclosing(self._chunks) as chunks:
                async for pcm in chunks:
                    if not begun:
                        begun = True
                        headers = [(b"content-type", b"audio/wav"), (b"cache-control", b"no-store")]
                        await send({"type": "http.response.start", "status": 200, "headers": headers})
                        await give(header(ENDLESS_BYTES, self._rate_hz))
                    await give(pcm)
                await give(b"", more=False)
        except (TimeoutError, ClientError, EngineError) as error:
            if not begun:
                raise _refusal(error) from None
            log.warning("a speech over HTTP was broken off: %s", str(error) or "its client took too long")


def speech_router(service: SpeechService, check: Callable[[Request], None]) -> APIRouter:
    """The route. `check`: raises HTTPException for callers without the API key."""
    router = APIRouter(route_class=body_route(BODY, check))

    @router.post("/voices/{name}/speech")
    async def speech(name: str, wish: Wish) -> Response:
        return service.response(name, wish)

    return router


def _model_of(voice: str, wanted: str | None, engines: Mapping[str, Tts]) -> tuple[str, str]:
    """The model that has the voice, and the model's own name for it. Raises HTTPException if there is none."""
    if wanted is not None and wanted not in engines:
        raise HTTPException(404, f"No model of that name speaks; there are: {', '.join(engines) or 'none'}.")
    having = {
        name: known
        for name, engine in engines.items()
        if wanted in (None, name) and (known := known_as(voice, engine.info.voices))
    }
    if not having:
        raise HTTPException(404, "There is no voice of that name: GET /voices lists them.")
    if len(having) > 1:
        raise HTTPException(400, f"{', '.join(having)} have a voice of that name: say which `model` is meant.")
    return next(iter(having.items()))


def _refusal(error: Exception) -> HTTPException:
    if isinstance(error, ClientError):
        return HTTPException(400, str(error))
    if isinstance(error, EngineError):
        return HTTPException(503, str(error))
    return HTTPException(504, f"There was no sound within {SPEECH_TIMEOUT_S:g} s.")


async def _gone(receive: Receive) -> None:
    """Return when the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _once(text: str) -> AsyncIterator[str]:
    yield text
