"""Cuts a text into passages: what is found, and given to the model, as one.

Passages follow each other without gap or overlap: put together they are the text again. The cut is made at the best
place that there is: before a heading, between paragraphs, lines, sentences, words, and only then inside of a word.
"""

import re
import unicodedata
from collections.abc import Iterator

PASSAGE_MAX_CHARACTERS = 1_000
"""Some 150 to 200 English words: more dilutes what a passage is about, less takes sentences out of their context."""
PASSAGE_MIN_CHARACTERS = 300
"""A heading begins another passage only when the one before has so many."""
HEADING = re.compile(r"^(#{1,6}) +(.+?)[ #]*$", re.MULTILINE)
_CUTS = (
    re.compile(r"(?<=\n)(?=#{1,6} )"),
    re.compile(r"(?<=\n\n)(?!\n)"),
    re.compile(r"(?<=\n)"),
    re.compile(r"(?<=[.!?…؟۔।]\s)|(?<=[。！？])"),
    re.compile(r"(?<=\s)"),
)
"""The best first. Each matches the empty text between two parts."""
_MARKS_MAX = 16
"""How far back a cut inside of a word goes so that no accent is taken from its letter."""


def passages(text: str) -> list[str]:
    """The text's passages, each with at most `PASSAGE_MAX_CHARACTERS`."""
    return _cut(text, 0) if text else []


def headings(parts: list[str]) -> Iterator[str]:
    """For each passage of a Markdown text: the headings that it stands under, like "Prices › Weekends"."""
    trail: list[tuple[int, str]] = []
    for part in parts:
        found = list(HEADING.finditer(part))
        if found and not part[: found[0].start()].strip():
            _enter(trail, found.pop(0))
        yield " › ".join(name for _, name in trail)
        for heading in found:
            _enter(trail, heading)


def _enter(trail: list[tuple[int, str]], heading: re.Match[str]) -> None:
    level = len(heading[1])
    while trail and trail[-1][0] >= level:
        trail.pop()
    trail.append((level, heading[2][:100]))


def _cut(text: str, rank: int) -> list[str]:
    if len(text) <= PASSAGE_MAX_CHARACTERS:
        return [text]
    if rank == len(_CUTS):
        return list(_hard_cut(text))
    done: list[str] = []
    current = ""
    for part in filter(None, _CUTS[rank].split(text)):
        joins = len(current) + len(part) <= PASSAGE_MAX_CHARACTERS
        if joins and (rank or len(current) < PASSAGE_MIN_CHARACTERS):
            current += part
            continue
        if current:
            done.append(current)
        *whole, current = _cut(part, rank + 1)
        done += whole
    return [*done, current] if current else done


def _hard_cut(text: str) -> Iterator[str]:
    at = 0
    while len(text) - at > PASSAGE_MAX_CHARACTERS:
        end = at + PASSAGE_MAX_CHARACTERS
        back = next((n for n in range(_MARKS_MAX) if not unicodedata.combining(text[end - n])), 0)
        yield text[at : end - back]
        at = end - back
    yield text[at:]
