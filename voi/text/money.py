"""Money: $1,234.56, 12,50 €, $3.5M, US$20, $9/mo, 20 USD, EUR 5."""

import re

from voi.text import cldr
from voi.text.agreement import counted
from voi.text.numerals import cardinal, whole
from voi.text.scan import Reading, Scan
from voi.text.tables.shape import Forms, Language, Money
from voi.text.tables.shape import words as _set
from voi.text.units import per

SIGNS = "$€£¥₹₽₩₺₴₪₫฿₿￥"
_BEFORE = re.compile(
    rf"(?P<sign>(?:R|US|CA|C|AU|A|NZ|HK|S)?\$|[{SIGNS[1:]}]|Rs\.?|S/\.?|रु\.?)\s?(?P<minus>-)?(?=\.?\d)"
)
_AFTER = re.compile(rf"\s?(?P<sign>[{SIGNS}¢]|(?:zł|Kč|Ft|TL|kr|руб|р|грн|fr)\b\.?|(?:R|US-?|CA|A)\$)")
_CODE_AFTER = re.compile(r"\s?(?P<sign>[A-Z]{3})\b")
_DOLLAR_OF = re.compile(r"[\d.,]{1,20}\s([A-Z]{3})(?!\w)")
_SCALE = re.compile(r"\s?(?P<scale>(?:[^\W\d_][\u0900-\u0903\u093a-\u094f]*){1,9}+)(?!\w)\.?")
_MONEY_NEXT = re.compile(rf"\s?[{SIGNS}]")
_TO = re.compile(rf"\s?[-–—]\s?[{SIGNS}]?\s?(?=\d)")
_NO_CENTS = re.compile(r",[-–—]{1,2}(?![\w-])")
_EUROPEAN = re.compile(r"(\d{1,3}(?:\.\d{3})+|\d{1,4}),(\d\d)(?!\d|,\d)")
_CENTS_ALONE = re.compile(r"\.(\d\d)(?!\d)")
_ROUND = re.compile(r"\.0+\Z")
_BRITISH = re.compile(r"(?P<pm>pm(?!\w))|\s?(?P<other>pcm|p\.a\.|pa|pw|pppn|pppw)(?!\w)")
_BRITISH_SAID = {"pm": "per month", "pcm": "per calendar month", "p.a.": "per annum", "pa": "per annum",
    "pw": "per week",
                 "pppn": "per person per night", "pppw": "per person per week"}  # fmt: skip
CODES = _set(
    "ARS COP CLP PEN UYU USD EUR GBP JPY CHF CAD AUD NZD CNY INR SEK NOK DKK PLN CZK HUF TRY RUB BRL MXN KRW SGD HKD "
    "ZAR ILS THB AED"
)
NAMED_SIGNS = frozenset(("Rs", "S", "र"))
"""Words that signs of money begin with: Rs. 500, S/ 20, रु. 50."""
_SAME = {"Rs": "₹", "रु": "₹", "USD": "$", "US$": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "RUB": "₽",
    "KRW": "₩", "TRY": "₺",
    "UAH": "₴", "￥": "¥",
         "BRL": "R$", "PLN": "zł", "CZK": "Kč", "HUF": "Ft", "TL": "₺", "руб": "₽", "р": "₽", "CNY": "元"}  # fmt: skip


def money_of(sign: str, language: Language) -> Money | None:
    """The currency of a sign or code in that language; None: it is no currency."""
    bare = sign.rstrip(".")
    found = language.money.get(sign) or language.money.get(bare) or language.money.get(_SAME.get(bare, ""))
    if found or sign not in CODES:
        if found is None and sign.endswith("$") and len(sign) > 1:
            return language.money.get("$")
        return found
    forms = cldr.currency(sign, language.code)
    return Money(forms) if forms else None


def at_sign(scan: Scan, at: int) -> Reading | None:
    """A currency sign, or a code of three capitals, with a number after it."""
    match = _BEFORE.match(scan.text, at)
    if not match:
        return None
    sign = match["sign"]
    if sign[-1] == "$" and (code := _DOLLAR_OF.match(scan.text, match.end())) and code[1] in CODES:  # $50 MXN
        reading = _amount(scan, match.end(), money_of(code[1], scan.language), sign, at, bool(match["minus"]))
        return (reading[0], code.end(), reading[2]) if reading else None
    return _amount(scan, match.end(), money_of(sign, scan.language), sign, at, bool(match["minus"]))


