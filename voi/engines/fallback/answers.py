"""Ends the wait for an answer that is late, so that another model can give it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from voi.engines.base import LlmEvent
from voi.engines.fallback.choices import TooSlow, Trial


async def first_within(
    events: AsyncGenerator[LlmEvent, None], trial: Trial, after_ms: int
) -> AsyncGenerator[LlmEvent, None]:
    """The same events. A thought or a piece of a tool call shows that the model is at work, too. Raises TooSlow when the
    first is late, and EngineError."""
    async with aclosing(events):
        try:
            async with asyncio.timeout(after_ms / 1_000) as limit:
                event = await anext(events, None)
        except TimeoutError:
            if not limit.expired():
                raise
            raise TooSlow(trial.first, after_ms / 1_000) from None
        if event is None:
            return
        trial.worked()
        yield event
        async for event in events:
            yield event
