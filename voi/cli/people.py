"""`voi people`: all that is kept of one person."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voi.cli.options import AsJson

if TYPE_CHECKING:
    from voi.config.settings import Settings
    from voi.store.store import Store

people = typer.Typer(
    help="What is kept of one person, as the app calls them: hand it to them, or delete it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Name = Annotated[str, typer.Argument(metavar="PERSON", help="As the app calls them.")]
App = Annotated[str, typer.Option(help="The app: apps call different people the same.")]


@people.command()
def export(
    name: Name,
    app: App,
    out: Annotated[Path, typer.Option(help="A new folder.")],
    as_json: AsJson = False,
) -> None:
    """Write all that is kept of a person, readable: conversations, recordings, what agents remember, conversations that
    can go on, tokens."""
    from voi.cli.open_store import with_store
    from voi.errors import ClientError

    async def work(store: "Store", settings: "Settings") -> dict[str, int]:
        from voi.store.person_export import export_person

        return await export_person(store, settings.recordings_dir, app, name, out)

    try:
        counts = with_store(work, f"voi people export of the app {app}")
    except OSError as error:
        raise ClientError(f"{error.filename or out} cannot be used: {error.strerror}.") from None
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    typer.echo(json.dumps(counts) if as_json else f"{out}: {told}.")


@people.command()
def delete(name: Name, app: App, as_json: AsJson = False) -> None:
    """Delete all that is kept of a person, with the keys that open its copies in backups, and revoke their tokens."""
    from voi.cli.calls import delete as delete_calls

    delete_calls(conversation_id=None, app=app, person=name, older_than_days=None, as_json=as_json)
