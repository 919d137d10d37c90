"""Options that the ears of services have in common: their own settings, addresses, hot words and languages."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from voi.errors import ConfigError

HOT_WORDS_MAX = 100
"""So many are sent; services refuse long lists, and most take a hundred."""
HOT_WORD_MAX_CHARACTERS = 50
UNSPACED = frozenset({"ja", "th", "zh", "yue", "lo", "km", "my"})
"""Languages that put no spaces between words."""

ServiceSetting = str | int | float | bool | Sequence[str]


def checked_settings(
    name: str, settings: Mapping[str, ServiceSetting] | None, ours: Sequence[str] = ()
) -> dict[str, ServiceSetting]:
    """A service's own settings. `ours`: those that Voi sets itself. Raises ConfigError."""
    checked: dict[str, ServiceSetting] = {}
    for key, value in (settings or {}).items():
        if key in ours:
            raise ConfigError(f"{name}: `settings` must not have {key}: Voi sets it itself.")
        if not isinstance(value, str | int | float | bool) and not (
            isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
        ):
            raise ConfigError(f"{name}: `settings` takes texts, numbers, true, false and lists of texts; see {key}.")
        checked[key] = value
    return checked


def with_query(url: str, fields: Mapping[str, ServiceSetting]) -> str:
    """The address with these parameters; a list repeats its parameter."""
    pairs: list[tuple[str, str]] = []
    for key, value in fields.items():
        values = [value] if isinstance(value, str | int | float | bool) else value
        pairs += [(key, str(each).lower() if isinstance(each, bool) else str(each)) for each in values]
    return f"{url}?{urlencode(pairs)}"


def hot_words(words: Sequence[str]) -> list[str]:
    """Those that can be sent, without repetition."""
    stripped = (" ".join(word.split()) for word in words)
    return list(dict.fromkeys(word for word in stripped if 0 < len(word) <= HOT_WORD_MAX_CHARACTERS))[:HOT_WORDS_MAX]


def iso(language: object) -> str | None:
    """The ISO code of "en-US"; None for what is no code."""
    code = language.lower().split("-")[0] if isinstance(language, str) else ""
    return code if 2 <= len(code) <= 3 and code.isalpha() else None


def spaced(text: str, language: str | None) -> str:
    """Text that follows other text of that language: with a space where one belongs."""
    stripped = text.strip()
    return f" {stripped}" if stripped and iso(language) not in UNSPACED else stripped


def ms(seconds: object) -> int:
    """Milliseconds. Raises ValueError for what is no time."""
    if not isinstance(seconds, int | float) or not 0 <= seconds < 1e6:
        raise ValueError("no time")
    return int(1_000 * seconds)
