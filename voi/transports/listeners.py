"""Listeners: ways for callers to connect besides the WebSocket at /ws, such as a telephone or another protocol.

A package adds one with an entry point of the group "voi.listeners":

    [project.entry-points."voi.listeners"]
    raw_pcm = "my_package.raw_pcm:RawPcmListener"

The entry point names a factory. It is called with `DoorServices` and the keyword options from VOI_LISTENERS, and
returns a `Listener`. A factory with a method `check` is asked first, with the options alone; it raises ConfigError for
those that are wrong. A listener makes a door for each caller (`voi.session.door.Door`), has the call admitted
(`Calls.admit`), opens and starts it, passes the caller's sound on through an intake, which bounds it
(`voi.calls.intake`), and hangs the call up when the caller has left. `Calls.saved` continues it another day, and
`Call.mistake` counts what could not be understood.
"""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol

from voi.calls.calls import Calls
from voi.calls.claims import TokenClaims
from voi.config.config import Config
from voi.engines.startup import Engines
from voi.errors import ConfigError, VoiError
from voi.use import Use

GROUP = "voi.listeners"
BUILT_IN: Mapping[str, str] = {"wyoming": "voi.transports.wyoming.listener:WyomingListener"}
"""Voi's own listeners by name, as "module:factory"."""


@dataclass(frozen=True)
class OutOfCall:
    """What a listener needs that speaks or hears outside of calls. `config` returns the current configuration,
    `engines` the running engines (None while starting). `on_use` is told what was used for an app; `count`, how a
    request ended: the listener, the kind of request, the outcome."""

    config: Callable[[], Config]
    engines: Callable[[], Engines | None]
    on_use: Callable[[str, Use], None]
    count: Callable[[str, str, str], None]


@dataclass(frozen=True)
class DoorServices:
    """What a listener needs from the server. `authenticate` returns what a token says, or raises
    ClientError; `Calls.admit` takes its app, its person and whether its client may bring an agent of its own."""

    calls: Calls
    authenticate: Callable[[str], TokenClaims]
    out_of_call: OutOfCall | None = None


class Listener(Protocol):
    """Both methods are called on the event loop."""

    async def start(self) -> None:
        """Start to take callers. Raises OSError if the address is taken, ConfigError for wrong options."""

    async def close(self) -> None:
        """Stop taking callers. The server drains the calls under way. Safe to call twice, and without `start`."""


async def start_listeners(wanted: Mapping[str, Mapping[str, Any]], services: DoorServices) -> list[Listener]:
    """Start the named listeners with their options. Raises ConfigError for an unknown name, wrong options or an address
    that is taken; then no listener is left running."""
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


def check_listeners(wanted: Mapping[str, Mapping[str, Any]], agents: Collection[str] | None = None) -> None:
    """Raises ConfigError with every name and option that `start_listeners` would refuse, and with an `agent` of Voi's
    own listeners that is not among `agents` (None: they are not known). Blocks: it imports them."""
    problems = []
    for name, options in wanted.items():
        try:
            _factory(name, options)
            if name in BUILT_IN and agents is not None:
                check_agent(name, options.get("agent", ""), agents)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)


def check_agent(name: str, agent: str, agents: Collection[str]) -> None:
    """Raises ConfigError if the listener `name` is to have an `agent` ("": the usual one) that is none of `agents`."""
    if agent and agent not in agents:
        raise ConfigError(f"VOI_LISTENERS: {name}: agent: there is no agent {agent!r}; there are: {', '.join(agents)}.")


async def close_listeners(listeners: Sequence[Listener]) -> None:
    """Closes them in their order."""
    for listener in listeners:
        await listener.close()


def _made(name: str, options: Mapping[str, Any], services: DoorServices) -> Listener:
    listener: Listener = _factory(name, options)(services, **options)
    return listener


def _factory(name: str, options: Mapping[str, Any]) -> Callable[..., Any]:
    brought = _brought()
    if name not in BUILT_IN and name not in brought:
        known = ", ".join((*BUILT_IN, *brought)) or "none is installed"
        raise ConfigError(f"VOI_LISTENERS: there is no listener {name!r}; there are: {known}.")
    try:
        factory: Callable[..., Any]
        if name in BUILT_IN:
            module, _, attribute = BUILT_IN[name].partition(":")
            factory = getattr(import_module(module), attribute)
        else:
            factory = brought[name].load()
        inspect.signature(factory).bind(None, **options)
    except TypeError as error:
        raise ConfigError(f"VOI_LISTENERS: {name} cannot be made with these options: {error}.") from None
    except ModuleNotFoundError as error:
        extra = f"needs ./install.sh {name}" if name in BUILT_IN else f"needs the module {error.name}"
        raise ConfigError(f"VOI_LISTENERS: {name} {extra}.") from error
    except Exception as error:  # a third-party package may fail in any way
        raise ConfigError(f"VOI_LISTENERS: {name} cannot be loaded: {type(error).__name__}: {error}.") from error
    if (check := getattr(factory, "check", None)) is not None:
        check(**options)
    return factory


def _brought() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
