"""`voi doctor`: what this machine has, what can run, and what to do about the rest."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from voi.cli.findings import Finding


def doctor(
    providers: Annotated[
        bool,
        typer.Option("--providers", help="Only ask each configured provider whether its key is good."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")] = False,
) -> None:
    """Look at this machine, the configuration and the engines. Exits with 1 when the server could not run."""
    from voi.cli import findings

    if providers:
        _print_providers(as_json=as_json)
        return
    found = findings.machine() + _configured()
    ok = all(each.state is not findings.Grade.WRONG for each in found)
    if as_json:
        typer.echo(findings.as_json(found, ok))
    else:
        _print(found)
        typer.echo("Ready to serve." if ok else "Not ready to serve: see what is marked ✗.")
    if not ok:
        raise typer.Exit(1)


def _print_providers(*, as_json: bool) -> None:
    import asyncio

    from rich.console import Console

    from voi.cli import findings
    from voi.cli.provider_findings import providers
    from voi.config.settings import load_settings
    from voi.errors import ConfigError

    try:
        settings = load_settings()
    except ConfigError as error:
        found = [findings.Finding("configuration", "mistake", findings.Grade.WRONG, text) for text in error.problems]
    else:
        configuration, config = findings.configuration(settings)
        found = [each for each in configuration if each.what == "mistake"]
        with Console(stderr=True).status("Asking the providers"):
            found += asyncio.run(providers(settings, config))
    ok = all(each.state is not findings.Grade.WRONG for each in found)
    if as_json:
        typer.echo(findings.as_json(found, ok))
    elif found:
        _print(found)
    else:
        typer.echo("No provider is configured: all engines run on this machine.")
    if not ok:
        raise typer.Exit(1)


def _configured() -> "list[Finding]":
    import asyncio

    from rich.console import Console
    from rich.text import Text

    from voi.cli import findings
    from voi.cli.engine_findings import engines
    from voi.config.settings import load_settings
    from voi.errors import ConfigError

    try:
        settings = load_settings()
    except ConfigError as error:
        return [findings.Finding("configuration", "mistake", findings.Grade.WRONG, text) for text in error.problems]
    found, config = findings.configuration(settings)
    found += findings.system(settings)
    with Console(stderr=True).status("") as status:
        return found + asyncio.run(engines(settings, config, lambda text: status.update(Text(text))))


def _print(found: "list[Finding]") -> None:
    from rich.table import Table
    from rich.text import Text

    from voi.cli.tables import console_for_tables

    marks = {"ok": Text("✓", "green"), "missing": Text("-", "yellow"), "wrong": Text("✗", "red")}
    table = Table(box=None, pad_edge=False, padding=(0, 1), show_header=False)
    for column in ("group", "mark", "what"):
        table.add_column(column, no_wrap=True)
    table.add_column("detail", overflow="fold")
    group = ""
    for each in found:
        head = "" if each.group == group else each.group
        group = each.group
        detail = Text(each.detail)
        if each.cure:
            detail.append(f"\n→ {each.cure}", "red" if each.state == "wrong" else "yellow")
        table.add_row(Text(head, "bold"), marks[each.state], Text(each.what), detail)
    console_for_tables().print(table)
