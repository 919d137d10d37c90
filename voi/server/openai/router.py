"""All endpoints that OpenAI's clients know, below /v1."""

from fastapi import APIRouter, Response

from voi.server.openai.access import OpenAiServices
from voi.server.openai.answering import openai_route
from voi.server.openai.chat import chat_router
from voi.server.openai.client_secrets import client_secrets_router
from voi.server.openai.failures import OpenAiError
from voi.server.openai.models import models_router
from voi.server.openai.realtime_calls import realtime_calls_router
from voi.server.openai.speech import speech_router
from voi.server.openai.transcriptions import transcriptions_router


def openai_router(services: OpenAiServices) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1")
    for part in (models_router, speech_router, transcriptions_router, chat_router):
        router.include_router(part(services))
    if services.client_secrets is not None:
        router.include_router(client_secrets_router(services, services.client_secrets))
    if services.webrtc is not None:
        router.include_router(realtime_calls_router(services, services.webrtc))
    unknown = APIRouter(route_class=openai_route("unknown", services))

    @unknown.api_route("/{path:path}", methods=["GET", "POST"], include_in_schema=False)
    async def nothing(path: str) -> Response:
        raise OpenAiError(404, "This server has no such endpoint; docs/openai-http.md names those that it has.")

    router.include_router(unknown)
    return router


def misplaced_router(services: OpenAiServices) -> APIRouter:
    """Tells clients whose base URL lacks /v1 that it does."""
    router = APIRouter(route_class=openai_route("unknown", services))

    @router.get("/models", include_in_schema=False)
    @router.post("/chat/completions", include_in_schema=False)
    @router.post("/audio/{path:path}", include_in_schema=False)
    @router.post("/realtime/{path:path}", include_in_schema=False)
    async def misplaced() -> Response:
        raise OpenAiError(404, "The base URL of OpenAI's endpoints ends in /v1 here.")

    return router
