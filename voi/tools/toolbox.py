"""The tools of all agents: made from agents.json, and what they share, such as connections."""

import asyncio
import logging
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from voi.capture.vocabulary import vocabulary_of
from voi.config.agents import Agent
from voi.config.config import Config
from voi.config.oauth import OAuthCredential
from voi.config.post_call import Webhook
from voi.config.secret_refs import values_of
from voi.config.tools import AgentTool, HttpRequest, McpServer
from voi.core.options import ANY_TOOL
from voi.core.tool_rule import ToolRule
from voi.dialogue import ToolSpec
from voi.errors import ConfigError, EngineError
from voi.tasks import Tasks
from voi.tools import python
from voi.tools.app import AppTool
from voi.tools.arguments import Arguments
from voi.tools.base import AvailableTool, ToolBody, ToolKind
from voi.tools.builtin import built_in
from voi.tools.capture import DESCRIPTION, PRIVATE_ARGUMENTS, CaptureTool, parameters_of
from voi.tools.clients import HttpClients
from voi.tools.http import HttpTool
from voi.tools.mcp import McpConnection, McpTool
from voi.tools.oauth import AccessTokens
from voi.tools.proving import ProvingTool
from voi.tools.webhook import WebhookSender

NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}}
MCP_NAME_MAX = 64
ENGLISH = "en"

log = logging.getLogger(__name__)


