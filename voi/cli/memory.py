"""`voi memory`: what agents remember of one person."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voi.cli.options import AsJson
from voi.cli.people import App, Name

if TYPE_CHECKING:
    from voi.config.settings import Settings
    from voi.session.memory import MemoryItem
    from voi.store.store import Store

memory = typer.Typer(
    help="What agents remember of one person, as the app calls them: show it, hand it to them, or delete it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@memory.command("list")
def list_(name: Name, app: App, as_json: AsJson = False) -> None:
    """Show what is remembered of a person, the oldest first."""
    from voi.cli.open_store import time_of

    items = _read(app, name, "list")
    if as_json:
        from voi.store.person_memory import memory_as_dict

        typer.echo(json.dumps([memory_as_dict(item) for item in items], ensure_ascii=False, indent=2))
        return
    if not items:
        typer.echo("Nothing is remembered of this person.")
    for item in items:
        typer.echo(f"{item.id}  {time_of(item.saved_ms)}  {item.kind:7}  {item.agent or '-'}\n    {item.text}")


@memory.command()
def export(
    name: Name,
    app: App,
    out: Annotated[Path, typer.Option(help="A new file; - for standard output.")] = Path("-"),
) -> None:
    """Write what is remembered of a person as JSON."""
    from voi.errors import ClientError
    from voi.store.person_memory import memory_as_dict

    told = {"app": app, "person": name, "memory": [memory_as_dict(item) for item in _read(app, name, "export")]}
    text = json.dumps(told, ensure_ascii=False, indent=2)
    if str(out) == "-":
        typer.echo(text)
        return
    try:
        with open(os.open(out, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(text + "\n")
    except OSError as error:
        raise ClientError(f"{out} cannot be written: {error.strerror}.") from None


@memory.command()
def forget(
    name: Name,
    app: App,
    memory_id: Annotated[str | None, typer.Option("--id", help="Only what has this id.")] = None,
    as_json: AsJson = False,
) -> None:
    """Delete what is remembered of a person. (`voi people delete` deletes all that is kept of them.)"""
    from voi.cli.open_store import with_store

    async def work(store: "Store", _: "Settings") -> int:
        from voi.store.person_memory import forget_memory

        return await forget_memory(store, app, name, memory_id or "")

    count = with_store(work, f"voi memory forget of the app {app}")
    typer.echo(json.dumps({"deleted": count}) if as_json else f"Deleted: {count} memories.")


def _read(app: str, name: str, act: str) -> "list[MemoryItem]":
    from voi.cli.open_store import with_store

    async def work(store: "Store", _: "Settings") -> "list[MemoryItem]":
        from voi.store.person_memory import list_memory

        return await list_memory(store, app, name)

    return with_store(work, f"voi memory {act} of the app {app}")
