"""Thoughts and printed tool calls are never spoken, whatever pieces they come in; everything else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.core.unspoken import Unspoken

HIDDEN = [
    ("<think>The user wants a story.</think>Once upon a time.", "Once upon a time."),
    ("<think>\nplan\n</think>\n\nHi.", "Hi."),
    ("<thinking>plan</thinking>Hi.", "Hi."),
    ("<reasoning effort='high'>plan</reasoning>Hi.", "Hi."),
    ("<thought>plan</thought> Hi.", "Hi."),
    ("<THINK>plan</Think>Hi.", "Hi."),
    ("<thinking>plan</think>Hi.", "Hi."),
    ("[THINK]plan[/THINK]Hi.", "Hi."),
    ("<think>It goes on and on.", ""),
    ("Hello. <think>What now?</think>Goodbye.", "Hello. Goodbye."),
    (
        "<|channel|>analysis<|message|>plan<|end|><|start|>assistant<|channel|>final<|message|>Hi.<|return|>",
        "Hi.",
    ),
    ("<|channel|>commentary to=functions.f<|message|>{}<|call|>", ""),
    ('<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>', ""),
    ('One moment.\n<tool_call>{"name": "f"}</tool_call>', "One moment.\n"),
    ('<function_calls><invoke name="f"></invoke></function_calls>Done.', "Done."),
    ('{"name": "get_weather", "arguments": {"city": "Bonn }"}}', ""),
    ('{"name": "f", "parameters": {"a": [1, "]"]}} It rains.', "It rains."),
    ('Let me look.\n{"tool": "f", "args": {}}\n', "Let me look.\n"),
    ('[TOOL_CALLS] [{"name": "f", "arguments": {}}]', ""),
    ('[TOOL_CALLS]f{"city": "Bonn"}Sunny.', "Sunny."),
    ('get_weather({"city": "Bonn"})', ""),
    ('get_weather({"city": "Bonn)"})\nIt rains.', "It rains."),
    ("<think/>Hi.", "Hi."),
    ("<antThinking>plan</antThinking>Hi.", "Hi."),
    ('<function=f>{"a": 1}</function>It rains.', "It rains."),
    ('{"type": "function", "function": {"name": "f", "arguments": "{}"}}', ""),
    ('{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": {}}}\nIt rains.', "It rains."),
    ("<tool_response>{}</tool_response>It rains.", "It rains."),
    ("```tool_code\nprint(f())\n```\nIt rains.", "It rains."),
]

SPOKEN = [
    '{"type": "poem", "title": "Rain"}',
    "Hello there, how are you?",
    "I think, therefore I am.",
    "a < b and c > d, x <3 you",
    "<b>Bold</b> and [a link](x) and [THE END]",
    '{"voice_tone": "warm", "text": "Hello."}',
    '{"name": "Robin", "age": 7}',
    "Call me (if {you} like).",
    "print me",
    "Use `think` or ``` code ```.",
    "Line one.\nLine two.\n\nname(x) is a function.",
    "think> <thin",
    "[THIN",
]


def run(text: str, size: int, **options: bool) -> tuple[str, Unspoken]:
    unspoken = Unspoken(**options)
    out = "".join(unspoken.feed(text[at : at + size]) for at in range(0, len(text), size))
    return out + unspoken.close(), unspoken


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1_000])
@pytest.mark.parametrize(("text", "spoken"), HIDDEN)
def test_never_spoken(text: str, spoken: str, size: int) -> None:
    said, unspoken = run(text, size)
    assert said == spoken
    assert not unspoken.thought_first


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1_000])
@pytest.mark.parametrize("text", SPOKEN)
def test_everything_else_is_spoken(text: str, size: int) -> None:
    said, unspoken = run(text, size)
    assert said == text
    assert not unspoken.thought_first


@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_a_thought_that_never_began_is_to_be_taken_back(size: int) -> None:
    text = "The user greets me. I greet back.</think>Hi."
    unspoken = Unspoken()
    out = ""
    for at in range(0, len(text), size):
        before = unspoken.thought_first
        new = unspoken.feed(text[at : at + size])
        out = new if unspoken.thought_first and not before else out + new
    assert out + unspoken.close() == "Hi."
    assert unspoken.thought_first or size == 1_000


def test_of_a_model_that_is_known_to_begin_so_nothing_is_given_out() -> None:
    assert run("The user greets me.</think>Hi.", 3, opened=True)[0] == "Hi."
    assert run("It did not think this time.", 3, opened=True)[0] == "It did not think this time."


def test_text_waits_only_while_it_may_be_hidden() -> None:
    unspoken = Unspoken()
    assert unspoken.feed("Well") == ""  # it may become a call
    assert unspoken.feed(", a <") == "Well, a "
    assert unspoken.feed("b>") == "<b>"
    assert unspoken.feed(" x <thin") == " x "
    assert unspoken.feed("g>") == "<thing>"


PIECES = st.lists(
    st.sampled_from(
        ["<think>", "</think>", "[THINK]", "{", "}", '"name"', ":", "a", " ", "\n", "f(", ")", "```", "<|", "|>", "\\"]
    ),
    max_size=20,
)


@given(PIECES, st.integers(1, 5))
def test_how_it_is_cut_changes_nothing(pieces: list[str], size: int) -> None:
    text = "".join(pieces)
    if "</think>" in text:  # what was given out before it depends on when it came
        return
    assert run(text, size)[0] == run(text, len(text) or 1)[0]


@given(st.text(alphabet="abc de.,!?\n", max_size=60), st.integers(1, 7))
def test_plain_text_is_given_whole(text: str, size: int) -> None:
    assert run(text, size)[0] == text
