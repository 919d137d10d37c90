"""What was heard of a message."""

import itertools
import json

from voi.dialogue import SpokenWord
from voi.transports.rtvi.spoken import SpokenText

HELLO = (SpokenWord("Hello", 0, 300), SpokenWord("there.", 350, 700))
BYE = (SpokenWord("Good", 0, 200), SpokenWord("bye.", 250, 500))


def text(*, legacy: bool = False) -> SpokenText:
    return SpokenText(itertools.count(1), legacy=legacy)


def short(messages: list[bytes]) -> list[tuple[str, ...]]:
    """Words as they are, outputs as (status, what was said, segment)."""
    out: list[tuple[str, ...]] = []
    for message in map(json.loads, messages):
        data = message["data"]
        if message["type"] == "bot-tts-text":
            out.append((data["text"],))
        elif "spoken" in data:
            out.append(("spoken" if data["spoken"] else "shown", data["text"]))
        else:
            out.append((data["spoken_status"], data.get("spoken_progress", {}).get("accumulated_text", "-")))
    return out


def test_two_sentences_word_by_word() -> None:
    spoken = text()
    assert spoken.add(0, "Hello there.", spoken=True) == spoken.add(1, " Good bye.", spoken=True) == []
    spoken.voiced(0, 0, 800, HELLO)
    spoken.voiced(1, 800, 600, BYE)
    assert short(spoken.heard(0)) == [("new", ""), ("Hello",), ("in-progress", "Hello")]
    assert spoken.heard(349) == []
    assert short(spoken.heard(360)) == [("there.",)]
    assert short(spoken.heard(800)) == [
        ("completed", "Hello there."), ("new", ""), ("Good",), ("in-progress", "Good"),
    ]  # fmt: skip
    assert short(spoken.all_heard()) == [("bye.",), ("completed", "Good bye.")]
    assert spoken.all_heard() == []


def test_words_whose_times_come_late_are_caught_up() -> None:
    spoken = text()
    spoken.add(0, "Hello there.", spoken=True)
    assert short(spoken.heard(100)) == [("new", "")]
    assert spoken.heard(400) == []
    spoken.voiced(0, 0, 800, HELLO)
    assert short(spoken.heard(440)) == [("Hello",), ("in-progress", "Hello"), ("there.",)]


def test_without_times_of_words_a_sentence_is_told_at_its_end() -> None:
    spoken = text()
    spoken.add(0, "Hello there.", spoken=True)
    spoken.voiced(0, 0, 800, ())
    assert short(spoken.heard(700)) == [("new", "")]
    assert short(spoken.heard(810)) == [("Hello there.",), ("completed", "Hello there.")]


def test_a_stopped_message_tells_nothing_of_the_rest() -> None:
    spoken = text()
    spoken.add(0, "Hello there.", spoken=True)
    spoken.add(1, "Good bye.", spoken=True)
    spoken.voiced(0, 0, 800, HELLO)
    assert [word for word in short(spoken.heard(100)) if len(word) == 1] == [("Hello",)]


def test_what_has_no_sound_is_shown_in_its_place() -> None:
    spoken = text()
    assert short(spoken.add(0, "[a picture]", spoken=False)) == [("new", "-")]
    spoken.add(1, "Hello there.", spoken=True)
    assert spoken.add(2, "[another]", spoken=False) == []
    spoken.voiced(1, 0, 800, HELLO)
    assert short(spoken.heard(900))[-2:] == [("completed", "Hello there."), ("new", "-")]


def test_a_withdrawn_piece_is_never_told() -> None:
    spoken = text()
    spoken.add(0, "I will not say that.", spoken=True)
    assert spoken.add(0, "", spoken=True) == spoken.all_heard() == []


def test_clients_of_rtvi_1_get_each_sentence_once() -> None:
    spoken = text(legacy=True)
    spoken.add(0, "Hello there.", spoken=True)
    spoken.voiced(0, 0, 800, HELLO)
    assert short(spoken.heard(100)) == [("Hello",)]
    assert short(spoken.heard(900)) == [("there.",), ("spoken", "Hello there.")]
    assert short(spoken.add(1, "shown", spoken=False)) == [("shown", "shown")]
