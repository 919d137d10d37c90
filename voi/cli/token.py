"""`voi token`: a token for a client."""

import json
from typing import Annotated

import typer


def token(
    app: Annotated[str, typer.Argument(help="Whom the token is for: the name of an app.")],
    expire: Annotated[float, typer.Option(help="Days until it expires.")] = 1.0,
    person: Annotated[str, typer.Option(help="Whom it is for, in the app's own words, such as an id.")] = "",
    names_people: Annotated[
        bool, typer.Option("--names-people", help="For a service of the app, which says itself whom it connects.")
    ] = False,
    own_agents: Annotated[
        bool, typer.Option("--own-agents", help="Its client may bring an agent of its own (agent_config).")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")] = False,
) -> None:
    """Print a token, signed with TOKEN_SECRET_KEY, that a client connects with: /ws?token=TOKEN."""
    from voi.config.settings import load_settings
    from voi.server.auth import issue_token

    settings = load_settings()
    token = issue_token(
        app, settings.require_token_secret(), expire, person, names_people=names_people, own_agents=own_agents
    )
    typer.echo(json.dumps({"app": app, "token": token, "expire_days": expire}) if as_json else token)
    if settings.store != "off":
        _note(token, settings.require_token_secret())


def _note(token: str, secret: str) -> None:
    """Record it in the store, so that it can be listed and revoked. If that fails, it is still printed and valid."""
    from voi.cli.open_store import with_store
    from voi.errors import ConfigError, StoreError
    from voi.server.auth import read_token
    from voi.server.tokens import note_claims

    try:
        claims = read_token(token, secret)
        act = f"voi token {claims.app}{' --names-people' * claims.names_people}{' --own-agents' * claims.own_agents}"
        with_store(lambda store, _: note_claims(store, claims), f"{act}: {claims.id}", make=True)
    except (ConfigError, StoreError) as error:
        typer.secho(f"warning: the token is not in the store, and can only be revoked by its app: {error}", err=True)
