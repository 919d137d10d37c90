"""Talks to an MCP server over its standard input and output, as the client of the package `mcp` does, with bounds: a
line without an end is the end of the connection, and what is no message is passed over.
https://modelcontextprotocol.io/specification/2025-11-25/basic/transports
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

MESSAGE_MAX_BYTES = 4 << 20
"""Longest message of a server."""
OTHER_LINES_MAX = 10_000
"""Most lines between two messages that are none: some servers print what they do."""
STOP_S = 2.0
"""How long the server may take to end by itself, and again after SIGTERM."""
_POLL_S = 0.02


@asynccontextmanager
async def over_stdio(command: Sequence[str], env: Mapping[str, str]) -> AsyncIterator[tuple[Any, Any]]:
    """Start the program; the streams of its messages and of those to it. Raises OSError if it cannot be started."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**get_default_environment(), **env},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # it may hold what people said
        limit=MESSAGE_MAX_BYTES,
        start_new_session=True,  # so that what it starts itself ends with it
    )
    to_session, messages = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    to_server, requests = anyio.create_memory_object_stream[SessionMessage](0)
    async with anyio.create_task_group() as group:
        group.start_soon(_read, process, to_session)
        group.start_soon(_write, process, requests, to_session)
        try:
            yield messages, to_server
        finally:
            with anyio.CancelScope(shield=True):
                await _stop(process)
            for stream in (messages, to_server, requests, to_session):
                stream.close()
            group.cancel_scope.cancel()


async def _read(process: asyncio.subprocess.Process, to_session: Any) -> None:
    """Until the program ends its output, or breaks a bound. Then the stream is closed, and the session is over."""
    assert process.stdout is not None
    others = 0
    with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
        async with to_session:
            while others < OTHER_LINES_MAX:
                try:
                    line = await process.stdout.readline()
                except (ValueError, OSError):  # the line is too long
                    return
                if not line:
                    return
                try:
                    message = jsonrpc_message_adapter.validate_json(line, by_name=False)
                except ValueError:
                    others += 1
                    continue
                others = 0
                await to_session.send(SessionMessage(message))


async def _write(process: asyncio.subprocess.Process, requests: Any, to_session: Any) -> None:
    assert process.stdin is not None
    try:
        async for each in requests:
            process.stdin.write(each.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
            await process.stdin.drain()
    except (OSError, anyio.ClosedResourceError):
        to_session.close()  # it may still run, but nobody can ask it anything


async def _stop(process: asyncio.subprocess.Process) -> None:
    """As the protocol asks: close its input, then end it, then kill it and all that it started."""
    assert process.stdin is not None
    with suppress(OSError):
        process.stdin.close()
    for number in (signal.SIGTERM, signal.SIGKILL):
        if await _ended(process):
            break
        with suppress(OSError):
            os.killpg(process.pid, number)
    else:
        await _ended(process)
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    transport = getattr(process, "_transport", None)
    if transport is not None:
        transport.close()  # nothing public closes an output that was not read to its end


async def _ended(process: asyncio.subprocess.Process) -> bool:
    """Whether it ends in time. (`wait` would also wait for programs that hold its output open.)"""
    for _ in range(round(STOP_S / _POLL_S)):
        if process.returncode is not None:
            return True
        await asyncio.sleep(_POLL_S)
    return process.returncode is not None
