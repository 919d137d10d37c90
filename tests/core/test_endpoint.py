from dataclasses import replace

import pytest

from voi.core.endpoint import Asked, Decision, asked_by, decide, logit, worth_answering
from voi.core.endpoint_weights import WEIGHTS, SignWeight, weights_with
from voi.core.expects import Expects
from voi.core.turn import Turn
from voi.turn_policy import TurnPolicy

POLICY = TurnPolicy(min_silence_ms=250, silence_ms=600, max_silence_ms=2_000)
SURE_MS, PATIENT_MS = 720, 1_400
STATEMENT = "I would like a coffee."


def decided(text: str | None, sound: float | None = None, agent: float | None = None, **given: object) -> Decision:
    policy = replace(POLICY, eagerness=given.get("eagerness", "auto"))  # type: ignore[arg-type]
    turn = Turn(1, 1, 64, text or "", final=text, agent_judgement=agent)
    if sound is not None:
        turn.verdicts.append((64, sound))
    asked = Asked(given.get("kind", Expects.OPEN), given.get("digits"))  # type: ignore[arg-type]
    return decide(turn, policy, asked, given.get("floor_ms", 0))  # type: ignore[arg-type]


def test_the_judge_of_the_sound_shortens_and_lengthens_the_silence():
    sure, unknown, unsure = (decided(STATEMENT, sound).enough_ms for sound in (0.98, None, 0.02))
    assert sure < unknown < unsure
    assert 500 < unknown < 650, "nobody can tell"


def test_no_verdict_is_no_sign_that_more_will_come():
    """A verdict that comes too late, on a busy machine, leaves the silence that is enough where nobody can tell."""
    assert decided(STATEMENT).enough_ms <= 750
    assert decided("What is the weather like today?").enough_ms < 600


@pytest.mark.parametrize("text", ["I would like to book a", "And so my fellow Americans.", "Well, um,"])
def test_words_that_break_off_are_waited_for(text: str):
    assert decided(text, 0.9).enough_ms == PATIENT_MS, "the sound says otherwise"
    assert decided(text, 0.02).enough_ms == decided(text).enough_ms == 2_000


def test_nobody_waits_longer_than_a_share_of_the_longest_silence_for_whole_words():
    assert decided("It is.", 0.02).enough_ms == SURE_MS


def test_the_sound_alone_can_be_sure_that_more_will_come():
    assert decided(STATEMENT, 0.01).enough_ms == 2_000
    assert decided("Yes.", 0.01, kind=Expects.YES_NO).enough_ms < 600, "but one word is an answer here"


def test_unknown_words_are_waited_for():
    assert decided(None, 0.99).enough_ms == 2_000


def test_the_completeness_agent_overrules_all_else():
    assert decided("I would like to book a", 0.1, 1.0).enough_ms == 250
    assert decided("What is the weather like?", 0.9, 0.0).enough_ms == 2_000


def test_a_yes_is_an_answer_to_a_question_that_wants_one():
    assert decided("Yes.", kind=Expects.YES_NO).enough_ms < 300 < 700 < decided("Yes.").enough_ms


@pytest.mark.parametrize(
    ("said", "text", "answers"),
    [
        ("Would you like tea or coffee?", "Coffee, please.", True),
        ("Would you like tea or coffee?", "The tea.", True),
        ("Would you like tea or coffee?", "I would like", False),
        ("Would you like tea or coffee?", "Tea and", False),
        ("Would you like tea or coffee?", "Tea,", False),
        ("Would you like tea or coffee?", "Some water.", False),
        ("Is that right?", "Mm-hmm.", True),
        ("Is that right?", "Um.", False),
        ("What would you like to drink?", "Mm-hmm.", False),
    ],
)
def test_one_of_the_choices_and_a_hum_are_answers_too(said: str, text: str, answers: bool):
    turn = Turn(1, 1, 64, text, final=text, verdicts=[(64, 0.6)])
    decision = decide(turn, POLICY, asked_by(said), 0)
    assert (decision.enough_ms == POLICY.min_silence_ms) is answers


def test_a_number_is_waited_for_and_answered_at_once_when_it_is_complete():
    number = {"kind": Expects.NUMBER, "digits": 10}
    assert decided("It's 555 01", 0.9, **number).enough_ms > 700
    complete = decided("It's 555 010 4477", 0.1, **number)
    assert (complete.enough_ms, complete.because) == (250, "the number is complete")