def name_alone(scan: Scan, at: int) -> Reading | None:
    """The name of a sign that stands by itself: 2 millones de €, the price in $."""
    text = scan.text
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    money = money_of(text[at], scan.language)
    if money is None or not (not before or before in " ('’") or not (not after or after in " .,;:!?)'’/"):
        return None
    if (before == "'" and text[at - 2 : at - 1] != "d") or (not before and not after):
        return None
    code = scan.language.code
    one = scan.word_after(at + 1).lower() in ("sign", "symbol", "zeichen")
    noun = cldr.form("1" if one or code in _DE else "5", money.major, code)
    more, stop = per(scan, at + 1)
    return f"{noun}{more}", stop, ""


def begins(text: str, at: int) -> bool:
    """True if a currency sign of several letters begins here: R$ 5."""
    return text[at : at + 1].isupper() and _BEFORE.match(text, at) is not None


def at_code(scan: Scan, at: int, end: int, code: str) -> Reading | None:
    """Reads an amount whose currency's code stands before it, from `at` to `end`; None: no amount follows."""
    start = end + 1 if scan.text[end : end + 1] == " " else end
    if code not in CODES or not scan.text[start : start + 1].isdigit():
        return None
    return _amount(scan, start, money_of(code, scan.language), code, at, False)


def _amount(scan: Scan, at: int, money: Money | None, sign: str, start: int, minus: bool) -> Reading | None:
    if money is None:
        return None
    number = scan.number(at)
    if number is None:
        cents = _CENTS_ALONE.match(scan.text, at)
        if cents is None:
            return None
        number = f"0.{cents[1]}", cents.end()
    digits, end = number
    if dashed := _NO_CENTS.match(scan.text, end):
        end = dashed.end()
    if scan.language.decimal == "." and (european := _EUROPEAN.match(scan.text, at)):
        digits, end = f"{european[1].replace('.', '')}.{european[2]}", european.end()
    elif scan.language.decimal == "," and (dotted := re.compile(r"(\d+)\.(\d{1,2})(?!\d|[.,]\d)").match(scan.text, at)):
        digits, end = f"{dotted[1]}.{dotted[2]}", dotted.end()
    head = f"{scan.language.say['minus']}{scan.language.gap}" if minus else ""
    scale, stop = scale_after(scan, end)
    if (to := _TO.match(scan.text, stop)) and (second := scan.number(to.end())):
        over = scale_after(scan, second[1])
        if _ROUND.search(digits) and not scale:
            digits = _ROUND.sub("", digits)
        if "." in digits and not scale and len(digits.partition(".")[2]) == 2 and money.minor:
            first = say(digits, money, None, scan.language)  # $45.50–$60
        else:
            first = cardinal(digits, scan.language) + _scaled(scan, digits, scale)
        said = say(second[0], money, over[0], scan.language)
        more, last = per(scan, over[1])
        return f"{first}{scan.joint()}{said}{more}", last, "money"
    singular = scan.language.code == "en" and "." not in digits and _is_adjective(scan, start, stop)
    said = head + say(digits, money, scale, scan.language, singular)
    if scan.language.code == "en" and (british := _BRITISH.match(scan.text, stop)):  # £200pcm
        return f"{said} {_BRITISH_SAID[british['pm'] or british['other']]}", british.end(), "money"
    more, stop = per(scan, stop)
    return f"{said}{more}", stop, "money"


def _is_adjective(scan: Scan, start: int, stop: int) -> bool:
    """True for a $150 fee, the $20 bill: the money is read in the singular."""
    before, noun = scan.word_before(start).lower(), scan.word_after(stop)
    if scan.text[stop : stop + 1] not in (" ", "-") or not noun.islower():
        return False
    return (before in _ARTICLES and noun not in _NO_NOUNS) or (before in _DEFINITE and noun in _PAID)


_ARTICLES = _set("a an another every each one")
_DEFINITE = _set("the my your his her our their this that its no")
_PAID = _set(
    "fee bill note deal gift coupon voucher discount card limit deposit charge fine budget prize bonus minimum plan "
    "ticket tickets option version model credit refund tip fare offer laptop phone question"
)
_NO_NOUNS = _set("per and or of in on to at is are was were for from with by if than when as but off more less each")


