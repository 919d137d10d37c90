"""Fractions, ratings, ratios, scores, ranges, versions: two numbers and more, and what joins them."""

import re

from voi.text import cldr, slavic
from voi.text.agreement import counted, gender
from voi.text.numerals import cardinal, one_by_one, ordinal, whole, year
from voi.text.scan import Reading, Scan
from voi.text.tables.shape import words as _set
from voi.text.units import forms_of, unit_of_words, unit_pattern, units

_FRACTION = re.compile(r"(?:(?P<whole>\d{1,4})\s)?\s?(?P<top>\d{1,4})/(?P<bottom>\d{1,4})(?![A-Za-z\d_/]|[.,]\d)")
_RATING = re.compile(r"(\d{1,3}[.,]\d{1,2})\s?/\s?(\d{1,3}(?:[.,]\d)?)(?![\w/]|[.,]\d)")
_HYPHENED = re.compile(r"(\d{1,3})-([1-7])/([23458]|16)(?![\w/]|[.,]\d)")
_NAMED = {("24", "7"): ("24", "7"), ("9", "11"): ("9", "11"), ("50", "50"): ("50", "50"), ("20", "20"): ("20", "20")}
_RATING_WORDS = _set(
    "rate rated rates rating score scored scores stars star review reviews gave give gives got "
    "earned grade graded note noté bewertung "
    "bewertet note sterne puntuación nota valoración voto valutazione"
)
_RATIO = re.compile(r"(\d{1,4}(?:[.,]\d+)?)(?::|\s:\s)(?=\d)")
_SCIENTIFIC = re.compile(r"(\d+(?:[.,]\d+)?)[eE]([+-]?)(\d{1,3})(?!\w)")
_BOOKS = _set(
    "genesis exodus leviticus numbers deuteronomy joshua judges ruth samuel kings psalm psalms "
    "proverbs isaiah jeremiah daniel matthew mark luke john acts romans corinthians galatians "
    "gen rev ex exod lev num deut josh sam kgs ps psa prov eccl isa jer ezek dan matt rom cor gal eph phil col thess "
    "tim heb pet jas ephesians philippians hebrews james peter revelation surah quran"
)
_RANGE = re.compile(r"\s?[-–—]\s?(?=\d|[$€£¥]\d)")
_CHAIN = re.compile(r"[1-9]\d?(?:-\d{1,2}){2,3}(?![\w-]|[.,:/]\d)")
_VERSION = re.compile(r"\d++(?:\.\d++){2,}+(?!\w)")
_DECIMAL_VERSION = re.compile(r"(\d++)\.(\d++)(?![\d.]*\d)")
_POINTED = re.compile(r"\d{1,4}(?:\.\d{1,5}){1,5}+(?![\w@]|[.,]\d)")
_MEASURED = re.compile(r"\s?(?:[%€$£°]|(?:k?m|[km]?g|[cm]m|m?l|h|s|kWh|[GMT]B|Mio|Mrd)\b)")
_YEAR = re.compile(r"[12]\d{3}(?![\w%]|[.,]\d)")
_SHORT_YEAR = re.compile(r"([12]\d{3})\s?[-–/]\s?(\d\d)(?![\w%]|[.,-]\d)")
_ERA = re.compile(r"\s(?:B\.C\.|A\.D\.|C\.E\.)")
_DECADE = re.compile(r"'?(?P<century>1[1-9]|20)?(?P<tens>\d)0'?s\b")
_ORDINAL = re.compile(r"(\d++)(?:,(?=\d{3}))?(\d*)(st|nd|rd|th)\b", re.IGNORECASE)


def rating(scan: Scan, at: int) -> Reading | None:
    """4.5/5."""
    match = _RATING.match(scan.text, at)
    if not match or "out_of" not in scan.language.say:
        return None
    first, best = match[1].replace(",", "."), match[2].replace(",", ".")
    return (
        f"{cardinal(first, scan.language)} {scan.language.say['out_of']} {cardinal(best, scan.language)}",
        match.end(),
        "ratio",
    )


