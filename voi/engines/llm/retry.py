"""One more try, when a failure may pass and nothing of the answer was heard yet."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from voi.dialogue import ToolCall
from voi.engines.base import LlmEvent, TextDelta
from voi.errors import EngineError

RETRY_DELAY_S = 0.2
MAX_DELAY_S = 2.0
"""There is no second try if the provider asks for a longer pause: the person is waiting for the answer."""


class Passing(Exception):
    """A failure that may be over in `delay_s` (None: unknown)."""

    def __init__(self, error: EngineError, delay_s: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
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
        await asyncio.sleep(delay_s)
