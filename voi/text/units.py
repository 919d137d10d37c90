"""Units of measure: what each symbol stands for, its forms in a language, and "per" something."""

import re
from collections.abc import Mapping
from functools import cache

from voi.text import cldr
from voi.text.agreement import gender
from voi.text.binary_units import binary_units
from voi.text.scan import Scan
from voi.text.tables import language_of
from voi.text.tables.shape import Forms, Language, forms

COMMON: Mapping[str, str] = {
    "km": "length-kilometer", "m": "length-meter", "dm": "length-decimeter", "cm": "length-centimeter",
    "mm": "length-millimeter", "μm": "length-micrometer", "nm": "length-nanometer", "ha": "area-hectare",
    "km²": "area-square-kilometer", "km2": "area-square-kilometer", "m²": "area-square-meter",
    "m2": "area-square-meter", "qm": "area-square-meter", "cm²": "area-square-centimeter",
    "cm2": "area-square-centimeter",
    "m³": "volume-cubic-meter", "m3": "volume-cubic-meter", "cm³": "volume-cubic-centimeter",
    "cm3": "volume-cubic-centimeter", "kg": "mass-kilogram", "g": "mass-gram", "mg": "mass-milligram",
    "μg": "mass-microgram", "t": "mass-tonne", "l": "volume-liter", "L": "volume-liter", "ml": "volume-milliliter",
    "mL": "volume-milliliter", "cl": "volume-centiliter", "dl": "volume-deciliter", "h": "duration-hour",
    "min": "duration-minute", "s": "duration-second", "ms": "duration-millisecond", "Hz": "frequency-hertz",
    "kHz": "frequency-kilohertz", "MHz": "frequency-megahertz", "GHz": "frequency-gigahertz", "W": "power-watt",
    "kW": "power-kilowatt", "MW": "power-megawatt", "GW": "power-gigawatt", "kWh": "energy-kilowatt-hour",
    "V": "electric-volt", "A": "electric-ampere", "mA": "electric-milliampere", "kB": "digital-kilobyte",
    "KB": "digital-kilobyte", "MB": "digital-megabyte", "GB": "digital-gigabyte", "TB": "digital-terabyte",
    "PB": "digital-petabyte",
    "Mbit": "digital-megabit", "MBit/s": "digital-megabit/duration-second",
    "GBit/s": "digital-gigabit/duration-second", "Mb/s": "digital-megabit/duration-second",
    "Gb/s": "digital-gigabit/duration-second", "Gbit": "digital-gigabit", "Mbit/s": "digital-megabit/duration-second",
    "Gbit/s": "digital-gigabit/duration-second", "kbit/s": "digital-kilobit/duration-second",
    "kbps": "digital-kilobit/duration-second", "Mbps": "digital-megabit/duration-second",
    "Gbps": "digital-gigabit/duration-second", "MB/s": "digital-megabyte/duration-second",
    "°C": "temperature-celsius", "K": "temperature-kelvin", "°F": "temperature-fahrenheit",
    "km/h": "speed-kilometer-per-hour", "m/s": "speed-meter-per-second", "m/s2": "acceleration-meter-per-square-second",
    "m/s²": "acceleration-meter-per-square-second", "kcal": "energy-kilocalorie",
    "kJ": "energy-kilojoule", "J": "energy-joule", "hPa": "pressure-hectopascal", "kPa": "pressure-kilopascal",
    "bar": "pressure-bar", "mbar": "pressure-millibar", "px": "graphics-pixel", "MP": "graphics-megapixel",
    "dB": "sound-decibel", "mAh": "mah", "Ω": "electric-ohm", "kΩ": "kiloohm", "MΩ": "megaohm",
    "mph": "speed-mile-per-hour", "kmh": "speed-kilometer-per-hour", "ft": "length-foot", "mi": "length-mile",
    "lb": "mass-pound", "oz": "mass-ounce",
    "l/100 km": "consumption-liter-per-100-kilometer", "L/100 km": "consumption-liter-per-100-kilometer",
    "l/100km": "consumption-liter-per-100-kilometer",
    "mmHg": "pressure-millimeter-ofhg", "ppm": "concentr-permillion", "°": "angle-degree",
}  # fmt: skip
_OWN: Mapping[str, Mapping[str, Forms]] = {
    "kiloohm": {"": forms("kiloohm")},
    "megaohm": {"": forms("megaohm")},
    "mah": {
        "": forms("mAh"), "nl": forms("milliampère-uur"), "pt": forms("miliampère-hora", "miliampères-hora"),
        "pl": forms("miliamperogodzina", "miliamperogodziny", "miliamperogodziny", "miliamperogodzin"),
        "ru": forms("миллиампер-час", "миллиампер-часа", "миллиампер-часа", "миллиампер-часов"),
        "cs": forms("miliampérhodina", "miliampérhodin", "miliampérhodiny"), "hu": forms("milliamperóra"),
        "tr": forms("miliamper saat"), "ar": forms("ميلي أمبير ساعة"), "hi": forms("मिलीएम्पियर आवर"),
        "ko": forms("밀리암페어시"),
    },
    "sound-decibel": {
        "": forms("decibel", "decibels"), "de": forms("Dezibel"), "fr": forms("décibel", "décibels"),
        "es": forms("decibelio", "decibelios"), "it": forms("decibel"), "pt": forms("decibel", "decibéis"),
        "nl": forms("decibel"), "pl": forms("decybel", "decybela", "decybele", "decybeli"),
        "ru": forms("децибел", "децибела", "децибела", "децибел"), "cs": forms("decibel", "decibelů", "decibely"),
        "tr": forms("desibel"), "hu": forms("decibel"), "ar": forms("ديسيبل"), "zh": forms("分贝"),
        "ja": forms("デシベル"), "ko": forms("데시벨"), "hi": forms("डेसिबल"),
    },
}  # fmt: skip
"""Units that CLDR has no names for, by language; "" for all others."""
UNIT = re.compile(
    r"[ -]?(?:lb-ft|ft-lbs?|(?:sq|cu|fl)\.?\s(?:ft|mi|in|m|km|yd|oz)\b(?:\.(?!\w))?|[lL]/100\s?km\b|л/100\s?км\b"
    r"|°\s?[CFcf]?(?![^\W\d_])|(?:[^\W\d_][\u0900-\u0903\u093a-\u094f]*){1,8}(?:/(?:sa|sn|[hsuчó])(?:\b|(?=[²2](?!\w))))?(?:[²³23](?!\d))?|[^\W\d_.]{1,4}\.(?:\s?[^\W\d_]{1,4}\.)*)"
)
UNIT_WIDE = re.compile(
    r"[ -]?(?:[lL]/100\s?km(?![A-Za-z])|°\s?[CFcf]?(?![A-Za-z])"
    r"|[A-Za-zμΩ]{1,8}(?![A-Za-z])(?:/[hs](?![A-Za-z]))?(?:[²³23](?!\d))?|(?:(?![A-Za-z])[^\W\d_]){1,8})"
)
"""For languages that attach words to a symbol without a space: 500mgを, 20km/hです."""
_PER = re.compile(
    r"\s?/\s?((?:[^\W\d_][\u0900-\u0903\u093a-\u094f]*){1,12}[23]?)(?![\w\u0900-\u0903\u093a-\u094f])(?!/\w)"
    r"|(?<=\d)/(\d+\s?[^\W\d_]{1,4})\b"
)
_CHINESE_PER = frozenset("天月年人晚次周间件个份瓶斤分秒") | {"小时", "分钟", "公斤", "平米", "公里", "千克", "平方米"}
PER_WORDS = {
    "side",
    "portion",
    "rep",
    "set",
    "round",
    "acre",
    "song",
    "game",
    "seat",
    "ride",
    "trip",
    "load",
    "pack",
    "sheet",
    "car",
    "household",
    "patient",
    "dose",
    "day",
    "hour",
    "month",
    "week",
    "year",
    "second",
    "minute",
    "night",
    "person",
    "user",
    "mile",
    "room",
    "head",
    "guest",
    "item",
    "unit",
    "piece",
    "gallon",
    "student",
    "child",
    "adult",
    "player",
    "team",
    "page",
    "word",
    "token",
    "call",
    "visit",
    "session",
    "class",
    "serving",
    "foot",
    "pound",
    "ounce",
    "km",
    "kg",
    "liter",
    "litre",
    "meter",
    "metre",
    "ticket",
    "share",
    "gb",
    "request",
    "employee",
    "device",
    "license",
    "capita",
    "annum",
    "quarter",
    "bottle",
    "cup",
    "slice",
}


