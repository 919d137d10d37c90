"""`voi serve`: the server."""

from pathlib import Path
from typing import Annotated

import typer


def serve(
    host: Annotated[str | None, typer.Option(help="Instead of VOI_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Instead of VOI_PORT; 0 for any free one.")] = None,
    agents: Annotated[Path | None, typer.Option(help="Instead of VOI_AGENTS_FILE.")] = None,
    cert: Annotated[Path | None, typer.Option(help="TLS certificate, instead of VOI_TLS_CERT_FILE.")] = None,
    key: Annotated[Path | None, typer.Option(help="Its key, instead of VOI_TLS_KEY_FILE.")] = None,
) -> None:
    """Start the server. It is ready when it says so; stop it with Ctrl+C."""
    from voi.config.settings import load_settings

    settings = load_settings(host=host, port=port, agents_file=agents, tls_cert_file=cert, tls_key_file=key)
    typer.secho("Starting the engines …", dim=True, err=True)

    from voi.server.run import run

    def on_ready(address: str) -> None:
        typer.secho(f"Voi is ready at {address}", fg="green", bold=True, err=True)
        typer.echo("Try it:  voi talk --help", err=True)

    run(settings, lambda text: typer.secho(f"  {text}", dim=True, err=True), on_ready)
