"""A service that takes a request and then says nothing is not waited for without end."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from voi.engines.cloud import client as module
from voi.engines.cloud.client import CloudClient
from voi.errors import EngineError


async def never(request: web.Request) -> web.Response:
    await asyncio.sleep(60)
    return web.Response()


@pytest.mark.parametrize("ask", ["json", "probe"])
async def test_a_service_that_never_answers(ask: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_S", 0.05)
    app = web.Application()
    app.router.add_get("/", never)
    async with TestServer(app, handler_cancellation=True) as server:
        client = CloudClient("fake", {})
        url = str(server.make_url("/"))
        with pytest.raises(EngineError, match="did not answer within") as raised:
            await (client.json("GET", url) if ask == "json" else client.probe(url))
        assert raised.value.retryable
        await client.close()
