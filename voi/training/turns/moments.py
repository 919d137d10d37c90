"""Turns silences of labelled clips into rows for fitting: the signs as the core has them at a moment, and whether the
turn had ended."""

from dataclasses import dataclass

from voi.core.endpoint import asked_by, signs
from voi.core.facts import QuietGrew, UserStarted
from voi.core.turn import JUDGED_AT_MS
from voi.core.turn_text import completeness
from voi.core.vad_edges import VadEdges
from voi.training.turns.clips import Clip, Pause
from voi.training.turns.judgements import PREROLL_WINDOWS, WINDOW_MS, Judgements
from voi.training.turns.play import QUESTIONS, EndOfTurnJudge

WEIGHED_AT_MS = 192
"""Silence at which a row is made: by then the words and the verdict have arrived."""
PAUSE_MIN_MS = 200


@dataclass(frozen=True, slots=True)
class Moment:
    """One silence, when it has lasted `WEIGHED_AT_MS`. `start`, `judged`: the windows [start, judged) that the turn
    model hears."""

    clip: Clip
    pause: Pause
    signs: dict[str, float]
    ended: bool
    start: int
    judged: int


def moments_of(clip: Clip, judgements: Judgements, judge: EndOfTurnJudge) -> list[Moment]:
    """The labelled silences of one clip, as if nothing had cut it off before."""
    asked = asked_by(QUESTIONS.get(clip.asked or "", ""))
    edges, start = VadEdges(), None
    found: list[Moment] = []
    judged, probability, text = 0, 0.0, ""
    for window, voice in enumerate(judgements.vad, 1):
        fact = edges.window(voice)
        if isinstance(fact, UserStarted) and start is None:
            start = max(0, window - PREROLL_WINDOWS)
        if not isinstance(fact, QuietGrew) or start is None:
            continue
        if fact.quiet_ms == JUDGED_AT_MS:
            judged, probability, text = window, judge(start, window), judgements.words(start, window)
        if fact.quiet_ms != WEIGHED_AT_MS:
            continue
        now_ms = window * WINDOW_MS
        began_ms = now_ms - fact.quiet_ms
        pause = next((one for one in clip.pauses if one.start_ms - 96 <= began_ms < one.end_ms), None)
        if pause is None or pause.turn_ends is None or now_ms > pause.end_ms or pause.length_ms < PAUSE_MIN_MS:
            continue
        said = signs(text, [(JUDGED_AT_MS, probability)], asked, completeness(text))
        found.append(Moment(clip, pause, said, pause.turn_ends, start, judged))
    return found
