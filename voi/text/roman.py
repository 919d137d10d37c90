"""Roman numbers, where their neighbours show that they are: chapter IV, Henry VIII, the XIX century, page xii."""

import re

from voi.text import slavic
from voi.text.numerals import ordinal, whole, year
from voi.text.scan import Reading, Scan
from voi.text.tables.shape import words as _set

_ROMAN = re.compile(r"(?=[IVXLCDM])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_NO_NAMES = _set(
    "The An A Your His Her My Our Their This That Use Try Press Open Buy Wear Get Take Type Choose "
    "Select Enter Hit An In On At Is It "
    "Vitamin Size Model Team Plan Group Option Gen Gens Generation Mr Mrs Malcolm Brand Project And "
    "Or With For Wants Need Like Load"
)


def roman(scan: Scan, at: int, word: str, end: int) -> Reading | None:
    """Reads a Roman numeral, `word` from `at` to `end`, where its surroundings ask for a number; None: they do not."""
    match = _ROMAN.fullmatch(word)
    if not match and (staged := _STAGED.fullmatch(word)) and scan.word_before(at).lower() in scan.language.roman_after:
        return f"{whole(str(value_of(staged[1])), scan.language.code)} {staged[2]}", end, "roman"
    if not match or scan.shouted:
        return None
    language = scan.language
    code = language.code
    value = value_of(word)
    before = scan.word_before(at)
    if scan.text[at - 1 : at] not in (" ", "\u00a0", "-") or (
        scan.text[end : end + 1] in ("'", "’") and len(word) == 1
    ):
        before = ""
    if code in _EAST_ASIAN and scan.text[at - 1 : at] in _COUNTING and at:  # 第IV章
        return whole(str(value), code), end, "roman"
    if code == "hi" and _HINDI_BEFORE.search(scan.text, max(0, at - 12), at):  # अध्याय IV
        return whole(str(value), code), end, "roman"
    after = scan.word_after(end)
    if chain := _ROMAN_CHAIN.match(scan.text, end):  # в XIX и XX веках
        after = chain[1] if chain[1].lower() in language.roman_before else after
        if chain[1] in ("w", "в", "вв") and code in ("pl", "ru"):  # w XIX i XX w.
            case = "locative" if before.lower() in ("w", "в", "во") else "genitive"
            return slavic.ordinal(value, code, case, "m"), end, "roman"
    if chain := _ROMAN_CHAIN_BEFORE.search(scan.text, max(0, at - 24), at):  # siglos XIX y XX
        listed = chain[1].lower() in language.roman_after or chain[1] in language.roman_ordinal_after
        before = chain[1] if listed or chain[1].lower() in ("w", "в", "v", "ve") else before
    if after in ("w", "в", "вв") and code in ("pl", "ru") and _CENTURY_SHORT.match(scan.text, end):
        inside = before.lower() in ("w", "в", "во")
        of = bool(before) or (scan.kind in ("ordinal", "number", "roman") and 0 <= at - scan.end < 2)
        case = "locative" if inside else "genitive" if of else "nominative"
        said = slavic.ordinal(value, code, case, "m")
        noun = _CENTURIES_TWO[case] if after == "вв" else _CENTURIES[code, case]
        short = _CENTURY_SHORT.match(scan.text, end)
        assert short is not None
        return f"{said} {noun}{'' if scan.rest(short.end()) else '.'}", short.end(), "roman"
    if after.lower() in language.roman_before and (len(word) > 1 or word in "VX"):
        return _century(scan, value, after, before), end, "roman"
    pointed = language.ordinal_point and code != "de" and scan.text[end : end + 1] == "."
    named = (
        code in ("hu", "tr")
        and (not before or before.islower())
        and scan.word_after(end + 1)[:1].isupper()
        and len(word) > 1
    )
    if pointed and (named or scan.rest(end + 1)[:1].islower()):
        return ordinal(str(value), language), end + 1, "roman"
    if scan.text[end : end + 1] == "/" or (len(word) == 1 and _LONE_CAPITAL.match(scan.text, end)):  # Series X/S
        return None
    if (
        before.lower() in language.roman_after
        and word not in ("C", "D", "L", "M")
        and (before[0].isupper() or word != "I")
    ):
        return _spoken(scan, value, end)
    if before in _IN_GENITIVE.get(code, ()) and word not in ("C", "D", "L", "M"):  # aleja Jana Pawła II
        stop = end + 1 if code == "cs" and scan.text[end : end + 1] == "." else end
        kind = "f" if before.endswith(("y", "ы", "и")) else "m"
        return slavic.ordinal(value, code, "genitive", kind), stop, "roman"
    if (before in language.roman_ordinal_after or _has_title(scan, at)) and (word not in ("C", "D", "L", "M")):
        stop = end + 1 if language.ordinal_point and scan.text[end : end + 1] == "." else end
        return _regnal(scan, value, before, stop), stop, "roman"
    if (
        code == "en"
        and len(word) > 1
        and set(word) <= set("IVX")
        and value < 40
        and before[:1].isupper()
        and not before.isupper()
        and before not in _NO_NAMES
        and (word not in ("XX", "XXX") or _TITLE_BEFORE.search(scan.text, max(0, at - 40), at))
    ):
        return whole(str(value), code), end, "roman"
    if len(word) > 4 and len(set(word)) > 2:  # MCMXCIX: no word is written so
        return year(str(value), language) if 1100 < value < 2100 else whole(str(value), code), end, "roman"
    return None


