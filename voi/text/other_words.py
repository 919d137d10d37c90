"""Abbreviations, ordinals and signs of other languages than English, as one says them."""

import re
from functools import lru_cache

from voi.text.other_tables import ABBREVIATIONS, LISTS_END, Words
from voi.text.spoken_words import ordinal

Match = re.Match[str]

_GERMAN_MONTH = r"(?:Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember)\b"
_ORDINALS = {
    "de": re.compile(rf"(?P<before>\b(?:[Dd]er|[Dd]ie|[Dd]as)\s)?(?<![\d.,])\b(\d{{1,2}})\.\s?(?={_GERMAN_MONTH})"),
    "fr": re.compile(r"\b(\d{1,3})(er|re|ère|e|ème|eme)\b"),
    "es": re.compile(r"\b(\d{1,2})\.?(º|ª|er)(?!\w)"),
    "it": re.compile(r"\b(\d{1,3}(?=[ºª])|\d(?=°\s[^\W\d]))(º|ª|°)(?!\s?[CF]\b)"),
    "pt": re.compile(r"\b(\d{1,3})\.?(º|ª)(?!\w)"),
    "nl": re.compile(r"\b(\d{1,3})(e|de|ste)\b"),
}
_SLAVIC_ORDINAL = re.compile(r"(?<![\d.,:])\b(\d{1,2})\.\s(?=[a-záčďéěíňóřšťúůýž])")
"""A date or an ordinal: at least its point ends no sentence and begins no list."""
_DEGREES = re.compile(r"(?<=\w)\s?°\s?([CF]\b)?")
_PLUS, _EQUALS = re.compile(r"(?<!\w)\+(?=\d)|(?<=\w)\s?\+\s?(?=\w)"), re.compile(r"\s=\s")
_MINUS = re.compile(r"(?<![\w)\].,-])[-−](?=\d)")
_MINUSES = {"de": "minus", "fr": "moins", "es": "menos", "it": "meno", "pt": "menos", "nl": "min", "pl": "minus",
            "ru": "минус", "cs": "minus", "tr": "eksi", "hu": "mínusz", "ar": "سالب", "hi": "माइनस", "zh": "负",
            "ja": "マイナス", "ko": "마이너스", "uk": "мінус"}  # fmt: skip
_NUMBER = re.compile(r"[#№]\s?(?=\d)")
_SCALES = {"ru": ("Цельсия", "Фаренгейта"), "uk": ("Цельсія", "Фаренгейта"), "ar": ("مئوية", "فهرنهايت"),
           "hi": ("सेल्सियस", "फ़ारेनहाइट")}  # fmt: skip


def spoken_abbreviations(text: str, language: str) -> str:
    """Before everything else, while their points and signs are there."""
    if language == "cs":
        text = _SLAVIC_ORDINAL.sub(r"\1 ", text)
    elif (ordinals := _ORDINALS.get(language)) is not None:
        text = ordinals.sub(lambda match: _ordinal(match, language), text)
    pattern = _abbreviations(language)
    return pattern.sub(lambda match: _long(match, language), text) if pattern is not None else text


def spoken_signs(text: str, language: str, words: Words) -> str:
    """Before the numbers: degrees, number signs, plus and equals between words."""
    gap = " " if words.spaces else ""
    if words.degrees and "°" in text:
        text = _DEGREES.sub(lambda match: f"{gap}{words.degrees}{_scale(match, language, words)}{gap}", text)
    if (minus := _MINUSES.get(language)) and "-" in text:
        text = _MINUS.sub(f"{minus}{gap}", text)
    if words.number:
        text = _NUMBER.sub(f"{gap}{words.number}{gap}", text)
    if words.plus and "+" in text:
        text = _PLUS.sub(f"{gap}{words.plus} ", text)
    if words.equals and "=" in text:
        text = _EQUALS.sub(f"{gap}{words.equals}{gap}", text)
    return text.replace("&", f" {words.and_} ") if words.and_ else text


def _scale(match: Match, language: str, words: Words) -> str:
    if not words.spaces:
        return ""
    celsius, fahrenheit = _SCALES.get(language, ("Celsius", "Fahrenheit"))
    return f" {celsius}" if match[1] == "C" else f" {fahrenheit}" if match[1] else ""


@lru_cache(maxsize=32)
def _abbreviations(language: str) -> re.Pattern[str] | None:
    """A unit only after a number; points may have a space after them: z. B., EE. UU."""
    known = ABBREVIATIONS.get(language)
    if known is None:
        return None
    forms = [
        re.escape(short).replace(r"\.", r"\.\s?").removesuffix(r"\s?") + (r"(?!\w)" if short[-1] != "." else "")
        for short in sorted(known, key=len, reverse=True)
    ]
    return re.compile(rf"(?<![\w.])(?:{'|'.join(forms)})", re.IGNORECASE)


@lru_cache(maxsize=32)
def _said(language: str) -> dict[str, str]:
    return {short.lower(): said for short, said in ABBREVIATIONS[language].items()}


_UNITS = frozenset({"km/h", "km/u", "kg", "km", "кг", "км", "كم", "كغ"})
_BEFORE_NAMES = frozenset({"m.", "fr.", "st.", "hr.", "av.", "no.", "dr", "д.", "د."})


def _long(match: Match, language: str) -> str:
    short = "".join(match[0].split()).lower()
    rest = match.string[match.end() :]
    if short in _UNITS and not re.search(r"\d\s?\Z", match.string[max(0, match.start() - 3) : match.start()]):
        return match[0]
    if short in _BEFORE_NAMES and not (
        rest[:1].isspace() and (rest.strip()[:1].istitle() or not rest.strip()[:1].isascii())
    ):
        return match[0]
    said = _said(language)[short]
    if short.endswith(".") and rest[:1].isalpha():
        return f"{said} " if match.string[match.end() - 1] == "." and short not in LISTS_END else match[0]
    following = rest.strip()[:1]
    ends = short.endswith(".") and (not rest.strip() or (short in LISTS_END and following.isupper()))
    return said + ("." if ends else "")


def _ordinal(match: Match, language: str) -> str:
    if language == "de":
        said = ordinal(match[2], "de")
        return f"{match['before']}{said} " if match["before"] else f"{said}n "
    digits, ending = match[1], match[2]
    if language == "fr" and digits == "1":
        return "premier" if ending == "er" else "première"
    said = ordinal(digits, language)
    if ending == "ª":
        return said[:-1] + "a" if said.endswith("o") else said
    short = ending == "er" or re.match(r"\s[^\W\d]", match.string[match.end() :])  # primer piso, but: es el primero
    return said.removesuffix("o") if short and language == "es" and digits in ("1", "3") else said
