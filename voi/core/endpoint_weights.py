"""Weights of the signs that a turn has ended: data, fitted by tools/fit_turns.py; a test pins them."""

WEIGHTS: dict[str, float] = {
    "bias": 0.0,
    "silence": 2.0,
    "sound": 0.6,
    "unfinished": -1.5,
    "likely_unfinished": -0.8,
    "open": -0.5,
    "filler": -1.0,
    "finished": 0.8,
    "short_answer": 1.0,
    "digits": -0.8,
    "letters": -0.8,
}