_IN_GENITIVE = {
    "pl": _set("Pawła Zygmunta Kazimierza Władysława Augusta Ludwika Karola Henryka Piusa Benedykta Jana Bolesława "
               "Napoleona Elżbiety Katarzyny Jadwigi"),
    "ru": _set("Петра Николая Александра Ивана Павла Людовика Карла Генриха Василия Наполеона Екатерины Елизаветы"),
    "cs": _set("Karla Václava Jana Pavla Rudolfa Ludvíka Jindřicha Napoleona Ferdinanda Josefa Alžběty Kateřiny"),
}  # fmt: skip
_HINDI_BEFORE = re.compile(r"(?:अध्याय|भाग|खंड|खण्ड|अंक|युद्ध)\s\Z")
_EAST_ASIAN = frozenset(("zh", "ja", "ko"))
_COUNTING = "第제"
_CENTURIES_TWO = {"nominative": "века", "genitive": "веков", "locative": "веках"}
_CENTURIES = {
    ("pl", "nominative"): "wiek", ("pl", "genitive"): "wieku", ("pl", "locative"): "wieku",
    ("ru", "nominative"): "век", ("ru", "genitive"): "века", ("ru", "locative"): "веке",
}  # fmt: skip
_CENTURY_SHORT = re.compile(r"\s(?:w|в|вв)\.")
_ROMAN_CHAIN = re.compile(r"(?:\s(?:и|i|a|e|et|y|és|ve|und|en)\s|\s?[-–]\s?)[IVXLC]{1,7}\.?\s([^\W\d_]+)")
_ROMAN_CHAIN_BEFORE = re.compile(r"([^\W\d_]+)\s[IVXLC]{1,7}\s(?:и|i|a|e|et|y|és|ve|und|en)\s\Z")
_STAGED = re.compile(r"(I{1,3}|IV|VI{0,3})([AB])")
"""Stage IIIB"""
_LONE_CAPITAL = re.compile(r"\s[A-Z](?![\w.'’])")
_TITLE_BEFORE = re.compile(r"[A-Z][a-z]+\s(?:[a-z]{2,3}\s)?[A-Z][a-z]+\s\Z")
"""World Cup XX, Expo of Arts XX; but "Size XX"."""
_ROMAN_RANGE = re.compile(r"\s?[-–—]\s?([IVXLC]{1,7})(?!\w)")


def _spoken(scan: Scan, value: int, end: int) -> Reading:
    """A plain number, and the other end of a range: chapters III–V."""
    said, code = whole(str(value), scan.language.code), scan.language.code
    more = _ROMAN_RANGE.match(scan.text, end)
    if more and _ROMAN.fullmatch(more[1]) and value_of(more[1]) > value:
        return f"{said}{scan.joint()}{whole(str(value_of(more[1])), code)}", more.end(), "roman"
    return said, end, "roman"


def small_roman(scan: Scan, at: int, word: str) -> Reading | None:
    """Page xii, Scene iv, pp. ii-iv."""
    value, end = _small_value(scan, at, word), at + len(word)
    if not value:
        return None
    said = whole(str(value), scan.language.code)
    more = _SMALL_RANGE.match(scan.text, end)
    if more and more[1] in SMALL_ROMAN and (last := value_of(more[1].upper())) > value:
        return f"{said}{scan.joint()}{whole(str(last), scan.language.code)}", more.end(), "roman"
    return said, end, "roman"


_SMALL_RANGE = re.compile(r"\s?[-–]\s?([ivxl]{1,7})(?!\w)")