def fraction(scan: Scan, at: int) -> Reading | None:
    """1/2, 1 1/2, 8/10, 24/7; what is no fraction is read number by number."""
    match = _FRACTION.match(scan.text, at)
    if not match:
        return None
    language = scan.language
    integer, top, bottom = match["whole"], match["top"], match["bottom"]
    if (top, bottom) in _NAMED and not integer:
        return _named(scan, top, bottom), match.end(), "ratio"
    if not integer and scan.word_before(at).lower() in language.version_after:  # Windows 10/11
        return f"{cardinal(top, language)} {cardinal(bottom, language)}", match.end(), "version"
    if _HOUSE.search(scan.text, max(0, at - 32), at) and not integer:  # ul. Polnej 5/7
        return f"{cardinal(top, language)} {cardinal(bottom, language)}", match.end(), "address"
    before = f"{cardinal(integer, language)} " if integer else ""
    high, low = int(top), int(bottom)
    if not integer and "out_of" in language.say and high <= low and (
        (low in (10, 100) and language.code == "en") or _RATING_WORDS & set(scan.words_before(4, at))
        or scan.word_after(match.end()).lower() in _RATING_WORDS
    ):  # fmt: skip
        return f"{cardinal(top, language)} {language.say['out_of']} {cardinal(bottom, language)}", match.end(), "ratio"
    if not integer and _is_season(top, bottom):  # 2010/11
        return f"{year(top, language)}{language.gap}{cardinal(bottom.lstrip('0'), language)}", match.end(), "year"
    if not 0 < high < low or (top[0] == "0" and len(top) > 1):
        return f"{before}{cardinal(top, language)} {cardinal(bottom, language)}", match.end(), "ratio"
    if low > language.parts_max:
        return (
            f"{before}{cardinal(top, language)} {language.say.get('slash', '')} {cardinal(bottom, language)}",
            match.end(),
            "ratio",
        )
    said, end = _parts(scan, high, low, integer, match.end()), match.end()
    if (
        language.code == "en"
        and scan.text[end : end + 1] in ('"', "″", "”")
        and scan.text[max(0, at - 200) : at].count('"') % 2 == 0
    ):
        return f"{said} inch", end + 1, "measure"
    if several := unit_of_words(scan.text, end, language.code):
        forms = forms_of(several[0], language)
        if forms is not None:
            noun = cldr.form("1", forms, language.code)
            half = (top, bottom) == ("1", "2") and not integer and _HALF_OF.get(language.code)
            said = half[gender(noun.split()[0], language) == "f"] if half else said
            return f"{said} {noun}", several[1], "measure"
    if (
        (unit := unit_pattern(language).match(scan.text, end))
        and (symbol := unit[0].strip())
        and scan.text[end : end + 1] == " "
    ):
        forms = forms_of(symbol, language) or forms_of(symbol.rstrip("."), language)
        pointed = (
            len(symbol) == 1 and f"{symbol}." in units(language.code) and scan.text[unit.end() : unit.end() + 1] == "."
        )
        if pointed:
            forms = forms_of(f"{symbol}.", language)
        if forms and language.gap and not symbol.isdigit() and (len(symbol) > 1 or symbol in "lLgh" or pointed):
            stop = unit.end() - (symbol.endswith(".") and not scan.rest(unit.end()))
            stop += (
                scan.text[stop : stop + 1] == "." and f"{symbol}." in units(language.code) and scan.rest(stop + 1) != ""
            )
            return f"{said} {cldr.form('2' if integer else '1', forms, language.code)}", stop, "measure"
    return said, end, "fraction"


_HOUSE = re.compile(
    r"\b(?:ul|al|pl|os|ulica|ulicy|ул|пер|просп|д|улица|улице|ulice|ulici|nám|via|viale|piazza|rue|calle|straße|str)\.?\s"
    r"(?:[^\W\d_][\w.-]*,?\s){1,3}\Z",
    re.IGNORECASE,
)


def hyphened(scan: Scan, at: int) -> Reading | None:
    """2-1/2 cups: two and a half."""
    match = _HYPHENED.match(scan.text, at)
    if not match or scan.language.code != "en" or int(match[2]) >= int(match[3]):
        return None
    return _parts(scan, int(match[2]), int(match[3]), match[1], match.end()), match.end(), "fraction"


