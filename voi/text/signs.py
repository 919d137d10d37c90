"""Signs in words, chosen by their neighbours: minus, to, hashtag, number, or, per; and what begins with a sign."""

import re
from collections.abc import Callable

from voi.text import money, telephone
from voi.text.numerals import cardinal, one_by_one, pairs
from voi.text.scan import Reading, Scan
from voi.text.slashes import slash
from voi.text.spelt import ROOM_WORDS
from voi.text.tables.shape import words as _set
from voi.text.years import decade

_NUMBERISH = frozenset(("number", "time", "date", "money", "measure", "year", "ordinal", "by", "fraction", "to"))
_NAMES = {
    "&": "and", "@": "at", "+": "plus", "=": "equals", "%": "percent", "٪": "percent", "‰": "permille",
    "°": "degrees", "⊖": "minus", "→": "arrow", "⇒": "arrow",
    "×": "times", "÷": "divided", "±": "plusminus", "≈": "about", "≤": "at_most", "≥": "at_least", "≠": "not_equal",
    "√": "root", "∞": "infinity", "№": "number", "§": "section", "²": "squared", "³": "cubed", "\\": "backslash",
}  # fmt: skip
_DATE_NEXT = re.compile(
    r"\s?(?=\d|[$€£¥]\d|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*\.?,?\s\d"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?\s\d)"
)
_LONE_ENDING = re.compile(r"\.[^\W\d_]+(?![\w.@])")
_CODE_NEXT = re.compile(r"[A-Z]\d\b")
_CODE = re.compile(r"[A-Z]{1,4}-?\d")
_YEAR = re.compile(r"(\d0)s\b|(\d\d)(?![\w'])")
_EQUALS = re.compile(r"=*")
_TAG = re.compile(r"[A-Z]{2,}(?:20)?\d\d(?![\w-])")
_COLOR = re.compile(r"#(?=[0-9]*[A-Fa-f])(?=[A-Fa-f]*[0-9])([0-9A-Fa-f]{6})(?!\w)")
_PORT = re.compile(r":(\d{4,5})(?![\w.,:]*\w)")
"""localhost:8080"""


def sign(scan: Scan, at: int, number: Callable[[Scan, int], Reading]) -> Reading | None:
    """Reads a single sign, such as & or an arrow; None: it is copied. `number` reads a number that belongs to it."""
    text = scan.text
    char, following = text[at], text[at + 1 : at + 2]
    language = scan.language
    if char == "." and following == "." and text[at - 1 : at].isalnum() and text[at + 2 : at + 3].isalnum():
        return ". ", at + 2, ""
    if (
        char == "."
        and following.isalpha()
        and "dot" in language.say
        and (not at or text[at - 1] in " (")
        and _LONE_ENDING.match(text, at)
    ):
        return f"{language.say['dot']}{language.gap}", at + 1, ""  # .NET, .env
    if char == "." and following.isalpha() and language.spaces:
        return (". " if text[at - 1 : at].isalnum() else " "), at + 1, ""  # two sentences, not an address
    if char == "!" and following == " " and text[at - 1 : at].isdigit() and "factorial" in language.say:  # 5! = 120
        return f" {language.say['factorial']}", at + 1, "number"
    if char == "(" and (day := _DAY_IN_BRACKETS.match(text, at)) and (name := _DAY_NAMES.get(language.code)):
        blank = " " if language.spaces else ""
        return f"{blank}{day[1]}{name}", day.end(), "date"
    if char in ".:：'(!" and not following.isdigit() and following != "=":
        return None
    if char in money.SIGNS or char == "¢":
        return money.at_sign(scan, at) or money.name_alone(scan, at) or ("", at + 1, "")
    rule = _RULES.get(char)
    if rule is not None:
        reading = rule(scan, at, following)
        if reading is not None or char in "-–—'(.:：<>*^":
            return reading
    if char == "§" and following == "§" and "sections" in language.say:
        return f"{language.say['sections']}{language.gap}", at + 2, "sign"
    name = _NAMES.get(char)
    if name == "arrow" and _is_ornament(text, at, at + 1):
        return "", at + 1, ""
    if char == "%" and language.percent_first and following.isdigit():
        found = scan.number(at + 1)
        if found:
            gap = language.gap
            return f"{language.say['percent']}{gap}{cardinal(found[0], language)}", found[1], "measure"
    said = language.say.get(name, "") if name else ""
    if not said:
        return (" ", at + 1, scan.kind) if char in "~#\\/*^<>_|" else ("" if language.say else char, at + 1, "")
    gap = language.gap
    return f"{gap}{said}{gap}", at + 1, "number" if char in "²³" else "sign"


