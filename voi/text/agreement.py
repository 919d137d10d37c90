"""Numbers that agree with what is counted: une maison, vingt et une heures, veintiún días, дві… две минуты, zwei, 两个.

Rules: French, Spanish, Italian and Portuguese "one" (and its compounds) take the noun's gender (Grevisse, Le bon usage,
§ 599; RAE, Diccionario panhispánico de dudas, "uno" 2; Treccani, "uno"; Cunha & Cintra); Spanish and Portuguese
hundreds too. German "ein/eine". Russian один/одна/одно and два/две, Polish dwa/dwie, Czech dva/dvě. Hungarian kettő is
két before a noun. Chinese 二 is 两 before measure words (现代汉语八百词, "两"). Korean counts most things in native
numbers (표준국어대사전, "한" to "스물").
"""

import re
from collections.abc import Callable

from voi.text import arabic_numbers
from voi.text.numerals import cardinal
from voi.text.tables.shape import Language, words

_VOWELS = "aeiouàèéìòùhAEIOU"


def gender(noun: str, language: Language) -> str:
    """The gender "f", "n" or "m" of a noun, singular or plural, by the language's lists and endings; "m" if they do
    not tell."""
    low, rules = noun.lower(), language.gender
    if known := _listed(language).get(low):
        return known
    if rules.feminine_endings and low.endswith(rules.feminine_endings):
        return "f"
    if rules.neuter_endings and low.endswith(rules.neuter_endings):
        return "n"
    return "m"


def _listed(language: Language) -> dict[str, str]:
    found = _LISTED.get(language.code)
    if found is None:
        rules = language.gender
        lists = (("m", rules.masculine), ("f", rules.feminine), ("n", rules.neuter))
        found = _LISTED[language.code] = {noun.lower(): kind for kind, nouns in lists for noun in nouns}
    return found


_LISTED: dict[str, dict[str, str]] = {}


def counted(number: str, noun: str, language: Language, singular: str = "") -> str:
    """`number` (1, 21, 2.5) in words as it is said before `noun`. `singular`: the noun's base form, which shows its
    gender best; "" if it is not known."""
    said = cardinal(number, language)
    if language.code == "ar":
        return arabic_numbers.counted(said, number, noun)
    agree = _AGREE.get(language.code)
    if agree is None or "." in number:
        return said
    kind = gender(singular or noun, language)
    if not singular and said.endswith(("два", "dwa", "dva")):
        kind = _of_plural(noun, language, kind)
    return agree(said, number, noun, kind)


def _of_plural(noun: str, language: Language, kind: str) -> str:
    """Gender of the form after two: Russian минуты and недели are feminine, стола and окна are not; Polish lata and
    Czech auta are neuter."""
    if noun.lower() in _listed(language):
        return kind
    if language.code == "ru":
        return "f" if noun.endswith(("ы", "и")) else "m"
    if noun.endswith("a"):
        return "n"
    return "f" if noun.endswith(_FEMININE_PLURALS[language.code]) else kind


_FEMININE_PLURALS = {
    "pl": ("stry", "ury", "nki", "czki", "żki", "wki", "tki", "łki", "rki", "szki", "iny", "uty", "undy", "oby",
    "nice", "ści", "cje",
           "ulki", "ony", "ery", "órki"),
    "cs": ("stry", "nky", "čky", "žky", "vky", "tky", "lky", "rky", "šky", "lety", "iny", "uty", "undy", "oby",
    "nice", "žíce",
           "osti", "ace", "ny", "hy", "ly"),
}  # fmt: skip


def _french(said: str, number: str, noun: str, kind: str) -> str:
    if noun == "mille" and said.endswith(("cents", "vingts")):  # trois cent mille
        return said[:-1]
    return f"{said}e" if kind == "f" and said.endswith("un") else said


def _spanish(said: str, number: str, noun: str, kind: str) -> str:
    if number == "1" and noun.lower() in _STRESSED_A:  # un agua (RAE, "el", 2.1)
        return "un"
    if kind == "f":
        millions, joint, rest = said.rpartition("millones ") if "millones " in said else said.rpartition("millón ")
        said = millions + joint + re.sub(r"(?<=[cn])ientos\b", "ientas", rest)
        return f"{said[:-1]}a" if said.endswith("uno") else said
    return f"{said[:-4]}iún" if said.endswith("iuno") else said[:-1] if said.endswith("uno") else said


