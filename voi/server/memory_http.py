"""What agents remember of a person, over HTTP, for services that have the API key: shown, added, corrected, deleted,
exported. The person is named in the query, which no log holds."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from voi.errors import ClientError, StoreError
from voi.server.bodies import BodyLimits, body_route

if TYPE_CHECKING:
    from voi.store.store import Store

BODY = BodyLimits("application/json", 'Send JSON: {"text": "Likes tea."}', max_bytes=64 * 1024, timeout_s=10.0)
OFF = "VOI_STORE is off: nothing is remembered of anybody."
AppName = Annotated[str, Query(min_length=1, max_length=200)]
PersonName = Annotated[str, Query(min_length=1, max_length=200)]


class MemoryText(BaseModel):
    """The body of a request that changes a memory."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=20_000)


def memory_router(store: "Store | None", check: Callable[[Request], None]) -> APIRouter:
    """`/memory?app=…&person=…`. `check`: raises HTTPException for callers without the API key."""
    whole = APIRouter()
    router = APIRouter(prefix="/memory", route_class=body_route(BODY, check))

    @router.post("", status_code=201)
    async def added(body: MemoryText, app: AppName, person: PersonName) -> dict[str, Any]:
        from voi.store.person_memory import add_fact, memory_as_dict

        async with _answering(store) as there:
            return memory_as_dict(await add_fact(there, app, person, body.text))

    @router.put("/{memory_id}")
    async def corrected(memory_id: str, body: MemoryText, app: AppName, person: PersonName) -> dict[str, Any]:
        from voi.store.memories import NAME_ID
        from voi.store.person_memory import correct, memory_as_dict, set_name

        async with _answering(store) as there:
            if memory_id == NAME_ID:
                return memory_as_dict(await set_name(there, app, person, body.text))
            return memory_as_dict(await correct(there, app, person, memory_id, body.text))

    whole.include_router(router)
    whole.include_router(_plain_router(store, check))
    return whole


def _plain_router(store: "Store | None", check: Callable[[Request], None]) -> APIRouter:
    """The routes without a body."""
    router = APIRouter(prefix="/memory", dependencies=[Depends(check)])

    @router.get("")
    async def shown(app: AppName, person: PersonName) -> dict[str, Any]:
        return await _all(store, app, person)

    @router.get("/export")
    async def exported(app: AppName, person: PersonName) -> Response:
        headers = {"Content-Disposition": 'attachment; filename="memory.json"', "Cache-Control": "no-store"}
        return JSONResponse(await _all(store, app, person), headers=headers)

    @router.delete("/{memory_id}", status_code=204)
    async def deleted(memory_id: str, app: AppName, person: PersonName) -> None:
        from voi.store.person_memory import forget_memory

        async with _answering(store) as there:
            await forget_memory(there, app, person, memory_id)

    @router.delete("")
    async def all_deleted(app: AppName, person: PersonName) -> dict[str, int]:
        from voi.store.person_memory import forget_memory

        async with _answering(store) as there:
            return {"deleted": await forget_memory(there, app, person)}

    return router


async def _all(store: "Store | None", app: str, person: str) -> dict[str, Any]:
    from voi.store.person_memory import list_memory, memory_as_dict

    async with _answering(store) as there:
        items = await list_memory(there, app, person)
    return {"app": app, "person": person, "memory": [memory_as_dict(item) for item in items]}


@asynccontextmanager
async def _answering(store: "Store | None") -> AsyncIterator["Store"]:
    """The store; its errors become answers."""
    if store is None:
        raise HTTPException(503, OFF)
    from voi.store.person_memory import NOBODY, NOTHING

    try:
        yield store
    except ClientError as error:
        raise HTTPException(404 if str(error) in (NOBODY, NOTHING) else 400, str(error)) from None
    except StoreError as error:
        raise HTTPException(503, str(error)) from None
