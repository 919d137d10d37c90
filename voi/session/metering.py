"""Counts the tokens of everything that a conversation asks an LLM, heard or not: drafts that were dropped, denied or
asked for again, and the questions of judges. They cost money too.

Where the provider does not count, since it does not tell or was not asked to its end, tokens are estimated
(`voi.core.tokens`).
"""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Self

from voi.core.tokens import estimated_input, estimated_tokens
from voi.engines.base import AskedAgain, CallPart, Llm, LlmEvent, LlmRequest, Reasoning, TextDelta, Usage
from voi.engines.info import LlmInfo
from voi.errors import EngineError
from voi.use import Use


class Metering:
    """Counts for one conversation. `provider_of`: the engine that serves a model. `on_use` is told each request that a
    provider began to answer, once. One that it refused costs nothing. `clock`: monotonic seconds."""

    __slots__ = ("clock", "on_use", "provider_of")

    def __init__(
        self,
        provider_of: Callable[[str], str],
        on_use: Callable[[Use], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.provider_of = provider_of
        self.on_use = on_use
        self.clock = clock

    def of(self, request: LlmRequest) -> "RequestMeter":
        return RequestMeter(self, request)


class RequestMeter:
    """`with metering.of(request) as meter:` around the answer, and `note` for each of its events."""

    __slots__ = ("_asked_s", "_began", "_metering", "_request", "_requests", "_usage", "_written")

    def __init__(self, metering: Metering, request: LlmRequest) -> None:
        self._metering = metering
        self._request = request
        self._requests = 1
        self._usage: Usage | None = None
        self._written: list[str] = []
        self._began = False
        self._asked_s = metering.clock()

    def note(self, event: LlmEvent) -> None:
        self._began = True
        match event:
            case TextDelta() | Reasoning() | CallPart():
                self._written.append(event.text)
            case Usage():
                self._usage = event
            case AskedAgain():
                self._requests += 1
                self._usage = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._began or kind is None or not issubclass(kind, EngineError):
            self._metering.on_use(self._use())

    def _use(self) -> Use:
        request, usage = self._request, self._usage
        once = 0
        if usage is None or self._requests > 1:
            once = estimated_input(request.messages) + estimated_tokens(map(str, request.tools))
        again = (self._requests - 1) * once
        if usage is not None:
            tokens = usage.input_tokens + again, usage.output_tokens
        else:
            tokens = once + again, estimated_tokens(self._written)
        provider = self._metering.provider_of(request.model)
        took_ms = round(1_000 * (self._metering.clock() - self._asked_s))
        estimated = usage is None or again > 0
        return Use("llm", provider, request.model, *tokens, estimated=estimated, took_ms=took_ms)


class MeteredLlm:
    """An `Llm` whose requests are counted, for what is asked beside the replies."""

    __slots__ = ("_llm", "_metering")

    def __init__(self, llm: Llm, metering: Metering) -> None:
        self._llm = llm
        self._metering = metering

    @property
    def info(self) -> LlmInfo:
        return self._llm.info  # type: ignore[return-value]

    async def warm_up(self) -> None:
        await self._llm.warm_up()

    async def close(self) -> None:
        await self._llm.close()

    async def stream(self, request: LlmRequest) -> AsyncGenerator[LlmEvent]:
        """See `Llm.stream`."""
        with self._metering.of(request) as meter:
            async with aclosing(self._llm.stream(request)) as events:  # type: ignore[type-var]
                async for event in events:
                    meter.note(event)
                    yield event
