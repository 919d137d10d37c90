"""English abbreviations, acronyms and signs, as one says them."""

import re

from voi.text.english_tables import ABBREVIATIONS, RULERS, SIGNS, SOUNDS, SPELT, TITLES
from voi.text.spoken_words import ordinal

_ABBREVIATION = re.compile(rf"(?<![\w.'])({'|'.join(ABBREVIATIONS)})\.(?![\w])", re.IGNORECASE)
_GLUED_SENTENCES = re.compile(r"(?<=[a-z]{2})\.(?=[A-Z][a-z])")
_NAMED_WITHOUT_DOT = re.compile(r"\b(Mr|Mrs|Ms|Dr)(?=\s[A-Z])|\b(vs)\b(?!\.)")
_SAINT_OR_STREET = re.compile(r"\bSt\.(?=(\s+[A-Z])?)")
_LATIN = re.compile(r"(?<![\w.])(?:(e\.\s?g|eg)|(i\.\s?e|ie))\b\.?,?(?=\s)", re.IGNORECASE)
_HALF_OF_DAY = re.compile(r"(?<![\w.])([ap])\.\s?m\.?(?!\w)", re.IGNORECASE)
_INITIALS = re.compile(r"\b(?:[A-Za-z]\.){2,6}(?!\w)")
_ACRONYM = re.compile(r"(?<![\w'])([A-Z]{2,6})('?s)?(?![\w'])")
_ROMAN = re.compile(r"\b([A-Z][a-z]+) (I{2,3}|IV|VI{0,3}|IX|XI{0,3}|XIV|XV|XVI{1,3})\b(?!')")
_ROMANS = {
    "II": "2", "III": "3", "IV": "4", "V": "5", "VI": "6", "VII": "7", "VIII": "8", "IX": "9", "X": "10", "XI": "11",
    "XII": "12", "XIII": "13", "XIV": "14", "XV": "15", "XVI": "16", "XVII": "17", "XVIII": "18",
}  # fmt: skip
_NOT_WHEN_SHOUTING = frozenset({"US", "AM", "PA", "LA", "BA", "ID", "OS", "AC", "IV", "RIP"})
_DETERMINERS = frozenset({"The", "An", "Your", "His", "Her"})  # of a drip, not a fourth
_VOWEL = re.compile(r"[AEIOUY]")
_HANDLE = re.compile(r"(?<!\w)@(?=\w)")
_HASHTAG = re.compile(r"(?<!\w)#(?=[^\W\d])")
_SHARP = re.compile(r"\b([CFA-GJ])#(?!\w)")
_PLUS_PLUS = re.compile(r"\b([CcG])\+\+")
_WITH = re.compile(r"(?<![\w/])w/(o\b)?\s?")
_SLASH = re.compile(r"\s?(?<=[\w\s])/\s?(?=\w)")
_POWER = re.compile(r"(?<=[\w)])\^(?=[\w(-])")
_SIGN = re.compile("[" + re.escape("".join(SIGNS)) + "]")


def spoken_abbreviations(text: str) -> str:
    """Before the numbers: a.m., Dr., e.g., Henry VIII, w/o."""
    if "." in text or "Mr" in text or "Dr" in text or "Ms" in text or "vs" in text:
        text = _GLUED_SENTENCES.sub(". ", text)
        text = _LATIN.sub(lambda match: "for example," if match[1] else "that is,", text)
        text = _SAINT_OR_STREET.sub(lambda match: "Saint" if match[1] else f"Street{_full_stop(match)}", text)
        text = _ABBREVIATION.sub(_abbreviation, text)
        text = _NAMED_WITHOUT_DOT.sub(lambda match: ABBREVIATIONS[match[0].lower()], text)
        text = _HALF_OF_DAY.sub(lambda match: f"{match[1].upper()} M", text)
        text = _INITIALS.sub(lambda match: " ".join(match[0].replace(".", "").upper()) + _full_stop(match), text)
    text = _ROMAN.sub(_roman, text)
    if "/" in text:
        text = _WITH.sub(lambda match: "without " if match[1] else "with ", text)
    return text


def spoken_acronyms(text: str) -> str:
    """After the numbers: acronyms that are spelt, letter by letter; those that are words (NASA) stay."""
    shouted = _NOT_WHEN_SHOUTING if text.isupper() else frozenset()
    return _ACRONYM.sub(lambda match: match[0] if match[1] in shouted else _acronym(match), text)


def spoken_signs(text: str) -> str:
    """After the numbers: & @ # + = and their likes in words."""
    if "#" in text:
        text = _HASHTAG.sub("hashtag ", _SHARP.sub(r"\1 sharp", text))
    if "/" in text:
        text = _SLASH.sub(_slash, text)
    if "++" in text:
        text = _PLUS_PLUS.sub(r"\1 plus plus", text)
    if "^" in text:
        text = _POWER.sub(" to the power of ", text)
    if "->" in text:
        text = text.replace("->", " to ")
    return _SIGN.sub(lambda match: SIGNS[match[0]], text)


def _abbreviation(match: re.Match[str]) -> str:
    word = match[1].lower()
    said = ABBREVIATIONS[word]
    if match[1].islower() and word not in TITLES:
        said = said.lower()
    return said if word in TITLES else said + _full_stop(match)


def _full_stop(match: re.Match[str]) -> str:
    """The abbreviation's point ends the sentence as well when nothing or a capital follows."""
    rest = match.string[match.end() : match.end() + 3].strip()
    return "." if not rest or (rest[0].isupper() and match[0][:1].islower()) else ""


def _acronym(match: re.Match[str]) -> str:
    letters, plural = match[1], match[2] or ""
    if letters == "OK":
        return "okay" + plural
    if letters in SOUNDS or (letters not in SPELT and _VOWEL.search(letters)):
        return match[0]
    return " ".join(letters) + ("'s" if plural else "")


def _roman(match: re.Match[str]) -> str:
    name, value = match[1], _ROMANS.get(match[2])
    if value is None or (match[2] == "IV" and name in _DETERMINERS):
        return match[0]
    return f"{name} the {ordinal(value)}" if name in RULERS else f"{name} {value}"


def _slash(match: re.Match[str]) -> str:
    before = re.search(r"\w*\Z", match.string[max(0, match.start() - 20) : match.start()])
    after = match.string[match.end() : match.end() + 1]
    word = before[0] if before else ""
    return " or " if word.isalpha() and word.islower() and word != "and" and after.islower() else " "
