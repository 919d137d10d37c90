"""Is what was heard in silence nobody's words? Recognisers hear "Yes.", "Thank you." and "Huh?" in coughs.

What the judge of voices says counts for more or less by what the words are: "uh" is what most coughs are heard as,
while "yes" is the shortest of real answers, and whoever says five words hardly coughed.
"""

from voi.core.turn import Turn
from voi.core.turn_text import completeness, is_backchannel, spoken_words

NOISE_VOICE_MAX_MS = 1_500
"""Longer sounds are not judged in silence."""
NO_WORD, SHORT, ANSWER, SENTENCE = 0.7, 0.4, 0.2, 0.15
"""A sound less likely a voice than this is none: where it is no word, one or two words, a usual answer, more words."""
SHORT_WORDS_MAX = 2
_ANSWERED = 0.85
_NO_WORDS = frozenset(" ".join(("uh um ah oh ha huh uh-huh hm hmm mm mm-hmm mhm", "you but the so a and")).split())
"""What coughs are heard as, and what nobody says alone."""


def is_noise(turn: Turn, *, asked: bool) -> bool:
    """`asked`: our last words were a question, so that "mm-hmm" is an answer."""
    if turn.voice is None or turn.voice_ms >= NOISE_VOICE_MAX_MS or not turn.text:
        return False
    words = spoken_words(turn.text)
    if all(word in _NO_WORDS for word in words) and not asked:
        limit = NO_WORD
    elif is_backchannel(turn.text) or ((completeness(turn.text) or 0) >= _ANSWERED and len(words) <= SHORT_WORDS_MAX):
        limit = ANSWER
    else:
        limit = SHORT if len(words) <= SHORT_WORDS_MAX else SENTENCE
    return turn.voice < limit
