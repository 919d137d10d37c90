import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.core.sentences import PIECE_MAX_CHARACTERS, Cutter

TOKEN = re.compile(r"[^\r\n\w]?[^\W\d_]+|\d{1,3}| ?[^\s\w]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+|.", re.DOTALL)
"""Roughly how the tokenisers of language models cut text."""


def tokens(text):
    return TOKEN.findall(text)


def cut(text):
    return cut_tokens(tokens(text))


def cut_tokens(parts):
    cutter = Cutter()
    return [piece for part in parts for piece in cutter.feed(part)] + cutter.close()


def test_a_closing_quote_ends_a_sentence_even_after_an_abbreviation():
    assert cut('Everybody here called him "Prof." He liked that a lot.') == [
        'Everybody here called him "Prof."', " He liked that a lot.",
    ]  # fmt: skip


def test_the_first_sentence_goes_off_at_its_full_stop():
    cutter = Cutter()
    early = ["Sure", ",", " I", " can", " help", " you", " with", " that"]
    assert [cutter.feed(token) for token in early] == [[]] * len(early)
    assert cutter.feed(".") == ["Sure, I can help you with that."]
    assert [piece for token in tokens(" We open at nine, and close at five") for piece in cutter.feed(token)] == []
    assert cutter.feed(".") == [" We open at nine, and close at five."]
    assert cutter.close() == []


def test_only_the_first_piece_may_be_a_clause():
    text = "When you come to the station, turn left at the bakery, then go on, and you are there."
    assert cut(text) == [
        "When you come to the station,",
        " turn left at the bakery, then go on, and you are there.",
    ]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Dr. Smith and Mrs. Jones are here.", ["Dr. Smith and Mrs. Jones are here."]),
        ("Use a tool, e.g. a hammer.", ["Use a tool, e.g. a hammer."]),
        ("I went to the U.S. last year.", ["I went to the U.S. last year."]),
        ("J. R. R. Tolkien wrote it.", ["J. R. R. Tolkien wrote it."]),
        ("It costs 3.50 dollars.", ["It costs 3.50 dollars."]),
        ("It costs 1,000,000 dollars.", ["It costs 1,000,000 dollars."]),
        ("Go to example.com now.", ["Go to example.com now."]),
        ("Well... I see it now. Fine.", ["Well...", " I see it now.", " Fine."]),
        ("Well... maybe not so.", ["Well... maybe not so."]),
        ("We open at 9. We close at 5.", ["We open at 9.", " We close at 5."]),
        ("Really?! That is so good.", ["Really?!", " That is so good."]),
        ('He said "Go." And he went.', ['He said "Go."', " And he went."]),
        ("Buy milk, eggs, etc. Then come home.", ["Buy milk, eggs, etc.", " Then come home."]),
        ("1. Mix the flour\n2. Bake it\n", ["1. Mix the flour\n", "2. Bake it\n"]),
        ("A title\n\nA text.", ["A title\n", "\nA text."]),
        ("Is it so? I would not know.", ["Is it so?", " I would not know."]),
        ("你好，我可以帮助你。我们九点开门！", ["你好，我可以帮助你。", "我们九点开门！"]),
        ("はい、そうです。ありがとうございます。", ["はい、そうです。", "ありがとうございます。"]),
        ("كيف حالك اليوم؟ أنا بخير شكرا لك.", ["كيف حالك اليوم؟", " أنا بخير شكرا لك."]),
        ("नमस्ते दुनिया। आप कैसे हैं आज?", ["नमस्ते दुनिया।", " आप कैसे हैं आज?"]),
        ("No. It is not there. OK. Yes it is here.", ["No.", " It is not there.", " OK. Yes it is here."]),
    ],
)
def test_where_sentences_end(text, pieces):
    assert cut(text) == pieces


@pytest.mark.parametrize("unit", ["word ", "x", "你好", "word, ", "3.", "Dr. ", "...", "\u0301", "👩\u200d"])
def test_no_piece_is_too_long_and_nothing_is_held_for_ever(unit):
    text = unit * 3_000
    pieces = cut_tokens([text[at : at + 7] for at in range(0, len(text), 7)])
    assert all(len(piece) <= PIECE_MAX_CHARACTERS for piece in pieces)
    assert "".join(pieces) == text.rstrip() or "".join(pieces) == text
    assert max(len(piece) for piece in cut("你好" * 500)) <= PIECE_MAX_CHARACTERS // 3


def test_long_text_is_cut_between_words():
    pieces = cut("word " * 200)
    assert len(pieces) < 8
    assert all(re.fullmatch(r" ?(word ?)+", piece) for piece in pieces)


WORDS = """
Hello there. Dr. Smith e.g. 3.50 9. U.S. yes, no; wait: what? Really?! Well... example.com — 你好。 J. etc. "Go." (so)
10:30 1,000 I think it is fine. a.m. हाँ। Sure,
"""
WORD = st.sampled_from([*WORDS.split(), "and\n", "- then"])
TEXT = st.lists(WORD, max_size=60).map(" ".join)


@given(TEXT, st.randoms(use_true_random=False))
def test_any_cut_at_token_boundaries_gives_the_same_pieces(text, random):
    parts = tokens(text)
    assert "".join(parts) == text
    grouped = []
    while parts:
        size = random.randint(1, 6)
        grouped.append("".join(parts[:size]))
        parts = parts[size:]
    assert cut_tokens(grouped) == cut(text)


@given(TEXT | st.text(max_size=300), st.lists(st.integers(1, 20), max_size=60))
def test_any_chunking_at_all_keeps_every_character(text, sizes):
    parts, at = [], 0
    for size in [*sizes, max(1, len(text))]:
        parts.append(text[at : at + size])
        at += size
    pieces = cut_tokens(parts)
    assert text.startswith("".join(pieces))
    assert not text[len("".join(pieces)) :].strip()
    assert all(piece.strip() and len(piece) <= PIECE_MAX_CHARACTERS for piece in pieces)
