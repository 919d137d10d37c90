"""German, French and Spanish: dates, times, telephone numbers, ranges, fractions, measures, and one of a thing.

They are put so that what comes after (abbreviations, signs, plain numbers) reads them as one says them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from voi.text.spoken_words import digit_by_digit, number, ordinal, words_of

Match = re.Match[str]


@dataclass(frozen=True, slots=True)
class Western:
    """`date`: of {day}, {month}, {year}, as one writes it at length. `units`: how each is called, alone and many.
    `ones`: the article of one; `feminine`: what takes the second of them (units and nouns). `nouns`: what else is
    counted so often that "1" before it is no name. `cents`: of € and $, and of £. `halves`: parts with names."""

    months: tuple[str, ...]
    date: str
    to: str
    units: dict[str, tuple[str, str]]
    ones: tuple[str, str]
    feminine: frozenset[str]
    nouns: frozenset[str]
    money: dict[str, str]
    cents: tuple[str, str]
    halves: dict[int, tuple[str, str]]
    fraction: Callable[[str], str]
    """Of the ordinal, many."""
    most_parts: int


WESTERN = {
    "de": Western(
        ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
         "Dezember"),
        "{day}. {month} {year}", "bis",
        {"kg": ("Kilogramm",) * 2, "g": ("Gramm",) * 2, "km": ("Kilometer",) * 2, "m": ("Meter",) * 2,
         "cm": ("Zentimeter",) * 2, "mm": ("Millimeter",) * 2, "l": ("Liter",) * 2, "L": ("Liter",) * 2,
         "Std.": ("Stunde", "Stunden"), "h": ("Stunde", "Stunden"), "Min.": ("Minute", "Minuten"),
         "min": ("Minute", "Minuten"), "Sek.": ("Sekunde", "Sekunden"), "m²": ("Quadratmeter",) * 2,
         "MB": ("Megabyte",) * 2, "GB": ("Gigabyte",) * 2, "%": ("Prozent",) * 2, "Mio.": ("Million", "Millionen"),
         "Mrd.": ("Milliarde", "Milliarden")},
        ("ein", "eine"), frozenset(("Stunde", "Minute", "Sekunde", "Woche", "Person", "Seite", "Million", "Milliarde")),
        frozenset(("Euro", "Dollar", "Pfund", "Cent", "Tag", "Monat", "Jahr", "Kind", "Meter", "Kilometer", "Kilo",
                   "Kilogramm", "Gramm", "Liter", "Grad", "Prozent", "Uhr", "Mal")),
        {"€": "Euro", "$": "Dollar", "£": "Pfund"}, ("Cent", "Pence"), {2: ("halb", "Halbe")},
        lambda said: f"{said}l".title(), 20,
    ),
    "fr": Western(
        ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
         "décembre"),
        "{day} {month} {year}", "à",
        {"kg": ("kilo", "kilos"), "g": ("gramme", "grammes"), "km": ("kilomètre", "kilomètres"),
         "m": ("mètre", "mètres"), "cm": ("centimètre", "centimètres"), "mm": ("millimètre", "millimètres"),
         "l": ("litre", "litres"), "L": ("litre", "litres"), "h": ("heure", "heures"), "min": ("minute", "minutes"),
         "m²": ("mètre carré", "mètres carrés"), "Mo": ("mégaoctet", "mégaoctets"), "Go": ("gigaoctet", "gigaoctets")},
        ("un", "une"), frozenset(("heure", "minute", "seconde", "semaine", "année", "journée", "personne", "fois",
                                  "page", "livre", "heures", "minutes", "secondes", "semaines", "années", "personnes",
                                  "pages", "livres")),
        frozenset(("euro", "dollar", "jour", "mois", "an", "centime", "mètre", "kilomètre", "kilo", "gramme", "litre",
                   "degré")),
        {"€": "euro", "$": "dollar", "£": "livre"}, ("centimes", "pence"),
        {2: ("demi", "demis"), 3: ("tiers", "tiers"), 4: ("quart", "quarts")}, lambda said: f"{said}s", 20,
    ),
    "es": Western(
        ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
         "noviembre", "diciembre"),
        "{day} de {month} de {year}", "a",
        {"kg": ("kilo", "kilos"), "g": ("gramo", "gramos"), "km": ("kilómetro", "kilómetros"),
         "m": ("metro", "metros"), "cm": ("centímetro", "centímetros"), "mm": ("milímetro", "milímetros"),
         "l": ("litro", "litros"), "L": ("litro", "litros"), "h": ("hora", "horas"), "min": ("minuto", "minutos"),
         "m²": ("metro cuadrado", "metros cuadrados"), "MB": ("megabyte", "megabytes"),
         "GB": ("gigabyte", "gigabytes")},
        ("un", "una"), frozenset(("hora", "semana", "persona", "vez", "página", "libra", "horas", "semanas", "personas",
                                  "veces", "páginas", "libras")),
        frozenset(("euro", "dólar", "día", "mes", "año", "minuto", "segundo", "metro", "kilómetro", "kilo", "gramo",
                   "litro", "grado", "céntimo", "euros", "dólares", "días", "meses", "años", "minutos", "segundos",
                   "metros", "kilómetros", "kilos", "gramos", "litros", "grados", "céntimos")),
        {"€": "euro", "$": "dólar", "£": "libra"}, ("céntimos", "peniques"),
        {2: ("medio", "medios"), 3: ("tercio", "tercios")}, lambda said: f"{said}s", 10,
    ),
}  # fmt: skip

_GERMAN_DAYS = re.compile(r"(?<![\w.,])(\d{1,2})\.(?=\s(?:und|bis|oder|auf)(?:\s(?:den|dem|zum))?\s\d{1,2}\.\s[A-ZÄ])")
_GERMAN_ORDINAL = re.compile(
    r"\b(?:((?:[Ii]n|[Aa]n|[Aa]uf|[Bb]ei|[Mm]it|[Vv]on|[Zz]u|[Nn]ach|[Aa]us|[Ss]eit)\sder\s"
    r"|(?:[Dd]em|[Dd]en|[Dd]es|[Ii]m|[Aa]m|[Zz]um|[Zz]ur|[Bb]eim|[Vv]om)\s)"
    r"|([Dd]er\s|[Dd]ie\s|[Dd]as\s))(\d{1,2})\.(?=\s[^\W\d])"
)
_HUNDREDS = re.compile(r"(?<![\w.,:/+-])(1[1-9])(\d\d)(er)?(?![\w/]|[.,]\d)")
"""Years, and what is said as they are."""
_DECADE = re.compile(r"(?<![\w.,])(\d0)er\b")
_POINTS = re.compile(r"(?<![\w.,:/@-])\d{1,4}(?:\.\d{1,5}){1,5}+(?![\w@]|[.,]\d)")
_ALONE = r"(?<![\w.,:/+-])"
_ISO = re.compile(r"(?<![\w/-])(\d{4})-(\d\d)-(\d\d)(?![\d-])")
_DATE = re.compile(r"(?<![\w./-])(\d{1,2})([/.])(\d{1,2})\2(\d{4}|\d\d)(?![\w/]|\.\d)")
_DAY_MONTH = re.compile(r"(?<![\w./-])(\d{1,2})\.(\d{1,2})\.(?![\w/])")
_TIME = re.compile(
    r"(?<![\w:.,])(\d{1,2})(?::|\s?h\s?(?=\d))(\d\d)(?![\w:]|\s?min\b)(?P<o_clock>\s?(?:Uhr|h|horas|heures)\b)?"
)
_PHONE = re.compile(
    r"(?<![\w.,+-])(?<!\d )(\+\d{1,3}(?:[ ./-]?\(?\d{1,12}+\)?){1,8}+|\(?0\d{1,4}\)?(?:[ ./-]\d{2,8}){1,5})(?![\w-])"
)
_SPANISH_PHONE = re.compile(r"(?<![\w.,+-])([6-9]\d\d(?: \d\d){3}|(?<=al )[6-9]\d\d \d{3} \d{3})(?![\w-]|[.,]\d)")
_RANGE = re.compile(r"(?<![\w/@.,-])(\d{1,4}(?:[.,]\d{1,4})?)\s?[-–]\s?(?=\d{1,4}(?:[.,]\d+)?(?![\w@-]))")
_SCORE = re.compile(r"(?<![\w:.,])(\d{1,3}):(?=\d{1,3}(?![\w:]))")
_FRACTION = re.compile(r"(?<![\w.,/])(?:(\d{1,3})\s)?(\d{1,3})/(\d{1,3})(?![\w/]|[.,]\d)")
_CENTS = re.compile(rf"{_ALONE}(?:(?P<sign>[€$£])\s?)?([01])(?:,(\d\d))?(?![\d,]|\.\d)\s?(?(sign)|([€$£])(?!\w))")


def put_at_length(text: str, language: str) -> str:
    """Before all other rules, while points and strokes are there. Other languages stay as they are."""
    own = WESTERN.get(language)
    if own is None or not any(char in "0123456789" for char in text):
        return text
    text = _ISO.sub(lambda match: _date(match, own, match[3], match[2], match[1]), text)
    text = _DATE.sub(lambda match: _date(match, own, match[1], match[3], match[4]), text)
    if language == "de":
        text = _DAY_MONTH.sub(lambda match: _date(match, own, match[1], match[2], ""), text)
        text = _GERMAN_DAYS.sub(lambda match: f"{ordinal(match[1], 'de')}n", text)
        text = _GERMAN_ORDINAL.sub(_german_ordinal, text)
    text = _PHONE.sub(lambda match: _phone(match, language), text)
    text = _POINTS.sub(lambda match: _points(match, language), text)
    if language == "es":
        text = _SPANISH_PHONE.sub(lambda match: _phone(match, language), text)
    text = _TIME.sub(lambda match: _time(match, language), text)
    text = _RANGE.sub(rf"\1 {own.to} ", text)
    text = _SCORE.sub(r"\1 zu " if language == "de" else rf"\1 {own.to} ", text)
    text = _FRACTION.sub(lambda match: _fraction(match, own, language), text)
    text = _CENTS.sub(lambda match: _cents(match, own, language), text)
    if language == "de":
        text = _HUNDREDS.sub(lambda match: f"{number(match[1], 'de')}hundert{_rest(match[2])}{match[3] or ''}", text)
        text = _DECADE.sub(lambda match: f"{number(match[1], 'de')}er", text)
    units, ones = _counted(language)
    text = units.sub(lambda match: _measure(match, own, language), text)
    return ones.sub(lambda match: _one(match[1], match[2], own, language), text)


@lru_cache(maxsize=8)
def _counted(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    own = WESTERN[language]
    units = "|".join(sorted(map(re.escape, own.units), key=len, reverse=True))
    nouns = "|".join(sorted(map(re.escape, own.nouns | own.feminine), key=len, reverse=True))
    more = "" if language == "de" else r"(?:\d{0,12}[02-9])?"
    return (
        re.compile(rf"(?<![\w.,:])(\d++(?:[.,]\d++)*+)\s?({units})(?![\w/²³'’])"),
        re.compile(rf"{_ALONE}({more}1)\s({nouns})\b"),
    )


def _measure(match: Match, own: Western, language: str) -> str:
    digits, (one, many) = match[1], own.units[match[2]]
    if digits == "1":
        return _one(digits, one, own, language)
    few = language == "fr" and digits.partition(",")[0] in ("0", "1")  # less than two
    return f"{digits} {one if few else many}"


def _points(match: Match, language: str) -> str:
    """Versions and the like, but no thousands."""
    if all(len(group) == 3 for group in match[0].split(".")[1:]):
        return match[0]
    return match[0].replace(".", f" {words_of(language).dot} ")


def _rest(digits: str) -> str:
    return number(digits.lstrip("0"), "de") if digits != "00" else ""


def _german_ordinal(match: Match) -> str:
    """Der zweite Mann, am zweiten Tag, in der zweiten Reihe."""
    return f"{match[1] or match[2]}{ordinal(match[3], 'de')}{'n' if match[1] else ''}"


def _date(match: Match, own: Western, day: str, month: str, year: str) -> str:
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return match[0]
    if len(year) == 2:
        year = f"{19 if int(year) >= 50 else 20}{year}"
    first = "er" if own.date.startswith("{day} {month}") and int(day) == 1 else ""
    return own.date.format(day=f"{int(day)}{first}", month=own.months[int(month) - 1], year=year).rstrip()


def _phone(match: Match, language: str) -> str:
    groups = re.findall(r"\d+", match[0])
    if sum(map(len, groups)) < 7:
        return match[0]
    pairs = language == "fr" and all(len(group) <= 2 for group in groups)  # as one says them there
    said = ", ".join(number(group, language) if pairs else digit_by_digit(group, language) for group in groups)
    return f"{'más' if language == 'es' else 'plus'} {said}" if match[0].startswith("+") else said


def _time(match: Match, language: str) -> str:
    hour, minute = int(match[1]), int(match[2])
    if hour > 24 or minute > 59:
        return match[0]
    minutes = f" {number(str(minute), language)}" if minute else ""
    said = number(str(hour), language)
    if language == "de":
        return f"{'ein' if hour == 1 else said} Uhr{minutes}"
    said = f"{said}e" if language == "fr" and hour in (1, 21) else said
    if language == "fr":
        return f"{said} heure{'' if hour < 2 else 's'}{minutes}"
    said = f"{said[:-1]}a" if hour in (1, 21) else said
    return f"{said} y{minutes}" if minutes else f"{said} horas" if hour > 12 or match["o_clock"] else said


def _fraction(match: Match, own: Western, language: str) -> str:
    whole, top, bottom = match[1], int(match[2]), int(match[3])
    before = f"{whole} " if whole else ""
    if not 0 < top < bottom:
        return f"{before}{match[2]} {match[3]}"
    if bottom > own.most_parts:
        return match[0]
    one, many = own.halves.get(bottom) or ("", "")
    many = many or own.fraction(ordinal(str(bottom), language))
    one = one or (many if language == "de" else many[:-1])
    said = f"{own.ones[0]} {one}" if top == 1 else f"{number(str(top), language)} {many}"
    if not whole:
        return said
    if bottom == 2:  # zweieinhalb, deux et demi, dos y medio
        together = f"{number(whole, language)} {words_of(language).and_} {one}"
        return f"{'ein' if whole == '1' else number(whole, language)}einhalb" if language == "de" else together
    return f"{number(whole, language)} {words_of(language).and_} {said}"


def _cents(match: Match, own: Western, language: str) -> str:
    """Nothing or one of the money, and cents."""
    sign, whole, cents = match["sign"] or match[4], match[2], match[3]
    if whole == "0":
        return f"{cents.lstrip('0')} {own.cents[sign == '£']}" if cents and cents != "00" else match[0]
    said = _one("1", own.money[sign], own, language)
    return f"{said} {number(cents.lstrip('0'), language)}" if cents and cents != "00" else said


def _one(digits: str, noun: str, own: Western, language: str) -> str:
    """21: vingt et une heures, veintiún días, treinta y una personas."""
    feminine = noun in own.feminine
    if digits == "1":
        return f"{own.ones[feminine]} {noun}"
    said = number(digits, language)
    if language == "es":
        said = f"{said[:-1]}a" if feminine else "veintiún" if said == "veintiuno" else said[:-1]
    return f"{said}{'e' if feminine and language == 'fr' else ''} {noun}"
