"""What conversations share: the server's memory for pictures, and each app's questions to LLMs (`invoke_llm`)."""

import time
from collections.abc import Callable

APPS_MAX = 1_000
"""Most apps that are remembered. An app that asked nothing for a minute has its whole budget, and is forgotten."""
PER_S = 60.0


class PictureBudget:
    """How many characters the pictures of all conversations together may have, as data: URLs."""

    def __init__(self, max_characters: int) -> None:
        self._max_characters = max_characters
        self._held: dict[str, int] = {}
        self.characters = 0
        """Characters held at the moment."""

    def hold(self, conversation_id: str, characters: int) -> bool:
        """The conversation will hold that many characters in all. False: that is too much for the server, and it holds
        what it held before."""
        more = characters - self._held.get(conversation_id, 0)
        if more > 0 and self.characters + more > self._max_characters:
            return False
        self._held[conversation_id] = characters
        self.characters += more
        return True

    def release(self, conversation_id: str) -> None:
        """The conversation is over: its pictures no longer count."""
        self.characters -= self._held.pop(conversation_id, 0)


class QuestionBudget:
    """How often each app's clients may ask an LLM outside of a conversation: `per_minute` times, also all at once."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}
        """For each app, the questions left at a time, and that time."""

    def why_not(self, app: str) -> str:
        """Why the app may not ask one more; "": it may, and it is counted."""
        return "" if self.take(app) else "this app has asked as often as it may in a minute. Wait a little."

    def left(self, app: str) -> tuple[int, int, float]:
        """How many questions the app may ask at once, how many it has left of these, and in how many seconds it has all
        of them again."""
        left = self._left_at(app, self._clock())
        missing_s = (self._per_minute - left) * PER_S / self._per_minute if self._per_minute else 0.0
        return self._per_minute, int(left), missing_s

    def _left_at(self, app: str, now_s: float) -> float:
        left, at_s = self._left.get(app, (float(self._per_minute), now_s))
        return min(float(self._per_minute), left + (now_s - at_s) * self._per_minute / PER_S)

    def take(self, app: str) -> bool:
        """True if the app may ask one more question, which is then counted."""
        now_s = self._clock()
        left = self._left_at(app, now_s)
        if left < 1:
            return False
        self._left[app] = (left - 1, now_s)
        if len(self._left) > APPS_MAX:
            self._left = {name: at for name, at in self._left.items() if now_s - at[1] < PER_S}
        return True
