"""Calls that ring, over HTTP: listed, answered, refused; and calls under way, ended. For services that have the API
key."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request

from voi.calls.ringing import NotRinging, Refusal
from voi.errors import StoreError
from voi.server.shared_calls import SharedCalls
from voi.server.usage_http import Rate


def ringing_router(calls: SharedCalls, authorized: Callable[[Request], None], limit: Rate) -> APIRouter:
    """`authorized` raises HTTPException. `limit`: on requests, each of which may be a transaction of the store. The
    router goes before the routes of orders, which would take `ringing` for one."""
    router = APIRouter(prefix="/calls", dependencies=[Depends(authorized)])

    @router.get("/ringing")
    async def listed() -> dict[str, Any]:
        with _answering(limit):
            ringing = await calls.ringing()
        return {
            "calls": [
                {
                    "id": call.id,
                    "account": call.account,
                    "caller": call.caller or None,
                    "since": datetime.fromtimestamp(call.since, UTC).isoformat(timespec="seconds"),
                }
                for call in ringing
            ]
        }

    @router.post("/{call_id}/answer")
    async def answered(call_id: str) -> dict[str, str]:
        with _answering(limit):
            await calls.answer(call_id)
        return {"id": call_id, "status": "answered"}

    @router.post("/{call_id}/refuse")
    async def refused(call_id: str, reason: Refusal = "busy") -> dict[str, str]:
        with _answering(limit):
            await calls.refuse(call_id, reason)
        return {"id": call_id, "status": "refused"}

    @router.post("/{call_id}/hang_up")
    async def ended(call_id: str) -> dict[str, str]:
        with _answering(limit, "There is no such call.", "ended"):
            await calls.hang_up(call_id)
        return {"id": call_id, "status": "over"}

    return router


@contextmanager
def _answering(limit: Rate, none: str = "No such call rings.", wanted: str = "answered") -> Iterator[None]:
    """Turns what is raised into answers. `none`: what is said if there is no such call; `wanted`: what was to be."""
    if not limit.take():
        raise HTTPException(429, "Too many requests about calls.", {"Retry-After": "1"})
    try:
        yield
    except NotRinging as error:
        why = str(error)
        raise (HTTPException(409, f"The call was not {wanted}: {why}.") if why else HTTPException(404, none)) from None
    except StoreError as error:
        raise HTTPException(503, str(error)) from None
