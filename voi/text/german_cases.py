"""German "one" in the case that the word before asks for: mit einem Kilo, für einen Euro, in einer halben Stunde."""

import re

from voi.text.agreement import gender
from voi.text.scan import Scan
from voi.text.tables.shape import words as _set

_DATIVE = _set("mit bei von nach aus zu seit vor in innerhalb ab außer binnen gegenüber")
_ACCUSATIVE = _set(
    "für um ohne gegen durch pro kostet kosten gibt gab beträgt haben hat habe brauche brauchen benötigen nehmen"
)
_DESCRIBED = re.compile(r"\s[a-zäöüß]{3,20}\s([A-ZÄÖÜ][^\W\d_]+)")
_FIRST_OF_TWO = re.compile(r"([^\W\d_]+)\s1\s(?:[^\W\d_]+\s){1,2}(?:und|oder)\s\Z")
_REQUEST = re.compile(r"\b[A-ZÄÖÜ][a-zäöüß]{1,20}n\sSie\s[^.!?]*\Z")
"""Verrühren Sie 1/2 TL Salz: what is asked for is in the accusative."""
_HALVES = {"m": "einen halben", "f": "eine halbe", "n": "ein halbes"}


def in_case(scan: Scan, at: int, said: str, end: int) -> str:
    """`said`, which begins with "ein" or "eine" or is "eins", in the form required after a preposition."""
    article, _, rest = said.partition(" ")
    if article not in ("ein", "eine"):
        return said
    before = scan.word_before(at).lower()
    if before in ("und", "oder") and (first := _FIRST_OF_TWO.search(scan.text, max(0, at - 60), at)):
        before = first[1].lower()  # mit 1 Kind und 1 Hund
    if before == "es" and scan.words_before(2, at)[0] in ("gibt", "gab"):  # Gibt es 1 Apfel?
        before = "gibt"
    asked = _REQUEST.search(scan.text, max(0, at - 100), at) is not None
    if before not in _DATIVE and before not in _ACCUSATIVE and not (asked and scan.kind != "date"):
        return said
    adjective, _, behind = rest.partition(" ")
    half = adjective in ("halber", "halbe", "halbes")
    noun = (behind if half else rest).partition(" ")[0] or scan.word_after(end)
    if not noun[:1].isupper():
        described = _DESCRIBED.match(scan.text, end)
        if not described:
            return said
        noun = described[1]
    kind = "f" if article == "eine" else gender(noun, scan.language)
    if before in _DATIVE:
        new = "einer" if kind == "f" else "einem"
        return f"{new} halben {behind}".rstrip() if half else f"{new} {rest}".rstrip()
    if half:
        return f"{_HALVES[kind]} {behind}".rstrip()
    return f"{'einen' if kind == 'm' else article} {rest}".rstrip()
