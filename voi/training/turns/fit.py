"""Penalised logistic regressions: the weights of the signs that a turn has ended, and any other."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from voi.core.endpoint_weights import BY_HAND
from voi.training.turns.moments import Moment

SHIFT = 0.29
"""Added to `bias`: the point of the curve that is chosen. More is faster, and cuts off more people."""
RIDGE = 1.0
"""Strength of the penalty on a weight: about that of one silence as contrary evidence."""
RIDGE_OF_KNOWN = 6.0
"""The same for weights that start from the shipped ones, so that a few dozen silences change them little."""
SERIES = ("digits", "letters", "asked_series")
"""Silences after these are not fitted to: their weights are set by hand."""
NOT_FITTED = frozenset({"complete_number", *BY_HAND})
STEPS = 50

Doubles = npt.NDArray[np.float64]


def fit_signs(moments: Sequence[Moment], known: Mapping[str, float] | None = None) -> dict[str, float]:
    """Weights by name; those that were set by hand stay. `known`: weights to start from; None: start from nothing. Each
    silence counts once."""
    used = [one for one in moments if not any(one.signs[name] for name in SERIES)]
    names = [name for name in used[0].signs if name not in NOT_FITTED]
    before = np.array([known[name] if known else 0.0 for name in names])
    if known:
        before[names.index("bias")] -= SHIFT
    penalty = np.array([0.0 if name == "bias" and not known else RIDGE_OF_KNOWN if known else RIDGE for name in names])
    offset = np.array([sum(value * one.signs[name] for name, value in BY_HAND.items()) for one in used])
    inputs = np.array([[one.signs[name] for name in names] for one in used])
    ended = np.array([one.ended for one in used], float)
    found = logistic(inputs, ended, np.ones(len(used)), penalty, offset, before)
    weights = dict(zip(names, found.round(3).tolist(), strict=True))
    return {**weights, "bias": round(weights["bias"] + SHIFT, 3), **BY_HAND}


def logistic(x: Doubles, y: Doubles, weight: Doubles, penalty: Doubles, offset: Doubles, before: Doubles) -> Doubles:
    """Coefficients that predict `y` (0 or 1) from `x`, by Newton's method. `penalty`: of each one's squared distance
    from `before`. `offset`: fixed log-odds."""

    def loss(beta: Doubles) -> float:
        odds = x @ beta + offset
        return float(weight @ np.logaddexp(0, np.where(y > 0.5, -odds, odds)) + penalty @ (beta - before) ** 2 / 2)

    beta = before.copy()
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ beta + offset, -30, 30)))
        gradient = x.T @ (weight * (y - p)) - penalty * (beta - before)
        hessian = (x * (weight * p * (1 - p))[:, None]).T @ x + np.diag(penalty + 1e-6)
        step = np.linalg.solve(hessian, gradient)
        reached = loss(beta)
        while loss(beta + step) > reached and np.abs(step).max() >= 1e-6:  # it led too far
            step /= 2
        beta += step
        if np.abs(step).max() < 1e-6:
            break
    return beta


def log_loss(odds: Doubles, ended: Doubles) -> float:
    """Mean of -log of the probability of the true outcome, in nats. Less is better."""
    return float(np.logaddexp(0, np.where(ended > 0.5, -odds, odds)).mean())