def after_number(scan: Scan, at: int) -> Reading | None:
    """5€, 20 USD, 12,50 zł, 50¢, 5 Mio. €."""
    number = scan.number(at)
    if not number:
        return None
    digits, end = number
    if dashed := _NO_CENTS.match(scan.text, end):  # 8,- €
        end = dashed.end()
    scale, stop = scale_after(scan, end)
    match = _AFTER.match(scan.text, stop)
    if not match:
        match = _CODE_AFTER.match(scan.text, stop)
        if not match or match["sign"] not in CODES:
            return None
    elif (
        re.match(r"\d", scan.text[match.end() : match.end() + 1])
        and match["sign"][-1] in SIGNS
        and scan.text[match.start()] == " "
    ):
        return None
    money = money_of(match["sign"], scan.language)
    if money is None:
        return None
    end = match.end()
    if match["sign"].endswith(".") and not scan.rest(end):
        end -= 1
    more, stop = per(scan, end)
    return say(digits, money, scale, scan.language) + more, stop, "money"


def scale_after(scan: Scan, end: int) -> tuple[Forms | None, int]:
    """ "million", "bn", "Mio." after a number, and where it ends."""
    match = _SCALE.match(scan.text, end)
    if not match:
        return None, end
    scales = scan.language.scales
    written = match[0].strip()
    glued = match[0][0] != " "
    forms = scales.get(written) or scales.get(match["scale"])
    money_follows = _MONEY_NEXT.match(scan.text, match.end("scale")) is not None
    of_things = scan.language.code == "fr" and scan.text.startswith((" d'", " de "), match.end())
    if scan.language.code == "de" and written == "T" and not money_follows:  # 12 T€, but no 12T
        return None, end
    if forms is None or (len(match["scale"]) < 2 and not glued and not money_follows and not of_things):
        return None, end
    return forms, match.end() if written in scales else match.end("scale")


def _scaled(scan: Scan, digits: str, scale: Forms | None) -> str:
    return f" {cldr.form(digits, scale, scan.language.code)}" if scale else ""


def say(digits: str, money: Money, scale: Forms | None, language: Language, singular: bool = False) -> str:
    """The amount in words. `singular`: in the form before a noun (English: a twenty dollar bill)."""
    gap = language.gap
    code = language.code
    if scale:
        noun = (
            money.major["one"]
            if singular
            else cldr.form("1000000", money.major, code)
            if code not in _DE
            else money.major["other"]
        )
        of = _OF.get(code, "") if _is_noun(scale, language) else ""
        noun = f"{of}{noun}" if of != "de " or noun[0] not in "aeiouéAEIOU" or code != "fr" else f"d'{noun}"
        times = cldr.form(digits, scale, code)
        return f"{counted(digits, times, language)}{gap}{times}{gap}{noun}"
    integer, _, fraction = digits.partition(".")
    if not language.gap:
        number = digits.rstrip("0") if fraction.strip("0") else integer
        return f"{cardinal(number, language)}{cldr.form(digits, money.major, code)}"
    if fraction and (len(fraction) != 2 or not money.minor):
        noun = cldr.form(digits, money.major, code)
        return f"{counted(digits, noun, language)} {noun}"
    cents = int(fraction or 0)
    parts = []
    if int(integer[:20] or 0) or not cents:
        noun = cldr.form("1" if singular else integer, money.major, code)
        parts.append(f"{_agreed(integer, noun, money, language)} {noun}")
    if cents:
        bare = bool(parts) and not language.cents_named and not (code == "pt" and cents < 10)
        noun = cldr.form(str(cents), money.minor, code)
        said = whole(str(cents), code) if bare else _counted(str(cents), noun, language, money.minor.get("one", ""))
        parts.append(said if bare else f"{said} {noun}")
    return language.money_joint.join(parts).replace("d' ", "d'")


_DE = frozenset(("tr", "hu"))
_OF = {"fr": "de ", "es": "de ", "it": "di ", "pt": "de "}


def _is_noun(scale: Forms, language: Language) -> bool:
    """Millions are nouns in Romance languages (deux millions d'euros), thousands are not."""
    return scale["other"] != scale.get("one") or scale["other"].startswith("mili")


def _agreed(digits: str, noun: str, money: Money, language: Language) -> str:
    said = _counted(digits, noun, language, money.major.get("one", ""))
    if language.code in _OF and len(digits) > 6 and digits.endswith("000000"):
        return f"{said} d'" if language.code == "fr" and noun[0] in "ae" else f"{said} {_OF[language.code].strip()}"
    return said


def _counted(digits: str, noun: str, language: Language, singular: str = "") -> str:
    return counted(digits, noun, language, singular)
