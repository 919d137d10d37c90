"""Words of dictation to characters: digits, letters and signs, as one says them.

"double oh seven" is 007, "B as in Bravo" b, "doppel-t" tt, "twelve thirty-four" 1234. What is corrected is put in its
place: "five six, no, seven" is 57.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from voi.capture.around import without_lead, without_trail
from voi.capture.tokens import SpokenToken, tokens_of
from voi.capture.vocabulary import Vocabulary, cjk_digits

UnitKind = Literal["digits", "letter", "sign", "word"]
SPELLED_MIN = 3
"""Fewer words of a spelling alphabet in a row are words: "Oscar Victor" is a name, "Oscar Victor Anna" is ova."""
REPEATED_MAX = 64
"""Longest run that one "triple" makes. Nobody means more."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What was said in one go. `characters`: what it stands for; a word in its own case. `other`: what it may stand for
    instead ("oh": 0 or o); "": nothing. `weak`: perhaps it is only a word of the sentence ("a", "I"). `named`: it was
    said by a word of a spelling alphabet, `text`. `written`: digits that stood in the text as digits."""

    characters: str
    kind: UnitKind
    other: str = ""
    weak: bool = False
    named: bool = False
    text: str = ""
    written: bool = False


DictationMode = Literal["characters", "mixed", "names"]
"""What is dictated: letters and digits alone; words with them, as in an address; or words that may be spelled."""
DictationMark = Literal["correct", "restart", "negate"]


@dataclass(frozen=True, slots=True)
class Dictation:
    """What a text can mean, the likeliest first: with its corrections carried out, and only what came after the last
    of them."""

    readings: tuple[tuple[Unit, ...], ...]


def dictated(text: str, vocabulary: Vocabulary, mode: DictationMode = "characters") -> Dictation:
    """Read a text. Only in `characters` are single words of spelling alphabets and names of letters taken for letters;
    in `names` numbers and signs are words."""
    spelling = mode == "characters"
    text = without_lead(text, vocabulary)
    if mode == "names":
        text = without_trail(text, vocabulary)
    items = list(_TokenReader(tokens_of(text), vocabulary, mode).items())
    kept: list[Unit] = []
    alone: list[Unit] = []
    corrected = False
    for mark, units in _segments(items):
        if mark and mode == "characters":  # "the last is nine"
            units = [unit for unit in units if unit.kind != "word" or unit.text.isupper()]
        if mark:
            units, kept = _without_commas(units, 0), _without_commas(kept, -1)
        if mark == "restart":
            kept, corrected = units, False
            continue
        if mark == "negate" and len(units) > 1:
            units = units[1:]
        if mark and kept and units:
            corrected, alone = True, units
            kept = spliced(kept, units)
        else:
            kept = [*kept, *units]
            alone = [*alone, *units]
    readings = [tuple(_runs_spelled(kept, spelling))]
    if corrected:
        readings.append(tuple(_runs_spelled(alone, spelling)))
    return Dictation(tuple(readings))


def _without_commas(units: list[Unit], place: int) -> list[Unit]:
    """Commas around a correction are those of the sentence. `place`: at which end, 0 or -1."""
    while units and units[place].characters == ",":
        units = units[1:] if place == 0 else units[:-1]
    return units


def _segments(items: list[Unit | DictationMark]) -> Iterator[tuple[DictationMark | None, list[Unit]]]:
    mark: DictationMark | None = None
    units: list[Unit] = []
    for item in items:
        if isinstance(item, Unit):
            units.append(item)
        else:
            if units or item == "restart":
                yield mark, units
                units = []
                mark = None
            mark = "negate" if "negate" in (mark, item) else item
            if item == "restart":
                mark = "restart"
    yield mark, units


# ---- one by one -----------------------------------------------------------------------------------


class _TokenReader:
    """Reads tokens one after the other."""

    def __init__(self, tokens: Sequence[SpokenToken], words: Vocabulary, mode: DictationMode) -> None:
        self._tokens = tokens
        self._words = words
        self._mode = mode
        self._spelling = mode == "characters"

    def items(self) -> Iterator[Unit | DictationMark]:
        tokens, words = self._tokens, self._words
        at, times = 0, 1
        after_digits = self._spelling and self._digits_at(1) and self._digits_at(2)  # "for one five"
        while at < len(tokens):
            if mark := self._mark_at(at):
                yield mark[0]
                at, times, after_digits = self._behind_lead(mark[1]), 1, False
                continue
            if (found := words.fillers.match(tokens, at)) and not self._is_capital(at):
                at = found[1]
                continue
            if (repeat := self._repeat_at(at)) and times == 1:
                times, at = repeat
                after_digits = True
                continue
            unit, at = self._unit_at(at, after_digits)
            if unit is None:
                continue
            if times > 1:
                unit = _repeated(unit, times)
            yield unit
            times, after_digits = 1, unit.kind == "digits"

    def _behind_lead(self, at: int) -> int:
        """The place behind what only leads to a value: "no, it's"."""
        while at < len(self._tokens):
            found = self._words.leads.match(self._tokens, at)
            if found and found[1] < len(self._tokens) and not self._is_capital(at):
                at = found[1]
            elif self._tokens[at].said == ",":
                at += 1
            else:
                break
        return at

    def _mark_at(self, at: int) -> tuple[DictationMark, int] | None:
        tokens, words = self._tokens, self._words
        if found := words.restarts.match(tokens, at):
            return "restart", found[1]
        if found := words.corrects.match(tokens, at):
            end = found[1]
            if end == at + 1 and self._is_capital(at):
                return None
            if end == at + 1 and self._is(end, ".") and end + 1 < len(tokens) and tokens[end + 1].is_digits:
                return None  # No. 7
            return "correct", end
        if self._mode != "names" and (found := words.negates.match(tokens, at)):
            return "negate", found[1]
        return None

    def _is(self, at: int, said: str) -> bool:
        return at < len(self._tokens) and self._tokens[at].said == said

    def _is_capital(self, at: int) -> bool:
        return len(self._tokens[at].said) == 1 and self._tokens[at].text.isupper()

    def _repeat_at(self, at: int) -> tuple[int, int] | None:
        """How often what follows is meant, and where it stands."""
        tokens, words = self._tokens, self._words
        if words.letters.match(tokens, at) or not (found := words.repeats.match(tokens, at)):
            return None
        times, end = found
        end += self._is(end, "-")
        if end >= len(tokens) or not (tokens[end].is_word or tokens[end].is_digits):
            return None
        unit, _ = self._unit_at(end, True)
        return (times, end) if unit is not None and unit.kind in ("digits", "letter") and not unit.named else None

    def _unit_at(self, at: int, after_digits: bool) -> tuple[Unit | None, int]:
        """What stands at that place (None: nothing), and the place behind it."""
        tokens, words, token = self._tokens, self._words, self._tokens[at]
        if token.is_digits:
            return Unit(token.text, "digits", text=token.text, written=True), at + 1
        if not token.is_word:
            return (Unit(token.said, "sign"), at + 1) if self._is_sign(at) else (None, at + 1)
        if self._mode != "names" and (digits := cjk_digits(token.said)):
            return Unit(digits, "digits"), at + 1
        if example := self._by_example(at):
            return example
        for phrases in (words.alphabet, words.letters):
            if (found := phrases.match(tokens, at)) and found[1] - at > 1:  # x-ray, double u
                said = "".join(each.text for each in tokens[at : found[1]])
                return Unit(found[0], "letter", named=phrases is words.alphabet, text=said), found[1]
        if len(token.said) == 1 and not (words.code != "en" and self._mode != "names" and words.number(tokens, at)):
            return _letter(token), at + 1
        if self._mode != "names" and (found := words.letters.match(tokens, at)):
            if self._stands_beside_characters(at):
                return Unit(found[0], "letter", text=token.text), found[1]
            if self._spelling and self._stands_beside_names_of_letters(at):
                return Unit(found[0], "letter", weak=True, text=token.text), found[1]
        if found := words.alphabet.match(tokens, at):
            return Unit(found[0], "letter", named=True, text=token.text), found[1]
        if self._mode == "names":
            return Unit(token.text, "word", text=token.text), at + 1
        if token.said == "oh":
            return Unit("0", "digits", other="o"), at + 1
        if sign := words.signs.match(tokens, at):
            return Unit(sign[0], "sign", text=token.text), sign[1]
        if number := words.number(tokens, at):
            if self._spelling and self._is_hundred_alone(number, at):
                return Unit(str(number[0] // 100 * 100), "digits"), number[1] - 1
            return Unit(str(number[0]), "digits"), number[1]
        if digits := words.digits.get(token.said, ""):
            return Unit(digits, "digits"), at + 1
        if after_digits and self._digits_at(at + 1) and (digits := words.likely_digits.get(token.said, "")):
            return Unit(digits, "digits"), at + 1
        return Unit(token.text, "word", text=token.text), at + 1

    def _is_sign(self, at: int) -> bool:
        """Marks of the sentence are no signs of a value: a point before a blank, hyphens between spelled letters."""
        tokens, said = self._tokens, self._tokens[at].said
        if said == "." or said in "':":
            return at + 1 < len(tokens) and not tokens[at + 1].apart
        if said == "-":
            beside = [tokens[place] for place in (at - 1, at + 1) if 0 <= place < len(tokens)]
            return not all(len(each.said) == 1 and each.is_word for each in beside)
        return said in SIGNS or (said == "," and self._mode == "mixed")

    def _by_example(self, at: int) -> tuple[Unit, int] | None:
        """ "B as in Bravo", "bee for boy", "B wie Berta". Of letters that sound alike the example's counts: it is heard
        better."""
        tokens, words = self._tokens, self._words
        named = words.letters.match(tokens, at)
        letter, end = named if named else (tokens[at].said, at + 1)
        if len(letter) != 1:
            return None
        end += self._is(end, ",")
        link = words.as_in.match(tokens, end)
        if link is None or link[1] >= len(tokens) or not tokens[link[1]].is_word:
            return None
        place = link[1]
        if len(tokens[place].said) == 1 or words.number(tokens, place):
            return None
        found = words.alphabet.match(tokens, place)
        initials, end = found if found else (tokens[place].said[0], place + 1)
        if initials[0] == letter or words.like_sound(letter, initials[0]):
            return Unit(initials, "letter", text=tokens[place].text), end
        return None

    def _stands_beside_characters(self, at: int) -> bool:
        """True if letters or digits stand beside a word that may be a letter's name: "see nine", but not "I see"."""
        for step in (-1, 1):
            place = at + step
            while 0 <= place < len(self._tokens) and self._tokens[place].said in ",-":
                place += step
            if 0 <= place < len(self._tokens) and (self._is_capital(place) or self._digits_at(place)):
                return True
        return False

    def _stands_beside_names_of_letters(self, at: int) -> bool:
        """ "vau er zett"; perhaps they are words after all: "why are you"."""
        places = [place for place in (at - 1, at + 1) if 0 <= place < len(self._tokens)]
        return any(self._words.letters.match(self._tokens, place) for place in places)

    def _is_hundred_alone(self, number: tuple[int, int], at: int) -> bool:
        """ "eight hundred five five five" is 800 555: digits go on one by one."""
        value, end = number
        hundred = end - at > 2 and self._tokens[end - 2].said == self._words.table.hundred
        following = (self._words.below_thousand(self._tokens, place) for place in (end, end + 1))
        return hundred and 0 < value % 100 < 10 and all(each is not None and each[0] < 10 for each in following)

    def _digits_at(self, at: int) -> bool:
        if at >= len(self._tokens):
            return False
        token = self._tokens[at]
        return token.is_digits or token.said in self._words.digits or bool(self._words.number(self._tokens, at))


