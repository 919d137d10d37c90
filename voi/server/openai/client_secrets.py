"""`POST /v1/realtime/client_secrets`: a short-lived key for one agent, for the browser of a person."""

from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from voi.server.bodies import BodyLimits
from voi.server.openai.access import OpenAiServices, app_of
from voi.server.openai.answering import openai_route
from voi.server.openai.failures import OpenAiError
from voi.server.openai.models import no_model
from voi.transports.realtime.client_secrets import LIFE_MAX_S, LIFE_MIN_S, LIFE_USUAL_S, ClientSecrets
from voi.transports.realtime.peer import RealtimeCaller
from voi.transports.realtime.settings import RealtimeSettings
from voi.transports.realtime.wire import EventError, new_id

ENDPOINT = "client_secrets"
BODY = BodyLimits(
    "application/json", 'Send application/json, such as {"session": {"type": "realtime", "model": "AGENT"}}.',
    max_bytes=256 * 1024, timeout_s=30.0,
)  # fmt: skip


class ExpiresAfter(BaseModel):
    """How long the secret is good for beginning conversations."""

    model_config = ConfigDict(extra="ignore")

    anchor: Literal["created_at"] = "created_at"
    seconds: int = Field(default=LIFE_USUAL_S, ge=LIFE_MIN_S, le=LIFE_MAX_S)


class ClientSecretRequest(BaseModel):
    """`session`: settings that conversations with the secret begin with; its `model` is the agent."""

    model_config = ConfigDict(extra="ignore")

    expires_after: ExpiresAfter = ExpiresAfter()
    session: dict[str, Any] = Field(default_factory=dict)


def client_secrets_router(services: OpenAiServices, client_secrets: ClientSecrets) -> APIRouter:
    """The route."""
    router = APIRouter(route_class=openai_route(ENDPOINT, services, BODY))

    @router.post("/realtime/client_secrets")
    async def issue(wish: ClientSecretRequest, request: Request) -> Response:
        agent = wish.session.get("model", "")
        config = services.config()
        if not isinstance(agent, str) or (agent not in config.agents and wish.session.get("type") != "transcription"):
            raise no_model(str(agent), "agent")
        try:
            settings = RealtimeSettings().updated(wish.session)
        except EventError as error:
            raise OpenAiError(400, str(error), error.code or "", error.param) from None
        state = request.state
        caller = RealtimeCaller(
            app_of(request), str(state.person), agent if agent in config.agents else "", wish.session,
            state.own_agents, state.token_id,
        )  # fmt: skip
        value, expires_at = client_secrets.issue(caller, wish.expires_after.seconds)
        session = settings.shown(new_id("sess"), agent, {})
        return JSONResponse(
            {"value": value, "expires_at": expires_at, "session": session}, headers={"Cache-Control": "no-store"}
        )

    return router
