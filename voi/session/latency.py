"""How long each step of a turn took, counted from the end of the person's speech."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TurnTimes:
    """Milliseconds from the end of speech (for typed text: from the request) to each step. None: it did not happen.

    A speculative reply's steps come before the endpoint. `turn` counts answers from 1.
    """

    turn: int
    speculative: bool
    endpoint_ms: int
    transcript_ms: int | None = None
    first_token_ms: int | None = None
    first_sound_ms: int | None = None
    first_sent_ms: int | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class _Moments:
    """Moments of one reply, ms on the session's clock."""

    __slots__ = (
        "ahead", "decided_ms", "owes_sound", "sound_ms", "speculative", "speech_end_ms", "token_ms", "transcript_ms"
    )  # fmt: skip

    def __init__(self, speculative: bool) -> None:
        self.speculative = speculative
        self.speech_end_ms = 0
        self.transcript_ms: int | None = None
        self.token_ms: int | None = None
        self.sound_ms: int | None = None
        self.decided_ms: int | None = None
        self.ahead = False
        """Something is said ahead of its own words."""
        self.owes_sound = False
        """That is being heard; the turn ends with the first sound of its own."""


class Latency:
    """Collects the times of the turns under way. All arguments named `_ms` are ms on the session's clock."""

    __slots__ = ("_quiet_ms", "_replies", "_speech_end_ms", "_transcript_ms", "_turns")

    def __init__(self) -> None:
        self._speech_end_ms = 0
        self._quiet_ms = 0
        self._transcript_ms: int | None = None
        self._replies: dict[int, _Moments] = {}
        self._turns = 0

    def quiet(self, quiet_ms: int, now_ms: int) -> None:
        """The person has been quiet for `quiet_ms`."""
        if not 0 < self._quiet_ms < quiet_ms:
            self.asked(now_ms - quiet_ms)
        self._quiet_ms = quiet_ms

    def asked(self, now_ms: int) -> None:
        """The client asked for an answer, which ends the person's turn."""
        self._quiet_ms = 0
        self._speech_end_ms = now_ms
        self._transcript_ms = None

    def transcribed(self, now_ms: int) -> None:
        self._transcript_ms = now_ms

    def started(self, reply: int, *, speculative: bool) -> None:
        self._replies[reply] = _Moments(speculative)

    def token(self, reply: int, now_ms: int) -> None:
        marks = self._replies.get(reply)
        if marks and marks.token_ms is None:
            marks.token_ms = now_ms

    def awaits_sound(self, reply: int) -> bool:
        """None of its sound has come, or it was heard without any of its own."""
        marks = self._replies.get(reply)
        return marks is not None and (marks.sound_ms is None or marks.owes_sound)

    def sound(self, reply: int, now_ms: int) -> None:
        marks = self._replies.get(reply)
        if marks and marks.sound_ms is None:
            marks.sound_ms = now_ms

    def speaks_ahead(self, reply: int) -> None:
        """Something is said ahead of its own words, whose sound is not the answer."""
        if marks := self._replies.get(reply):
            marks.ahead = True

    def owes_sound(self, reply: int) -> bool:
        """It was heard, but nothing of its own so far."""
        marks = self._replies.get(reply)
        return marks is not None and marks.owes_sound

    def released(self, reply: int, now_ms: int) -> None:
        if marks := self._replies.get(reply):
            marks.decided_ms = now_ms
            marks.speech_end_ms = self._speech_end_ms
            marks.transcript_ms = self._transcript_ms

    def ended(self, reply: int, sent_ms: int | None) -> TurnTimes | None:
        """The reply's first sound was sent at `sent_ms`, or it ended without sound (None). Returns its times, once;
        None for a reply that was not released, or if only what was said ahead of it was heard."""
        if sent_ms is not None and (begun := self._replies.get(reply)) and begun.ahead and begun.sound_ms is None:
            begun.owes_sound = True
            return None
        marks = self._replies.pop(reply, None)
        if marks is None or marks.decided_ms is None:
            return None
        self._turns += 1

        def since(at_ms: int | None) -> int | None:
            return None if at_ms is None else max(0, at_ms - marks.speech_end_ms)

        return TurnTimes(
            turn=self._turns,
            speculative=marks.speculative,
            endpoint_ms=max(0, marks.decided_ms - marks.speech_end_ms),
            transcript_ms=since(marks.transcript_ms),
            first_token_ms=since(marks.token_ms),
            first_sound_ms=since(marks.sound_ms),
            first_sent_ms=since(sent_ms),
        )
