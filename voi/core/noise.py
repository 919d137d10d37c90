"""Decides whether a transcript came from noise. STT engines hear "Yes.", "Thank you." and "Huh?" in coughs.

How much voice probability is required depends on the words: most coughs are transcribed as "uh", "yes" is the shortest
real answer, and three words are seldom a cough. Words that nobody could say in that time require more, and so do words
right after a noise: coughs come in fits, which a busy machine hears in pieces.
"""

from voi.core.turn import Turn
from voi.core.turn_text import completeness, could_say, is_backchannel, spoken_words

NOISE_VOICE_MAX_MS = 1_500
LONG_WORDS_MAX = 4
"""Longer sounds are taken for speech, unless no more words than this were heard in them."""
NO_WORD, SHORT, ANSWER, SENTENCE = 0.7, 0.4, 0.2, 0.2
"""Voice probabilities below which a sound is noise, by its transcript: no real word, one or two words, a common answer,
more words."""
SHORT_AFTER_NOISE, SENTENCE_AFTER_NOISE = 0.6, 0.4
"""The same right after a noise, for one or two words and for more, unless the agent has asked something."""
FIT_MS = 1_500
"""A sound that sets in this soon after a noise may be of the same fit."""
SHORT_WORDS_MAX = 2
_ANSWERED = 0.85
_NO_WORDS = frozenset(" ".join(("uh um ah oh ha huh uh-huh hm hmm mm mm-hmm mhm", "you but the so a and")).split())
"""What coughs are transcribed as, and words that are not said alone."""


def is_noise(turn: Turn, *, asked: bool) -> bool:
    """True if the turn's transcript is a hallucination from noise. `asked`: the agent's last words were a question, so
    that "mm-hmm" is an answer."""
    if turn.voice is None or not turn.text:
        return False
    words = spoken_words(turn.text)
    few = len(words) <= SHORT_WORDS_MAX
    if turn.voice_ms >= NOISE_VOICE_MAX_MS and len(words) > LONG_WORDS_MAX:
        return False
    if all(word in _NO_WORDS for word in words) and not asked:
        limit = NO_WORD
    elif is_backchannel(turn.text) or ((completeness(turn.text) or 0) >= _ANSWERED and few):
        limit = ANSWER
    else:
        limit = SHORT if few else SENTENCE
    if turn.after_noise and not asked:
        limit = max(limit, SHORT_AFTER_NOISE if few else SENTENCE_AFTER_NOISE)
    if not could_say(words, turn.voice_ms):
        limit = max(limit, SHORT if asked else NO_WORD)
    return turn.voice < limit


def was_noise(turn: Turn) -> bool:
    """True if a turn that is over was a noise: nothing was understood, and it hardly sounded like a voice."""
    return turn.final == "" and turn.voice is not None and turn.voice < NO_WORD
