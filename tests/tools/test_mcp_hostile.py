"""MCP servers that misbehave cost their own tools, and nothing else."""

import asyncio
import gzip
import json
import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

pytest.importorskip("mcp")

from voi.config.tools import McpServer
from voi.errors import EngineError
from voi.tasks import Tasks
from voi.tools.base import RESULT_MAX_CHARACTERS, ToolFailed
from voi.tools.mcp import DESCRIPTION_MAX_CHARACTERS, LIST_MAX_BYTES, McpConnection
from voi.tools.mcp_stdio import MESSAGE_MAX_BYTES

pytestmark = pytest.mark.integration
SERVER = str(Path(__file__).parent / "hostile_mcp_server.py")


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    tasks = Tasks()
    yield tasks
    await tasks.dismiss()


def server_that(how: str, tasks: Tasks) -> McpConnection:
    return McpConnection(McpServer(command=(sys.executable, SERVER, how)), "here", tasks)


@pytest.mark.parametrize("how", ["exits", "never ends a line"])
async def test_one_that_never_speaks_properly_is_an_error(how: str, tasks: Tasks) -> None:
    connection = server_that(how, tasks)
    with pytest.raises(EngineError, match="the MCP server failed"):
        await connection.open()
    await connection.close()
    assert len(tasks) == 0


async def test_what_it_tells_of_its_tools_is_bounded(tasks: Tasks, caplog: pytest.LogCaptureFixture) -> None:
    connection = server_that("has many tools", tasks)
    await connection.open()
    assert {len(tool.description) for tool in connection.tools} == {DESCRIPTION_MAX_CHARACTERS}
    assert 50 < len(connection.tools) < LIST_MAX_BYTES / DESCRIPTION_MAX_CHARACTERS
    assert "too many tools" in caplog.text
    assert len(await connection.call("t0", {})) == RESULT_MAX_CHARACTERS
    await connection.close()


async def test_lines_that_are_no_messages_are_passed_over_in_silence(
    tasks: Tasks, caplog: pytest.LogCaptureFixture
) -> None:
    connection = server_that("prints garbage", tasks)
    await connection.open()
    caplog.clear()
    assert await connection.call("t0", {})
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    await connection.close()


async def test_a_message_that_is_too_long_breaks_the_connection_and_the_next_call_opens_another(tasks: Tasks) -> None:
    connection = server_that("tells too much", tasks)
    for _ in range(2):
        with pytest.raises(ToolFailed, match="broke off"):
            await connection.call("t0", {})
    await connection.close()
    assert len(tasks) == 0


@pytest.mark.parametrize("how", ["long", "gzip", "no end"])
async def test_over_http_answers_are_bounded_and_not_expanded(how: str, tasks: Tasks) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        asked: Any = await request.json() if request.method == "POST" else {}
        if asked.get("method") != "initialize":
            return web.Response(status=405)
        result: Any = {"protocolVersion": asked["params"]["protocolVersion"], "capabilities": {"tools": {}}}
        result["serverInfo"] = {"name": "x", "version": "1", "title": "x" * (MESSAGE_MAX_BYTES if how == "long" else 1)}
        body = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}).encode()
        headers = {"Content-Type": "application/json"}
        if how == "gzip":
            return web.Response(body=gzip.compress(body), headers=headers | {"Content-Encoding": "gzip"})
        if how == "long":
            return web.Response(body=body, headers=headers)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while True:
            await response.write(b"data: " + b"x" * 65_536)

    app = web.Application()
    app.router.add_route("*", "/", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    connection = McpConnection(McpServer(url=url), "here", tasks)
    async with asyncio.timeout(15):
        with pytest.raises(EngineError, match="the MCP server failed"):
            await connection.open()
    await connection.close()
    await runner.cleanup()
