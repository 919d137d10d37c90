"""Other policies, to be measured beside the product's: Voi's rule until November 2026, and silence alone."""

from collections.abc import Callable, Mapping

from voi.core.conversation import Conversation
from voi.core.endpoint import Asked, Decision
from voi.core.script import Script
from voi.core.turn import Turn
from voi.core.turn_text import completeness
from voi.turn_policy import TurnPolicy

Weights = Mapping[str, float]
OLD_POLICY = TurnPolicy(min_silence_ms=256, silence_ms=608, max_silence_ms=2_000)


def former_rule(turn: Turn, policy: TurnPolicy, asked: Asked, floor_ms: int, weights: Weights) -> Decision:
    """One verdict on the sound at 64 ms of silence, thresholds on it and on the words. No pace, no question."""
    return _decision(turn, _former_delay_ms(turn, policy))


def _former_delay_ms(turn: Turn, policy: TurnPolicy) -> int:
    if turn.final is None:
        return policy.max_silence_ms
    by_words = completeness(turn.final) if turn.final else None
    unfinished = by_words is not None and by_words <= 0.25
    in_doubt_ms = (policy.silence_ms + policy.max_silence_ms) // 2
    if not turn.verdicts:
        return policy.max_silence_ms if unfinished else policy.silence_ms
    if turn.verdicts[0][1] >= 0.5:
        return in_doubt_ms if unfinished else policy.min_silence_ms
    if by_words is not None and by_words >= 0.85 and len(turn.final.split()) <= 3:
        return policy.silence_ms
    return in_doubt_ms if by_words is not None and by_words >= 0.5 else policy.max_silence_ms


def silence_alone(turn: Turn, policy: TurnPolicy, asked: Asked, floor_ms: int, weights: Weights) -> Decision:
    return _decision(turn, policy.silence_ms)


def _decision(turn: Turn, enough_ms: int) -> Decision:
    return Decision(turn.quiet_ms >= enough_ms, turn.quiet_ms, 0.0, enough_ms, None, None, "baseline")


def conversation_with(
    rule: Callable[[Turn, TurnPolicy, Asked, int, Weights], Decision],
) -> Callable[[Script], Conversation]:
    """Makes conversations that end turns by that rule."""

    class Ruled(Conversation):
        _decide = staticmethod(rule)

    return Ruled
