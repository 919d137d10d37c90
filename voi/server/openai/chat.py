"""`POST /v1/chat/completions`: an agent as a model. Each request is a call of its own, typed and silent, that takes up
the messages as its history: prompt, guard, tone and tools are those of any call, and so are admission, quotas,
observers and the count of what is used.
"""

import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from voi.calls.typed import TypedCall
from voi.config.agents import Agent
from voi.core.facts import Continued
from voi.server.bodies import BodyLimits
from voi.server.openai.access import OpenAiServices, app_of
from voi.server.openai.answering import DONE, EVENTS, LoggedError, WatchedAnswer, logged, openai_route, sse
from voi.server.openai.chat_request import ChatAsked, ChatRequest, asked_of
from voi.server.openai.failures import OpenAiError, of_end
from voi.server.openai.models import no_model
from voi.session.events import AgentText
from voi.transports.realtime.chosen import with_functions

ENDPOINT = "chat"
BODY = BodyLimits(
    "application/json", 'Send application/json, such as {"model": "AGENT", "messages": [{"role": "user", …}]}.',
    max_bytes=4 * 2**20, timeout_s=30.0,
)  # fmt: skip


def chat_router(services: OpenAiServices) -> APIRouter:
    """The route."""
    router = APIRouter(route_class=openai_route(ENDPOINT, services, BODY))

    @router.post("/chat/completions")
    async def complete(wish: ChatRequest, request: Request) -> Response:
        app = app_of(request)
        services.running()
        config = services.config()
        if wish.model not in config.agents:
            raise no_model(wish.model, "agent")
        asked = asked_of(wish)
        if asked.instructions and not services.may_change("system_prompt", request):
            raise OpenAiError(403, "Clients of this app may not add to an agent's prompt: send no system messages.",
                              "no_right", "messages")  # fmt: skip
        known = {name for name, tool in config.agents[wish.model].tools.items() if tool.app}
        if {each["name"] for each in asked.functions} - known and not services.may_change("tools", request):
            raise OpenAiError(403, "Clients of this app may bring no tools.", "no_right", "tools")
        client = request.client.host if request.client else "an unknown address"
        completion = Completion(wish.model, asked, services, app, client)
        if wish.stream:
            with_usage = bool(wish.stream_options and wish.stream_options.include_usage)
            return WatchedAnswer(ENDPOINT, services, app, EVENTS, completion.chunks(with_usage=with_usage))
        return WatchedAnswer(ENDPOINT, services, app, "application/json", completion.whole())

    return router


class Completion:
    """One answer of an agent."""

    def __init__(self, agent: str, asked: ChatAsked, services: OpenAiServices, app: str, client: str) -> None:
        self._agent, self._asked, self._services = agent, asked, services
        self._app, self._client = app, client
        self._created_s = int(time.time())
        self._id = ""
        self._usage: dict[str, int] = {}
        self._calls: list[dict[str, Any]] = []
        """Functions of the client that the agent waits for, once its words are through."""

    @property
    def _finish(self) -> str:
        return "tool_calls" if self._calls else "stop"

    async def whole(self) -> AsyncGenerator[bytes, None]:
        """The answer as one JSON object."""
        said: list[str] = []
        tone = None
        async with aclosing(self._said()) as pieces:
            async for piece in pieces:
                said.append(piece.text)
                tone = tone or piece.tone
        message: dict[str, Any] = {"role": "assistant", "content": "".join(said) or None, "refusal": None, "tone": tone}
        if self._calls:
            message["tool_calls"] = self._calls
        choice = {"index": 0, "message": message, "finish_reason": self._finish, "logprobs": None}
        yield orjson.dumps(self._head("chat.completion") | {"choices": [choice], "usage": self._usage})

    async def chunks(self, *, with_usage: bool) -> AsyncGenerator[bytes, None]:
        """The answer as events, a clause or sentence each."""
        begun = False
        async with aclosing(self._said()) as pieces:
            async for piece in pieces:
                if not begun:
                    begun = True
                    yield self._chunk({"role": "assistant", "content": ""}, with_usage=with_usage)
                yield self._chunk({"content": piece.text, "tone": piece.tone}, with_usage=with_usage)
        if self._calls:
            role = {} if begun else {"role": "assistant", "content": None}
            calls = [{"index": index, **call} for index, call in enumerate(self._calls)]
            yield self._chunk({**role, "tool_calls": calls}, with_usage=with_usage)
        yield self._chunk({}, finish=self._finish, with_usage=with_usage)
        if with_usage:
            yield sse(self._head("chat.completion.chunk") | {"choices": [], "usage": self._usage})
        yield DONE

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": self._created_s, "model": self._agent}

    def _chunk(self, delta: dict[str, Any], *, finish: str | None = None, with_usage: bool) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        usage = {"usage": None} if with_usage else {}
        return sse(self._head("chat.completion.chunk") | {"choices": [choice]} | usage)

    async def _said(self) -> AsyncGenerator[AgentText, None]:
        """The pieces of the answer; then `_usage` is known. Raises OpenAiError, VoiError."""
        asked = self._asked
        typed = TypedCall(self._services.calls, self._app, self._client, "openai")
        self._id = f"chatcmpl-{typed.call.id}"
        try:
            dialogue = self._services.own_calls.joined(self._app, asked.before)
            before = Continued(dialogue) if dialogue.messages else None
            typed.begin(
                self._agent, asked.text, before, instructions=asked.instructions, pictures=asked.pictures,
                change=self._with_functions if asked.functions else None, must_call=asked.must_call,
            )  # fmt: skip
            some = False
            async with aclosing(typed.pieces()) as pieces:
                async for piece in pieces:
                    some = some or bool(piece.text.strip())
                    yield piece
            if typed.failed:
                raise logged(of_end(typed.failed))
            self._calls = [
                {"id": f"call_{secrets.token_hex(12)}", "type": "function",
                 "function": {"name": call.name, "arguments": call.arguments}}
                for call in typed.calls
            ]  # fmt: skip
            if self._calls:
                own = await typed.own_calls({str(each["name"]) for each in asked.functions})
                self._services.own_calls.keep(self._app, self._calls[0]["id"], own)
            if not some and not self._calls:
                raise LoggedError(502, typed.error or "The agent had no words.", "engine_failed")
            taken, given = self._services.tokens_of(typed.call.id)
            self._usage = {"prompt_tokens": taken, "completion_tokens": given, "total_tokens": taken + given}
        finally:
            typed.call.hang_up()

    def _with_functions(self, agent: Agent) -> Agent:
        """The agent with the client's functions beside its own tools."""
        tools = {name: tool.model_copy(update={"on_interrupt": "cancel"}) if tool.app else tool
                 for name, tool in with_functions(agent, self._asked.functions, lambda: True).items()}  # fmt: skip
        return agent.model_copy(update={"tools": tools})
