"""This caller's own pace: who pauses long in the middle of what they say is waited for a little longer."""

from collections import deque

NOTED_MIN_MS = 200
"""Shorter silences belong to every sentence."""
NOTED_MAX_MS = 2_000
"""After a longer one they may as well have begun something new."""
REMEMBERED = 6
SHARE = 0.5
FLOOR_MAX_MS = 480
"""More patience costs more than it saves: docs/turn-taking.md."""


class Pace:
    """The last pauses of one caller, in ms: those after which they went on."""

    __slots__ = ("_pauses_ms",)

    def __init__(self) -> None:
        self._pauses_ms: deque[int] = deque(maxlen=REMEMBERED)

    def went_on(self, after_ms: int) -> None:
        """They spoke on after so much silence, within a turn or cut off by our answer."""
        if NOTED_MIN_MS <= after_ms <= NOTED_MAX_MS:
            self._pauses_ms.append(after_ms)

    @property
    def floor_ms(self) -> int:
        """No silence shorter than this ends their turn; 0 while nothing is known of them."""
        return min(FLOOR_MAX_MS, round(SHARE * max(self._pauses_ms, default=0)))
