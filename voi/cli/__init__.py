"""`voi`: the command line. Each command is a module voi/cli/NAME.py with a function NAME, imported when called."""

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from voi import __version__
from voi.engines.leaving import finish_gpu_work
from voi.errors import ConfigError, VoiError

EXTRAS = {
    "torch": "xtts (or whisper)", "tokenizers": "xtts", "py3langid": "xtts", "whisper": "whisper", "av": "media",
    "faster_whisper": "faster-whisper", "ctranslate2": "faster-whisper", "onnxruntime": "turn", "litellm": "litellm",
    "sounddevice": "sound", "TTS": "train", "trainer": "train", "transformers": "train", "pyarrow": "train",
    "soundfile": "train", "soxr": "train", "asyncpg": "postgres", "livekit": "echo",
    "mcp": "mcp", "wyoming": "wyoming", "zeroconf": "zeroconf",
}  # fmt: skip
"""Which extra of ./install.sh brings a package that some commands need."""
COMMANDS = (
    "serve", "token", "check", "test", "ab", "simulate", "mcp", "talk", "softphone", "replay", "schema", "cert",
    "doctor", "bench", "models", "voice", "tts", "stt", "call", "calls", "phones", "people", "memory", "apps", "tokens",
    "usage", "audit", "store", "knowledge", "train", "engines",
)  # fmt: skip


HELP = {"max_content_width": 120}
"""`--help` is plain text: flags without a value's type, and as wide as the terminal."""


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
        single = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
        single.command(cmd_name, context_settings=HELP)(command)
        return typer.main.get_command(single)


app = typer.Typer(
    cls=_LazyGroup,
    help="Realtime voice agents on your own machine: Voi hears, answers and can be interrupted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=HELP,
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


def elsewhere() -> str:
    """What to tell of a mistake in the configuration that may only be one of the folder; "": it has a `.env`."""
    if Path(".env").is_file():
        return ""
    return f"{Path.cwd()} has no .env, so only the environment counts. Voi may have been installed in another folder."


def main(args: Sequence[str] | None = None) -> None:
    """Run a command and exit. Errors are printed without a traceback. Exit codes: 1 for an error, 2 for a wrong command
    line."""
    try:
        app(args=list(sys.argv[1:] if args is None else args), prog_name="voi")
    except VoiError as error:
        typer.secho(f"voi: {error}", fg="red", err=True)
        if isinstance(error, ConfigError) and (hint := elsewhere()):
            typer.echo(hint, err=True)
        raise SystemExit(1) from None
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            raise
        typer.secho(f"voi: This needs the package {package}. Run: ./install.sh {EXTRAS[package]}", fg="red", err=True)
        raise SystemExit(1) from None
    except OSError as error:  # the disk is full, or a file was removed
        where = error.filename or "standard output"
        typer.secho(f"voi: {where} cannot be used: {error.strerror or error}.", fg="red", err=True)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    finally:
        finish_gpu_work()
