"""Slots: typed values that people dictate, and the one way to read them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from voi.capture.addresses import address
from voi.capture.amounts import amount
from voi.capture.around import without_others
from voi.capture.cards import card
from voi.capture.codes import Mask, code
from voi.capture.dates import When, a_date
from voi.capture.dictated import DictationMode, Unit, dictated
from voi.capture.emails import email
from voi.capture.names import name
from voi.capture.phones import phone
from voi.capture.taken import Problem, Taken
from voi.capture.vocabulary import Vocabulary

SlotKind = Literal["email", "phone", "name", "address", "date", "card", "amount", "code"]
ReadBack = Literal["after_refusal", "always", "never"]
KEYED: frozenset[SlotKind] = frozenset({"phone", "date", "card", "amount", "code"})
"""What can be entered with the keys of a telephone."""
SERIES: frozenset[SlotKind] = frozenset({"phone", "card", "code", "date"})
"""What is said as digits, with pauses between groups of them."""
_MODES: Mapping[SlotKind, DictationMode] = {
    "phone": "characters", "card": "characters", "code": "characters", "email": "mixed", "address": "mixed",
    "name": "names",
}  # fmt: skip
EXPLAINED: Mapping[Problem, str] = {
    "nothing": "nothing of it was understood",
    "too_short": "it is too short",
    "too_long": "it is too long",
    "check_digit": "a digit is wrong (the check digit does not fit)",
    "not_a_number": "there is no such telephone number",
    "no_fit": "it does not have the right form",
    "no_at": "the @ and what follows it are missing",
    "no_domain": "what follows the @ is not a mail server's name, like example.org",
    "no_local": "what precedes the @ is not possible in an address",
    "letters": "it has letters",
    "no_such_day": "there is no such day in the calendar",
    "no_month": "there is no such month",
    "no_year": "the year is missing",
    "not_past": "it lies in the future",
    "not_future": "it lies in the past",
    "no_currency": "the currency is missing",
    "no_street": "the street is missing",
    "no_house": "the house number is missing",
}
GROWING: frozenset[Problem] = frozenset({"too_short", "no_at", "no_domain", "no_year", "no_house", "no_street"})
"""Problems that pass if the person says more."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A value to be taken down. `masks`: for a code. `region`: for telephone numbers and dates (ISO 3166); "": that of
    the language. `currency`: of amounts for which none is said (ISO 4217). `private`: it is kept from the model and
    from all that records. `read_back`: when the person is asked whether it is right."""

    name: str
    kind: SlotKind
    description: str = ""
    masks: tuple[Mask, ...] = ()
    region: str = ""
    currency: str = ""
    when: When = "any"
    private: bool = False
    read_back: ReadBack = "after_refusal"


def read(slot: Slot, text: str, words: Vocabulary, today: date) -> Taken:
    """The value that a text has for a slot. What is corrected in it counts as corrected. Never fails: what cannot be
    read is a problem of the result."""
    if slot.kind == "amount":
        return amount(text, words, slot.currency)
    if slot.kind == "date":
        return a_date(text, words, today, slot.when, slot.region)
    if slot.kind in ("phone", "card"):
        text = without_others(text, words)
    results = [_of_units(slot, units, words) for units in dictated(text, words, _MODES[slot.kind]).readings]
    return next((result for result in results if not result.problem), results[0])


def _of_units(slot: Slot, units: tuple[Unit, ...], words: Vocabulary) -> Taken:
    match slot.kind:
        case "phone":
            return phone(units, slot.region or words.table.regions or "US")
        case "card":
            return card(units)
        case "code":
            return code(units, slot.masks)
        case "email":
            return email(units, words)
        case "name":
            return name(units, words)
        case _:
            return address(units, words)
