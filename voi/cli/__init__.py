"""`voi`: the command line. Each command is a module voi/cli/NAME.py with a function NAME, imported when called."""

import importlib
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from voi import __version__
from voi.errors import VoiError

COMMANDS = (
    "serve", "token", "check", "talk", "replay", "schema", "cert", "doctor", "bench", "models", "voice", "tts", "stt",
    "train",
)  # fmt: skip


class _LazyGroup(TyperGroup):
    """Commands by name; heavy imports are inside their functions, so that even `voi --help` is quick."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"voi.cli.{cmd_name}")
        command = getattr(module, cmd_name)
        if isinstance(command, typer.Typer):
            group = typer.main.get_command(command)
            group.name = cmd_name
            return group
        single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        single.command(cmd_name)(command)
        return typer.main.get_command(single)


app = typer.Typer(
    cls=_LazyGroup,
    help="Realtime voice agents on your own machine: Voi hears, answers and can be interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"voi {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


def main(args: Sequence[str] | None = None) -> None:
    """Run a command and exit. Mistakes are told in words, without a traceback: 1; a wrong command line: 2."""
    try:
        app(args=list(sys.argv[1:] if args is None else args), prog_name="voi")
    except VoiError as error:
        typer.secho(f"voi: {error}", fg="red", err=True)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
