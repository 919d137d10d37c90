"""Ordinals of other languages than English (1er, 2e, 3.º, 1ª, 3., 5-й) in the form that their neighbours require."""

import re

from voi.text import cldr, slavic
from voi.text.agreement import gender
from voi.text.hungarian import hungarian_kind
from voi.text.numerals import cardinal, ordinal, year
from voi.text.scan import Reading, Scan
from voi.text.tables.shape import words as _set

_SUFFIX = re.compile(
    r"(\d{1,4})\.?(ers?|ères?|res?|es?|èmes?|eme|è|nde?s?|º|ª|°|o|a|de|ste|ra|ro|do|da|to|ta|os|as)(?![\w'])"
)
_SUFFIXES = {
    "fr": frozenset(["er", "ers", "ère", "ères", "re", "res", "e", "es", "ème", "èmes", "eme", "è", "nd", "nds",
    "nde", "ndes"]),
    "es": frozenset(("er", "º", "ª", "°", "ra", "ro", "do", "da", "to", "ta")),
    "it": frozenset(("º", "ª", "°")), "pt": frozenset(("º", "ª", "°", "o", "a")), "nl": frozenset(("e", "de", "ste")),
}  # fmt: skip
_POINT = re.compile(r"(\d{1,3})\.(?=\s[^\W\d]|-[A-ZÄÖÜ]|\s?[-–]\s?\d{1,2}\.[\s\d]|,\s\d{1,2}\.)")
_BEFORE_ANOTHER = re.compile(
    r"\s?[-–]\s?\d{1,2}\.\s?(?:[A-ZÄ]|\d)|,\s\d{1,2}\.[\s,]"
    r"|\s(?:und|bis|oder|auf)(?:\s(?:den|dem|zum))?\s\d{1,2}\.\s(?:[A-ZÄ]|[a-zäöü]{3})"
)
_RUSSIAN = re.compile(r"(\d{1,4})-(?:ый|ий|ой|й|я|ая|е|ое|го|ого|му|ому|м|ом|х|ых|ю|ую)\b")
_HUNGARIAN = re.compile(
    r"(\d{1,3})\.?-?(?P<ending>[aáeé]n|[jv][éáe]n|[jv][ea]|é?ig|i|ai|t[őóu]l|ától|étől|jéig|áig|éig|jétől)\b"
)
_GERMAN_ER = re.compile(r"(\d{1,4})(er[ns]?)\b")
_HINDI = re.compile(r"(\d{1,4})(वीं|वां|वाँ|वें|वा|ला|ली|ले|रा|री|रे|था|थी|थे|ठा|ठी|ठे)(?![^\W\d_])")
_HINDI_STEMS = {"1": ("पह", "ला ली ले"), "2": ("दूस", "रा री रे"), "3": ("तीस", "रा री रे"), "4": ("चौ", "था थी थे"),
                "6": ("छ", "ठा ठी ठे")}  # fmt: skip
_HINDI_FIRST = {f"{digit}{end}": f"{stem}{end}" for digit, (stem, ends) in _HINDI_STEMS.items() for end in ends.split()}
_TURKISH = re.compile(r"(\d{1,4})['’]?(?P<ending>inci|ıncı|uncu|üncü|nci|ncı|ncu|ncü)\b")

_DECADE_END = re.compile(r"(\d0)\.?(?=[,;:!?)]|\.?\s*\Z)")
_GERMAN_WEAK = _set(
    "dem den des im am zum zur beim vom ins ans diesem diesen dieser jedem jeden meinem meinen "
    "deinem ihrem seinem unserem einem einen "
    "eines unserer meiner seiner ihrer einer keinem keinen keine meine"
)
_GERMAN_E = _set("der die das diese dieses jede jenes jene welche eine")
_GERMAN_MIXED = _set("ein kein mein dein sein ihr unser euer")
_GERMAN_PREPOSITIONS = _set("in an auf bei mit von zu nach aus seit vor hinter neben über unter ab")
_GERMAN_STRONG = _set("jeder welcher dieser mancher")
_GERMAN_SHORT = {"Aufl.": "Auflage", "Jh.": "Jahrhundert", "Jhd.": "Jahrhundert", "Kl.": "Klasse", "Abs.": "Absatz",
                 "Bd.": "Band", "Kap.": "Kapitel", "Jg.": "Jahrgang", "Quart.": "Quartal",
                 "Sem.": "Semester"}  # fmt: skip
"""Short nouns behind ordinals: 3. Aufl."""
_SHORT_SPANISH = ("1", "3")