_STRESSED_A = words(
    "agua águila ala alba alga alma alza ama ancla ansia arca área arma arpa asa aula ave haba habla hacha hada hambre "
    "álgebra ánima ánfora aspa ascua"
)


def _italian(said: str, number: str, noun: str, kind: str) -> str:
    if number != "1":
        return said
    low = noun.lower()
    if kind == "f":
        return "un'" if low[:1] in _VOWELS[:-6] and low[:1] != "h" else "una"
    hard = low[:1] in ("z", "x", "y") or low[:2] in ("gn", "ps", "pn") or (low[:1] == "s" and low[1:2] not in _VOWELS)
    return "uno" if hard else "un"


def _portuguese(said: str, number: str, noun: str, kind: str) -> str:
    if kind == "f":
        said = said.replace("entos", "entas")
        said = re.sub(r"um$", "uma", said)
        return re.sub(r"dois$", "duas", said)
    return said


def _german(said: str, number: str, noun: str, kind: str) -> str:
    if number == "1":
        return "eine" if kind == "f" else "ein"
    return said


def _russian(said: str, number: str, noun: str, kind: str) -> str:
    if noun.endswith(("у", "ю")):  # одну книгу
        return re.sub(r"один$", "одну", said)
    if kind == "f":
        return re.sub(r"один$", "одна", re.sub(r"два$", "две", said))
    return re.sub(r"один$", "одно", said) if kind == "n" else said


def _polish(said: str, number: str, noun: str, kind: str) -> str:
    if number == "1" and noun.endswith("ę"):
        return "jedną"
    if number == "1" and noun in _ONE_ANIMATE["pl"]:
        return "jednego"
    if number in ("2", "3", "4") and (noun.endswith("ów") or noun in _MEN):  # dwóch mężczyzn
        return {"2": "dwóch", "3": "trzech", "4": "czterech"}[number]
    if number == "1":
        return {"f": "jedna", "n": "jedno"}.get(kind, "jeden")
    return re.sub(r"dwa$", "dwie", said) if kind == "f" else said


_ONE_ANIMATE = {
    "pl": words("brata syna psa kota męża ojca pana gościa lekarza klienta ucznia człowieka"),
    "cs": words("bratra syna psa muže otce pána hosta lékaře klienta žáka člověka kocoura"),
}
"""Accusatives of what lives: mam 1 brata."""
_MEN = words("braci mężczyzn ludzi gości lekarzy nauczycieli panów przyjaciół kolegów")


def _czech(said: str, number: str, noun: str, kind: str) -> str:
    if number == "1" and noun in _ONE_ANIMATE["cs"]:
        return "jednoho"
    if number == "1" and noun.endswith(("u", "ici", "ci")):
        return "jednu"
    if number == "1":
        return {"f": "jedna", "n": "jedno"}.get(kind, "jeden")
    return re.sub(r"dva$", "dvě", said) if kind in "fn" else said


def _hungarian(said: str, number: str, noun: str, kind: str) -> str:
    return re.sub(r"kettő$", "két", said)


def _chinese(said: str, number: str, noun: str, kind: str) -> str:
    if number == "2":
        return "两"
    return said


_NATIVE = ("", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉")
_NATIVE_TENS = ("", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔")


def native_korean(number: int) -> str:
    """1 to 99 as before a counter (and hours): 한, 두, 스무, 스물한."""
    if number == 20:
        return "스무"
    return f"{_NATIVE_TENS[number // 10]}{_NATIVE[number % 10]}"


_AGREE: dict[str, Callable[[str, str, str, str], str]] = {
    "fr": _french, "es": _spanish, "it": _italian, "pt": _portuguese, "de": _german, "ru": _russian, "pl": _polish,
    "cs": _czech, "hu": _hungarian, "zh": _chinese,
}  # fmt: skip
