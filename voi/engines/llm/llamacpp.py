"""Language models on this machine without a service: any GGUF file, by llama.cpp (package `xllamacpp`).

llama.cpp's own server runs in a worker process and answers several callers at once. It keeps each caller's prompt, so a
next turn reads only what is new, and stops computing when the connection closes, which is how a reply is cancelled.
"""

import asyncio
import os
import secrets
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from importlib.util import find_spec
from pathlib import Path

import orjson

from voi.engines.base import LlmEvent, LlmRequest
from voi.engines.info import Licences, LlmInfo
from voi.engines.llm.attempts import LlmLimits
from voi.engines.llm.openai_compatible import OpenAiCompatible
from voi.errors import ConfigError, EngineError

GGUF_MAGIC = b"GGUF"
LOADING_TIMEOUT_S = 300
ENDING_TIMEOUT_S = 5
ENDED_S = 0.5
"""How long after a lost connection the end of the worker is waited for, to tell the right cause."""
CALLERS_MAX = 256
CONTEXT_TOKENS_MIN = 256


class LlamaCpp:
    """`model`: path of a GGUF file. `callers`: how many are answered at once; more wait. `context_tokens`: longest
    conversation of each of them, prompt and reply. `threads`: 0: one for each core but one. `gpu_layers`: how many
    layers go to the GPU, where the package was built for one. Raises ConfigError for values that cannot be right."""

    name = "llamacpp"
    info = LlmInfo(
        "llamacpp", licences=Licences("MIT (xllamacpp, llama.cpp)", "of each model", None, own_weights="model")
    )

    def __init__(
        self,
        *,
        model: str,
        callers: int = 4,
        context_tokens: int = 4_096,
        threads: int = 0,
        gpu_layers: int = 0,
        limits: LlmLimits | None = None,
    ) -> None:
        if not 1 <= callers <= CALLERS_MAX:
            raise ConfigError(f"llamacpp: callers must be 1 to {CALLERS_MAX}.")
        if context_tokens < CONTEXT_TOKENS_MIN:
            raise ConfigError(f"llamacpp: context_tokens must be {CONTEXT_TOKENS_MIN} or more.")
        if threads < 0 or gpu_layers < 0:
            raise ConfigError("llamacpp: threads and gpu_layers must not be negative.")
        self._model = Path(model)
        self._limits = limits
        self._options = {
            "model": str(self._model.absolute()),
            "callers": callers,
            "context_tokens": context_tokens,
            "threads": threads or max(1, (os.cpu_count() or 2) - 1),
            "gpu_layers": gpu_layers,
        }
        self._starting = asyncio.Lock()
        self._process: Process | None = None
        self._client: OpenAiCompatible | None = None
        self._closed = False

    async def warm_up(self) -> None:
        """Load the model. Raises EngineError when the file is missing or broken, or the package is not installed."""
        await self._running()

    async def close(self) -> None:
        """End the worker process."""
        self._closed = True
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()  # it has nothing to save; a load under way ends as well
        async with self._starting:
            await self._end()

    async def stream(self, request: LlmRequest) -> AsyncGenerator[LlmEvent]:
        """See `Llm.stream`. A worker that has ended is started again, which takes as long as loading does."""
        client, process = await self._running()
        try:
            async with aclosing(client.stream(request)) as events:
                async for event in events:
                    yield event
        except EngineError as error:
            if error.retryable:  # a connection ends a moment before its process does
                with suppress(TimeoutError):
                    async with asyncio.timeout(ENDED_S):
                        await process.wait()
            if process.returncode is None:
                raise
            raise EngineError(_ended(process), retryable=True) from None

    async def _running(self) -> tuple[OpenAiCompatible, Process]:
        async with self._starting:
            if self._closed:
                raise EngineError("Voi is shutting down.")
            if self._client is None or self._process is None or self._process.returncode is not None:
                await self._end()
                await self._start()
            assert self._client is not None
            assert self._process is not None
            return self._client, self._process

    async def _start(self) -> None:
        await asyncio.to_thread(_check, self._model)
        key = secrets.token_urlsafe(32)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "voi.engines.llm.llamacpp_server",
            stdin=PIPE,
            stdout=PIPE,
            start_new_session=True,  # Ctrl-C lets replies under way end first
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(orjson.dumps({**self._options, "api_key": key}) + b"\n")
            async with asyncio.timeout(LOADING_TIMEOUT_S):
                with suppress(ConnectionError):
                    await self._process.stdin.drain()
                address = (await self._process.stdout.readline()).decode().strip()
            if not address:
                raise EngineError(
                    f"llama.cpp cannot load {self._model.name}: the file is broken or incomplete, of a kind that it "
                    "does not know, or larger than the free memory. Its own words are above in the log."
                )
            self._client = OpenAiCompatible(api_base=address, api_key=key, limits=self._limits)
        except TimeoutError:
            await self._end()
            raise EngineError(f"llama.cpp did not load {self._model.name} within {LOADING_TIMEOUT_S} s.") from None
        except BaseException:
            await self._end()
            raise

    async def _end(self) -> None:
        client, self._client = self._client, None
        process, self._process = self._process, None
        if client is not None:
            await client.close()
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        with suppress(TimeoutError):
            async with asyncio.timeout(ENDING_TIMEOUT_S):
                await process.wait()


def _check(model: Path) -> None:
    if find_spec("xllamacpp") is None:
        raise EngineError("llamacpp needs the package xllamacpp: ./install.sh llamacpp")
    try:
        with model.open("rb") as file:
            magic = file.read(len(GGUF_MAGIC))
    except OSError as error:
        raise EngineError(f"llamacpp: the model {model} cannot be read ({error.strerror}).") from None
    if magic != GGUF_MAGIC:
        raise EngineError(f"llamacpp: {model} is no GGUF file.")


def _ended(process: Process) -> str:
    return f"llama.cpp's worker process ended (status {process.returncode}); it is started again."
