"""Names of capitals and small letters. Capitals that cannot be read as a word are spelt, with a single small letter at
their edge: PCIe, IPv6, mRNA, macOS, GraphQL. Others are words to a voice: WiFi, eSIM, LaTeX, YouTube. Symbols of units
without a number are said in full: "per kWh"."""

import re

from voi.text import cldr
from voi.text.pronounceable import is_pronounceable
from voi.text.scan import Reading, Scan
from voi.text.tables.shape import Language
from voi.text.tables.shape import words as _set
from voi.text.units import COMMON, forms_of

_BEFORE = re.compile(r"([A-Z]{2,5})([a-rt-z])")
"""PCIe. An "s" would be a plural: PDFs."""
_AFTER = re.compile(r"([a-z])([A-Z]{2,5})")
_WORD = re.compile(r"((?:[A-Z]?[a-z])+[a-z])([A-Z]{2,5})|([A-Z][a-z])([A-Z]{3,5})")
"""One small letter a round: with more, there are as many ways to read a long word as there are to cut it."""
_AS_WORDS = _set("VoIP WiFi HiFi SciFi LoFi eBPF iRAP")
_LETTERS = _set("IoT IIoT QoS ToS")
_IN_FULL = frozenset(("en", "de", "fr", "es", "it", "pt", "nl"))
"""Languages whose noun has one form in all cases, so that the words before do not change it."""
_ONE_AFTER = _set(
    "per a an each every one the pro je die der eine einer jede jeder por el del al cada un uno o do um ao il ogni"
)


def mixed_case(scan: Scan, at: int, word: str) -> Reading | None:
    """`word`: with a capital after its first letter, and with small letters."""
    end = at + len(word)
    if word in _AS_WORDS:
        return None
    if word in _LETTERS:
        return _apart(word), end, "acronym"
    if len(word) > 2 and word in COMMON and scan.text[end : end + 1] != "/":
        return _unit(scan, at, word)
    if (match := _BEFORE.fullmatch(word)) and _is_spelt(match[1], scan.language):
        return _apart(word), end, "acronym"
    if (match := _AFTER.fullmatch(word)) and _is_spelt(match[2], scan.language):
        return _apart(word), end, "acronym"
    if match := _WORD.fullmatch(word):
        name, letters = match[1] or match[3], match[2] or match[4]
        if _is_spelt(letters, scan.language):
            readable = any(letter in "aeiouy" for letter in name.lower())  # tvOS
            return f"{name if readable else _apart(name)} {_apart(letters)}", end, "acronym"
    return None


def _apart(letters: str) -> str:
    return " ".join(letters.upper())


def _is_spelt(capitals: str, language: Language) -> bool:
    vowel = any(letter in "AEIOUY" for letter in capitals)
    return len(capitals) == 2 or not vowel or capitals in language.spelt or not is_pronounceable(capitals)


def _unit(scan: Scan, at: int, symbol: str) -> Reading | None:
    code = scan.language.code
    forms = forms_of(symbol, scan.language) if code in _IN_FULL else None
    if forms is None:
        return None
    number = "1" if code in ("fr", "nl") or scan.word_before(at).lower() in _ONE_AFTER else "2"
    return cldr.form(number, forms, code), at + len(symbol), "measure"
