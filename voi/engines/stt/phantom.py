"""Words that nobody said. Speech models trained on subtitles answer noise with a stock phrase, or loop.

A stock phrase may also be meant, so it is dropped only where too little voice was heard for it to have been said.
"""

import re

WORD_MS = 100
"""Voice that a word needs at the least: 600 words a minute, three times as fast as talk."""

# Seen from Moonshine tiny on silence, hum, clicks and music, and known from its relatives.
STOCK_PHRASES = frozenset(
    {
        "you", "i", "so", "the", "oh", "uh", "um", "hmm", "mm", "mm hmm", "yeah", "okay", "bye", "bye bye",
        "thank you", "thank you very much", "thanks", "thank you for watching", "thanks for watching",
        "see you next time", "thank you for watching see you next time", "please subscribe",
        "like and subscribe", "the end", "the first", "silence", "music", "applause", "laughter",
    }
)  # fmt: skip

_LEAST_REPEATS = 4
_LONGEST_LOOP_WORDS = 6
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def bare(text: str) -> str:
    """Lower-case words only: "Thank you!" -> "thank you"."""
    return " ".join(_WORD.findall(text.lower()))


def unloop(text: str) -> str:
    """The text up to the end of the first round of a loop: "the first is the first is the first is the first is"
    -> "the first is". Short words said again for emphasis ("no no no") are no loop; one word needs 6 rounds."""
    found = list(_WORD.finditer(text))
    words = [match.group().lower() for match in found]
    for start in range(len(words)):
        for size in range(1, _LONGEST_LOOP_WORDS + 1):
            rounds = 1
            while words[start + rounds * size : start + (rounds + 1) * size] == words[start : start + size]:
                rounds += 1
            if rounds >= _LEAST_REPEATS + 2 * (size == 1):
                return text[: found[start + size - 1].end()]
    return text


def believable(text: str, voiced_ms: int) -> str:
    """`text` as far as somebody can have said it, given `voiced_ms` of voice in the sound."""
    kept = unloop(text).strip()
    words = bare(kept).split()
    doubtful = kept != text.strip() or " ".join(words) in STOCK_PHRASES
    if not words or (doubtful and voiced_ms < WORD_MS * max(2, len(words))):
        return ""
    return kept
