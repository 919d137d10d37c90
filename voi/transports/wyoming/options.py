"""The listener's options, as they stand in VOI_LISTENERS."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError

from voi.config.parts import FileModel
from voi.config.problems import explain
from voi.errors import ConfigError

_APP = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


class WyomingOptions(FileModel):
    """See docs/wyoming.md."""

    host: str = Field(min_length=1)
    port: int = Field(ge=0, le=65_535)
    app: str
    agent: str
    allow: tuple[str, ...]
    wake_words: tuple[str, ...] | dict[str, tuple[str, ...]]
    zeroconf: bool
    name: str = Field(min_length=1)

    def spellings(self) -> dict[str, tuple[str, ...]]:
        """How each wake word may be written, by its name."""
        if isinstance(self.wake_words, Mapping):
            return {name: (name, *ways) for name, ways in self.wake_words.items()}
        return {name: (name,) for name in self.wake_words}


def options_of(given: Mapping[str, Any]) -> WyomingOptions:
    """Raises ConfigError with every mistake."""
    try:
        options = WyomingOptions.model_validate(given)
    except ValidationError as error:
        raise ConfigError(
            [f"VOI_LISTENERS: wyoming: {each['loc'][0]}: {explain(each)}." for each in error.errors()]
        ) from None
    if not re.fullmatch(_APP, options.app):
        raise ConfigError(
            "VOI_LISTENERS: wyoming: app: an app's name has 1 to 64 letters, digits, dots, dashes or underscores."
        )
    return options
