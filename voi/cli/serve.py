"""`voi serve`: the server."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from voi.config.settings import Settings


def serve(
    host: Annotated[str | None, typer.Option(help="Instead of VOI_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Instead of VOI_PORT; 0 for any free one.")] = None,
    agents: Annotated[Path | None, typer.Option(help="Instead of VOI_AGENTS_FILE.")] = None,
    cert: Annotated[Path | None, typer.Option(help="TLS certificate, instead of VOI_TLS_CERT_FILE.")] = None,
    key: Annotated[Path | None, typer.Option(help="Its key, instead of VOI_TLS_KEY_FILE.")] = None,
) -> None:
    """Start the server. It is ready when it says so; stop it with Ctrl+C."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # its threads spin: for products as small as ours twice the CPU
    from voi.config.client_agent import hint_of_grants
    from voi.config.settings import load_settings

    given = {"host": host, "port": port, "agents_file": agents, "tls_cert_file": cert, "tls_key_file": key}
    settings = load_settings(**given)
    if not settings.worker_name and (hint := hint_of_grants(settings)):
        typer.secho(f"hint: {hint}", dim=True, err=True)
    if settings.workers > 1:
        serve_by_workers(settings, {name: str(value) for name, value in given.items() if value is not None})
        return
    name = f"{settings.worker_name}: " if settings.worker_name else ""
    typer.secho(f"{name}Starting the engines …", dim=True, err=True)

    from voi.server.belonging import report_ready, stop_with_parent
    from voi.server.run import run

    def on_ready(address: str) -> None:
        typer.secho(f"{name}Voi is ready at {address}", fg="green", bold=True, err=True)
        if not name:
            typer.echo(f"Try it:  {command_of_voi()} talk --help", err=True)
        report_ready()

    stop_with_parent()
    run(settings, lambda text: typer.secho(f"  {name}{text}", dim=True, err=True), on_ready)


def command_of_voi() -> str:
    """What to type for `voi` here: in an environment that is not active, its script's path."""
    import shutil
    import sys
    from pathlib import Path

    beside = Path(sys.executable).with_name("voi")
    if shutil.which("voi") or not beside.exists():
        return "voi"
    return str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)


def serve_by_workers(settings: "Settings", given: dict[str, str]) -> None:
    """Several servers, and one process of engines for a GPU. `given`: settings of the command line, by name."""
    from voi.config.settings import env_name
    from voi.server.workers import run

    def on_ready(ports: range) -> None:
        where = f"ports {ports[0]} to {ports[-1]}"
        typer.secho(f"Voi is ready: {len(ports)} workers at {where}", fg="green", bold=True, err=True)

    run(settings, {env_name(name): value for name, value in given.items()}, on_ready)
