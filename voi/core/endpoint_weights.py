"""Weights of the signs that a turn has ended: data, fitted by `voi train turns --from-nothing`; a test pins them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

BY_HAND: dict[str, float] = {
    "digits": -1.3,
    "letters": -1.1,
    "asked_series": -0.5,
    "asked_address": -1.3,
    "short_answer": -0.7,
    "answers": 3.5,
    "unjudged": 0.1,
}
"""Set by hand: there are too few such turns, of too few people, to fit these. Numbers, letters and addresses are
waited for. In a call "okay." is more often a beginning than an answer, but a "yes" to a question is an answer. Without
a verdict and an end mark `silence_ms` is enough."""

WEIGHTS: dict[str, float] = {
    "bias": -0.112,
    "sound": 0.236,
    "unfinished": -0.362,
    "likely_unfinished": -0.048,
    "open": 0.298,
    "filler": -0.217,
    "finished": 1.038,
    "can_end": 0.605,
    **BY_HAND,
}


@dataclass(frozen=True, slots=True)
class SignWeight:
    """The weight of one sign, fitted to an owner's calls."""

    sign: str
    weight: float


def weights_with(fitted: Iterable[SignWeight]) -> Mapping[str, float]:
    """The shipped weights, with the fitted ones in their place. Signs that this Voi does not know have no effect."""
    return WEIGHTS | {one.sign: one.weight for one in fitted}
