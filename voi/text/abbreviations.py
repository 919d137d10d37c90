"""Reads abbreviations in full, chosen by their neighbours: St. Paul and Main St., est. 1995 and est. time, EST, pp.
12."""

import re
from functools import cache

from voi.text.scan import Reading, Scan
from voi.text.tables import is_wordlike, language_of
from voi.text.tables.shape import words as _set

Expansion = tuple[re.Pattern[str], str, str]
"""Pattern, key in its table, and which table: "before", "ending" or "choices"."""

_FIRST = re.compile(r"[^\W\d_]+")
_NUMBER_BEFORE = re.compile(r"\d\s?\Z")
_NUMBER_AFTER = re.compile(r"\s?(?:[#№-]?\d|[A-Z]{1,4}-?\d)")
_YEAR_AFTER = re.compile(
    r"\s?(?:in\s)?[12]\d{3}(?![\w:%]|[.,]\d|\s(?:people|users|dollars|miles|words|calories|units|min|hrs?|hours)\b)"
)
_LETTER_AFTER = re.compile(r"\s[B-HJ-Z](?![\w'’]|\.\w)")
_ROMAN_AFTER = re.compile(r"\s?[IVXLC]+\b")
_STREET_BEFORE = re.compile(
    r"(?:\d[\w-]*|\b(?:on|at|to|near|off|of|down|along|from|corner|and|in|the))\s(?:(?:(?:[NSEW]|St|Mt|Ft)\.?\s)?[A-Z][\w'-]+\s|\d+(?:st|nd|rd|th)\s){1,3}\Z"
)
_ORDINAL_BEFORE = re.compile(r"\d(?:st|nd|rd|th|e|ème|º|ª|°|\.)\s\Z")
_NAME_BEFORE = re.compile(r"[A-Z][a-z]+\s\Z")
_DAY_AFTER = re.compile(r",?\s(?:(?:den|le|il|el|dia|d[.])\s)?\d|,?\s(?:um|om|à|a las|alle|às|ore|v|o|в)\s\d")
_VERSE_AFTER = re.compile(r"\s\d{1,3}:\d{1,3}\b")
_DAY_BEFORE = _set(
    "next this every last by until through and or you each till since "
    "am vom bis jeden on el del al los le du il dal sul na no da à de op van tot elke v ve ze do od o w we na z do "
    "od każdy "
    "во в на с до по каждый"
)
"""Words before a day of the week whose short form may be another word."""
_PREPOSITIONS = _set("o na w we z ze przy od do po v ve při по на в при у")
_CLOSERS = re.compile(r"[\s\"')\]”’»]+")
_INITIALS = re.compile(r"(?:[^\W\d_]\.\s?){1,5}[^\W\d_]\.(?!\w)")


@cache
def index_of(code: str) -> dict[str, list[Expansion]]:
    """The expansions by their first run of letters, in lower case; the longest first."""
    language = language_of(code)
    assert language is not None
    found: dict[str, list[Expansion]] = {}
    for table in ("choices", "before", "ending"):
        for key in getattr(language, table):
            first = _FIRST.match(key)
            assert first is not None, key
            found.setdefault(first[0].casefold(), []).append((_pattern(key, code), key, table))
    for entries in found.values():
        entries.sort(key=lambda entry: -len(entry[1]))
    return found


def _pattern(key: str, code: str) -> re.Pattern[str]:
    head = re.escape(key)
    if key[0].islower():
        head = f"[{re.escape(key[0] + key[0].upper())}]{re.escape(key[1:])}" if key[0].upper() != key[0] else head
    head = re.sub(r"\\\.(?=[^\W\d_\\]|\\-)", r"\\.\\s?", head)
    if key[-1] == "/":
        return re.compile(head)
    return re.compile(head + r"(?![^\W\d_])" if key[-1] in ".°º" else head + r"(?![\w.]*\w)")


_STREETS = {"de": "straße", "nl": "straat"}


def abbreviation(scan: Scan, at: int, word: str) -> Reading | None:
    """Reads the abbreviation that begins with `word` at `at`; None: there is none."""
    end = at + len(word)
    street = _STREETS.get(scan.language.code)
    if street and len(word) > 3 and word.endswith("str") and scan.text[end : end + 1] == ".":
        new = scan.word_after(end + 1) in scan.language.starters or _at_end(scan, end + 1)
        return f"{word[:-3]}{street}{'.' if new else ''}", end + 1, "abbreviation"
    entries = index_of(scan.language.code).get(word.casefold())
    for pattern, key, table in entries or ():
        match = pattern.match(scan.text, at)
        if match is None:
            continue
        end = match.end()
        if table == "choices":
            said = _chosen(scan, at, end, scan.language.choices[key])
            if not said:
                continue
            ends = _at_end(scan, end) if key in scan.language.leading else _ends_sentence(scan, end, key)
        else:
            said = getattr(scan.language, table)[key]
            if table == "before" and (not _something_follows(scan, end, key) or _is_plain_word(scan, end, key)):
                continue
            ends = _at_end(scan, end) if table == "before" else _ends_sentence(scan, end, key)
        if match[0][0].isupper() and key[0].islower():
            said = said[0].upper() + said[1:]
        if said.endswith(",") and scan.text[end : end + 1] == ",":
            said = said[:-1]
        return said + ("." if ends and key.endswith(".") else ""), end, "abbreviation"
    return None


