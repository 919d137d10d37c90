"""Whole numbers in words, by num2words if it knows the language well, otherwise by our own rules."""

import re
from collections.abc import Callable
from functools import lru_cache

from num2words import num2words

from voi.text.chinese_numbers import chinese
from voi.text.hindi_numbers import hindi
from voi.text.turkish_numbers import turkish

_OWN: dict[str, Callable[[int], str]] = {"hi": hindi, "zh": chinese, "tr": turkish}
"""Languages that num2words does not know, or writes without spaces as on a cheque."""
_NAMES = {"pt": "pt_BR"}


@lru_cache(maxsize=8_192)
def whole(digits: str, code: str, form: str = "cardinal") -> str:
    """A whole number in words; the digits themselves if the language is unknown."""
    if own := _OWN.get(code):
        return own(int(digits)) if form == "cardinal" else digits
    try:
        said = str(num2words(int(digits), lang=_NAMES.get(code, code), to=form))
    except (NotImplementedError, ArithmeticError, ValueError, TypeError, LookupError, AttributeError):
        return digits  # num2words does not know this language, or not this form in it
    if code in ("en", "pt"):
        said = said.replace(",", "")
    elif code == "cs":
        said = _CZECH_HUNDREDS.sub(r"\1 \2", said)
    elif code == "ru" and said.startswith("одна тысяча"):
        said = said[len("одна ") :]
    elif code == "ar":
        said = said.replace(" و ", " و")
    elif code == "it" and "dicotto" in said:  # num2words: centodicotto
        said = said.replace("dicotto", "diciotto")
    elif code == "it" and said.endswith("tre") and said != "tre" and form == "cardinal":
        said = f"{said[:-1]}é"
    elif code == "nl" and digits == "1" and form == "cardinal":
        said = "één"
    elif code == "es" and form == "ordinal":
        said = (
            said.replace("décimo primero", "undécimo").replace("décimo segundo", "duodécimo")
            if len(digits) == 2 and digits[0] == "1"
            else said
        )
    return said


_CZECH_HUNDREDS = re.compile(r"(dvě|tři|čtyři|pět|šest|sedm|osm|devět)(stě|sta|set)")
"""Hundreds are written as two words (Internetová jazyková příručka, "Číslovky")."""


def known(code: str) -> bool:
    """True if numbers can be put into words in this language."""
    return whole("2", code) != "2"
