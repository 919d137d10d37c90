"""Where RTVI clients ask for a conversation before they connect (`startBot` of pipecat's clients)."""

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Body, HTTPException, Request, Response

from voi.calls.claims import TokenClaims
from voi.errors import ClientError
from voi.server.auth import bearer

TOKEN_LIFE_S = 600
"""How long the client may take to connect with the token that it is given."""
_PARAMETERS = ("agent", "greet", "app_tools", "app_messages", "output_rate_hz")


def rtvi_router(check_token: Callable[[str], TokenClaims], issue: Callable[[TokenClaims, float], str]) -> APIRouter:
    """`check_token` returns what a token says, or raises ClientError. `issue` makes a token for the same app and person
    that lives so many seconds."""
    router = APIRouter()

    @router.post("/rtvi/start")
    @router.post("/rtvi/connect")
    async def start(
        request: Request, response: Response, wanted: Annotated[dict[str, Any] | None, Body()] = None
    ) -> dict[str, str]:
        token = bearer(request.headers.get("Authorization", ""))
        if not token:
            raise HTTPException(401, "No token was given: send it as Authorization: Bearer TOKEN.")
        try:
            claims = check_token(token)
        except ClientError as error:
            raise HTTPException(401, str(error)) from None
        body = wanted or {}
        inner = body.get("body")  # where pipecat's own runner has the app's part
        given = body | inner if isinstance(inner, dict) else body
        query = urlencode({name: _written(name, given[name]) for name in _PARAMETERS if given.get(name) is not None})
        scheme = "wss" if request.url.scheme == "https" else "ws"
        response.headers["Cache-Control"] = "no-store"
        address = f"{scheme}://{request.url.netloc}/rtvi"
        return {"wsUrl": f"{address}?{query}" if query else address, "token": issue(claims, TOKEN_LIFE_S)}

    return router


def _written(name: str, value: object) -> str:
    """As it stands in the URL. Raises HTTPException."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        value = ",".join(value)
    if not isinstance(value, str | int) or len(str(value)) > 10_000:
        raise HTTPException(400, f"{name}: a text, or a list of texts.")
    return str(value)
