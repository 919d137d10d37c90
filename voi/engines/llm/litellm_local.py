"""LiteLLM inside this process: the models of litellm_config.yaml without a proxy.

LiteLLM takes seconds to import and blocks its event loop for hundreds of milliseconds at a provider's first request, so
it has its own loop in a thread; each reply's text comes over in a queue that `max_reply_chars` bounds.
"""

import asyncio
import importlib
import logging
import os
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from voi.engines.base import LlmEvent, LlmRequest
from voi.engines.info import LlmInfo
from voi.engines.llm.attempts import LlmLimits, Passing, StreamDeadline, with_one_retry
from voi.engines.llm.chat_reply import ChunkReader
from voi.engines.llm.chat_request import chat_messages, chat_request, has_images
from voi.engines.llm.embeddings import TIMEOUT_S, embedding_request, vectors_in
from voi.engines.llm.litellm_config import LiteLlmConfig
from voi.engines.llm.loop_thread import LoopThread
from voi.engines.llm.pictures import Pictures
from voi.engines.llm.refusal import refusal, refuses_usage, shown_name
from voi.errors import EngineError

NAME = "litellm_local"
INSTALL = "LiteLLM is not installed: ./install.sh litellm, or set LITELLM_API_BASE to a LiteLLM proxy."
CLOSE_TIMEOUT_S = 2.0
MODELS_MAX = 1_000
"""Limit on the number of models that are remembered for refusing the usage option."""


