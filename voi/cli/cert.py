"""`voi cert`: a self-signed certificate, for development."""

from pathlib import Path
from typing import Annotated

import typer


def cert(
    host: Annotated[list[str] | None, typer.Option(help="A further name or address of this machine.")] = None,
    folder: Annotated[Path, typer.Option(help="Where to put cert.pem and key.pem.")] = Path("certs"),
    days: Annotated[int, typer.Option(help="How long it is valid.", min=1, max=3650)] = 365,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
) -> None:
    """Make a self-signed TLS certificate for localhost and this machine. Browsers warn of it until you trust it."""
    from voi.server.certificate import write_self_signed

    cert_file, key_file = write_self_signed(folder, host or [], days, force=force)
    typer.echo(f"{cert_file} and {key_file} are ready. Put into .env:")
    typer.echo(f"VOI_TLS_CERT_FILE={cert_file}\nVOI_TLS_KEY_FILE={key_file}")
