"""A fitted head on the turn model's encoder: a logistic regression on its pooled output, beside the model's own
probability. It is used only if it is better than that on speakers that it was not fitted on."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from voi.config.turn_weights import Head
from voi.training.turns.fit import Doubles, log_loss, logistic

PENALTIES = (30.0, 100.0, 300.0, 1_000.0, 3_000.0, 10_000.0)
"""Penalties of the squared weights, the least first. The encoder gives more numbers than there are silences."""
DIGITS = 5


def fit_head(vectors: Doubles, own: Doubles, ended: Doubles, penalty: float) -> Head:
    """Fit a head. `vectors`: [silences, numbers] of the encoder. `own`: the model's own log-odds."""
    mean, scale = vectors.mean(0), vectors.std(0) + 1e-3
    design = np.column_stack([(vectors - mean) / scale, own, np.ones(len(own))])
    resists = np.full(design.shape[1], penalty)
    resists[-2:] = 1e-6
    start = np.zeros(design.shape[1])
    found = logistic(design, ended, np.ones(len(own)), resists, np.zeros(len(own)), start)
    return Head(
        mean=_rounded(mean), scale=_rounded(scale), weights=_rounded(found[:-2]),
        bias=round(float(found[-1]), DIGITS), slope=round(float(found[-2]), DIGITS),
    )  # fmt: skip


def odds_of(head: Head, vectors: Doubles, own: Doubles) -> Doubles:
    """The log-odds that the turn has ended, shape [clips]. `vectors`: the encoder's output, shape [clips, size]; `own`:
    the log-odds of the model itself, shape [clips]."""
    standardized = (vectors - np.array(head.mean)) / np.array(head.scale)
    odds: Doubles = standardized @ np.array(head.weights) + head.slope * own + head.bias
    return odds


def best_penalty(
    vectors: Doubles, own: Doubles, ended: Doubles, fold_of: Sequence[int]
) -> tuple[float | None, float, float]:
    """The penalty whose head has the lowest log-loss on folds that it was not fitted on; None if the model's own
    probability, calibrated in the same way, is as good. Also returns the log-losses without a head and with the best
    one."""
    folds = np.array(fold_of)
    alone = _held_out(np.zeros((len(own), 1)), own, ended, folds, 1.0)
    tried = {penalty: _held_out(vectors, own, ended, folds, penalty) for penalty in PENALTIES}
    best = min(PENALTIES, key=lambda penalty: tried[penalty])
    return (best if tried[best] < alone else None), alone, tried[best]


def _held_out(vectors: Doubles, own: Doubles, ended: Doubles, folds: npt.NDArray[np.int_], penalty: float) -> float:
    odds = np.zeros(len(own))
    for fold in np.unique(folds):
        mine = folds == fold
        odds[mine] = odds_of(fit_head(vectors[~mine], own[~mine], ended[~mine], penalty), vectors[mine], own[mine])
    return log_loss(odds, ended)


def _rounded(values: Doubles) -> tuple[float, ...]:
    return tuple(round(float(value), DIGITS) for value in values)
