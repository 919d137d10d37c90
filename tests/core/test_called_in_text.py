"""Calls that models print as text."""

import ast
import json

import pytest

from voi.core.called_in_text import TEXT_MAX_CHARACTERS, calls_in

NAMES = ("find_order", "hang_up")
WANTED = ("find_order", {"number": 7})


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "find_order", "arguments": {"number": 7}}',
        '```json\n{"name": "find_order", "parameters": {"number": 7}}\n```',
        '<tool_call>\n{"name": "find_order", "arguments": {"number": 7}}\n</tool_call>',
        '[{"name": "find_order", "arguments": {"number": 7}}]',
        'Let me look. {"tool": "find_order", "args": {"number": 7}}',
        '{"tool_calls": [{"function": {"name": "find_order", "arguments": "{\\"number\\": 7}"}}]}',
        '{"type": "function", "name": "functions.find_order", "parameters": {"number": 7}}',
        '<function=find_order>{"number": 7}</function>',
        'find_order {"number": 7}',
        'Action: find_order\nAction Input: {"number": 7}',
        "[find_order(number=7)]",
        "find_order(number=7)",
    ],
)
def test_notations(text: str) -> None:
    (call,) = calls_in(text, NAMES)
    assert (call.name, json.loads(call.arguments)) == WANTED


@pytest.mark.parametrize(
    "text",
    [
        "I can find_order for you.", '{"text": "Hello.", "voice_tone": "warm"}', '{"name": "Ada", "arguments": {}}',
        "", "{", "find_order(7, x)", 'find_order(number=__import__("os"))', "{" * 20_000, "find_order(" * 5_000,
    ],
)  # fmt: skip
def test_what_is_none(text: str) -> None:
    assert calls_in(text, NAMES) == []


def test_several_and_no_more_than_a_few() -> None:
    one = '{"name": "find_order", "arguments": {"number": 7}}'
    assert len(calls_in(one + "\n" + one, NAMES)) == 2
    assert len(calls_in((one + "\n") * 100, NAMES)) == 8


@pytest.mark.parametrize(
    "text",
    [
        "find_order(a=[" * 200 + "1," * 8_000 + ")" * 60,
        "find_order(number=[" + "1," * 9_000 + ")" * 900,
        "find_order(number=" * 200 + "lambda x:" * 1_000 + "1" + ")" * 60,
    ],
)
def test_calls_within_calls_are_not_parsed_over_and_over(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[int] = []
    real = ast.parse
    monkeypatch.setattr(ast, "parse", lambda code, **how: parsed.append(len(code)) or real(code, **how))
    calls_in(text, NAMES)
    assert sum(parsed) < 2 * TEXT_MAX_CHARACTERS


def test_brackets_in_texts_close_no_call() -> None:
    (call,) = calls_in("""Sure: find_order(note="a) (b", other='it\\'s :)', number=(7)) and so on :)""", NAMES)
    assert json.loads(call.arguments) == {"note": "a) (b", "other": "it's :)", "number": 7}
