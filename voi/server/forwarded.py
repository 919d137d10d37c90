"""Tells HTTP routes who the client is behind trusted proxies, by the same rules as WebSockets."""

from typing import Any

from starlette.datastructures import Headers

from voi.transports.forwarded import TrustedProxies

_SCHEMES = ("http", "https")


class ForwardedClients:
    """An ASGI application in front of another: `client` in the scope becomes the address that the proxies tell, and
    `scheme` what `X-Forwarded-Proto` says. uvicorn's own would take any text for an address, knows no `Forwarded`, and
    believes one header although the other contradicts it."""

    def __init__(self, app: Any, proxies: TrustedProxies) -> None:
        self._app, self._proxies = app, proxies

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        client = scope.get("client")
        if scope["type"] == "http" and client and self._proxies.trusts(client[0]):
            headers = Headers(scope=scope)
            address = self._proxies.client_of(client[0], headers.getlist)
            scheme = headers.get("x-forwarded-proto", "").strip().lower()
            scope = {
                **scope,
                "client": client if address == client[0] else (address, 0),
                "scheme": scheme if scheme in _SCHEMES else scope["scheme"],
            }
        await self._app(scope, receive, send)
