"""The judge of voices, fitted to labelled clips, with figures of speakers who were left out."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voi.engines.voice.judge import LENGTHS_MS, WEIGHTS
from voi.training.turns.clips import LABELS, Clip, load_clips
from voi.training.turns.judgements import ClipEngines
from voi.training.voices.fit import FLOOR_MS, VoiceWeights, fit, odds
from voi.training.voices.sounds import MeasuredSound, may_use, rows_of

FILE = "voices.npz"
FOLDS = 10
LEAST_EACH, LEAST_SPEAKERS = 20, 6
"""Noises, voices, and speakers, below which nothing is fitted."""


@dataclass(frozen=True, slots=True)
class FittedVoices:
    """What was fitted, and its weights without each fold of speakers."""

    weights: VoiceWeights
    rows: Sequence[MeasuredSound]
    fold_of: dict[str, int]
    """By speaker."""
    of_folds: Sequence[VoiceWeights]


def fit_to(
    folder: Path,
    models_dir: Path,
    *,
    turn_engine: str = "smart-turn",
    from_nothing: bool = False,
    on_progress: Callable[[int], None] = lambda done: None,
) -> FittedVoices | None:
    """Fit to the labelled clips of a folder. None: it has none, or too few noises, voices or speakers. `from_nothing`:
    do not begin from the shipped weights. Raises ClientError, EngineError."""
    clips = [clip for clip in load_clips(folder) if may_use(clip)] if (folder / LABELS).is_file() else []
    if not enough(clips):
        return None
    engines = ClipEngines(models_dir, turn_engine)
    try:
        return fit_voices(clips, engines, from_nothing=from_nothing, on_progress=on_progress)
    finally:
        engines.close()


def fit_voices(
    clips: Sequence[Clip],
    engines: ClipEngines,
    *,
    from_nothing: bool = False,
    on_progress: Callable[[int], None] = lambda done: None,
) -> FittedVoices:
    """Fit to these clips."""
    rows = rows_of(clips, engines, on_progress)
    known = None if from_nothing else shipped()
    speakers = sorted({row.speaker for row in rows})
    order = np.random.default_rng(0).permutation(len(speakers))
    fold_of = {speakers[at]: number % FOLDS for number, at in enumerate(order)}
    folds = [fit([row for row in rows if fold_of[row.speaker] != fold], known) for fold in range(FOLDS)]
    return FittedVoices(fit(rows, known), rows, fold_of, folds)


def enough(clips: Sequence[Clip]) -> bool:
    """Whether there is something to fit to: noises and voices, of some speakers."""
    noises = sum(clip.over_agent == "keep_talking" and clip.kind != "backchannel" for clip in clips)
    speakers = {clip.speaker for clip in clips}
    return min(noises, len(clips) - noises) >= LEAST_EACH and len(speakers) >= LEAST_SPEAKERS


def shipped() -> VoiceWeights:
    """The weights that Voi comes with, by name, as float32."""
    with np.load(WEIGHTS) as file:
        return {name: file[name].astype(np.float32) for name in file.files}


def write(fitted: FittedVoices, file: Path) -> None:
    """For the engine's option `weights`. Written whole or not at all."""
    partial = file.with_name(f".{file.name}.partial.npz")
    np.savez_compressed(partial, **{name: value.astype(np.float16) for name, value in fitted.weights.items()})
    partial.replace(file)


def write_folds(fitted: FittedVoices, folder: Path) -> None:
    """For `python -m bench.overlap`: the weights of each fold, and who was left out of it."""
    folder.mkdir(parents=True, exist_ok=True)
    for fold, weights in enumerate(fitted.of_folds):
        np.savez_compressed(folder / f"fold{fold}.npz", **weights)
    (folder / "folds.json").write_text(json.dumps(fitted.fold_of, indent=1))


def table(fitted: FittedVoices) -> str:
    """How well sounds as recorded are told apart (area under the curve), each by weights that were fitted without its
    speaker, beside the shipped weights."""
    known = shipped()
    lines = ["| question | ms of voice | yes | no | shipped | fitted |", "|---" * 6 + "|"]
    for what, lengths in (("voice", LENGTHS_MS), ("floor", FLOOR_MS)):
        for length_ms in lengths:
            rows = [row for row in fitted.rows if row.length_ms == length_ms and row.room == "clean" and row.real]
            rows = [row for row in rows if what == "voice" or row.voice]
            is_so = np.array([getattr(row, what) for row in rows], bool)
            if not is_so.any() or is_so.all():
                continue
            before = [odds(known, what, row) for row in rows]
            after = [odds(fitted.of_folds[fitted.fold_of[row.speaker]], what, row) for row in rows]
            areas = f"{area(before, is_so):.3f} | {area(after, is_so):.3f}"
            lines.append(f"| {what} | {length_ms} | {is_so.sum()} | {(~is_so).sum()} | {areas} |")
    return "\n".join(lines)


def area(scores: Sequence[float], is_so: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> float:
    """Probability that a sound that is so has a higher score than one that is not."""
    values = np.array(scores)
    above = values[is_so][:, None] - values[~is_so][None, :]
    return float((above > 0).mean() + 0.5 * (above == 0).mean())


def how_to_use(file: Path) -> str:
    """A line that says which setting uses these weights."""
    options = json.dumps({"voice.voice-judge": {"weights": str(file)}})
    return f"{file}: use it with VOI_ENGINE_OPTIONS='{options}'"


def card(fitted: FittedVoices | None) -> str:
    """What the weights are, for the card."""
    if fitted is None:
        return f"""
# The judge of voices

Not fitted: for that the labels need `over_agent`, which is `stop`, or `keep_talking` for sounds of the kinds cough,
keyboard, noise and backchannel; {LEAST_EACH} noises, {LEAST_EACH} voices and {LEAST_SPEAKERS} speakers.
"""
    clips = {row.clip: row for row in fitted.rows}.values()
    noises, listeners = sum(not row.voice for row in clips), sum(not row.floor for row in clips)
    return f"""
# Weights of the judge of voices

`{FILE}`, fitted to {len(fitted.rows)} sounds of {len(clips)} clips: {noises} noises, {listeners} backchannels and \
{len(clips) - noises - listeners} other voices, each as
recorded and as other rooms might have it. Clips under a share-alike licence were left out. Area under the curve, \
each sound by weights of other
speakers ({FOLDS} folds); "voice" as against noise, "floor" as against listening:

{table(fitted)}

**Limits.** A sound that the shipped weights were fitted to flatters them. Few noises say little.
"""
