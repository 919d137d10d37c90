"""Questions that a client asks an LLM outside of its conversation (`invoke_llm`)."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from voi.config.config import Config
from voi.dialogue import Message
from voi.engines.base import Llm, LlmRequest
from voi.errors import ClientError, EngineError
from voi.session import llm_checks
from voi.session.reply_writer import REPLY_MAX_CHARACTERS

INVOKE_MAX_TOKENS = 4_000
"""Longest answer, if the settings do not set another limit."""


class SideQuestions:
    """The side questions of one conversation. `why_not` is called before each, and returns the reason for refusing it,
    "" to accept it. `max_tokens` and `timeout_ms` bound an answer."""

    __slots__ = ("_config", "_llm", "_max_tokens", "_timeout_ms", "_why_not")

    def __init__(self, llm: Llm, config: Config, why_not: Callable[[], str], max_tokens: int, timeout_ms: int) -> None:
        self._llm = llm
        self._config = config
        self._why_not = why_not
        self._max_tokens = max_tokens
        self._timeout_ms = timeout_ms

    async def ask(self, model: str, prompt: str, messages: Sequence[Mapping[str, Any]]) -> str:
        """The model's answer. Raises ClientError for a model that is not offered, a malformed message or a question
        that may not be asked; EngineError if the model fails or is too slow."""
        if not self._config.allows_llm(model):
            raise ClientError(f"invoke_llm: the model {model[:80]!r} is not one that this server offers.")
        if why_not := self._why_not():
            raise ClientError(f"invoke_llm: {why_not}")
        asked = [Message("system", prompt)] if prompt.strip() else []
        for number, message in enumerate(messages):
            role, content = message.get("role"), message.get("content")
            if role not in ("system", "user", "assistant") or not isinstance(content, str):
                raise ClientError(f"invoke_llm: messages[{number}] needs a role and a text as its content.")
            asked.append(Message(role, content))
        return await self._answer(model, tuple(asked))

    async def ask_own(self, model: str, messages: tuple[Message, ...]) -> str:
        """What the agent's own model says to these messages. Raises as `ask` does."""
        if why_not := self._why_not():
            raise ClientError(why_not)
        return await self._answer(model, messages)

    async def _answer(self, model: str, messages: tuple[Message, ...]) -> str:
        request = LlmRequest(model, messages, max_tokens=self._max_tokens)
        try:
            async with asyncio.timeout(self._timeout_ms / 1_000):
                return await llm_checks.complete(self._llm, request, REPLY_MAX_CHARACTERS)
        except TimeoutError:
            raise EngineError(f"The model {model!r} did not answer in time.", retryable=True) from None
