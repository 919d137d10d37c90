"""The consents to cloned voices, for the commands. A command works without a store, too."""

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, TypeVar

import typer

if TYPE_CHECKING:
    from voi.config.settings import Settings
    from voi.store.store import Store

T = TypeVar("T")


def keep_consent(models: Iterable[str], names: Sequence[str], consent: str) -> None:
    """Record cloned voices and who agreed to them. `models`: all models that share the voices."""

    async def work(store: "Store", _: "Settings") -> None:
        from voi.store.voices import ClonedVoice, note_voice

        now_ms = time.time_ns() // 1_000_000
        async with store.writing() as connection:
            for model, name in product(models, names):
                await note_voice(connection, store.keys, ClonedVoice(model, name, now_ms, consent))

    _with_store(work, None, make=True, act=f"voi voice add: {', '.join(names)}")
    if not consent:
        typer.secho("Who agreed to this voice? --consent TEXT keeps it.", fg="yellow", err=True)


def read_consents() -> dict[tuple[str, str], str | None]:
    """Return the consents by model and voice."""

    async def work(store: "Store", _: "Settings") -> dict[tuple[str, str], str | None]:
        from voi.store.voices import list_voices

        async with store.reading() as connection:
            return {(each.model, each.name): each.consent for each in await list_voices(connection, store.keys)}

    return _with_store(work, {})


def forget_consents(models: Sequence[str], names: Sequence[str]) -> None:
    """Delete the records of these voices of all of these models."""

    async def work(store: "Store", _: "Settings") -> None:
        from voi.store.voices import forget_voices

        async with store.writing() as connection:
            for name in names:
                await forget_voices(connection, store.keys, models, name)

    _with_store(work, None, act=f"voi voice remove: {', '.join(names)}")


def _with_store(
    work: "Callable[[Store, Settings], Awaitable[Any]]", otherwise: T, *, make: bool = False, act: str = ""
) -> T:
    """Run `work` with the store, and return its result; `otherwise` if there is no store or it does not answer. `make`:
    make a store that does not exist yet. `act`: for the audit log."""
    from voi.config.settings import load_settings
    from voi.errors import ConfigError, StoreError

    settings = load_settings()
    if settings.store == "off":
        return otherwise
    try:
        from voi.cli.open_store import with_store
        from voi.store.url import parse_store_url

        path = parse_store_url(settings.store_url).path
        if not make and path is not None and not path.exists():
            return otherwise
        found: T = with_store(work, act, make=make)
    except (ConfigError, StoreError, ModuleNotFoundError) as error:
        typer.secho(f"Consents are not kept: {error}", fg="yellow", err=True)
        return otherwise
    return found
