"""`voi engines`: models for a GPU, served to all Voi servers of this machine."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer


def engines(
    socket: Annotated[Path | None, typer.Option(help="Unix socket, instead of VOI_ENGINES_SOCKET.")] = None,
) -> None:
    """Serve models for a GPU to all Voi servers of this machine that have the same VOI_ENGINES_SOCKET and the same
    TOKEN_SECRET_KEY. Models are loaded when the first server asks for them. Stop it with Ctrl+C."""
    from voi.config.settings import load_settings
    from voi.engines.host import serve
    from voi.errors import ConfigError
    from voi.server.belonging import report_ready, stop_with_parent
    from voi.server.logging import set_up_logging

    settings = load_settings(engines_socket=socket)
    path = settings.engines_socket
    if path is None:
        raise ConfigError("Say where: voi engines --socket PATH, or VOI_ENGINES_SOCKET.")
    secret = settings.require_token_secret()
    set_up_logging(settings.log_level, settings.log_format, [secret], words=settings.log_words, worker="engines")
    stop_with_parent()

    def on_ready() -> None:
        typer.secho(f"Voi serves engines at {path}", fg="green", err=True)
        report_ready()

    async def run() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for sig in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sig, stop.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: None)  # only the servers read the configuration
        await serve(path, secret.encode(), stop, on_ready)

    import uvloop

    uvloop.run(run())
