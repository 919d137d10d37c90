import re
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voi.core.reply_parser import ReplyParser, ToneLines


def toned(text, sizes=(), json_expected=False):
    """What is said, by tone: adjoining text in one tone is one."""
    parser, segments, at = ReplyParser(json_expected, narrated=False), [], 0
    for size in [*sizes, max(1, len(text))]:
        segments += parser.feed(text[at : at + size])
        at += size
    out: list[list[str]] = []
    for segment in segments + parser.close():
        if out and out[-1][1] == segment.tone:
            out[-1][0] += segment.text
        else:
            out.append([segment.text, segment.tone])
    return [(" ".join(said.split()), tone) for said, tone in out if said.strip()]


LABELS = [
    "voice_tone: sad", "Voice_Tone: Sad", "**voice_tone:** sad", "*voice_tone: sad*", "`voice_tone: sad`",
    "- voice_tone: sad", "> voice_tone: sad", '"voice_tone": "sad"', "voice_tone = sad", "voice-tone: sad.",
    "voice_tone：sad", "[voice_tone: sad]", "(voice_tone: sad)", "*(voice_tone: sad)*", "【voice_tone：sad】",
    "<voice_tone>sad</voice_tone>", "voice_tone: sad\n\ntext:", "voice_tone: sad\n**Text:**", "voice_tone: sad, text:",
    "voice_tone: sad | text:", "voice_tone: sad\ntext: |\n", "Tone: sad", "**Tone:** sad", "Voice tone: Sad",
    "(tone: sad)", "[Tone: sad]", "_Tone: sad_", "Tone of voice: sad", "  tone: sad  ",
]  # fmt: skip


@pytest.mark.parametrize("label", LABELS)
def test_a_label_between_sentences_sets_the_tone_and_is_not_said(label: str) -> None:
    for newline, size in product(("\n", "\n\n", "\r\n"), (1, 2, 5, 1_000)):
        end = "" if label.endswith(":") else newline
        reply = f"Hello.{newline}{label.replace(chr(10), newline)}{end}Bye."
        for json_expected in (False, '"voice' not in label):
            assert toned(reply, [size] * len(reply), json_expected) == [("Hello.", "neutral"), ("Bye.", "sad")], size


@pytest.mark.parametrize("label", [label for label in LABELS if not re.search("text", label, re.IGNORECASE)])
def test_a_label_that_ends_the_reply_is_not_said(label: str) -> None:
    for reply in (f"Hello.\n{label}", f"Hello.\n{label}\n"):
        assert toned(reply) == toned(reply, [1] * len(reply)) == [("Hello.", "neutral")]


@pytest.mark.parametrize(
    ("label", "tone"),
    [
        ("Ton: ruhig", "ruhig"),
        ("Tonfall: herzlich", "herzlich"),
        ("Ton : chaleureux", "chaleureux"),
        ("Tono: cálido", "cálido"),
        ("Tono: allegro", "allegro"),
        ("Tom: alegre", "alegre"),
        ("语气：温柔", "温柔"),
        ("トーン：優しく", "優しく"),
        ("톤: 따뜻하게", "따뜻하게"),
        ("voice_tone: 温柔", "温柔"),
        ("voice_tone: warm and friendly", "warm and friendly"),
    ],
)
def test_labels_in_other_languages(label: str, tone: str) -> None:
    for size in (1, 3, 1_000):
        assert toned(f"A.\n{label}\nB.", [size] * 40) == [("A.", "neutral"), ("B.", tone)]
        assert toned(f"{label}\nB.", [size] * 40) == [("B.", tone)]


@pytest.mark.parametrize(
    "reply",
    [
        "Hello.\nTone: warm and soft is best.",
        "Hello.\nThe tone: warm.",
        "Hello. Tone: warm. That is what I wrote.",
        "Settings:\n- Tone: warm\n- Speed: fast",
        "Hello.\nTone: E flat\nBye.",
        "Hello.\nTon: aus\nTschüss.",
        "Hello.\nTone matters.\nIt does.",
        "Hello.\nVoice tone: it is how you say things.",
        "Hello.\nI said voice_tone: warm",
        "Hello.\nvoice_tone: this is what the field of the answer is called",
        "Hello.\nTone: warm? Yes.",
        "Use the field (voice_tone) for it.",
        "We had to tone: it down.",
        "Hello.\nText: bring milk.",
        "a < b, tone: c\n<b>tone</b>",
    ],
)
@pytest.mark.parametrize("size", [1, 2, 1_000])
def test_what_only_speaks_of_tones_is_said(reply: str, size: int) -> None:
    assert toned(reply, [size] * len(reply)) == [(" ".join(reply.split()), "neutral")]


