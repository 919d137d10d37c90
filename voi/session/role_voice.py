"""Whose voice speaks for a role in one reply: the first choice, or from some sentence on the second."""

from voi.config.agents import Agent
from voi.config.parts import NarratorChoice, VoiceChoice
from voi.dialogue import Voice
from voi.engines.fallback.choices import Fallbacks, Trial
from voi.errors import EngineError
from voi.session.sentence_judge import ends_sentence

TAIL_MS = 80
"""A voice may sound this much longer than the times of its last word say."""


class RoleVoice:
    """The voice of one role that has a second one, in one reply. The second begins only where a sentence does, and then
    speaks until the reply's end."""

    __slots__ = ("_asked", "_fallbacks", "_now", "_second", "_trial", "_whole_ms", "_within", "after_s")

    def __init__(self, first: VoiceChoice, second: VoiceChoice, after_s: float, fallbacks: Fallbacks) -> None:
        self._now = first
        self._second: VoiceChoice | None = second
        self.after_s = after_s
        """How long the first may take for the first sound of a text."""
        self._fallbacks = fallbacks
        self._trial: Trial | None = None
        self._asked = False
        self._within = False
        """The words that were spoken last did not end their sentence."""
        self._whole_ms = 0
        """Up to where the sound of the present run is of texts that were spoken whole."""

    @property
    def choice(self) -> VoiceChoice:
        """The voice of the next text."""
        if self._second is not None and not self._asked:
            self._asked = True
            self._trial = self._fallbacks.ask("tts", self._now.model, self._second.model)
            if self._trial is None:
                self._now, self._second = self._second, None
        return self._now

    @property
    def may_change(self) -> bool:
        """The first voice speaks, and there is a second."""
        return self._second is not None

    def sounds(self) -> None:
        """The voice has given sound."""
        if self._trial is not None:
            self._trial.worked()

    def begin(self) -> None:
        """The voice begins to speak some texts."""
        self._whole_ms = 0

    def spoke(self, text: str, end_ms: int, *, by_words: bool) -> None:
        """A text was spoken whole, up to that time since `begin`. `by_words`: it is the time of its last word."""
        self._within = not ends_sentence(text)
        self._whole_ms = end_ms + (TAIL_MS if by_words else 0)

    def take_over(self, error: EngineError, audible_ms: int) -> bool:
        """Have the second voice speak from now on, since the first failed. `audible_ms`: up to where there is sound
        since `begin`. False: there is no second, or it would go on in the first one's sentence."""
        trial, second = self._trial, self._second
        if trial is None or second is None:
            return False
        if self._within or audible_ms > self._whole_ms:
            trial.failed(error, taken_over=False)
            return False
        trial.failed(error)
        self._now, self._second, self._trial = second, None, None
        return True


def role_voices(agent: Agent, fallbacks: Fallbacks) -> dict[Voice, RoleVoice]:
    """The voices of one reply of that agent, by role, where there is a second one."""
    seconds, after_s = agent.fallback_voices(), agent.fallback.voices_after_s
    roles: dict[Voice, RoleVoice] = {}
    for role, second in seconds.items():
        first = agent.voices_by_role()[role]
        if isinstance(first, NarratorChoice):
            second = first.model_copy(update=second.model_dump())
        roles[role] = RoleVoice(first, second, after_s, fallbacks)
    return roles
