"""Ordinals of Russian, Polish and Czech in the cases that dates and floors take.

Endings of the hard and soft adjectives: Русская грамматика (1980) § 1378; Słownik gramatyczny języka polskiego;
Internetová jazyková příručka (ÚJČ), "Číslovky řadové".
"""

from voi.text.scan import Scan
from voi.text.whole_numbers import whole

LANGUAGES = frozenset(("ru", "pl", "cs"))

_STEMS = {
    "ru": (
        "нулев перв втор трет четвёрт пят шест седьм восьм девят десят одиннадцат двенадцат тринадцат четырнадцат "
        "пятнадцат шестнадцат семнадцат восемнадцат девятнадцат",
        "двадцат тридцат сороков пятидесят шестидесят семидесят восьмидесят девяност",
    ),
    "pl": (
        "zerow pierwsz drug trzec czwart piąt szóst siódm ósm dziewiąt dziesiąt jedenast dwunast trzynast czternast "
        "piętnast szesnast siedemnast osiemnast dziewiętnast",
        "dwudziest trzydziest czterdziest pięćdziesiąt sześćdziesiąt siedemdziesiąt osiemdziesiąt dziewięćdziesiąt",
    ),
    "cs": (
        "nult prvn druh třet čtvrt pát šest sedm osm devát desát jedenáct dvanáct třináct čtrnáct patnáct šestnáct "
        "sedmnáct osmnáct devatenáct",
        "dvacát třicát čtyřicát padesát šedesát sedmdesát osmdesát devadesát",
    ),
}
_ENDINGS = {  # case: masculine, feminine, neuter, plural
    "ru": {"nominative": ("ый", "ая", "ое", "ые"), "genitive": ("ого", "ой", "ого", "ых"),
           "locative": ("ом", "ой", "ом", "ых")},
    "pl": {"nominative": ("y", "a", "e", "e"), "genitive": ("ego", "ej", "ego", "ych"),
           "locative": ("ym", "ej", "ym", "ych")},
    "cs": {"nominative": ("ý", "á", "é", "á"), "genitive": ("ého", "é", "ého", "ých"),
           "locative": ("ém", "é", "ém", "ých")},
}  # fmt: skip
_IRREGULAR = {
    ("ru", 2): {"ый": "ой"}, ("ru", 6): {"ый": "ой"}, ("ru", 7): {"ый": "ой"}, ("ru", 8): {"ый": "ой"}, ("ru",
        0): {"ый": "ой"},
    ("ru", 40): {"ый": "ой"},
    ("ru", 3): {"ый": "ий", "ая": "ья", "ое": "ье", "ого": "ьего", "ой": "ьей", "ом": "ьем"},
    ("pl", 2): {"y": "i", "ego": "iego", "ej": "iej", "ym": "im", "e": "ie"},
    ("pl", 3): {"y": "i", "a": "ia", "e": "ie", "ego": "iego", "ej": "iej", "ym": "im"},
    ("cs", 1): {"ý": "í", "á": "í", "é": "í", "ého": "ího", "ém": "ím"},
    ("cs", 3): {"ý": "í", "á": "í", "é": "í", "ého": "ího", "ém": "ím"},
}  # fmt: skip
_GENDERS = {"m": 0, "f": 1, "n": 2, "p": 3}
"""Masculine, feminine, neuter; plural."""
_DECADES = {"lata": "nominative", "lat": "genitive", "latach": "locative", "léta": "nominative", "let": "genitive",
            "letech": "locative"}  # fmt: skip


def ordinal(number: int, code: str, case: str = "nominative", gender: str = "m") -> str:
    """Up to 99; Polish and Czech put both words in the case, Russian the last."""
    ending = _ENDINGS[code][case][_GENDERS[gender]]
    ones, tens = (text.split() for text in _STEMS[code])
    if number < 20:
        return ones[number] + _IRREGULAR.get((code, number), {}).get(ending, ending)
    ten, one = divmod(number, 10)
    last = tens[ten - 2] + _IRREGULAR.get((code, ten * 10), {}).get(ending, ending)
    if not one:
        return last
    first = whole(str(ten * 10), code) if code == "ru" else last
    return f"{first} {ordinal(one, code, case, gender)}"


def decade(number: int, code: str, before: str, after: str) -> str:
    """W latach 80.: osiemdziesiątych; v 90. letech: devadesátých. "" if no decade is meant."""
    case = _DECADES.get(before if code == "pl" else after)
    return ordinal(number, code, case, "p") if case and number >= 10 and not number % 10 else ""


def year(digits: str, code: str, case: str) -> str:
    """две тысячи двадцать четвёртого: the last part is an ordinal. Czech reads years as plain numbers."""
    number = int(digits)
    if code == "cs":
        if 1100 <= number <= 1999:
            rest = number % 100
            return f"{whole(digits[:2], code)} set{f' {whole(str(rest), code)}' if rest else ''}"
        return whole(digits, code)
    rest = number % 100
    if rest:
        head = whole(str(number - rest), code) if number > rest else ""
        if code == "ru":
            head = head.replace("одна тысяча", "тысяча")
        return f"{head} {ordinal(rest, code, case)}".strip()
    if number == 2000:
        said = {
            "ru": {"nominative": "двухтысячный", "genitive": "двухтысячного", "locative": "двухтысячном"},
            "pl": {"nominative": "dwutysięczny", "genitive": "dwutysięcznego", "locative": "dwutysięcznym"},
        }
        return said[code][case]
    return whole(digits, code)


def year_word(scan: Scan, end: int, code: str) -> str:
    """года, roku: said after the year of a date, unless it is written there."""
    return "" if scan.word_after(end).lower() in _YEAR_WORDS else {"ru": " года", "pl": " roku", "cs": ""}[code]


_YEAR_WORDS = frozenset(("года", "г", "год", "году", "roku", "r", "rok"))
