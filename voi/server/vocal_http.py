"""The HTTP services of the Vocal node: `POST /chat` (and `/chat/groq`), `/tts`, `/transcribe`. The work is that of
OpenAI's endpoints; only the shapes are the node's.
"""

import asyncio
from base64 import b64encode
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Form, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from voi.audio.resample import resample
from voi.audio.wav import header
from voi.calls.typed import TypedCall
from voi.core.facts import Continued
from voi.core.kept import Kept, KeptMessage
from voi.dialogue import Message
from voi.errors import ClientError, EngineError
from voi.server.auth import bearer, token_in
from voi.server.bodies import BodyLimits, body_route
from voi.server.openai.access import OpenAiServices, app_of
from voi.server.openai.failures import OpenAiError, as_openai, of_end
from voi.server.openai.speech import SpeechRequest, speaker_of
from voi.server.openai.transcriptions import FILE, FORM_LIMITS, TranscriptionForm, TranscriptionService
from voi.transports.vocal.chosen import adapted, agent_name, check_rights, options_of
from voi.transports.vocal.connection import is_of_this_machine
from voi.transports.vocal.wire import OUTPUT_RATE_HZ, VocalConfig, read_config
from voi.transports.websocket import Request as Asked

ANSWER_TIMEOUT_S = 120.0
TEXT_MAX = 4_096
SESSIONS_MAX = 1_000
"""Of so many sessions the last exchange is known; those that were not used for longest are forgotten."""
BODY = BodyLimits(
    "application/json", 'Send application/json, such as {"text": "Hello.", "config_id": "AGENT"}.',
    max_bytes=64 * 1024, timeout_s=10.0,
)  # fmt: skip


class _Wish(BaseModel):
    """What all requests have. The node's README calls `config_id` `personality`."""

    model_config = ConfigDict(extra="ignore")

    text: str = Field(min_length=1, max_length=TEXT_MAX)
    config_id: str = Field(default="", max_length=200)
    personality: str = Field(default="", max_length=200)
    config: dict[str, Any] | None = None
    session_id: str = Field(default="", max_length=200)


