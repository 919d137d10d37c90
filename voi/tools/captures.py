"""What a person dictates in one conversation: which value is being taken down now, what was refused, what was taken."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from voi.capture.codes import Mask
from voi.capture.slots import EXPLAINED, GROWING, KEYED, SERIES, Slot, SlotKind, read
from voi.capture.spoken import read_back
from voi.capture.taken import Taken
from voi.capture.tokens import tokens_of
from voi.capture.vocabulary import Vocabulary
from voi.core.expects import Expects

SOUGHT_MAX_CHARACTERS = 2_000
"""How much of what was said for one slot is kept while it is not whole."""
KEYS_AFTER_REFUSALS = 2
HIDDEN_MIN_DIGITS = 6
"""Shorter private numbers may stand in a tool's result by chance, as a price or a year."""
VOLUNTEERED = frozenset({"email", "phone", "card", "code"})
"""What is known by its form, wherever it is said. A name may be any words."""


@dataclass(frozen=True, slots=True)
class NewestWords:
    """The person's newest message. `message_id` -1: there is none."""

    message_id: int = -1
    text: str = ""


@dataclass(frozen=True, slots=True)
class CapturedValue:
    """What was taken for a slot, on its way to where the call goes on. `masks`: of a code, as their places."""

    name: str
    value: str
    kind: SlotKind
    private: bool
    masks: tuple[tuple[tuple[str, ...], ...], ...] = ()


@dataclass(slots=True)
class _Progress:
    """How far one slot is."""

    said: str = ""
    """What was said for it, while it is not whole."""
    so_far: str = ""
    """What was understood of it."""
    refusals: int = 0
    pending: str = ""
    """A value that the person has yet to confirm."""
    pending_said: str = ""
    """The words of that value, which the person may correct."""
    seen: NewestWords = NewestWords()
    """The newest message that was looked at for it."""
    told: bool = False
    """The model was told that there is a value already, so another one replaces it."""


