"""The licence of every weight that the configuration uses, for `voi check`."""

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
    """`name`: the engine, or the model of tts_models.json. `commercial`: whether it allows commercial use; None: that
    depends."""

    kind: str
    name: str
    licence: str
    commercial: bool | None

    def __str__(self) -> str:
        note = {True: "", False: ": NO commercial use", None: ": read it before commercial use"}[self.commercial]
        return f"{self.kind} {self.name}: {self.licence}{note}"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


KNOWN: Mapping[tuple[str, str], tuple[str, bool | None]] = {
    ("vad", "silero"): ("MIT", True),
    ("turn", "smart-turn"): ("BSD-2-Clause", True),
    ("turn", "turn-1-mini"): ("Apache-2.0", True),
    ("voice", "voice-judge"): ("MIT", True),
    ("stt", "moonshine"): ("MIT (the English model tiny-en)", True),
    ("stt", "whisper"): ("MIT", True),
    ("stt", "faster-whisper"): ("MIT (OpenAI's Whisper, converted)", True),
    ("tts", "hibari"): ("Apache-2.0", True),
    ("tts", "piper"): (
        "CC0-1.0 (the voice joe; fine-tuned from lessac, whose recordings have terms of their own)",
        None,
    ),
    ("tts", "espeak"): ("GPL-3.0-or-later (espeak-ng, a program without weights)", True),
    ("tts", "xtts"): ("Coqui Public Model License 1.0.0", False),
}
PROVIDERS_TERMS = "the terms of its provider"
OWN_FILE = "of the model file that its options name"
"""For an engine whose options name another model than its default."""
_FILES = {
    "stt.moonshine": "model_path",
    "stt.whisper": "model",
    "stt.faster-whisper": "model",
    "tts.piper": "checkpoint",
}


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
    file = options.get(_FILES.get(f"{kind}.{engine}", ""))
    if isinstance(file, str) and "/" in file:
        return WeightLicence(kind, shown, OWN_FILE, None)
    licence, commercial = KNOWN.get((kind, engine)) or (_of_others(kind, engine), None)
    return WeightLicence(kind, shown, licence, commercial)


def _of_others(kind: registry.Kind, engine: str) -> str:
    """Of an engine whose weights are not Voi's to know."""
    try:
        cloud = info_of(registry.find(kind, engine), engine).cloud
    except VoiError:
        cloud = False
    return PROVIDERS_TERMS if cloud else "known to those who brought the engine"
