"""Feet, inches, and minutes of an arc: 6'2", 55", 48°51'24"N."""

import re

from voi.text.adjective_measures import ARTICLES, noun_follows
from voi.text.numerals import cardinal
from voi.text.quantities import quantity
from voi.text.scan import Reading, Scan
from voi.text.units import unit_forms

_SIGN_UNIT = re.compile(r"\s?(?:[”\"″]|''|['′’](?![^\W\d_]))")
_FEET = re.compile(r"(\d{1,3})\s?['′’]\s?(\d{1,2}(?:\.5)?)?(?:\s?(?:[\"″”]|''))?(?!(?![xX×]\s?\d)[\w'])")
_COORDINATE = re.compile(
    r"(\d{1,3})°\s?(\d{1,2})\s?['′](?:\s?(\d{1,2}(?:[.,]\d+)?)\s?(?:[\"″”]|''))?\s?(?P<side>(?=[NSEWO]\b))?"
)
_OPENING = re.compile(r"(?:(?<=[\s(\[])|\A)\"(?=\S)")
_CLOSING = re.compile(r"(?<=[^\s\d(\[])\"|(?<=\d)\"(?=[.,;:!?]?(?:\s|\Z))")


def coordinate(scan: Scan, at: int) -> Reading | None:
    """48°51'24"N: degrees, minutes and seconds of an arc."""
    match = _COORDINATE.match(scan.text, at)
    language = scan.language
    if not match:
        return None
    said = []
    for digits, name in zip(match.groups()[:3], ("angle-degree", "angle-arc-minute", "angle-arc-second"), strict=True):
        forms = unit_forms(name, language)
        if digits and forms is None:
            return None
        if digits and forms:
            said.append(quantity(scan, digits.replace(",", ".").removeprefix("0") or "0", forms, at, False))
    return language.gap.join(said) + (language.gap if match["side"] else ""), match.end(), "measure"


def feet_and_inches(scan: Scan, at: int, digits: str, end: int) -> Reading | None:
    """55", 6'2", 5'."""
    language = scan.language
    if language.code == "en" and (match := _FEET.match(scan.text, at)) and (match[2] or not _quoted(scan, at)):
        if match[0].rstrip()[-1] in '"″”' and not match[2]:
            return None
        feet = f"{cardinal(match[1], language)} {'foot' if match[1] == '1' or match[2] else 'feet'}"
        return (f"{feet} {cardinal(match[2], language)}" if match[2] else feet), match.end(), "measure"
    if match := _FEET.match(scan.text, at):
        foot, inch = unit_forms("length-foot", language), unit_forms("length-inch", language)
        if match[2] and foot and inch and language.gap:
            return (
                f"{quantity(scan, match[1], foot, at, False)} {quantity(scan, match[2], inch, at, False)}",
                match.end(),
                "measure",
            )
    match = _SIGN_UNIT.match(scan.text, end)
    if not match or (match[0].strip()[0] in "'′’" and match[0].strip() != "''") or _quoted(scan, at):
        return None
    forms = unit_forms("length-inch", language)
    if forms is None:
        return None
    adjective = language.code == "en" and scan.word_before(at).lower() in ARTICLES and noun_follows(scan, match.end())
    return quantity(scan, digits, forms, at, adjective), match.end(), "measure"


def _quoted(scan: Scan, at: int) -> bool:
    """True if the sign closes a quotation."""
    before = scan.text[max(0, at - 200) : at]
    return (
        len(_OPENING.findall(before)) > len(_CLOSING.findall(before))
        or before.count("“") > before.count("”")
        or (before.count("'") % 2 == 1 and before[-1:] == "'")
    )
