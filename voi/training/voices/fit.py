"""Penalised logistic regressions of the judge of voices: is it a voice, and does it want the floor?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from voi.engines.voice.judge import LENGTHS_MS
from voi.training.turns.fit import logistic
from voi.training.voices.sounds import MeasuredSound

PENALTIES = {"features": 50.0, "encoder": 1_000.0}
"""Of the squared weights: the encoder gives more numbers than there are clips."""
FLOOR_MS = (160, 256, 448)
"""Few listen for longer. The encoder tells nothing of who wants the floor."""
UNREAL = 0.5
"""Weight of a noise that the VAD takes for none."""

VoiceWeights = Mapping[str, Any]
"""By "what/length/part/name", float32, as the engine reads them."""


def fit(rows: Sequence[MeasuredSound], known: VoiceWeights | None = None) -> dict[str, Any]:
    """All weights. `known`: weights that these begin from, so that few sounds change little. What there are no sounds
    of both kinds for stays as it is known."""
    found = dict(known or {})
    for length_ms in LENGTHS_MS:
        for what, part in (("voice", "features"), ("voice", "encoder"), ("floor", "features")):
            if what == "floor" and length_ms not in FLOOR_MS:
                continue
            used = [row for row in rows if row.length_ms == length_ms and getattr(row, part) is not None]
            used = [row for row in used if what == "voice" or row.voice]
            if len({getattr(row, what) for row in used}) == 2:
                name = f"{what}/{length_ms}/{part}"
                fitted = _fitted(used, part, what, {key: (known or {}).get(f"{name}/{key}") for key in _NAMES})
                found |= {f"{name}/{key}": value for key, value in fitted.items()}
    return found


_NAMES = ("mean", "scale", "weights", "bias")
_Known = Mapping[str, npt.NDArray[np.float32] | None]


def _fitted(rows: Sequence[MeasuredSound], part: str, what: str, known: _Known) -> dict[str, npt.NDArray[np.float32]]:
    """Classes weigh the same in all, and so do clips."""
    inputs = np.array([getattr(row, part) for row in rows], np.float64)
    wanted = np.array([getattr(row, what) for row in rows], np.float64)
    times = Counter(row.clip for row in rows)
    weight: npt.NDArray[np.float64] = np.array([(1 if row.real else UNREAL) / times[row.clip] ** 0.5 for row in rows])
    for label in (0, 1):
        weight[wanted == label] *= len(rows) / 2 / weight[wanted == label].sum()
    before = np.zeros(inputs.shape[1] + 1)
    mean, scale = inputs.mean(0), inputs.std(0) + 1e-6
    if known["weights"] is not None and known["mean"] is not None and known["scale"] is not None:
        mean, scale = known["mean"].astype(np.float64), known["scale"].astype(np.float64)
        before[:-1] = known["weights"]
        before[-1] = 0.0 if known["bias"] is None else float(known["bias"])
    design = np.column_stack([(inputs - mean) / scale, np.ones(len(rows))])
    penalty = np.full(design.shape[1], PENALTIES[part])
    penalty[-1] = 1e-6
    found = logistic(design, wanted, weight, penalty, np.zeros(len(rows)), before)
    values = {"mean": mean, "scale": scale, "weights": found[:-1], "bias": found[-1]}
    return {name: np.asarray(value, np.float32) for name, value in values.items()}


def odds(weights: VoiceWeights, what: str, row: MeasuredSound) -> float:
    """Log-odds, as the engine has them with its encoder."""
    found = []
    for part in ("features", "encoder") if what == "voice" else ("features",):
        name = f"{what}/{row.length_ms}/{part}"
        if f"{name}/weights" in weights and getattr(row, part) is not None:
            values = (getattr(row, part) - weights[f"{name}/mean"]) / weights[f"{name}/scale"]
            found.append(float(values @ weights[f"{name}/weights"] + weights[f"{name}/bias"]))
    return float(np.mean(found)) if found else 0.0
