import pytest

from voi.core.series import digits_at_end, digits_due, spells


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("", 0),
        ("I have 2 dogs.", 0),
        ("It's 555 01 99.", 7),
        ("one two three", 3),
        ("What zero zero zero one?", 4),
        ("1-0-0-0-1. 9-0-2-1-0.", 10),
        ("double five, four", 3),
        ("twenty three", 2),
        ("four one five, fifty-five, twenty three", 7),
        ("one hundred twenty three", 3),
        ("one eight hundred five five five", 7),
        ("five o five", 3),
    ],
)
def test_digits_at_the_end(text: str, digits: int):
    assert digits_at_end(text) == digits


@pytest.mark.parametrize(
    ("text", "letters"), [("That's i, t, i", True), ("S-I-T", True), ("It is a", False), ("", False)]
)
def test_letters_at_the_end(text: str, letters: bool):
    assert spells(text) is letters


@pytest.mark.parametrize(
    ("asked", "digits"),
    [
        ("What is your phone number?", 10),
        ("The last four digits of your card, please?", 4),
        ("Please say your 6-digit code.", 6),
        ("And your zip code?", 5),
        ("Bitte nennen Sie die 6-stellige Nummer.", 6),
        ("Quels sont les 4 chiffres du code ?", 4),
        ("请说出6位验证码。", 6),
        ("How are you?", None),
    ],
)
def test_digits_that_a_question_wants(asked: str, digits: int | None):
    assert digits_due(asked) == digits
