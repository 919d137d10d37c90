"""`voi audit`: what managers and operators changed."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from voi.cli.options import AsJson

if TYPE_CHECKING:
    from voi.config.settings import Settings
    from voi.store.audit import Act
    from voi.store.store import Store


def audit(
    since: Annotated[str | None, typer.Option(help="Only since that date or time (UTC).")] = None,
    most: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List what was changed with the API key and by commands on the machine, and by whom; the newest first."""
    from voi.cli.open_store import parse_date, time_of, with_store

    since_ms = parse_date(since) or 0

    async def work(store: "Store", _: "Settings") -> "list[Act]":
        from voi.store.audit import list_acts

        async with store.reading() as connection:
            return await list_acts(connection, most, since_ms)

    found: list[Act] = with_store(work, if_missing=[] if as_json else None)
    if as_json:
        typer.echo(json.dumps([asdict(act) for act in found], ensure_ascii=False))
        return
    if not found:
        typer.echo("Nothing is on record.")
    for act in found:
        typer.echo(f"{time_of(act.at_ms)}  {act.who:40}  {act.what}: {act.result}")
