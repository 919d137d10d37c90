"""Tables in a pipe are as wide as they are, without blanks at the ends of lines."""

import io
import sys

import pytest
from rich.table import Table

from voi.cli.tables import console_for_tables


def test_a_pipe_has_no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    table = Table(box=None, show_header=False)
    table.add_column(justify="right")
    table.add_column()
    table.add_row("a", "word " * 60)
    table.add_row("b", "short")
    console_for_tables().print(table)
    first, second = out.getvalue().splitlines()
    assert first.count("word") == 60
    assert second.endswith("short")
