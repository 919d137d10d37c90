"""How one English number of each kind is read: pattern match in, words out."""

import re

from voi.text.english_tables import CURRENCIES, MONTHS, PLURALS, SCALES, UNITS
from voi.text.spoken_words import digit_by_digit, number, ordinal

Match = re.Match[str]

_POWERS = {"²": "square", "2": "square", "³": "cubic", "3": "cubic"}
_FRACTIONS = {2: "half", 4: "quarter"}
_UNCHANGED_PLURALS = frozenset({"hertz", "kilohertz", "megahertz", "gigahertz"})


def cardinal(digits: str) -> str:
    """`1,234.5` in words."""
    return number(digits.replace(",", ""))


def year(digits: str) -> str:
    """1999: nineteen ninety-nine; 2005: two thousand five; 1900: nineteen hundred; 2024: twenty twenty-four."""
    century, rest = int(digits[:2]), int(digits[2:])
    if rest == 0:
        return number(digits) if century % 10 == 0 else f"{number(digits[:2])} hundred"
    if century % 10 == 0 and rest < 10:
        return f"{number(digits[:2] + '00')} {number(str(rest))}"
    return f"{number(digits[:2])} {'oh ' if rest < 10 else ''}{number(str(rest))}"


def _any_year(digits: str) -> str:
    return year(digits) if len(digits) == 4 and digits[0] in "12" else cardinal(digits)


def _month_name(text: str) -> str:
    return next((month for month in MONTHS if month.startswith(text[:3].title())), text)


def _date(month: int, day: int, digits: str) -> str:
    return f" {MONTHS[month - 1]} {ordinal(str(day))}, {_any_year(digits)}"


def iso_date(match: Match) -> str:
    digits, month, day = match[1], int(match[2]), int(match[3])
    return _date(month, day, digits) if 1 <= month <= 12 and 1 <= day <= 31 else match[0].replace("-", " ")


def slash_date(match: Match, *, day_first: bool = False) -> str:
    first, second, digits = int(match[1]), int(match[3]), match[4]
    month, day = (second, first) if (day_first and second <= 12) or first > 12 else (first, second)
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match[0].replace(match[2], " ")
    return _date(month, day, digits if len(digits) == 4 else f"20{digits}")


def month_day(match: Match) -> str:
    following = f", {_any_year(match['year'])}" if match["year"] else ""
    return f"{_month_name(match['month'])} {ordinal(match['day'])}{following}"


def day_month(match: Match) -> str:
    following = f" {_any_year(match['year'])}" if match["year"] else ""
    return f"{ordinal(match['day'])} of {_month_name(match['month'])}{following}"


def clock(match: Match) -> str:
    hour, minute, second, half = int(match[1]), int(match[2]), match[3], match[4]
    if hour > 24 or minute > 59:
        return f"{number(match[1])} to {number(match[2])}" + (f" to {number(second)}" if second else "")
    said = number(str(hour))
    if minute:
        said += f" {'oh ' if minute < 10 else ''}{number(str(minute))}"
    elif not half and not second:
        said += " o'clock" if 1 <= hour <= 12 else " hundred"
    if second and int(second):
        said += f" and {number(str(int(second)))} seconds"
    return said + (f" {half[0].upper()} M" if half else "")


def hour(match: Match) -> str:
    return f"{number(match[1])} {match[2].upper()} M"


def money(match: Match) -> str:
    major, minor = CURRENCIES[match["sign"].upper()]
    digits = match["amount"].replace(",", "")
    scale = match["scale"]
    if scale:
        return f" {cardinal(digits)} {SCALES.get(scale.lower(), scale)} {_plural(major)}"
    whole, _, fraction = digits.partition(".")
    if fraction and (len(fraction) != 2 or not minor):
        return f" {cardinal(digits)} {_plural(major)}"
    cents = int(fraction or 0)
    parts = []
    if int(whole[:20]) or not cents:
        parts.append(f"{cardinal(whole)} {major if whole == '1' else _plural(major)}")
    if cents:
        parts.append(f"{number(str(cents))} {minor if cents == 1 else _plural(minor)}")
    return f" {' and '.join(parts)}"


def phone(match: Match) -> str:
    plus = "plus " if match[0].startswith("+") else ""
    return f" {plus}" + ", ".join(digit_by_digit(group) for group in re.findall(r"\d+", match[0]))


def fraction(match: Match) -> str:
    whole, top, bottom = match["whole"], int(match["top"]), int(match["bottom"])
    if not 0 < top < bottom:
        return f"{match['whole'] or ''} {number(str(top))} {number(str(bottom))}"
    name = _FRACTIONS.get(bottom) or ordinal(str(bottom))
    if top > 1:
        name = "halves" if name == "half" else f"{name}s"
    if whole and top == 1 and bottom in _FRACTIONS:
        return f"{cardinal(whole)} and a {name}"
    return f"{f'{cardinal(whole)} and ' if whole else ''}{number(str(top))} {name}"


def measure(match: Match) -> str:
    unit = UNITS[match["unit"]]
    head, _, per = unit.partition(" per ")
    if match["amount"] != "1":
        head = "feet" if head == "foot" else _plural(head)
    power = f"{_POWERS[match['power']]} " if match["power"] else ""
    return f"{cardinal(match['amount'])} {power}{head}{f' per {per}' if per else ''}"


def degrees(match: Match) -> str:
    scale = {"c": " Celsius", "f": " Fahrenheit"}.get((match[2] or "").lower(), "")
    return f"{cardinal(match[1])} degree{'' if match[1] == '1' else 's'}{scale} "


def decade(match: Match) -> str:
    century, tens = match[1], match[2]
    if tens == "0":
        return "two thousands" if century == "20" else f"{number(century)} hundreds" if century else "zeros"
    return f"{f'{number(century)} ' if century else ''}{number(tens + '0')[:-1]}ies"


def _plural(noun: str) -> str:
    return PLURALS.get(noun) or (noun if noun in _UNCHANGED_PLURALS or noun.endswith("s") else f"{noun}s")


def version(match: Match) -> str:
    return " point ".join(number(part) for part in match[0].split("."))
