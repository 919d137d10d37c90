import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voi.core.ledger import Ledger, as_written, join
from voi.dialogue import SpokenWord


def told() -> Ledger:
    ledger = Ledger()
    ledger.text(0, "Hello there, my friend.", spoken=True)
    ledger.text(1, "She smiles.", spoken=False)
    ledger.text(2, "How are you today?", spoken=True)
    ledger.voiced(0, 0, 1_150)
    ledger.voiced(2, 1_150, 900)
    return ledger


def test_nothing_was_heard_before_the_sound_began() -> None:
    assert told().heard(0) == ""


def test_whole_pieces_are_kept_and_the_one_playing_is_cut_at_a_word() -> None:
    assert told().heard(600) == "Hello there,"
    assert told().heard(1_149) == "Hello there, my"
    assert told().heard(1_500) == "Hello there, my friend. She smiles. How are"
    assert told().heard(9_000) == told().full_text() == "Hello there, my friend. She smiles. How are you today?"


def test_what_was_taken_back_has_no_sound_either() -> None:
    """A try that was denied before anybody heard it; the next one's sound begins at 0 again."""
    ledger = Ledger()
    ledger.text(0, "Denied text here.")
    ledger.voiced(0, 0, 1_000)
    assert ledger.all_voiced
    ledger.text(0, "", spoken=False)
    ledger.text(1, "Good text here.")
    assert not ledger.all_voiced
    ledger.voiced(1, 0, 800)
    assert ledger.heard(600) == "Good text"
    assert ledger.heard(800) == "Good text here."


def test_shown_text_counts_with_what_precedes_it() -> None:
    assert told().heard(1_150) == "Hello there, my friend. She smiles."


def test_a_reply_without_sound_was_read_whole() -> None:
    ledger = Ledger()
    ledger.text(0, "One.", spoken=False)
    ledger.text(1, "Two.", spoken=False)
    assert ledger.heard(0) == "One. Two."


def test_an_unknown_length_is_estimated_from_the_other_pieces() -> None:
    ledger = Ledger()
    ledger.text(0, "abcd efgh.")
    ledger.voiced(0, 0, 1_000)
    ledger.text(1, "ijkl mnop.")
    assert ledger.heard(1_500) == "abcd efgh. ijkl"
    assert ledger.heard(2_000) == "abcd efgh. ijkl mnop."


def test_what_was_taken_back_does_not_count_in_the_estimate() -> None:
    ledger = Ledger()
    ledger.text(0, "Denied.")
    ledger.voiced(0, 0, 9_000)
    ledger.text(0, "", spoken=False)
    ledger.text(1, "abcd efgh.")
    ledger.voiced(1, 0, 1_000)
    ledger.text(2, "ijkl mnop.")
    assert ledger.heard(2_000) == "abcd efgh. ijkl mnop."


def test_an_unknown_length_is_guessed_when_no_piece_is_known() -> None:
    ledger = Ledger()
    ledger.text(0, "abcd efgh.")
    assert ledger.heard(400) == "abcd"


def test_chinese_is_cut_at_any_character_and_joined_without_spaces() -> None:
    ledger = Ledger()
    ledger.text(0, "你好。")
    ledger.text(1, "今天怎么样？")
    ledger.voiced(0, 0, 300)
    ledger.voiced(1, 300, 600)
    assert ledger.heard(500) == "你好。今天"


def test_pieces_may_carry_their_own_spacing() -> None:
    assert join(["Hello, ", "you.", "", " Bye."]) == "Hello, you. Bye."


@example([("a  ", True, 2), ("a", False, None)], 0, 1)
@example([("  ", True, 2), ("a", False, None)], 0, 1)
@given(
    st.lists(st.tuples(st.text("ab .", min_size=1, max_size=12), st.booleans(), st.integers(0, 900) | st.none())),
    st.integers(0, 9_000),
    st.integers(0, 2_000),
)
def test_more_sound_never_means_fewer_words(
    pieces: list[tuple[str, bool, int | None]], played_ms: int, more_ms: int
) -> None:
    ledger = Ledger()
    start_ms = 0
    for piece, (text, spoken, audio_ms) in enumerate(pieces):
        ledger.text(piece, text, spoken)
        if spoken and audio_ms is not None:
            ledger.voiced(piece, start_ms, audio_ms)
            start_ms += audio_ms
    less, more = ledger.heard(played_ms), ledger.heard(played_ms + more_ms)
    assert more.startswith(less)
    assert ledger.full_text().startswith(more)


