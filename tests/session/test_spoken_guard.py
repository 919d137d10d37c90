"""Denied phrases are found as the voice says them."""

import threading

import pytest

from voi.dialogue import ReplySegment, SpokenWords
from voi.session import spoken_guard
from voi.session.chunker import ReplyReading
from voi.session.spoken_guard import SpokenGuard, prepare


async def read(text: str, phrases: list[str], language: str = "en", size: int = 3) -> tuple[str, bool]:
    """What both guards release of a reply, and whether one of them denies it."""
    reading, guard = ReplyReading(phrases=phrases, language=language), SpokenGuard(phrases, language)
    pieces = []
    for at in range(0, len(text), size):
        pieces += await guard.feed(reading.feed(text[at : at + size]))
    pieces += await guard.feed(reading.close())
    if not reading.denied:
        pieces += guard.close()
    return "".join(piece.text for piece in pieces), reading.denied or guard.denied


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
async def test_denied(phrase: str, text: str, language: str, size: int) -> None:
    said, denied = await read(text, [phrase], language, size)
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
async def test_harmless(phrase: str, text: str) -> None:
    assert await read(text, [phrase]) == (text, False)


async def test_a_piece_waits_only_while_its_end_may_become_a_phrase() -> None:
    guard = SpokenGuard(["one fox two"], "en")
    said = [ReplySegment("Hello there."), ReplySegment(" I see 1 fox.")]
    assert [piece.text for piece in await guard.feed(said)] == ["Hello there."]
    rest = await guard.feed([ReplySegment(" There it is.")])
    assert [piece.text for piece in rest] == [" I see 1 fox.", " There it is."]


async def test_the_pieces_come_with_the_words_that_the_guard_read() -> None:
    guard = SpokenGuard(["as an AI"], "de")
    (piece,) = await guard.feed([ReplySegment(" Nimm 5 € mit.", "narrator", "sad")])
    assert piece == ReplySegment(" Nimm 5 € mit.", "narrator", "sad", SpokenWords("Nimm fünf Euro mit.", "de"))


async def test_pieces_are_read_off_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = SpokenGuard(["as an AI"], "en")
    threads: list[int] = []
    monkeypatch.setattr(spoken_guard, "speakable", lambda text, language: threads.append(threading.get_ident()) or text)
    await guard.feed([ReplySegment("One."), ReplySegment(" Two.")])
    assert len(threads) == 2
    assert threading.get_ident() not in threads


async def test_a_guard_that_starts_over_knows_nothing_of_what_came_before() -> None:
    guard = SpokenGuard(["one fox two"], "en")
    assert not await guard.feed([ReplySegment("I see 1 fox")])
    guard.start_over()
    assert [piece.text for piece in await guard.feed([ReplySegment("2 hens.")])] == ["2 hens."]


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
    "text",
    [
        "Plan A: I go.",
        "Plan A. I go.",
        "Plan A, I go.",
        "It is grade A; I knew.",
        "Vitamin A? I do.",
        "Plan A I like.",
        "Vitamin A I take daily.",
        "Hepatitis A I had.",
        "Plan A i plan B.",
        "Praha a i Brno.",
    ],
)
@pytest.mark.parametrize("size", [1, 1_000])
async def test_letters_that_a_sentence_parts_are_no_spelt_acronym(text: str, size: int) -> None:
    assert await read(text, ["AI"], "en", size) == (text, False)


async def test_a_phrase_may_name_a_plan_and_go_on() -> None:
    assert (await read("Plan A I reject.", ["Plan A I reject"]))[1]
    assert not (await read("Plan AI.", ["Plan A I reject"]))[1]


@pytest.mark.parametrize("text", ["An AI here.", "As an A I, no.", "An A.I. here.", "An A I here.", "Ask the AIs."])
async def test_an_acronym_is_found_as_it_is_spelt(text: str) -> None:
    assert (await read(text, ["AI", "AIs"]))[1]


@pytest.mark.parametrize("size", [1, 3, 1_000])
async def test_an_acronym_in_a_phrase_is_no_row_of_words(size: int) -> None:
    for text in ("As an A, I passed.", "As an A: I passed.", "It was an A! I passed.", "Well, we'll go."):
        assert await read(text, ["as an AI", "an AI", "ill"], size=size) == (text, False)
    assert (await read("I speak as an AI.", ["as an AI"], size=size))[1]
