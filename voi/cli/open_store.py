"""The store, for a command: opened, used, closed."""

import asyncio
import getpass
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from voi.config.settings import Settings
    from voi.store.store import Store

T = TypeVar("T")
COMMAND_TIMEOUT_S = 24 * 3_600.0
"""Deadline for commands, which may take long, such as a backup."""


def with_store(
    work: "Callable[[Store, Settings], Awaitable[T]]", act: str = "", *, make: bool = False, if_missing: T | None = None
) -> T:
    """Run `work` with the store that the settings name. `act`: what it changes, for the audit log, without anybody's
    name; "": nothing. `make`: make a store that does not exist yet; else a command in the wrong folder would leave an
    empty one there. `if_missing`: the result where there is none yet, with a line on standard error; None: that is an
    error. Raises ConfigError, StoreError."""
    import typer

    from voi.config.settings import load_settings
    from voi.errors import ConfigError
    from voi.store.store import Store
    from voi.store.url import parse_store_url

    settings = load_settings()
    if settings.store == "off":
        raise ConfigError("VOI_STORE is off: there is no store.")
    path = parse_store_url(settings.store_url).path
    if not make and path is not None and not path.exists():
        missing = f"There is no store yet: {path.absolute()} does not exist. `voi serve` makes it; is this its folder?"
        if if_missing is None:
            raise ConfigError(missing)
        typer.echo(missing, err=True)
        return if_missing

    async def run() -> T:
        store = Store(settings.store_url, settings.store_secrets(), COMMAND_TIMEOUT_S)
        try:
            await store.open()
            return await (_on_record(store, work(store, settings), act) if act else work(store, settings))
        finally:
            await store.close()

    return asyncio.run(run())


async def _on_record(store: "Store", work: "Awaitable[T]", act: str) -> T:
    """Do it, and note in the audit log who did it."""
    from voi.errors import StoreError, VoiError

    try:
        result = await work
    except (VoiError, OSError):
        with suppress(StoreError):  # the first error says more
            await _note(store, act, "failed")
        raise
    await _note(store, act, "done")
    return result


async def _note(store: "Store", act: str, result: str) -> None:
    from voi.store.audit import Act, note_acts
    from voi.store.observer import now_ms

    async with store.writing() as connection:
        await note_acts(connection, [Act(now_ms(), operator(), act, result)])


def operator() -> str:
    """The account that runs the command, and the one before `sudo`."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):  # a container's user that has no name
        account = f"user {os.getuid()}"
    before = os.environ.get("SUDO_USER")
    return f"{account} ({before} with sudo) on the machine" if before else f"{account} on the machine"


def parse_date(text: str | None) -> int | None:
    """Ms since 1970 of a date or time in ISO 8601; without a zone: UTC. Raises BadParameter."""
    import typer

    if text is None:
        return None
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("a date looks like 2026-11-28 or 2026-11-28T14:30") from None
    return int((given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp() * 1_000)


def time_of(ms: Any) -> str:
    """A time for people, UTC."""
    return f"{datetime.fromtimestamp(ms / 1_000, UTC):%Y-%m-%d %H:%M:%S}" if ms is not None else "-"