class LiteLlmLocal:
    """`config_file`: litellm_config.yaml."""

    name = NAME
    info = LlmInfo(NAME, cloud=True)

    def __init__(self, *, config_file: Path, limits: LlmLimits | None = None) -> None:
        self._config_file = config_file
        self._limits = limits or LlmLimits()
        self._thread: LoopThread | None = None
        self._loaded: asyncio.Future[None] | None = None
        self._litellm: Any = None
        self._pictures: Pictures | None = None
        self._session: Any = None
        """The HTTP client of providers that LiteLLM calls by the openai package."""
        self._config: LiteLlmConfig | None = None
        self._usageless: set[str] = set()
        """Models that refuse the option to report usage."""
        self._closed = False

    async def warm_up(self) -> None:
        """Import LiteLLM and read its configuration. Raises EngineError, ConfigError."""
        if self._closed:
            raise EngineError("Voi is shutting down.")
        if self._thread is None:
            self._thread = LoopThread("litellm")
            self._loaded = asyncio.wrap_future(self._thread.submit(self._load()))
        assert self._loaded is not None
        await asyncio.shield(self._loaded)

    async def close(self) -> None:
        self._closed = True
        if self._thread is not None:
            if self._litellm is not None:
                with suppress(TimeoutError, RuntimeError, OSError):  # the thread ends in any case
                    async with asyncio.timeout(CLOSE_TIMEOUT_S):
                        await self._thread.run(self._litellm.close_litellm_async_clients())
                        await self._thread.run(self._session.aclose())
                        if self._pictures is not None:
                            await self._thread.run(self._pictures.close())
                if self._litellm.aclient_session is self._session:
                    self._litellm.aclient_session = None
                self._litellm = None
            await self._thread.close()

    async def doubts(self, models: Iterable[str]) -> list[str]:
        """What litellm_config.yaml or the environment lacks for these models, one sentence each."""
        await self.warm_up()
        assert self._config is not None
        found = []
        for model in models:
            try:
                self._config.params(model)
            except EngineError as error:
                found.append(f"LLM model {shown_name(model)}: {error} Agents that use it will fail.")
        return found

    async def _load(self) -> None:
        # Before the import: no download of price lists, and no .env of ours (secrets and all) into the environment.
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
        os.environ["MAX_IMAGE_URL_DOWNLOAD_SIZE_MB"] = "0"  # nor pictures: `Pictures` fetches them, safe from SSRF
        try:
            litellm: Any = importlib.import_module("litellm")
            self._config = LiteLlmConfig(self._config_file)
        except ImportError:
            raise EngineError(INSTALL) from None
        litellm.telemetry = False
        litellm.suppress_debug_info = True
        litellm.turn_off_message_logging = True
        litellm.disable_streaming_logging = True
        litellm.drop_params = True  # a model without JSON mode or temperature answers without
        for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # its errors quote what was said
        # Its first completion imports a hundred modules more; this one needs no provider.
        reply = await litellm.acompletion(
            model="openai/none", messages=[{"role": "user", "content": "."}], mock_response=".", stream=True
        )
        async for _ in reply:
            pass
        self._session = litellm.aclient_session = _tolerant_session()
        self._litellm = litellm
        self._pictures = Pictures()

    async def embed(self, model: str, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """The vectors of these texts, shape (texts, dimensions). Raises EngineError."""
        await self.warm_up()
        assert self._config is not None
        assert self._thread is not None
        fields = embedding_request(model, texts) | self._config.params(model) | {"max_retries": 0}
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await self._thread.run(self._litellm.aembedding(**fields))
        except TimeoutError:
            raise EngineError(f"The model {shown_name(model)} did not answer in time.", retryable=True) from None
        except Exception as error:  # whatever a provider's code may raise is the provider's failure
            failure = self._failure(model, error)
            raise failure.error if isinstance(failure, Passing) else failure from None
        return await asyncio.to_thread(vectors_in, answer.model_dump(), model, len(texts))

    def stream(self, request: LlmRequest) -> AsyncGenerator[LlmEvent]:
        """See `Llm.stream`. Tries once more when a retryable failure comes before the first text."""
        deadline = StreamDeadline(self._limits, shown_name(request.model), request.first_token_ms)
        return with_one_retry(lambda: self._attempt(request, deadline))

    async def _attempt(self, request: LlmRequest, deadline: StreamDeadline) -> AsyncGenerator[LlmEvent]:
        await self.warm_up()
        assert self._config is not None
        assert self._thread is not None
        fields = chat_request(request, json_mode=request.json_mode, usage=request.model not in self._usageless)
        fields |= self._config.params(request.model) | {"max_retries": 0, "num_retries": 0}
        events: asyncio.Queue[LlmEvent | Exception | None] = asyncio.Queue()
        work = self._thread.submit(self._pump(request, fields, asyncio.get_running_loop(), events))
        began = False
        try:
            while True:
                async with deadline:
                    event = await events.get()
                if event is None:
                    return
                if isinstance(event, Exception):
                    images, tools = has_images(request), bool(request.tools)
                    failure = self._failure(request.model, event, images=images, tools=tools)
                    if isinstance(failure, Passing):
                        failure.charged = began
                    raise failure.error if isinstance(failure, Passing) and deadline.exhausted else failure
                deadline.got(event)
                began = True
                yield event
        finally:
            deadline.rest()
            work.cancel()

    async def _pump(
        self,
        request: LlmRequest,
        fields: dict[str, Any],
        to: asyncio.AbstractEventLoop,
        events: "asyncio.Queue[LlmEvent | Exception | None]",
    ) -> None:
        """In LiteLLM's thread: puts the events of the reply, and then None or the error."""
        last: Exception | None = None
        try:
            assert self._pictures is not None
            if has_images(request):
                fields["messages"] = chat_messages(await self._pictures.inlined(request.messages))
            from voi.engines.llm.mended_stream import SEEN, ResponseSeen

            SEEN.set(seen := ResponseSeen())
            reply = await self._begun(request.model, fields)
            reader = ChunkReader(request)
            bound = StreamDeadline(self._limits, shown_name(request.model))  # bounds the queue, should its reader stop
            try:
                async for chunk in reply:
                    for event in reader.read(chunk.model_dump(exclude_none=True)):
                        bound.got(event)
                        to.call_soon_threadsafe(events.put_nowait, event)
                if seen.is_page:
                    raise EngineError(
                        f"The provider of LLM model {shown_name(request.model)} answered with a web page: is its "
                        "api_base in litellm_config.yaml right?"
                    )
                if not (seen.done or bool(getattr(reply, "received_finish_reason", True))):
                    # LiteLLM adds a "stop" when the provider sent none.
                    raise EngineError(
                        f"The provider of LLM model {shown_name(request.model)} broke off in the middle of its answer.",
                        retryable=True,
                    )
                for event in reader.end():
                    to.call_soon_threadsafe(events.put_nowait, event)
            finally:
                await reply.aclose()
        except Exception as error:  # whatever a provider's code may raise is the provider's failure
            last = error
        to.call_soon_threadsafe(events.put_nowait, last)

    async def _begun(self, model: str, fields: dict[str, Any]) -> Any:
        """In LiteLLM's thread: the reply's chunks; asked for without usage if the provider refuses that."""
        try:
            return await self._litellm.acompletion(**fields)
        except Exception as error:
            status = getattr(error, "status_code", None)
            if "stream_options" not in fields or not refuses_usage(_number(status), str(error).lower()):
                raise
        if len(self._usageless) < MODELS_MAX:
            self._usageless.add(model)
        return await self._litellm.acompletion(**{key: fields[key] for key in fields if key != "stream_options"})

    def _failure(
        self, model: str, error: Exception, *, images: bool = False, tools: bool = False
    ) -> EngineError | Passing:
        if isinstance(error, EngineError):
            return Passing(error) if error.retryable else error
        kind = type(error).__name__
        words = f"litellm.{kind} {error}".lower()
        status = getattr(error, "status_code", None)
        if "connection error" in words or "cannot connect" in words:
            failure = EngineError(
                f"The provider of LLM model {shown_name(model)} cannot be reached: is it running, and is its "
                "api_base in litellm_config.yaml right?",
                retryable=True,
            )
        else:
            failure = refusal(model, _number(status), words, images=images, tools=tools)
        return Passing(failure) if failure.retryable else failure


def _number(status: object) -> int:
    """An HTTP status as a number; 500 if the provider's code gave something else."""
    return status if isinstance(status, int) else 500


def _tolerant_session() -> Any:
    """LiteLLM's own HTTP client with its usual settings, changed so that a wrong byte does not end the answer."""
    from litellm.llms.openai.common_utils import BaseOpenAILLM

    from voi.engines.llm.mended_stream import mend

    session: Any = BaseOpenAILLM._get_async_http_client()
    session.event_hooks = {"response": [mend]}
    return session
