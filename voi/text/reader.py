"""Reads a text once, token by token. Each token is classified by its neighbours and read in one go; the result is never
processed again. Each class has its own module: dates, times, telephone, money, measures, fractions, ranges, versions,
years, codes, ordinals, abbreviations, words (acronyms, Roman numbers), electronic. Each rule takes the scan and a place
and returns what is said there, where the token ends, and its class; or None.
"""

import re
from collections.abc import Callable
from functools import cache

from voi.text import (
    arabic_numbers,
    asian_prices,
    cldr,
    codes,
    dates,
    dimensions,
    fractions,
    inches,
    measures,
    money,
    number_forms,
    ordinals,
    ranges,
    spelt,
    telephone,
    times,
    versions,
    years,
)
from voi.text.abbreviations import abbreviation, index_of, initials
from voi.text.agreement import counted
from voi.text.chemistry import formula
from voi.text.counting import counted_plain
from voi.text.electronic import electronic
from voi.text.german_cases import in_case
from voi.text.keys import CHORD_KEYS, chord
from voi.text.mixed_case import mixed_case
from voi.text.numerals import cardinal, one_by_one
from voi.text.roman import SMALL_ROMAN, roman, roman_ordinal, small_roman
from voi.text.scan import Reading, Scan
from voi.text.signs import sign
from voi.text.slavic_cardinals import asks_for_genitive, genitive
from voi.text.tables.shape import Language
from voi.text.units import per
from voi.text.words import acronym, day_initials, greek, is_product, special, state_or_street, weekday

Rule = Callable[[Scan, int], Reading | None]

_TOKEN = re.compile(
    r"(?P<word>[^\W\d_²³]+(?:['’][^\W\d_²³]+)*)|(?P<digit>\d)|(?P<sign>!(?==|\s[=+×*/<>])|[-+~#@%‰٪&=<>^*/\\×÷±≈≤≥≠→⇒§№∞√⊖²³°'($€£¥￥₹₽₩₺₴₪₫฿₿¢–—.:：_|])|(?P<other>(?:[^\w]|_)(?<![-+~#@%‰٪&=<>^*/\\×÷±≈≤≥≠→⇒§№∞√⊖²³°'($€£¥￥₹₽₩₺₴₪₫฿₿¢–—.:：_|]))|."
)
_TOKEN_ELIDED = re.compile(_TOKEN.pattern.replace("(?:['’][^\\W\\d_²³]+)*", ""))
"""For languages in which an apostrophe ends a word: l'ing. Neri, l'A4."""
_TOKEN_WIDE = re.compile(
    _TOKEN.pattern.replace(
        "(?P<word>[^\\W\\d_²³]+(?:['’][^\\W\\d_²³]+)*)",
        "(?P<word>[A-Za-zÀ-ÖØ-öø-\u024f]+(?:['’][A-Za-z]+)*|[^\\W\\d_²³A-Za-zÀ-ÖØ-öø-\u024f]+)",
    )
)
"""For languages that put words in Latin letters between others without spaces: 请访问www.example.com。"""
_TOKENS = {"fr": _TOKEN_ELIDED, "it": _TOKEN_ELIDED, "zh": _TOKEN_WIDE, "ja": _TOKEN_WIDE, "ko": _TOKEN_WIDE}
_DIGITS = re.compile(r"\d+")

