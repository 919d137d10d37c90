"""Tools of servers of the Model Context Protocol, by the official package `mcp` (the extra `mcp`).

One task owns the connection to a server, which all conversations share. A connection that broke, because the server was
killed or its network failed, fails the calls that were under way; the next call opens it again.
https://modelcontextprotocol.io
"""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import orjson

from voi.config.secret_refs import resolved
from voi.config.tools import McpServer, references_in
from voi.errors import ConfigError, EngineError
from voi.tasks import Tasks
from voi.tools.base import ToolContext, ToolFailed, bounded

OPEN_TIMEOUT_S = 20.0
"""For the server's start, its handshake and its list of tools."""
CLOSE_TIMEOUT_S = 5.0
TOOLS_MAX = 128
"""Most tools of a server: providers take no more."""
PAGES_MAX = 50
DESCRIPTION_MAX_CHARACTERS = 4_000
SCHEMA_MAX_BYTES = 50_000
LIST_MAX_BYTES = 400_000
"""Most that all tools of a server may take together: a model is told of them with every answer that it writes."""
INSTALL = "MCP is not installed: ./install.sh mcp"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class McpToolInfo:
    """A tool of a server, as the server describes it."""

    name: str
    description: str
    parameters: dict[str, Any]


class McpConnection:
    """The connection to one server. `where`: the server's place in agents.json, for errors and the log. Raises
    ConfigError if an environment variable that the server's configuration refers to is not set."""

    def __init__(self, server: McpServer, where: str, tasks: Tasks) -> None:
        texts = {"command": server.command, "env": server.env, "url": server.url or "", "headers": server.headers}
        self._server = server
        self._where = where
        self._secrets = resolved(texts, where)
        self._tasks = tasks
        self._client: Any = None
        """None: there is no connection."""
        self._owner: asyncio.Task[Any] | None = None
        self._close: asyncio.Event | None = None
        self._opening = asyncio.Lock()
        self.tools: tuple[McpToolInfo, ...] = ()
        """Those that agents may call, by the newest list."""

    async def open(self) -> None:
        """Connect, if there is no connection, and read the list of tools. Raises EngineError, ConfigError."""
        async with self._opening:
            if self._client is None:
                await self._drop()
                opened: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
                self._close = asyncio.Event()
                self._owner = self._tasks.start(self._own(opened, self._close), f"MCP server {self._where}")
                try:
                    async with asyncio.timeout(OPEN_TIMEOUT_S):
                        await asyncio.shield(opened)
                except TimeoutError:
                    opened.cancel()
                    self._owner.cancel()
                    await self._drop()
                    raise EngineError(f"{self._where}: the MCP server did not start in time.") from None

    async def call(self, name: str, arguments: dict[str, Any]) -> str:
        """The result of a tool. Raises ToolFailed."""
        from mcp import MCPError

        try:
            await self.open()
        except (EngineError, ConfigError) as error:
            log.warning("%s", error)
            raise ToolFailed("The service cannot be reached.") from None
        client = self._client
        if client is None:
            raise ToolFailed("The service cannot be reached.")
        try:
            result = await client.call_tool(name, arguments)
        except MCPError as error:
            if not await self._lives(client):
                raise ToolFailed("The service broke off. The call may have done its work.") from None
            raise ToolFailed(bounded(f"The service refused: {error}")) from None
        except Exception as error:  # whatever the transport raises, the connection is not used again
            await self._abandon(client)
            log.warning("%s: the MCP server's connection broke: %s", self._where, type(error).__name__)
            raise ToolFailed("The service broke off. The call may have done its work.") from None
        text = _text(result)
        if result.is_error:
            raise ToolFailed(text or "The service reported an error.")
        return text or "Done."

    async def close(self) -> None:
        async with self._opening:
            await self._drop()

    # ---- the connection ---------------------------------------------------------------------------

    async def _own(self, opened: "asyncio.Future[Any]", close: asyncio.Event) -> None:
        """Hold the connection until `close` is set. Everything of it is entered and left in this task, as its library
        needs it."""
        try:
            async with AsyncExitStack() as stack:
                client = await self._connect(stack)
                self.tools = await self._listed(client)
                self._client = client
                if not opened.done():
                    opened.set_result(None)
                await close.wait()
        except BaseException as error:
            known = isinstance(error, EngineError | ConfigError)
            if not opened.done():
                why = error if known else EngineError(f"{self._where}: the MCP server failed: {_kind(error)}.")
                opened.set_exception(why)
            elif isinstance(error, Exception):
                log.warning("%s: the MCP server's connection ended: %s", self._where, _kind(error))
            if not isinstance(error, Exception):
                raise
        finally:
            self._client = None

    async def _connect(self, stack: AsyncExitStack) -> Any:
        try:
            await asyncio.to_thread(_import_all)  # it takes a third of a second
        except ImportError:
            raise ConfigError(f"{self._where}: {INSTALL}") from None
        from mcp import Client

        if self._server.command:
            from voi.tools.mcp_stdio import over_stdio

            transport: Any = over_stdio(self._secrets["command"], self._secrets["env"])
        else:
            import httpx2
            from mcp.client.streamable_http import streamable_http_client

            from voi.tools.mcp_http import BoundedTransport

            http = await stack.enter_async_context(
                httpx2.AsyncClient(headers=self._secrets["headers"], timeout=None, transport=BoundedTransport())
            )
            transport = streamable_http_client(self._secrets["url"], http_client=http)
        return await stack.enter_async_context(Client(transport, cache=None))

    async def _listed(self, client: Any) -> tuple[McpToolInfo, ...]:
        found: list[McpToolInfo] = []
        left_bytes = LIST_MAX_BYTES
        cursor: str | None = None
        for _ in range(PAGES_MAX):
            page = await client.list_tools(cursor=cursor)
            for tool in page.tools:
                if (info := self._info(tool)) is None:
                    continue
                left_bytes -= len(orjson.dumps(info.parameters)) + len(info.description)
                if len(found) == TOOLS_MAX or left_bytes < 0:
                    log.warning("%s: the MCP server has too many tools; name those to use in allow", self._where)
                    return tuple(found)
                found.append(info)
            cursor = page.next_cursor
            if not cursor:
                break
        return tuple(found)

    def _info(self, tool: Any) -> McpToolInfo | None:
        """The tool; None if agents may not call it, or if its schema cannot be used."""
        if not any(fnmatchcase(tool.name, allowed) for allowed in self._server.allow):
            return None
        schema = dict(tool.input_schema)
        schema.setdefault("type", "object")
        if len(orjson.dumps(schema)) > SCHEMA_MAX_BYTES or any(
            not ref.startswith("#") for ref in references_in(schema)
        ):
            log.warning("%s: the tool %.80r has a schema that cannot be used", self._where, tool.name)
            return None
        return McpToolInfo(tool.name, (tool.description or "")[:DESCRIPTION_MAX_CHARACTERS], schema)

    async def _lives(self, client: Any) -> bool:
        """Whether the connection still works. One that does not is dropped, and the next call opens another."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await client.session.send_ping()
        except Exception:  # it cannot be used, whatever the reason
            await self._abandon(client)
            return False
        return True

    async def _abandon(self, client: Any) -> None:
        async with self._opening:
            if self._client is client:
                await self._drop()

    async def _drop(self) -> None:
        """End the connection's task."""
        owner, close, self._owner, self._client = self._owner, self._close, None, None
        if owner is None or close is None:
            return
        close.set()
        _, still = await asyncio.wait({owner}, timeout=CLOSE_TIMEOUT_S)
        for task in still:
            task.cancel()
        if still:
            await asyncio.wait(still, timeout=CLOSE_TIMEOUT_S)


class McpTool:
    """The body of one tool of a server."""

    def __init__(self, connection: McpConnection, name: str) -> None:
        self._connection = connection
        self._name = name

    async def __call__(self, arguments: dict[str, Any], context: ToolContext) -> str:
        """See `ToolBody`."""
        return await self._connection.call(self._name, arguments)


def _text(result: Any) -> str:
    """What a result says. Pictures and sound are named and left out."""
    parts = [part.text if part.type == "text" else f"({part.type})" for part in _some(result.content)]
    if not any(part.strip() for part in parts) and result.structured_content is not None:
        parts = [orjson.dumps(result.structured_content, default=str).decode()]
    return bounded("\n".join(parts))


def _some(content: Iterable[Any] | None) -> Iterable[Any]:
    return content or ()


def _kind(error: BaseException) -> str:
    """The kind of an error, of several the first. Its text may hold a secret."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return type(error).__name__


def _import_all() -> None:
    """Import what a connection needs. Not on the event loop."""
    import voi.tools.mcp_http
    import voi.tools.mcp_stdio  # noqa: F401
