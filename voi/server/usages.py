"""Prices, counts and stores what calls use. Each call has a `CallUsage` among its observers."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from voi.calls.call import Call
from voi.calls.usage import NO_AGENT, OWN_AGENT, CallUsage, OnUse, Total, Whose
from voi.config.prices import Prices, read_prices, usual_prices
from voi.config.problems import Problems
from voi.config.settings import Settings
from voi.engines import registry
from voi.engines.info import info_of
from voi.engines.llm.litellm_config import LiteLlmConfig
from voi.engines.llm.router import REMOTE
from voi.errors import ConfigError, EngineError
from voi.server.kept_calls import KeptCalls
from voi.use import Use

if TYPE_CHECKING:
    from voi.engines.startup import Engines

log = logging.getLogger(__name__)


class Usages:
    """`on_use`: functions that are called with each use. Raises ConfigError for a price list with mistakes."""

    def __init__(self, settings: Settings, kept: KeptCalls, *on_use: OnUse) -> None:
        problems = Problems()
        self._listed = read_prices(settings.prices_file, problems)
        for warning in problems.warnings:
            log.warning("%s", warning)
        problems.raise_if_any()
        self._settings = settings
        self._kept = kept
        self._on_use = on_use
        self._local: frozenset[tuple[str, str]] = frozenset()
        self.prices = Prices(self._listed, is_free=self._is_free)
        self._live: dict[str, CallUsage] = {}

    async def load(self, engines: "Engines") -> None:
        """Learn which engines compute here, and LiteLLM's prices."""
        running = (("stt", engines.stt), *(("tts", each) for each in engines.tts.values()))
        others = ((kind, engine) for (kind, _), engine in engines.others.items() if engine is not None)
        infos = [(kind, engine.info) for kind, engine in (*running, *others)]
        self._local = frozenset((kind, info.name) for kind, info in infos if not info.cloud)
        usual = await asyncio.to_thread(lambda: usual_prices(aliases(self._settings)))
        self.prices = Prices(self._listed, usual, self._is_free)

    def observer(self, call: Call | None, conversation_id: str) -> CallUsage:
        """The observer of a call that begins. Call it after `KeptCalls.observers`."""
        agent = (call.agent_name or OWN_AGENT) if call else ""
        whose = Whose(call.app if call else "", agent, call.kind if call else "app")
        on_total = self._kept.on_total(conversation_id)
        usage = CallUsage(whose, lambda use: self.prices.cost(use), self._on_use, on_total)
        if call is not None:
            self._live[call.id] = usage
        return usage

    def apart(self, app: str, use: Use) -> None:
        """Count what was used outside of any call. `app`: the app that it was used for, or ""."""
        self._apart(Whose(app, NO_AGENT, "http"), use)

    def after_call(self, app: str, agent: str, use: Use) -> None:
        """Count what was used for a call that is over."""
        self._apart(Whose(app, agent, "app"), use)

    def indexed(self, agent: str, use: Use) -> None:
        """Count what the index of an agent's files used."""
        self._apart(Whose("", agent, "http"), use)

    def _apart(self, whose: Whose, use: Use) -> None:
        cost = self.prices.cost(use)
        for told in self._on_use:
            told(whose, use, cost)
        total = Total(use.kind, use.provider, use.model)
        total.add(use, cost)
        self._kept.used_apart(whose, total)

    def tokens_of(self, call_id: str) -> tuple[int, int]:
        """Tokens that a live call's language models took and gave so far."""
        usage = self._live.get(call_id)
        asked = [total for total in usage.totals if total.kind == "llm"] if usage else []
        return sum(total.input_tokens for total in asked), sum(total.output_tokens for total in asked)

    def over(self, call: Call) -> None:
        self._live.pop(call.id, None)

    def of_app(self, app: str) -> Iterator[CallUsage]:
        """The observers of the app's live calls."""
        return (usage for usage in list(self._live.values()) if usage.whose.app == app)

    def _is_free(self, kind: str, provider: str) -> bool:
        if kind != "llm":
            return (kind, provider) in self._local
        if provider in REMOTE:
            return False
        name = str(self._settings.engine_options.get(f"llm.{provider}", {}).get("engine", provider))
        try:
            return not info_of(registry.find("llm", name), name).cloud
        except (ConfigError, EngineError):
            return False


def aliases(settings: Settings) -> Mapping[str, str]:
    """Names of models in LiteLLM's configuration, and the models behind them. Blocks."""
    try:
        return LiteLlmConfig(settings.litellm_config_file).aliases() if settings.litellm_config_file.exists() else {}
    except (ConfigError, ImportError):
        return {}  # the start has reported it