_ORDER: tuple[tuple[str, Rule], ...] = (
    (":a", codes.address),
    ("-", fractions.hyphened),
    ("/", fractions.always_open),
    ("a,.", asian_prices.price_by),
    ("a,'", number_forms.thousands),
    ("-", dates.iso),
    ("/.-", dates.numeric),
    ("-", telephone.toll_free_words),
    ("-", codes.cluster),
    ("-", telephone.aircraft),
    (".", telephone.tax_number),
    (".", dates.point),
    (":", times.clock),
    (" .a", times.hour_of_half),
    (" a", times.military),
    (" a", times.with_h),
    (".", times.with_dot),
    (" .aº", dates.day_month),
    (" a.", dates.year_of),
    (" a", codes.street),
    ("(", codes.section),
    ("a", codes.room),
    (" .#,;:!?)", codes.hyphened),
    ("a'", codes.plural),
    ("/", measures.blood_pressure),
    ("/", dates.slash_day),
    (" -./#,", telephone.telephone),
    (" -.#/,;:!?)", spelt.spelt),
    ("#.,-", telephone.plain_long),
    (".", versions.version),
    ("/", fractions.exposure),
    ("./,", fractions.rating),
    ("/ ", fractions.fraction),
    (" .,a$'", money.after_number),
    (" .,%", measures.percent),
    (".a", number_forms.scientific),
    ("a,", number_forms.ordinal_suffix),
    ("a.º -'", ordinals.ordinal_word),
    (" .#,;:!?)", codes.after_acronym),
    ("°", inches.coordinate),
    (" .,a-'°", measures.measure),
    ("a'", years.decade),
    (" .,ax", dimensions.dimensions),
    (" .,-–%$", ranges.span),
    (":., ", ranges.ratio),
)
"""The rules by the character after the first run of digits, in order: specific rules come before general ones."""
_ENGLISH = frozenset(("en",))
_ONLY: dict[Rule, frozenset[str]] = {
    **dict.fromkeys(
        (
            fractions.hyphened,
            telephone.aircraft,
            times.hour_of_half,
            times.military,
            codes.street,
            codes.section,
            codes.room,
            codes.hyphened,
            codes.plural,
            codes.after_acronym,
            number_forms.thousands,
            number_forms.ordinal_suffix,
            years.decade,
        ),
        _ENGLISH,
    ),
    asian_prices.price_by: frozenset(("ja", "ko")),
    dates.year_of: frozenset(("hu", "ru", "pl")),
    times.with_h: frozenset(("fr", "pt", "es", "it", "ja")),
}
"""Rules that some languages have and no others."""
_NOT_ENGLISH = frozenset((times.with_dot, ordinals.ordinal_word))
_FOLLOWERS = {
    "-": "-", "–": "–", "—": "–", "/": "/", ".": ".", ":": ":", "：": ":", " ": " ", ",": ",", "%": "%", "°": "°º",
    "º": "º", "ª": "º", "'": "'°", "’": "'°", '"': "'°", "”": "'°", "″": "'°", "′": "'°", "×": "x", "$": "$",
    "(": " (", "a": "a", "#": "#",
}  # fmt: skip


@cache
def _rules(code: str) -> dict[str, tuple[Rule, ...]]:
    """The rules of a language, by what follows the digits."""
    mine = [
        (where, rule)
        for where, rule in _ORDER
        if code in _ONLY.get(rule, (code,)) and not (code == "en" and rule in _NOT_ENGLISH)
    ]
    return {
        char: tuple(rule for where, rule in mine if not set(where).isdisjoint(kinds))
        for char, kinds in _FOLLOWERS.items()
    }


def read(text: str, language: Language, day_first: bool) -> str:
    """`text` (one line, plain characters) in spoken words; punctuation stays."""
    scan = Scan(text, language, day_first)
    addresses = electronic(text, language)
    size = len(text)
    special_words = _special(language)
    tokens = _TOKENS.get(language.code, _TOKEN)
    while scan.at < size:
        at = scan.at
        if addresses and at in addresses:
            said, end = addresses[at]
            scan.say(_DIGITS.sub(lambda digits: _small(digits[0], language), said), end, "electronic")
            continue
        token = tokens.match(text, at)
        if token is None:
            scan.copy(at + 1)
            continue
        kind, end = token.lastgroup, token.end()
        if kind == "word":
            word = token[0]
            after_digit = at > 0 and text[at - 1].isdigit() and text[end : end + 1] in (".", "@", "-")
            if after_digit and (found := electronic(text[at : at + 200], language).get(0)):  # 5example.com
                said = _DIGITS.sub(lambda digits: _small(digits[0], language), found[0])
                scan.say(said, at + found[1], "electronic")
                continue
            follower = text[end : end + 1]
            if not word.isascii() and (said := greek(word, language)):  # πr
                scan.say(said, end, "")
                continue
            if follower and follower in "²³^" and is_product(scan, word):  # mc²
                scan.say(" ".join(word), end, "")
                continue
            if follower in ("+", "-", " ") and word in CHORD_KEYS and (reading := chord(scan, at)):
                scan.say(*reading)
                continue
            if len(word) <= 2 and follower in ("-", "–") and (reading := day_initials(scan, at)):  # M–Th
                scan.say(*reading)
                continue
            if word in SMALL_ROMAN and (reading := small_roman(scan, at, word)):  # page xii
                scan.say(*reading)
                continue
            if (follower == "$" or word in money.NAMED_SIGNS) and (reading := money.at_sign(scan, at)):
                scan.say(*reading)
                continue
            if follower.isdigit() or (follower in "-_./" and follower and text[end + 1 : end + 2].isalnum()):
                if reading := _coded(scan, at, end, word):
                    scan.say(*reading)
                    continue
            elif word.islower() and follower not in "./°º" and word not in special_words:
                scan.copy(end + (follower == " "))
                scan.kind = ""
                continue
            if reading := _word(scan, at, end, word):
                scan.say(*reading)
            else:
                scan.copy(end)
                scan.kind = ""
        elif kind == "digit":
            scan.say(*number(scan, at))
        elif kind == "sign":
            if reading := sign(scan, at, number):
                scan.say(*reading)
            else:
                scan.copy(end)
        else:
            scan.copy(end)
    return "".join(scan.out)


