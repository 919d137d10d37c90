"""Cuts a reply into pieces worth speaking, while it streams in.

The voice can start with the first piece, so that piece may end at a clause. No sentence waits for the next token just
to prove that it is over: a model's tokenizer keeps `.com`, `...`, `?!` and `."` together, so a full stop at the very
end of the text so far ends a sentence. Only in doubtful cases (a number, an abbreviation, an initial, an ellipsis) the
cutter waits for the next character.
"""

import re
from collections.abc import Iterator

from voi.core.sentence_rules import rules_of

CLAUSE_MIN_CHARACTERS = 20
"""Shortest first clause, about 1.3 s of speech. A shorter one ("Sure,") would end before the rest is ready: a gap."""
SENTENCE_MIN_CHARACTERS = 12
"""Shorter sentences are spoken with the next one, except at the reply's beginning."""
PIECE_MAX_CHARACTERS = 240
"""Longest piece. TTS models become unstable on longer ones (XTTS: 250 characters)."""

_WIDE_COUNTS = 3  # a Chinese or Japanese character is one or two syllables: about as long as three letters

_CLOSERS = "\"'”’»)]}›」』】）*_~`"
_STOPS = ".!?…。！？｡．؟؛۔।॥።။៕‼⁇⁈⁉"
_WIDE_STOPS = "。！？｡．‼⁇⁈⁉"
_CLAUSE_ENDS = ",;:—–、，；：،"
_CANDIDATE = re.compile(rf"[{re.escape(_STOPS + _CLAUSE_ENDS)}\n]| -{{1,2}} ")
_RUN = re.compile(rf"[{re.escape(_STOPS + _CLOSERS)}]*")
_LAST_WORD = re.compile(r"[^\s\"'“‘(\[]*\Z")
_LIST_NUMBER = re.compile(r"(?:\A|\n)\s*\d{1,3}\Z")
_HALVES_OF_DAY = frozenset(("a.m", "p.m", "am", "pm"))
_ZONE = re.compile(r"\s(?:[A-Z]{1,3}T|GMT|UTC|E|ES|ED|P|PS|PD|C|CS|CD|M|MS|MD|G|GM|U|UT)?\b(?![^\W\d_])(?<!\s)")
_ORDINAL = re.compile(r"\d{1,3}")
_NEXT_NUMBER = re.compile(r"\s(\d{1,4})(?!\d)")
_DAY_AND_MONTH = re.compile(r"(?<!\d)\d{1,2}\.\s\d{1,2}\Z")
_NEXT_WORD = re.compile(r"[\s\"'“„‘(\[*_]*([^\W\d_]+)")
_NEXT_LETTER = re.compile(r"[\W_]*(?:([^\W\d_]+)|\d)")
_WORD_BEFORE = re.compile(r"([^\W\d_]+)\s\d+\Z")
_WORD = re.compile(r"[^\W_]")
_VOWELLESS = re.compile(r"[b-df-hj-np-tv-xzščžćđźńśżбвгджзйклмнпрстфхцчшщ]{2,5}")
"""An abbreviation in most languages, whether a table has it or not: mjr., płk., str."""
_BEFORE_SENTENCE = frozenset('.!?:…。！？："”»*>|')
_PART_CHARACTERS = 480
_LETTERED = re.compile(
    r"\b(?:vitamin(?:a|e|s|as|es)?|witaminy?|[Вв]итамин[ау]?|[Hh](?:ép|ep)atit(?:is|e)|epatite|plan|piano|option|opci[óo]n|opção|opzione|optie"
    r"|grade|class|type|typ|tipo|group|groupe|grupo|gruppo|gruppe|team|answer|antwort|terminal|building|block|section|exhibit"
    r"|appendix|part|side|variante?|schedule|level)\s[A-ZА-Я]\Z",
    re.IGNORECASE,
)
"""A letter that names one of several, and is no initial: plan B, vitamin D."""
_SPACED_LETTERS = re.compile(r"(?<![^\W\d_])(?:[^\W\d_]{1,3}\.\s)+[^\W\d_]\Z")
_LAST_CLAUSE = re.compile(rf"(?s:.*)[{re.escape(_CLAUSE_ENDS)}](?=\s)")
_LAST_BLANK = re.compile(r"(?s:\s*\S.*)(\s)")
_MEASURED = re.compile(r"\d\s?[^\W\d_]\Z")
_ROMAN = re.compile(r"[IVXLC]{1,7}")
_BLANK_BEFORE = re.compile(r"(?s:.*)[^\s](\s)(?=\S)")
_WIDE = re.compile(
    "[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
)
_JOINS_BEFORE = re.compile("[\u0300-\u036f\u200d\ufe00-\ufe0f\u20d0-\u20ff\U0001f3fb-\U0001f3ff]")


