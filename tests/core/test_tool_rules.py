"""What an author says of a tool: it may run early, it is cancelled when the person speaks on, something is said while
it runs; and what a tool may bring about: waiting, hanging up, another agent."""

from dataclasses import replace

import pytest

from voi.core import actions as do
from voi.core import facts as was
from voi.core.actions import Status
from voi.core.end_reason import EndReason
from voi.core.script import Script
from voi.core.state import State
from voi.core.tool_rule import ToolRule
from voi.core.tools import CANCELLED, SPOKE_ON
from voi.dialogue import Message, Phrase, ToolResult

from .test_tools import ASKED, asked, calls, shown_to_the_model
from .world import World

FILLER = Phrase("One moment.")


def ruled(**rule: object) -> Script:
    return Script(tools=(ToolRule("look_up", **rule),))  # type: ignore[arg-type]


def speculating(script: Script) -> World:
    world = World(script)
    world.speak(640)
    world.quiet(96)
    world.hear(ASKED)
    return world


# ---- safe ------------------------------------------------------------------------------------------


def test_a_safe_tool_runs_for_a_speculation_and_once() -> None:
    world = speculating(ruled(safe=True))
    reply = calls(world, play=False)
    assert world.said(do.RunTool) == [do.RunTool(reply, "a", "look_up", "{}")]
    assert reply not in world.released
    world.tell(was.ToolReturned(reply, "a", "noon"))
    assert world.core.history.messages() == ()
    world.quiet(2_500, 96)
    assert len(world.said(do.RunTool)) == 1
    assert shown_to_the_model(world)[-1] == Message("tool", [ToolResult("a", "noon")])
    world.played(reply)
    world.played(world.reply_with("It is noon."))
    world.check_settled()


def test_its_result_is_dropped_if_the_turn_goes_on() -> None:
    world = speculating(ruled(safe=True))
    reply = calls(world, play=False)
    world.speak(640)
    assert world.said(do.CancelTool) == [do.CancelTool(reply, "a")]
    world.tell(was.ToolReturned(reply, "a", "noon"))
    assert not any(message.tool_calls for message in world.core.history.messages())


def test_beside_a_safe_tool_others_wait_for_the_release() -> None:
    world = speculating(ruled(safe=True))
    reply = world.last(do.StartReply).reply
    world.tell(was.ToolCalled(reply, "a", "look_up"), was.ToolCalled(reply, "b", "book"), was.ReplyWritten(reply))
    assert [run.call_id for run in world.said(do.RunTool)] == ["a"]
    world.quiet(2_500, 96)
    assert [run.call_id for run in world.said(do.RunTool)] == ["a", "b"]


# ---- fillers ---------------------------------------------------------------------------------------


def test_a_filler_is_said_when_its_time_has_come() -> None:
    world, reply = asked(script=ruled(fillers=(FILLER,), filler_after_ms=800))
    world.played(reply)
    world.pass_time(799)
    assert not world.said(do.SayPhrase)
    world.pass_time(1)
    filler = world.last(do.SayPhrase)
    assert filler.text == "One moment."
    world.tell(was.ReplyText(filler.reply, 0, filler.text), was.ReplyWritten(filler.reply))
    world.tell(was.PlaybackStarted(filler.reply), was.ToolReturned(reply, "a", "noon"))
    after = world.last(do.StartReply)
    assert after.muted
    assert filler.reply not in world.stopped
    assert not any("One moment." in message.text for message in after.messages)
    world.reply_with("It is noon.", play=False)
    world.played(filler.reply)
    assert after.reply in world.released


def test_at_once_means_at_once() -> None:
    world, reply = asked(script=ruled(fillers=(FILLER,)))
    world.played(reply)
    world.pass_time(0)
    assert world.last(do.SayPhrase).text == "One moment."


def test_no_filler_is_said_for_a_tool_that_is_faster() -> None:
    world, reply = asked(script=ruled(fillers=(FILLER,), filler_after_ms=800))
    world.played(reply)
    world.pass_time(700)
    world.tell(was.ToolReturned(reply, "a", "noon"))
    world.played(world.reply_with("It is noon."))
    world.pass_time(5_000)
    assert not world.said(do.SayPhrase)


def test_a_filler_without_sound_yet_is_dropped_when_the_result_comes() -> None:
    world, reply = asked(script=ruled(fillers=(FILLER,), filler_after_ms=100))
    world.played(reply)
    world.pass_time(100)
    filler = world.last(do.SayPhrase).reply
    world.tell(was.ToolReturned(reply, "a", "noon"))
    assert filler in world.stopped
    assert world.last(do.StartReply).reply in world.released
    world.played(world.reply_with("It is noon."))
    assert world.statuses() == [Status.RESPONSE_CREATED, Status.RESPONSE_DONE]
    world.check_settled()


def test_the_agents_own_words_are_filler_enough() -> None:
    world, reply = asked("Let me look.", script=ruled(fillers=(FILLER,)))
    world.played(reply)
    world.pass_time(5_000)
    assert not world.said(do.SayPhrase)


def test_a_filler_is_said_once_in_an_answer() -> None:
    world, reply = asked(script=ruled(fillers=(FILLER,)))
    for _ in range(2):
        world.played(reply)
        world.pass_time(100)
        if world.audible not in (None, reply, *world.stopped, *world.ended):
            world.played(world.audible)
        world.tell(was.ToolReturned(reply, "a", "noon"))
        reply = calls(world)
    assert len(world.said(do.SayPhrase)) == 1


# ---- interruption ----------------------------------------------------------------------------------