class Captures:
    """The slots of one conversation. `heard` returns the person's newest words; `expect` is told what they are asked
    for; `telephone` says whether they have keys to press. `today`: for dates without a year. `before`: what was taken
    down already, before the call moved here."""

    def __init__(
        self,
        heard: Callable[[], NewestWords] = NewestWords,
        expect: Callable[[Expects], None] = lambda kind: None,
        telephone: Callable[[], bool] = lambda: False,
        today: Callable[[], date] = date.today,
        before: Sequence[CapturedValue] = (),
    ) -> None:
        self.values: dict[str, str] = {each.name: each.value for each in before}
        """What was taken, by slot."""
        self._taken: dict[str, Slot] = {each.name: _slot_of(each) for each in before}
        """The slot that each value was taken for, perhaps by an agent that has handed over."""
        self._heard = heard
        self._expect = expect
        self._telephone = telephone
        self._today = today
        self._progress: dict[str, _Progress] = {}
        self._open: tuple[Slot, Vocabulary, Sequence[Slot]] | None = None
        """The slot that is being dictated, and the others of its tool."""

    def taken(self) -> tuple[CapturedValue, ...]:
        """What was taken down, for where the call goes on."""
        return tuple(
            CapturedValue(name, self.values[name], slot.kind, slot.private, tuple(each.places for each in slot.masks))
            for name, slot in self._taken.items()
        )

    # ---- what tools do ------------------------------------------------------------------------------

    def take(
        self,
        slot: Slot,
        words: Vocabulary,
        slots: Sequence[Slot],
        said: str | None = None,
        confirmed: bool | None = None,
    ) -> str:
        """Take the slot from `said`, or from the person's newest words, or begin to wait for it. `confirmed`: what they
        answered when it was read back. Returns what the model has to know."""
        progress = self._progress.setdefault(slot.name, _Progress())
        newest = self._heard()
        is_new = newest != progress.seen and bool(newest.text)
        was_open = self._open is not None and self._open[0].name == slot.name
        progress.seen = newest
        if progress.pending and confirmed is not None:
            if confirmed:
                return self._accept(slot, progress.pending, words, slots)
            return self._deny(slot, words, slots, said or (newest.text if is_new else ""))
        if said is not None and said.strip():
            return self._attempt(slot, words, slots, said, newest.text if is_new and was_open else "")
        if (is_new and (was_open or progress.told)) or self._is_volunteered(slot, newest.text, words):
            return self._attempt(slot, words, slots, newest.text)
        if self._has(slot) and not was_open:
            progress.told = True
            return self._told_already(slot)
        return self._begin(slot, words, slots)

    def _has(self, slot: Slot) -> bool:
        """True if there is a value that is one for this slot: agents may have slots of the same name."""
        taken_for = self._taken.get(slot.name)
        return taken_for is not None and (taken_for.kind, taken_for.masks) == (slot.kind, slot.masks)

    def _told_already(self, slot: Slot) -> str:
        told = self._told_of(slot, self.values[slot.name])
        return (
            f"{told} Do not ask for it again. If the person wants to change it, ask for the new one and call again "
            "when they have said it; if they have said it already, call again now with their words as `said`."
        )

    def _told_of(self, slot: Slot, value: str) -> str:
        if slot.private or self._taken[slot.name].private:
            return _taken_privately(slot, value)
        return f"{slot.name} is {value}."

    def _is_volunteered(self, slot: Slot, said: str, words: Vocabulary) -> bool:
        """True if words that nobody asked for surely are the value, and it is not known already."""
        taken = read(slot, said, words, self._today())
        known = self._has(slot) and taken.value == self.values[slot.name]
        return slot.kind in VOLUNTEERED and not (taken.problem or taken.unsure or known)

    def keys(self, digits: str) -> str | None:
        """Digits that were entered with the keys of a telephone. Returns what the model has to know; None: nothing is
        being dictated that has digits."""
        if self._open is None or self._open[0].kind not in KEYED:
            return None
        slot, words, slots = self._open
        progress = self._progress[slot.name]
        progress.said = progress.so_far = ""
        taken = read(slot, digits, words, self._today())
        if taken.problem:
            return self._refuse(slot, taken, words)
        doubtful = taken.unsure or slot.kind == "amount"  # there is no key for the decimal point
        if slot.read_back == "always" or (doubtful and slot.read_back != "never"):
            return self._ask_whether_right(slot, taken, words, digits)
        return self._accept(slot, taken.value, words, slots)

    @property
    def awaits_keys(self) -> bool:
        """Something is being dictated that may be entered with keys."""
        return self._open is not None and self._open[0].kind in KEYED

    def keys_suffice(self, digits: str) -> bool:
        """True if nothing can follow these digits."""
        if self._open is None or not self.awaits_keys:
            return False
        slot, words, _ = self._open
        return slot.kind in SERIES and read(slot, digits, words, self._today()).complete

    def close(self) -> None:
        """Nothing is being dictated any more."""
        if self._open is not None:
            self._open = None
            self._expect(Expects.OPEN)

    def hand_over(self) -> None:
        """Another agent goes on: what was taken stays, what was half said is said again."""
        self.close()
        self._progress.clear()

    def without_private(self, text: str) -> str:
        """What a tool returned, without private values that it repeats: the model does not get them."""
        for name, slot in self._taken.items():
            value = self.values[name].lstrip("+")
            if slot.private and len(value) >= HIDDEN_MIN_DIGITS:
                text = re.sub(rf"(?<!\d){'[ -]?'.join(value)}(?!\d)", "(private)", text)
        return text

    # ---- what turn-taking asks ----------------------------------------------------------------------

    def judge(self, text: str) -> float | None:
        """How probable it is that the person has dictated to the end, by their words in this turn; None: these say
        nothing about that."""
        if self._open is None:
            return None
        slot, words, _ = self._open
        progress = self._progress[slot.name]
        if progress.pending:
            return None
        for said in (text, f"{progress.said} {text}"[-SOUGHT_MAX_CHARACTERS:]):
            taken = read(slot, said, words, self._today())
            if taken.complete:
                return 1.0
        return 0.0 if _goes_on(taken, progress.so_far) else None

    # ---- one slot -----------------------------------------------------------------------------------

    def _begin(self, slot: Slot, words: Vocabulary, slots: Sequence[Slot]) -> str:
        self._wait_for(slot, words, slots)
        return (
            f"Now ask for {_named(slot)}. When the person has said it, call again with the slot. If they have said it "
            "already, call again now with their words as `said`."
        )

    def _wait_for(self, slot: Slot, words: Vocabulary, slots: Sequence[Slot]) -> None:
        self._open = slot, words, slots
        self._progress.setdefault(slot.name, _Progress())
        self._expect(_expected(slot))

    def _attempt(self, slot: Slot, words: Vocabulary, slots: Sequence[Slot], said: str, heard: str = "") -> str:
        """`heard`: what the person said in fact, if `said` is how the model repeats it."""
        progress = self._progress[slot.name]
        self._wait_for(slot, words, slots)
        today = self._today()
        joined = f"{progress.said} {said}".strip()[-SOUGHT_MAX_CHARACTERS:]
        corrects = words.corrects.match(tokens_of(said), 0) is not None
        taken, of = self._best(slot, words, (joined, said) if corrects else (said, joined))
        if taken.problem:
            if _goes_on(taken, progress.so_far):
                progress.said, progress.so_far = of, taken.so_far
                return _so_far(slot, taken)
            return self._refuse(slot, taken, words)
        differs = bool(heard) and slot.kind not in ("name", "address")
        if differs:
            in_fact = read(slot, heard, words, today)
            differs = not in_fact.problem and in_fact.value != taken.value
        doubtful = taken.unsure or differs
        if slot.read_back == "always" or (slot.read_back != "never" and (progress.refusals or doubtful)):
            return self._ask_whether_right(slot, taken, words, of)
        return self._accept(slot, taken.value, words, slots)

    def _best(self, slot: Slot, words: Vocabulary, texts: Sequence[str]) -> tuple[Taken, str]:
        """The first text that has a value, else that of which most was understood."""
        found = [(read(slot, text, words, self._today()), text) for text in dict.fromkeys(texts)]
        whole = [each for each in found if not each[0].problem]
        return whole[0] if whole else max(found, key=lambda each: (each[0].problem in GROWING, each[0].amount))

    def _ask_whether_right(self, slot: Slot, taken: Taken, words: Vocabulary, said: str) -> str:
        progress = self._progress[slot.name]
        progress.pending, progress.pending_said = taken.value, said
        self._expect(Expects.YES_NO)
        return (
            f'Not certain yet. Read it back to the person: "{read_back(slot, taken.value, words)}", and ask whether '
            "that is right. Then call again with the slot and confirmed true or false."
        )

    def _deny(self, slot: Slot, words: Vocabulary, slots: Sequence[Slot], said: str) -> str:
        """The person says that the value is wrong; perhaps they said in the same breath what is right."""
        progress = self._progress[slot.name]
        before, progress.pending = progress.pending, ""
        progress.refusals += 1
        self._wait_for(slot, words, slots)
        if said:
            correction = words.table.corrects[0] if words.table.corrects else ""
            corrected = f"{progress.pending_said}, {correction}, {said}"[-SOUGHT_MAX_CHARACTERS:]
            for text in (said, corrected):
                taken = read(slot, text, words, self._today())
                if not taken.problem and taken.value != before:
                    return self._attempt(slot, words, slots, text)
        progress.said = progress.so_far = ""
        return f"It was wrong. {self._hint(slot, progress.refusals)}"

    def _refuse(self, slot: Slot, taken: Taken, words: Vocabulary) -> str:
        progress = self._progress[slot.name]
        progress.refusals += 1
        progress.said = progress.so_far = ""
        self._expect(_expected(slot))
        understood = "" if slot.private or not taken.so_far else f' What was understood: "{taken.so_far}".'
        return f"This is no {slot.kind}: {EXPLAINED[taken.problem]}.{understood} {self._hint(slot, progress.refusals)}"

    def _hint(self, slot: Slot, refusals: int) -> str:
        hint = {
            "email": "Ask for it once more, spelled letter by letter.",
            "name": "Ask the person to spell it.",
            "code": "Ask for it once more, one character at a time, letters with a word: A as in Alfa.",
            "date": "Ask for the day, the month and the year.",
        }.get(slot.kind, "Ask for it once more, slowly." if slot.kind == "address" else "Ask for it digit by digit.")
        if refusals >= KEYS_AFTER_REFUSALS and slot.kind in KEYED and self._telephone():
            hint = "Ask the person to enter it with the keys of the telephone, and to end with the hash key."
        return hint

    def _accept(self, slot: Slot, value: str, words: Vocabulary, slots: Sequence[Slot]) -> str:
        self.values[slot.name], self._taken[slot.name] = value, slot
        self._progress[slot.name] = _Progress(seen=self._progress[slot.name].seen)
        told = self._told_of(slot, value)
        missing = [each for each in slots if not self._has(each)]
        if not missing:
            self.close()
            return f"{told} All is taken down."
        self._wait_for(missing[0], words, slots)
        self._progress[missing[0].name].seen = self._progress[slot.name].seen
        names = ", ".join(each.name for each in missing)
        return f"{told} Still to be taken down: {names}."


