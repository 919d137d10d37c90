import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.core.guard import PatternGuard, RetryPlan, denied_class

PHRASES = ["I can't help", "as an AI", "I'm sorry, but"]


@pytest.mark.parametrize(
    "text",
    [
        "Well, I can't help with that.",
        "I can’t help",
        "i CAN'T\n help",
        "I cant help",
        'I "can\'t" help',
        "I can´t  help",
        "I\u200b can't\u00a0hel\u00adp",
        "Ｉ ｃａｎ'ｔ ｈｅｌｐ",
        "I **can't** help",
        "Speaking as\nan ai, no.",
        "I’m sorry,but no",
    ],
)
def test_denials_in_any_guise(text):
    for size in (1, 2, 5, 100):
        guard = PatternGuard(PHRASES)
        released = "".join(guard.feed(text[at : at + size]) for at in range(0, len(text), size))
        assert guard.denied
        assert not fold(released + guard.close()).endswith(("ican", "asa", "imso"))
        assert guard.feed("more") == ""


def test_a_phrase_inside_the_beginning_of_a_longer_one_is_found():
    guard = PatternGuard(["as an AI model", "an AI"])
    guard.feed("Speaking as an AI, no.")
    assert guard.denied


def test_text_waits_only_while_it_may_become_a_phrase():
    guard = PatternGuard(PHRASES)
    assert guard.feed("Well, I c") == "Well, "
    assert guard.feed("an do it. ") == "I can do it. "
    assert guard.feed("As an") == ""
    assert guard.feed(" artist") == "As an artist"
    assert not guard.denied


def test_a_sign_stays_with_the_word_that_it_touches():
    guard = PatternGuard(["com on"])
    assert guard.feed("Go to example") == "Go to example"
    assert guard.feed(".com") == ""
    assert guard.feed(" today.") == ".com today."


def test_no_phrases_no_delay():
    guard = PatternGuard(["", "''", " "])
    assert guard.feed("anything") == "anything"
    assert not guard.denied


def test_closing_gives_the_rest_unless_denied():
    guard = PatternGuard(PHRASES)
    assert guard.feed("That is as an") == "That is "
    assert guard.close() == "as an"
    guard.feed("I can't hel")
    guard.feed("p")
    assert guard.denied
    assert guard.close() == ""


def fold(text):
    """An oracle for the texts used here."""
    kept = (c for c in unicodedata.normalize("NFKC", text).casefold() if c not in "'’\"\u200b*" and not c.isspace())
    return "".join(kept)


SMALL = st.text(alphabet="abAB '’\u200b.", max_size=30)


@given(SMALL, st.lists(st.text(alphabet="abA '.", min_size=1, max_size=5), max_size=4), st.lists(st.integers(1, 7)))
def test_against_brute_force(text, phrases, sizes):
    folded = [fold(phrase) for phrase in phrases if fold(phrase)]
    guard, released, at = PatternGuard(phrases), "", 0
    for size in [*sizes, max(1, len(text))]:
        released += guard.feed(text[at : at + size])
        at += size
        seen = text[:at]
        denied = any(phrase in fold(seen) for phrase in folded)
        assert guard.denied == denied
        assert text.startswith(released)
        if denied:
            first = min(fold(seen).find(phrase) for phrase in folded if phrase in fold(seen))
            assert len(fold(released)) <= first
            return
        may_begin = max(
            (n for phrase in folded for n in range(1, len(phrase)) if fold(seen).endswith(phrase[:n])), default=0
        )
        held = seen[len(released) :]
        assert len(fold(held)) >= may_begin
        assert len(fold(held.lstrip(".'’\u200b"))) <= may_begin  # signs stay with their word
    assert released + guard.close() == text


def test_composed_letters_and_long_letters():
    assert denies("résumé", "RE\u0301SUME\u0301")
    assert denies("straße", "STRASSE")
    assert denies("없어요", "네 없어요.")
    assert not denies("없어", "없었어")


def denies(phrase, text):
    guard = PatternGuard([phrase])
    guard.feed(text)
    return guard.denied


def test_linear_in_hostile_text():
    guard = PatternGuard(["a" * 500 + "b", "aa" * 200 + "c"])
    released = "".join(guard.feed("a" * 100) for _ in range(1_000))
    assert len(released) == 100_000 - 500


def test_temperatures_rise_to_the_cap():
    plan = RetryPlan()
    assert [plan.temperature(i) for i in range(3)] == [0.5, 0.75, 1.125]
    assert RetryPlan(cap=1.0).temperature(2) == 1.0
    assert plan.temperature(10**9) == plan.cap
    assert [plan.gives_up(n) for n in range(5)] == [False, False, False, True, True]


@pytest.mark.parametrize(
    "answer",
    [
        '{"class": "denial"}',
        "```json\n{'class': 'Denial', 'reason': 'it refuses'}\n```",
        'The answer: {"reason": "a {brace}", "class": "denial"} I hope it helps.',
        "{class: denial}",
        '{"class": "denial"',
        '{"Class": ["denial", "other"]}',
        "denial",
        " 'Denial'. ",
    ],
)
def test_a_denial_class_however_it_is_written(answer):
    assert denied_class(answer, ["denial", "refusal"])


@pytest.mark.parametrize(
    "answer", ['{"class": "fine"}', "", "no denial here", '{"class": null}', "{" * 9_000, '{"a":' * 9_000]
)
def test_everything_else_is_no_denial(answer):
    assert not denied_class(answer, ["denial"])
