"""The HTTP side of the server: health, readiness, metrics, and tokens for other services."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Query, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse

from voi import __version__
from voi.calls.admission import Admission
from voi.calls.claims import TokenClaims
from voi.engines.fallback.choices import Fallbacks
from voi.engines.supervised import Supervised
from voi.errors import ClientError
from voi.server.audit import Audit, Keep
from voi.server.auth import issue_token
from voi.server.key_guesses import ApiKey
from voi.server.memory_http import memory_router
from voi.server.metrics import Metrics
from voi.server.openai.access import OpenAiServices
from voi.server.openai.router import misplaced_router, openai_router
from voi.server.phone_accounts_http import PhoneAccountsService, phone_accounts_router
from voi.server.phones_page import phones_page_router
from voi.server.rtvi_start import rtvi_router
from voi.server.telephone import telephone_router
from voi.server.tokens import Tokens, tokens_router
from voi.server.usage_http import usage_router
from voi.server.voices import VoiceService, voices_router
from voi.transports.media_ws.answering import PhoneAnswers

TOKEN_HEADER = "Voi-Token"
"""Header that repeats the token in the response, for `curl -I -X POST`, which shows headers only."""


ENGINES = ("VAD", "STT", "TTS", "turn detection", "LLM")
READY_AGAIN_S = "1"
"""When to ask again whether there is room, in seconds. Places and load change that fast."""

_STATES = ("loading", "ready", "left out")


@dataclass
class Readiness:
    """What /health reports. `engines`: the start's last report on each engine, by name. `supervised`: engines that may
    be restarting at the moment. `fallbacks`: first choices that may rest."""

    state: Literal["starting", "ready", "stopping", "failed"] = "starting"
    engines: dict[str, str] = field(default_factory=dict)
    supervised: Mapping[str, Supervised[Any]] = field(default_factory=dict)
    fallbacks: Fallbacks = field(default_factory=Fallbacks)

    def note(self, progress: str) -> None:
        """Note a report of the start on an engine, such as `STT moonshine: ready in 0.9 s`. Reasons, and reports on
        agents and models, are left to the log."""
        engine, colon, said = progress.partition(": ")
        if not colon or not engine.startswith(ENGINES):
            return
        self.engines[engine] = next((state for state in _STATES if said.startswith(state)), "limited")

    def engines_now(self) -> dict[str, str]:
        restarting = {name: "restarting" for name, engine in self.supervised.items() if engine.restarting}
        return self.engines | restarting | dict.fromkeys(self.fallbacks.resting, "resting")


@dataclass(frozen=True)
class HttpSettings:
    """`token_secret`: signs tokens. `api_key`: what callers of the API send. `cors_origins`: web pages that may call
    it. `metrics`: serve /metrics."""

    token_secret: str
    api_key: str
    cors_origins: tuple[str, ...] = ()
    metrics: bool = True


def create_app(
    settings: HttpSettings,
    readiness: Readiness,
    admission: Admission,
    metrics: Metrics,
    tokens: Tokens,
    voices: VoiceService,
    keep_act: Keep = lambda who, what, result: None,
    openai: OpenAiServices | None = None,
    phones: PhoneAnswers | None = None,
    orders: Callable[[ApiKey], APIRouter] | None = None,
    accounts: PhoneAccountsService | None = None,
    others: Sequence[APIRouter] = (),
) -> FastAPI:
    """`keep_act`: see `Audit`. `openai` None: OpenAI's endpoints are not served. `phones` None: carriers' are not.
    `orders`: makes the routes of calls that Voi makes; None: there are none. `accounts` None: telephone accounts are
    not served. `others`: routes of doors."""
    app = FastAPI(title="Voi", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["API-Key", "Authorization", "Content-Type", "X-OpenAI-Agents-SDK"],
            expose_headers=[TOKEN_HEADER, "Location"],
        )

    app.add_middleware(Audit, keep=keep_act)

    api_key = ApiKey(settings.api_key)
    authorized = api_key.check

    @app.get("/")
    async def status() -> dict[str, str]:
        return {"status": "running"}

    @app.get("/health")
    async def health(response: Response) -> dict[str, Any]:
        if readiness.state != "ready":
            response.status_code = 503
        return {"status": readiness.state, "engines": readiness.engines_now(), "version": __version__}

    @app.get("/ready")
    async def ready(response: Response) -> dict[str, bool]:
        if not (room := admission.has_room):
            response.status_code, response.headers["Retry-After"] = 503, READY_AGAIN_S
        return {"ready": room}

    @app.get("/ws")
    @app.get("/rtvi")
    async def not_a_websocket() -> Response:
        return JSONResponse(
            {"detail": "This is a WebSocket."}, 426, headers={"Upgrade": "websocket", "Connection": "Upgrade"}
        )

    @app.post("/integrations/{app_name}", dependencies=[Depends(authorized)])
    async def integrations(
        app_name: str, response: Response, person: str = "", names_people: bool = False, own_agents: bool = False
    ) -> dict[str, str]:
        try:
            token = issue_token(
                app_name, settings.token_secret, person=person, names_people=names_people, own_agents=own_agents
            )
        except ClientError as error:
            raise HTTPException(400, str(error)) from None
        tokens.issued(token)
        response.headers[TOKEN_HEADER] = token
        response.headers["Cache-Control"] = "no-store"
        return {"token": token}

    def short_token(claims: TokenClaims, life_s: float) -> str:
        token = issue_token(claims.app, settings.token_secret, life_s / 86_400, claims.person)
        tokens.issued(token)
        return token

    app.include_router(rtvi_router(tokens.check, short_token))
    app.include_router(tokens_router(tokens, authorized))
    app.include_router(voices_router(voices, authorized))
    app.include_router(usage_router(tokens.store, authorized))
    app.include_router(memory_router(tokens.store, authorized))

    for router in (*_optional_routers(phones, orders, accounts, openai, api_key), *others):
        app.include_router(router)

    if settings.metrics:

        @app.get("/metrics", dependencies=[Depends(authorized)])
        async def numbers(
            form: Annotated[str, Query(alias="format")] = "", accept: Annotated[str, Header()] = ""
        ) -> Response:
            wants_text = form == "prometheus"
            if wants_text or "text/plain" in accept or "openmetrics" in accept:
                text, content_type = metrics.text("" if wants_text else accept)
                return Response(text, headers={"Content-Type": content_type})
            return JSONResponse(
                {
                    "active_connections": admission.active,
                    "max_conversations": admission.max_conversations,
                    "uptime_s": round(time.monotonic() - metrics.started_at_s, 1),
                }
            )

    return app


def _optional_routers(
    phones: PhoneAnswers | None, orders: Callable[[ApiKey], APIRouter] | None, accounts: PhoneAccountsService | None,
    openai: OpenAiServices | None, api_key: ApiKey,
) -> Iterator[APIRouter]:  # fmt: skip
    if phones is not None:
        yield telephone_router(phones)
    if orders is not None:
        yield orders(api_key)
    if accounts is not None:
        yield phone_accounts_router(accounts, api_key.check)
        yield phones_page_router()
    if openai is not None:
        yield openai_router(openai)
        yield misplaced_router(openai)
