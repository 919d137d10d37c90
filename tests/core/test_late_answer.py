"""While the words of an answer are late, the person is told so: once, ahead of the answer, and never for nothing."""

from dataclasses import replace
from typing import Any

from voi.core import actions as do
from voi.core import facts as was
from voi.core.script import Script
from voi.core.state import State
from voi.dialogue import Phrase

from .world import World

LATE_MS = 2_500
SCRIPT = Script(late_phrase=Phrase("One moment.", "warm"), late_after_ms=LATE_MS, apology=Phrase("Sorry."))
CHAT = replace(SCRIPT, mode="chat")
QUESTION = "What is the weather like today?"


SURELY_ENDED_MS = 960


def asked(script: Script = SCRIPT) -> World:
    """A call in which the person has asked, and nothing of the answer has come."""
    world = World(script, instant=False)
    world.say(QUESTION, quiet_ms=SURELY_ENDED_MS)
    assert world.core._replies.speculation.awaited
    return world


def wait(world: World, ms: int = LATE_MS) -> None:
    """The person is quiet for so long after `asked`, and their silence arrives."""
    world.quiet(SURELY_ENDED_MS + ms, SURELY_ENDED_MS)


def told(world: World) -> list[do.SayAhead]:
    return [action for action in world.log if isinstance(action, do.SayAhead)]


def ahead_sounds(world: World) -> int:
    """The phrase is ready to be heard, and is heard."""
    reply = told(world)[-1].reply
    world.tell(was.ReplySounded(reply), was.PlaybackStarted(reply))
    return reply


def test_an_answer_that_is_late_begins_with_the_phrase():
    world = asked()
    wait(world)
    assert told(world) == [do.SayAhead(world.last(do.StartReply).reply, "One moment.", "warm")]
    assert not world.released, "its sound is not there yet, and the person may go on"
    reply = ahead_sounds(world)
    assert world.core.state is State.ANSWERING
    message_id = world.released[reply]
    assert world.shown[message_id].text == "One moment."
    assert not world.shown[message_id].final
    world.reply_with("It is sunny.", reply=reply)
    assert world.shown[message_id].text == "It is sunny."
    assert [m.text for m in world.core.history.messages()] == [QUESTION, "It is sunny."], "the model did not say it"


def test_it_is_counted_from_the_end_of_the_turn():
    world = World(SCRIPT, instant=False)
    world.speak(640)
    world.quiet(96)
    world.hear("My address is")  # surely goes on: waits for the longest silence
    world.quiet(1_600, 96)
    assert not told(world)
    world.quiet(2_500, 1_600)
    ended_ms: Any = world.core._replies.speculation.wanted_ms
    world.pass_time(ended_ms + LATE_MS - world.now_ms - 1)
    assert not told(world)
    world.pass_time(1)
    assert len(told(world)) == 1


def test_without_a_phrase_nothing_is_said_and_nothing_falls_due():
    world = asked(replace(SCRIPT, late_phrase=None))
    world.pass_time(29_000)
    assert not told(world)


def test_not_when_words_of_the_answer_are_on_their_way_to_the_voice():
    world = asked()
    wait(world, 1_600)
    world.tell(was.ReplyText(world.last(do.StartReply).reply, 0, "It is"))
    world.pass_time(10_000)
    assert not told(world)


def test_not_for_a_reply_that_nobody_waits_for_yet():
    world = World(replace(SCRIPT, late_after_ms=100), instant=False)
    world.speak(640)
    world.quiet(96)
    world.hear(QUESTION)
    world.quiet(224, 96)
    assert [start.muted for start in world.said(do.StartReply)] == [True], "it is begun"
    assert not told(world), "they may go on"
    world.speak(5_000)
    assert not told(world)


def test_once_in_a_turn_though_the_person_goes_on():
    world = asked()
    wait(world)
    ahead_sounds(world)
    world.say("And tomorrow, please?")
    assert world.said(do.StartReply)[-1].messages[-1].text == f"{QUESTION} And tomorrow, please?"
    world.pass_time(20_000)
    assert len(told(world)) == 1


def test_who_talks_over_the_phrase_has_heard_nothing_of_the_answer():
    world = asked()
    wait(world)
    reply = ahead_sounds(world)
    world.played_ms[reply] = 600
    world.pass_time(5_000)  # long after its first sound
    world.say("I mean in Rome, please.")
    assert reply in world.stopped
    assert world.core.history.last is None
    assert world.said(do.StartReply)[-1].messages[-1].text == f"{QUESTION} I mean in Rome, please."


def test_a_cough_over_the_phrase_leaves_it():
    world = asked()
    wait(world)
    reply = ahead_sounds(world)
    world.speak(96)
    world.quiet(320)
    world.hear("")
    assert reply not in world.stopped
    assert world.core.state is State.ANSWERING


def test_again_in_the_next_turn():
    world = asked()
    wait(world)
    reply = ahead_sounds(world)
    world.reply_with("It is sunny.", reply=reply)
    world.played(reply)
    world.say("And tomorrow?")
    world.pass_time(LATE_MS)
    assert len(told(world)) == 2


def test_after_an_answer_that_never_came_the_next_may_be_late_too():
    world = asked()
    wait(world)
    reply = ahead_sounds(world)
    world.tell(was.ReplyFailed(reply, "The model failed."))
    assert world.last(do.SayPhrase).text == "Sorry."
    world.played(world.last(do.SayPhrase).reply)
    world.say("Once more: the weather?")
    world.pass_time(LATE_MS)
    assert len(told(world)) == 2


def test_the_phrase_gives_the_answer_no_more_time():
    world = asked()
    waits_from_ms: Any = world.core._replies.speculation.wanted_ms
    wait(world)
    ahead_sounds(world)
    world.pass_time(waits_from_ms + SCRIPT.reply_timeout_ms - world.now_ms)
    assert world.last(do.SayPhrase).text == "Sorry."


