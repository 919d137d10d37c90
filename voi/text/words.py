"""Words that are not read as written: acronyms, days of the week, states, streets, C++ and w/o."""

import re

from voi.text import cldr
from voi.text.abbreviations import names_other_day
from voi.text.numerals import cardinal
from voi.text.pronounceable import is_pronounceable
from voi.text.scan import Reading, Scan
from voi.text.tables.en import COMPASS, SHOUTED, SOUNDS, STATES, STREETS
from voi.text.tables.shape import Language
from voi.text.tables.shape import words as _set
from voi.text.units import forms_of

_CODED = re.compile(r"-\d")
_SPELT_MAX = 5
"""Longer words in capitals are emphasis, and read as words."""
_VOWEL = re.compile(r"[AEIOUYÄÖÜÁÉÍÓÚÀÈÌÒÙÂÊÎÔÛÃÕŐŰÝĚŮÅÆØŒĄĘİIАЕЁИОУЫЭЮЯ]", re.IGNORECASE)
_CAPITALS = "A-ZÀ-ÖØ-ÞĄĆČĎĘĚĞĢİĶĻŁŃŇŐŒŘŚŞŠŢŤŮŰŹŻŽ"
_ACRONYM = re.compile(rf"([{_CAPITALS}]{{2,6}})('?s)?(?![^\W\d_]|')")
_CYRILLIC = re.compile(r"[А-ЯЁ]{2,6}(?![^\W\d_])")
_PHD = re.compile(r"(PhD|BSc|MSc|LLMs?|VMs|TVs|DJs|PhDs|AIs)(?!\w)|(?:SpO|PaO)(?=2)")
_DIALOGUE = re.compile(
    r"[CcGg]\+\+|[CFJ]#(?!\w)|[A-G]#(?!\w)|w/o\b|w/in\b|b/w\b|r/t\b|o/w\b|y/y\b|q/q\b|m/m\b|w/(?=\s?\w)|b/c\b|c/o\b|n/a\b|N/A\b|[IQ]/O\b|Q&A\b|24/7"
)
_SAID = {
    "w/o": "without",
    "w/in": "within",
    "b/w": "between",
    "r/t": "round trip",
    "o/w": "one way",
    "y/y": "year over year",
    "q/q": "quarter over quarter",
    "m/m": "month over month",
    "w/": "with",
    "b/c": "because",
    "c/o": "care of",
    "n/a": "not applicable",
    "N/A": "not applicable",
    "I/O": "I O",
    "Q&A": "Q and A",
}
_STATE = re.compile(r"([A-Z]{2})(?=\s\d{5}\b|[\s.,;!?)]|$)")
_TOWN_BEFORE = re.compile(r"[A-Z][a-z]+,\s\Z")
_ROAD_BEFORE = re.compile(r"\b(?:I|US|SR|Route|Hwy|Highway)[-\s]\d{1,3}\s\Z")
_NUMBERED_STREET = re.compile(r"\.?\s\d{1,3}(?:st|nd|rd|th)\s(?:St|Ave|Street|Avenue)\b")
_STREET_NAME = re.compile(r"(?:\d[\w-]*\s(?:[NSEW]\.?\s)?(?:[A-Z][\w'-]+\s|\d+(?:st|nd|rd|th)\s){1,3})\Z")
_STREET_WORD = re.compile(r"(?:Street|St\.?|Ave\.?|Avenue|Blvd\.?|Road|Rd\.?|Drive|Dr\.?|Lane|Ln\.?)\s\Z")
_ALWAYS_STREETS = _set("Ave Blvd Hwy Pkwy Expy Fwy")
_HEADING = _set("head turn drive walk continue facing faces go heading travel wind winds")
_APERTURE = re.compile(r"/(\d{1,2}(?:\.\d)?)([A-Z])?(?!\w)")
_SLASHED_UNIT = re.compile(r"([^\W\d_]{1,5})/([hs]|min|hr|day|mo|yr|kg|l|L)\b(?!/)")