@pytest.mark.parametrize("asking", ["What is your address?", "Wie ist Ihre Adresse?"])
def test_an_address_is_waited_for_after_its_street(asking: str):
    turn = Turn(1, 1, 64, "14 Elm Street.", final="14 Elm Street.", verdicts=[(64, 0.6)])
    address = decide(turn, POLICY, asked_by(asking), 0).enough_ms
    assert decide(turn, POLICY, Asked(), 0).enough_ms < 720 < 1_000 < address <= PATIENT_MS


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("I have two numbers on file. What is your order number?", Asked(Expects.NUMBER)),
        ("Thanks for the first two. And what is your phone number?", Asked(Expects.NUMBER, 10)),
        ("What's your account number? It has eight digits.", Asked(Expects.NUMBER, 8)),
        ("We keep your phone number private.", Asked()),
    ],
)
def test_how_many_digits_are_due_is_said_by_the_request_alone(said: str, asked: Asked):
    assert asked_by(said) == asked


def test_the_callers_own_pace_is_a_floor():
    assert decided("What is the weather like?", 0.99).enough_ms == 250
    assert decided("What is the weather like?", 0.99, floor_ms=400).enough_ms == 400


def test_eagerness_shortens_and_lengthens_what_lies_between_the_limits():
    text = "What is the weather like?"
    high, medium, low = (decided(STATEMENT, 0.92, eagerness=level).enough_ms for level in ("high", "medium", "low"))
    assert 250 < high < medium < low < SURE_MS
    assert decided(STATEMENT, 0.92).enough_ms == medium
    assert decided(text, 0.99, eagerness="medium", floor_ms=400).enough_ms == 250, "only `auto` minds the caller's pace"


def test_what_plainly_breaks_off_is_not_worth_a_speculative_answer():
    assert worth_answering("What is the weather like?")
    assert not worth_answering("What is the weather like and")


def test_the_same_words_after_another_pause_are_judged_by_its_own_verdict():
    turn = Turn(1, 1, 64, STATEMENT, final=STATEMENT, verdicts=[(64, 0.02)])
    unsure = decide(turn, POLICY, Asked(), 0)
    turn.next_pause()
    turn.final = STATEMENT
    turn.verdicts.append((64, 0.98))
    assert decide(turn, POLICY, Asked(), 0).enough_ms == decided(STATEMENT, 0.98).enough_ms < unsure.enough_ms


def test_fitted_weights_take_the_place_of_the_shipped_ones():
    turn = Turn(1, 1, 64, STATEMENT, final=STATEMENT, verdicts=[(64, 0.9)])
    fitted = weights_with((SignWeight("sound", 2.0), SignWeight("of_another_version", 9.0)))
    now, shipped = decide(turn, POLICY, Asked(), 0, fitted), decided(STATEMENT, 0.9)
    assert now.evidence - shipped.evidence == pytest.approx((2.0 - WEIGHTS["sound"]) * logit(0.9))


def test_words_that_want_more_lengthen_the_silence_and_whole_ones_shorten_it():
    open_ended, whole = decided("I'd like a large", 0.6), decided("I'd like a large pizza", 0.6)
    assert whole.enough_ms + 100 < open_ended.enough_ms
    assert decided("Peregrinus Xanthippe", 0.6).evidence == pytest.approx(
        WEIGHTS["bias"] + WEIGHTS["sound"] * logit(0.6) + WEIGHTS["open"]
    ), "of words that it does not know it says nothing"


def test_what_is_dictated_is_waited_for_until_it_is_whole():
    for dictated, enough_ms, because in ((1.0, 250, "is whole"), (0.0, PATIENT_MS, "is not whole yet")):
        turn = Turn(1, 1, 64, STATEMENT, final=STATEMENT, dictated=dictated)
        turn.verdicts.append((64, 0.5))
        decision = decide(turn, POLICY, Asked(), 0)
        assert decision.enough_ms == enough_ms
        assert because in decision.because


def test_what_a_tool_expects_comes_before_the_agents_words():
    assert asked_by("What is your name?", Expects.NUMBER) == Asked(Expects.NUMBER)
    assert asked_by("What is your ten-digit number?") == Asked(Expects.NUMBER, 10)
