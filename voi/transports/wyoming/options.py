"""The listener's options, as they stand in VOI_LISTENERS."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError

from voi.config.parts import FileModel
from voi.config.problems import explain
from voi.errors import ConfigError
from voi.transports.wyoming.allowed import Allowed, is_loopback
from voi.transports.wyoming.waking import plain

PORT = 10_800
_WHERE = "VOI_LISTENERS: wyoming"
_APP = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


class WyomingOptions(FileModel):
    """docs/wyoming.md says what they mean."""

    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=PORT, ge=0, le=65_535)
    app: str = "wyoming"
    agent: str = ""
    allow: tuple[str, ...] = ()
    wake_words: tuple[str, ...] | dict[str, tuple[str, ...]] = ()
    zeroconf: bool = False
    name: str = Field(default="Voi", min_length=1)

    def spellings(self) -> dict[str, tuple[str, ...]]:
        """How each wake word may be written, by its name."""
        if isinstance(self.wake_words, Mapping):
            return {name: (name, *ways) for name, ways in self.wake_words.items()}
        return {name: (name,) for name in self.wake_words}


def options_of(**given: Any) -> WyomingOptions:
    """Raises ConfigError."""
    try:
        options = WyomingOptions.model_validate(given)
    except ValidationError as error:
        raise ConfigError([f"{_WHERE}: {each['loc'][0]}: {explain(each)}." for each in error.errors()]) from None
    if not re.fullmatch(_APP, options.app):
        raise ConfigError(f"{_WHERE}: app: a name has 1 to 64 letters, digits, dots, dashes or underscores.")
    Allowed(options.allow)
    if not is_loopback(options.host) and not options.allow:
        raise ConfigError(
            f"{_WHERE}: allow: Wyoming has no passwords. To listen on {options.host}, name the addresses that may "
            'connect, such as "192.168.1.0/24", or "any".'
        )
    if empty := [way for ways in options.spellings().values() for way in ways if not plain(way)]:
        raise ConfigError(f"{_WHERE}: wake_words: {empty[0]!r} has no words.")
    return options
