"""Chemical formulas, letter by letter: NaCl, CaCO3, C6H12O6."""

import re

from voi.text.numerals import cardinal
from voi.text.scan import Reading, Scan
from voi.text.tables.shape import words as _set

_ELEMENTS = _set(
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb "
    "Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg "
    "Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu"
)
_ORGANIC = re.compile(r"C\d{0,2}H\d{1,2}(?:[NOSP]\d{0,2}){0,3}")
"""Without lower-case letters only an organic formula counts as one: K9P4 is a code."""
_TOKEN = re.compile(r"(?:[A-Z][a-z]?\d{0,2}){2,8}(?![\w-])")
_PARTS = re.compile(r"([A-Z][a-z]?)(\d*)")
_NO_FORMULAS = _set("NaN CoP CoS CoV InC HiFi")


def formula(scan: Scan, at: int) -> Reading | None:
    """Reads a chemical formula at `at`, such as H2O or Fe2O3; None: there is none."""
    match = _TOKEN.match(scan.text, at)
    if not match or match[0] in _NO_FORMULAS:
        return None
    parts = _PARTS.findall(match[0])
    if any(symbol not in _ELEMENTS for symbol, _ in parts):
        return None
    small = sum(len(symbol) == 2 for symbol, _ in parts)
    mixed = (
        small > 0 and len(parts) > 1 and (small < len(parts) or any(number for _, number in parts) or "Cl" in match[0])
    )
    if not mixed and not _ORGANIC.fullmatch(match[0]):
        return None
    said = []
    for symbol, number in parts:
        said += [*symbol.upper(), *([cardinal(number, scan.language)] if number else [])]
    return " ".join(said), match.end(), "code"