def special(scan: Scan, at: int, word: str, end: int) -> Reading | None:
    """English signs in words (C++, w/o), and units that stand alone (km/h)."""
    text = scan.text
    follower = text[end : end + 1]
    if word in ("f", "F") and follower == "/" and (stop := _APERTURE.match(text, end)):  # f/2.8L
        letter = f" {stop[2]}" if stop[2] else ""
        return f"{word} {cardinal(stop[1], scan.language)}{letter}", stop.end(), "code"
    if scan.language.code == "en" and follower in "+#/&" and (match := _DIALOGUE.match(text, at)):
        form = match[0]
        if form.endswith("++"):
            return f"{form[0]} plus plus", match.end(), "electronic"
        if form.endswith("#"):
            return f"{form[0]} sharp", match.end(), "electronic"
        return _SAID.get(form, form), match.end(), "abbreviation"
    if follower == "/" and (match := _SLASHED_UNIT.match(text, at)):
        code = scan.language.code
        forms = forms_of(match[0], scan.language)
        if forms is not None:
            return cldr.form("2" if code not in ("ru", "pl", "cs") else "5", forms, code), match.end(), "measure"
    return None


def greek(word: str, language: Language) -> str:
    """The names of Greek letters used as symbols (πr, ΔT, β); "" for a Greek word, or if the language has no names for
    them."""
    if not language.gap or language.code in ("ru", "ar", "hi", "el") or not _GREEK.search(word):
        return ""
    if len(word) > 3 or re.search("[\u0370-\u03ff]{2}", word):
        return ""
    return " ".join(_GREEK_NAMES.get(char, char) for char in word)


_GREEK = re.compile("[ΑΒΓΔΘΛΞΠΣΦΨΩαβγδεζηθικλμνξπρσςτυφχψω]")
_GREEK_NAMES = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma",
    "τ": "tau", "υ": "upsilon", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "gamma", "Δ": "delta",
    "Θ": "theta", "Λ": "lambda", "Ξ": "xi", "Π": "pi", "Σ": "sigma", "Φ": "phi", "Ψ": "psi", "Ω": "ohm",
}  # fmt: skip


def is_product(scan: Scan, word: str) -> bool:
    """True for variables that are multiplied, before a power (mc², ab³), but not for a unit or a word with a
    footnote."""
    return (
        word.islower() and 2 <= len(word) <= 3 and word not in _BEFORE_POWERS and forms_of(word, scan.language) is None
    )


_BEFORE_POWERS = _set("sin cos tan cot sec log ln exp max min the and of is to a in")
_INITIALS = {
    "en": {"M": "Monday", "Tu": "Tuesday", "T": "Tuesday", "W": "Wednesday", "Th": "Thursday", "F": "Friday",
           "Sa": "Saturday", "Su": "Sunday"},
    "es": {"L": "lunes", "V": "viernes", "S": "sábado", "D": "domingo"},
}  # fmt: skip
_INITIAL_RANGE = re.compile(
    r"([A-Z][au]?h?)[-–]([A-Z][au]?h?)(?=,?\s(?:\d|from|at|only|de\s\d|noon|all|'?til|until|by)|[.,;:)]|\s*\Z)"
)


def day_initials(scan: Scan, at: int) -> Reading | None:
    """M-F 9-5, M–Th, L-V de 9 a 18."""
    names = _INITIALS.get(scan.language.code)
    match = _INITIAL_RANGE.match(scan.text, at) if names else None
    if not names or not match or match[1] not in names or match[2] not in names or match[1] == match[2]:
        return None
    joint = " a " if scan.language.code == "es" else " to "
    return f"{names[match[1]]}{joint}{names[match[2]]}", match.end(), "date"


_DAY_RANGE = re.compile(r"\.?\s?([-–]|t/m\b|bis\b)\s?([^\W\d_]{2,5})\b\.?")


def weekday(scan: Scan, at: int, word: str, end: int) -> Reading | None:
    """Mon–Fri, "Tue 5pm", "Thu, March 5"."""
    full = scan.language.weekdays.get(word)
    if full is None:
        return None
    text = scan.text
    between = _DAY_RANGE.match(text, end)
    if between and between[2] in scan.language.weekdays:
        joint = {"t/m": " tot en met ", "bis": " bis "}.get(between[1]) or scan.joint()
        return (
            f"{full}{joint}{scan.language.weekdays[between[2]]}",
            _past_point(text, between.end()),
            "date",
        )
    clear = scan.language.code != "en" or word not in ("Sat", "Sun", "Mon", "Wed")
    if text[end : end + 1] == "." and text[end + 1 : end + 2] in ("", " ", ","):
        return None
    if scan.language.code == "ru" and re.match(r"\s\d", text[end : end + 2]):
        before = scan.word_before(at).lower() in ("в", "во", "на", "с")
        return (_ACCUSATIVE.get(full, full) if before else full), end, "date"
    if scan.language.code not in ("en", "de", "nl"):  # only a range is clear: "mar" is the sea as well
        return None
    if (
        (clear and scan.language.code == "en")
        or names_other_day(scan, at, end)
        or re.match(r",?\s\d|,\s[A-Z][a-z]{2}|\s?[/&]|,?\sat\b", text[end : end + 5])
    ):
        return full, end, "date"
    return None


