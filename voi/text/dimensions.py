"""Sizes and multiples: 1920x1080, 10 x 12 ft, 3x; and the unknown in 2x + 3."""

import re

from voi.text import cldr
from voi.text.agreement import counted
from voi.text.numerals import cardinal
from voi.text.scan import Reading, Scan
from voi.text.tables.shape import Language
from voi.text.units import per

TIMES = re.compile(r"\s?[xX×](?![^\W\d_])\s?(?=\d)")
_TIMES_WORD = re.compile(r"[xX×]\b")
_UNKNOWN = re.compile(r"[xyzn](?:[²³^]|\s?[+=<>≤≥≠)]|\s[-*/×÷]\s\d)")
_X = re.compile(r"[xyz](?![\w×])(?!\s?\d)")
_MATHEMATICS = re.compile(r"\bx\s?[=²³^]|\dx\s?[²³^]|=\s?-?\d*x\b|\([xyz]\)")
"""Somewhere in the text x is an unknown: 3x^2, f(x), x = 2."""
_FOLD_BEFORE = re.compile(r"[xX×]\s\d")
_LANES = re.compile(r"\sx\Z")
_BUS_BEFORE = re.compile(r"\b(?:PCIe|PCI-E|PCI\sExpress)\s(?:Gen\s?)?\Z")
_LETTERED = re.compile(r"X\d+[A-Z]")
"""7950X3D"""
_RESOLUTION = re.compile(r"\d{3,5}\s?×\s?\d{3,5}(?!\s?[=\d+×]|[.,]\d)")
_FOLD = {
    "en": " times",
    "de": "mal",
    "fr": " fois",
    "es": " veces",
    "it": " volte",
    "pt": " vezes",
    "nl": " keer",
    "pl": " razy",
    "tr": " kez",
    "hu": "",
    "cs": "",
    "ru": "",
}


def dimensions(scan: Scan, at: int) -> Reading | None:
    """1920x1080, 10 x 12, and 3x: three times."""
    number = scan.number(at)
    if not number:
        return None
    digits, end = number
    language = scan.language
    mathematics = _X.match(scan.text, end) and _MATHEMATICS.search(scan.text, max(0, at - 80), end + 80)
    if language.gap and (mathematics or _UNKNOWN.match(scan.text, end)):
        return f"{cardinal(digits, language)} {scan.text[end]}", end + 1, "number"
    match = TIMES.match(scan.text, end)
    if match and _LANES.match(match[0]) and _BUS_BEFORE.search(scan.text, max(0, at - 16), at):  # PCIe 4.0 x16
        match = None
    if match and _LETTERED.match(scan.text, end):
        return None
    if match and _FOLD_BEFORE.match(scan.text, end) and language.code in _FOLD:  # 2x 500 mg
        match = None
    if match and "by" in language.say:
        if language.code == "pt" and "x" in match[0] and len(digits) == 1 and _is_game(scan, at):  # venceu por 2x0
            return f"{cardinal(digits, language)} a", match.end(), "by"
        times = ("×" in match[0] and language.say["times"]) or language.say["by"]
        if "×" in match[0] and _RESOLUTION.match(scan.text, at):
            times = language.say["by"]
        if "×" in match[0] and re.match(
            r"\d+(?:[.,]\d+)?(?:\s?[x×]\s?\d+)?\s?(?:cm|mm|m|ft|in|px|inch|km)\b",
            scan.text[match.end() : match.end() + 20],
        ):
            times = language.say["by"]
        if language.code == "hu":
            return f"{hungarian_times(digits, language)} ", match.end(), "by"
        return f"{cardinal(digits, language)}{language.gap}{times}", match.end(), "by"
    match = _TIMES_WORD.match(scan.text, end)
    if match and "times" in language.say and language.code in _FOLD:
        more, stop = per(scan, match.end())
        word = _FOLD[language.code]
        if language.code in ("hu", "cs"):  # kétszer, třikrát
            said = hungarian_times(digits, language) if language.code == "hu" else f"{cardinal(digits, language)}krát"
            return said + more, stop, "measure"
        if language.code == "ru":
            said = cldr.form(digits, {"one": "раз", "few": "раза", "many": "раз", "other": "раза"}, "ru")
            return f"{cardinal(digits, language)} {said}{more}", stop, "measure"
        return f"{counted(digits, word.strip(), language)}{word}{more}", stop, "measure"
    return None


def _is_game(scan: Scan, at: int) -> bool:
    return bool({"venceu", "vence", "ganhou", "ganha", "perdeu", "perde", "empatou", "empate", "placar", "jogo", "gols"}
                & set(scan.words_before(5, at)))  # fmt: skip


def hungarian_times(digits: str, language: Language) -> str:
    """-szor, -szer, -ször by the number's last vowel (A magyar helyesírás szabályai, 292)."""
    said = {"2": "két"}.get(digits) or cardinal(digits, language)
    last = next((char for char in reversed(said) if char in "aáeéiíoóöőuúüű"), "e")
    return f"{said}{'szor' if last in 'aáoóuú' else 'ször' if last in 'öő' else 'szer'}"