_SPECIAL: dict[str, frozenset[str]] = {}


def _special(language: Language) -> frozenset[str]:
    """Words, in lower case, that have rules."""
    found = _SPECIAL.get(language.code)
    if found is None:
        small = {
            key for key in index_of(language.code) if any("." not in entry[1] for entry in index_of(language.code)[key])
        }
        names = set() if language.code == "en" else set(cldr.months(language.code)) | set(language.months)
        small |= {
            entry[1].lower()
            for key in index_of(language.code)
            for entry in index_of(language.code)[key]
            if "'" in entry[1]
        }
        found = _SPECIAL[language.code] = frozenset(small | names | {day for day in language.weekdays if day.islower()})
    return found


def _small(digits: str, language: Language) -> str:
    spelled = len(digits) > 4 or (digits[0] == "0" and len(digits) > 1)
    return one_by_one(digits, language) if spelled else cardinal(digits, language)


_DOSE = re.compile(r"q(\d{1,2})h(?:rs?)?(?!\w)")


def _coded(scan: Scan, at: int, end: int, word: str) -> Reading | None:
    """A word with digits or a hyphen after it."""
    if word == "q" and (dose := _DOSE.match(scan.text, at)) and scan.language.code == "en":  # q8h
        return f"every {cardinal(dose[1], scan.language)} hours", dose.end(), "measure"
    if (
        (reading := codes.word_and_digits(scan, at))
        or (reading := formula(scan, at))
        or (reading := codes.cluster(scan, at))
    ):
        return reading
    if (
        (word == "v" or (word == "V" and scan.text[end + 1 : end + 2] == "."))
        and scan.text[end : end + 1].isdigit()
        and "version" in scan.language.say
    ):
        return scan.language.say["version"], end, "version"
    return None


_SPELT_BEFORE = re.compile(r"(?<!\w)[A-Z] \Z")


def _word(scan: Scan, at: int, end: int, word: str) -> Reading | None:
    language = scan.language
    follower = scan.text[end : end + 1]
    if word in language.weekdays and (reading := weekday(scan, at, word, end)):
        return reading
    if follower == "." or follower in "°º" or not word.islower() or word.partition("'")[0] in _special(language):
        spelt = len(word) == 1 and _SPELT_BEFORE.search(scan.text, max(0, at - 3), at)  # G P S.
        if not spelt and (reading := abbreviation(scan, at, word.partition("'")[0])):
            return reading
        if follower == "." and len(word) == 1 and (reading := initials(scan, at)):
            return reading
    if follower in "+#/&" and follower and (reading := special(scan, at, word, end)):
        return reading
    if language.code in ("fr", "nl") and (reading := roman_ordinal(scan, at, word, end)):
        return reading
    if reading := dates.month_day(scan, at, end, word):
        return reading
    if word.islower():
        return None
    if reading := state_or_street(scan, at, word, end):
        return reading
    plural = word[-1] == "s" and word[:-1].isupper()  # PCs
    if (
        word[0].isupper()
        and not word.isupper()
        and not word[1:].islower()
        and not plural
        and (reading := formula(scan, at))
    ):
        return reading
    if word[1:] != word[1:].lower() and not word.isupper():
        bare = word.partition("'")[0].partition("’")[0]
        if reading := mixed_case(scan, at, bare):
            return reading
    if word[0].isupper() and (
        len(word) == 1 or word[1].isupper() or (len(word) > 2 and word[-1].isupper()) or word[:2] in ("Ph", "Io", "mR")
    ):
        bare = word.partition("'")[0].partition("’")[0]
        if len(word) == 3 and (reading := money.at_code(scan, at, end, word)):
            return reading
        if reading := roman(scan, at, bare, at + len(bare)):
            return reading
        if len(word) > 1:
            return acronym(scan, at, word, end)
    return None


