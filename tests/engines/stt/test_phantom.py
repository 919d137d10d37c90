import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.engines.stt.phantom import bare, believable, unloop


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


def test_a_loop_is_cut_after_its_first_round() -> None:
    assert unloop("The first is the first is the first is the first is the") == "The first is"
    assert unloop("The 2020-2020-2020-2020-2020-2020-2020-2") == "The 2020"
    assert believable("The first is the first is the first is the first is the", voiced_ms=100) == ""


@pytest.mark.parametrize("text", ["No no no no!", "Bye bye. Bye bye.", "again and again and again", "very, very good"])
def test_emphasis_is_no_loop(text: str) -> None:
    assert unloop(text) == text


@given(st.lists(st.sampled_from(["a", "b", "c", "no"]), max_size=40).map(" ".join))
def test_unloop_only_ever_shortens_and_settles(text: str) -> None:
    cut = unloop(text)
    assert text.startswith(cut)
    assert unloop(cut) == cut


def test_bare() -> None:
    assert bare("Thank  YOU, I'll go!") == "thank you i'll go"
