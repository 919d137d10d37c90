"""Names of a provider's voices, and the ids that it wants in their place."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from voi.errors import ConfigError, EngineError

_Entry = TypeVar("_Entry")
SHOWN_MAX = 12
VOICES_MAX = 5_000
"""Most voices taken of a provider's list."""


@dataclass(frozen=True, slots=True)
class VoiceNames:
    """`ids`: name -> id, the default first."""

    ids: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.ids)

    def id_of(self, engine: str, name: str | None) -> str:
        """The id of a voice, by name or by id; None: that of the first. Raises EngineError for one that is unknown."""
        if name is None:
            if not self.ids:
                raise EngineError(f"{engine} has no voice: name one in `voices`.")
            return next(iter(self.ids.values()))
        if name in self.ids:
            return self.ids[name]
        if name in self.ids.values():
            return name
        raise EngineError(f"No voice {name[:80]!r} at {engine}; there are {some(self.names)}.")


def chosen(
    engine: str,
    wanted: Sequence[str],
    listed: Mapping[str, str],
    id_form: re.Pattern[str],
    toned: Collection[str] = (),
) -> VoiceNames:
    """The voices that agents may use: those `wanted`, by name or id, or all that the provider lists; and those that
    tones name (`toned`). An id may be used that the account's list does not have, since voices of public libraries need
    not be in it. Raises ConfigError."""
    known = {*listed, *listed.values()}
    unknown = [name for name in (*wanted, *toned) if name not in known and not id_form.fullmatch(name)]
    if unknown:
        raise ConfigError(f"{engine}: there is no voice {', '.join(unknown)}; there are {some(tuple(listed))}.")
    first = wanted or list(listed)[:VOICES_MAX]
    more = [name for name in toned if wanted or name not in listed.values()]
    return VoiceNames({name: listed.get(name, name) for name in (*first, *more)})


def checked_rate(engine: str, rate_hz: int, rates_hz: Sequence[int]) -> int:
    """The rate. Raises ConfigError for one that the provider does not have."""
    if rate_hz not in rates_hz:
        raise ConfigError(f"{engine}: `sample_rate_hz` is one of {', '.join(map(str, rates_hz))}.")
    return rate_hz


def some(names: Sequence[str]) -> str:
    """The first of them, for an error."""
    return ", ".join(names[:SHOWN_MAX]) + (", …" if len(names) > SHOWN_MAX else "")


def of_language_first(voices: Sequence[_Entry], language_of: Callable[[_Entry], str], language: str) -> list[_Entry]:
    """The voices in their order, but those of that language ("de", "en-GB") before all others: the first is the
    default. Codes are compared as far as both go."""
    wanted = language.lower().split("-")

    def unlike(voice: _Entry) -> int:
        parts = language_of(voice).lower().split("-")
        alike = sum(mine == theirs for mine, theirs in zip(wanted, parts, strict=False))
        return len(wanted) - alike if parts[0] == wanted[0] else len(wanted) + 1

    return sorted(voices, key=unlike)
