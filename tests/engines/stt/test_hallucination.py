from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.engines.stt.hallucination import bare, believable, compression_ratio, unlooped


@pytest.mark.parametrize(
    "text", ["You", "?", "Thank you for watching!", "♪♪", "Thanks for watching.", "You.", "", " . "]
)
def test_stock_phrases_on_noise_are_dropped(text: str) -> None:
    assert believable(text, voiced_ms=96) == ""


@pytest.mark.parametrize(("text", "voiced_ms"), [("Thank you.", 420), ("You.", 220), ("Bye bye!", 400), ("Okay.", 300)])
def test_the_same_words_really_spoken_are_kept(text: str, voiced_ms: int) -> None:
    assert believable(text, voiced_ms) == text


def test_text_without_words_is_dropped_however_much_voice_there_was() -> None:
    assert believable("?!", voiced_ms=5_000) == ""


def test_ordinary_words_need_no_proof() -> None:
    assert believable("Stop!", voiced_ms=64) == "Stop!"


def once(text: str) -> str:
    """Without the repeats, which nobody said."""
    words = bare(text).split()
    return " ".join(words[at] for at in unlooped(words, lambda start, end: False))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("The first is the first is the first is the first is the", "The first is"),
        ("The 2020-2020-2020-2020-2020-2020-2020-2", "The 2020"),
        ("No, no, no, no, no, no, that is wrong.", "No, that is wrong."),
        ("My code is zero zero zero zero zero zero and then four", "My code is zero and then four"),
        ("I see it I see it I see it I see it and no no no no no no more", "I see it and no more"),
        ("(no no no no no no no!)", "(no!)"),
    ],
)
def test_of_a_loop_only_the_first_round_is_kept(text: str, kept: str) -> None:
    enough_ms = 100 * max(2, len(bare(kept).split()))
    assert believable(text, voiced_ms=enough_ms) == kept
    assert believable(text, voiced_ms=enough_ms - 1) == ""


def test_repeats_are_kept_where_there_is_voice_for_them() -> None:
    text = "My code is zero zero zero zero zero zero and then four."
    assert believable(text, voiced_ms=1_200) == text
    assert believable(text, voiced_ms=1_199) == "My code is zero and then four."
    assert believable("zero " * 30, voiced_ms=30_000) == "zero", "nobody goes on like this"


@pytest.mark.parametrize("text", ["no no no no", "bye bye bye bye", "again and again and again", "very very good"])
def test_emphasis_is_no_loop(text: str) -> None:
    assert once(text) == text


@given(st.lists(st.sampled_from(["a", "b", "c", "no"]), max_size=40))
def test_unlooping_only_leaves_out_and_settles(words: list[str]) -> None:
    stay = unlooped(words, lambda start, end: False)
    assert stay == sorted(set(stay))
    assert set(words) == {words[at] for at in stay}
    assert once(once(" ".join(words))) == once(" ".join(words))
    asked: list[tuple[int, int]] = []
    everything = unlooped(words, lambda start, end: not asked.append((start, end)))
    assert everything == list(range(len(words)))
    assert all(one[1] <= other[0] for one, other in pairwise(asked)), "each once"


def test_loops_compress_well() -> None:
    assert compression_ratio("") == 0
    assert compression_ratio("and so " * 30) > 2.4 > compression_ratio("the child almost hurt the small dog")


def test_bare() -> None:
    assert bare("Thank  YOU, I'll go!") == "thank you i'll go"
