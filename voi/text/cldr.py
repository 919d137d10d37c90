"""What Unicode's CLDR knows of a language, through babel: months, plural forms, names of units and of currencies.

Loaded when a language is first read (20 ms with babel itself, some 10 ms a language), and then kept.
"""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Any

from voi.text.tables.shape import Forms
from voi.text.whole_numbers import whole

NUMBER = "{0}"
"""The place of the number in a form that has words before it too: "saatte {0} kilometre"."""
_HOLDER = re.compile(r"\A\s*\{0\}\s*|\s*\{0\}\s*\Z")
_WITHOUT_BLANKS = frozenset(("zh", "ja"))
_DIGITS = re.compile(r"\d+")


@cache
def _locale(code: str) -> Any:
    from babel import Locale

    return Locale.parse({"no": "nb"}.get(code, code))


@lru_cache(maxsize=4_096)
def plural(number: str, code: str) -> str:
    """CLDR's plural category ("one", "few", "other"…) of a number written like 12 or 12.5."""
    try:
        return str(_locale(code).plural_form(Decimal(number)))
    except (InvalidOperation, OverflowError):
        return "other"


def form(number: str, forms: Forms, code: str) -> str:
    """The form of a noun that the number takes, without a place for the number."""
    return " ".join(form_around(number, forms, code).replace(NUMBER, "").split())


def form_around(number: str, forms: Forms, code: str) -> str:
    """The same, with NUMBER in its place if the form has words on both sides of it."""
    category = plural(number, code)
    return forms.get(category) or forms.get("many" if category == "other" else "other") or forms["other"]


@cache
def months(code: str) -> Mapping[str, int]:
    """Names of months in lower case, whole and short, as written in dates and alone -> 1..12."""
    found: dict[str, int] = {}
    for context in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for month, name in _locale(code).months[context][width].items():
                found.setdefault(name.lower().rstrip("."), month)
    return {name: month for name, month in found.items() if not name[:1].isdigit() and len(name) > 1}


@cache
def weekdays(code: str) -> Mapping[str, int]:
    """Unabbreviated names of weekdays in lower case -> 0 (Monday) to 6."""
    data = _locale(code).days
    return {name.lower(): day for context in ("format", "stand-alone") for day, name in data[context]["wide"].items()}


@cache
def days_ahead(code: str) -> frozenset[tuple[str, str, int]]:
    """How "in 3 days" and "in 3 weeks" are said: the words before and behind the number in lower case, and how many
    days one of them has."""
    fields = _locale(code)._data["date_fields"]
    found = set()
    for unit_name, days in (("day", 1), ("week", 7)):
        for text in dict(fields.get(unit_name, {}).get("future") or {}).values():
            before, _, behind = text.lower().partition(NUMBER)
            found.add((before.strip(), behind.strip(), days))
    return frozenset(each for each in found if each[0] or each[1])


@cache
def whole_months(code: str) -> frozenset[str]:
    """Unabbreviated names of months, in lower case."""
    data = _locale(code).months
    return frozenset(name.lower() for context in ("format", "stand-alone") for name in data[context]["wide"].values())


def month(number: int, code: str) -> str:
    """The name of a month as it is said in a date (Russian: мая)."""
    return str(_locale(code).months["format"]["wide"][number])


@cache
def unit(name: str, code: str) -> Forms | None:
    """Forms of one of CLDR's units ("length-kilometer"); None if CLDR has no name for it in that language."""
    long = _locale(code)._data["unit_patterns"].get(name, {}).get("long")
    if not long:
        return None
    blank = "" if code in _WITHOUT_BLANKS else " "
    found = {category: _in_words(_HOLDER.sub("", text).strip().replace(" ", blank), code) for category,
    text in dict(long).items()
             if isinstance(text, str) and "{0}" in text and category not in ("per", "gender")}  # fmt: skip
    return found if "other" in found else None


def _in_words(name: str, code: str) -> str:
    """ "liters per 100 kilometers": CLDR writes some names with digits."""
    return _DIGITS.sub(lambda digits: whole(digits[0], code), name.replace(NUMBER, "\0")).replace("\0", NUMBER)


@cache
def per(name: str, code: str) -> str | None:
    """ "per hour" in that language; None if CLDR writes it with a slash or not at all."""
    long = _locale(code)._data["unit_patterns"].get(name, {}).get("long") or {}
    text = dict(long).get("per", "")
    return text.replace("{0}", "").strip() if text.startswith("{0}") and "/" not in text else None


@cache
def currency(sign: str, code: str) -> Forms | None:
    """Forms of a currency by its ISO code: {"one": "Swiss franc", "other": "Swiss francs"}."""
    data = _locale(code)._data
    found = data["currency_names_plural"].get(sign)
    if found:
        return {category: str(name) for category, name in dict(found).items()}
    name = data["currency_names"].get(sign)
    return {"other": str(name)} if name else None
