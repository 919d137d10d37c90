"""The attempts at one reply: how long each may take and how much may come, and one more when a failure may pass."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from voi.dialogue import ToolCall
from voi.engines.base import AskedAgain, CallPart, LlmEvent, Reasoning, TextDelta
from voi.engines.wait_limit import WaitLimit
from voi.errors import EngineError

RETRY_DELAY_S = 0.2
MAX_DELAY_S = 2.0
"""There is no second try if the provider asks for a longer pause: the person is waiting for the answer."""


@dataclass(frozen=True, slots=True)
class LlmLimits:
    """Limits of one request. A conversation waits at most 30 s for a reply, so these waits are shorter."""

    connect_timeout_ms: int = 5_000
    first_token_timeout_ms: int = 20_000
    next_token_timeout_ms: int = 15_000
    total_timeout_ms: int = 180_000
    """Total time spent on the provider; time that the consumer of the stream takes does not count."""
    max_event_bytes: int = 1 << 20
    max_answer_bytes: int = 32 << 20
    """Size of one answer over the wire: 50,000 tokens take about 15 MB."""
    max_reply_chars: int = 200_000
    """Characters of text, reasoning and tool calls together."""


class StreamDeadline:
    """The time and text that one request has left.

    `async with deadline:` wraps every wait for the provider. Text, reasoning and pieces of tool calls reset the wait;
    keep-alive comments and empty events do not, and the time it takes to read these counts, however fast they come.
    `first_token_ms`: limit for the first of them, if shorter than the usual one.
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
        self._limit = WaitLimit()
        self._due_s = 0.0
        """When the wait under way has taken too long."""
        self._timer: asyncio.TimerHandle | None = None
        """Rings when it may have: it is set again only when it rings, or would ring too late."""
        self._rings_s = 0.0
        self._counted_to_s: float | None = None
        """The time up to which waiting was counted, in seconds; None while the consumer has control."""

    def got_bytes(self, size_bytes: int) -> None:
        """Count received bytes. Raises EngineError when there are more than `max_answer_bytes`."""
        self._bytes += size_bytes
        if self._bytes > self._limits.max_answer_bytes:
            raise EngineError(
                f"The LLM server sent more than {self._limits.max_answer_bytes} bytes for an answer of model "
                f"{self._model}. Is LITELLM_API_BASE really a chat-completions server?"
            )

    def got(self, event: LlmEvent) -> None:
        """Note an event: the wait for the next token begins again. Raises EngineError when the reply is too long."""
        match event:
            case TextDelta(text) | Reasoning(text) | CallPart(text):
                size = len(text)
            case _:
                return
        self._token_s = self._limits.next_token_timeout_ms / 1000
        self._counted_to_s = None
        self._chars += size
        if self._chars > self._limits.max_reply_chars:
            raise EngineError(
                f"LLM model {self._model} wrote more than {self._limits.max_reply_chars} characters; the reply was cut "
                "off. Set max_tokens for the agent, or use another model."
            )

    @property
    def exhausted(self) -> bool:
        """Whether no time is left for another try."""
        return min(self._token_s, self._total_s) <= 0

    async def __aenter__(self) -> None:
        now_s = self._count()
        if self.exhausted:  # the timer would not ring where there is always something to read
            raise self._too_late()
        self._due_s = now_s + min(self._token_s, self._total_s)
        self._limit.begin()
        if self._timer is None or self._rings_s > self._due_s:
            self._set_timer()

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._count()
        if kind is not None:
            self.rest()
        if self._limit.end(kind):
            raise self._too_late() from None

    def _set_timer(self) -> None:
        self.rest()
        self._rings_s = self._due_s
        self._timer = self._loop.call_at(self._due_s, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._loop.time() >= self._due_s - 0.001:
            self._limit.expire()
        elif self._limit.waits:
            self._set_timer()

    def rest(self) -> None:
        """Nothing is waited for: drop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _count(self) -> float:
        """Take the time since it was last counted from what is left. Returns now."""
        now_s = self._loop.time()
        passed_s = 0.0 if self._counted_to_s is None else now_s - self._counted_to_s
        self._token_s -= passed_s
        self._total_s -= passed_s
        self._counted_to_s = now_s
        return now_s

    def _too_late(self) -> EngineError:
        what = "answer" if self._chars == 0 else "go on with its answer"
        return EngineError(
            f"LLM model {self._model} did not {what} in time. Is its server overloaded, or the model too slow for "
            "speech?",
            retryable=self._chars == 0,
        )


class Passing(Exception):
    """A failure that may be over in `delay_s` (None: unknown). `charged`: the provider had begun an answer."""

    def __init__(self, error: EngineError, delay_s: float | None = None, *, charged: bool = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.charged = charged
        self.delay_s = RETRY_DELAY_S if delay_s is None else delay_s


async def with_one_retry(attempt: Callable[[], AsyncGenerator[LlmEvent]]) -> AsyncGenerator[LlmEvent]:
    """Events of the attempt, or of a second one when the first raised `Passing` before its first text or tool call."""
    said = False
    for last_try in (False, True):
        try:
            async with aclosing(attempt()) as events:
                async for event in events:
                    said = said or isinstance(event, TextDelta | ToolCall)
                    yield event
            return
        except Passing as failure:
            if said or last_try or failure.delay_s > MAX_DELAY_S:
                raise failure.error from None
            delay_s = failure.delay_s
            if failure.charged:
                yield AskedAgain()
        await asyncio.sleep(delay_s)
