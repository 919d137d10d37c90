"""The caller's own pace: the agent waits a little longer for a caller who pauses long in mid-turn."""

from collections import deque

NOTED_MIN_MS = 200
"""Shorter silences occur in every sentence and are not counted."""
NOTED_MAX_MS = 2_000
"""Longer ones are not counted: the caller may have begun something new."""
REMEMBERED = 6
SHARE = 0.5
FLOOR_MAX_MS = 480
"""Upper bound of the floor: waiting longer costs more than it saves (docs/turn-taking.md)."""


class Pace:
    """The last pauses, in ms, after which one caller went on speaking."""

    __slots__ = ("_pauses_ms",)

    def __init__(self) -> None:
        self._pauses_ms: deque[int] = deque(maxlen=REMEMBERED)

    def went_on(self, after_ms: int) -> None:
        """Note that the caller went on after `after_ms` of silence, within a turn or after an answer cut them off."""
        if NOTED_MIN_MS <= after_ms <= NOTED_MAX_MS:
            self._pauses_ms.append(after_ms)

    @property
    def floor_ms(self) -> int:
        """No silence shorter than this, in ms, ends the caller's turn; 0 while too little is known."""
        return min(FLOOR_MAX_MS, round(SHARE * max(self._pauses_ms, default=0)))
