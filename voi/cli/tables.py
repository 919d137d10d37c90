"""The console for printing tables."""

import sys
from typing import TextIO

from rich.console import Console

PIPE_WIDTH = 10_000


class _Trimmed:
    """A file that drops the trailing spaces of a table's last column."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> int:
        self._out.write("\n".join(line.rstrip(" ") for line in text.split("\n")))
        return len(text)

    def flush(self) -> None:
        self._out.flush()


def console_for_tables() -> Console:
    """A console for standard output. A pipe or a file has no width, so lines are not folded there."""
    console = Console()
    return console if console.is_terminal else Console(width=PIPE_WIDTH, file=_Trimmed(sys.stdout))  # type: ignore[arg-type]
