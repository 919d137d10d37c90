import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.core.narrator import HOLD_CHARACTERS, NarratorSplitter


def split(text, size=None, *, narrated=True):
    splitter = NarratorSplitter(narrated)
    parts = [text[at : at + size] for at in range(0, len(text), size)] if size else [text]
    return merged([piece for part in parts for piece in splitter.feed(part)] + splitter.close())


def merged(pieces):
    out: list[tuple[str, str]] = []
    for text, voice in pieces:
        if out and voice == out[-1][1] == "character":
            out[-1] = (out[-1][0] + text, voice)
        else:
            out.append((text, voice))
    return out


@pytest.mark.parametrize(
    "text",
    [
        "2 * 3 = 6 and 4 * 5",
        "*a note\n\nand the next paragraph* here",
        "2*3*4",
        "我有2*3*4个",
        "*un*believable",
        "联系@小明 和@小红",
        "*an unpaired marker goes on",
        "a footnote* here",
        "Price*: *Terms apply.",
        "write to bob@example.com and ann@example.org",
        "**bold** and ***both***",
        "* one\n* two\n* three",
        "- *\n- *",
        "f*** and s**t",
        "@bob is here with @ann",
        "*one\n\ntwo*",
        "*" * 50,
        "@@ @",
        "cost @ 5 each @ 6",
        "*5*",
        "*auto*matic",
        "*re*read",
        "*" + "long " * 100 + "comment*",
    ],
)
def test_nothing_of_this_switches_the_voice(text):
    assert split(text) == [(text, "character")]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("*her eyes widened*", [("her eyes widened", "narrator")]),
        ("@her eyes widened@", [("her eyes widened", "narrator")]),
        ("Oh! *she nods* Yes.", [("Oh! ", "character"), ("she nods", "narrator"), (" Yes.", "character")]),
        ('"*sighs*, fine"', [('"', "character"), ("sighs", "narrator"), (', fine"', "character")]),
        ("*a **b** c* d", [("a **b** c", "narrator"), (" d", "character")]),
        ("@she wrote to bob@x.org@ Hi", [("she wrote to bob@x.org", "narrator"), (" Hi", "character")]),
        ("*Note: *she smiles* Hi", [("*Note: ", "character"), ("she smiles", "narrator"), (" Hi", "character")]),
        ("*smiles*Hello", [("smiles", "narrator"), ("Hello", "character")]),
        ("*smiles*hello there", [("smiles", "narrator"), ("hello there", "character")]),
        ("*sighs*i know", [("sighs", "narrator"), ("i know", "character")]),
        ("*smiles softly*you came", [("smiles softly", "narrator"), ("you came", "character")]),
        ("*lächelt*hallo", [("lächelt", "narrator"), ("hallo", "character")]),
        ("*sourit*bonjour", [("sourit", "narrator"), ("bonjour", "character")]),
        (
            "你好*她微笑着*今天好吗？",
            [("你好", "character"), ("她微笑着", "narrator"), ("今天好吗？", "character")],
        ),
        ("はい*うなずく*そうです", [("はい", "character"), ("うなずく", "narrator"), ("そうです", "character")]),
        ("*one* *two*", [("one", "narrator"), (" ", "character"), ("two", "narrator")]),
    ],
)
def test_comments(text, pieces):
    for size in (None, 1, 2, 3):
        assert split(text, size) == pieces


def test_plain_text_is_never_held_and_a_comment_only_so_long():
    splitter = NarratorSplitter()
    assert splitter.feed("Hello there.") == [("Hello there.", "character")]
    assert splitter.feed(" *" + "x" * HOLD_CHARACTERS) == [(" ", "character")]
    assert "".join(text for text, _ in splitter.feed("yy")) == "*" + "x" * HOLD_CHARACTERS + "yy"


TEXT = st.text(alphabet='ab *@.\n1("', max_size=60) | st.text(max_size=40)


@given(TEXT, st.lists(st.integers(1, 9), max_size=30))
def test_any_chunking_gives_the_same_and_loses_nothing_but_the_markers(text, sizes):
    splitter, pieces, at = NarratorSplitter(), [], 0
    for size in [*sizes, len(text)]:
        pieces += splitter.feed(text[at : at + size])
        at += size
    pieces = merged(pieces + splitter.close())
    assert pieces == split(text) == split(text, 1)
    assert all(piece for piece, _ in pieces)
    bare = str.maketrans("", "", "*@")
    assert "".join(piece for piece, _ in pieces).translate(bare) == text.translate(bare)
    assert "".join(piece for piece, voice in pieces if voice == "narrator").count("\n\n") == 0


@pytest.mark.parametrize("size", [None, 1, 3])
@pytest.mark.parametrize(
    "text",
    [
        "I *really* mean it.",
        "That was *amazing*.",
        "That *is* so, and *always* was.",
        "*Never* do that again.",
        "No. *Always* ask first.",
        "*Stop right there!*",
        "Have you read *War and Peace*?",
        "That is *so not* true.",
        "Well, *perhaps* you are right",
        "Das ist *wirklich* schön.",
        "I *told* you, *twice*, to stop.",
    ],
)
def test_without_a_narrator_emphasis_is_spoken(text, size):
    assert split(text, size, narrated=False) == [(text, "character")]


@pytest.mark.parametrize("size", [None, 1, 3])
@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("*sighs* Fine.", "sighs"),
        ("Fine. *Laughing* You win.", "Laughing"),
        ("*her eyes widened* Really?", "her eyes widened"),
        ("*Her eyes widen.* You came back!", "Her eyes widen."),
        ("Hello, *he smiled* how are you?", "he smiled"),
        ("Hello there, *smiling softly* my friend", "smiling softly"),
        ("You came back!\n*takes your hand*", "takes your hand"),
        (
            "I know *she looks out of the window for a long time* it is late",
            "she looks out of the window for a long time",
        ),
    ],
)
def test_without_a_narrator_what_the_character_does_stays_the_narrators(text, action, size):
    assert (action, "narrator") in split(text, size, narrated=False)


@given(st.text("*@ab,. S\n!"), st.integers(1, 4))
def test_without_a_narrator_cutting_makes_no_difference_either(text, size):
    assert split(text, size, narrated=False) == split(text, narrated=False)
