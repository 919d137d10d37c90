"""Denied phrases are found as the voice says them."""

import threading

import pytest

from voi.session import spoken_guard
from voi.session.chunker import ReplyReading
from voi.session.spoken_guard import SpokenGuard, prepare


def read(text: str, phrases: list[str], language: str = "en", size: int = 3) -> tuple[str, bool]:
    reading = ReplyReading(phrases=phrases, language=language)
    pieces = [piece for at in range(0, len(text), size) for piece in reading.feed(text[at : at + size])]
    return "".join(piece.text for piece in pieces + reading.close()), reading.denied


@pytest.mark.parametrize(
    ("phrase", "text", "language"),
    [
        ("five dollars", "It costs $5 a piece.", "en"),
        ("$5", "It costs five dollars a piece.", "en"),
        ("doctor Who", "Ask Dr. Who, please.", "en"),
        ("Dr. Who", "Ask doctor Who, please.", "en"),
        ("as an AI", "I speak as an AI's voice.", "en"),
        ("as an AI", "I speak as an AI™ model.", "en"),
        ("I can't help", "No, I can&amp;#39;t help.", "en"),
        ("I cannot help", "No, I <!-- so --> cannot help.", "en"),
        ("I cannot help", "No, I can not help.", "en"),
        ("twenty one", "There are 21 of us.", "en"),
        ("zum Beispiel", "Nimm z. B. Brot.", "de"),
        ("fünf Euro", "Es kostet 5 €.", "de"),
        ("one fox. Two hens", "I see 1 fox. 2 hens are here.", "en"),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_denied(phrase: str, text: str, language: str, size: int) -> None:
    said, denied = read(text, [phrase], language, size)
    assert denied
    assert text.startswith(said)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("five dollars", "It costs $15 or 5 euros."),
        ("as an AI", "It was an airport's aisle."),
        ("doctor Who", "Who is the doctor? Dr. Whom."),
        ("I can", "I can't say. He can’t either."),
        ("language model", "Language models are large; modelling is hard."),
    ],
)
def test_harmless(phrase: str, text: str) -> None:
    assert read(text, [phrase]) == (text, False)


def test_a_piece_waits_only_while_its_end_may_become_a_phrase() -> None:
    reading = ReplyReading(phrases=["one fox two"])
    assert [piece.text for piece in reading.feed("Hello there. I see 1 fox. ")] == ["Hello there."]
    assert [piece.text for piece in reading.feed("There it is. ")] == [" I see 1 fox.", " There it is."]


async def test_what_many_phrases_need_is_built_once_and_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []

    def speakable(text: str, language: str) -> str:
        built.append(threading.current_thread().name)
        return text

    monkeypatch.setattr(spoken_guard, "speakable", speakable)
    phrases = [f"phrase number {number}" for number in range(50)]
    for _ in range(3):
        await prepare(phrases, "en")
    SpokenGuard(phrases, "en")
    assert len(built) == 50
    assert threading.main_thread().name not in built


@pytest.mark.parametrize(
    "text", ["Plan A: I go.", "Plan A. I go.", "Plan A, I go.", "It is grade A; I knew.", "Vitamin A? I do."]
)
@pytest.mark.parametrize("size", [1, 1_000])
def test_letters_that_a_sentence_parts_are_no_spelt_acronym(text: str, size: int) -> None:
    assert read(text, ["AI"], "en", size) == (text, False)


@pytest.mark.parametrize("text", ["An AI here.", "An A.I. here.", "An A I here.", "Ask the AIs."])
def test_an_acronym_is_found_as_it_is_spelt(text: str) -> None:
    assert read(text, ["AI", "AIs"])[1]


@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_an_acronym_in_a_phrase_is_no_row_of_words(size: int) -> None:
    for text in ("As an A, I passed.", "As an A: I passed.", "It was an A! I passed.", "Well, we'll go."):
        assert read(text, ["as an AI", "an AI", "ill"], size=size) == (text, False)
    assert read("I speak as an AI.", ["as an AI"], size=size)[1]
