"""Calls that models print as text."""

import json

import pytest

from voi.core.called_in_text import calls_in

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