_TERMS = re.compile(
    r"(?<![\w'])[a-z]\d?\s-\s(?:[a-z]\d?(?!\w)|\d)|(?<=[\d)])\s-\s[a-z](?![\w'])"
    r"|(?:\^\d|[²³]|\d[xyzn])\s-\s[\da-z(]"
)
_MODEL_BEFORE = re.compile(r"(?<![\w-])(?:[A-Za-z]{2,8}-\d(?:\.\d)?[a-z]?|[a-z]\d{1,2})\Z")
_COORDINATE = re.compile(r"\d{1,3}\.\d{2,}(?!\d*[.,]\d)")
_DAY_IN_BRACKETS = re.compile(r"(?<=[日일\d])\(([月火水木金土日월화수목금토일])\)")
_DAY_NAMES = {"ja": "曜日", "ko": "요일"}
_HUNGARIAN_HOUR = re.compile(r"(?:ig|tól|ra|ról)(?!\w)")
_ITEMS = _set("item items model part sku style product article artikel article artículo articolo artigo")
_GROUPED = re.compile(r"#\s?(\d+(?:-\d+)+)(?![\w-])")
_ENDS = _set("ending ends in account acct endet auf")


def _is_ornament(text: str, at: int, end: int) -> bool:
    """True for an arrow at the beginning or the end of a sentence, which points at nothing."""
    before, after = text[max(0, at - 8) : at].rstrip(" \"'([*"), text[end : end + 8].lstrip(" \"')]*")
    return (not before and at <= 8) or before.endswith((".", "!", "?", ":", ";")) or not after or after[0] in ".!?;"


def _gap(scan: Scan) -> str:
    return scan.language.gap


def _unequal(scan: Scan, at: int, following: str) -> Reading | None:
    return _joined(scan, at + len(_EQUALS.match(scan.text, at + 1)[0]) + 1, "not_equal")  # type: ignore[index]


def _equals(scan: Scan, at: int, following: str) -> Reading | None:
    """=, == and === are read the same; => is an arrow."""
    end = _EQUALS.match(scan.text, at).end()  # type: ignore[union-attr]
    if scan.text[end : end + 1] == ">" and _is_ornament(scan.text, at, end + 1):
        return " ", end + 1, ""
    if scan.text[end : end + 1] == ">":
        return _joined(scan, end + 1, "arrow")
    return _joined(scan, end, "equals")


def _ampersand(scan: Scan, at: int, following: str) -> Reading | None:
    return _joined(scan, at + 1 + (following == "&"), "and")


def _joined(scan: Scan, end: int, name: str) -> Reading | None:
    said = scan.language.say.get(name)
    if name == "equals" and scan.language.code == "ko":
        return _korean_topic(scan), end, "sign"
    return (f"{_gap(scan)}{said}{_gap(scan)}", end, "sign") if said else None


def _korean_topic(scan: Scan) -> str:
    """은 behind a consonant, 는 behind a vowel (한글 맞춤법, 조사)."""
    while scan.out and scan.out[-1].isspace():
        scan.out.pop()
    last = ord(scan.out[-1].rstrip()[-1]) - 0xAC00 if scan.out and scan.out[-1].strip() else 0
    return "은" if 0 <= last < 11_172 and last % 28 else "는"


def _plus(scan: Scan, at: int, following: str) -> Reading | None:
    if following.isdigit() or (following == " " and scan.text[at + 2 : at + 3].isdigit()):
        return telephone.telephone(scan, at)
    return None


def _hyphen(scan: Scan, at: int, following: str) -> Reading | None:
    """The blank in the name of a model, o3-mini, GPT-4o-mini; else a minus or a mark between words."""
    named = scan.language.code == "en" and following.islower()
    if named and _MODEL_BEFORE.search(scan.text, max(0, at - 14), at):
        return " ", at + 1, ""
    return _minus(scan, at, following)