def test_no_space_before_punctuation() -> None:
    assert join(["Good morning", ", I paid", "."]) == "Good morning, I paid."


# ---- the times of words --------------------------------------------------------------------------------


def timed(*ends_ms: int, text: str = "It is, you know, sunny. ") -> Ledger:
    """Each word is as long as the time since the one before it, less 20 ms of silence; a pause follows."""
    ledger = Ledger()
    ledger.text(0, text)
    starts = (0, *(end_ms + 20 for end_ms in ends_ms[:-1]))
    words = [SpokenWord(word, *span) for word, *span in zip(text.split(), starts, ends_ms, strict=True)]
    ledger.voiced(0, 0, ends_ms[-1] + 250, words)
    ledger.text(1, "And warm.")
    return ledger


@pytest.mark.parametrize(
    ("played_ms", "heard"),
    [
        (0, ""),
        (199, ""),
        (200, "It"),
        (219, "It"),
        (799, "It is, you"),
        (800, "It is, you know,"),
        (1_499, "It is, you know,"),
        (1_500, "It is, you know, sunny."),  # its own last word, the pause after it left out
        (1_749, "It is, you know, sunny."),
    ],
)
def test_words_with_times_are_heard_when_they_end(played_ms: int, heard: str) -> None:
    assert timed(200, 500, 650, 800, 1_500).heard(played_ms) == heard


def test_an_unknown_length_is_estimated_without_the_pauses_of_the_others() -> None:
    ledger = Ledger()
    ledger.text(0, "abcd efgh.")
    ledger.voiced(0, 0, 1_500, [SpokenWord("abcd", 0, 480), SpokenWord("efgh.", 500, 1_000)])
    ledger.text(1, "ijkl mnop.")
    assert ledger.heard(1_950) == "abcd efgh. ijkl"
    assert ledger.heard(2_500) == "abcd efgh. ijkl mnop."


def test_a_word_that_is_many_is_cut_at_its_characters() -> None:
    ledger = Ledger()
    ledger.text(0, "今天怎么样？ 很好。")
    ledger.voiced(0, 0, 1_000, [SpokenWord("今天怎么样？", 0, 600), SpokenWord("很好。", 700, 1_000)])
    assert ledger.heard(250) == "今天"
    assert ledger.heard(650) == "今天怎么样？"
    assert ledger.heard(900) == "今天怎么样？ 很好"


def test_times_that_do_not_fit_the_text_are_not_used() -> None:
    ledger = Ledger()
    ledger.text(0, "Hello there, my friend.")
    ledger.voiced(0, 0, 1_150, [SpokenWord("Hello", 0, 1_100)])
    assert ledger.heard(600) == "Hello there,"


@given(
    st.lists(st.tuples(st.text("ab字", min_size=1, max_size=6), st.integers(0, 90), st.integers(1, 400)), min_size=1),
    st.integers(0, 9_000),
    st.integers(0, 2_000),
)
def test_with_word_times_too_more_sound_never_means_fewer_words(
    words: list[tuple[str, int, int]], played_ms: int, more_ms: int
) -> None:
    ledger, at_ms, spans = Ledger(), 0, []
    for word, pause_ms, sound_ms in words:
        spans.append(SpokenWord(word, at_ms + pause_ms, at_ms + pause_ms + sound_ms))
        at_ms = spans[-1].end_ms
    text = " ".join(word for word, *_ in words)
    ledger.text(0, text)
    ledger.voiced(0, 0, at_ms + 100, spans)
    less, more = ledger.heard(played_ms), ledger.heard(played_ms + more_ms)
    assert more.startswith(less)
    assert text.startswith(more)
    whole = [span.text for span in spans if span.end_ms <= played_ms]
    assert less.split()[: len(whole)] == whole


# ---- the words that a voice reports -----------------------------------------------------------------


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
