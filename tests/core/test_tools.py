"""A tool runs once, for a reply that is heard, and the talk goes on with what it returned."""

import pytest

from voi.core import actions as do
from voi.core import facts as was
from voi.core.actions import Status
from voi.core.script import Script
from voi.core.state import State
from voi.core.tools import RUNNING, TOO_LATE
from voi.dialogue import Message, Phrase, Text, ToolCall, ToolResult

from .world import World

CALL = ToolCall("a", "look_up", "{}")
ASKED = "What time is it, please?"


def calls(world: World, *pieces: str, reply: int | None = None, play: bool = True) -> int:
    """The newest reply says that, and calls a tool."""
    number = reply or world.last(do.StartReply).reply
    for index, text in enumerate(pieces):
        world.tell(was.ReplyText(number, index, text), was.PieceVoiced(number, index, index * 1_000, 1_000))
    if play:
        world.tell(was.PlaybackStarted(number))
    world.tell(was.ToolCalled(number, CALL.call_id, CALL.name, CALL.arguments), was.ReplyWritten(number))
    return number


def asked(*pieces: str, script: Script | None = None) -> tuple[World, int]:
    world = World(script)
    world.say(ASKED)
    return world, calls(world, *pieces)


def shown_to_the_model(world: World) -> tuple[Message, ...]:
    return world.last(do.StartReply).messages


def test_a_released_reply_runs_its_tool_and_goes_on_with_the_result() -> None:
    world, reply = asked()
    assert world.said(do.RunTool) == [do.RunTool(reply, "a", "look_up", "{}")]
    world.played(reply)
    assert world.core.state is State.ANSWERING
    world.tell(was.ToolReturned(reply, "a", "noon"))
    assert shown_to_the_model(world) == (
        Message("user", ASKED),
        Message("assistant", [CALL]),
        Message("tool", [ToolResult("a", "noon")]),
    )
    after = world.reply_with("It is noon.")
    assert after != reply
    world.played(after)
    assert world.statuses() == [Status.RESPONSE_CREATED, Status.RESPONSE_DONE]
    world.check_settled()


def test_it_speaks_while_the_tool_runs_and_the_next_words_are_ready_at_its_end() -> None:
    world, reply = asked("Let me look.")
    world.tell(was.ToolReturned(reply, "a", "noon"))
    after = world.last(do.StartReply)
    assert after.muted
    assert after.messages[1] == Message("assistant", [Text("Let me look."), CALL])
    world.reply_with("It is noon.", play=False)
    assert after.reply not in world.released
    world.played(reply)
    assert after.reply in world.released
    assert len(world.said(do.StartReply)) == 2


def test_a_speculation_runs_nothing_until_it_is_released() -> None:
    world = World()
    world.speak(640)
    world.quiet(96)
    world.hear(ASKED)
    reply = calls(world, play=False)
    assert not world.said(do.RunTool)
    world.quiet(2_500, 96)
    assert world.said(do.RunTool) == [do.RunTool(reply, "a", "look_up", "{}")]


def test_a_dropped_speculation_runs_nothing() -> None:
    world = World()
    world.speak(640)
    world.quiet(96)
    world.hear(ASKED)
    reply = calls(world, play=False)
    world.speak(640)
    world.quiet(96)
    world.hear("No, tell me about Rome instead.")
    world.quiet(2_500, 96)
    world.tell(was.ReplyWritten(reply), was.ToolCalled(reply, "b", "look_up"))
    assert not world.said(do.RunTool)


def test_told_twice_it_runs_once_and_a_second_result_changes_nothing() -> None:
    world, reply = asked()
    world.tell(was.ToolCalled(reply, "a", "look_up"), was.ReplyWritten(reply))
    assert len(world.said(do.RunTool)) == 1
    world.tell(was.ToolReturned(reply, "a", "noon"), was.ToolReturned(reply, "a", "midnight"))
    world.tell(was.ToolReturned(99, "a", "midnight"), was.ToolReturned(reply, "z", "midnight"))
    assert world.core.history.messages()[-1] == Message("tool", [ToolResult("a", "noon")])


def test_who_speaks_meanwhile_is_answered_by_a_model_that_knows_the_tool_runs() -> None:
    world, reply = asked()
    world.played(reply)
    world.say("Hurry up, will you?")
    assert Message("tool", [ToolResult("a", RUNNING)]) in shown_to_the_model(world)
    other = world.reply_with("Just a moment.")
    world.tell(was.ToolReturned(reply, "a", "noon"))
    world.played(other)
    assert Message("tool", [ToolResult("a", "noon")]) in shown_to_the_model(world)
    world.played(world.reply_with("It is noon."))
    world.check_settled()


def test_a_stop_in_between_leaves_call_and_result_in_the_history_and_no_more_is_said() -> None:
    world, reply = asked()
    world.tell(was.Interrupted(None))
    assert world.core.state is State.ANSWERING or world.core.state is State.IDLE
    world.played(reply)
    world.tell(was.Interrupted(None))
    starts = len(world.said(do.StartReply))
    world.tell(was.ToolReturned(reply, "a", "noon"))
    assert len(world.said(do.StartReply)) == starts
    assert world.core.history.messages()[1:] == (
        Message("assistant", [CALL]), Message("tool", [ToolResult("a", "noon")]),
    )  # fmt: skip
    world.check_settled()


def test_a_reply_that_acted_is_not_taken_back_however_little_of_it_was_heard() -> None:
    world, reply = asked("Let me look.")
    world.played_ms[reply] = 0
    world.speak(640)
    assert reply in world.stopped
    assert [message.role for message in world.core.history.messages()] == ["user", "assistant", "tool"]


def test_hanging_up_in_between() -> None:
    world, reply = asked()
    world.tell(was.HungUp())
    assert not world.tell(was.ToolReturned(reply, "a", "noon"))
    assert world.statuses() == [Status.RESPONSE_CREATED, Status.RESPONSE_CANCELLED]


def test_a_tool_that_does_not_return_has_failed() -> None:
    world, reply = asked()
    world.played(reply)
    world.pass_time(30_000)
    assert shown_to_the_model(world)[-1] == Message("tool", [ToolResult("a", TOO_LATE, failed=True)])


def test_a_model_that_calls_tools_for_ever_is_stopped() -> None:
    world, reply = asked(script=Script(apology=Phrase("Sorry.")))
    for _ in range(Script().tool_rounds_max + 3):
        world.played(reply)
        world.tell(was.ToolReturned(reply, "a", "noon"))
        if world.core.state is State.IDLE:
            break
        reply = calls(world)
    assert len(world.ran) == Script().tool_rounds_max
    assert "more often" in world.last(do.ReportError).error
    world.check_settled()


@pytest.mark.parametrize("failed", [False, True])
def test_a_result_that_failed_is_told_to_the_model(failed: bool) -> None:
    world, reply = asked()
    world.tell(was.ToolReturned(reply, "a", "No such tool.", failed))
    assert world.core.history.messages()[-1].tool_results == (ToolResult("a", "No such tool.", failed),)
