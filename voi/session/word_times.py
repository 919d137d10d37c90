"""Maps the times of spoken words to the words as written. The two differ: "$5" is spoken as "five dollars"."""

from collections.abc import Sequence
from difflib import SequenceMatcher

from voi.dialogue import SpokenWord

_UNPARTED, _SYMBOLS = "\u2e80", "\U0001f000"
"""Between these code points (Chinese, Japanese, Korean) spaces do not separate words."""


def as_written(text: str, spoken: Sequence[SpokenWord]) -> tuple[SpokenWord, ...]:
    """All words of `text` (split at spaces), in order, with the times of what was `spoken` for them. Empty if nothing
    was spoken, or if spaces do not separate the words of the text."""
    written = text.split()
    if not spoken or not written or any(_UNPARTED <= letter < _SYMBOLS for letter in text):
        return ()
    if len(written) == len(spoken):
        return tuple(
            SpokenWord(word, heard.start_ms, heard.end_ms, heard.estimated)
            for word, heard in zip(written, spoken, strict=True)
        )
    found: list[SpokenWord] = []
    ours, theirs = [_bare(word) for word in written], [_bare(word.text) for word in spoken]
    for _, start, end, from_, to in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if start == end:
            if found:  # unmatched spoken words belong to the word before
                last = found[-1]
                found[-1] = SpokenWord(last.text, last.start_ms, spoken[to - 1].end_ms, last.estimated)
        else:
            found += _over(written[start:end], spoken[from_:to], found[-1].end_ms if found else spoken[0].start_ms)
    return tuple(found)


def _over(written: Sequence[str], spoken: Sequence[SpokenWord], now_ms: int) -> list[SpokenWord]:
    """Spread the written words over the time of the spoken ones: one by one if their numbers are equal, else in
    proportion to their length."""
    if not spoken:
        return [SpokenWord(word, now_ms, now_ms, True) for word in written]
    if len(written) == len(spoken):
        pairs = zip(written, spoken, strict=True)
        return [SpokenWord(word, heard.start_ms, heard.end_ms, heard.estimated) for word, heard in pairs]
    start_ms, length_ms = spoken[0].start_ms, spoken[-1].end_ms - spoken[0].start_ms
    whole, before, found = sum(map(len, written)), 0, []
    for word in written:
        after = before + len(word)
        begins_ms, ends_ms = start_ms + length_ms * before // whole, start_ms + length_ms * after // whole
        found.append(SpokenWord(word, begins_ms, ends_ms, len(written) > 1 or spoken[0].estimated))
        before = after
    return found


def _bare(word: str) -> str:
    return "".join(letter for letter in word.casefold() if letter.isalnum())
