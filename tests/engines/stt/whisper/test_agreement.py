from voi.engines.stt.whisper.agreement import EDGE_MS, Agreement
from voi.engines.stt.whisper.words import RawWord, text_of


def words(text: str, each_ms: int = 300) -> list[RawWord]:
    return [RawWord(f" {word}", (), at * each_ms, (at + 1) * each_ms) for at, word in enumerate(text.split())]


def test_what_two_passes_agree_on_is_confirmed() -> None:
    agreement = Agreement()
    agreement.take(words("and so my"), 900 + EDGE_MS)
    assert agreement.confirmed == []
    agreement.take(words("And so, my fellow"), 1200 + EDGE_MS)
    assert text_of(agreement.confirmed) == "And so, my", "as the newer pass writes it"
    assert text_of(agreement.tentative) == "fellow"


def test_hypotheses_follow_what_is_confirmed() -> None:
    agreement = Agreement()
    agreement.take(words("and so my"), 2_000)
    agreement.take(words("and so my fellow"), 2_300)
    agreement.take(words("fellow Americans"), 2_600)
    assert text_of((*agreement.confirmed, *agreement.tentative)) == "and so my fellow Americans"


def test_a_word_at_the_edge_proves_nothing() -> None:
    agreement = Agreement()
    agreement.take(words("and so am I"), 1_200)
    agreement.take(words("and so am I fellow"), 1_600)
    assert text_of(agreement.confirmed) == "and so"
    agreement.take(words("my fellow"), 2_000)
    assert text_of((*agreement.confirmed, *agreement.tentative)) == "and so my fellow"


def test_hearing_the_same_twice_proves_nothing() -> None:
    agreement = Agreement()
    for _ in range(3):
        agreement.take(words("thank you"), 2_000)
    assert agreement.confirmed == []


def test_a_pass_that_hears_nothing_takes_back_what_was_open() -> None:
    agreement = Agreement()
    agreement.take(words("one two"), 2_000)
    agreement.take([], 2_400)
    agreement.take(words("one two"), 2_800)
    assert agreement.confirmed == []
    assert text_of(agreement.tentative) == "one two"


def test_confirming_by_force() -> None:
    agreement = Agreement()
    agreement.take(words("one two three"), 2_000)
    agreement.confirm(2)
    assert text_of(agreement.confirmed) == "one two"
    agreement.take(words("three four"), 2_400)
    assert text_of(agreement.confirmed) == "one two three"