@pytest.mark.parametrize("cancels", [False, True])
def test_who_speaks_over_the_reply_has_its_tool_cancelled_or_not(cancels: bool) -> None:
    world, reply = asked("Let me look.", script=ruled(cancel_on_interrupt=cancels))
    world.played_ms[reply] = 1_000
    world.speak(640)
    assert world.said(do.CancelTool) == ([do.CancelTool(reply, "a")] if cancels else [])
    world.tell(was.ToolReturned(reply, "a", "noon"))
    expected = ToolResult("a", CANCELLED, failed=True) if cancels else ToolResult("a", "noon")
    assert world.core.history.messages()[-1].tool_results == (expected,)


def test_who_speaks_while_it_runs_in_silence_has_it_cancelled_with_their_words() -> None:
    world, reply = asked(script=ruled(cancel_on_interrupt=True))
    world.played(reply)
    world.speak(640)
    assert not world.said(do.CancelTool)
    world.quiet(96)
    world.hear("Forget it.")
    assert world.said(do.CancelTool) == [do.CancelTool(reply, "a")]
    started = len(world.started)
    world.quiet(2_500, 96)
    assert len(world.started) == started, "the answer was asked for twice"
    assert Message("tool", [ToolResult("a", CANCELLED, failed=True)]) in shown_to_the_model(world)
    world.played(world.reply_with("All right."))
    world.check_settled()


def test_a_cough_cancels_nothing() -> None:
    world, reply = asked(script=ruled(cancel_on_interrupt=True))
    world.played(reply)
    world.speak(96)
    world.quiet(96)
    world.hear("")
    world.quiet(2_500, 96)
    assert not world.said(do.CancelTool)


# ---- limits ----------------------------------------------------------------------------------------


def test_after_the_last_round_the_model_has_to_answer_in_words() -> None:
    script = replace(ruled(), tool_rounds_max=2)
    world, reply = asked(script=script)
    world.played(reply)
    world.tell(was.ToolReturned(reply, "a", "noon"))
    assert world.last(do.StartReply).tools
    reply = calls(world)
    world.played(reply)
    world.tell(was.ToolReturned(reply, "a", "noon"))
    assert not world.last(do.StartReply).tools


def test_time_for_tools_is_limited_too() -> None:
    world, reply = asked(script=replace(ruled(), tool_time_ms=5_000))
    world.played(reply)
    world.pass_time(5_000)
    world.tell(was.ToolReturned(reply, "a", "noon"))
    assert not world.last(do.StartReply).tools
    world.played(world.reply_with("It is noon."))
    world.say("And in Rome?")
    assert world.last(do.StartReply).tools


# ---- what follows ----------------------------------------------------------------------------------


def test_waiting_says_nothing_more() -> None:
    world, reply = asked()
    world.played(reply)
    world.tell(was.ToolReturned(reply, "a", "Waiting.", then="wait"))
    assert len(world.said(do.StartReply)) == 1
    assert world.statuses() == [Status.RESPONSE_CREATED, Status.RESPONSE_DONE]
    world.check_settled()
    world.say("I am back.")
    assert Message("tool", [ToolResult("a", "Waiting.")]) in shown_to_the_model(world)


def test_it_hangs_up_when_the_goodbye_was_heard() -> None:
    world, reply = asked("Goodbye!")
    world.tell(was.ToolReturned(reply, "a", "Soon.", then="hang_up"))
    assert world.hung_up is None
    world.played(reply)
    assert world.hung_up is EndReason.AGENT_HUNG_UP
    assert world.core.state is State.CLOSED


def test_who_only_hangs_up_says_the_scripts_goodbye() -> None:
    world, reply = asked(script=Script(goodbye=Phrase("Bye.")))
    world.played(reply)
    world.tell(was.ToolReturned(reply, "a", "Soon.", then="hang_up"))
    assert world.last(do.SayPhrase).text == "Bye."
    assert world.hung_up is None
    world.played(world.last(do.SayPhrase).reply)
    assert world.hung_up is EndReason.AGENT_HUNG_UP


def test_who_speaks_over_the_goodbye_keeps_the_call() -> None:
    world, reply = asked("Goodbye!")
    world.tell(was.ToolReturned(reply, "a", "Soon.", then="hang_up"))
    world.played_ms[reply] = 500
    world.speak(640)
    world.quiet(96)
    world.hear("Wait, one more thing.")
    world.quiet(2_500, 96)
    assert world.hung_up is None
    assert Message("tool", [ToolResult("a", SPOKE_ON, failed=True)]) in shown_to_the_model(world)
    world.played(world.reply_with("Yes?"))
    world.check_settled()


def test_a_goodbye_that_cannot_be_said_ends_the_call_too() -> None:
    world, reply = asked("Goodbye!")
    world.tell(was.ToolReturned(reply, "a", "Soon.", then="hang_up"), was.ReplyFailed(reply, "The voice failed."))
    assert world.hung_up is EndReason.AGENT_HUNG_UP


def test_another_agent_goes_on_with_its_own_prompt_and_the_history() -> None:
    world, reply = asked("I put you through.")
    other = Script(prompt=(Message("system", "You are billing."),), apology=Phrase("Pardon."))
    world.tell(was.AgentSwitched(other), was.ToolReturned(reply, "a", "You are billing now."))
    assert shown_to_the_model(world)[0] == Message("system", "You are billing.")
    assert Message("user", ASKED) in shown_to_the_model(world)
    world.played(reply)
    world.tell(was.ReplyFailed(world.last(do.StartReply).reply, "It broke."))
    assert world.core.script.apology == Phrase("Pardon.")


def test_who_took_over_is_kept_for_another_process() -> None:
    world, reply = asked()
    world.played(reply)
    assert world.core.keep().agent == ""
    world, reply = asked()
    world.played(reply)
    world.tell(was.AgentSwitched(Script(), "billing"))
    assert world.core.keep().agent == "billing"
