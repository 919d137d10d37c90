"""`GET /usage`: what was used and what it cost, for services that have the API key; as JSON or CSV."""

import io
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response

from voi.errors import ClientError, StoreError

if TYPE_CHECKING:
    from voi.store.store import Store

DAYS_MAX = 400
AT_ONCE_MAX = 10
EVERY_S = 1.0
"""Interval at which another request is allowed after the first burst, because each one is a search in the store."""


class Rate:
    """A token bucket. `clock`: monotonic seconds."""

    def __init__(self, at_once: int, every_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._at_once, self._every_s, self._clock = at_once, every_s, clock
        self._left = float(at_once)
        self._seen_s = clock()

    def take(self) -> bool:
        now_s = self._clock()
        self._left = min(self._at_once, self._left + (now_s - self._seen_s) / self._every_s)
        self._seen_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True


def usage_router(store: "Store | None", check: Callable[[Request], None], rate: Rate | None = None) -> APIRouter:
    """The route. `check`: raises HTTPException for callers without the API key."""
    router = APIRouter(dependencies=[Depends(check)])
    limit = rate or Rate(AT_ONCE_MAX, EVERY_S)

    @router.get("/usage", response_model=None)
    async def used(
        since: Annotated[date | None, Query(alias="from")] = None,
        until: Annotated[date | None, Query(alias="to")] = None,
        by: Annotated[str, Query(max_length=100)] = "app,kind,model",
        app: Annotated[str, Query(max_length=200)] = "",
        form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
    ) -> Response | dict[str, Any]:
        if not limit.take():
            raise HTTPException(429, "Too many questions about usage.", {"Retry-After": "1"})
        if store is None:
            raise HTTPException(503, "VOI_STORE is off: what is used is not kept.")
        today = datetime.now(UTC).date()
        last = until or today
        first = since or min(last, today).replace(day=1)
        if not 0 <= (last - first).days < DAYS_MAX:
            raise HTTPException(400, f"from is no later than to, and both are at most {DAYS_MAX} days apart.")
        groups = [name.strip() for name in by.split(",") if name.strip()]
        rows = await _read(store, groups, first, last, app)
        if form == "json":
            return {"from": first.isoformat(), "to": last.isoformat(), "usage": rows}
        from voi.store.usage import write_csv

        out = io.StringIO()
        write_csv(rows, groups, out)
        return Response(out.getvalue(), media_type="text/csv; charset=utf-8")

    return router


async def _read(store: "Store", groups: list[str], first: date, last: date, app: str) -> list[dict[str, Any]]:
    from voi.store.usage import read_usage

    try:
        async with store.reading() as connection:
            return await read_usage(connection, groups, first.isoformat(), last.isoformat(), app.replace("\0", ""))
    except ClientError as error:
        raise HTTPException(400, str(error)) from None
    except StoreError as error:
        raise HTTPException(503, str(error)) from None
