"""Normalizes characters: keeps what a speech engine can read and removes decoration."""

import html
import re
import unicodedata

_TABLE_MAX = 8_192  # characters remembered; hostile text could hold a million different ones

_HUGE_ENTITY = re.compile(r"&#[xX]?[0-9a-fA-F]{9,}+;?")
"""No character has such a number, and html.unescape fails on it."""
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,300}>|<!--[^<>]{0,1000}-->")
_NAMED_TAG = re.compile(
    r"</?([A-Za-z][A-Za-z0-9]{0,20})\s?/?>(?=\s(?:tags?|elements?|Elemente?|Tags?)\b|-(?:Tag|Element))"
)
"""In "the <video> tag" the tag's name is read."""
_LINE_BREAK = re.compile(r"<(?:br|/p|/div|/li|/h[1-6])\b[^<>]{0,100}>", re.IGNORECASE)
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]{1,2000})>", re.IGNORECASE)

_ENDING = re.compile(r"(?<=[^\W\d_A-Z]{3})\((e?s|en?|in|innen|as?|os?|ne)\)(?![^\W\d_])")
"""item(s), niño(s), Kunde(n): read with their endings."""
_APOSTROPHES = "’‘‛ʼʹ′`´＇"
_MEANT = frozenset("⊖€£¥¢₹₽₩₺₴₪₫฿$%‰°+=<>|~^&@#*_/\\×÷±≈≤≥≠→⇒•◦▪‣·№§∞√²³")
"""Signs that later steps read or cut out."""
_NAMES = {"½": " 1/2", "¼": " 1/4", "¾": " 3/4", "⅓": " 1/3", "⅔": " 2/3", "⅛": " 1/8"}
_NAMES |= {
    "￥": "¥",
    "〜": "~",
    "～": "~",
    "（": "(",
    "）": ")",
    "º": "º",
    "ª": "ª",
    "µ": "μ",
    "−": "-",
    "‑": "-",
    "‐": "-",
    "⁄": "/",
    "℃": "°C",
    "℉": "°F",
}


class _Folding(dict[int, str]):
    """For str.translate: compatibility letters and digits become plain ones, emoji and controls a space."""

    def __missing__(self, code: int) -> str:
        folded = _folded(chr(code))
        if len(self) < _TABLE_MAX:
            self[code] = folded
        return folded


def _folded(char: str) -> str:
    if char in _NAMES:
        return _NAMES[char]
    if char in _APOSTROPHES and char != "`":
        return "'"
    if char in _MEANT or char in "\n\t`":
        return char
    if "\u3300" <= char <= "\u33ff":  # ㎡, ㌔
        return unicodedata.normalize("NFKC", char)
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.digit(char))
    if category[0] in "LN":
        plain = unicodedata.normalize("NFKC", char)
        return plain if plain.isalnum() else f" {plain} "
    if char in "\u200c\u200d":  # joiners shape words in Persian and Indic scripts
        return char
    if category == "Cf" or "\ufe00" <= char <= "\ufe0f":
        return ""
    if category[0] == "Z":
        return "\n" if char in "\u2028\u2029" else " "
    return " " if category[0] in "SC" or char == "\u20e3" else char


_FOLDING = _Folding()
_DOT_TIMES = re.compile(r"(?<=\d)\s?·\s?(?=\d)")
_ARABIC_POINT = re.compile(r"(?<=\d)[٫٬](?=\d)")
_FACE = re.compile(r"(?<!\S)(?:[:;=]-?[)(DPpOo|/\\*]|<3|\^_\^|[xX]D|:'\()(?=[\s.,!?]|\Z)(?!\s[\d\w]*\d)")
"""Faces and hearts drawn with signs: :-) <3 ^_^"""
_LOVE = re.compile(r"\b(I|[Ww]e|[Yy]ou|[Tt]hey)\s<3(?=\s[^\W\d_])")
"""I <3 you"""
_FEW = re.compile(
    r"\b(?:is|are|if|of|with|when|only|keep|use|values?|scores?|levels?|counts?|age[ds]?|pH|ist|sind|bei|est|es|è)\s<3\b"
    r"|<3(?=\s(?:are|is|was|were|items?|people|days|hours|minutes|seconds|years|months|weeks|times|units|points)\b)"
)
"""Less than three, and no heart."""
_MEANT_DEGREES = re.compile(r"(?<=\d)\s?º(?=\s?[CF]\b)")
_CHARGE = re.compile(r"(?<=[A-Za-z\d₀-₉])([¹²³⁴-⁷]?)([⁺⁻])(?![⁰¹²³⁴-⁹])")
_POWER = re.compile(r"(?<=[\w)])(⁻?)([⁰¹²³⁴-⁹]{2,20}|(?<=⁻)[⁰¹²³⁴-⁹]|[⁰⁴-⁹])")
_FOOTNOTE = re.compile(r"(?<=[^\W\d_]{3})[¹²³](?![\w⁺⁻])|(?<=[.,!?])[¹²³](?=\s|\Z)")
"""A superscript after a whole word is a footnote, not a power."""
_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_RAISED = re.compile("[⁰¹²³⁴-⁹⁺⁻]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]+")
_FACE_SIGNS = frozenset(":;=<^")
_STRAY_JOINER = re.compile(r"(?<!\w)[\u200c\u200d]+|[\u200c\u200d]+(?!\w)")


def _charge(match: re.Match[str]) -> str:
    """Ca²⁺: Ca 2+. A minus becomes the sign that is not read as part of a number."""
    return f" {match[1].translate(_POWERS)}{'+' if match[2] == '⁺' else '⊖'} "


def plain_characters(text: str) -> str:
    """The text with entities and tags resolved, straight apostrophes, plain letters and digits, and without emoji and
    control characters."""
    if not _FACE_SIGNS.isdisjoint(text):
        if "<3" in text:
            text = _LOVE.sub(r"\1 love", text)
            text = _FEW.sub(lambda few: few[0].replace("<3", "< 3"), text)
        text = _FACE.sub("", text)
    if "&" in text:
        text = html.unescape(_HUGE_ENTITY.sub(" ", text))
    if "<" in text:
        text = _NAMED_TAG.sub(r"\1", text)
        text = _TAG.sub("", _LINE_BREAK.sub("\n", _AUTOLINK.sub(r" \1 ", text)))
    if ")" in text:
        text = _ENDING.sub(r"\1", text)
    if not text.isprintable():
        text = _CONTROL.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
    if not text.isascii() and _RAISED.search(text):
        text = _CHARGE.sub(_charge, _FOOTNOTE.sub("", text))
        text = _POWER.sub(lambda power: f"^{'-' * bool(power[1])}{power[2].translate(_POWERS)}", text)
    if "º" in text:
        text = _MEANT_DEGREES.sub("°", text)
    if "·" in text:
        text = _DOT_TIMES.sub(" × ", text)
    if "٫" in text or "٬" in text:
        text = _ARABIC_POINT.sub(lambda sign: "." if sign[0] == "٫" else ",", text)
    if not text.isascii():
        text = _STRAY_JOINER.sub("", text.translate(_FOLDING))
    return text