class VocalHttp:
    """`open_app`, `agent`: see `VocalWebSockets`. `open_app` "": every request needs a token."""

    def __init__(self, services: OpenAiServices, open_app: str, agent: str) -> None:
        self._services, self._open_app, self._agent = services, open_app, agent
        self._transcripts = TranscriptionService(services)
        self._exchanges: OrderedDict[tuple[str, str], tuple[str, str]] = OrderedDict()
        """What was said last, by app and session: text and answer."""

    def check(self, request: Request) -> None:
        """Note whose request it is. Raises OpenAiError for callers without a valid token."""
        token = bearer(request.headers.get("Authorization", "")) or token_in(request.url.query)
        peer = request.client.host if request.client else ""
        state = request.state
        if self._open_app and not token and is_of_this_machine(Asked("", "", peer, headers=dict(request.headers))):
            state.app, state.own_agents = self._open_app, False
            return
        try:
            claims = self._services.check_token(token)
        except ClientError as error:
            raise OpenAiError(401, str(error)) from None
        state.app, state.own_agents = claims.app, claims.own_agents

    def _meant(self, wish: _Wish, request: Request) -> tuple[str, VocalConfig]:
        """The agent, and what the client makes of it. Raises ClientError, OpenAiError."""
        config, name = self._services.config(), wish.config_id or wish.personality
        if wish.config is None:
            if name not in config.agents:
                raise OpenAiError(404, f"Config not found for config_id: {name}", "", "config_id")
            return name, VocalConfig((name,))
        fields = dict.fromkeys(("configId", "agentId", "agentName"), name or "config")
        chosen = read_config(orjson.dumps(fields | wish.config).decode())
        check_rights(chosen, config, app_of(request), by_token=request.state.own_agents)
        return agent_name(chosen, config, self._agent), chosen

    async def chat(self, wish: _Wish, request: Request) -> dict[str, object]:
        """The agent's answer. It knows the session's last exchange. Raises OpenAiError, VoiError."""
        services, app = self._services, app_of(request)
        services.running()
        name, chosen = self._meant(wish, request)
        session = (app, wish.session_id)
        before = self._exchanges.get(session) if wish.session_id else None
        said = () if before is None else (Message("user", before[0]), Message("assistant", before[1]))
        kept = Kept(tuple(KeptMessage(at, each) for at, each in enumerate(said)), next_id=len(said))
        client = request.client.host if request.client else "an unknown address"
        typed = TypedCall(services.calls, app, client, "vocal")
        try:
            typed.begin(
                name, wish.text, Continued(kept) if said else None, instructions=options_of(chosen).instructions,
                change=partial(adapted, chosen, services.config()),
            )  # fmt: skip
            async with aclosing(typed.pieces()) as pieces:
                answer = "".join([piece.text async for piece in pieces]).strip()
            if typed.failed:
                raise of_end(typed.failed)
            if not answer:
                raise OpenAiError(502, typed.error or "The agent had no words.", "engine_failed")
        finally:
            typed.call.hang_up()
        if wish.session_id:
            self._exchanges[session] = wish.text, answer
            self._exchanges.move_to_end(session)
            if len(self._exchanges) > SESSIONS_MAX:
                self._exchanges.popitem(last=False)
        return {"response": answer}

    async def speech(self, wish: _Wish, request: Request) -> dict[str, object]:
        """The text in the agent's voice: a WAV at 24 kHz. Raises OpenAiError, VoiError."""
        services, app = self._services, app_of(request)
        name, chosen = self._meant(wish, request)
        asked = SpeechRequest(input=wish.text, model=name, speed=chosen.speed, language=chosen.language)
        speaker = speaker_of(asked, services, services.running())
        sound = bytearray()
        with services.place(app):
            spoken = speaker.speech(_once(wish.text), services.config(), lambda use: services.on_use(app, use))
            async with aclosing(spoken) as pieces:
                async for pcm in pieces:
                    sound += pcm
        pcm = await asyncio.to_thread(resample, bytes(sound), speaker.engine.info.sample_rate_hz, OUTPUT_RATE_HZ)
        audio = b64encode(header(len(pcm), OUTPUT_RATE_HZ) + pcm).decode()
        return {"audio": audio, "format": "wav", "sample_rate": OUTPUT_RATE_HZ}

    async def transcript(self, form: "RecordingForm", request: Request) -> dict[str, object]:
        """What is said in a recording, by the agent's ear. As in the node, what is wrong with it is no HTTP error."""
        name = form.config_id or form.personality
        if name not in self._services.config().agents:
            return {"error": f"No configuration found for config_id: {name}"}
        given = form.model_extra or {}
        file = given.get("audio_file") or given.get("file")
        try:
            asked = TranscriptionForm.model_validate({"model": name, "file": file})
            text = await self._transcripts.text(asked, app_of(request))
        except (OpenAiError, ClientError, EngineError) as error:
            return {"error": as_openai(error).message}
        return {"text": text}


class RecordingForm(BaseModel):
    """The fields beside the recording, which is `audio_file` in the node's code and `file` in its README."""

    model_config = ConfigDict(extra="allow")

    config_id: str = Field(default="", max_length=200)
    personality: str = Field(default="", max_length=200)


def vocal_router(http: VocalHttp, services: OpenAiServices) -> APIRouter:
    """The routes. Failures are counted and logged by `services.failures`."""
    router = APIRouter(route_class=_route("chat", BODY, http, services))
    speech = APIRouter(route_class=_route("tts", BODY, http, services))
    recordings = APIRouter(route_class=_route("transcribe", FILE, http, services))

    @router.post("/chat")
    @router.post("/chat/groq")
    async def chat(wish: _Wish, request: Request) -> dict[str, object]:
        return await http.chat(wish, request)

    @speech.post("/tts")
    async def tts(wish: _Wish, request: Request) -> dict[str, object]:
        return await http.speech(wish, request)

    @recordings.post("/transcribe", form_limits=FORM_LIMITS)
    async def transcribe(form: Annotated[RecordingForm, Form()], request: Request) -> dict[str, object]:
        return await http.transcript(form, request)

    router.include_router(speech)
    router.include_router(recordings)
    return router


def _route(endpoint: str, limits: BodyLimits, http: VocalHttp, services: OpenAiServices) -> Any:
    base: Any = body_route(limits, http.check)

    class VocalRoute(base):  # type: ignore[misc]
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def handled(request: Request) -> Response:
                try:
                    async with asyncio.timeout(ANSWER_TIMEOUT_S):
                        response: Response = await handle(request)
                except RequestValidationError:
                    error: Exception = OpenAiError(400, "The request is malformed.")
                except Exception as failed:
                    error = failed
                else:
                    services.failures.done(endpoint)
                    return response
                shown = services.failures.failed(endpoint, error, app_of(request))
                return JSONResponse({"detail": shown.message}, shown.status)

            return handled

    return VocalRoute


async def _once(text: str) -> AsyncIterator[str]:
    yield text