def ordinal_word(scan: Scan, at: int) -> Reading | None:
    """Reads an ordinal in digits, such as 3. or 2ª; None: there is none at `at`. English ones are read elsewhere."""
    language = scan.language
    code = language.code
    if code == "en" or not language.spaces:
        return None
    if allowed := _SUFFIXES.get(code):
        match = _SUFFIX.match(scan.text, at)
        spanish = match is not None and code == "es" and match[0][-2:] in (".o", ".a")  # 5.o
        if match and (match[2] in allowed or spanish) and not _no_ordinal(scan, match):
            return _latin(scan, match), match.end(), "ordinal"
        return None
    if code == "ru" and (match := _RUSSIAN.match(scan.text, at)):
        return _russian(scan, match), match.end(), "ordinal"
    if code == "hu" and (match := _HUNGARIAN_ROOM.match(scan.text, at)):  # a 312-es szoba
        return f"{hungarian_kind(cardinal(match[1], language))}{match[2] or ''}", match.end(), "ordinal"
    if code == "hu" and (match := _HUNGARIAN.match(scan.text, at)):
        return _hungarian(match[1], match["ending"], scan), match.end(), "ordinal"
    if code == "hi" and (match := _HINDI.match(scan.text, at)):
        return _HINDI_FIRST.get(match[0]) or f"{cardinal(match[1], language)}{match[2]}", match.end(), "ordinal"
    if code == "tr" and (match := _TURKISH.match(scan.text, at)):
        return ordinal(match[1], language), match.end(), "ordinal"
    if code in ("pl", "cs") and (match := _DECADE_END.match(scan.text, at)):  # lata 80.
        said = slavic.decade(int(match[1]), code, scan.word_before(at).lower(), scan.word_before(at).lower())
        if said:
            return said, match.end(), "ordinal"
    if code == "de" and (match := _GERMAN_ER.match(scan.text, at)):
        said = year(match[1], language) if len(match[1]) == 4 else cardinal(match[1], language)
        return f"{said}{match[2]}", match.end(), "ordinal"
    if language.ordinal_point and (match := _POINT.match(scan.text, at)) and _is_ordinal(scan, match, at):
        return _with_point(scan, match, at), match.end(), "ordinal"
    return None


def _no_ordinal(scan: Scan, match: re.Match[str]) -> bool:
    """True for a degree sign, or a number and a word: 25° C, 2 a."""
    if match[2] == "°":
        return (
            scan.language.code != "it"
            or (int(match[1]) > 9 and scan.word_after(match.end()) not in _ITALIAN_COUNTED)
            or not re.match(r"\s[^\W\dCFNSEO]", scan.text[match.end() : match.end() + 2])
        )
    return match[2] in ("o", "a") and len(match[1]) > 2


_ITALIAN_COUNTED = _set(
    "minuto piano posto anniversario secolo compleanno giorno edizione congresso turno classificato reggimento capitolo"
)


def _latin(scan: Scan, match: re.Match[str]) -> str:
    language, digits, ending = scan.language, match[1], match[2]
    code = language.code
    if code == "fr":
        several = "s" if ending.endswith("s") else ""
        if digits == "1":
            return ("premier" if ending.startswith("er") else "première") + several
        if digits == "2" and ending.startswith("nd"):
            return f"secon{ending[1:]}"
        return ordinal(digits, language) + several
    said = ordinal(digits, language)
    noun = scan.word_after(match.end())
    if ending in ("ª", "a", "ra", "da", "ta"):
        return " ".join(f"{word[:-1]}a" if word.endswith("o") else word for word in said.split())
    counts = bool(noun) and noun.lower() not in language.counted_stops and not (len(noun) == 1 and noun.isupper())
    short = ending == "er" or bool(counts and scan.text[match.end() : match.end() + 1] == " ")
    return (
        said.removesuffix("o")
        if code == "es" and digits[-1:] in _SHORT_SPANISH and len(digits) == 1 and short
        else said
    )


def _is_ordinal(scan: Scan, match: re.Match[str], at: int) -> bool:
    """True unless it is the end of a sentence or the number of a list item."""
    before, after = scan.word_before(at).lower(), scan.word_after(match.end())
    code = scan.language.code
    if scan.text[match.end() : match.end() + 1] == "-" and scan.text[match.end() + 1 : match.end() + 2].isalpha():
        return code == "de"
    if after in scan.language.ordinal_nouns or after.startswith(scan.language.ordinal_stems):
        return True
    if code == "de":
        if _BEFORE_ANOTHER.match(scan.text, match.end()):
            return True
        if f"{after}." in _GERMAN_SHORT:
            return True
        if not before:
            return False
        listed = before in scan.language.ordinal_after and after not in scan.language.starters
        determined = (
            listed
            or before in _GERMAN_WEAK | _GERMAN_E | _GERMAN_MIXED | _GERMAN_STRONG
            or scan.words_before(1, at)[-1:] in (["und"], ["bis"], ["oder"])
        )
        return determined and (after[:1].isupper() or len(after) > 3 or after in ("von", "und", "bis", "ins", "d"))
    if at == 0 or scan.text[:at].isspace():
        return after[:1].islower()
    if code == "pl" and slavic.decade(int(match[1]), code, before, after):
        return True
    return after[:1].islower() or (after[:1].isalpha() and not after[:1].isupper())


