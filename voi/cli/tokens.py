"""`voi tokens`: the tokens that were issued, and how to revoke them."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voi.cli.options import AsJson

if TYPE_CHECKING:
    from voi.config.settings import Settings
    from voi.store.store import Store

tokens = typer.Typer(
    help="The tokens that were issued: list and revoke them. Servers heed it within seconds.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@tokens.command("list")
def list_issued(
    app: Annotated[str, typer.Option(help="Only those of this app.")] = "",
    as_json: AsJson = False,
) -> None:
    """List tokens that have not expired long ago, the newest first. Times are UTC."""
    from voi.cli.open_store import time_of, with_store

    async def work(store: "Store", _: "Settings") -> list[dict[str, Any]]:
        from voi.store.tokens import list_tokens

        async with store.reading() as connection:
            return await list_tokens(connection, app)

    found: list[dict[str, Any]] = with_store(work, if_missing=[] if as_json else None)
    if as_json:
        from voi.store.tokens import shown_token

        typer.echo(json.dumps([shown_token(row) for row in found]))
        return
    if not found:
        typer.echo("No token was issued yet.")
    for row in found:
        state = f"revoked {time_of(row['revoked_ms'])}" if row["revoked_ms"] else f"until {time_of(row['expires_ms'])}"
        grants = "  names people" * row["names_people"] + "  own agents" * row["own_agents"]
        typer.echo(f"{row['id']}  {row['app']:20}  issued {time_of(row['issued_ms'])}  {state}{grants}")


@tokens.command("revoke")
def revoke(
    token_id: Annotated[str, typer.Argument(help="The id that `voi tokens list` shows.")] = "",
    app: Annotated[str, typer.Option(help="Revoke all tokens that this app has now.")] = "",
) -> None:
    """Revoke a token, or all of an app. Calls that have begun go on."""
    from voi.cli.open_store import with_store
    from voi.errors import ClientError
    from voi.server.auth import checked_app

    if bool(token_id) == bool(app):
        raise typer.BadParameter("give either the id of a token, or --app")
    if app:
        checked_app(app)

    async def work(store: "Store", _: "Settings") -> None:
        from voi.server.tokens import now_ms
        from voi.store.tokens import revoke_app, revoke_token

        async with store.writing() as connection:
            if app:
                await revoke_app(connection, app, now_ms())
            elif not await revoke_token(connection, token_id, now_ms()):
                raise ClientError(f"There is no token {token_id!r}, or it was revoked before.")

    with_store(work, f"voi tokens revoke {f'--app {app}' if app else token_id}", make=True)
    typer.echo(f"All tokens that {app} had are revoked." if app else f"The token {token_id} is revoked.")
