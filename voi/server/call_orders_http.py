"""`/calls`: calls that Voi is to make, over HTTP: ordered, listed, shown, ended; and who is never called again. For
services that have the API key, and for tokens of apps that phones.json names. Beside them, calls that ring."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from voi.calls.claims import TokenClaims
from voi.config.config import Config
from voi.errors import ClientError, StoreError
from voi.server.bodies import BodyLimits, body_route
from voi.server.call_order_view import order_as_dict, whole_order
from voi.server.key_guesses import ApiKey, given_key
from voi.server.ringing_http import ringing_router
from voi.server.shared_calls import SharedCalls
from voi.server.usage_http import Rate
from voi.transports.telephone.outgoing.destinations import parse_destination
from voi.transports.telephone.outgoing.order import CallOrder
from voi.transports.telephone.outgoing.policy import OrderRefused
from voi.transports.telephone.outgoing.runner import OutgoingCalls

if TYPE_CHECKING:
    from voi.transports.telephone.outgoing.order_store import OrderStore

HINT = (
    "Send JSON, with the header Content-Type: application/json: "
    '{"to": "+4930123456", "account": "desk", "agent": "ada"}'
)
BODY = BodyLimits("application/json", HINT, max_bytes=64 * 1024, timeout_s=10.0)
AT_ONCE_MAX, EVERY_S = 200, 0.01
"""So many requests at once, and then a hundred a second: each is a transaction of the store."""
APP = "telephone"
"""The app of orders that are made with the API key and name none."""
OFF = "VOI_STORE is off: calls are made only where orders can be kept."
OrderState = Literal["queued", "dialling", "ringing", "talking", "over"]


class OrderBody(CallOrder):
    """The body of POST /calls."""

    app: str = Field(default="", pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,63})?$")
    """The app that the call belongs to, for limits and usage. A token's orders are its app's."""

    @property
    def order(self) -> CallOrder:
        return CallOrder(**{name: getattr(self, name) for name in CallOrder.model_fields})


class NeverBody(BaseModel):
    """The body of POST /calls/never."""

    model_config = ConfigDict(extra="forbid")

    number: str = Field(min_length=1, max_length=300, repr=False)
    """Who is not called again: a number or a SIP address."""


class OrderAccess:
    """Who asks: the API key may see all orders, a token those of its app. `check_token` raises ClientError."""

    def __init__(
        self, api_key: ApiKey, check_token: Callable[[str], TokenClaims], config: Callable[[], Config]
    ) -> None:
        self._api_key = api_key
        self._check_token = check_token
        self._config = config

    def check(self, request: Request) -> None:
        """Note the app of a token ("": the API key was given). Raises HTTPException."""
        given = given_key(request)
        if self._api_key.is_right(given, request):
            request.state.order_app = ""
            return
        try:
            app = self._check_token(given).app
        except ClientError:
            raise HTTPException(403, "This is neither the API key nor a valid token.") from None
        phones = self._config().phones
        if phones is None or phones.outgoing is None or app not in phones.outgoing.apps:
            raise HTTPException(403, "Tokens of this app may order no calls (outgoing.apps in phones.json).")
        request.state.order_app = app

    def check_manager(self, request: Request) -> None:
        """Only the API key will do. Raises HTTPException."""
        self.check(request)
        if request.state.order_app:
            raise HTTPException(403, "Only the API key may do that.")


def call_orders_router(
    outgoing: OutgoingCalls, store: "OrderStore | None", access: OrderAccess, calls: SharedCalls
) -> APIRouter:
    """The routes of `/calls`: orders for calls, and calls that ring here. `store` None: orders are refused."""
    whole = APIRouter()
    limit = Rate(AT_ONCE_MAX, EVERY_S)
    whole.include_router(ringing_router(calls, access.check_manager, limit))  # before `/calls/{order_id}`
    writing = APIRouter(prefix="/calls", route_class=body_route(BODY, access.check))

    @writing.post("", status_code=201)
    async def ordered(body: OrderBody, request: Request, response: Response) -> dict[str, Any]:
        app = request.state.order_app
        if app and body.app not in ("", app):
            raise HTTPException(403, f"app: this token is of {app!r}.")
        async with _answering(limit):
            kept, new = await outgoing.order(app or body.app or APP, body.order)
        if not new:
            response.status_code = 200
        response.headers["Location"] = f"/calls/{kept.id}"
        return order_as_dict(kept)

    @writing.post("/never", status_code=201)
    async def never(body: NeverBody, request: Request) -> dict[str, str]:
        async with _answering(limit):
            await outgoing.never_call(parse_destination(body.number).address, "http")
        return {"status": "kept"}

    whole.include_router(writing)
    whole.include_router(_plain_router(outgoing, store, access, limit))
    return whole


def _plain_router(outgoing: OutgoingCalls, store: "OrderStore | None", access: OrderAccess, limit: Rate) -> APIRouter:
    """The routes without a body."""
    router = APIRouter(prefix="/calls")

    @router.get("")
    async def newest(
        request: Request,
        app: Annotated[str, Query(max_length=200)] = "",
        account: Annotated[str, Query(max_length=200)] = "",
        state: OrderState | None = None,
        outcome: Annotated[str, Query(max_length=24)] = "",
        limited: Annotated[int, Query(alias="limit", ge=1, le=500)] = 50,
        before: Annotated[int | None, Query(ge=0, le=2**63 - 1)] = None,
    ) -> dict[str, Any]:
        access.check(request)
        async with _answering(limit):
            found = await _there(store).newest(
                app=request.state.order_app or _clean(app), account=_clean(account), state=state or "",
                outcome=_clean(outcome), before=before, limit=limited,
            )  # fmt: skip
        more = found[-1][0] if len(found) == limited else None
        return {"calls": [order_as_dict(kept) for _, kept in found], "before": more}

    @router.get("/{order_id}")
    async def one(order_id: str, request: Request) -> dict[str, Any]:
        access.check(request)
        async with _answering(limit):
            found = await whole_order(_there(store), _clean(order_id), request.state.order_app)
        if found is None:
            raise HTTPException(404, "There is no such call.")
        return found

    @router.delete("/{order_id}")
    async def ended(order_id: str, request: Request) -> dict[str, Any]:
        access.check(request)
        async with _answering(limit):
            _there(store)
            kept = await outgoing.cancel(_clean(order_id), request.state.order_app)
        if kept is None:
            raise HTTPException(404, "There is no such call.")
        return order_as_dict(kept)

    return router


def _there(store: "OrderStore | None") -> "OrderStore":
    if store is None:
        raise HTTPException(503, OFF)
    return store


def _clean(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:200]


@asynccontextmanager
async def _answering(limit: Rate) -> AsyncIterator[None]:
    """Turns what the store and the policy raise into answers."""
    if not limit.take():
        raise HTTPException(429, "Too many requests about calls.", {"Retry-After": "1"})
    try:
        yield
    except OrderRefused as refused:
        raise HTTPException(refused.status, str(refused)) from None
    except ClientError as error:
        raise HTTPException(400, str(error)) from None
    except StoreError as error:
        raise HTTPException(503, str(error)) from None