def _is_season(top: str, bottom: str) -> bool:
    return len(top) == 4 and len(bottom) == 2 and 1900 < int(top) < 2100 and (int(top) + 1) % 100 == int(bottom)


def _named(scan: Scan, top: str, bottom: str) -> str:
    if scan.language.code == "en" and (top, bottom) == ("24", "7"):
        return "twenty-four seven"
    return f"{cardinal(top, scan.language)} {cardinal(bottom, scan.language)}"


def _parts(scan: Scan, top: int, bottom: int, integer: str | None, end: int) -> str:
    language = scan.language
    code = language.code
    if not language.spaces or code == "ko":
        said = _east_asian(scan, top, bottom)
        return f"{cardinal(integer, language)}{language.say.get('and_parts', '')}{said}" if integer else said
    if code == "tr":
        place = _TURKISH.get(bottom, f"{whole(str(bottom), code)} bölü")
        said = "yarım" if (top, bottom) == (1, 2) and not integer else f"{place} {whole(str(top), code)}"
        return (
            f"{cardinal(integer, language)} buçuk"
            if integer and (top, bottom) == (1, 2)
            else f"{cardinal(integer, language)} tam {said}"
            if integer
            else said
        )
    if top == 1 and not integer and (code == "ar" or bottom == 2) and (alone := _ALONE.get((code, bottom))):
        return alone
    if (top, bottom) == (1, 2) and not integer and code in _HALF_OF and scan.text[end : end + 1] == " ":
        noun = scan.word_after(end)
        if noun.islower() and len(noun) > 2 and noun not in language.counted_stops:
            return _HALF_OF[code][gender(noun, language) == "f"]
    named = language.fractions.get(str(bottom))
    if named is None and code == "hi":  # पाँच बटा आठ
        said = f"{cardinal(str(top), language)} {language.say['over']} {cardinal(str(bottom), language)}"
        return f"{cardinal(integer, language)} {language.say['and']} {said}" if integer else said
    one, many = named or _from_ordinal(scan, bottom)
    head = cardinal(integer, language) if integer else ""
    if top == 1:
        if code == "en":
            return f"{head} and {'a' if bottom in (2, 4) else 'one'} {one}" if integer else f"one {one}"
        if code == "de" and bottom == 2:
            if not integer:
                return _german_half(scan, end)
            return f"{'ein' if integer == '1' else head}einhalb"
        if integer and bottom == 2:
            return f"{head} {language.say['and']} {language.say.get('half', one)}"
        said = f"{language.say.get('one_part', whole('1', code))} {one}"
    else:
        singular = one if code in ("ru", "pl") else ""
        said = f"{counted(str(top), many, language, singular)} {many}"
    return f"{head} {language.say['and']} {said}" if integer else said


def _german_half(scan: Scan, end: int) -> str:
    """1/2 Liter: ein halber Liter; 1/2 Stunde: eine halbe Stunde."""
    noun = scan.word_after(end)
    if not noun[:1].isupper():
        return "ein halb"
    return {"m": "ein halber", "f": "eine halbe", "n": "ein halbes"}[gender(noun, scan.language)]


def _from_ordinal(scan: Scan, bottom: int) -> tuple[str, str]:
    language = scan.language
    said = ordinal(str(bottom), language)
    code = language.code
    if code == "de":
        return f"{said}l".title(), f"{said}l".title()
    if code in ("en", "fr"):
        return said, f"{said}s"
    if code == "it":
        return said, f"{said[:-1]}i"
    if code == "es":
        name = _SPANISH.get(bottom) or f"{whole(str(bottom), code).replace(' y ', 'i').replace('í', 'i')}avo"
        return name, f"{name}s"
    if code == "pt":
        name = said if bottom <= 10 else f"{whole(str(bottom), code)} avos"
        return name, name if name.endswith("s") else f"{name}s"
    if code in ("pl", "ru") and bottom < 100:
        return slavic.ordinal(bottom, code, gender="f"), slavic.ordinal(bottom, code, "genitive", "p")
    return said, said


