"""`voi token`: a token for a client."""

import json
from typing import Annotated

import typer


def token(
    app: Annotated[str, typer.Argument(help="Whom the token is for: the name of an app.")],
    expire: Annotated[float, typer.Option(help="Days until it expires.")] = 1.0,
    person: Annotated[str, typer.Option(help="Whom it is for, in the app's own words, such as an id.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")] = False,
) -> None:
    """Print a token, signed with TOKEN_SECRET_KEY, that a client connects with: /ws?token=TOKEN."""
    from voi.config.settings import load_settings
    from voi.server.auth import issue_token

    token = issue_token(app, load_settings().require_token_secret(), expire, person)
    typer.echo(json.dumps({"app": app, "token": token, "expire_days": expire}) if as_json else token)