def _minus(scan: Scan, at: int, following: str) -> Reading | None:
    text = scan.text
    before = text[at - 1 : at] if at else ""
    if text.startswith("->", at) and _is_ornament(text, at, at + 2):
        return " ", at + 2, ""
    if text.startswith("->", at):
        return f" {scan.language.say.get('arrow', '')} ", at + 2, "sign"
    if before and before in "²³" and following.isdigit():  # x²-4
        say = scan.language.say
        return f"{_gap(scan)}{say.get('subtract') or say.get('minus', '')}{_gap(scan)}", at + 1, "sign"
    if scan.kind in _NUMBERISH and scan.end == at and (match := _DATE_NEXT.match(text, at + 1)):
        return scan.joint(), match.end(), "to"
    if scan.kind == "code" and scan.end == at and _CODE_NEXT.match(text, at + 1):  # Q1-Q3
        return scan.joint(), at + 1, "to"
    if following == "0" and scan.word_before(at).lower() in _ENDS and text[at + 1 : at + 4].isdigit():  # ending -0093
        return "", at + 1, ""
    counts = following.isdigit() or (following != "" and following in money.SIGNS) or money.begins(text, at + 1)
    if following == "-" and text[at + 2 : at + 3] in (";", ")") and before.isalnum() and "minus" in scan.language.say:
        return f" {scan.language.say['minus']} {scan.language.say['minus']}", at + 2, "sign"  # i--;
    western = before == "," and text[at - 2 : at - 1].isdigit() and _COORDINATE.match(text, at + 1)  # 37.77,-122.42
    if (counts or (following == "." and text[at + 2 : at + 3].isdigit())) and (
        western or not (not scan.stands_free(at) or (before and before in ")].,-"))
    ):
        below = scan.language.say.get("below_zero")
        if below and re.match(r"\d+(?:\.\d+)?\s?(?:°|度)", text[at + 1 : at + 12]):
            return below, at + 1, "sign"
        return f"{scan.language.say.get('minus', '')}{_gap(scan)}", at + 1, "sign"
    if following.isdigit() and (scan.words_before(1, at) or [""])[0] in ("noon", "midnight"):
        return scan.joint(), at + 1, "to"
    if following.isdigit() and text[max(0, at - 3) : at] in ("UTC", "GMT"):
        return f" {scan.language.say.get('minus', '')} ", at + 1, "sign"
    if before.isalpha() and following.isdigit():
        return (scan.language.gap), at + 1, ""
    if before.isdigit() and following.isupper() and scan.language.code == "de":  # A4-Format
        return "-", at + 1, ""
    hour = scan.language.code == "hu" and scan.end == at and scan.out[-1].endswith("óra")
    if hour and _HUNGARIAN_HOUR.match(text, at + 1):
        scan.out[-1] = f"{scan.out[-1][:-1]}á"  # 11:00-ig: óráig
        return "", at + 1, ""
    if scan.language.code == "hu" and following.islower() and scan.end == at and scan.kind in _NUMBERISH:
        return "", at + 1, ""  # 500 mg-ot
    if before.isdigit() and following.isalpha() and scan.language.code != "en" and scan.end == at:
        return (
            (" ", at + 1, scan.kind)
            if scan.language.gap and scan.language.code not in ("de", "hu")
            else ("", at + 1, "")
        )
    if before == following == " " and _TERMS.search(text[max(0, at - 4) : at + 5]):  # x - 4
        return scan.language.say.get("minus", ""), at + 1, "sign"
    if (
        before == " "
        and following == " "
        and scan.kind in _NUMBERISH
        and text[at + 2 : at + 3].isdigit()
        and scan.end == at - 1
    ):
        if scan.kind in ("time", "date", "money"):
            return scan.language.say.get("to", ""), at + 1, "to"
        return scan.language.say.get("subtract") or scan.language.say.get("minus", ""), at + 1, "sign"
    return None


def _dash(scan: Scan, at: int, following: str) -> Reading | None:
    text = scan.text
    if scan.kind in _NUMBERISH and scan.end in (at, at - 1) and (match := _DATE_NEXT.match(text, at + 1)):
        return scan.joint(), match.end(), "to"
    if scan.kind == "code" and scan.end == at and _CODE_NEXT.match(text, at + 1):  # Q1–Q3
        return scan.joint(), at + 1, "to"
    return None