SIGNS = frozenset("@.-_+/'#:&")
WORDS_OF_A_LETTER = frozenset({"a", "A", "I", "i", "o", "y", "e"})


def _letter(token: SpokenToken) -> Unit:
    other = {"o": "0", "i": "1", "l": "1"}.get(token.said, "")
    return Unit(token.said, "letter", other, weak=token.text in WORDS_OF_A_LETTER, text=token.text)


def _repeated(unit: Unit, times: int) -> Unit:
    """ "triple five" is 555, and "double twelve" 1212; of "double oh seven" the oh alone is doubled."""
    count = min(times, REPEATED_MAX // len(unit.characters) or 1)
    return replace(unit, characters=unit.characters * count, other=unit.other * count, weak=False)


def _runs_spelled(units: Sequence[Unit], spelling: bool) -> Iterator[Unit]:
    """Words of a spelling alphabet that stand alone are words, unless only letters and digits are dictated."""
    run: list[Unit] = []
    for unit in (*units, None):
        if unit is not None and unit.kind == "letter":
            run.append(unit)
            continue
        sure = spelling or len(run) >= SPELLED_MIN or any(not each.named for each in run)
        yield from run if sure else (Unit(each.text, "word", text=each.text) for each in run)
        run = []
        if unit is not None:
            yield unit


# ---- corrections ----------------------------------------------------------------------------------


def spliced(before: list[Unit], after: list[Unit]) -> list[Unit]:
    """What was meant by `before, no, after`. What begins alike is said again: "1 2 4, no, 1 2 5, 6" is 1256. Otherwise
    the last thing of the same kind is meant."""
    first = after[0]
    if first.kind == "sign":
        place = _last(before, lambda unit: unit.characters == first.characters)
        return [*before[:place], *after] if place is not None else [*before, *after]
    if first.kind == "word" and len(after) > 1 and _same(before[-1], after[-1]) and len(before) >= len(after):
        return [*before[: -len(after)], *after]
    if (kept := _said_again(before, after)) is not None:
        return [*kept, *after]
    place = _last(before, lambda unit: unit.kind == first.kind)
    if place is None:
        return [*before, *after]
    old = before[place]
    if first.kind == "digits" and len(first.characters) < len(old.characters):
        first = replace(first, characters=old.characters[: -len(first.characters)] + first.characters, other="")
    return [*before[:place], first, *before[place + 1 :], *after[1:]]


def _last(units: Sequence[Unit], fits) -> int | None:  # type: ignore[no-untyped-def]
    return next((place for place in range(len(units) - 1, -1, -1) if fits(units[place])), None)


def _same(one: Unit, other: Unit) -> bool:
    return one.kind == other.kind and one.characters.casefold() == other.characters.casefold()


def _said_again(before: list[Unit], after: list[Unit]) -> list[Unit] | None:
    """What of `before` stays if its end is said again with a difference; None: it is not."""
    old = "".join(unit.characters for unit in before if unit.kind in ("digits", "letter"))
    new = "".join(unit.characters for unit in after if unit.kind in ("digits", "letter"))
    best = 0, 0
    """How many characters are the same, and minus the length of what is said again."""
    for length in range(2, min(len(old), len(new)) + 1):
        shared = 0
        while shared < length and old[len(old) - length + shared] == new[shared]:
            shared += 1
        if shared >= (length + 1) // 2 and (shared < length or length > 2):
            best = max(best, (shared, -length))
    return _without_end(before, -best[1]) if best[0] else None


def _without_end(units: list[Unit], characters: int) -> list[Unit]:
    kept = list(units)
    while characters and kept:
        last = kept.pop()
        if last.kind not in ("digits", "letter"):
            continue
        if len(last.characters) > characters:
            kept.append(replace(last, characters=last.characters[:-characters], other=""))
            break
        characters -= len(last.characters)
    return kept
