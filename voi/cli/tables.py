"""Where tables are printed."""

import sys
from typing import TextIO

from rich.console import Console

PIPE_WIDTH = 10_000


class _Trimmed:
    """Lines without the blanks that fill up a table's last column."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> int:
        self._out.write("\n".join(line.rstrip(" ") for line in text.split("\n")))
        return len(text)

    def flush(self) -> None:
        self._out.flush()


def console_for_tables() -> Console:
    """Standard output. A pipe or a file has no width, so nothing is folded there."""
    console = Console()
    return console if console.is_terminal else Console(width=PIPE_WIDTH, file=_Trimmed(sys.stdout))  # type: ignore[arg-type]