@cache
def periods(code: str) -> frozenset[str]:
    """Day, hour, month… as written in that language, the units of "per"."""
    found = [
        cldr.unit(f"duration-{name}", code) for name in ("second", "minute", "hour", "day", "week", "month", "year")
    ]
    return frozenset(word.lower() for forms in found if forms for word in forms.values())


@cache
def units(code: str) -> Mapping[str, str | Forms]:
    """The units of a language by their sign, the common ones included."""
    language = language_of(code)
    return {**COMMON, **binary_units(code), **(language.units if language else {})}


def unit_pattern(language: Language) -> re.Pattern[str]:
    """What a unit looks like behind a number in that language."""
    return UNIT if language.gap else UNIT_WIDE


@cache
def _of_words(code: str) -> re.Pattern[str] | None:
    """Pattern of symbols with spaces, or with signs that no other unit has: "c. à s."."""
    found = sorted(
        (symbol for symbol in units(code) if re.search(r"[^\W\d_]\.?\s|\.\w", symbol)), key=len, reverse=True
    )
    found = [symbol for symbol in found if "/" not in symbol]
    return re.compile(rf"\s?({'|'.join(map(re.escape, found))})(?![^\W\d_])") if found else None


def unit_of_words(text: str, end: int, code: str) -> tuple[str, int] | None:
    """The symbol of several words that begins here, and its end; None if there is none."""
    pattern = _of_words(code) if code != "en" else None
    match = pattern.match(text, end) if pattern else None
    return (match[1], match.end()) if match else None


