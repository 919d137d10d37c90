import pytest

from voi.core.endpoint import endpointing_delay_ms, worth_answering
from voi.core.turn import Turn
from voi.turn_policy import TurnPolicy

POLICY = TurnPolicy(min_silence_ms=250, silence_ms=600, max_silence_ms=2_000)
IN_DOUBT_MS = 1_300


@pytest.mark.parametrize(
    ("text", "audio", "agent", "expected_ms"),
    [
        ("What is the weather like?", None, None, 600),
        ("", None, None, 600),
        ("I would like to book a", None, None, 2_000),
        ("He was not an ill disposed young man.", 0.9, None, 250),
        ("He was not an ill disposed young man.", 0.1, None, IN_DOUBT_MS),
        ("I would like to book a", 0.1, None, 2_000),
        ("And so my fellow Americans.", 0.95, None, IN_DOUBT_MS),
        ("Yes please.", 0.1, None, 600),
        ("I would like to book a", 0.9, 1.0, 250),
        ("What is the weather like?", 0.9, 0.0, 2_000),
    ],
)
def test_patience(text: str, audio: float | None, agent: float | None, expected_ms: int):
    turn = Turn(1, 1, 64, text, True, text, audio, agent)
    assert endpointing_delay_ms(turn, POLICY) == expected_ms


def test_what_plainly_breaks_off_is_not_worth_a_speculative_answer():
    assert worth_answering("What is the weather like?")
    assert not worth_answering("What is the weather like and")
