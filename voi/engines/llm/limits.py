"""How long and how much a reply may be, and the clock that holds one request to it."""

import asyncio
from dataclasses import dataclass

from voi.dialogue import ToolCall
from voi.engines.base import LlmEvent, Reasoning, TextDelta
from voi.errors import EngineError


@dataclass(frozen=True, slots=True)
class LlmLimits:
    """Bounds on one request. A conversation waits for a reply 30 s at most, so the waits here are shorter."""

    connect_timeout_ms: int = 5_000
    first_token_timeout_ms: int = 20_000
    next_token_timeout_ms: int = 15_000
    total_timeout_ms: int = 180_000
    """Time spent waiting for the provider; time that the listener takes does not count."""
    max_event_bytes: int = 1 << 20
    max_answer_bytes: int = 32 << 20
    """Of one answer, whatever is in it: 50,000 tokens take about 15 MB."""
    max_reply_chars: int = 200_000
    """Of text, thoughts and tool calls."""


class StreamDeadline:
    """The time and text that one request has left.

    `async with patience:` goes around every wait for the provider. Keep-alive comments and empty events do not reset
    it: text, thoughts and tool calls do. `first_token_ms`: the first of them must come sooner than the limits say.
    """

    def __init__(self, limits: LlmLimits, model: str, first_token_ms: int | None = None) -> None:
        self._limits = limits
        self._model = model
        self._loop = asyncio.get_running_loop()
        self._total_s = limits.total_timeout_ms / 1000
        first_ms = limits.first_token_timeout_ms
        self._token_s = (first_ms if first_token_ms is None else min(first_ms, first_token_ms)) / 1000
        self._chars = 0
        self._bytes = 0
        self._timeout: asyncio.Timeout | None = None
        self._began_s = 0.0

    def got_bytes(self, size_bytes: int) -> None:
        """Something came, whatever it is. Raises EngineError when there is no end of it."""
        self._bytes += size_bytes
        if self._bytes > self._limits.max_answer_bytes:
            raise EngineError(
                f"The LLM server sent more than {self._limits.max_answer_bytes} bytes for an answer of model "
                f"{self._model}. Is LITELLM_API_BASE really a chat-completions server?"
            )

    def got(self, event: LlmEvent) -> None:
        """That came: the wait for the next token begins again. Raises EngineError when the reply has no end."""
        match event:
            case TextDelta(text) | Reasoning(text):
                size = len(text)
            case ToolCall():
                size = len(event.arguments)
            case _:
                return
        self._token_s = self._limits.next_token_timeout_ms / 1000
        self._chars += size
        if self._chars > self._limits.max_reply_chars:
            raise EngineError(
                f"LLM model {self._model} wrote more than {self._limits.max_reply_chars} characters; the reply was cut "
                "off. Set max_tokens for the agent, or use another model."
            )

    @property
    def exhausted(self) -> bool:
        """There is no time left for another try."""
        return min(self._token_s, self._total_s) <= 0

    async def __aenter__(self) -> None:
        self._began_s = self._loop.time()
        self._timeout = asyncio.timeout_at(self._began_s + min(self._token_s, self._total_s))
        await self._timeout.__aenter__()

    async def __aexit__(self, *exc_info: object) -> None:
        assert self._timeout is not None
        waited_s = self._loop.time() - self._began_s
        self._token_s -= waited_s
        self._total_s -= waited_s
        try:
            await self._timeout.__aexit__(*exc_info)  # type: ignore[arg-type]
        except TimeoutError:
            what = "answer" if self._chars == 0 else "go on with its answer"
            raise EngineError(
                f"LLM model {self._model} did not {what} in time. Is its server overloaded, or the model too slow for "
                "speech?",
                retryable=self._chars == 0,
            ) from None
