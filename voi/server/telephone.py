"""Where carriers ask what to do with a call that comes in."""

import asyncio

from fastapi import APIRouter, HTTPException, Request, Response
from starlette.requests import ClientDisconnect

from voi.errors import ClientError, ConfigError
from voi.transports.media_ws.answering import PhoneAnswers
from voi.transports.media_ws.carrier import PhoneWebhook, Unsigned

BODY_MAX_BYTES = 64 * 1024
BODY_TIMEOUT_S = 5.0


def telephone_router(answers: PhoneAnswers) -> APIRouter:
    """The route at which carriers ask what to do with a call."""
    router = APIRouter()

    @router.post("/telephone/{carrier}/voice")
    async def voice(carrier: str, request: Request) -> Response:
        phones = answers.phones
        if phones is None or carrier not in phones.carriers:
            raise HTTPException(404, "There is no such carrier in phones.json.")
        path = request.scope.get("raw_path", b"").decode("ascii", "replace").partition("?")[0]
        query = request.scope.get("query_string", b"").decode("ascii", "replace")
        webhook = PhoneWebhook(
            request.method,
            f"{phones.public_url}{path}{'?' if query else ''}{query}",
            {name.lower(): value for name, value in request.headers.items()},
            await _body(request),
        )
        client = request.client.host if request.client else "an unknown address"
        try:
            document = answers.answer(carrier, webhook, client)
        except Unsigned as error:
            raise HTTPException(403, str(error)) from None
        except ClientError as error:
            raise HTTPException(400, str(error)) from None
        except ConfigError:
            raise HTTPException(500, "phones.json is not right; the server's log says why.") from None
        return Response(document.body, media_type=document.content_type, headers={"Cache-Control": "no-store"})

    return router


async def _body(request: Request) -> bytes:
    body = b""
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for piece in request.stream():
                body += piece
                if len(body) > BODY_MAX_BYTES:
                    raise HTTPException(413, f"The request has more than {BODY_MAX_BYTES} bytes.")
    except TimeoutError:
        raise HTTPException(408, "The request took too long.") from None
    except ClientDisconnect:
        raise HTTPException(400, "The request was cut off.") from None
    return body
