"""`voi usage`: what was used, and what it cost."""

import json
import sys
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voi.cli.options import AsJson

if TYPE_CHECKING:
    from voi.config.settings import Settings
    from voi.store.store import Store


def usage(
    since: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="From this day on. Default: this month's first.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="Up to this day, it included. Default: today.")
    ] = None,
    by: Annotated[
        str, typer.Option(help="A row for each combination: day, app, agent, kind, provider, model.")
    ] = "app,kind,model",
    app: Annotated[str, typer.Option(help="Only this app.")] = "",
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, for spreadsheets.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print tokens, seconds, characters and money of each app, agent, model or day. Days are UTC. Money is in the
    currency of the prices (VOI_PRICES_FILE); what has no known price is counted as unpriced."""
    from voi.cli.open_store import with_store
    from voi.store.usage import write_csv

    groups = [name.strip() for name in by.split(",") if name.strip()]
    today = datetime.now(UTC).date()
    first, last = _day(since) if since else today.replace(day=1), _day(until) if until else today

    async def work(store: "Store", _: "Settings") -> list[dict[str, Any]]:
        from voi.store.usage import read_usage

        async with store.reading() as connection:
            return await read_usage(connection, groups, first.isoformat(), last.isoformat(), app, 1_000_000)

    rows: list[dict[str, Any]] = with_store(work, if_missing=[] if as_json or as_csv else None)
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    elif as_csv:
        write_csv(rows, groups, sys.stdout)
    elif not rows:
        typer.echo("Nothing was used in that time.")
    else:
        _print(rows)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("a day looks like 2026-11-28") from None


def _print(rows: list[dict[str, Any]]) -> None:
    names = list(rows[0])
    table = [names, *([_shown(name, row[name]) for name in names] for row in rows)]
    widths = [max(len(line[at]) for line in table) for at in range(len(names))]
    for line in table:
        cells = (
            cell.ljust(width) if isinstance(rows[0][name], str) else cell.rjust(width)
            for cell, width, name in zip(line, widths, names, strict=True)
        )
        typer.echo("  ".join(cells).rstrip())


def _shown(name: str, value: Any) -> str:
    if name == "cost":
        return f"{value:.4f}"
    return f"{value:.1f}" if name == "seconds" else str(value) or "-"