def number(scan: Scan, at: int) -> Reading:
    """The token that begins with this digit. Something is always said."""
    text, language = scan.text, scan.language
    run = _DIGITS.match(text, at)
    assert run is not None
    follower = text[run.end() : run.end() + 1]
    key = (
        follower
        if follower in _FOLLOWERS
        else "a"
        if follower.isalpha()
        else "$"
        if follower and follower in money.SIGNS + "¢"
        else "#"
    )
    glued = (
        at > 0
        and text[at - 1].isalpha()
        and language.spaces
        and language.gap
        and language.code != "ar"
        and scan.end != at
    )
    if glued and (reading := codes.glued(scan, at)):
        return reading
    reading = None
    for rule in _rules(language.code)[key]:
        if reading := rule(scan, at):
            break
    reading = reading or _plain(scan, at, follower)
    if reading[2] in ("number", "time") and asks_for_genitive(scan, at):  # около 500 рублей
        return genitive(reading[0], language.code), *reading[1:]
    if language.code == "ar" and scan.word_before(at) in arabic_numbers.PREPOSITIONS:
        return arabic_numbers.in_genitive(reading[0]), *reading[1:]
    if language.code == "fr" and reading[0].startswith("un"):
        scan.elide(reading[0], reading[1])
    if language.code == "de" and reading[0].startswith("ein"):
        return in_case(scan, at, reading[0], reading[1]), *reading[1:]
    return reading


_SEAT = re.compile(r"(?<!\w)\d{1,3}[ACDEF](?!\w)")
_RUN_AFTER = re.compile(r"\s?(?:[.,;!?]|\Z)|\s(?:run|race|walk|in|on|time|training|and|this|next|last|with|for|at)\b")


def _is_race(scan: Scan, at: int, end: int) -> bool:
    return scan.word_before(at).lower() in ("a", "his", "her", "my", "your", "first", "the") and bool(
        _RUN_AFTER.match(scan.text, end)
    )


def _plain(scan: Scan, at: int, follower: str) -> Reading:
    text, language = scan.text, scan.language
    found = scan.number(at)
    assert found is not None
    digits, end = found
    race = len(digits) == 2 and language.code == "en" and _is_race(scan, at, end + 1)  # a 10K in 41:05
    if (len(digits) == 1 or race) and text[end : end + 1] == "K" and not text[end + 1 : end + 2].isalnum():
        return f"{cardinal(digits, language)} K", end + 1, "number"  # 4K video, a 5K run
    scale, stop = money.scale_after(scan, end)
    seated = text[end:stop] == "B" and bool(_SEAT.search(text, max(0, at - 40), end + 40))  # seats 22A & 22B
    if language.code == "ar" and (one := arabic_numbers.one_or_two(scan, at, digits, end)):
        return *one, "number"
    if scale is not None and stop - end == 1 and (seated or scan.word_before(at).lower() in codes.LETTERED_AFTER):
        return f"{cardinal(digits, language)} {text[end:stop].upper()}", stop, "code"  # apartment 4B, figure 3b
    if scale is not None:
        gap = language.gap
        noun = cldr.form(digits, scale, language.code)
        suffix, stop = per(scan, stop)
        ends = text[stop - 1] == "." and scan.word_after(stop) in language.starters  # 5 Mio. Dann
        return f"{counted(digits, noun, language)}{gap}{noun}{suffix}{'.' if ends else ''}", stop, "number"
    if text[end : end + 1].isalpha() and language.spaces and (reading := codes.cluster(scan, at)):
        return reading
    if reading := years.year_alone(scan, at):
        return reading
    if (more := per(scan, end))[0] and language.spaces:
        return f"{cardinal(digits, language)}{more[0]}", more[1], "number"
    said = counted_plain(scan, at, digits, end)
    return said, end + said.endswith("'"), "number"
