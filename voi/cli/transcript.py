"""Prints who says what: on a terminal a message grows in its place; in a pipe each is printed once, when it is done.
For other programs there is one JSON object a line."""

import json
import shutil
import sys
import unicodedata
from collections.abc import Callable
from typing import Any, Protocol, TextIO

import typer

COLOURS = {"agent": "cyan", "error": "red", "latency": "bright_black", "saved": "bright_black", "why": "bright_black"}
_UP_AND_CLEAR = "\x1b[{}F\x1b[J"
"""Moves the cursor up that many lines, and clears everything below (ECMA-48: CPL and ED)."""


class TalkOutput(Protocol):
    """Where a conversation is printed. `who`: you, agent, or the subject of the line."""

    def show(self, message_id: int, who: str, words: str) -> None:
        """Show a message; the same id again replaces it."""

    def say(self, who: str, words: str, **facts: Any) -> None:
        """Print something that does not change. `facts`: the content of the words, for programs."""

    def finish(self) -> None:
        """The message shown last is complete."""


class JsonLines:
    """One object a line, each with `at_s`, the seconds since the conversation began, and `event`. A message is printed
    once, when it is done."""

    def __init__(self, elapsed_s: Callable[[], float], out: TextIO | None = None) -> None:
        self._elapsed_s = elapsed_s
        self._out = out or sys.stdout
        self._newest: dict[str, Any] | None = None

    def show(self, message_id: int, who: str, words: str) -> None:
        if self._newest is not None and self._newest["id"] != message_id:
            self.finish()
        self._newest = self._event("message", {"id": message_id, "from": who, "text": words})

    def say(self, who: str, words: str, **facts: Any) -> None:
        self.finish()
        self._print(self._event(who, facts or {"text": words}))

    def finish(self) -> None:
        if self._newest is not None:
            newest, self._newest = self._newest, None
            if newest["text"]:  # otherwise nothing of it was heard
                self._print(newest)

    def _event(self, name: str, facts: dict[str, Any]) -> dict[str, Any]:
        return {"at_s": round(self._elapsed_s(), 3), "event": name, **facts}

    def _print(self, event: dict[str, Any]) -> None:
        self._out.write(json.dumps(event, ensure_ascii=False) + "\n")
        self._out.flush()


class TranscriptLog:
    """`elapsed_s` gives the seconds since the conversation began, which are printed before each line. Errors go to
    standard error. `width`: columns of the terminal, asked for at each change."""

    def __init__(
        self,
        elapsed_s: Callable[[], float],
        out: TextIO | None = None,
        width: Callable[[], int] = lambda: shutil.get_terminal_size().columns,
    ) -> None:
        self._elapsed_s = elapsed_s
        self._out = out or sys.stdout
        self._width = width
        self._is_terminal = self._out.isatty()
        self._newest: tuple[int, str] | None = None
        """The message that may still grow: its id and its line."""
        self._who = ""
        self._notes: list[tuple[str, str]] = []
        """What is to be printed once the newest message is done."""

    def show(self, message_id: int, who: str, words: str) -> None:
        """Show a message; the same id again replaces it, and without words takes it away."""
        line = f"{self._elapsed_s():7.2f} s  {who:8} {words}"
        grows = self._newest is not None and self._newest[0] == message_id
        if not grows:
            self.finish()
        if self._is_terminal:
            if grows and self._newest:
                self._out.write(_UP_AND_CLEAR.format(self._rows(self._newest[1])))
            if words:
                self._print(who, line)
        if words:
            self._newest, self._who = (message_id, line), who
        elif grows:
            self._newest = None

    def say(self, who: str, words: str, **facts: Any) -> None:
        """Print something that does not change. A latency, or a reason, waits until the message that it is about is
        done."""
        line = f"{self._elapsed_s():7.2f} s  {who:8} {words}"
        if who in ("latency", "why") and self._newest is not None:
            self._notes.append((who, line))
            return
        self.finish()
        if who == "error":
            typer.secho(line, fg=COLOURS["error"], err=True)
        else:
            self._print(who, line)

    def finish(self) -> None:
        """The message shown last is complete."""
        if self._newest is not None and not self._is_terminal:
            self._print(self._who, self._newest[1])
        self._newest = None
        for who, line in self._notes:
            self._print(who, line)
        self._notes.clear()

    def _print(self, who: str, line: str) -> None:
        typer.secho(line, self._out, fg=COLOURS.get(who))
        self._out.flush()

    def _rows(self, line: str) -> int:
        """Rows that the line takes on the terminal. Wide characters (Unicode annex 11) take two columns."""
        columns = sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)
        return max(1, -(-columns // max(1, self._width())))