_ACCUSATIVE = {"среда": "среду", "пятница": "пятницу", "суббота": "субботу"}


def _past_point(text: str, end: int) -> int:
    return end - 1 if text[end - 1] == "." and not text[end : end + 9].strip() else end


def state_or_street(scan: Scan, at: int, word: str, end: int) -> Reading | None:
    """Austin, TX; 12 Main St; Avenue NW."""
    if scan.language.code != "en":
        return None
    text = scan.text
    if word in ("Hwy", "Rte") and text[end : end + 1] == " " and text[end + 1 : end + 2].isdigit():
        return {"Hwy": "Highway", "Rte": "Route"}[word], end, "address"
    if word in ("L", "R") and scan.word_before(at).lower() in ("turn", "bear", "keep", "go"):
        return {"L": "left", "R": "right"}[word], end, "address"
    if word in COMPASS and scan.word_before(at).lower() in _HEADING:
        return COMPASS[word].lower(), end, "address"
    if word in COMPASS:
        if re.search(r"\d(?:°|['′]|[\"″”])\s?\Z", text[max(0, at - 3) : at]):  # a coordinate
            return COMPASS[word].lower(), end, "address"
        if _ROAD_BEFORE.search(text, max(0, at - 16), at) or _NUMBERED_STREET.match(text, end):
            return COMPASS[word], end + (text[end : end + 1] == "." and scan.rest(end + 1)[:1].isdigit()), "address"
        house = len(word) == 1 and re.search(r"\b\d{1,5}\s\Z", text[max(0, at - 6) : at])
        point = text[end : end + 1] == "."  # 45 W. Oak St.
        if _STREET_WORD.search(text, max(0, at - 12), at) or (house and scan.word_after(end + point)[:1].isupper()):
            return COMPASS[word], end + (point and bool(house)), "address"
    if word in STATES and _TOWN_BEFORE.search(text, max(0, at - 24), at) and _STATE.match(text, at):
        return STATES[word], end, "address"
    if word in _ALWAYS_STREETS and text[end : end + 1] != "." and scan.word_before(at)[:1].isupper():
        return STREETS[word], end, "address"
    if word in STREETS and text[end : end + 1] != "'" and _STREET_NAME.search(text, max(0, at - 48), at):
        stop = (
            end + 1
            if text[end : end + 1] == "." and scan.rest(end + 1) and not scan.rest(end + 1)[0].isupper()
            else end
        )
        return STREETS[word], stop, "address"
    return None


def acronym(scan: Scan, at: int, word: str, end: int) -> Reading | None:
    """Reads an acronym, `word` from `at` to `end`, letter by letter; None: it is none, or is said as a word."""
    language = scan.language
    text = scan.text
    if match := _PHD.match(text, at):
        letters = match[0]
        if letters.endswith("s") and letters[:-1] != letters[:-1].lower():
            return (
                f"{' '.join(letters[:-1].upper() if letters.startswith('Ph') else letters[:-1])}'s",
                match.end(),
                "acronym",
            )
        return (
            " ".join(letters.upper() if letters in ("PhD", "BSc", "MSc", "SpO", "PaO") else letters),
            match.end(),
            "acronym",
        )
    if language.code == "ru" and (russian := _CYRILLIC.match(text, at)):
        return _russian(scan, russian[0], russian.end())
    match = _ACRONYM.match(text, at)
    plain = match is not None and match[2] == "s" and language.code in _PLURAL_S
    if not match or (language.code != "en" and match[2] and not plain):
        return None
    letters, plural = match[1], match[2] or ""
    if language.code != "en":
        said = _foreign(scan, letters, match.end())
        return (f"{said[0]}{_PLURAL_S[language.code]}", *said[1:]) if said and plain else said
    if letters == "OK":
        return f"okay{plural}", match.end(), "acronym"
    if (letters in SOUNDS and not _CODED.match(text, match.end())) or (
        scan.shouted
        and _VOWEL.search(letters)
        and (letters in SHOUTED or (len(text) > 5 and letters not in language.spelt))
    ):
        return None
    if letters == "AM" and scan.word_before(at) == "I":
        return None
    if letters in SHOUTED and _in_capitals(scan, at, match.end()):
        return None
    spelt = letters in language.spelt or not _VOWEL.search(letters) or _is_spelt_form(letters)
    if not spelt and (is_pronounceable(letters) or len(letters) > _SPELT_MAX):
        return None
    end = match.end()
    if text[end : end + 2] == ". " and scan.rest(end + 1)[:1].islower():  # "an MS. in physics"
        end += 1
    return " ".join(letters) + ("'s" if plural else ""), end, "acronym"


