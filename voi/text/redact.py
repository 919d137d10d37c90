"""Takes out of a text what identifies a person or opens their account: numbers, cards, e-mail addresses, given names.

Numbers and addresses are found as they are written (`4111 1111 1111 1111`, `anna@example.org`) and as they are spoken
and transcribed ("four one double one", "anna dot smith at example dot org"), in the languages asked for. It removes too
much rather than too little: a year is a number, too. Time grows with the length of the text and no faster.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise

from num2words import num2words

from voi.text.tables import KNOWN, language_of, primary

NUMBER, CARD, EMAIL, NAME = "[number]", "[card]", "[e-mail]", "[name]"
NUMBER_DIGITS_MIN = 4
"""Shorter numbers identify nobody."""
CARD_DIGITS = range(13, 20)
"""Lengths of card numbers (ISO/IEC 7812)."""
FRAGMENT_DIGITS_MIN = 2
"""The same for a text that may continue: these may be the first digits of a number."""
GAP_MAX_TOKENS = 6
"""Most spaces and marks between two groups of one number."""

_CJK = "零〇一二三四五六七八九十百千万幺两"
_SIGNS = "\u0300-\u036f\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963"
"""Accents and vowel signs that stand apart from their letter."""
_WORD = rf"(?:[^\W\d_{_CJK}]|[{_SIGNS}])+"
_TOKEN = re.compile(rf"\d+|[{_CJK}]+|{_WORD}(?:['’]{_WORD})?|\s+|.", re.DOTALL)
_MARKS = frozenset("-–—./()+,:·•_#*'’ ")
_NEUTRAL = frozenset({"and", "et", "y", "e", "und", "en", "i", "a", "و", "ve", "és", "no", "sorry", "nein", "non"})
"""Words inside of numbers, also of those that are corrected: "one two, no, three"."""
_MORE_WORDS = {
    "en": "oh o nought naught nil niner fife double triple treble quadruple twice hundred thousand",
    "de": "zwo ein eine doppel doppelt zweimal dreimal viermal hundert tausend",
    "fr": "une cent mille septante huitante octante nonante",
    "es": "un una cien ciento mil",
    "it": "un una cento mille",
    "pt": "uma meia cem cento mil dois duas",
    "nl": "een honderd duizend",
    "pl": "jedna jedno dwie sto tysiąc",
    "cs": "jeden jedno dvě sto tisíc",
    "ru": "одна одно две сто тысяча",
    "hu": "kettő két száz ezer",
    "tr": "yüz bin",
    "ar": "واحدة اثنين اثنان ثلاث أربع خمس ست سبع ثمان تسع عشر مئة مائة ألف",
    "hi": "शून्य एक दो तीन चार पाँच पांच छह छः छे सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस बीस "
          "तीस चालीस पचास साठ सत्तर अस्सी नब्बे सौ हज़ार हजार",
    "ja": "ゼロ まる いち に さん よん し ご ろく なな しち はち きゅう く",
}  # fmt: skip
_HANGUL_DIGITS = frozenset("영공일이삼사오육칠팔구")
_MORE_AT = {"de": "at klammeraffe", "nl": "at", "fr": "arrobase", "en": "at"}


@dataclass(frozen=True, slots=True)
class Token:
    """`digits`: how many digits it stands for; 0: it is not a number. `value`: these digits; "" if not known."""

    start: int
    end: int
    text: str
    digits: int = 0
    value: str = ""


class TextRedactor:
    """`languages`: ISO codes of what is spoken; "auto": all that Voi knows. `digits_min`: shorter numbers stay.
    `names`: people and things to take out, in any case and with or without accents, each name as a whole and each of
    its capitalized words."""

    def __init__(
        self,
        *,
        numbers: bool = False,
        cards: bool = False,
        emails: bool = False,
        names: Sequence[str] = (),
        languages: Iterable[str] = ("en",),
        digits_min: int = NUMBER_DIGITS_MIN,
    ) -> None:
        codes = {primary(code) for code in languages}
        known = tuple(sorted(KNOWN if "auto" in codes else codes | {"en"}))
        self._numbers = numbers
        self._cards = cards
        self._emails = emails
        self._words = _number_words(known)
        self._at, self._dot = _address_words(known)
        self._digits_min = min(digits_min, NUMBER_DIGITS_MIN)
        self._names = _pattern(names)

    def __bool__(self) -> bool:
        """Whether there is anything to remove."""
        return bool(self._numbers or self._cards or self._emails or self._names)

    def __call__(self, text: str, *, fragment: bool = False) -> str:
        """The redacted text. `fragment`: it is a piece of a text, which may begin or end within a number."""
        if not text or not self:
            return text
        found: list[tuple[int, int, str]] = []
        if self._names is not None:
            found += _named(self._names, text)
        if self._numbers or self._cards or self._emails:
            tokens = [self._token(match) for match in _TOKEN.finditer(text)]
            if self._emails:
                found += _written_addresses(text)
                found += self._spoken_addresses(tokens)
            if self._numbers or self._cards:
                found += self._numbers_in(tokens, fragment)
        return _without(text, found)

    # ---- numbers ----------------------------------------------------------------------------------

    def _token(self, match: "re.Match[str]") -> Token:
        text = match[0]
        first = text[0]
        if first.isdigit() or first.isdecimal():
            value = "".join(str(unicodedata.digit(c, 0)) for c in text)
            return Token(match.start(), match.end(), text, len(text), value)
        if first in _CJK:
            return Token(match.start(), match.end(), text, len(text))
        if first in _HANGUL_DIGITS and set(text) <= _HANGUL_DIGITS:
            return Token(match.start(), match.end(), text, len(text))
        return Token(match.start(), match.end(), text, 1 if text.casefold() in self._words else 0)

    def _numbers_in(self, tokens: list[Token], fragment: bool) -> Iterator[tuple[int, int, str]]:
        for run in _runs(tokens):
            digits = sum(token.digits for token in run)
            start, end = run[0].start, run[-1].end
            if self._cards and digits >= CARD_DIGITS.start and _has_card(run):
                yield start, end, CARD
            elif digits >= (FRAGMENT_DIGITS_MIN if fragment else self._digits_min) and (self._numbers or fragment):
                yield start, end, NUMBER

    # ---- addresses --------------------------------------------------------------------------------

    def _spoken_addresses(self, tokens: list[Token]) -> Iterator[tuple[int, int, str]]:
        """WORD [DOT WORD …] AT WORD DOT WORD [DOT WORD …]"""
        words = [token for token in tokens if not token.text.isspace()]
        said = [token.text.casefold() for token in words]
        joins = self._dot | {".", "-", "_", "dash", "hyphen", "minus", "underscore", "unterstrich", "bindestrich"}
        done = -1
        for index, word in enumerate(said):
            if word not in self._at or index <= done or index == 0 or index + 1 >= len(said):
                continue
            last = index + 1
            dots = 0
            while last + 2 < len(said) and said[last + 1] in joins and said[last + 2] not in joins:
                dots += said[last + 1] in self._dot or said[last + 1] == "."
                last += 2
            if not dots:
                continue
            first = index - 1
            while first - 2 > done and said[first - 1] in joins:
                first -= 2
            while first - 1 > done and words[first].digits and words[first - 1].digits:
                first -= 1  # anna one two at …
            if first - 1 > done and words[first].digits and first == index - 1 and words[first - 1].text.isalpha():
                first -= 1
            done = last
            yield words[first].start, words[last].end, EMAIL


# ---- numbers --------------------------------------------------------------------------------------


def _runs(tokens: list[Token]) -> Iterator[list[Token]]:
    """Stretches of numbers with nothing but spaces, marks and "and" between them."""
    run: list[Token] = []
    gap = 0
    for index, token in enumerate(tokens):
        if token.digits:
            run.append(token)
            gap = 0
            continue
        gap += 1
        between = token.text.isspace() or token.text in _MARKS or token.text.casefold() in _NEUTRAL
        letter = len(token.text) == 1 and token.text.isalpha() and 0 < index < len(tokens) - 1
        inside = letter and bool(tokens[index - 1].value) and bool(tokens[index + 1].value)  # 12B34
        if run and (not (between or inside) or gap > GAP_MAX_TOKENS):
            yield run
            run = []
    if run:
        yield run


def _has_card(run: list[Token]) -> bool:
    """Whether some adjacent groups are a card number, by the check digit of ISO/IEC 7812-1, annex B; expiry and check
    code may follow it."""
    if not all(token.value for token in run):
        return sum(token.digits for token in run) in CARD_DIGITS  # words: nobody checks their sum
    ends = list(accumulate((token.digits for token in run), initial=0))
    sums = _checksums("".join(token.value for token in run))
    for place, start in enumerate(ends):
        for end in ends[place + 1 : place + 1 + CARD_DIGITS.stop]:
            if end - start in CARD_DIGITS and (sums[end % 2][end] - sums[end % 2][start]) % 10 == 0:
                return True
    return False


def _checksums(digits: str) -> tuple[list[int], list[int]]:
    """Running sums of the digits before each place: with digits at even places doubled, and with digits at odd places
    doubled. (In a number that ends at place n, digits whose place has the parity of n are doubled.)"""

    def sums(doubled: int) -> list[int]:
        values = (int(digit) * (1 + (place % 2 == doubled)) for place, digit in enumerate(digits))
        return list(accumulate((value - 9 * (value > 9) for value in values), initial=0))

    return sums(0), sums(1)


@lru_cache(maxsize=32)
def _number_words(codes: tuple[str, ...]) -> frozenset[str]:
    found: set[str] = set()
    for code in codes:
        found |= set(_MORE_WORDS.get(code, "").split())
        for number in (*range(100), 100, 1_000, 1_000_000):
            try:
                said = num2words(number, lang=code)
            except NotImplementedError:
                break
            found |= set(re.split(r"[\s-]+", said.casefold()))
    return frozenset(found - _NEUTRAL - {""})


# ---- addresses ------------------------------------------------------------------------------------


def _written_addresses(text: str) -> Iterator[tuple[int, int, str]]:
    """Words with an @ in them, and the words on both sides of a lone @."""
    words = list(re.finditer(r"\S+", text))
    for index, word in enumerate(words):
        if "@" not in word[0]:
            continue
        start, end = word.span()
        if word[0].startswith("@") and index and not word[0].strip("@.,;:!?"):
            start = words[index - 1].start()
        if word[0].endswith("@") and index + 1 < len(words):
            end = words[index + 1].end()
        if start < word.start() or end > word.end() or word[0].strip("@.,;:!?*\"'()"):
            while end > start + 1 and text[end - 1] in ".,;:!?)\"'":
                end -= 1
            yield start, end, EMAIL


@lru_cache(maxsize=32)
def _address_words(codes: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    at: set[str] = set()
    dot: set[str] = set()
    for code in codes:
        at |= set(_MORE_AT.get(code, "").split())
        if language := language_of(code):
            at.add(language.say.get("at", "at").casefold())
            dot.add(language.say.get("dot", "dot").casefold())
    return frozenset(at), frozenset(dot)


# ---- names ----------------------------------------------------------------------------------------


def _pattern(names: Sequence[str]) -> "re.Pattern[str] | None":
    wanted: set[str] = set()
    for name in names:
        words = re.findall(r"[^\W_]+", name)
        wanted.add(" ".join(words))
        wanted |= {word for word in words if len(word) > 1 and not word.islower()}
    folded = sorted({_folded(name)[0] for name in wanted if name}, key=lambda name: (-len(name), name))
    if not folded:
        return None
    return re.compile("|".join(_bounded(name) for name in folded))


def _bounded(name: str) -> str:
    body = r"[\s.'’-]+".join(re.escape(word) for word in name.split())
    if any(ord(c) >= 0x2E80 for c in name):
        return body  # such scripts put no spaces between words
    return rf"(?<![^\W_]){body}(?:['’]?s)?(?![^\W_])"


def _named(pattern: "re.Pattern[str]", text: str) -> Iterator[tuple[int, int, str]]:
    folded, places = _folded(text)
    for match in pattern.finditer(folded):
        start, end = places[match.start()], places[match.end() - 1] + 1
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        yield start, end, NAME


def _folded(text: str) -> tuple[str, list[int]]:
    """The text in lower case and without accents, and for each character its index in the original."""
    out: list[str] = []
    places: list[int] = []
    for at, character in enumerate(text):
        for part in unicodedata.normalize("NFKD", character).casefold():
            if not unicodedata.combining(part):
                out.append(part)
                places.append(at)
    return "".join(out), places


def _without(text: str, found: list[tuple[int, int, str]]) -> str:
    """The text with each place replaced by its word. Overlapping places become one, named after the first."""
    merged: list[tuple[int, int, str]] = []
    for start, end, word in sorted(found, key=lambda one: (one[0], -one[1])):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]), merged[-1][2])
        else:
            merged.append((start, end, word))
    parts = [text[: merged[0][0]]] if merged else [text]
    for (_, end, word), (following, _, _) in pairwise([*merged, (len(text), 0, "")]):
        parts += [word, text[end:following]]
    return "".join(parts)