class Toolbox:
    """Makes the tools of agents. Belongs to one event loop. `prepare` a configuration and `connect` before an agent of
    it is asked for."""

    def __init__(self) -> None:
        self._clients = HttpClients()
        self._tasks = Tasks()
        self._connections: dict[str, McpConnection] = {}
        self._requests: dict[str, HttpTool] = {}
        self._tokens: dict[str, AccessTokens] = {}
        self._webhooks: dict[str, WebhookSender] = {}
        self._functions: dict[str, tuple[Any, str, dict[str, Any]]] = {}
        """By entry point: the function, its description, and the schema of its arguments."""

    async def prepare(self, config: Config) -> None:
        """Import functions, and find the secrets that tools, credentials and webhooks refer to. Raises ConfigError with
        every mistake."""
        problems: list[str] = []
        self._requests.clear()
        self._webhooks.clear()
        for where, agent, tool in tools_in(config):
            try:
                if tool.python is not None and tool.python not in self._functions:
                    function = await asyncio.to_thread(python.find, tool.python)
                    self._functions[tool.python] = (function, *python.described(function))
                elif tool.mcp is not None:
                    self._connection(tool.mcp, where)
                elif tool.http is not None:
                    self._http(tool.http, agent, where)
            except ConfigError as error:
                problems += [problem if where in problem else f"{where}: {problem}" for problem in error.problems]
        for where, hook in webhooks_in(config):
            try:
                self.webhook(hook, where)
            except ConfigError as error:
                problems += error.problems
        kept = {_key(tokens_of) for _, tokens_of in credentials_in(config)}
        for key, tokens in list(self._tokens.items()):
            if key not in kept:
                del self._tokens[key]
                continue
            try:
                await tokens.check()
            except ConfigError as error:
                problems += error.problems
        if problems:
            raise ConfigError(problems)
        for agent in config.agents.values():
            for tool in agent.tools.values():
                if tool.capture is not None:  # made here, since it takes some 100 ms
                    await asyncio.to_thread(vocabulary_of, tool.capture.language or agent.language or config.language)

    async def connect(self, config: Config) -> None:
        """Connect to the MCP servers of the configuration that is in use now, and leave all others. One that cannot be
        reached is logged, and tried again by the next conversation."""
        used = {_key(tool.mcp) for _, _, tool in tools_in(config) if tool.mcp is not None}
        for key in self._connections.keys() - used:
            await self._connections.pop(key).close()
        await asyncio.gather(*(self._try_to_open(connection) for connection in self._connections.values()))

    async def close(self) -> None:
        for connection in self._connections.values():
            await connection.close()
        await self._tasks.dismiss()
        await self._clients.close()

    def of(
        self, agent: Agent, *, app_tools: Collection[str] = (), came_from: str = "", after_call: bool = False
    ) -> dict[str, AvailableTool]:
        """The agent's tools, by name. `app_tools`: those that the connected app can run, or `ANY_TOOL`. `came_from`:
        the agent that this one took over from, to which it may switch back. `after_call`: also those that the model is
        not offered. Raises ConfigError."""
        found: dict[str, AvailableTool] = {}
        for name, tool in agent.tools.items():
            runs = name in app_tools or ANY_TOOL in app_tools
            if (tool.app and not runs) or not (tool.offered or after_call):
                continue
            for made in self._made(name, tool, agent):
                found.setdefault(made.spec.name, made)
        if came_from:
            self._add_way_back(found, agent, came_from)
        return found

    def _add_way_back(self, found: dict[str, AvailableTool], agent: Agent, came_from: str) -> None:
        for name, tool in agent.tools.items():
            if tool.builtin == "switch_agent":
                agents = tuple(dict.fromkeys((*tool.agents, came_from)))
                (found[name],) = self._made(name, tool.model_copy(update={"agents": agents}), agent)
                return
        back = AgentTool(builtin="switch_agent", agents=(came_from,))
        (found["switch_agent"],) = self._made("switch_agent", back, agent)

    # ---- one tool ---------------------------------------------------------------------------------

    def _made(self, name: str, tool: AgentTool, agent: Agent) -> Iterator[AvailableTool]:
        description, parameters = tool.description, tool.parameters
        kind: ToolKind
        body: ToolBody
        if tool.mcp is not None:
            yield from self._of_mcp(name, tool, self._connection(tool.mcp, f"tools.{name}"))
            return
        if tool.http is not None:
            kind, body = "http", self._http(tool.http, agent, f"tools.{name}")
        elif tool.python is not None:
            if tool.python not in self._functions:
                raise ConfigError(f"tools.{name}: the function {tool.python!r} is not loaded")
            function, its_description, its_parameters = self._functions[tool.python]
            kind, body = "python", python.PythonTool(function)
            description, parameters = description or its_description, parameters or its_parameters
        elif tool.capture is not None:
            kind, body = "capture", CaptureTool(tool.capture, agent.language or ENGLISH)
            description, parameters = description or DESCRIPTION, parameters_of(tool.capture.as_slots())
        elif tool.builtin is not None:
            known = built_in(tool.builtin, tool, agent.telephone.transfers)
            kind, body, parameters = "builtin", known.body, known.parameters
            tool = _with_time(tool, agent)
            description = description or known.description
        else:
            kind, body = "app", AppTool(name)
        yield available(name, kind, tool, description, parameters or NO_PARAMETERS, body)

    def _of_mcp(self, name: str, tool: AgentTool, connection: McpConnection) -> Iterator[AvailableTool]:
        if not connection.tools:
            self._tasks.start(self._try_to_open(connection), "MCP again")
        for info in connection.tools:
            whole = _fitting(f"{name}_{info.name}")
            try:
                yield available(whole, "mcp", tool, info.description, info.parameters, McpTool(connection, info.name))
            except Exception as error:  # a schema of somebody else's server may be anything
                log.warning(
                    "tools.%s: the server's tool %.80r cannot be used: %s", name, info.name, type(error).__name__
                )

    def _http(self, request: HttpRequest, agent: Agent, where: str) -> HttpTool:
        credential = credential_of(agent, request)
        key = request.model_dump_json() + (_key(credential) if credential else "")
        if key not in self._requests:
            tokens = self._tokens_of(credential, where) if credential else None
            self._requests[key] = HttpTool(request, self._clients, where, tokens)
        return self._requests[key]

    def _tokens_of(self, credential: OAuthCredential, where: str) -> AccessTokens:
        key = _key(credential)
        if key not in self._tokens:
            self._tokens[key] = AccessTokens(credential, self._clients, self._tasks, where)
        return self._tokens[key]

    def webhook(self, hook: Webhook, where: str, *, keep: bool = True) -> WebhookSender:
        """What sends to that webhook. `keep` False: it is of one event only. Raises ConfigError if an environment
        variable that it refers to is not set."""
        if not keep:
            return WebhookSender(hook, self._clients, where)
        key = hook.model_dump_json()
        if key not in self._webhooks:
            self._webhooks[key] = WebhookSender(hook, self._clients, where)
        return self._webhooks[key]

    def _connection(self, server: McpServer, where: str) -> McpConnection:
        key = _key(server)
        if key not in self._connections:
            self._connections[key] = McpConnection(server, where, self._tasks)
        return self._connections[key]

    async def _try_to_open(self, connection: McpConnection) -> None:
        try:
            await connection.open()
        except (EngineError, ConfigError) as error:
            log.warning("%s", error)