def _with_point(scan: Scan, match: re.Match[str], at: int) -> str:
    code, digits = scan.language.code, match[1]
    after = scan.word_after(match.end())
    after = "století" if after == "stol" else after
    if code == "de":
        return ordinal(digits, scan.language) + _german_ending(scan, at, match.end(), after)
    if code in slavic.LANGUAGES and int(digits) < 100:
        before = scan.word_before(at).lower()
        if chain := _CHAIN_BEFORE.search(scan.text, max(0, at - 24), at):  # v 19. a 20. století
            before = chain[1].lower()
        if chain := _CHAIN_AFTER.match(scan.text, match.end()):
            after = "století" if chain[1] == "stol" else chain[1]
        if plural := slavic.decade(int(digits), code, before, after):
            return plural
        kind = gender(after, scan.language)
        if before in ("v", "ve", "na", "w", "we", "po", "o", "při", "przy") and after.endswith(
            ("e", "ě", "i", "í", "u", "ém", "ze")
        ):
            return slavic.ordinal(int(digits), code, "locative", "f" if kind == "f" else "n")
        if before in ("do", "od", "z", "ze", "ode", "dla", "bez", "u"):
            return slavic.ordinal(int(digits), code, "genitive", kind)
        return slavic.ordinal(int(digits), code, "nominative", kind)
    if code == "hu" and after == "szám":  # Fő u. 5. szám
        return hungarian_kind(cardinal(digits, scan.language))
    return ordinal(digits, scan.language)


_CHAIN_BEFORE = re.compile(r"([^\W\d_]+)\s\d{1,3}\.\s(?:a|i|až|do|nebo|lub)\s\Z")
_CHAIN_AFTER = re.compile(r"\s(?:a|i|až|do|nebo|lub)\s\d{1,3}\.\s([^\W\d_]+)")


def _german_ending(scan: Scan, at: int, end: int, noun: str) -> str:
    words = scan.words_before(3, at)
    before = words[-1] if words and scan.word_before(at) else ""
    two = words[-2] if len(words) > 1 else ""
    if before in ("und", "oder") and two in _GERMAN_E and (len(words) < 3 or words[-3] not in _GERMAN_PREPOSITIONS):
        return ""  # die dritte und vierte Klasse
    if before in ("und", "bis", "oder", "auf") or (_BEFORE_ANOTHER.match(scan.text, end) and before not in _GERMAN_E):
        return "n"
    if before == "der" and two in _GERMAN_PREPOSITIONS:
        return "n"
    if before in ("einer", "dieser", "meiner", "seiner", "ihrer", "unserer") and two in _GERMAN_PREPOSITIONS | {
        "während",
        "wegen",
    }:
        return "n"
    if before in _GERMAN_E or before in _GERMAN_STRONG or before in ("dies", "meine", "seine", "ihre", "unsere"):
        return ""
    if before in _GERMAN_WEAK:
        return "n"
    kind = gender(_GERMAN_SHORT.get(f"{noun}.", noun), scan.language)
    return {"m": "r", "f": "", "n": "s"}[kind]


def _russian(scan: Scan, match: re.Match[str]) -> str:
    ending = match[0].rpartition("-")[2]
    number = int(match[1])
    if ending in ("е", "х") and number >= 10 and not number % 10 and number < 100:  # 80-е, в 90-х
        return slavic.ordinal(number, "ru", "nominative" if ending == "е" else "genitive", "p")
    if number >= 100:
        return ordinal(match[1], scan.language)
    case = "genitive" if ending in ("го", "ого") else "locative" if ending in ("м", "ом") else "nominative"
    kind = "f" if ending in ("я", "ая") else "n" if ending in ("е", "ое") else "m"
    return slavic.ordinal(number, "ru", case, kind)


def _hungarian(digits: str, ending: str, scan: Scan) -> str:
    """május 3-án: harmadikán; 1-jén: elsején; 15-ig: tizenötödikéig."""
    if int(digits) == 1 and (ending not in ("től", "tól", "ig") or _is_day(scan)):
        return _FIRST.get(ending, "elseje")
    if ending in ("től", "tól", "ig") and not _is_day(scan):  # 10-től: tíztől
        return f"{cardinal(digits, scan.language)}{ending}"
    said = ordinal(digits, scan.language)
    front = said.endswith(("edik", "ödik"))
    if ending in ("i", "ai"):
        return f"{said}{'e' if front else 'a'}i" if int(digits) > 1 else said
    if ending in ("ig", "áig", "éig"):
        return f"{said}{'éig' if front else 'áig'}"
    if ending in ("től", "tól", "ától", "étől"):
        return f"{said}{'étől' if front else 'ától'}"
    return f"{said}{'én' if front else 'án'}" if ending.endswith("n") else said + ending


def _is_day(scan: Scan) -> bool:
    """Does a month stand before, or a day and a dash: május 3-tól 10-ig?"""
    near = scan.words_before(4, scan.at)
    return scan.kind == "date" or bool(set(near) & set(cldr.months("hu"))) or "hó" in near or "hónap" in near


_HUNGARIAN_ROOM = re.compile(r"(\d{1,6})-(?:[aeoö]s)(?!\w*\d)([a-záéíóöőúüű]{0,6})(?!\w)")
_FIRST = {"jén": "elsején", "én": "elsején", "je": "elseje", "i": "elsejei", "éig": "elsejéig", "jéig": "elsejéig",
          "ig": "elsejéig", "től": "elsejétől", "jétől": "elsejétől"}  # fmt: skip