class Cutter:
    """Cuts one reply in a language (de, en-GB). `feed` text, get complete pieces; `close` gives the rest. Sans-I/O.

    Joined, the pieces are the text that was fed; white space between two pieces begins the second one. No piece is
    blank, and none is longer than `max_characters`. The same text split at token boundaries in any way gives the same
    pieces.
    """

    __slots__ = ("_buffer", "_clause_min", "_first", "_max", "_rules", "_scanned", "_sentence_min")

    def __init__(
        self,
        language: str = "en",
        *,
        clause_min_characters: int = CLAUSE_MIN_CHARACTERS,
        sentence_min_characters: int = SENTENCE_MIN_CHARACTERS,
        max_characters: int = PIECE_MAX_CHARACTERS,
    ) -> None:
        self._rules = rules_of(language)
        self._clause_min = clause_min_characters
        self._sentence_min = sentence_min_characters
        self._max = max_characters
        self._buffer = ""
        self._scanned = 0  # no cut before this index
        self._first = True

    def feed(self, text: str) -> list[str]:
        """Take in more text. Returns the pieces that are complete by now, in order."""
        pieces: list[str] = []
        for part in _parts(text):
            self._buffer += part
            while (end := self._cut()) is not None:
                pieces.append(self._take(end))
        return pieces

    def close(self) -> list[str]:
        """The remaining text as the last piece; [] if it is blank. The cutter can be fed again, for another voice."""
        rest = self._take(len(self._buffer))
        return [rest] if rest.strip() else []

    def _take(self, end: int) -> str:
        piece, self._buffer = self._buffer[:end], self._buffer[end:]
        self._scanned = 0
        self._first = self._first and not piece.strip()
        return piece

    def _cut(self) -> int | None:
        """Index at which the next piece ends; None: its end has not arrived yet."""
        limit = self._limit()
        wordy = self._scanned or _WORD.search(self._buffer, 0, limit)  # signs alone do not end a piece
        for candidate in _CANDIDATE.finditer(self._buffer, self._scanned) if wordy else ():
            if candidate.start() >= limit:
                break
            end = self._end(candidate.start(), candidate[0])
            if end is None or end > limit:  # wait, at most until the piece is too long
                self._scanned = candidate.start()
                break
            if end:
                return end
            self._scanned = candidate.end()
        if limit < len(self._buffer):
            return self._forced(limit)
        return None

    def _limit(self) -> int:
        """Index of the first character that would make the piece too long."""
        if len(self._buffer) * _WIDE_COUNTS <= self._max or self._buffer.isascii():
            return self._max
        size = 0
        for at, char in enumerate(self._buffer):
            size += _WIDE_COUNTS if _WIDE.match(char) else 1
            if size > self._max:
                return max(1, at)
        return self._max

    def _forced(self, limit: int) -> int:
        """The best place to cut a piece that grows too long: the last clause, else the last space, else anywhere."""
        if clause := _LAST_CLAUSE.match(self._buffer, limit // 2 + 1, limit + 1):
            return clause.end()
        if blank := _LAST_BLANK.match(self._buffer, 0, limit + 1):
            return blank.start(1)
        for at in range(limit, limit // 2, -1):
            if not _JOINS_BEFORE.match(self._buffer[at]) and self._buffer[at - 1] != "\u200d":
                return at
        return limit

    def _end(self, at: int, sign: str) -> int | None:
        """Index at which this sign ends the piece. 0: it does not end it. None: more text is needed to tell."""
        if sign == "\n":
            return at + 1 if _WORD.search(self._buffer, 0, at) else 0
        if sign in _STOPS:
            end = self._sentence_end(at)
            minimum = 2 if self._first else self._sentence_min
        elif self._first:
            end = self._clause_end(at, sign)
            minimum = self._clause_min
        else:
            return 0
        if end and (_size(self._buffer[:end]) < minimum or not _WORD.search(self._buffer, 0, end)):
            return 0
        return end

    def _sentence_end(self, at: int) -> int | None:
        text = self._buffer
        run = _RUN.match(text, at)
        end = run.end() if run else at + 1
        follower = text[end : end + 1]
        if text[at] in _WIDE_STOPS:
            return end
        if follower and not follower.isspace() and not _WIDE.match(follower):
            return 0
        signs = text[at:end]
        if signs[-1] in _CLOSERS:  # He said "Stop!" and ran.
            found = _NEXT_LETTER.match(text, end)
            if found is None:
                return end if "\n" in text[end:] else None
            if found[1] and found[1][0].islower() and "\n" not in text[end : found.start(1)]:
                return 0
        if text[at] == "…" or signs.startswith(".."):
            return self._before_new_sentence(end, capitals=not self._rules.noun_capitals)
        if text[at] != ".":
            return end
        if not follower and text[at - 1 : at].isspace():  # .312, .env
            return None
        return self._after_word(at, end, signs)

    def _after_word(self, at: int, end: int, signs: str) -> int | None:
        """Like `_end`, at a full stop: does it belong to the word before it?"""
        text, rules = self._buffer, self._rules
        follower = text[end : end + 1]
        word = _LAST_WORD.search(text, 0, at)
        last = self._bare(word[0].casefold() if word else "")
        if last[-1:].isdigit():
            if not follower:
                return None
            if _LIST_NUMBER.search(text, 0, at):
                return 0
            return self._after_number(at, end) if rules.ordinals and _ORDINAL.fullmatch(last) else end
        if len(last) == 1 and (spaced := _SPACED_LETTERS.search(text, max(0, at - 16), at)):  # "и т. д.", "n. l."
            last = "".join(spaced[0].split()).casefold()
        if last in rules.never and len(signs) == 1:
            return 0
        if len(last) == 1 and _LETTERED.search(text, max(0, at - 24), at):  # vitamin D. Then
            return self._before_new_sentence(end, capitals=True)
        if len(last) == 1 and last.isalpha() and not _MEASURED.search(text, max(0, at - 4), at):
            return 0 if len(signs) == 1 else end
        if last in _HALVES_OF_DAY and (zone := _ZONE.match(text, end)):
            return None if zone.end() == len(text) else 0
        ordinal = rules.ordinals and word is not None and _ROMAN.fullmatch(word[0])  # Ludwig XIV. regierte
        if (
            ordinal
            or (len(last) == 1 and last.isalpha())
            or last in rules.sometimes
            or (len(last) > 2 and last[-2] == ".")
        ):
            return self._before_new_sentence(end, capitals=not rules.starters)
        if _VOWELLESS.fullmatch(last):
            return self._before_new_sentence(end, capitals=True)
        if "/" in last or "@" in last or last.startswith("www."):
            return end if follower else None
        return end

    def _bare(self, last: str) -> str:
        """The part of a compound that is an abbreviation: Dipl.-Ing., Hauptstr., Hausnr."""
        if "-" in last:
            return last.rpartition("-")[2]
        if self._rules.noun_capitals and last.endswith(("str", "nr")):
            return "str" if last.endswith("str") else "nr"
        return last

    def _after_number(self, at: int, end: int) -> int | None:
        """Like `_end`, after "3.", which may be an ordinal: "am 3. Mai", "im 2. Stock", "ve 2. patře"."""
        text, rules = self._buffer, self._rules
        if number := _NEXT_NUMBER.match(text, end):  # 14. 5. 2025
            if number.end() == len(text):
                return None
            month = text[number.end()] == "." and 1 <= int(number[1]) <= 12
            return 0 if month or (len(number[1]) == 4 and _DAY_AND_MONTH.search(text, max(0, at - 8), at)) else end
        found = _NEXT_WORD.match(text, end)
        if found is None:
            return None if text[end:].isspace() else end
        word = found[1]
        if word[0].islower():
            return 0
        if found.end() == len(text):  # the word may go on
            return None
        if word in rules.ordinal_nouns or word.startswith(rules.ordinal_stems):
            return 0
        if word in rules.starters:
            return end
        if len(word) > 1 and word.isupper():
            return 0
        before = _WORD_BEFORE.search(text, max(0, at - 40), at)
        return 0 if before and before[1].casefold() in rules.ordinal_after else end

    def _before_new_sentence(self, end: int, *, capitals: bool) -> int | None:
        """`end` if what follows begins a sentence: with any capital, or with one of the words that do. 0: it does not.
        None: more text is needed to tell."""
        if not capitals:
            return self._before_starter(end)
        for at in range(end, len(self._buffer)):
            char = self._buffer[at]
            if char == "\n" or char.isupper() or _WIDE.match(char):
                return end
            if char.isalnum():
                return 0
        return None

    def _before_starter(self, end: int) -> int | None:
        """Like `_before_new_sentence`: only certain words show that a sentence begins."""
        found = _NEXT_LETTER.match(self._buffer, end)
        if "\n" in self._buffer[end : found.start(1) if found else self._max]:
            return end
        if found is None:
            return None
        word = found[1]
        if word is None or word[0].islower():  # a number, or the sentence goes on
            return 0
        if not word[0].isupper():  # a script without capitals
            return end if _WIDE.match(word) else 0
        if found.end() == len(self._buffer):
            return None
        return end if word in self._rules.starters else 0

    def _clause_end(self, at: int, sign: str) -> int | None:
        if len(sign) > 1:
            return at + len(sign) - 1
        follower = self._buffer[at + 1 : at + 2]
        if not follower:
            return None if self._buffer[at - 1 : at].isdigit() or sign == ":" else at + 1  # localhost:8080
        return at + 1 if follower.isspace() or sign in "—–、，；：،" else 0


def _parts(text: str) -> Iterator[str]:
    """A long text in parts, each begun by white space: the buffer stays short, so that each piece costs the same. It is
    as if the parts had come as tokens."""
    start = 0
    while len(text) - start > _PART_CHARACTERS:
        found = _BLANK_BEFORE.match(text, start + 1, start + _PART_CHARACTERS)
        end = start + _PART_CHARACTERS if found is None else found.start(1)
        yield text[start:end]
        start = end
    yield text[start:] if start else text


def _size(text: str) -> int:
    """Approximate length in letters; a wide character counts as `_WIDE_COUNTS`."""
    text = text.strip()
    return len(text) if text.isascii() else len(text) + (_WIDE_COUNTS - 1) * len(_WIDE.findall(text))


def begins_line(text: str, at: int) -> bool:
    """True if nothing but blanks stands before `at` on its line."""
    before = _blanks_from(text, at)
    return not before or text[before - 1] == "\n"


def begins_sentence(text: str, at: int) -> bool:
    """True at a line's beginning, and behind what ends a sentence or a mark."""
    before = _blanks_from(text, at)
    if not before or text[before - 1] == "\n":
        return True
    last = text[before - 1]
    return last in _BEFORE_SENTENCE and (before < at or last in "。！？：>|")


def _blanks_from(text: str, at: int) -> int:
    """The index at which the blanks before `at` begin."""
    while at and text[at - 1] in " \t":
        at -= 1
    return at