_PLURAL_S = {"de": "s", "nl": "'s"}
"""The plural of letters elsewhere: LKWs."""


def _in_capitals(scan: Scan, at: int, end: int) -> bool:
    """True if the words on both sides are in capitals, or those on one side if the other is an end of the text."""
    before, after = scan.word_before(at), scan.word_after(end)
    loud = [word for word in (before, after) if word]
    return bool(loud) and all(len(word) > 2 and word.isupper() and _VOWEL.search(word) for word in loud)


def _is_spelt_form(letters: str) -> bool:
    """True for two letters, or three that begin with a vowel and could not be a word (API, EKG, UPS…)."""
    if len(letters) == 2:
        return letters not in _WORDS_OF_TWO
    return (
        len(letters) == 3
        and letters[0] in "AEIOU"
        and letters[1] not in "AEIOUY"
        and letters[2] not in "AEIOUY"
        and letters not in _WORDS_OF_THREE
    )


_WORDS_OF_TWO = _set(
    "AH AM AN AS AT AX BE BY DO EH EX GO HA HE HI HO IF IN IS IT ME MY NO OF OH ON OR OW OX SO TO UH "
    "UM UP US WE YA YE YO LA PA MA"
)
_WORDS_OF_THREE = _set(
    "ACT ADD AGE AID AIM AIR ALL AND ANT ANY APP ARE ARM ART ASH ASK ATE EAR EAT EGG ELF END ERR EVE "
    "ICE ICY ILL INK INN ITS "
    "ODD OFF OIL OLD ONE OUR OUT OWE OWL OWN UGH UMM USE IRE ARK ARC AFT ALE ELK EBB ELM IMP OAK OAR OAT OPT ORB ORE"
)


_LETTERS = dict(
    zip(
        "БВГДЖЗКЛМНПРСТФХЦЧШЩ",
        [
            "бэ",
            "вэ",
            "гэ",
            "дэ",
            "жэ",
            "зэ",
            "ка",
            "эл",
            "эм",
            "эн",
            "пэ",
            "эр",
            "эс",
            "тэ",
            "эф",
            "ха",
            "цэ",
            "че",
            "ша",
            "ща",
        ],
        strict=True,
    )
)
"""How Russian letters are named in acronyms (Русская грамматика, 1980, § 589); vowels by themselves."""


_CUSTOMARY = {"США": "сэ-шэ-а", "ФРГ": "фэ-эр-гэ", "ФБР": "фэ-бэ-эр", "ГИБДД": "ги-бэ-дэ-дэ"}


def _russian(scan: Scan, letters: str, end: int) -> Reading | None:
    """ФСБ: эф-эс-бэ; США, which is listed, too; МХАТ is a word."""
    if scan.shouted or (_VOWEL.search(letters) and letters not in scan.language.spelt):
        return None
    if said := _CUSTOMARY.get(letters):
        return said, end, "acronym"
    return "-".join(_LETTERS.get(letter, letter.lower()) for letter in letters), end, "acronym"


_FLIGHT_NUMBER = re.compile(r"\s?\d{2,4}(?!\w)")
_FLIGHTS = _set("flug vol vuelo volo voo vlucht lot рейс let linka járat uçuş")


def _foreign(scan: Scan, letters: str, end: int) -> Reading | None:
    """Other languages: only what has no vowel, or is listed; the rest is read as a word."""
    language = scan.language
    if scan.shouted and _VOWEL.search(letters):
        return None
    if len(letters) == 2 and _FLIGHT_NUMBER.match(scan.text, end) and scan.word_before(end - 2).lower() in _FLIGHTS:
        return " ".join(letters), end, "acronym"
    if letters in language.spelt or (language.spells and not _VOWEL.search(letters)):
        return " ".join(letters), end, "acronym"
    return None