def _with_time(tool: AgentTool, agent: Agent) -> AgentTool:
    """A person who is asked before a call is passed on needs longer than a tool has."""
    if tool.builtin != "transfer" or tool.targets:
        return tool
    longest_s = max((each.longest_s for each in agent.telephone.transfers.values()), default=0.0)
    return tool.model_copy(update={"timeout_s": max(tool.timeout_s, longest_s)})


def available(
    name: str, kind: ToolKind, tool: AgentTool, description: str, parameters: Mapping[str, Any], body: ToolBody
) -> AvailableTool:
    """The tool with that body and what its author says of it."""
    rule = ToolRule(
        name,
        safe=(tool.safe and kind not in ("builtin", "capture")) or tool.builtin == "search_knowledge",
        cancel_on_interrupt=tool.on_interrupt == "cancel" or tool.builtin == "hang_up",
        timeout_ms=tool.timeout_ms,
        fillers=tool.filler.spoken() if tool.filler else (),
        filler_after_ms=tool.filler.after_ms if tool.filler else 0,
    )
    spec = ToolSpec(name, description, parameters)
    private = frozenset(tool.private)
    if tool.capture is not None and tool.capture.private_slots:
        private |= PRIVATE_ARGUMENTS
    if tool.proves_person is not None:
        body = ProvingTool(body, tool.proves_person)
    arguments = Arguments(parameters, foreign=kind in ("app", "mcp"))
    return AvailableTool(spec, kind, rule, body, arguments, private)


def tools_in(config: Config) -> Iterator[tuple[str, Agent, AgentTool]]:
    """Every tool of the agents, with its place for error messages, and its agent."""
    for agent_name, agent in config.agents.items():
        for name, tool in agent.tools.items():
            yield f"{config.agents_source}: $.{agent_name}.tools.{name}", agent, tool


def webhooks_in(config: Config) -> Iterator[tuple[str, Webhook]]:
    """Every webhook of the agents, with its place for error messages."""
    for agent_name, agent in config.agents.items():
        if agent.after_call is not None and agent.after_call.webhook is not None:
            yield f"{config.agents_source}: $.{agent_name}.after_call.webhook", agent.after_call.webhook


def credentials_in(config: Config) -> Iterator[tuple[str, OAuthCredential]]:
    """Every credential that a tool signs in with, with the tool's place for error messages."""
    for where, agent, tool in tools_in(config):
        if tool.http is not None and (credential := credential_of(agent, tool.http)) is not None:
            yield where, credential


def credential_of(agent: Agent, request: HttpRequest) -> OAuthCredential | None:
    """What the request of a tool of that agent signs in with; None: nothing."""
    return agent.credentials[request.auth] if isinstance(request.auth, str) else request.auth


def secrets_in(config: Config) -> list[str]:
    """Values of the environment variables that tools, credentials and webhooks refer to, to be kept out of the logs."""
    have = [*(tool for _, _, tool in tools_in(config)), *(each for _, each in credentials_in(config))]
    have += [hook for _, hook in webhooks_in(config)]
    return [value for each in have for value in values_of(each.model_dump())]


def _key(of: McpServer | OAuthCredential) -> str:
    return of.model_dump_json()


def _fitting(name: str) -> str:
    """A name that providers of LLMs take."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in name)[:MCP_NAME_MAX]
