"""Ends the wait for an answer that is late, so that another model can give it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from voi.engines.base import AskedAgain, LlmEvent, Usage
from voi.engines.fallback.choices import TooSlow, Trial


async def first_within(
    events: AsyncGenerator[LlmEvent, None], trial: Trial, after_s: float
) -> AsyncGenerator[LlmEvent, None]:
    """The same events. A thought or a piece of a tool call shows that the model is at work, as text does. Raises
    TooSlow when the first of these is late, and EngineError."""
    due_s = asyncio.get_running_loop().time() + after_s
    async with aclosing(events):
        while (event := await _next(events, due_s, trial.first, after_s)) is not None:
            works = not isinstance(event, AskedAgain | Usage)
            if works:
                trial.worked()
            yield event
            if works:
                break
        async for event in events:
            yield event


async def _next(events: AsyncGenerator[LlmEvent, None], due_s: float, name: str, after_s: float) -> LlmEvent | None:
    try:
        async with asyncio.timeout_at(due_s) as limit:
            return await anext(events, None)
    except TimeoutError:
        if not limit.expired():
            raise
        raise TooSlow(name, after_s) from None
