"""The person's utterances: each is numbered and heard from its first sound until its turn is answered, or until it
turns out to be a noise. Noises come in fits, so the next sound is told that it may be of the same one."""

from voi.core.actions import Action, EndUtterance, JudgeTurn, JudgeVoice, Listen, Transcribe
from voi.core.noise import FIT_MS, was_noise
from voi.core.turn import Turn


class Utterances:
    """Those of one conversation. Actions are appended to `out`."""

    __slots__ = ("_count", "_noise_until_ms", "_out")

    def __init__(self, out: list[Action]) -> None:
        self._out = out
        self._count = 0
        self._noise_until_ms = -1
        """A sound that sets in by this wall time may be of the same fit as the noise before."""

    def begin(self, now_ms: int, *, partials: bool) -> Turn:
        """The next one is heard from now on. `partials`: its words are wanted while it grows."""
        self._count += 1
        self._out.append(Listen(self._count, partials))
        return Turn(self._count, after_noise=now_ms <= self._noise_until_ms)

    def transcribe(self, turn: Turn) -> None:
        """Ask for the transcript at this pause, once."""
        if not turn.asked:
            turn.asked = True
            self._out.append(Transcribe(turn.utterance, turn.pause))

    def judge_voice(self, turn: Turn) -> None:
        """Ask the voice judge about this pause, once, when it is time."""
        if turn.wants_voice_verdict():
            self._out.append(JudgeVoice(turn.utterance, turn.voice_ms))

    def judge_turn(self, turn: Turn) -> None:
        """Ask the turn model about this pause, once, when it is time."""
        if turn.wants_verdict():
            self._out.append(JudgeTurn(turn.utterance, turn.pause, "", turn.quiet_ms))

    def end(self, turn: Turn, now_ms: int) -> None:
        """It is heard no longer. Late words may still come."""
        self._out.append(EndUtterance(turn.utterance, turn.late))
        if was_noise(turn):
            self._noise_until_ms = now_ms + FIT_MS