def _small_value(scan: Scan, at: int, word: str) -> int:
    """The value of the letters; 0 if they are not a number here."""
    before, language = scan.word_before(at).lower(), scan.language
    if word in _WORDS_TOO.get(language.code, ()) or scan.text[at - 1 : at] != " ":
        return 0
    if before not in _PAGED and (len(word) < 2 or before not in language.roman_after):
        return 0
    after = scan.word_after(at + len(word))
    if len(word) == 1 and after and (word == "i" or before in ("section", "act")):
        return 0  # on page i saw
    return value_of(word.upper())


SMALL_ROMAN = _set(
    "i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx xxi xxii xxiii xxiv xxv xxx xl"
)
_PAGED = _set(
    "p pp page pages scene "
    "act section seite seiten pagina pagine página páginas pág strona stránka oldal sayfa bladzijde"
)
_WORDS_TOO = {"es": ("vi",), "pt": ("vi",), "it": ("vi", "i"), "cs": ("i", "v"), "pl": ("i",), "fr": ("vi",)}
"""Numbers that are words too: vi (I saw)."""


def roman_ordinal(scan: Scan, at: int, word: str, end: int) -> Reading | None:
    """French XIXe, Ier, IIe."""
    match = (_FRENCH_ROMAN if scan.language.code == "fr" else _DUTCH_ROMAN).fullmatch(word)
    if not match:
        return None
    if scan.language.code == "nl":
        return ordinal(str(value_of(match[1])), scan.language), end, "roman"
    value, ending = value_of(match[1]), match[2]
    if value == 1:
        return ("premier" if ending == "er" else "première"), end, "roman"
    return ordinal(str(value), scan.language), end, "roman"


_DUTCH_ROMAN = re.compile(r"([IVX]{1,6})(e|ste|de)")
_FRENCH_ROMAN = re.compile(r"([IVX]{1,6})(er|re|ère|e|ème)")


def _has_title(scan: Scan, at: int) -> bool:
    """Pope John XXIII."""
    words = scan.words_before(2, at)
    return len(words) == 2 and words[0] in _TITLES


_TITLES = _set(
    "king queen pope emperor empress tsar prince könig königin papst kaiser zar roi reine pape "
    "empereur rey reina papa emperador re regina imperatore rei rainha imperador"
)


def value_of(word: str) -> int:
    """The value of a Roman numeral in capitals."""
    total = 0
    for letter, following in zip(word, [*word[1:], "I"], strict=True):
        value = _VALUES[letter]
        total += -value if value < _VALUES[following] else value
    return total


def _century(scan: Scan, value: int, after: str, before: str) -> str:
    code = scan.language.code
    if code in slavic.LANGUAGES:
        case = (
            "locative"
            if (after.lower() in ("веке", "wieku") and before.lower() in ("в", "w"))
            or after.lower() in ("веках", "wiekach")
            else "genitive"
            if after.lower() in ("века", "wieku", "веков", "wieków", "století") and after.lower() != "století"
            else "nominative"
        )
        if code == "cs":
            case = "locative" if before.lower() in ("v", "ve") else "nominative"
            return slavic.ordinal(value, code, case, "n")
        return slavic.ordinal(value, code, case, "m")
    return ordinal(str(value), scan.language)


def _regnal(scan: Scan, value: int, before: str, end: int) -> str:
    language = scan.language
    code = language.code
    feminine = before in _QUEENS
    if code == "en":
        return f"the {ordinal(str(value), language)}"
    if code == "de":
        return f"{'die' if feminine else 'der'} {ordinal(str(value), language).capitalize()}"
    if code == "fr":
        return ("première" if feminine else "premier") if value == 1 else whole(str(value), code)
    if code in ("es", "pt") and value > 10:
        return whole(str(value), code)
    if code in slavic.LANGUAGES:
        return slavic.ordinal(value, code, gender="f" if feminine else "m")
    said = ordinal(str(value), language)
    if code == "nl":
        return f"de {said}"
    return f"{said[:-1]}a" if feminine and code in ("es", "it", "pt") and said.endswith("o") else said


_QUEENS = _set(
    "Elizabeth Elisabeth Élisabeth Isabel Isabella Isabelle Catherine Katharina Caterina Catalina "
    "Екатерина Елизавета Мария Анна Kateřina Alžběta Katarzyna Elżbieta Jadwiga Anna Victoria Viktoria Vittoria "
    "Mary Maria María Marie Margrethe Beatrix Elisabetta Wilhelmina"
)
