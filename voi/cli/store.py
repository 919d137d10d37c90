"""`voi store`: care of the store."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voi.cli.options import AsJson

if TYPE_CHECKING:
    from voi.config.settings import Settings
    from voi.store.store import Store

store = typer.Typer(
    help="Back the store up, restore it, take old recordings into it, change its key.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@store.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The backup, a tar.")],
    keys: Annotated[
        Path | None, typer.Option(help="Write the keys into this file. Keep one copy, and overwrite it each time.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Copy the store and the recordings into one file, while the server runs. What is encrypted can be restored where
    its keys are: into this store, or with the file of --keys into a new one."""
    from voi.cli.open_store import with_store

    async def work(opened: "Store", settings: "Settings") -> dict[str, int]:
        from voi.store.backup import back_up

        return await back_up(opened, settings.recordings_dir, file, keys)

    counts = _told_of_files(lambda: with_store(work, f"voi store backup to {file}"))
    _tell(counts, as_json, f"{file}: {counts['conversations']} conversations, {counts['people']} people.")


@store.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    keys: Annotated[Path | None, typer.Option(help="Its keys, for a new store.")] = None,
    as_json: AsJson = False,
) -> None:
    """Bring back what the store lacks. What it has stays as it is, and who was deleted stays deleted."""
    from voi.cli.open_store import with_store

    async def work(opened: "Store", settings: "Settings") -> dict[str, int]:
        from voi.store.backup import restore

        return await restore(opened, settings.recordings_dir, file, keys)

    counts = _told_of_files(lambda: with_store(work, f"voi store restore from {file}", make=True))
    _tell(counts, as_json, f"{file}: {counts.get('conversations', 0)} conversations are in the store.")


@store.command("import")
def import_(as_json: AsJson = False) -> None:
    """Take the recordings of VOI_RECORDINGS_DIR that the store does not know into it, and encrypt them if there is a
    key. Once more is no harm. Exits with 1 if some cannot be read."""
    from voi.cli.open_store import with_store

    async def work(opened: "Store", settings: "Settings") -> tuple[int, int]:
        from voi.store.import_recordings import import_recordings

        def told(line: str) -> None:
            typer.secho(line, fg="yellow", err=True)

        return await import_recordings(opened, settings.recordings_dir, words=settings.store == "words", told=told)

    taken, refused = _told_of_files(lambda: with_store(work, "voi store import", make=True))
    _tell({"taken": taken, "refused": refused}, as_json, f"{taken} recordings were taken, {refused} could not be read.")
    raise typer.Exit(bool(refused))


@store.command()
def rekey(as_json: AsJson = False) -> None:
    """Encrypt all keys with VOI_STORE_KEY that VOI_OLD_STORE_KEY has encrypted. After that, remove the old one."""
    from voi.cli.open_store import with_store
    from voi.errors import ConfigError

    async def work(opened: "Store", _: "Settings") -> int:
        if not opened.keys.seals:
            raise ConfigError("VOI_STORE_KEY is not set.")
        async with opened.writing() as connection:
            return await opened.keys.rewrap(connection)

    count = with_store(work, "voi store rekey")
    _tell({"keys": count}, as_json, f"{count} keys are encrypted with VOI_STORE_KEY. VOI_OLD_STORE_KEY can go.")


def _told_of_files(work: Any) -> Any:
    from voi.errors import ClientError

    try:
        return work()
    except OSError as error:
        raise ClientError(f"{error.filename or 'The file'} cannot be used: {error.strerror}.") from None


def _tell(counts: Any, as_json: bool, text: str) -> None:
    typer.echo(json.dumps(counts) if as_json else text)