def _goes_on(taken: Taken, so_far: str) -> bool:
    """True if it is no value yet, and more or better than what was understood before."""
    return taken.problem in GROWING and len(taken.so_far) >= max(1, len(so_far)) and taken.so_far != so_far


def _slot_of(taken: CapturedValue) -> Slot:
    masks = tuple(Mask(tuple((kind, other) for kind, other in places)) for places in taken.masks)
    return Slot(taken.name, taken.kind, masks=masks, private=taken.private)


def _named(slot: Slot) -> str:
    return f"{slot.name} ({slot.description})" if slot.description else slot.name


def _expected(slot: Slot) -> Expects:
    match slot.kind:
        case "email" | "name":
            return Expects.SPELLING
        case "address":
            return Expects.LIST
        case "amount":
            return Expects.OPEN
        case _:
            return Expects.NUMBER


def _so_far(slot: Slot, taken: Taken) -> str:
    understood = f"{len(taken.so_far)} characters" if slot.private else f'"{taken.so_far}"'
    return (
        f"So far {understood}: {EXPLAINED[taken.problem]}. Let the person go on with a short word, and call again when "
        "they have."
    )


def _taken_privately(slot: Slot, value: str) -> str:
    end = f", it ends in {value[-4:]}" if slot.kind in ("card", "phone") else ""
    return f"{slot.name} was taken down{end}. Other tools have it; do not repeat it."
