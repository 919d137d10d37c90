"""Can an utterance end after these words? A logistic regression on the last words, for English (`can_end.md`)."""

import gzip
import re
from collections.abc import Sequence
from pathlib import Path

WEIGHTS = Path(__file__).with_name("can_end.tsv.gz")
_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|\d+|[.!?…]+")
NUMBER = "#"
"""Stands for all digits."""
START = "^"
POSITION_MAX = 9
KNOWN_SHARE = 0.5
"""Share of the last words that must be known, or nothing can be told: it is another language, or names."""
LAST_WORDS = 4
LOWEST, HIGHEST = -4.0, 0.6
"""Bounds of the log-odds. However whole the words are, the person may go on, so that the upper one is near."""


def tokens(text: str) -> list[str]:
    """Words in lower case, and end marks."""
    found = _TOKEN.findall(text.replace("’", "'").lower())
    return [NUMBER if token.isdigit() else token for token in found]


def is_word(token: str) -> bool:
    """True if the token is a word, and no end mark."""
    return token[0] not in ".!?…"


def features(words: Sequence[str], last: int) -> tuple[str, ...]:
    """What is looked at where the word `last` is the newest."""
    one = words[last]
    two = words[last - 1] if last > 0 else START
    three = words[last - 2] if last > 1 else START * (2 - last)
    end, end_before = one[-3:], two[-3:]
    first = words[0]
    return (
        f"1{one}", f"2{two}", f"a{two} {one}", f"b{three} {two} {one}", f"c{three} {one}", f"d{end}",
        f"e{end_before} {end}", f"h{end_before} {one}", f"n{min(last, POSITION_MAX)}", f"z{first}",
        f"0{first} {words[1] if last > 0 else ''}",
    )  # fmt: skip


def odds(text: str) -> float | None:
    """Log-odds that an utterance ends after the last word, among all words at which one could be broken off; None: it
    cannot be told."""
    words = [token for token in tokens(text) if is_word(token)]
    newest = words[-LAST_WORDS:]
    if not newest or sum(f"1{word}" in _weights for word in newest) < KNOWN_SHARE * len(newest):
        return None
    found = _bias + sum(_weights.get(name, 0) for name in features(words, len(words) - 1)) / SCALE
    return min(HIGHEST, max(LOWEST, found))


SCALE = 100
"""The file has hundredths."""


def _read() -> tuple[float, dict[str, int]]:
    lines = gzip.decompress(WEIGHTS.read_bytes()).decode().splitlines()
    weights = {name: int(weight) for name, _, weight in (line.partition("\t") for line in lines)}
    return weights.pop("") / SCALE, weights


_bias, _weights = _read()
