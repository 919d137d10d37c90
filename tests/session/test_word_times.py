import pytest

from voi.dialogue import SpokenWord
from voi.session.word_times import as_written


def words(*told: tuple[str, int, int]) -> list[SpokenWord]:
    return [SpokenWord(*one) for one in told]


@pytest.mark.parametrize(
    ("text", "spoken", "expected"),
    [
        ("Hello, you!", words(("Hello,", 0, 5), ("you!", 5, 9)), [("Hello,", 0, 5), ("you!", 5, 9)]),
        (
            "It costs $25.",
            words(("It", 0, 1), ("costs", 1, 3), ("twenty-five", 3, 7), ("dollars.", 7, 9)),
            [("It", 0, 1), ("costs", 1, 3), ("$25.", 3, 9)],
        ),
        ("A *b* c", words(("A", 0, 1), ("b", 1, 2), ("c", 2, 3)), [("A", 0, 1), ("*b*", 1, 2), ("c", 2, 3)]),
        ("Hi 😀 you", words(("Hi", 0, 4), ("you", 4, 8)), [("Hi", 0, 4), ("😀", 4, 4), ("you", 4, 8)]),
        ("a b 5%", words(("a", 0, 1), ("b", 1, 2), ("five", 2, 3), ("percent", 3, 4)),
         [("a", 0, 1), ("b", 1, 2), ("5%", 2, 4)]),
        ("x y", words(("ecks-why", 0, 10)), [("x", 0, 5), ("y", 5, 10)]),
        ("Ja", words(("Ja", 0, 1), ("well", 1, 3)), [("Ja", 0, 3)]),
    ],
)  # fmt: skip
def test_times_of_the_words_as_they_are_written(
    text: str, spoken: list[SpokenWord], expected: list[tuple[str, int, int]]
) -> None:
    found = as_written(text, spoken)
    assert [(word.text, word.start_ms, word.end_ms) for word in found] == expected
    assert [word.text for word in found] == text.split()


def test_where_nothing_is_known() -> None:
    assert as_written("Hello.", ()) == ()
    assert as_written("", words(("x", 0, 1))) == ()
    assert as_written("你好吗", words(("你好吗", 0, 9))) == ()  # its words are not parted by spaces


def test_estimates_stay_estimates() -> None:
    assert as_written("Hi.", [SpokenWord("Hi.", 0, 9, True)]) == (SpokenWord("Hi.", 0, 9, True),)
    assert [word.estimated for word in as_written("x y", words(("ecks-why", 0, 10)))] == [True, True]
