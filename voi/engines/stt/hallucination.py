"""Removes hallucinations: words that no one said. Speech models trained on subtitles answer noise with a stock phrase
or a loop.

A person may also say such words, so they are dropped only where too little voice was heard for them.
"""

import re
import zlib
from collections.abc import Callable, Sequence

WORD_MS = 100
"""Least voice for one word: 600 words a minute, three times as fast as people talk."""

# Seen from Moonshine tiny on silence, hum, clicks and music, and known from its relatives.
STOCK_PHRASES = frozenset(
    {
        "you", "i", "so", "the", "oh", "uh", "um", "hmm", "mm", "mm hmm", "yeah", "okay", "bye", "bye bye",
        "thank you", "thank you very much", "thanks", "thank you for watching", "thanks for watching",
        "see you next time", "thank you for watching see you next time", "please subscribe",
        "like and subscribe", "the end", "the first", "silence", "music", "applause", "laughter",
    }
)  # fmt: skip

LOOP_RATIO = 2.4
"""A text that compresses better is a loop: the threshold of openai/whisper's transcribe()."""

_LEAST_REPEATS = 4
_LONGEST_LOOP_WORDS = 6
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def bare(text: str) -> str:
    """Lower-case words only: "Thank you!" -> "thank you"."""
    return " ".join(_WORD.findall(text.lower()))


def compression_ratio(text: str) -> float:
    """Length of the text over its compressed length, as in openai/whisper: loops compress well."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0


def unlooped(words: Sequence[str], said: Callable[[int, int], bool]) -> list[int]:
    """Indexes of the bare words that stay when only the first round of each loop is kept: for "the first is the first
    is the first is the first is" these are "the first is", and everything after the loop. Short words repeated for
    emphasis ("no no no") are not a loop; a single word needs 6 rounds. `said(start, end)`: whether a person really said
    all the words of that loop; then it stays whole."""
    kept, begin = list(range(len(words))), 0
    while loop := _next_loop([words[at] for at in kept], begin):
        start, second, end = loop
        if said(kept[start], kept[end - 1] + 1):
            begin = end
        else:
            del kept[second:end]
    return kept


def _next_loop(words: Sequence[str], begin: int) -> tuple[int, int, int] | None:
    """The first loop from `begin` on: indexes of its start, its second round and its end. It ends with the text if the
    text breaks off in the middle of a round."""
    for start in range(begin, len(words)):
        for size in range(1, _LONGEST_LOOP_WORDS + 1):
            first, rounds = words[start : start + size], 1
            while words[start + rounds * size : start + (rounds + 1) * size] == first:
                rounds += 1
            if rounds >= _LEAST_REPEATS + 2 * (size == 1):
                end = start + rounds * size
                rest = words[end:]
                broken_off = 0 < len(rest) <= size and (
                    rest[:-1] == first[: len(rest) - 1] and first[len(rest) - 1].startswith(rest[-1])
                )
                return start, start + size, len(words) if broken_off else end
    return None


def believable(text: str, voiced_ms: int) -> str:
    """`text` without hallucinations: what a person can have said in `voiced_ms` of voice."""
    found = list(_WORD.finditer(text))
    words = [match.group().lower() for match in found]
    all_said = compression_ratio(text) <= LOOP_RATIO and voiced_ms >= WORD_MS * len(words)
    stay = unlooped(words, lambda start, end: all_said)
    doubtful = len(stay) < len(words) or " ".join(words) in STOCK_PHRASES
    if not words or (doubtful and voiced_ms < WORD_MS * max(2, len(stay))):
        return ""
    dropped = set(range(len(words))).difference(stay)
    kept = "".join(
        text[(found[at - 1].end() if at else 0) : match.end()] for at, match in enumerate(found) if at not in dropped
    )
    return (kept + text[found[-1].end() :]).strip()