def test_a_typed_question_whose_answer_is_late():
    world = World(CHAT, instant=False)
    world.tell(was.TextTyped(QUESTION), was.AnswerAsked())
    world.pass_time(LATE_MS)
    (ahead,) = told(world)
    assert world.shown[world.released[ahead.reply]].text == "One moment."
    world.tell(was.TextTyped("Hello?"), was.AnswerAsked())
    world.pass_time(LATE_MS)
    assert len(told(world)) == 2, "the person asked again"


def test_greetings_reminders_and_apologies_are_no_answers():
    script = replace(SCRIPT, greeting=Phrase("Hi."), reminder=Phrase("There?"), reminder_after_ms=1_000)
    world = World(script, greet=True, instant=False)
    world.pass_time(20_000)
    assert not told(world)


def test_no_phrase_over_a_sound_of_the_person():
    world = World(CHAT, instant=False)
    world.tell(was.TextTyped(QUESTION), was.AnswerAsked(), was.VoicePushed())
    world.pass_time(20_000)
    assert not told(world)


# ---- while tools run ---------------------------------------------------------------------------------


def calls_a_tool(*pieces: str, script: Script = SCRIPT) -> tuple[World, int]:
    """The answer says that, and then waits for a tool."""
    world = World(script, instant=False)
    world.say(QUESTION)
    reply: int = world.last(do.StartReply).reply
    for index, text in enumerate(pieces):
        world.tell(was.ReplyText(reply, index, text), was.PieceVoiced(reply, index, index * 1_000, 1_000))
    if pieces:
        world.tell(was.PlaybackStarted(reply))
    world.tell(was.ToolCalled(reply, "a", "look_up", "{}"), was.ReplyWritten(reply))
    world.pass_time(1_000 * len(pieces))
    world.played(reply)
    return world, reply


def meanwhile(world: World) -> list[do.SayPhrase]:
    return [action for action in world.log if isinstance(action, do.SayPhrase) and action.text == "One moment."]


def test_while_a_tool_takes_long_the_person_is_told_so_once() -> None:
    world, reply = calls_a_tool("Let me look.")
    world.pass_time(LATE_MS - 1)
    assert not meanwhile(world), "it is counted from the end of what was heard"
    world.pass_time(1)
    (phrase,) = meanwhile(world)
    world.reply_with("One moment.", reply=phrase.reply)
    world.played(phrase.reply)
    assert world.core.state is State.ANSWERING
    world.pass_time(10_000)
    world.tell(was.ToolReturned(reply, "a", "sunny"))
    world.pass_time(10_000)
    assert len(meanwhile(world) + told(world)) == 1
    world.played(world.reply_with("It is sunny."))
    assert [m.text for m in world.core.history.messages()] == [QUESTION, "Let me look.", "", "It is sunny."]
    world.check_settled()


def test_what_comes_back_while_the_phrase_is_said_follows_it() -> None:
    world, reply = calls_a_tool()
    world.pass_time(LATE_MS)
    (phrase,) = meanwhile(world)
    world.reply_with("One moment.", reply=phrase.reply)
    world.tell(was.ToolReturned(reply, "a", "sunny"))
    after = world.reply_with("It is sunny.", play=False)
    assert after not in world.released
    world.played(phrase.reply)
    assert after in world.released


def test_the_model_s_time_after_the_tool_counts_too() -> None:
    world, reply = calls_a_tool("Let me look.")
    world.pass_time(LATE_MS - 500)
    world.tell(was.ToolReturned(reply, "a", "sunny"))
    world.pass_time(499)
    assert not told(world)
    world.pass_time(1)
    assert [ahead.reply for ahead in told(world)] == [world.last(do.StartReply).reply]
    assert not meanwhile(world)


def test_who_was_told_before_the_tool_ran_is_not_told_again() -> None:
    world = asked()
    wait(world)
    reply = ahead_sounds(world)
    world.tell(was.ReplyText(reply, 0, "Let me look."), was.PieceVoiced(reply, 0, 0, 1_000))
    world.tell(was.ToolCalled(reply, "a", "look_up", "{}"), was.ReplyWritten(reply))
    world.played(reply)
    world.pass_time(20_000)
    world.tell(was.ToolReturned(reply, "a", "sunny"))
    world.pass_time(LATE_MS)
    assert len(told(world) + meanwhile(world)) == 1


def test_who_talks_over_the_phrase_is_answered_and_the_tool_runs_on() -> None:
    world, reply = calls_a_tool()
    world.pass_time(LATE_MS)
    (phrase,) = meanwhile(world)
    world.tell(was.ReplyText(phrase.reply, 0, "One moment."), was.PieceVoiced(phrase.reply, 0, 0, 1_000))
    world.tell(was.PlaybackStarted(phrase.reply), was.ReplyWritten(phrase.reply))
    world.played_ms[phrase.reply] = 200
    world.say("Never mind, tell me about Rome.")
    assert phrase.reply in world.stopped
    assert "One moment" not in str(world.core.history.messages())
    world.played(world.reply_with("Rome is old."))
    world.tell(was.ToolReturned(reply, "a", "sunny"))
    world.played(world.reply_with("And it is sunny."))
    world.check_settled()


def test_tools_that_nobody_waits_for_make_nothing_late() -> None:
    world, _ = calls_a_tool()
    world.tell(was.Interrupted(None))
    world.pass_time(20_000)
    assert not meanwhile(world)
    quiet, _ = calls_a_tool(script=replace(SCRIPT, late_phrase=None))
    quiet.pass_time(20_000)
    assert not meanwhile(quiet)
