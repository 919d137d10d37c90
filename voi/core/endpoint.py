"""Endpointing: decides whether a silence ends the turn, from its length and what is known of the speech before it.

The signs (the turn model's verdict, how the words end, what was asked for) are weighed together with the silence:
evidence = sum of weights x signs, in log-odds, and at 0 or more the turn has ended. A silence of `silence_ms` is enough
where the signs say nothing; less, down to `min_silence_ms` and this caller's own pace, where they speak for an end;
more, up to `max_silence_ms`, where they speak against it. The completeness agent reads the words and knows the
conversation, so it overrules all else. Where a value is dictated, whether it is whole comes next.
`endpoint_weights.py` says where the weights come from.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from voi.core import can_end
from voi.core.endpoint_weights import WEIGHTS
from voi.core.expects import Expects, expects, request
from voi.core.series import digits_at_end, digits_due, spells
from voi.core.turn import Signs, Turn
from voi.core.turn_text import completeness, ends_open, has_filler_end, is_backchannel, spoken_words
from voi.turn_policy import TurnPolicy

UNFINISHED, FINISHED = 0.25, 0.85
"""Bounds on the probability that the words are complete: below the first they plainly break off, above the second they
are plainly complete."""
CAN_END_MIDDLE = -1.3
"""Log-odds of `can_end` that say nothing."""
SHORT_WORDS = 3
MS_PER_LOG_ODDS = 400
"""Silence that weighs as much as one unit of log-odds."""
LOGIT_MAX = 4.0
GOES_ON = -2.0
"""Evidence at or below which the person will surely go on. Then, or if the words break off, Voi waits for the longest
silence: hardly any turn ends like this, and four in ten pauses over 1.2 s begin like this."""
SURELY_GOES_ON = 0.011
"""Probability of an end at or below which the turn model alone is as sure. It says no less than 0.005."""
PATIENT_SHARE = 0.7
"""Share of `max_silence_ms` that is enough after digits and letters, and where the words break off but the turn model
hears an end."""
SURE_SHARE = 0.36
"""Share of `max_silence_ms` that is enough otherwise."""
UNJUDGED_FLOOR = 1.5
"""Factor on the caller's own floor while there is no verdict, because their earlier pauses are then the better
evidence."""
STRETCH = {"low": 1.4, "medium": 1.0, "auto": 1.0, "high": 0.65}
"""Factor on the silence that is enough, by eagerness."""
_WANT_ANSWERS = (Expects.YES_NO, Expects.CHOICE)
_WANT_SERIES = (Expects.NUMBER, Expects.SPELLING, Expects.ADDRESS, Expects.LIST)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the agent's last question asks for: the kind of answer, and how many digits (None: it does not say)."""

    kind: Expects = Expects.OPEN
    digits: int | None = None
    choices: frozenset[str] = frozenset()
    """Words of the question, where it gives a choice: one of them answers it."""


def asked_by(said: str, expected: Expects = Expects.OPEN) -> Asked:
    """What the agent's last message `said` asks for. `expected`: what a tool says that it does; OPEN: it says
    nothing."""
    if expected is not Expects.OPEN:
        return Asked(expected)
    kind, asking = expects(said), request(said)
    choices = frozenset(spoken_words(asking.partition("\n")[0])) if kind is Expects.CHOICE else frozenset[str]()
    return Asked(kind, digits_due(asking), choices)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a silence ended the turn, and why. `enough_ms`: the silence that would be enough, by what is known."""

    ends: bool
    quiet_ms: int
    evidence: float
    enough_ms: int
    probability: float | None
    """The turn model's newest probability that the turn is over; None: not judged."""
    words: float | None
    """Probability that the words are complete, by their end; None: it cannot be told."""
    because: str
    can_end: float = 0.0
    """Log-odds that an utterance ends after these words, above or below those that say nothing."""


