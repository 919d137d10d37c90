"""Decides whether a transcript came from noise. STT engines hear "Yes.", "Thank you." and "Huh?" in coughs.

How much voice probability is required depends on the words: most coughs are transcribed as "uh", "yes" is the shortest
real answer, and five words are hardly ever a cough. Words that nobody could say in that time require more.
"""

from voi.core.turn import Turn
from voi.core.turn_text import completeness, could_say, is_backchannel, spoken_words

NOISE_VOICE_MAX_MS = 1_500
"""Longer sounds are taken for speech without asking the voice judge."""
NO_WORD, SHORT, ANSWER, SENTENCE = 0.7, 0.4, 0.2, 0.15
"""Voice probabilities below which a sound is noise, by its transcript: no real word, one or two words, a common answer,
more words."""
SHORT_WORDS_MAX = 2
_ANSWERED = 0.85
_NO_WORDS = frozenset(" ".join(("uh um ah oh ha huh uh-huh hm hmm mm mm-hmm mhm", "you but the so a and")).split())
"""What coughs are transcribed as, and words that are not said alone."""


def is_noise(turn: Turn, *, asked: bool) -> bool:
    """True if the turn's transcript is a hallucination from noise. `asked`: the agent's last words were a question, so
    that "mm-hmm" is an answer."""
    if turn.voice is None or turn.voice_ms >= NOISE_VOICE_MAX_MS or not turn.text:
        return False
    words = spoken_words(turn.text)
    if all(word in _NO_WORDS for word in words) and not asked:
        limit = NO_WORD
    elif is_backchannel(turn.text) or ((completeness(turn.text) or 0) >= _ANSWERED and len(words) <= SHORT_WORDS_MAX):
        limit = ANSWER
    else:
        limit = SHORT if len(words) <= SHORT_WORDS_MAX else SENTENCE
    if not could_say(words, turn.voice_ms):
        limit = max(limit, SHORT if asked else NO_WORD)
    return turn.voice < limit
