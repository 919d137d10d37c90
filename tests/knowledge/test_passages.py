"""Passages hold all of a text, once, within their bounds, cut at the best places."""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from voi.knowledge.passages import PASSAGE_MAX_CHARACTERS, headings, passages

PIECES = st.sampled_from(
    ["word ", "Satz. ", "文。", "これは長い文です。", "\n", "\n\n", "# Title\n", "### Sub\n", "x" * 700, "e\u0301" * 9,
     "한국어 문장이다. ", "नमस्ते। ", "؟ ", "\u0301" * 40, " "]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=3_000), st.lists(PIECES, max_size=400).map("".join))


@given(TEXTS)
@example("x" * 5_000)
@example("\u0301" * 5_000)
@example("\n" * 5_000)
def test_nothing_is_lost_or_doubled_and_bounds_hold(text: str) -> None:
    parts = passages(text)
    assert "".join(parts) == text
    assert all(0 < len(part) <= PASSAGE_MAX_CHARACTERS for part in parts)
    assert len(list(headings(parts))) == len(parts)


@given(TEXTS)
def test_passages_are_not_needlessly_many(text: str) -> None:
    """Any two neighbours are more than one passage's worth, but for what a heading, or a part that had to be cut, sets
    apart."""
    plain = text.replace("#", "")
    parts = passages(plain)
    assert len(parts) <= 1 + 4 * len(plain) // PASSAGE_MAX_CHARACTERS + plain.count("\n\n")


@given(st.integers(1, 400))
def test_no_accent_is_taken_from_its_letter(count: int) -> None:
    for part in passages("a" * (count % 7) + "e\u0301" * 1_500):
        assert not unicodedata.combining(part[0])


def test_a_short_text_is_one_passage() -> None:
    assert passages("# A\n\nOne.\n\n# B\n\nTwo.\n") == ["# A\n\nOne.\n\n# B\n\nTwo.\n"]
    assert passages("") == []


def test_headings_and_paragraphs_are_the_first_places_to_cut() -> None:
    sections = [f"# Part {number}\n\n{'All of this belongs together. ' * 20}\n\n" for number in range(4)]
    assert passages("".join(sections)) == sections
    paragraph = "One sentence of this paragraph. " * 15 + "\n\n"
    assert passages(paragraph * 6) == [paragraph * 2] * 3


def test_sentences_stay_whole_in_any_script() -> None:
    for sentence in (
        "Wir haben montags geöffnet. ",
        "図書館は九時に開きます。",
        "هل المكتبة مفتوحة؟ ",
        "पुस्तकालय खुला है। ",
    ):
        parts = passages(sentence * 200)
        assert len(parts) > 1
        assert all(part.endswith(sentence) for part in parts)


def test_each_passage_knows_the_headings_above_it() -> None:
    body = "Words to fill this part of the text with. " * 12 + "\n"
    text = f"# Shop\n{body}## Hours\n{body}### Weekends\n{body}## Prices\n{body}# Team\n{body}"
    assert list(headings(passages(text))) == [
        "Shop",
        "Shop › Hours",
        "Shop › Hours › Weekends",
        "Shop › Prices",
        "Team",
    ]
    assert list(headings(["no heading\n# A\n", "of a\n"])) == ["", "A"]
