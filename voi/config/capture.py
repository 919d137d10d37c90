"""What an agent takes down, as its author writes it in agents.json."""

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from voi.capture.codes import MASK_MAX_CHARACTERS, Mask, mask
from voi.capture.dates import When
from voi.capture.phones import known_region
from voi.capture.slots import ReadBack, Slot, SlotKind
from voi.config.parts import FileModel, LanguageCode
from voi.config.problems import quoted

REDACTABLE = ("card", "phone", "code")
"""Kinds of values that can be taken out of a text also while they are being said: digits."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_CURRENCY = re.compile(r"[A-Z]{3}")


def _slot_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"has letters, digits, _ and -, and begins with a letter: {quoted(name)} is no name of a slot")
    return name


def _kind_alone(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Masks = Annotated[
    tuple[Annotated[str, Field(max_length=MASK_MAX_CHARACTERS)], ...],
    BeforeValidator(_one_or_many, json_schema_input_type=str | list[str]),
]


class CaptureSlot(FileModel):
    """One value that people dictate."""

    kind: SlotKind
    """What it is: email, phone, name, address, date, card (a number of a payment card), amount, or code."""
    description: str = Field(default="", max_length=500)
    """For the model: whose it is, or what it is for."""
    pattern: Masks = Field(default=(), max_length=20)
    """For a code, its form or forms: 9 is a digit, A a letter, X either; all else stands as it is and need not be said.
    A backslash before 9, A or X makes it stand for itself."""
    region: str | None = Field(default=None, pattern="^[A-Z]{2}$")
    """Where telephone numbers without a country code belong, and in which order numbers of a date stand (ISO 3166);
    without it, as the language suggests."""
    currency: str | None = None
    """Of amounts for which none is said (ISO 4217)."""
    when: When = "any"
    """Whether a date lies in the past (a birthday) or the future (an appointment); a year that is not said follows from
    that."""
    private: bool = False
    """Neither the model nor recordings, the store, traces and logs get it; other tools do, as {captured:NAME}. Cards
    always are."""
    read_back: ReadBack = "after_refusal"
    """When the person is asked whether it is right: after it was refused once (or where it is doubtful), always, or
    never."""

    @property
    def is_private(self) -> bool:
        return self.private or self.kind == "card"

    @property
    def masks(self) -> tuple[Mask, ...]:
        return tuple(mask(text) for text in self.pattern)

    def slot(self, name: str) -> Slot:
        """The same, for those who read it."""
        return Slot(
            name, self.kind, self.description, self.masks, self.region or "", self.currency or "", self.when,
            self.is_private, self.read_back,
        )  # fmt: skip

    @model_validator(mode="after")
    def _is_right(self) -> Self:
        if (self.kind == "code") != bool(self.pattern):
            raise ValueError("needs a pattern if it is a code, and only then: 999999, AA-9999")
        for text in self.pattern:
            try:
                mask(text)
            except ValueError as error:
                raise ValueError(f"has a pattern {quoted(text)}, but a pattern {error}") from None
        if self.region is not None and not known_region(self.region):
            raise ValueError(f"has a region {quoted(self.region)} that has no telephone numbers; use one like US or DE")
        if self.currency is not None and not _CURRENCY.fullmatch(self.currency):
            raise ValueError(f"has a currency {quoted(self.currency)}; use an ISO code like EUR")
        if self.private and self.kind not in REDACTABLE:
            kinds = ", ".join(REDACTABLE)
            raise ValueError(f"cannot be private: only digits are surely found in what is said ({kinds})")
        if self.private and any(kind in "AX" for each in self.masks for kind, _ in each.places if kind):
            raise ValueError("cannot be private with letters in its pattern: spelled letters are not found in words")
        return self


Slots = Annotated[
    dict[
        Annotated[str, AfterValidator(_slot_name)],
        Annotated[CaptureSlot, BeforeValidator(_kind_alone, json_schema_input_type=SlotKind | CaptureSlot)],
    ],
    Field(min_length=1, max_length=50),
]
"""Name -> what it is; the kind alone is enough for most."""


class Capture(FileModel):
    """Values that the agent takes down from what people dictate."""

    slots: Slots
    """What is taken down, by name, in the order in which it is asked for: a kind, or more about it."""
    language: LanguageCode | None = None
    """In which language it is dictated; without it, the agent's."""

    def as_slots(self) -> tuple[Slot, ...]:
        return tuple(each.slot(name) for name, each in self.slots.items())

    @property
    def private_slots(self) -> tuple[CaptureSlot, ...]:
        return tuple(each for each in self.slots.values() if each.is_private)

    @property
    def private_digits_min(self) -> int | None:
        """Length of the shortest private number; None: none is private."""
        return min((_digits_min(each) for each in self.private_slots), default=None)


def _digits_min(slot: CaptureSlot) -> int:
    return min((each.length for each in slot.masks), default=4)