_EAST_ASIAN = frozenset(("zh", "ja", "ko"))
_TILDE_RANGE = re.compile(r"[月火水木金土日월화수목금토]~[月火水木金土日월화수목금토일]")
_SIZED = re.compile(r"\d[^\W\d_]{1,3}\Z")


def _about(scan: Scan, at: int, following: str) -> Reading | None:
    if scan.text[at - 1 : at].isalpha() and following.isdigit() and "tilde" in scan.language.say:  # HEAD~3
        return f" {scan.language.say['tilde']} ", at + 1, ""
    if following.isdigit() and scan.end == at and scan.kind in _NUMBERISH:  # 5〜10
        return scan.joint(), at + 1, "to"
    if scan.text[at - 1 : at].isalpha() and scan.language.code in _EAST_ASIAN and _TILDE_RANGE.match(scan.text, at - 1):
        return scan.joint(), at + 1, "to"
    if following.isdigit() and scan.language.code in _EAST_ASIAN and _SIZED.search(scan.text, max(0, at - 12), at):
        return scan.joint(), at + 1, "to"  # 1,000円〜2,000円
    if following.isdigit() or (following in money.SIGNS and following):
        return f"{scan.language.say.get('about', '')}{_gap(scan)}", at + 1, "sign"
    return (" ", at + 1, "") if scan.text[at - 1 : at] != "~" else ("", at + 1, "")


def _hash(scan: Scan, at: int, following: str) -> Reading | None:
    language = scan.language
    if grouped := _GROUPED.match(scan.text, at):  # order #114-3941689
        named = bool(set(scan.words_before(3, at)) & language.digits_after)
        groups = ", ".join(one_by_one(group, language) for group in grouped[1].split("-"))
        return (groups if named else f"{language.say.get('number', '')}{_gap(scan)}{groups}"), grouped.end(), "code"
    match = re.compile(r"#\s?(\d++)(?![\w]|[.,]\d)").match(scan.text, at)
    if match:
        named = bool(set(scan.words_before(3, at)) & language.digits_after)
        digits = match[1]
        spelled = (
            len(digits) >= (4 if _ITEMS & set(scan.words_before(2, at)) else 5)
            or (digits[0] == "0" and len(digits) > 1)
            or (named and len(digits) > 2)
        )
        said = one_by_one(digits, language) if spelled else cardinal(digits, language)
        if language.code == "en" and len(digits) in (3, 4) and ROOM_WORDS & set(scan.words_before(2, at)):
            said = pairs(digits, language)
        word = scan.word_before(at).lower()
        head = "" if named and word in language.digits_after else f"{language.say.get('number', '')}{_gap(scan)}"
        return f"{head}{said}", match.end(), "code"
    if following.isdigit() or (following == " " and scan.word_before(at).islower()):  # the check # is
        return f"{language.say.get('number', '')}{_gap(scan)}", at + 1, ""
    if color := _COLOR.match(scan.text, at):  # #FF5733
        digits = (char.upper() if char.isalpha() else cardinal(char, language) for char in color[1])
        return language.gap.join(digits), color.end(), "code"
    named = scan.word_before(at).lower() in language.digits_after
    tagged = not named and "hashtag" in language.say and _TAG.match(scan.text, at + 1)  # #CES2024
    if _CODE.match(scan.text, at + 1) and not tagged:  # order #A-1234
        return "" if named else f"{language.say.get('number', '')}{_gap(scan)}", at + 1, ""
    if following.isalpha() and "hashtag" in language.say and not scan.text[at - 1 : at].isalnum():
        return f"{language.say['hashtag']}{_gap(scan)}", at + 1, ""
    return " ", at + 1, ""


def _at(scan: Scan, at: int, following: str) -> Reading | None:
    if "at" not in scan.language.say:
        return None
    return f"{_gap(scan)}{scan.language.say['at']}{_gap(scan)}", at + 1, ""


