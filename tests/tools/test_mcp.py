"""A real MCP server, over stdio and over streamable HTTP; one that dies in the middle of a call."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytest.importorskip("mcp")

from voi.config.tools import McpServer
from voi.errors import EngineError
from voi.tasks import Tasks
from voi.tools.base import ToolFailed
from voi.tools.mcp import McpConnection

pytestmark = pytest.mark.integration
SERVER = str(Path(__file__).parent / "mcp_server.py")


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    tasks = Tasks()
    yield tasks
    await tasks.dismiss()


def over_stdio(tasks: Tasks, *allow: str) -> McpConnection:
    server = McpServer(command=(sys.executable, SERVER), allow=allow or ("*",))
    return McpConnection(server, "agents.json: $.desk.tools.sums", tasks)


async def test_its_tools_are_found_by_the_allow_list_and_called(tasks: Tasks) -> None:
    connection = over_stdio(tasks, "a*")
    await connection.open()
    (tool,) = connection.tools
    assert (tool.name, tool.description, tool.parameters["required"]) == ("add", "Add two numbers.", ["a", "b"])
    assert await connection.call("add", {"a": 2, "b": 3}) == "5"
    await connection.close()
    assert len(tasks) == 0


async def test_an_error_of_a_tool_is_told(tasks: Tasks) -> None:
    connection = over_stdio(tasks)
    with pytest.raises(ToolFailed):
        await connection.call("fail", {})
    assert await connection.call("add", {"a": 1, "b": 1}) == "2"
    await connection.close()


async def test_killed_in_the_middle_of_a_call_the_next_one_works(tasks: Tasks) -> None:
    connection = over_stdio(tasks)
    with pytest.raises(ToolFailed, match="broke off"):
        async with asyncio.timeout(20):
            await connection.call("die", {})
    assert await connection.call("add", {"a": 2, "b": 2}) == "4"
    await connection.close()


async def test_a_server_that_cannot_start_is_an_error_and_not_a_hang(tasks: Tasks) -> None:
    connection = McpConnection(McpServer(command=("/nowhere/at/all",)), "here", tasks)
    with pytest.raises(EngineError, match="here: the MCP server failed"):
        await connection.open()
    with pytest.raises(ToolFailed, match="cannot be reached"):
        await connection.call("add", {})


async def test_over_streamable_http_also_when_it_was_restarted(tasks: Tasks) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def started() -> asyncio.subprocess.Process:
        code = f"import runpy, sys; sys.argv = ['x']; m = runpy.run_path({SERVER!r}); "
        code += f"m['server'].run('streamable-http', host='127.0.0.1', port={port})"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, stderr=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(30):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.1)
                else:
                    writer.close()
                    return process

    process = await started()
    connection = McpConnection(McpServer(url=f"http://127.0.0.1:{port}/mcp"), "here", tasks)
    assert await connection.call("add", {"a": 2, "b": 3}) == "5"
    process.kill()
    await process.wait()
    with pytest.raises(ToolFailed):
        await connection.call("add", {"a": 2, "b": 3})
    process = await started()
    assert await connection.call("add", {"a": 2, "b": 4}) == "6"
    await connection.close()
    process.kill()
    await process.wait()
