"""What was understood of a dictation."""

from dataclasses import dataclass
from typing import Literal

Problem = Literal[
    "", "nothing", "too_short", "too_long", "check_digit", "not_a_number", "no_fit", "no_at", "no_domain", "no_local",
    "letters", "no_such_day", "no_month", "no_year", "not_past", "not_future", "no_currency", "no_street", "no_house",
]  # fmt: skip
"""Why there is no value; "": there is one. `slots.EXPLAINED` says each in words."""


@dataclass(frozen=True, slots=True)
class Taken:
    """`value`: as programs write it; "": none. `so_far`: what was understood, whether or not it is a value. `complete`:
    nothing more can belong to it. `unsure`: it could also be another value, so that it should be read back."""

    value: str = ""
    problem: Problem = ""
    so_far: str = ""
    complete: bool = False
    unsure: bool = False

    @property
    def amount(self) -> int:
        """How much was understood, in characters."""
        return len(self.value or self.so_far)


def failed(problem: Problem, so_far: str = "") -> Taken:
    """Nothing was taken down, because of that problem. `so_far`: the part of the value that is known."""
    return Taken(problem=problem, so_far=so_far)
