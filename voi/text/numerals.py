"""Numbers in words, whole, broken, in order and one by one."""

from num2words import num2words

from voi.text import slavic
from voi.text.tables.shape import Language
from voi.text.turkish_numbers import turkish_ordinal
from voi.text.whole_numbers import known as known
from voi.text.whole_numbers import whole as whole

WHOLE_DIGITS_MAX = 15
"""The digits of a longer number are read one by one: it is not a quantity, and slow to say in words."""
DIGITS_MAX = 200
"""Most digits of one number that are read one by one; the rest is left out."""
_DECIMALS_AS_NUMBER_MAX = 3

_HUNDRED = {"de": "hundert", "nl": "honderd"}


def cardinal(number: str, language: Language) -> str:
    """`1234` or `3.50` in words. Many digits, or a leading zero, are spoken digit by digit."""
    integer, point, fraction = number.partition(".")
    integer = integer or "0"
    if len(integer) > WHOLE_DIGITS_MAX or (len(integer) > 1 and integer[0] == "0"):
        return one_by_one(integer + fraction, language)
    if not point or not fraction:
        return whole(integer, language.code)
    gap = language.gap
    if language.decimals == "parts":
        return _parts(integer, fraction, language)
    point = language.say["point"]
    if language.code == "cs":  # 1 celá, 2 celé, 5 celých
        point = "celá" if integer in ("0", "1") else "celé" if integer in ("2", "3", "4") else "celých"
    return gap.join((whole(integer, language.code), point, _decimals(fraction, language)))


def _decimals(fraction: str, language: Language) -> str:
    if language.decimals == "number" and len(fraction) <= _DECIMALS_AS_NUMBER_MAX and fraction[0] != "0":
        return whole(fraction, language.code)
    return one_by_one(fraction, language)


def _parts(integer: str, fraction: str, language: Language) -> str:
    """три целых пять десятых: num2words does that well, up to six decimals."""
    try:
        said = str(num2words(f"{integer}.{fraction[:6]}", lang=language.code))
        return said.replace("kettő t", "két t").replace("kettő sz", "két sz") if language.code == "hu" else said
    except (NotImplementedError, ArithmeticError, ValueError, TypeError, LookupError, AttributeError):
        return f"{whole(integer, language.code)} {language.say['point']} {one_by_one(fraction, language)}"


def ordinal(digits: str, language: Language) -> str:
    """The ordinal in words; the cardinal in languages whose ordinals are not known."""
    if len(digits) > WHOLE_DIGITS_MAX:
        return one_by_one(digits, language)
    if language.code in ("cs", "tr"):  # num2words has none, or glues them
        if language.code == "tr":
            return turkish_ordinal(int(digits))
        return slavic.ordinal(int(digits), "cs") if int(digits) < 100 else whole(digits, "cs")
    said = whole(str(int(digits)), language.code, "ordinal")
    return cardinal(digits, language) if said.isdecimal() else said  # no ordinals are known of this language


def one_by_one(digits: str, language: Language, telephone: bool = False) -> str:
    """The digits in words, one at a time. `telephone`: with the words that are used for telephone numbers."""
    gap = language.gap
    own = language.speaker_digits if telephone or language.code in ("ja", "ko") else {}
    return gap.join(own.get(digit) or whole(digit, language.code) for digit in digits[:DIGITS_MAX] if digit.isdigit())


def grouped(digits: str, language: Language) -> str:
    """A long number without separators, in groups that a listener can follow; the last one has four digits."""
    if len(digits) < 8:
        return one_by_one(digits, language, telephone=True)
    if language.code == "zh" and len(digits) == 11:
        return "，".join(one_by_one(part, language, telephone=True) for part in (digits[:3], digits[3:7], digits[7:]))
    head, tail = digits[:-4], digits[-4:]
    groups = [head[max(0, end - 3) : end] for end in range(len(head), 0, -3)][::-1]
    if len(groups) > 1 and len(groups[0]) == 1:
        groups[:2] = [groups[0] + groups[1]]
    comma = "، " if language.code == "ar" else ", " if language.spaces else "，" if language.code == "zh" else "、"
    return comma.join(one_by_one(group, language, telephone=True) for group in [*groups, tail])


def year(digits: str, language: Language) -> str:
    """English 1999: nineteen ninety-nine; 2005: two thousand five; 1900: nineteen hundred. German 1999:
    neunzehnhundertneunundneunzig."""
    code = language.code
    century, rest = int(digits[:2]), int(digits[2:])
    if language.year == "hundreds" and 11 <= century <= 19:
        return f"{whole(digits[:2], code)}{_HUNDRED[code]}{whole(str(rest), code) if rest else ''}"
    if language.year == "digits":
        return one_by_one(digits, language)
    if language.year != "pairs":
        return whole(str(int(digits)), code)
    if rest == 0:
        return whole(digits, code) if century % 10 == 0 else f"{whole(digits[:2], code)} hundred"
    if century % 10 == 0 and rest < 10:
        return f"{whole(digits[:2] + '00', code)} {whole(str(rest), code)}"
    return f"{whole(str(century), code)} {'oh ' if rest < 10 else ''}{whole(str(rest), code)}"


def pairs(digits: str, language: Language) -> str:
    """English house, room and flight numbers: 204 is two oh four, 1600 sixteen hundred, 512 five twelve."""
    if language.year != "pairs" or not 3 <= len(digits) <= 4 or digits[0] == "0":
        return cardinal(digits, language) if digits[0] != "0" else one_by_one(digits, language)
    head, tail = digits[:-2], digits[-2:]
    code = language.code
    if tail == "00":
        return whole(digits, code) if len(digits) == 4 and digits[1] == "0" else f"{whole(head, code)} hundred"
    if len(digits) == 4 and head[1] == "0" and tail[0] == "0":
        return f"{whole(head + '00', code)} {whole(str(int(tail)), code)}"
    return f"{whole(head, code)} {'oh ' if tail[0] == '0' else ''}{whole(str(int(tail)), code)}"