def test_a_label_inside_a_line_needs_brackets() -> None:
    reply = "Hello. [voice_tone: sad] Oh no. <voice_tone>warm</voice_tone>But hi."
    for size in (1, 4, 100):
        assert toned(reply, [size] * len(reply)) == [("Hello.", "neutral"), ("Oh no.", "sad"), ("But hi.", "warm")]


@pytest.mark.parametrize("between", [" ", ", ", ". ", " - ", "** ", "\n", "\n\n"])
def test_words_behind_the_label_are_never_lost(between: str) -> None:
    reply = f"Hello.\nvoice_tone: sad{between}Oh no. Take it."
    for size in (1, 3, 100):
        assert toned(reply, [size] * len(reply)) == [("Hello.", "neutral"), ("Oh no. Take it.", "sad")]


def test_the_tone_of_the_form_counts_again_in_its_next_object() -> None:
    reply = '{"voice_tone":"warm","text":"A.\\nvoice_tone: sad\\nB."}\n{"voice_tone":"excited","text":"C."}'
    for size in (1, 7, 200):
        assert toned(reply, [size] * len(reply)) == [("A.", "warm"), ("B.", "sad"), ("C.", "excited")]


def test_ordinary_text_is_given_out_at_once() -> None:
    lines = ToneLines()
    for word in ("Sure,", " I can", "\n", "Then", " we go", " (as agreed", ") to"):
        assert "".join(text for text, _ in lines.feed(word)) == word


# ---- properties -----------------------------------------------------------------------------------

PIECES = [*"\n\n [](){}<>*_-|.,:=：\"'`a", "voice_tone", "Tone", "tone", "Ton", ": ", "sad", "warm", "text", "text:"]
PIECES += [
    "Oh",
    " - ",
    "Text: ",
    "voice tone",
    "</voice_tone>",
    "Hello. ",
    "\r\n",
    "neutral\n",
    "voice_tone: sad\n",
    "[voice_tone: warm]",
]
MESS = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


def lines_of(text: str, sizes: list[int]) -> list[tuple[str, str | None]]:
    lines, at, parts = ToneLines(), 0, []
    for size in [*sizes, max(1, len(text))]:
        parts += lines.feed(text[at : at + size])
        at += size
    out: list[tuple[str, str | None]] = []
    for said, tone in parts + lines.close():
        out = [*out[:-1], (out[-1][0] + said, tone)] if out and out[-1][1] == tone else [*out, (said, tone)]
    return out


@given(MESS, st.lists(st.integers(1, 9), max_size=60))
@example("*(voice_tone: sad)*\nBye.", [1] * 30)
def test_any_split_gives_the_same(text: str, sizes: list[int]) -> None:
    whole = lines_of(text, [])
    assert lines_of(text, sizes) == lines_of(text, [1] * len(text)) == whole
    assert all(said for said, _ in whole)


@given(st.text(max_size=80), st.sampled_from(["sad", "warm"]), st.lists(st.integers(1, 9), max_size=60))
def test_a_line_of_its_own_is_never_said(text: str, tone: str, sizes: list[int]) -> None:
    said = "".join(part for part, _ in lines_of(f"Well.\n{text.strip()}.\nvoice_tone: {tone}\nBye.", sizes))
    assert said == f"Well.\n{text.strip()}.\nBye."


@pytest.mark.parametrize("size", [1, 2, 5, 1_000])
@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ('Hello.\n"voice_tone": "sad"\nBye.', [("Hello.", "neutral"), ("Bye.", "sad")]),
        ('"voice_tone": "sad"\nBye.', [("Bye.", "sad")]),
        ('"voice_tone": "sad"', []),
        ('"voice_tone": "sad"\n"text": "Bye."', [("Bye.", "sad")]),
        ('"voice_tone": "sad", "text": "Bye."', [("Bye.", "sad")]),
        ('"tone": "sad"\n{"text": "Bye."}', [("Bye.", "sad")]),
        ('Say "tone: low" now.\nBye.', [('Say "tone: low" now. Bye.', "neutral")]),
        ('He said "text: me" and left.', [('He said "text: me" and left.', "neutral")]),
    ],
)
def test_where_an_object_is_expected_quotes_without_a_brace_lose_no_words(
    reply: str, said: list[tuple[str, str]], size: int
) -> None:
    assert toned(reply, [size] * len(reply), json_expected=True) == said


@given(st.text(alphabet='ab. "\n:,', max_size=40), st.lists(st.integers(1, 9), max_size=60))
def test_any_split_gives_the_same_where_an_object_is_expected(text: str, sizes: list[int]) -> None:
    text = f'{text}"voice_tone": "sad"{text}'
    assert toned(text, sizes, json_expected=True) == toned(text, json_expected=True)
