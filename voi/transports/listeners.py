"""Listeners: what brings callers in besides the WebSocket at /ws, such as a telephone or another protocol.

A package adds one with an entry point of the group "voi.listeners":

    [project.entry-points."voi.listeners"]
    raw_pcm = "my_package.raw_pcm:RawPcmListener"

It names a factory: called with `Services` and the keyword options of VOI_LISTENERS, it gives an object that fulfils
`Listener`. A listener makes a door for each caller (`voi.session.door.Door`), has the call admitted
(`Calls.admit`), opens and starts it, and tells it when the caller is gone.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol

from voi.calls.calls import Calls
from voi.errors import ConfigError, VoiError

GROUP = "voi.listeners"
BUILT_IN: Mapping[str, str] = {}
"""Voi's own by name, as "module:factory"."""


@dataclass(frozen=True)
class Services:
    """What a listener needs of the server. `authenticate` finds the app that a token is for; it raises ClientError."""

    calls: Calls
    authenticate: Callable[[str], str]


class Listener(Protocol):
    """Both methods are called on the event loop."""

    async def start(self) -> None:
        """Take callers from now on. Raises OSError when its address is taken, ConfigError."""

    async def close(self) -> None:
        """Take no more; the calls under way are drained by the server. Safe to call twice, and without `start`."""


async def start_listeners(wanted: Mapping[str, Mapping[str, Any]], services: Services) -> list[Listener]:
    """All that are named, with their options. Raises ConfigError for an unknown name, wrong options or a place that is
    taken; then none is left listening."""
    started: list[Listener] = []
    try:
        for name, options in wanted.items():
            listener = _made(name, options, services)
            started.append(listener)
            try:
                await listener.start()
            except OSError as error:
                raise ConfigError(f"The listener {name} cannot listen: {error.strerror or error}.") from None
    except VoiError:
        await close_listeners(started)
        raise
    return started


async def close_listeners(listeners: Sequence[Listener]) -> None:
    for listener in listeners:
        await listener.close()


def _made(name: str, options: Mapping[str, Any], services: Services) -> Listener:
    brought = _brought()
    if name not in BUILT_IN and name not in brought:
        known = ", ".join((*BUILT_IN, *brought)) or "none is installed"
        raise ConfigError(f"VOI_LISTENERS: there is no listener {name!r}; there are: {known}.")
    try:
        if name in BUILT_IN:
            module, _, attribute = BUILT_IN[name].partition(":")
            factory = getattr(import_module(module), attribute)
        else:
            factory = brought[name].load()
        inspect.signature(factory).bind(services, **options)
    except TypeError as error:
        raise ConfigError(f"VOI_LISTENERS: {name} cannot be made with these options: {error}.") from None
    except Exception as error:  # a package of somebody else may fail in any way
        raise ConfigError(f"VOI_LISTENERS: {name} cannot be loaded: {type(error).__name__}: {error}.") from error
    listener: Listener = factory(services, **options)
    return listener


def _brought() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
