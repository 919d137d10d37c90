"""Digits that a person enters with the keys of a telephone: gathered, and ended by #, a pause, or by being whole."""

import asyncio
import re
from collections.abc import Callable

KEYS = frozenset("0123456789*#ABCD")
KEYS_MAX = 64
"""More keys than that in a row are nobody's number."""
PAUSE_S = 4.0
"""After so long without a key the entry is over."""


def keys_said(what: str) -> str:
    """What the agent is told of an entry, in place of the person's words."""
    return f"[entered with the telephone's keys: {what}]"


_SAID = re.compile(r"\[entered with the telephone's keys: [^\]]*\]")


def without_keys(text: str) -> str:
    """The words of a message that were spoken."""
    return _SAID.sub("", text).strip()


class KeyEntry:
    """The keys of one conversation. `suffice` says whether nothing can follow the digits so far; `entered` is told each
    entry. * begins it again."""

    __slots__ = ("_digits", "_entered", "_suffice", "_timer")

    def __init__(self, suffice: Callable[[str], bool], entered: Callable[[str], None]) -> None:
        self._suffice = suffice
        self._entered = entered
        self._digits = ""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def begun(self) -> bool:
        """Digits were entered, and more may follow."""
        return bool(self._digits)

    def press(self, key: str) -> None:
        """A key was pressed. Anything that is no key of a telephone is ignored."""
        if key not in KEYS:
            return
        self._stop_timer()
        if key == "#":
            self._end()
        elif key == "*":
            self._digits = ""
        else:
            self._digits += key
            if len(self._digits) >= KEYS_MAX or self._suffice(self._digits):
                self._end()
            else:
                self._timer = asyncio.get_running_loop().call_later(PAUSE_S, self._end)

    def close(self) -> None:
        """The conversation is over."""
        self._stop_timer()
        self._digits = ""

    def _end(self) -> None:
        self._stop_timer()
        digits, self._digits = self._digits, ""
        if digits:
            self._entered(digits)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
