"""What agents' tools returned that were called together with functions of a client."""

from voi.core.kept import Kept, KeptMessage
from voi.dialogue import Message, Text, ToolCall, ToolResult
from voi.server.openai import own_calls
from voi.server.openai.own_calls import CalledBeside

OWN = ((ToolCall("x", "clock", "{}"), ToolResult("x", "noon")),)


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def dialogue() -> Kept:
    said = Message("assistant", (Text("Wait."), ToolCall("call_1", "f", "{}"), ToolResult("call_1", "sunny")))
    return Kept((KeptMessage(0, Message("user", "Hi")), KeptMessage(1, said)), next_id=2)


def test_they_are_joined_to_the_call_that_they_were_made_with() -> None:
    kept = CalledBeside()
    kept.keep("app", "call_1", OWN)
    joined = kept.joined("app", dialogue()).messages[1].message
    assert [call.call_id for call in joined.tool_calls] == ["call_1", "x"]
    assert [result.text for result in joined.tool_results] == ["sunny", "noon"]
    assert joined.text == "Wait."
    assert kept.joined("another", dialogue()) == dialogue()


def test_they_are_forgotten_in_time_and_when_there_are_too_many() -> None:
    clock = Clock()
    kept = CalledBeside(clock)
    kept.keep("app", "call_1", OWN)
    kept.keep("app", "call_0", ())
    assert len(kept) == 1
    clock.now_s = own_calls.KEPT_S
    assert kept.joined("app", dialogue()) == dialogue()
    for number in range(own_calls.KEPT_MAX + 5):
        kept.keep("app", f"n{number}", OWN)
    assert len(kept) == own_calls.KEPT_MAX
    large = ((OWN[0][0], ToolResult("x", "a" * own_calls.KEPT_MAX_CHARACTERS)),)
    kept.keep("app", "large", large)
    kept.keep("app", "after", OWN)
    assert len(kept) == 1
