"""The licences of all weights that the configuration uses, and of the code that computes with them: `voi check`."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from voi.config.config import Config
from voi.config.engine_choice import CHOSEN, NONE, named_engine
from voi.config.settings import Settings
from voi.engines import registry
from voi.engines.info import info_of
from voi.errors import VoiError


@dataclass(frozen=True, slots=True)
class WeightLicence:
    """`name`: the engine, or the model of tts_models.json. `licence`: of the weights. `commercial`: whether it allows
    commercial use; None: that depends. `code`: of the programs that compute with them; "": unknown."""

    kind: str
    name: str
    licence: str
    commercial: bool | None
    code: str = ""

    def __str__(self) -> str:
        note = {True: "", False: ": NO commercial use", None: ": read it before commercial use"}[self.commercial]
        return f"{self.kind} {self.name}: {self.licence}{note}{f'; code {self.code}' if self.code else ''}"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


PROVIDERS_TERMS = "the terms of its provider"
OWN_FILE = "of the model file that its options name"
"""For an engine whose options name another model than its default."""
OTHERS = "known to those who brought the engine"
NO_WEIGHTS = "no weights"


def weight_licences(config: Config, settings: Settings) -> list[WeightLicence]:
    """One line for each engine or model that is loaded or called."""
    found = {(one.kind, one.name): one for one in _all(config, settings)}
    return list(found.values())


def _all(config: Config, settings: Settings) -> Iterator[WeightLicence]:
    for kind in CHOSEN:
        for name in sorted(config.engines_offered.get(kind, ())):
            if name != NONE:
                yield _of(kind, name, *named_engine(settings, kind, name))
    if settings.voice_engine != NONE:
        yield _of("voice", settings.voice_engine, settings.voice_engine, {})
    for name, model in config.tts_models.items():  # all are loaded, whether an agent speaks with them or not
        yield _of("tts", name, model.engine, model.engine_options())
    for llm in sorted({agent.llm_model for agent in config.agents.values()} - set(registry.names("llm"))):
        yield WeightLicence("llm", llm, PROVIDERS_TERMS, None)


def _of(kind: registry.Kind, name: str, engine: str, options: Mapping[str, Any]) -> WeightLicence:
    shown = name if name == engine else f"{name} ({engine})"
    try:
        info = info_of(registry.find(kind, engine), engine)
    except VoiError:
        return WeightLicence(kind, shown, OTHERS, None)
    known = info.licences
    if known is None:
        return WeightLicence(kind, shown, PROVIDERS_TERMS if info.cloud else OTHERS, None)
    file = options.get(known.own_weights)
    if isinstance(file, str) and "/" in file:
        return WeightLicence(kind, shown, OWN_FILE, None, known.code)
    return WeightLicence(kind, shown, known.weights or NO_WEIGHTS, known.commercial, known.code)