def decide(
    turn: Turn, policy: TurnPolicy, asked: Asked, floor_ms: int, weights: Mapping[str, float] = WEIGHTS
) -> Decision:
    """Decide whether the turn's current silence ends it. `asked`: what the agent's last question asked for. `floor_ms`:
    no shorter silence ends the turn. `weights`: of the signs."""
    quiet_ms = turn.quiet_ms
    probability = turn.verdicts[-1][1] if turn.verdicts else None
    signs_now = None if turn.final is None else _signs_now(turn, turn.final, asked, weights)
    by_words = signs_now.by_words if signs_now else None
    by_model = signs_now.said["can_end"] if signs_now else 0.0

    def decided(evidence: float, enough_ms: int, because: str) -> Decision:
        ends = quiet_ms >= enough_ms
        return Decision(ends, quiet_ms, evidence, enough_ms, probability, by_words, because, by_model)

    if turn.agent_judgement is not None:
        if turn.agent_judgement >= 0.5:
            return decided(LOGIT_MAX, policy.min_silence_ms, "the completeness agent says so")
        return decided(-LOGIT_MAX, policy.max_silence_ms, "the completeness agent says that more will come")
    if turn.dictated is not None:
        if turn.dictated >= 0.5:
            return decided(LOGIT_MAX, policy.min_silence_ms, "what was dictated is whole")
        return decided(-LOGIT_MAX, round(PATIENT_SHARE * policy.max_silence_ms), "what is dictated is not whole yet")
    if signs_now is None:
        return decided(0.0, policy.max_silence_ms, "the words are not known yet")
    said, evidence = signs_now.said, signs_now.evidence
    if said["complete_number"]:
        return decided(evidence, policy.min_silence_ms, "the number is complete")
    if probability is None:
        floor_ms = round(UNJUDGED_FLOOR * floor_ms)
    stretch, paced = STRETCH[policy.eagerness], policy.eagerness == "auto"
    breaks_off = said["unfinished"] or said["filler"]
    sure = probability is not None and probability <= SURELY_GOES_ON and not said["answers"]
    wanted_ms = round(stretch * (policy.silence_ms - MS_PER_LOG_ODDS * evidence))
    if said["digits"] or said["letters"] or said["asked_series"]:
        cap_ms = round(PATIENT_SHARE * policy.max_silence_ms)
    elif breaks_off or sure or evidence <= GOES_ON:
        disputed = probability is not None and probability >= 0.5
        cap_ms = round(PATIENT_SHARE * policy.max_silence_ms) if disputed else policy.max_silence_ms
        wanted_ms = max(wanted_ms, round(stretch * cap_ms))
    else:
        cap_ms = max(policy.silence_ms, round(SURE_SHARE * policy.max_silence_ms))
    enough_ms = min(cap_ms, max(policy.min_silence_ms, floor_ms if paced else 0, wanted_ms))
    return decided(evidence, enough_ms, "evidence" if quiet_ms < cap_ms else "nobody waits longer")


def _signs_now(turn: Turn, text: str, asked: Asked, weights: Mapping[str, float]) -> Signs:
    """The turn's signs, read once for each transcript and verdict: they stay the same while the silence grows."""
    of = (text, *turn.verdicts, asked)
    if turn.signs is None or turn.signs.of != of:
        score = completeness(text)
        said = signs(text, turn.verdicts, asked, score)
        turn.signs = Signs(of, score, said, weigh(said, weights))
    return turn.signs


def signs(text: str, verdicts: list[tuple[int, float]], asked: Asked, score: float | None) -> dict[str, float]:
    """The signs to weigh, by name. Each value is a log-odds, or 1 for a sign that is either there or not. `verdicts`:
    pairs of silence in ms and the turn model's probability. `score`: the `completeness` of the text."""
    sound = logit(verdicts[0][1]) if verdicts else 0.0
    digits = digits_at_end(text)
    short = len(text.split()) <= SHORT_WORDS
    filler = has_filler_end(text)
    cut_short = short and not filler and text.rstrip().endswith(",")  # STT engines write "Today," for a short answer
    unfinished = score is not None and score <= UNFINISHED and not cut_short
    short_answer = score is not None and score >= FINISHED and short
    letters, asked_series = spells(text), asked.kind in _WANT_SERIES
    by_words = None if short_answer or digits > 1 or letters or asked_series else can_end.odds(text)
    return {
        "bias": 1.0,
        "sound": sound,
        "unjudged": float(not verdicts),
        "unfinished": float(unfinished),
        "likely_unfinished": float(score is not None and UNFINISHED < score < 0.5),
        "open": float(bool(text) and ends_open(text) and not unfinished),
        "filler": float(filler),
        "finished": float(score is not None and score >= FINISHED and not short),
        "can_end": 0.0 if by_words is None else by_words - CAN_END_MIDDLE,
        "short_answer": float(short_answer),
        "answers": float(asked.kind in _WANT_ANSWERS and (short_answer or (short and _answers(text, score, asked)))),
        "digits": float(digits > 1),
        "letters": float(letters),
        "asked_series": float(asked_series),
        "asked_address": float(asked.kind is Expects.ADDRESS),
        "complete_number": float(asked.digits is not None and digits >= asked.digits),
    }


def _answers(text: str, score: float | None, asked: Asked) -> bool:
    """True if these few words answer the question, though they are no common answer: "mm-hmm", or one of the choices
    that it gave. `score`: how complete the words are."""
    if score is None or score <= UNFINISHED:
        return False
    if asked.kind is Expects.YES_NO:
        return is_backchannel(text)
    words = [word for word in spoken_words(text) if word != "please"]
    return bool(words) and words[-1] in asked.choices


def weigh(said: dict[str, float], weights: Mapping[str, float] = WEIGHTS) -> float:
    """Log-odds that the turn has ended, by its signs alone, at a silence of 0 ms."""
    return sum([weights[name] * value for name, value in said.items() if name in weights])


def logit(probability: float) -> float:
    """Log-odds of a probability, clipped to ±`LOGIT_MAX`."""
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return min(LOGIT_MAX, max(-LOGIT_MAX, math.log(bounded / (1 - bounded))))


def ask_after_ms(policy: TurnPolicy, *, speculate: bool) -> int:
    """Silence in ms after which the pause's transcript is asked for. `speculate`: an answer is to begin early."""
    return min(policy.speculate_after_ms, policy.min_silence_ms) if speculate else policy.min_silence_ms


def worth_answering(text: str) -> bool:
    """True if a speculative reply to these words is worth starting: they do not plainly break off."""
    score = completeness(text)
    return score is None or score > UNFINISHED
