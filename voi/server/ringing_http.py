"""Calls that ring, over HTTP: listed, answered, refused. For services that have the API key."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request

from voi.calls.ringing import NotRinging, Refusal, RingingCalls


def ringing_router(ringing: RingingCalls, authorized: Callable[[Request], None]) -> APIRouter:
    """`authorized` raises HTTPException. It goes before the routes of orders, which would take `ringing` for one."""
    router = APIRouter(prefix="/calls", dependencies=[Depends(authorized)])

    @router.get("/ringing")
    async def listed() -> dict[str, Any]:
        return {
            "calls": [
                {
                    "id": call.id,
                    "account": call.account,
                    "caller": call.caller or None,
                    "since": datetime.fromtimestamp(call.since, UTC).isoformat(timespec="seconds"),
                }
                for call in ringing.listed()
            ]
        }

    @router.post("/{call_id}/answer")
    async def answered(call_id: str) -> dict[str, str]:
        try:
            await ringing.answer(call_id)
        except NotRinging as error:
            raise _refused(error) from None
        return {"id": call_id, "status": "answered"}

    @router.post("/{call_id}/refuse")
    async def refused(call_id: str, reason: Refusal = "busy") -> dict[str, str]:
        try:
            await ringing.refuse(call_id, reason)
        except NotRinging as error:
            raise _refused(error) from None
        return {"id": call_id, "status": "refused"}

    return router


def _refused(error: NotRinging) -> HTTPException:
    why = str(error)
    return (
        HTTPException(409, f"The call was not answered: {why}.") if why else HTTPException(404, "No such call rings.")
    )
