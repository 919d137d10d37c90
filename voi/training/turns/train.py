"""`voi train turns`: fits the weights of the end of a turn to labelled calls, and measures them on speakers who were
left out."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from voi.config.turn_weights import FittedTo, Head, TurnWeights
from voi.core.endpoint_weights import WEIGHTS, SignWeight
from voi.core.script import Script
from voi.engines.turn.smart_turn import headed
from voi.errors import ConfigError
from voi.training.turns.clips import LABELS, OVER_AGENT, Clip, load_clips
from voi.training.turns.figures import GROUPS, Figures, group
from voi.training.turns.fit import Doubles, fit_signs
from voi.training.turns.head import best_penalty, fit_head
from voi.training.turns.judgements import TURN_ENGINES, ClipEngines, Judgements
from voi.training.turns.moments import Moment, moments_of
from voi.training.turns.play import EndOfTurnJudge, PlayedClip, Setting, play_all
from voi.training.turns.recordings import ALLOWED, RecordedTurns, turns_in

FILE, CARD = "turns.json", "turns.md"
FOLDS_MAX = 20
LEAST_EACH, LEAST_SPEAKERS = 30, 4
"""Pauses, ends, and speakers or calls, below which nothing is fitted."""

JudgedClips = Sequence[tuple[Clip, Judgements]]


@dataclass(frozen=True, slots=True)
class Fitted:
    """The fitted weights, the data, and the results for speakers who were left out."""

    weights: TurnWeights
    moments: Sequence[Moment]
    folds: int
    before: Sequence[PlayedClip]
    after: Sequence[PlayedClip]
    loss_without_head: float
    loss_with_head: float

    @property
    def helps(self) -> bool:
        """True if over all clips neither the cut rate nor the mean delay is worse, and at least one is better."""
        was, now = Figures.of(self.before), Figures.of(self.after)
        return now.cut <= was.cut and now.mean_ms <= was.mean_ms and (now.cut, now.mean_ms) != (was.cut, was.mean_ms)


def clips_in(folder: Path) -> tuple[list[Clip], RecordedTurns | None]:
    """The labelled clips of a folder; without labels, the turns of the recorded calls in it that may be used, with a
    summary of what was found. Raises ClientError, ConfigError."""
    if (folder / LABELS).is_file():
        return [clip for clip in load_clips(folder) if clip.kind not in OVER_AGENT], None
    found = turns_in(folder)
    if not found.calls:
        why = f"{found.not_allowed} calls lack a file {ALLOWED}, {found.unreadable} cannot be read" if (
            found.not_allowed or found.unreadable
        ) else f"there is neither {LABELS} nor a recorded call"  # fmt: skip
        raise ConfigError(f"{folder} gives nothing to fit to: {why} (docs/finetuning.md).")
    return found.clips, found


def fit_to(
    clips: Sequence[Clip],
    models_dir: Path,
    *,
    turn_engine: str = "smart-turn",
    from_nothing: bool = False,
    cache: Path | None = None,
    on_progress: Callable[[int], None] = lambda done: None,
) -> Fitted:
    """Ask the engines about the clips, fit weights to them, and play each speaker's clips with weights fitted to the
    others. `from_nothing`: do not begin from the shipped weights. `cache`: folder for the engines' answers, which
    contain words. Raises ConfigError, EngineError."""
    if turn_engine not in TURN_ENGINES:
        raise ConfigError(f"The turn engine {turn_engine!r} is none of {', '.join(TURN_ENGINES)}.")
    engines = ClipEngines(models_dir, turn_engine)
    try:
        said = []
        for number, clip in enumerate(clips, 1):
            judgements = Judgements(clip, cache, engines, near=True)
            said.append((clip, judgements))
            moments_of(clip, judgements, judgements.turn)  # fetches the answers that the fits need, clip by clip
            judgements.save()
            on_progress(number)
        fitted = _fit(said, engines, None if from_nothing else WEIGHTS)
        for _, judgements in said:
            judgements.save()
        return fitted
    finally:
        engines.close()


def _fit(said: JudgedClips, engines: ClipEngines, known: Mapping[str, float] | None) -> Fitted:
    moments = [moment for clip, one in said for moment in moments_of(clip, one, one.turn)]
    fold_of = _folds([clip for clip, _ in said])
    _refuse_too_few(moments, len({moment.clip.left_out_with for moment in moments}))
    judgements = {id(clip): one for clip, one in said}
    vectors = np.zeros((len(moments), 1))
    if engines.encodes:
        vectors = np.array([judgements[id(one.clip)].vector(one.start, one.judged) for one in moments], float)
    own = np.array([one.signs["sound"] for one in moments])
    ended = np.array([one.ended for one in moments], float)
    folds = np.array([fold_of[one.clip.left_out_with] for one in moments])
    penalty, without, best = best_penalty(vectors, own, ended, folds.tolist())
    if not engines.encodes:
        penalty = None

    def fitted_on(used: Doubles) -> tuple[dict[str, float], Head | None]:
        head = fit_head(vectors[used], own[used], ended[used], penalty) if penalty is not None else None
        chosen = [one for one, use in zip(said_moments(head), used, strict=True) if use]
        return fit_signs(chosen, known), head

    def said_moments(head: Head | None) -> list[Moment]:
        if head is None:
            return moments
        return [moment for clip, one in said for moment in moments_of(clip, one, _judge(one, head))]

    after: list[PlayedClip] = []
    for fold in sorted(set(fold_of.values())):
        signs, head = fitted_on(folds != fold)
        mine = [(clip, one) for clip, one in said if fold_of[clip.left_out_with] == fold]
        after += played(mine, signs, head)
    signs, head = fitted_on(np.ones(len(moments), bool))
    engine = FittedTo(name=engines.turn_name, sha256=engines.turn_sha256)
    weights = TurnWeights(voi_turn_weights=1, engine=engine, signs=signs, head=head)
    return Fitted(weights, moments, len(set(fold_of.values())), played(said, {}, None), after, without, best)


def played(said: JudgedClips, signs: Mapping[str, float], head: Head | None) -> list[PlayedClip]:
    """The clips, played to the core with these weights."""
    weights = tuple(SignWeight(sign, weight) for sign, weight in signs.items())
    return play_all(said, lambda one: _judge(one, head), Setting(script=Script(turn_weights=weights)))


def _judge(judgements: Judgements, head: Head | None) -> EndOfTurnJudge:
    if head is None:
        return judgements.turn
    return lambda start, end: headed(head, judgements.turn(start, end), np.array(judgements.vector(start, end)))


def _folds(clips: Sequence[Clip]) -> dict[str, int]:
    """The fold of each speaker, call or corpus; at most `FOLDS_MAX` folds."""
    groups = sorted({clip.left_out_with for clip in clips})
    return {name: number % FOLDS_MAX for number, name in enumerate(groups)}


def _refuse_too_few(moments: Sequence[Moment], speakers: int) -> None:
    ends = sum(one.ended for one in moments)
    pauses = len(moments) - ends
    if min(pauses, ends) < LEAST_EACH or speakers < LEAST_SPEAKERS:
        raise ConfigError(
            f"There are {pauses} pauses within turns and {ends} ends of turns, of {speakers} speakers or calls. Needed "
            f"to fit to are {LEAST_EACH} of each, of {LEAST_SPEAKERS}; some hundreds, of twenty, are better."
        )


def write(fitted: Fitted, out: Path, found: RecordedTurns | None, more: str = "") -> None:
    """Write the weights and their card, with `more` at its end, each completely or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    for name, text in (
        (FILE, json.dumps(fitted.weights.model_dump(mode="json"), indent=1) + "\n"),
        (CARD, card(fitted, found) + more),
    ):
        partial = out / f".{name}.partial"
        partial.write_text(text, encoding="utf-8")
        partial.replace(out / name)


