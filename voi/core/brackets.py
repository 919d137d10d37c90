"""Finds where the brackets of a printed call end, while it streams in."""

import re

_SIGN = re.compile(r"[\"'\\\[\](){}\n]")
_ARGUMENT_LABEL = re.compile(r"\[(?:ARGS|CALL_ID|TOOL_CONTENT)\]\Z")
_LABEL_CHARACTERS = 16


class Brackets:
    """`end(text)` with a text that grows: the index after the bracket that closes the first one. `begin`: where to
    start. `line_ends`: without a bracket, a call ends with its line."""

    __slots__ = ("_at", "_begin", "_closed", "_depth", "_line_ends", "_quote")

    def __init__(self, begin: int, *, line_ends: bool) -> None:
        self._begin = self._at = begin
        self._line_ends = line_ends
        self._depth = 0
        self._quote = ""
        self._closed = False

    def end(self, text: str) -> int | None:
        """None if it has not arrived yet. Each character is read once."""
        if self._closed:
            return self._at
        for found in _SIGN.finditer(text, self._at):
            if found.start() < self._at:
                continue
            sign = found[0]
            self._at = found.end()
            if sign == "\\":
                self._at = found.end() + 1
            elif self._quote:
                self._quote = "" if sign == self._quote else self._quote
            elif sign in "\"'":
                self._quote = sign if self._depth else ""
            elif sign in "[({":
                self._depth += 1
            elif sign == "\n":
                if self._line_ends and not self._depth and text[self._begin : found.start()].strip():
                    return found.start()
            else:
                self._depth -= 1
                at = found.end()
                if self._depth <= 0 and not _ARGUMENT_LABEL.search(text, max(0, at - _LABEL_CHARACTERS), at):
                    self._closed = True
                    return at
        self._at = max(self._at, len(text))
        return None