_HALF_OF = {"fr": ("un demi", "une demi"), "es": ("medio", "media"), "it": ("mezzo", "mezza"), "pt": ("meio", "meia")}
_TURKISH = {2: "ikide", 3: "üçte", 4: "dörtte", 5: "beşte", 6: "altıda", 8: "sekizde", 10: "onda", 100: "yüzde"}
_ALONE = {("hu", 2): "fél", ("hi", 2): "आधा", ("cs", 2): "půl", ("ar", 2): "نصف", ("ar", 3): "ثلث", ("ar", 4): "ربع"}
_SPANISH = {5: "quinto", 6: "sexto", 7: "séptimo", 8: "octavo", 9: "noveno", 10: "décimo", 100: "centésimo"}


def _east_asian(scan: Scan, top: int, bottom: int) -> str:
    language = scan.language
    low, high = whole(str(bottom), language.code), whole(str(top), language.code)
    return f"{low}{language.say['parts']}{' ' if language.code == 'ko' else ''}{high}"


def ratio(scan: Scan, at: int) -> Reading | None:
    """16:9, 3:1."""
    match = _RATIO.match(scan.text, at)
    if not match or "ratio" not in scan.language.say:
        return None
    gap = scan.language.gap
    number = match[1].replace(",", ".") if scan.language.decimal == "," else match[1].replace(",", "")
    if scan.word_before(at).lower() in _BOOKS or (  # Genesis 1:1
        not scan.language.say.get("score", "to") and scan.language.score_after & set(scan.words_before(5, at))
    ):
        return cardinal(number, scan.language), match.end(), ""
    return f"{cardinal(number, scan.language)}{gap}{scan.language.say['ratio']}", match.end(), "to"


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


def span(scan: Scan, at: int) -> Reading | None:
    """The first number of a range, and its dash: "five to"; what comes after is read as if it stood alone."""
    if match := _SHORT_YEAR.match(scan.text, at):
        first, second = match[1], match[2]
        if int(first[2:]) < int(second) and 1000 < int(first) < 2100 and scan.text[at + 4] not in "/":
            said = (
                f"{year(first, scan.language)} {scan.language.say['to']} {whole(str(int(second)), scan.language.code)}"
            )
            return said, match.end(), "year"
    if chain := _CHAIN.match(scan.text, at):  # a 4-3-3 formation, a 12-4-1 record
        gap = scan.language.gap or "、"
        return gap.join(cardinal(part, scan.language) for part in chain[0].split("-")), chain.end(), "number"
    number = scan.number(at)
    if not number:
        return None
    digits, end = number
    match = _RANGE.match(scan.text, end)
    if not match or not scan.language.say.get("to"):
        return None
    spaced = match[0] != match[0].strip()
    sign = match[0].strip()
    if spaced and sign == "-":
        return _difference(scan, digits, match.end())
    following = scan.number(match.end())
    if following is None and scan.text[match.end()] not in "$€£¥":
        return None
    if (
        sign == "-"
        and re.match(r"\d*-\d|\d{5,}", scan.text[match.end() : match.end() + 12])
        and "," not in scan.text[match.end() : match.end() + 4]
    ):
        return None
    first = scan.text[at:end]
    said = year(first, scan.language) if _both_years(scan, at, end, match.end()) else cardinal(digits, scan.language)
    to = scan.language.say["to"]
    word = (
        scan.language.say.get("score", to)
        if sign == "-" and scan.language.score_after & set(scan.words_before(5, at))
        else to
    )
    gap = scan.language.gap if word and word != "-" else ""  # Italian: tre-cinque
    return f"{said}{gap}{word or scan.language.gap}", match.end(), "to"


def _difference(scan: Scan, digits: str, end: int) -> Reading:
    gap = scan.language.gap
    return f"{cardinal(digits, scan.language)}{gap}{scan.language.say['minus']}", end, "to"


def _both_years(scan: Scan, at: int, end: int, after: int) -> bool:
    return (
        end - at == 4
        and scan.text[at:end].isdigit()
        and bool(_YEAR.match(scan.text, after))
        and 1100 <= int(scan.text[at:end]) <= 2100
    )