def forms_of(symbol: str, language: Language) -> Forms | None:
    """The forms of what a symbol stands for; None if the language has no name for it."""
    name = units(language.code).get(symbol)
    if name is None or not isinstance(name, str):
        return name
    return unit_forms(name, language)


def unit_forms(name: str, language: Language) -> Forms | None:
    """The forms of a unit's name, such as metre or kilometre/hour, by plural; None: the language has no name for it."""
    if "/" in name:
        over, under = name.split("/")
        top, below = unit_forms(over, language), _per_of(under, language)
        return {key: f"{text} {below}" for key, text in top.items()} if top and below else None
    return language.named_units.get(name) or cldr.unit(name, language.code) or _own(name, language.code)


def _own(name: str, code: str) -> Forms | None:
    found = _OWN.get(name, {})
    return found.get(code) or found.get("")


def _per_of(name: str, language: Language) -> str | None:
    per = cldr.per(name, language.code)
    if per and language.code != "en" and name not in language.named_units:
        return per
    found = unit_forms(name, language)
    return _per_words(cldr.form("1", found, language.code), language) if found else None


def _per_words(noun: str, language: Language) -> str:
    """Per month; Turkish puts the word behind: ay başına."""
    return f"{noun} {language.say['per']}" if language.code == "tr" else f"{language.say['per']} {noun}"


def _italian_per(noun: str, language: Language) -> str:
    """Al giorno, a notte, all'anno."""
    if noun[0].lower() in "aeiou":
        return f"all'{noun}"
    return f"a {noun}" if gender(noun, language) == "f" else f"al {noun}"


def per(scan: Scan, end: int) -> tuple[str, int]:
    """ " per month" for "/mo", and where that ends; ("", end) if no unit follows a slash."""
    match = _PER.match(scan.text, end)
    if not match or not match[1]:
        return "", end
    language = scan.language
    symbol = match[1]
    if symbol in ("A", "V", "W", "J") and scan.text[end - 1 : end].isdigit():  # Viale Europa 12/A
        return "", end
    if symbol == "ea" and language.code == "en":
        return " each", match.end()
    name = units(language.code).get(symbol) or units(language.code).get(symbol.lower())
    if isinstance(name, str):
        said = _per_of(name, language)
    elif name is not None:
        said = _per_words(cldr.form("1", name, language.code), language)
    elif language.code == "zh" and symbol in _CHINESE_PER:
        said = f"{language.say['per']}{symbol}"
    elif not symbol.isalpha() and language.code != "hi":  # m²e
        said = None
    elif language.code == "it" and len(symbol) > 2:
        said = _italian_per(symbol, language)
    elif symbol[0].isupper() and language.code not in ("en", "de"):  # Kadıköy/İstanbul
        said = None
    elif (language.code == "en" and symbol.lower() in PER_WORDS) or (language.code != "en" and len(symbol) > 2):
        said = _per_words(f"{'ال' if language.code == 'ar' and symbol[:2] != 'ال' else ''}{symbol}", language)
    else:
        said = None
    if not said:
        return "", end
    stop = match.end()
    if (
        scan.text[stop : stop + 1] == "."
        and len(symbol) < 5
        and (
            scan.text[stop + 1 : stop + 2] in (";", ",", ":", ")", "?", "!")
            or (scan.text[stop + 1 : stop + 2] == " " and scan.text[stop + 2 : stop + 3].islower())
        )
    ):
        stop += 1
    gap = language.gap
    return f"{gap}{said}", stop