def _something_follows(scan: Scan, end: int, key: str) -> bool:
    """True if something follows that the abbreviation belongs to. Short ones in capitals (M. for Monsieur) come before
    a name."""
    if len(key) > 2 or scan.language.code == "en" or key == "wg":
        return True
    rest = scan.rest(end)
    if key in ("n°", "nº", "n.º", "N°", "Nº", "N.º"):
        return True
    if scan.text[end : end + 1] == "-":
        return rest[1:2].isupper()
    if rest.startswith(("et ", "y ", "e ", "und ", "en ", "i ")):  # M. et Mme Durand
        return key[0].isupper()
    if key == "M." and rest.startswith(("le ", "la ", "l'")):  # M. le Ministre
        return True
    return scan.text[end : end + 1].isspace() and rest != "" and (not rest[0].islower() or not rest[0].isascii())


def _is_plain_word(scan: Scan, end: int, key: str) -> bool:
    """True if a sentence ends here with a form that is also a plain word: l'art., рис., Max., tel."""
    if not scan.language.starters or not is_wordlike(key.rstrip(".")):
        return False
    following = scan.word_after(end)
    return _at_end(scan, end) or (len(following) > 1 and following in scan.language.starters)


def _at_end(scan: Scan, end: int) -> bool:
    return not scan.rest(end).strip(" \"')]”’»")


def _ends_sentence(scan: Scan, end: int, key: str) -> bool:
    """True if the abbreviation's point also ends the sentence, because nothing or a new sentence follows."""
    if _at_end(scan, end):
        return True
    if not scan.text[end : end + 1].isspace() or not scan.rest(end)[:1].isupper():
        return False
    if scan.language.starters:
        return scan.word_after(end) in scan.language.starters and not _CLEARLY_ROMAN.match(scan.text, end)
    return key[0].islower()


_CLEARLY_ROMAN = re.compile(r"\s(?:[IVXLC]{2,7}|[VX])\b")


def _chosen(scan: Scan, at: int, end: int, choices: tuple[tuple[str, str], ...]) -> str:
    for condition, said in choices:
        if _holds(scan, at, end, condition):
            return said
    return ""


def _holds(scan: Scan, at: int, end: int, condition: str) -> bool:
    text = scan.text
    if (after := _AFTER.get(condition)) is not None:
        return after.match(text, end) is not None
    if (before := _BEFORE.get(condition)) is not None:
        return before.search(text, max(0, at - 48), at) is not None
    word = scan.word_after(end)
    match condition:
        case "":
            return True
        case "A":
            return word[:1].isupper()
        case "f":
            return word.endswith("a")
        case "M":
            return word[:1].isupper() and word not in scan.language.starters
        case "a":
            return word[:1].islower()
        case "W":
            return _NUMBER_AFTER.match(text, end) is not None and bool(_WAVES & set(scan.words_before(8, at)))
        case "D":
            return names_other_day(scan, at, end)
        case "w":
            return scan.word_before(at).lower() in _DAY_BEFORE or text[max(0, at - 1) : at] in ("/", "-", "–", "&")
        case "p":
            return scan.word_before(at).lower() in _PREPOSITIONS
        case "i":
            return scan.word_before(at).lower() in _INSIDE and _NUMBER_AFTER.match(text, end) is not None
        case "P":
            return scan.word_before(at).lower() in _FROM
        case "T":
            return _STREET_BEFORE.search(text, max(0, at - 48), at) is not None and not word[:1].isupper()
        case "r":
            return scan.kind == "roman" and scan.end in (at, at - 1)
        case "N":
            return _NAME_BEFORE.search(text, max(0, at - 24), at) is not None and word[:1].isupper()
    return word.lower() == condition


_WAVES = _set("ghz mhz fi wifi wi tv radio router broadcast")
_INSIDE = _set("v ve po w")
_FROM = _set("od do z ze с до")
_AFTER = {
    "9": _NUMBER_AFTER, "Y": _YEAR_AFTER, "L": _LETTER_AFTER, "R": _ROMAN_AFTER,
    "Q": re.compile(r"\s?(?!i\s)[ivxl]{1,7}(?!\w)"), "B": _VERSE_AFTER, "d": _DAY_AFTER,
    "G": re.compile(r"\s[XYZ]\b|\sAlpha\b"),
}  # fmt: skip
_BEFORE = {
    "§": re.compile(r"(?:Abs\.|Absatz|§|Art\.|Artikel)\s\d+[a-z]?\s\Z"),
    "#": _NUMBER_BEFORE,
    "o": _ORDINAL_BEFORE,
    "S": _STREET_BEFORE,
}


def names_other_day(scan: Scan, at: int, end: int) -> bool:
    """True for "Sat 9-1, closed Sun.": another day of the week is near."""
    days, text = scan.language.weekdays, scan.text
    near = _FIRST.findall(text[max(0, at - 60) : at]) + _FIRST.findall(text[end : end + 40])
    return any(word in days or word in days.values() for word in near)


def initials(scan: Scan, at: int) -> Reading | None:
    """U.S., D.C., F.B.I., p.m.: letter by letter."""
    match = _INITIALS.match(scan.text, at)
    if not match or (" " in match[0] and not re.fullmatch(r"[ap]\.\sm\.", match[0])):
        return None
    letters = match[0].replace(".", "").replace(" ", "")
    if scan.language.code != "en" and not letters.isupper():
        return None
    rest = scan.rest(match.end())
    new = scan.word_after(match.end()) in scan.language.starters
    ends = not _CLOSERS.sub("", rest) or (rest[0].isupper() and (new or letters.islower()))
    return " ".join(letters.upper()) + ("." if ends else ""), match.end(), "acronym"
