"""A number and what it counts, in the forms that agree."""

from voi.text import cldr
from voi.text.agreement import counted
from voi.text.numerals import cardinal
from voi.text.scan import Scan
from voi.text.tables.shape import Forms


def quantity(scan: Scan, digits: str, forms: Forms, at: int, adjective: bool) -> str:
    language = scan.language
    noun = cldr.form_around("1" if adjective else digits, forms, language.code)
    gap = language.gap
    if cldr.NUMBER in noun:
        return noun.replace(cldr.NUMBER, cardinal(digits, language))
    if language.code == "ar" and digits in ("1", "2"):
        return noun if noun != forms["other"] else f"{cardinal(digits, language)} {noun}"
    singular = forms.get("one", "").partition(" ")[0]
    return f"{counted(digits, noun.partition(' ')[0], language, singular)}{gap}{noun}".replace("' ", "'").replace(
        "  ", " "
    )
