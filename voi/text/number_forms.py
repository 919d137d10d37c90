"""Other ways to write one number: 1st, 10,000s, 2.5e-3."""

import re

from voi.text.numerals import cardinal, ordinal
from voi.text.scan import Reading, Scan

_SCIENTIFIC = re.compile(r"(\d+(?:[.,]\d+)?)[eE]([+-]?)(\d{1,3})(?!\w)")
_ORDINAL = re.compile(r"(\d++)(?:,(?=\d{3}))?(\d*)(st|nd|rd|th)\b", re.IGNORECASE)


def scientific(scan: Scan, at: int) -> Reading | None:
    """2.5e-3: two point five times ten to the power of minus three."""
    match = _SCIENTIFIC.match(scan.text, at)
    say = scan.language.say
    if not match or not scan.language.gap or "power" not in say or "times" not in say:
        return None
    minus = f"{say['minus']} " if match[2] == "-" else ""
    number, ten = cardinal(match[1].replace(",", "."), scan.language), cardinal("10", scan.language)
    return (
        f"{number} {say['times']} {ten} {say['power']} {minus}{cardinal(str(int(match[3])), scan.language)}",
        match.end(),
        "number",
    )


def thousands(scan: Scan, at: int) -> Reading | None:
    """1000s of birds, 10,000s."""
    match = _THOUSANDS.match(scan.text, at)
    if not match or scan.language.code != "en":
        return None
    return {"1": "", "10": "tens of ", "100": "hundreds of "}[match[1]] + "thousands", match.end(), "number"


_THOUSANDS = re.compile(r"(10{0,2}),?000'?s(?!\w)")


def ordinal_suffix(scan: Scan, at: int) -> Reading | None:
    """1st, 22nd, 1,000th."""
    match = _ORDINAL.match(scan.text, at)
    if not match or scan.language.code != "en":
        return None
    return ordinal(match[1] + match[2], scan.language), match.end(), "ordinal"