def version(scan: Scan, at: int) -> Reading | None:
    """1.2.3, 192.168.1.1; "3.11" after the name of a programme; 2.0 in languages with a decimal comma."""
    language = scan.language
    if match := _VERSION.match(scan.text, at):
        parts = match[0].split(".")
        if language.decimal == "," and all(len(part) == 3 for part in parts[1:]) and len(parts[0]) <= 3:
            return None
        gap = language.gap
        if len(parts) == 4 and all(len(part) <= 3 and int(part) <= 255 for part in parts) and "dot" in language.say:
            said = [one_by_one(part, language) if len(part) > 2 else whole(part, language.code) for part in parts]
            return f"{gap}{language.say['dot']}{gap}".join(said), match.end(), "electronic"
        joint = language.say["point"] if language.decimal == "." else language.say["dot"]
        return f"{gap}{joint}{gap}".join(cardinal(part, language) for part in parts), match.end(), "version"
    if language.decimal == ".":
        match = _DECIMAL_VERSION.match(scan.text, at)
        if (
            match
            and len(match[2]) > 1
            and match[2][0] != "0"
            and scan.word_before(at).lower() in language.version_after
        ):
            gap = language.gap
            said_parts = (cardinal(part, language) for part in match.groups())
            return f"{gap}{language.say['point']}{gap}".join(said_parts), match.end(), "version"
        return None
    match = _POINTED.match(scan.text, at)
    if not match or all(len(part) == 3 for part in match[0].split(".")[1:]):
        return None
    if match[0].count(".") == 1 and _MEASURED.match(scan.text, match.end()):
        return None
    gap = language.gap
    return (
        f"{gap}{language.say['dot']}{gap}".join(cardinal(part, language) for part in match[0].split(".")),
        match.end(),
        "version",
    )


def thousands(scan: Scan, at: int) -> Reading | None:
    """1000s of birds, 10,000s."""
    match = _THOUSANDS.match(scan.text, at)
    if not match or scan.language.code != "en":
        return None
    return {"1": "", "10": "tens of ", "100": "hundreds of "}[match[1]] + "thousands", match.end(), "number"


_THOUSANDS = re.compile(r"(10{0,2}),?000'?s(?!\w)")


def decade(scan: Scan, at: int) -> Reading | None:
    """1990s, '80s, the 90s (whether 30s are seconds was asked before)."""
    match = _DECADE.match(scan.text, at)
    if not match or scan.language.code != "en":
        return None
    century, tens = match["century"], match["tens"]
    if tens == "0":
        said = "two thousands" if century == "20" else f"{whole(century, 'en')} hundreds" if century else "zeros"
    else:
        said = f"{whole(century, 'en')} {_tens(tens)}" if century else _tens(tens)
    return said, match.end(), "year"


def _tens(digit: str) -> str:
    return "tens" if digit == "1" else f"{whole(digit + '0', 'en')[:-1]}ies"


def ordinal_suffix(scan: Scan, at: int) -> Reading | None:
    """1st, 22nd, 1,000th."""
    match = _ORDINAL.match(scan.text, at)
    if not match or scan.language.code != "en":
        return None
    return ordinal(match[1] + match[2], scan.language), match.end(), "ordinal"


def year_alone(scan: Scan, at: int) -> Reading | None:
    """A number of four digits that is a year: after a word that says so, or of the last and this century."""
    match = _YEAR.match(scan.text, at)
    language = scan.language
    if not match or language.year not in ("pairs", "hundreds"):
        return None
    digits = match[0]
    if language.year == "hundreds":
        return (year(digits, language), match.end(), "year") if 11 <= int(digits[:2]) <= 19 else None
    after = scan.word_after(match.end())
    if (
        digits[:2] in ("19", "20")
        or scan.word_before(at).lower() in language.year_after
        or after in ("BC", "BCE", "AD", "CE")
        or _ERA.match(scan.text, match.end())
    ):
        if after.lower() in _QUANTITIES and digits[2:] != "00" and digits[:2] != "20":
            return None
        return year(digits, language), match.end(), "year"
    return None


_QUANTITIES = _set("calories steps people users dollars euros pounds miles meters metres words points units copies")
