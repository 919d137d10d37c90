"""The few words that signs and numbers become, per language, and numbers in words (through num2words)."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from num2words import num2words  # type: ignore[import-untyped]

_WHOLE_DIGITS_MAX = 15
"""A longer number is no quantity (and slow to say in words): its digits are spoken one by one."""
_DIGITS_MAX = 200
"""Digits of one number that are spoken at all one by one; the rest nobody listens to."""


@dataclass(frozen=True, slots=True)
class Words:
    """What stands for a sign. "": leave the sign to the speech engine."""

    dot: str = ""
    at: str = ""
    slash: str = ""
    and_: str = ""
    percent: str = ""
    hour: str = ""
    euros: str = ""
    dollars: str = ""
    pounds: str = ""
    decimal_comma: bool = True


_WORDS = {
    "en": Words("dot", "at", "slash", "and", "percent", "", "euros", "dollars", "pounds", decimal_comma=False),
    "de": Words("Punkt", "ät", "Schrägstrich", "und", "Prozent", "Uhr", "Euro", "Dollar", "Pfund"),
    "fr": Words("point", "arobase", "barre oblique", "et", "pour cent", "heures", "euros", "dollars", "livres"),
    "es": Words("punto", "arroba", "barra", "y", "por ciento", "horas", "euros", "dólares", "libras"),
    "it": Words("punto", "chiocciola", "barra", "e", "per cento", "", "euro", "dollari", "sterline"),
    "pt": Words("ponto", "arroba", "barra", "e", "por cento", "horas", "euros", "dólares", "libras"),
    "nl": Words("punt", "apenstaartje", "schuine streep", "en", "procent", "uur", "euro", "dollar", "pond"),
    "pl": Words("kropka", "małpa", "ukośnik", "i", "procent", "", "euro", "dolarów", "funtów"),
    "ru": Words("точка", "собака", "косая черта", "и", "процентов", "", "евро", "долларов", "фунтов"),
    "uk": Words("крапка", "равлик", "скісна риска", "і", "відсотків", "", "євро", "доларів", "фунтів"),
    "sv": Words("punkt", "snabel-a", "snedstreck", "och", "procent", "", "euro", "dollar", "pund"),
    "da": Words("punktum", "snabel-a", "skråstreg", "og", "procent", "", "euro", "dollar", "pund"),
    "no": Words("punktum", "krøllalfa", "skråstrek", "og", "prosent", "", "euro", "dollar", "pund"),
    "cs": Words("tečka", "zavináč", "lomítko", "a", "procent", "hodin", "eur", "dolarů", "liber"),
    "tr": Words("nokta", "et", "eğik çizgi", "ve", "", "", "avro", "dolar", "sterlin"),
}
_UNKNOWN = Words()
_DECIMAL_POINT = Words(decimal_comma=False)
_DECIMAL_POINT_LANGUAGES = frozenset({"ja", "zh", "ko", "th", "he", "hi", "bn", "te", "kn", "am", "cy", "ar", "fa"})


def words_of(language: str) -> Words:
    """`language` is a primary code: en, de…"""
    return _WORDS.get(language) or (_DECIMAL_POINT if language in _DECIMAL_POINT_LANGUAGES else _UNKNOWN)


def primary(language: str) -> str:
    """`en-US`, `en_GB` and `EN` are all en."""
    return language.replace("_", "-").split("-", 1)[0].strip().lower() or "en"


def number(digits: str, language: str = "en") -> str:
    """A number such as `1234` or `3.50` in words; the digits themselves where the language is not known.

    Many digits, or a leading zero, are spoken digit by digit.
    """
    whole, point, fraction = digits.partition(".")
    if len(whole) > _WHOLE_DIGITS_MAX or (len(whole) > 1 and whole[0] == "0"):
        return digit_by_digit(whole + fraction, language)
    if point and language == "en":  # "three point five zero": num2words would lose the zero
        return f"{_said(whole or '0', language)} point {digit_by_digit(fraction, language)}"
    return _said(f"{whole or '0'}.{fraction[:12]}" if point else whole, language)


def ordinal(digits: str, language: str = "en") -> str:
    return _said(digits, language, "ordinal") if len(digits) <= _WHOLE_DIGITS_MAX else number(digits, language)


def digit_by_digit(digits: str, language: str = "en") -> str:
    return " ".join(_said(digit, language) for digit in digits[:_DIGITS_MAX])


@lru_cache(maxsize=4_096)
def _said(digits: str, language: str, form: str = "cardinal") -> str:
    try:
        said = str(num2words(Decimal(digits) if "." in digits else int(digits), lang=language, to=form))
    except (NotImplementedError, ArithmeticError, InvalidOperation, ValueError, TypeError, LookupError, AttributeError):
        return digits  # num2words does not know this language, or not this form in it
    return said.replace(",", "") if language == "en" else said
