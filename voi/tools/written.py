"""How values are written into texts of another language, so that they say nothing in that language.

`soql`: inside single quotes of a query in SOQL, SOSL's lists of fields or Zoho's COQL. `soql_like`: the same in a LIKE
pattern, where % and _ are the value's own. `digits`: of a telephone number, its digits alone. `local`: those that are
dialled within its country.
https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_quotedstringescapes.htm
"""

from collections.abc import Callable, Mapping

from voi.tools.base import ToolFailed

_ESCAPES = {"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
DIGITS_MAX = 20
"""E.164 has fifteen; some write a prefix for the way out."""


def soql(text: str) -> str:
    """The value inside of a quoted text."""
    return "".join(_ESCAPES.get(c) or (f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else c) for c in text)


def soql_like(text: str) -> str:
    """The value inside of a quoted pattern."""
    return soql(text).replace("%", "\\%").replace("_", "\\_")


def digits(text: str) -> str:
    """The digits 0 to 9 of a telephone number. Raises ToolFailed if there are none, or too many for one."""
    found = "".join(c for c in text if c in "0123456789")
    if not 0 < len(found) <= DIGITS_MAX:
        raise ToolFailed("There is no telephone number to look for. Ask for it, or go on without it.")
    return found


def local(text: str) -> str:
    """The digits of a telephone number as it is dialled within its country: 4155550199 for +1 415 555 0199, and
    03090182 for +49 30 90182. CRMs keep numbers in either form. One without a country code stays as it is. Raises
    ToolFailed as `digits` does."""
    import phonenumbers

    found = digits(text)
    plus = text.strip()[:1] == "+"
    if not plus and not found.startswith("00"):
        return found
    try:
        number = phonenumbers.parse("+" + (found if plus else found[2:]))
    except phonenumbers.NumberParseException:
        return found
    return digits(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL))


WRITE: Mapping[str, Callable[[str], str]] = {
    "": str, "soql": soql, "soql_like": soql_like, "digits": digits, "local": local,
}  # fmt: skip
"""By the kind that stands in the placeholder."""
