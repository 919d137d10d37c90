"""End of turn: how much silence is enough, given what the judges say.

The order of trust: the completeness agent read the words and knows the conversation; the audio detector heard the
intonation; the words alone are a weak sign, except where they plainly break off or are a whole short answer. Where
sound and words contradict each other, the silence has to last longer.
"""

from voi.core.turn import Turn
from voi.core.turn_text import completeness
from voi.turn_policy import TurnPolicy

AUDIO_COMPLETE = 0.5
"""smart-turn's own decision threshold."""
UNFINISHED, FINISHED = 0.25, 0.85
"""Of the words' likelihood to be complete: below and above these they speak plainly."""
SHORT_WORDS = 3
"""The audio detector misjudges answers as short as this ("yes please")."""


def endpointing_delay_ms(turn: Turn, policy: TurnPolicy) -> int:
    """Silence in ms after which this pause is the end of the turn."""
    if turn.agent_judgement is not None:
        return policy.min_silence_ms if turn.agent_judgement >= 0.5 else policy.max_silence_ms
    if turn.final is None:
        return policy.max_silence_ms  # nothing can be answered without the words, and they may say that more will come
    by_words = completeness(turn.final) if turn.final else None
    words_finished = by_words is not None and by_words >= FINISHED
    words_unfinished = by_words is not None and by_words <= UNFINISHED
    if turn.audio_judgement is None:
        return policy.max_silence_ms if words_unfinished else policy.silence_ms
    in_doubt_ms = (policy.silence_ms + policy.max_silence_ms) // 2
    if turn.audio_judgement >= AUDIO_COMPLETE:
        return in_doubt_ms if words_unfinished else policy.min_silence_ms
    if words_finished and len(turn.final.split()) <= SHORT_WORDS:
        return policy.silence_ms
    return in_doubt_ms if by_words is not None and by_words >= AUDIO_COMPLETE else policy.max_silence_ms


def ask_after_ms(policy: TurnPolicy) -> int:
    """Silence in ms after which the pause's transcript is asked for."""
    return min(policy.speculate_after_ms, policy.min_silence_ms) if policy.speculate else policy.min_silence_ms


def worth_answering(text: str) -> bool:
    """Should a speculative reply be begun for these words? Not when they plainly break off."""
    score = completeness(text)
    return score is None or score > UNFINISHED
