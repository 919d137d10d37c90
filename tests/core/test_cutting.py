"""What is longer than the model's context is cut with a mark, and what matters most stays."""

import pytest

from voi.core.cutting import cut_to_fit
from voi.core.tokens import estimated_input
from voi.dialogue import Message, ToolCall, ToolResult

CALL = Message("assistant", [ToolCall("a", "look_up", "{}")])


@pytest.mark.parametrize("word", ["fox ", "狐狸 ", "Füchse "])
def test_of_what_was_said_the_end_stays(word: str) -> None:
    said = Message("user", word * 2_000 + "And now?", ["https://example.org/a.png"])
    before = estimated_input([said])
    (cut,), left_out = cut_to_fit([said], before - 1_200)
    assert estimated_input([cut]) <= 1_200
    assert cut.text.endswith("And now?")
    assert f"[… {left_out:,} characters are left out here" in cut.text
    assert cut.image_urls == said.image_urls


def test_of_a_result_the_beginning_stays_and_the_call_too() -> None:
    result = Message("tool", [ToolResult("a", "First: 7. " + "x" * 9_000), ToolResult("b", "short")])
    cut, left_out = cut_to_fit([Message("user", "Well?"), CALL, result], 1_500)
    assert cut[:2] == (Message("user", "Well?"), CALL)
    assert cut[2].tool_results[0].text.startswith("First: 7.")
    assert cut[2].tool_results[1].text == "short"
    assert left_out > 5_000


def test_what_is_short_stays_even_if_it_does_not_suffice() -> None:
    short = (Message("user", "Hello."), CALL)
    assert cut_to_fit(short, 1_000) == (short, 0)
