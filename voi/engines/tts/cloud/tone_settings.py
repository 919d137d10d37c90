"""What a provider's tones are: settings of its own, or other voices."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from voi.errors import ConfigError

AllowedSetting = tuple[float, float] | Collection[str] | type[str]
"""What a setting may be: a number from the first to the second, one of these words, or any text."""
TEXT_MAX = 1_000


@dataclass(frozen=True, slots=True)
class ToneSettings:
    """`settings`: tone -> the provider's settings. `voices`: tone -> the voice that has it. "neutral" always has
    settings."""

    settings: Mapping[str, Mapping[str, Any]]
    voices: Mapping[str, str]

    @property
    def tones(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(("neutral", *self.settings, *self.voices)))

    def of(self, tone: str) -> Mapping[str, Any]:
        """The settings for a tone; those of the neutral one for a tone that is unknown, or a voice."""
        return self.settings.get(tone, self.settings["neutral"])


def tone_settings(
    name: str,
    usual: Mapping[str, Mapping[str, Any]],
    wishes: Mapping[str, Any] | None,
    allowed: Mapping[str, AllowedSetting],
) -> ToneSettings:
    """The tones of `usual`, or those of a model's `voice_tone_map` in their place. Raises ConfigError with every
    mistake."""
    if not wishes:
        return ToneSettings({"neutral": {}, **usual}, {})
    settings: dict[str, Mapping[str, Any]] = {"neutral": {}}
    voices: dict[str, str] = {}
    problems = []
    for tone, wish in wishes.items():
        where = f"{name}: voice_tone_map: {tone}:"
        if isinstance(wish, str):
            voices[tone] = wish
        elif isinstance(wish, Mapping):
            problems += [f"{where} {fault}" for key, value in wish.items() if (fault := _fault(key, value, allowed))]
            settings[tone] = dict(wish)
        else:
            problems.append(f"{where} must be a voice's name or an object with {', '.join(allowed)}.")
    if problems:
        raise ConfigError(problems)
    return ToneSettings(settings, voices)


def _fault(key: Any, value: Any, allowed: Mapping[str, AllowedSetting]) -> str:
    if key not in allowed:
        return f"does not know {str(key)[:80]!r}; there are {', '.join(allowed)}."
    setting = allowed[key]
    if setting is str:
        return "" if isinstance(value, str) and len(value) <= TEXT_MAX else f"{key} must be text."
    if isinstance(setting, tuple):
        least, most = setting
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return "" if number and least <= value <= most else f"{key} must be {least:g} to {most:g}."
    assert not isinstance(setting, type)
    return "" if value in setting else f"{key} must be one of {', '.join(sorted(setting)[:20])} …"