def table(fitted: Fitted) -> str:
    """A table of the results for speakers who were left out, beside those of the shipped weights."""
    lines = ["| clips | weights | pauses | cut | ends | mean | p90 | over 1.2 s |", "|---" * 8 + "|"]
    for name in ("all", *GROUPS):
        for which, heard in (("shipped", fitted.before), ("fitted", fitted.after)):
            if mine := list(heard) if name == "all" else group(heard, name):
                one = Figures.of(mine)
                figures = f"{one.mean_ms:.0f} | {one.p90_ms:.0f} | {one.long:.0%}"
                lines.append(f"| {name} | {which} | {one.pauses} | {one.cut:.1%} | {one.ends} | {figures} |")
    return "\n".join(lines)


def card(fitted: Fitted, found: RecordedTurns | None) -> str:
    """A card of the weights in Markdown: what they were fitted to, how they were measured, and their limits."""
    moments, engine = fitted.moments, fitted.weights.engine
    speakers = len({one.clip.left_out_with for one in moments})
    ends = sum(one.ended for one in moments)
    sources = sorted({one.clip.licence for one in moments if one.clip.licence})
    calls = (
        f"{found.calls} recorded calls whose owner allowed it ({found.not_allowed} were not allowed, "
        f"{found.unreadable} could not be read).\nA silence after which the caller went on counts as a pause, one "
        "after which they let the answer go on as an end:\nwhat was ended too late is not in it."
        if found
        else "a folder of labelled clips."
    )
    gain = "tell more than" if fitted.weights.head else "do not tell more than"
    verdict = "They help." if fitted.helps else "They do not help on the whole: look at the rows before using them."
    return f"""# Weights of the end of a turn

`{FILE}`, for `VOI_TURN_WEIGHTS`. Fitted on {date.today().isoformat()} by `voi train turns`.

**Fitted to** {len(moments) - ends} pauses within turns and {ends} ends of turns, of {speakers} speakers, calls or \
corpora: {calls}
Licences named: {", ".join(sources) or "none"}.

**Turn model:** {engine.name}, SHA-256 `{engine.sha256[:16]}…`. Numbers out of its encoder {gain} its own word of \
speakers who were left out (log-loss {fitted.loss_with_head:.3f} against {fitted.loss_without_head:.3f}), so there is \
{"a" if fitted.weights.head else "no"} head.

**Measured** on a virtual clock, each speaker by weights of the others ({fitted.folds} folds). {verdict}

{table(fitted)}

**Limits.** Other rooms, telephones and languages than these may fare otherwise. A weight stands for few people; the
rows of few clips say little. Patience with numbers and spellings is set by hand and was not fitted.
"""
