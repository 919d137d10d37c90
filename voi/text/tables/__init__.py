"""What each language knows about reading text aloud, as data: one module a language, nothing but the standard library.

The sentence cutter and the normaliser use the same tables, so both know the same abbreviations.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import import_module

from voi.text.tables.shape import Language, words

KNOWN = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "cs", "hu", "tr", "ar", "hi", "zh", "ja", "ko")
"""Languages with a table of their own; `others` has a few words for some more."""


ORDINAL_POINT = frozenset(
    ("de", "cs", "da", "no", "fi", "hu", "tr", "hr", "pl", "sk", "sl", "sr", "bs", "et", "lv", "is")
)
"""Languages that write "3." for an ordinal (CLDR, number symbols and rule-based formats)."""


@lru_cache(maxsize=256)  # asked for every sentence
def primary(language: str) -> str:
    """`en-US`, `en_GB` and `EN` are all en; `cmn` and `yue` are written as zh."""
    code = language.replace("_", "-").split("-", 1)[0].strip().lower() or "en"
    return {"cmn": "zh", "yue": "zh", "nb": "no", "nn": "no"}.get(code, code)


def is_wordlike(short: str) -> bool:
    """True if a short form, without its point, may also be a word: art, ex, рис; but not bzw, tzn, Dr."""
    return short.isalpha() and len(short) > 1 and short.lower() not in _TITLES and _VOWEL.search(short) is not None


_TITLES = words(
    "prof profa doc ing arch avv gen sen rev doç dir eng lic av inż mag dott sig rag geom op uzm mevr drs mej "
    "sra sras srta srtas sres dra dras dres excmo excma exmo exma ilmo ilma sto sta mtro mtra licda arqta gral pdte "
    "gent egr spett comm mons kpt plk mjr ecz"
)
_VOWEL = re.compile(r"[aeiouyäöüáéíóúàèìòùâêîôûąęěůőűıаеёиоуыэюя]", re.IGNORECASE)


@cache
def _known(code: str) -> Language:
    found = import_module(f"voi.text.tables.{code}").LANGUAGE
    assert isinstance(found, Language)
    return found


def language_of(language: str) -> Language | None:
    """The table of a language code such as de, de-AT or zh_CN; None for a language that has none."""
    code = primary(language)
    if code in KNOWN:
        return _known(code)
    others: Mapping[str, Language] = import_module("voi.text.tables.others").LANGUAGES
    return others.get(code)
