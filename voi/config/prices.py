"""The prices of engines: from the file VOI_PRICES_FILE, and for LLMs that it does not name from LiteLLM's own list, if
LiteLLM is installed. Prices are data: nothing here knows a provider.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from voi.config.json_file import is_comment, read_object, validated
from voi.config.litellm_list import litellm_list
from voi.config.problems import Problems
from voi.errors import ConfigError
from voi.use import Use

LITELLM_CURRENCY = "USD"
Amount = Field(default=0.0, ge=0, le=1e9, allow_inf_nan=False)


class Price(BaseModel):
    """What one model costs; a price that is left out is 0."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input_per_million_tokens: float = Amount
    output_per_million_tokens: float = Amount
    per_minute: float = Amount
    per_1000_characters: float = Amount

    def of(self, use: Use) -> float:
        return (
            (use.input_tokens * self.input_per_million_tokens + use.output_tokens * self.output_per_million_tokens)
            / 1_000_000
            + use.sound_ms * self.per_minute / 60_000
            + use.characters * self.per_1000_characters / 1_000
        )


class PriceList(BaseModel):
    """The file. In each section the names are those of models, as in the configuration, or of engines; `*` at the end
    matches anything. `call`: what a call costs in addition, by the kind of its door."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    currency: str = Field(default=LITELLM_CURRENCY, pattern="^[A-Z]{3}$")
    llm: dict[str, Price] = {}
    stt: dict[str, Price] = {}
    tts: dict[str, Price] = {}
    call: dict[str, Price] = {}


FREE = Price()


class Prices:
    """`usual`: price of an LLM that the list does not name, by its name. `is_free`: whether an engine of that kind and
    name computes on this machine, and so costs nothing unless the list says otherwise."""

    def __init__(
        self,
        listed: PriceList | None = None,
        usual: Mapping[str, Price] | None = None,
        is_free: Callable[[str, str], bool] = lambda kind, provider: False,
    ) -> None:
        self._listed = listed or PriceList()
        self._usual = (usual or {}) if self._listed.currency == LITELLM_CURRENCY else {}
        self._is_free = is_free
        self._found: dict[tuple[str, str, str], Price | None] = {}

    @property
    def currency(self) -> str:
        return self._listed.currency

    def cost(self, use: Use) -> float | None:
        """The cost of a use, in `currency`; None if it is not known."""
        key = use.kind, use.provider, use.model
        if key not in self._found:
            if len(self._found) > 10_000:  # clients may name models
                self._found.clear()
            self._found[key] = self._price(*key)
        price = self._found[key]
        return None if price is None else price.of(use)

    def _price(self, kind: str, provider: str, model: str) -> Price | None:
        section: Mapping[str, Price] = getattr(self._listed, kind)
        for name in (model, provider):
            if name in section:
                return section[name]
        for name in (model, provider):
            covering = [each for each in section if each.endswith("*") and name.startswith(each[:-1])]
            if covering:
                return section[max(covering, key=len)]
        if kind == "call" or self._is_free(kind, provider):
            return FREE
        return self._usual.get(model) if kind == "llm" else None


def read_prices(file: Path, problems: Problems) -> PriceList:
    """The price list; an empty one without a file. Mistakes go to `problems`."""
    if not file.exists():
        return PriceList()
    try:
        raw = read_object(file, problems, missing="copy prices.example.json there")
    except ConfigError as error:
        problems.errors += error.problems
        return PriceList()
    return validated(PriceList, _without_comments(raw), str(file), (), problems) or PriceList()


def _without_comments(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _without_comments(inner) for name, inner in value.items() if not is_comment(name)}


def usual_prices(aliases: Mapping[str, str]) -> dict[str, Price]:
    """LiteLLM's own prices of LLMs by name; none if it is not installed. `aliases`: names of models in its
    configuration, and the models behind them. Reads a file of some megabytes: call it in a thread."""
    known = litellm_list()
    named = {name: price for name, entry in known.items() if (price := _price_in(entry)) is not None}
    for alias, model in aliases.items():
        for target in (model, model.partition("/")[2]):
            if target in named:
                named[alias] = named[target]
                break
    return named


def _price_in(entry: Any) -> Price | None:
    if not isinstance(entry, dict):
        return None
    tokens = [entry.get(name) for name in ("input_cost_per_token", "output_cost_per_token")]
    amounts = [each if isinstance(each, int | float) and 0 <= each < 1 else 0.0 for each in tokens]
    if not any(isinstance(each, int | float) for each in tokens):
        return None
    return Price(input_per_million_tokens=amounts[0] * 1e6, output_per_million_tokens=amounts[1] * 1e6)
