"""`voi apps`: the apps that tokens were made for, and their quotas."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voi.cli.options import AsJson

if TYPE_CHECKING:
    from voi.config.settings import Settings
    from voi.store.store import Store

apps = typer.Typer(
    help="The apps: list them, and set what each may use. Servers heed it within seconds.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@apps.command("list")
def list_apps(as_json: AsJson = False) -> None:
    """List the apps with their quotas, and what each used today and this month (UTC)."""
    from voi.cli.open_store import with_store

    async def work(store: "Store", _: "Settings") -> list[dict[str, Any]]:
        from voi.store.observer import now_ms
        from voi.store.quotas import list_apps

        async with store.reading() as connection:
            return await list_apps(connection, now_ms())

    found: list[dict[str, Any]] = with_store(work, if_missing=[] if as_json else None)
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    if not found:
        typer.echo("No app was issued a token, or given a quota, yet.")
    for each in found:
        quota = each["quota"]
        typer.echo(
            f"{each['app']:20}  calls {each['calls']} of {_most(quota['max_conversations'])}  "
            f"minutes today {each['minutes_today']:.1f} of {_most(quota['minutes_per_day'])}  "
            f"money today {each['cost_today']:.2f} of {_most(quota['cost_per_day'])}, "
            f"this month {each['cost_this_month']:.2f} of {_most(quota['cost_per_month'])}"
        )


@apps.command("set")
def set_quota(
    app: Annotated[str, typer.Argument(help="The name that its tokens are made for.")],
    max_conversations: Annotated[int | None, typer.Option(min=0, help="Most conversations at once.")] = None,
    minutes_per_day: Annotated[int | None, typer.Option(min=0, help="Most minutes of calls a day (UTC).")] = None,
    cost_per_day: Annotated[float | None, typer.Option(min=0, help="Most money a day (VOI_PRICES_FILE).")] = None,
    cost_per_month: Annotated[float | None, typer.Option(min=0, help="Most money a month.")] = None,
    unlimited: Annotated[bool, typer.Option("--unlimited", help="First remove all limits of the app.")] = False,
) -> None:
    """Set what an app may use. What is not given stays as it is."""
    from voi.cli.open_store import with_store
    from voi.server.auth import checked_app

    checked_app(app)
    given = {
        "max_conversations": max_conversations, "minutes_per_day": minutes_per_day, "cost_per_day": cost_per_day,
        "cost_per_month": cost_per_month,
    }  # fmt: skip
    if not unlimited and all(value is None for value in given.values()):
        raise typer.BadParameter("say what to limit, or --unlimited")

    async def work(store: "Store", _: "Settings") -> None:
        from voi.store.observer import now_ms
        from voi.store.quotas import set_quota

        changes = {name: value for name, value in given.items() if unlimited or value is not None}
        async with store.writing() as connection:
            await set_quota(connection, app, changes, now_ms())

    told = " ".join(f"{name}={value}" for name, value in given.items() if value is not None)
    with_store(work, f"voi apps set {app} {'unlimited ' if unlimited else ''}{told}".rstrip(), make=True)
    typer.echo(f"{app} has its new limits.")


def _most(limit: float | None) -> str:
    return "any" if limit is None else f"{limit:g}"
