"""MCP servers of others, over stdio and streamable HTTP, killed in the middle of a call. They are installed by

    tools/peers.sh mcp

which then runs this. Without it they are skipped."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytest.importorskip("mcp")

from voi.config.tools import McpServer
from voi.errors import EngineError
from voi.tasks import Tasks
from voi.tools.base import ToolFailed
from voi.tools.mcp import McpConnection

ROOT = Path(__file__).parent.parent.parent
PEERS = Path(os.environ.get("VOI_PEERS", ROOT / ".peers")).absolute()
EVERYTHING = Path(__file__).parent / "mcp/node_modules/@modelcontextprotocol/server-everything/dist/index.js"
TIME = PEERS / "mcp_server_time/bin/mcp-server-time"
LONG = "trigger-long-running-operation", {"duration": 30, "steps": 5}

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.integration,
    pytest.mark.skipif(not EVERYTHING.exists() or not TIME.exists(), reason="servers of others: tools/peers.sh mcp"),
]


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    tasks = Tasks()
    yield tasks
    await tasks.dismiss()


def children() -> list[int]:
    """Processes that this one started and that run the server."""
    found = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in found if str(EVERYTHING).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()]


async def test_a_server_of_npm_killed_in_the_middle_of_a_call(tasks: Tasks) -> None:
    connection = McpConnection(McpServer(command=("node", str(EVERYTHING), "stdio")), "here", tasks)
    assert await connection.call("echo", {"message": "Hi."}) == "Echo: Hi."
    with pytest.raises(ToolFailed, match="message"):
        await connection.call("echo", {"wrong": 1})
    under_way = asyncio.create_task(connection.call(*LONG))
    await asyncio.sleep(0.5)
    for pid in children():
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(ToolFailed, match="broke off"):
        await asyncio.wait_for(under_way, 60)
    assert await connection.call("echo", {"message": "Again."}) == "Echo: Again."
    await connection.close()


async def test_the_same_over_http(tasks: Tasks) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def start() -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            "node", str(EVERYTHING), "streamableHttp", env={**os.environ, "PORT": str(port)},
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip

    async def connected(connection: McpConnection) -> None:
        async with asyncio.timeout(20):
            while True:
                try:
                    return await connection.open()
                except EngineError:
                    await asyncio.sleep(0.2)

    server = await start()
    connection = McpConnection(McpServer(url=f"http://127.0.0.1:{port}/mcp"), "here", tasks)
    try:
        await connected(connection)
        assert await connection.call("echo", {"message": "Hi."}) == "Echo: Hi."
        under_way = asyncio.create_task(connection.call(*LONG))
        await asyncio.sleep(0.5)
        server.kill()
        with pytest.raises(ToolFailed, match="broke off"):
            await asyncio.wait_for(under_way, 15)
        await server.wait()
        server = await start()
        await connected(connection)
        assert await connection.call("echo", {"message": "Again."}) == "Echo: Again."
    finally:
        await connection.close()
        server.kill()
        await server.wait()


async def test_a_server_of_pypi(tasks: Tasks) -> None:
    connection = McpConnection(McpServer(command=(str(TIME),)), "here", tasks)
    assert '"timezone": "Europe/Berlin"' in await connection.call("get_current_time", {"timezone": "Europe/Berlin"})
    with pytest.raises(ToolFailed, match="Invalid timezone"):
        await connection.call("get_current_time", {"timezone": "Nowhere/X"})
    await connection.close()
