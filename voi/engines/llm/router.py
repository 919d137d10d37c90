"""One `Llm` for all models: embedded ones by name, others from the LiteLLM proxy, or else from LiteLLM in process."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from voi.config.secret_refs import resolved
from voi.engines import registry
from voi.engines.base import Llm, LlmEvent, LlmRequest
from voi.engines.info import LlmInfo
from voi.engines.llm.attempts import LlmLimits
from voi.engines.llm.litellm_config import LiteLlmConfig
from voi.engines.llm.refusal import shown_name
from voi.errors import EngineError

if TYPE_CHECKING:
    from voi.engines.llm.litellm_local import LiteLlmLocal
    from voi.engines.llm.openai_compatible import OpenAiCompatible

REMOTE = frozenset({"openai_compatible", "litellm_local"})


class LlmRouter:
    """`models`: those to warm up; others that a client may name are made at their first request. `options`: for each
    name that agents use, the engine's name in the registry and its options.

    The proxy at `api_base` wins over `config_file` (litellm_config.yaml).
    """

    name = "router"
    info = LlmInfo("router")

    def __init__(
        self,
        *,
        api_base: str | None = None,
        api_key: str = "",
        config_file: Path | None = None,
        models: Iterable[str] = (),
        options: Mapping[str, tuple[str, Mapping[str, Any]]] | None = None,
        limits: LlmLimits | None = None,
    ) -> None:
        self._options = options or {}
        self._embedded = (frozenset(registry.names("llm")) | frozenset(self._options)) - REMOTE
        self._engines: dict[str, Llm] = {}
        self._warmed = frozenset(models)
        self._remote: tuple[str, dict[str, Any]] | None = None
        if api_base:
            self._remote = "openai_compatible", {"api_base": api_base, "api_key": api_key, "limits": limits}
        elif config_file is not None and config_file.exists():
            self._remote = "litellm_local", {"config_file": config_file, "limits": limits}

    def stream(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        """See `Llm.stream`. Raises EngineError at once when no provider can serve the model."""
        return self._engine(self.provider_of(request.model)).stream(request)

    async def embed(self, model: str, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """The vectors of these texts by an embedding model, shape (texts, dimensions). Raises EngineError."""
        if self._remote is None:
            raise EngineError(
                f"Nothing here serves the embedding model {shown_name(model)}: set LITELLM_API_BASE to a LiteLLM "
                "proxy, or write litellm_config.yaml."
            )
        remote: OpenAiCompatible | LiteLlmLocal = self._engine(self._remote[0])  # type: ignore[assignment]
        return await remote.embed(model, texts)

    def provider_of(self, model: str) -> str:
        """Name of the engine that serves the model. Raises EngineError."""
        if model in self._embedded:
            return model
        if self._remote is None:
            raise EngineError(
                f"Nothing here serves LLM model {shown_name(model)}: set LITELLM_API_BASE to a LiteLLM proxy, or write "
                "litellm_config.yaml; echo and eliza need neither.",
            )
        return self._remote[0]

    async def warm_up(self) -> None:
        """Warm up every provider that the models need. Raises one EngineError for all that fail."""
        providers: set[str] = set()
        failures = []
        for model in sorted(self._warmed):
            try:
                providers.add(self.provider_of(model))
            except EngineError as error:
                failures.append(str(error))
        results = await asyncio.gather(*map(self._warm_up, providers), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, EngineError):
                raise result
            if result is not None:
                failures.append(str(result))
        if failures:
            raise EngineError("\n".join(failures))

    def make_all(self) -> None:
        """Make every provider that the models need, which judges its options; none is asked anything. Imports their
        code: do not call it on the event loop. Raises ConfigError; what else fails, fails when it is asked."""
        for model in sorted(self._warmed):
            with suppress(EngineError):
                provider = self.provider_of(model)
                self._engine(provider)
                if provider == "litellm_local":
                    LiteLlmConfig(self._remote[1]["config_file"])  # type: ignore[index]

    async def _warm_up(self, provider: str) -> None:
        name, _ = self._options.get(provider, (provider, {}))
        await asyncio.to_thread(registry.find, "llm", name)  # the import; `_engine` finds it done
        await self._engine(provider).warm_up()

    async def doubts(self) -> list[str]:
        """Why some of `models` will probably not answer, one sentence each. Raises EngineError when the provider
        cannot be asked."""
        asked = sorted(self._warmed - self._embedded)
        if not asked or self._remote is None:
            return []
        remote: OpenAiCompatible | LiteLlmLocal = self._engine(self._remote[0])  # type: ignore[assignment]
        return await remote.doubts(asked)

    async def close(self) -> None:
        await asyncio.gather(*(engine.close() for engine in self._engines.values()))

    def _engine(self, provider: str) -> Llm:
        if provider not in self._engines:
            name, options = self._options.get(provider, (provider, {}))
            if self._remote and provider == self._remote[0]:
                options = self._remote[1]
            self._engines[provider] = registry.create("llm", name, resolved(options, f"llm.{provider}"))
        return self._engines[provider]
