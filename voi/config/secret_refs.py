"""Secrets in options of engines: references to environment variables, which .env may set too.

"${ELEVENLABS_API_KEY}", also inside a longer text, and {"env": "ELEVENLABS_API_KEY"} stand for the variable's value.
They are resolved when an engine is made, so that no configuration, log, error or digest ever holds a value.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from voi.config.problems import quoted
from voi.errors import ConfigError

ENV_FILE = Path(".env")
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SECRET_NAME = re.compile(
    r"(?i)(^|[_-])(api_?-?key|access_?-?key|secret(_?key)?|password|passwd|(auth_?)?token|credentials?)$"
)


def resolved(options: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The options with references replaced by values. `where`: the options' place, for the error. Raises ConfigError
    that names every variable that is not set."""
    names = set(_names(options))
    if not names:
        return dict(options)
    environment = {**dotenv_values(ENV_FILE), **os.environ} if ENV_FILE.is_file() else dict(os.environ)
    missing = sorted(name for name in names if not environment.get(name))
    if missing:
        raise ConfigError(
            [f"{where}: the environment variable {name} is not set; put it into .env" for name in missing]
        )
    return {name: _value(value, environment) for name, value in options.items()}


def missing_variables(options: Mapping[str, Any]) -> list[str]:
    """Names of variables that the options refer to and that are not set."""
    environment = {**dotenv_values(ENV_FILE), **os.environ} if ENV_FILE.is_file() else dict(os.environ)
    return sorted(name for name in set(_names(options)) if not environment.get(name))


def values_of(options: Mapping[str, Any]) -> list[str]:
    """Values of the variables that the options refer to, so that they can be kept out of logs."""
    environment = {**dotenv_values(ENV_FILE), **os.environ} if ENV_FILE.is_file() else dict(os.environ)
    return [value for name in set(_names(options)) if (value := environment.get(name))]


def is_secret_name(name: str) -> bool:
    """Whether a field of that name holds a secret."""
    return _SECRET_NAME.search(name) is not None


def plain_secrets(options: Mapping[str, Any]) -> list[tuple[str | int, ...]]:
    """Paths in the options of values that look like secrets and are not references."""
    return list(_plain(options, ()))


def _plain(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, str):
        if value and path and _SECRET_NAME.search(str(path[-1])) and not _REFERENCE.search(value):
            yield path
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _plain(item, (*path, name))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _plain(item, (*path, index))


def _is_reference(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {"env"} and isinstance(value["env"], str)


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _REFERENCE.findall(value)
    elif _is_reference(value):
        yield value["env"]
    elif isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _names(item)


def _value(value: Any, environment: Mapping[str, str | None]) -> Any:
    if isinstance(value, str):
        return _REFERENCE.sub(lambda found: environment[found[1]] or "", value)
    if _is_reference(value):
        return environment[value["env"]]
    if isinstance(value, Mapping):
        return {name: _value(item, environment) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_value(item, environment) for item in value)
    return value


def told(where: str, path: tuple[str | int, ...]) -> str:
    """A warning about a plain secret at that path."""
    place = ".".join(map(str, path))
    return f"{where}: {place}: holds a secret in plain text; write {quoted('${NAME}')} and put NAME=… into .env"
