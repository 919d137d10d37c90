"""Pocket TTS's options. Nothing heavy is imported here, so that `voi check` can read them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voi.errors import ConfigError

if TYPE_CHECKING:
    from voi.engines.tts.pocket.model import PocketSource

LANGUAGES = ("en", "fr", "de", "it", "es", "pt", "nl")


def short_code(language: str | None) -> str:
    """The language's two letters; English if there is none."""
    return (language or "en").replace("_", "-").split("-")[0].lower()


def problems_of(options: Mapping[str, Any]) -> list[str]:
    """The mistakes in the options, one line each."""
    found = []
    if options.get("config") is None and short_code(options.get("language")) not in LANGUAGES:
        found.append(f"there is no model for {options['language']!r}; there are {', '.join(LANGUAGES)}.")
    if options.get("config") is not None and options.get("variant") is not None:
        found.append("`config` and `variant` exclude each other.")
    temperature = options.get("temperature")
    if temperature is not None and not 0 < temperature <= 2:
        found.append(f"`temperature` must be above 0 and at most 2, not {temperature}.")
    if options.get("config") is not None and not isinstance(options.get("voices"), str | Path):
        found.append("a model of one's own has no ready voices: `voices` must name the folder of its voices.")
    found += [
        f"`voice_tone_map`, tone {tone!r}: must be the name of a voice."
        for tone, voice in (options.get("voice_tone_map") or {}).items()
        if not isinstance(voice, str)
    ]
    return [f"pocket-tts: {problem}" for problem in found]


def source_of(options: Mapping[str, Any]) -> "PocketSource":
    """The model that the options name. Raises ConfigError, and ImportError without torch."""
    if wrong := [problem for problem in problems_of({"voices": "", **options}) if "voices" not in problem]:
        raise ConfigError(wrong)
    from voi.engines.tts.pocket.model import VARIANTS, PocketSource

    config = options.get("config")
    return PocketSource(
        variant=options.get("variant") or VARIANTS[short_code(options.get("language"))] if config is None else "",
        config=Path(config) if config is not None else None,
        temperature=options.get("temperature"),
        quantized=bool(options.get("quantize", False)),
    )
