import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.core.can_end import HIGHEST, LOWEST, odds


@pytest.mark.parametrize(
    ("broken_off", "whole"),
    [
        ("What time does the", "What time does the store open"),
        ("I went there because they", "I went there because they called me"),
        ("My favorite is", "My favorite is pizza"),
        ("I was looking for", "I was looking for a job"),
        ("I think it was really", "I think it was really fun"),
        ("Do you want me to", "Do you want me to help you"),
        ("Tell me more about", "Tell me more about it"),
    ],
)
def test_words_that_want_more_are_told_from_an_end(broken_off: str, whole: str) -> None:
    first, second = odds(broken_off), odds(whole)
    assert first is not None
    assert second is not None
    assert first < -1 < second + 1
    assert second - first > 1


def test_the_recognisers_full_stop_tells_nothing() -> None:
    assert odds("I was looking for.") == odds("i was looking for")


@pytest.mark.parametrize(
    "text", ["", " ... ", "Ich möchte gern einen Kaffee", "コーヒーをください", "Marcellus Xanthippe"]
)
def test_of_other_languages_and_unknown_words_nothing_is_said(text: str) -> None:
    assert odds(text) is None


@given(st.text(max_size=60))
def test_anything_may_be_said(text: str) -> None:
    found = odds(text)
    assert found is None or LOWEST <= found <= HIGHEST


def test_it_takes_microseconds() -> None:
    text = "I would like to know what time the museum of modern art opens on a " * 20
    began_s = time.process_time()
    for _ in range(20):
        odds(text)
    assert (time.process_time() - began_s) / 20 < 0.01
