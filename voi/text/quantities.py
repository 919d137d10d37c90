"""A number and what it counts, in the forms that agree."""

from voi.text import arabic_numbers, cldr
from voi.text.agreement import counted
from voi.text.numerals import cardinal
from voi.text.scan import Scan
from voi.text.slavic_cardinals import asks_for_genitive, genitive
from voi.text.tables.shape import Forms


def quantity(scan: Scan, digits: str, forms: Forms, at: int, adjective: bool) -> str:
    """A number with its noun in the form that the number asks for. `adjective`: the noun stays singular, as in a
    5-metre wall."""
    language = scan.language
    noun = cldr.form_around("1" if adjective else digits, forms, language.code)
    gap = language.gap
    if asks_for_genitive(scan, at) and digits.isdigit() and "many" in forms:  # до 2 часов
        single = digits[-1] == "1" and digits[-2:] != "11" and (language.code == "ru" or digits == "1")
        noun = forms[
            ("few" if language.code == "ru" else "other" if language.code == "pl" else "many")
            if single
            else "other"
            if language.code == "cs"
            else "many"
        ]
        said = counted(
            digits, cldr.form(digits, forms, language.code).partition(" ")[0], language, forms.get("one", "")
        )
        return f"{genitive(said, language.code)} {noun}"
    if cldr.NUMBER in noun:
        return noun.replace(cldr.NUMBER, cardinal(digits, language))
    if language.code == "ar" and digits in ("1", "2"):
        if noun != forms["other"]:
            return noun
        one = "واحدة" if arabic_numbers.is_feminine(noun) else "واحد"
        return f"{noun} {one}" if digits == "1" else arabic_numbers.dual(noun) if " " not in noun else noun
    singular = forms.get("one", "").partition(" ")[0]
    return f"{counted(digits, noun.partition(' ')[0], language, singular)}{gap}{noun}".replace("' ", "'").replace(
        "  ", " "
    )