def _compare(scan: Scan, at: int, following: str) -> Reading | None:
    text = scan.text
    name = "greater" if text[at] == ">" else "less"
    end = at + 1
    if following == "=":
        name, end = ("at_least" if name == "greater" else "at_most"), at + 2
    after = re.compile(r"\s?[-$€£]?\d").match(text, end) or (
        following == "=" and re.compile(r"\s[A-Za-z]").match(text, end)
    )
    said = scan.language.say.get(name)
    if (
        said
        and after
        and (scan.kind in _NUMBERISH or at == 0 or text[at - 1 : at] in " (")
        and text[at - 1 : at] != "<"
    ):
        return f" {said} " if scan.language.spaces else said, end, "sign"
    return " ", at + 1, ""


def _times(scan: Scan, at: int, following: str) -> Reading | None:
    text = scan.text
    if re.match(r"\s?\d", text[at + 1 : at + 3]) and re.search(r"\d\s?\Z", text[max(0, at - 2) : at]):
        return f"{_gap(scan)}{scan.language.say.get('times', '')}{_gap(scan)}", at + 1, "sign"
    return " ", at + 1, ""


def _power(scan: Scan, at: int, following: str) -> Reading | None:
    before = scan.text[at - 1 : at]
    if (before.isalnum() or before == ")") and (following.isalnum() or (following in "(-" and following)):
        name = {"2": "squared", "3": "cubed"}.get(following, "")
        if name in scan.language.say and not scan.text[at + 2 : at + 3].isdigit() and not before.isdigit():
            return f"{_gap(scan)}{scan.language.say[name]}{_gap(scan)}", at + 2, "sign"
        return f"{_gap(scan)}{scan.language.say.get('power', '')}{_gap(scan)}", at + 1, "sign"
    return " ", at + 1, ""


def _apostrophe(scan: Scan, at: int, following: str) -> Reading | None:
    """'90s, '99."""
    match = _YEAR.match(scan.text, at + 1)
    quarter = scan.kind == "code" and scan.end == at  # Q1'24
    if not match or (scan.text[at - 1 : at].isalnum() and not quarter) or scan.language.code != "en":
        return None
    if match[1]:
        return decade(scan, at)
    digits = match[2]
    said = cardinal(str(int(digits)), scan.language)
    return (f"oh {said}" if digits[0] == "0" else said), match.end(), "year"


def _parenthesis(scan: Scan, at: int, following: str) -> Reading | None:
    """(555) 123-4567."""
    match = re.compile(r"\(\d{2,5}\)\s?\d").match(scan.text, at)
    return telephone.telephone(scan, at) if match else None


def _point(scan: Scan, at: int, following: str) -> Reading | None:
    """.5"""
    before = scan.text[at - 1 : at]
    match = re.compile(r"\.(\d++)").match(scan.text, at)
    if not match or before.isalnum() or before == "." or "point" not in scan.language.say:
        return None
    gap = _gap(scan)
    return f"{scan.language.say['point']}{gap}{one_by_one(match[1], scan.language)}", match.end(), "number"


def _colon(scan: Scan, at: int, following: str) -> Reading | None:
    if scan.text[at - 1 : at] == following == " " and _EQUATION.match(scan.text, at):  # 10 : 2 = 5
        return f"{_gap(scan)}{scan.language.say.get('divided', '')}", at + 1, "sign"
    if scan.kind in ("number", "to", "year") and scan.end == at:
        return f"{_gap(scan)}{scan.language.say.get('ratio', '')}{_gap(scan)}", at + 1, "to"
    if "colon" in scan.language.say and (port := _PORT.match(scan.text, at)) and scan.word_before(at).islower():
        said = pairs(port[1], scan.language) if len(port[1]) == 4 else one_by_one(port[1], scan.language)
        return f" {scan.language.say['colon']} {said}", port.end(), "code"
    return None


_EQUATION = re.compile(r"(?<=\d\s):\s\d+(?:[.,]\d+)?\s?=")


_RULES: dict[str, Callable[[Scan, int, str], Reading | None]] = {
    "+": _plus, "-": _hyphen, "–": _dash, "—": _dash, "~": _about, "#": _hash, "@": _at, "/": slash, "<": _compare,
    ">": _compare, "*": _times, "^": _power, "'": _apostrophe, "(": _parenthesis, ".": _point, ":": _colon,
    "：": _colon, "!": _unequal, "=": _equals, "&": _ampersand,
}  # fmt: skip
