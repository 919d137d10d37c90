"""Weights of the signs that a turn has ended: data, fitted by tools/fit_turns.py; a test pins them."""

BY_HAND: dict[str, float] = {
    "digits": -0.5,
    "letters": -0.4,
    "asked_series": -0.2,
    "short_answer": -0.7,
    "answers": 1.7,
    "unjudged": 0.09,
}
"""Set by hand: there are too few such turns, of too few people, to fit these. Numbers and letters are waited for. In a
call "okay." is more often a beginning than an answer, but a "yes" to a question is an answer. Without a verdict
`silence_ms` is enough."""

WEIGHTS: dict[str, float] = {
    "bias": -0.09,
    "sound": 0.188,
    "unfinished": -1.24,
    "likely_unfinished": -0.281,
    "open": 0.177,
    "filler": -0.299,
    "finished": 0.748,
    **BY_HAND,
}
