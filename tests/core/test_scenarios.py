"""Awkward moments: what a person, an engine or a client does just when it fits least."""

import pytest

from voi.core import actions as do
from voi.core import facts as was
from voi.core.actions import Status
from voi.core.end_reason import EndReason
from voi.core.replies import PAST_LEDGERS
from voi.core.script import Script
from voi.core.state import State
from voi.dialogue import Phrase
from voi.turn_policy import TurnPolicy

from .world import World

CHAT = Script(mode="chat")
QUESTION = "What is the weather like today?"


def released_texts(world: World) -> list[str]:
    return [action.messages[-1].text for action in world.said(do.StartReply) if action.reply in world.released]


def answering(*pieces: str, script: Script | None = None) -> tuple[World, int]:
    """A call whose first answer plays; each piece lasts a second."""
    world = World(script)
    world.say(QUESTION)
    return world, world.reply_with(*(pieces or ("It is sunny.", "It rains elsewhere.", "Stay at home.")))


# ---- speculation ------------------------------------------------------------------------------------------------


def test_words_over_a_speculation_end_it_before_anything_of_it_is_heard():
    world = World()
    world.speak(640)
    world.quiet(96)
    world.hear("What is the weather.")
    speculation = world.last(do.StartReply).reply
    world.reply_with("Sunny.", play=False)
    world.tell(was.UserStarted(0))
    world.tell(was.Heard(1, "What is the weather. And"))
    assert speculation in world.stopped
    assert not world.released
    assert not [show for show in world.said(do.Show) if show.role == "assistant"]


def test_a_cough_over_a_speculation_costs_nothing():
    world = World()
    world.speak(640)
    world.quiet(96)
    world.hear(QUESTION)
    speculation = world.last(do.StartReply).reply
    world.speak(96)
    world.quiet(96)
    world.hear(QUESTION)
    world.quiet(2_500, 96)
    assert list(world.released) == [speculation]


def test_a_speculation_that_failed_is_begun_again():
    world = World()
    world.speak(640)
    world.quiet(96)
    world.hear(QUESTION)
    first = world.last(do.StartReply).reply
    world.tell(was.ReplyFailed(first, "The model failed."))
    world.quiet(2_500, 96)
    assert first in world.stopped
    assert released_texts(world) == [QUESTION]
    assert not world.said(do.ReportError), "nobody asked for it yet"


def test_a_speculation_knows_nothing_of_a_picture_that_came_later():
    world = World()
    world.speak(640)
    world.quiet(96)
    world.hear("What is that?")
    world.tell(was.ImageGiven("https://pictures.example/cat.png"))
    world.quiet(2_500, 96)
    (answered,) = [start for start in world.said(do.StartReply) if start.reply in world.released]
    assert answered.messages[-1].image_urls == ("https://pictures.example/cat.png",)


def test_a_speculation_knows_nothing_of_words_that_turn_out_unheard():
    world, first = answering()
    world.pass_time(3_000)
    world.played_ms[first] = 3_000
    world.speak(320)
    world.quiet(96)
    world.hear("And tomorrow, what will it be like?")
    assert world.last(do.StartReply).muted
    world.tell(was.Interrupted(world.released[first], 1_000))
    world.quiet(2_500, 96)
    (_, answered) = [start for start in world.said(do.StartReply) if start.reply in world.released]
    assert [message.text for message in answered.messages][1] == "It is sunny...."


def test_two_finals_of_one_pause():
    world = World()
    world.speak(640)
    world.quiet(96)
    world.hear("What is the whether?")
    world.hear("What is the weather?")
    world.quiet(2_500, 96)
    assert released_texts(world) == ["What is the weather?"]
    assert world.said(do.StartReply)[0].reply in world.stopped
    world.hear("What is the feather?")
    assert released_texts(world) == ["What is the weather?"]


# ---- barge-ins ---------------------------------------------------------------------------------------------------


def test_a_final_without_words_resumes_nobody_while_the_person_speaks_on():
    world, reply = answering()
    world.speak(128)
    world.quiet(96)
    world.tell(was.UserStarted(0))
    world.hear("")
    assert world.core.state is State.BARGE_IN
    assert not world.said(do.Resume)
    world.speak(320)
    assert reply in world.stopped


def test_a_failed_transcript_ends_a_barge_in_at_once():
    world, reply = answering()
    world.speak(96)
    world.quiet(96)
    ask = world.last(do.Transcribe)
    world.tell(was.TranscriptFailed(ask.utterance, ask.pause, "The recogniser failed."))
    assert world.core.state is State.ANSWERING
    assert world.last(do.Resume).reply == reply


def test_a_barge_in_of_short_sounds_ends_as_it_stands():
    world, reply = answering()
    for _ in range(7):
        world.speak(96)
        world.quiet(64)
    assert world.core.state is State.BARGE_IN
    world.speak(0)
    world.pass_time(1_500 - 7 * 160)
    assert reply in world.stopped, "there is voice again"


def test_a_reply_that_fails_in_a_barge_in_is_not_apologised_for_into_their_words():
    world, reply = answering(script=Script(apology=Phrase("Sorry.")))
    world.speak(96)
    world.tell(was.ReplyFailed(reply, "The model failed."))
    assert world.core.state is State.HEARING
    assert not world.said(do.SayPhrase)


def test_words_that_stop_a_reply_in_a_pause_are_judged_once_and_answered_in_advance():
    world, reply = answering()
    world.pass_time(1_600)
    world.played_ms[reply] = 1_500
    world.speak(96)
    world.quiet(96)
    world.hear("What about tomorrow?")
    assert reply in world.stopped
    assert world.core.state is State.PAUSED
    assert [judge.text for judge in world.said(do.JudgeTurn) if judge.utterance == 2] == ["", "What about tomorrow?"]
    assert world.last(do.StartReply).muted
    assert world.last(do.StartReply).messages[-1].text == "What about tomorrow?"


def test_an_answer_of_which_nothing_was_heard_is_given_after_a_cough_all_the_same():
    world = World()
    world.say(QUESTION)
    world.speak(320)
    world.quiet(96)
    world.hear("")
    world.quiet(2_500, 96)
    assert released_texts(world) == [QUESTION, QUESTION]


@pytest.mark.parametrize(
    ("pieces", "into_ms", "stops"),
    [
        (("It is sunny.", "Shall I open the window?"), 1_500, True),
        (("It is sunny.", "Shall I open the window?"), 200, False),
        (("It is sunny.", "I shall open the window."), 1_500, False),
    ],
)
def test_yes_at_the_end_of_a_question_is_an_answer(pieces: tuple[str, ...], into_ms: int, stops: bool):
    world, reply = answering(*pieces)
    world.pass_time(into_ms)
    world.played_ms[reply] = into_ms
    world.speak(160)
    world.quiet(96)
    world.hear("Yes.")
    assert (reply in world.stopped) is stops
    world.quiet(2_500, 96)
    assert released_texts(world)[1:] == (["Yes."] if stops else [])


def test_yes_before_the_sound_of_the_question_is_known_is_a_sign_of_listening():
    world, reply = answering("It is sunny.")
    number = world.last(do.StartReply).reply
    assert number == reply
    world = World()
    world.say(QUESTION)
    reply = world.last(do.StartReply).reply
    world.tell(was.ReplyText(reply, 0, "Shall I?"), was.ReplyText(reply, 1, "And when?"))
    world.tell(was.PieceVoiced(reply, 0, 0, 500), was.PlaybackStarted(reply), was.ReplyWritten(reply))
    world.speak(160)
    world.quiet(96)
    world.hear("Yes.")
    assert reply not in world.stopped


def test_a_transcript_of_the_old_turn_that_comes_after_the_barge_in_changes_nothing():
    world, reply = answering()
    world.speak(320)
    assert reply in world.stopped
    before = len(world.log)
    world.tell(was.Heard(1, "What is the weather like today in Rome?", 1), was.Heard(1, "late"))
    assert len(world.log) == before


def test_what_an_old_reply_still_produces_is_not_the_new_ones():
    world, old = answering()
    world.played_ms[old] = 500
    world.speak(320)
    world.quiet(96)
    world.hear("And what about tomorrow?")
    world.quiet(2_500, 96)
    new = world.last(do.StartReply).reply
    assert new != old
    late = was.ReplyText(old, 5, "stale"), was.PieceVoiced(old, 5, 9_000, 900), was.PlaybackStarted(old)
    world.tell(*late, was.ReplyWritten(old), was.ReplyPlayed(old), was.ReplyFailed(old, "stale"))
    assert world.core.state is State.ANSWERING
    assert world.owed == 1
    assert "stale" not in str(world.log)
    world.reply_with("Snow.", reply=new)
    assert world.shown[world.released[new]].text == "Snow."


def test_the_transcript_and_the_judgement_of_an_earlier_pause_decide_nothing():
    world = World()
    world.speak(640)
    world.quiet(96)
    early = world.last(do.Transcribe)
    world.speak(640)
    world.quiet(96)
    late = world.last(do.Transcribe)
    assert (late.utterance, late.pause) == (early.utterance, early.pause + 1)
    world.tell(was.Heard(early.utterance, "What is the weather?", early.pause))
    world.tell(was.TurnJudged(early.utterance, early.pause, "audio", 1.0))
    world.tell(was.TurnJudged(early.utterance, early.pause, "agent", 1.0))
    world.quiet(1_024, 96)
    assert not world.said(do.StartReply)
    world.tell(was.Heard(late.utterance, "What is the weather? And I would like a", late.pause))
    world.quiet(1_568, 1_024)
    assert not world.released, "that breaks off"


def test_a_judgement_is_of_one_pause_and_not_of_the_next():
    world = World()
    world.speak(640)
    world.quiet(96)
    ask = world.last(do.Transcribe)
    world.tell(
        was.TurnJudged(ask.utterance, ask.pause, "audio", 1.0), was.TurnJudged(ask.utterance, ask.pause, "agent", 1.0)
    )
    world.speak(640)
    world.quiet(96)
    world.hear("My number is one two")
    world.quiet(512, 96)
    assert not world.released, "nobody has judged this pause yet"


def test_an_utterance_that_ends_twice_is_answered_once():
    world = World()
    world.speak(640)
    world.quiet(3_000)
    assert world.core.state is State.WAITING
    world.hear(QUESTION)
    world.hear(QUESTION)
    world.tell(was.QuietGrew(4_000), was.DeadlinePassed())
    assert released_texts(world) == [QUESTION]


# ---- silent engines and clients ----------------------------------------------------------------------------------


def test_a_stop_that_is_never_confirmed_delays_and_forgets():
    """The session always answers; if it did not, the person would still get an answer."""
    world, reply = answering()
    handle = world.core.handle
    world.core.handle = lambda fact, now_ms: [] if isinstance(fact, was.ReplyStopped) else handle(fact, now_ms)  # type: ignore[method-assign]
    world.speak(320)
    world.quiet(96)
    world.hear("Stop! What about tomorrow?")
    world.quiet(2_500, 96)
    world.pass_time(TurnPolicy().transcript_timeout_ms)
    assert released_texts(world)[-1] == "Stop! What about tomorrow?"
    texts = [message.text for message in world.last(do.StartReply).messages]
    assert not any("sunny" in text for text in texts), "nobody said that it was heard"
    assert reply in world.stopped


def test_listening_to_a_long_answer_is_not_idling():
    world, reply = answering(*["A sentence of a second."] * 60, script=Script(idle_limit_ms=45_000))
    world.pass_time(60_000)
    world.played(reply)
    world.pass_time(44_000)
    assert world.hung_up is None
    world.pass_time(1_001)
    assert world.hung_up is EndReason.IDLE_LIMIT


def test_who_speaks_is_not_idle_though_nothing_was_understood():
    world = World(Script(idle_limit_ms=45_000))
    world.pass_time(40_000)
    world.speak(640)
    world.quiet(96)
    ask = world.last(do.Transcribe)
    world.tell(was.TranscriptFailed(ask.utterance, ask.pause, "The recogniser failed."))
    world.quiet(2_500, 96)
    assert world.core.state is State.IDLE
    world.pass_time(41_000)
    assert world.hung_up is None
    world.pass_time(5_000)
    assert world.hung_up


def test_reminders_do_not_put_the_end_off():
    script = Script(idle_limit_ms=45_000, reminder=Phrase("Still there?"), reminder_after_ms=10_000, reminders_max=9)
    world, reply = answering(script=script)
    world.played(reply)
    for _ in range(4):
        world.pass_time(10_000)
        world.tell(was.PlaybackStarted(world.audible), was.ReplyWritten(world.audible))
        world.played(world.audible)
    assert world.hung_up is None
    world.pass_time(5_001)
    assert world.hung_up


def test_what_fell_due_is_dealt_with_in_its_order_and_nothing_before_its_time():
    world = World(Script(reminder=Phrase("Still there?"), reminder_after_ms=10_000, duration_limit_ms=20_000))
    world.tell(was.DeadlinePassed())
    assert world.log == []
    world.now_ms = 25_000  # the machine stood still
    world.tell(was.DeadlinePassed())
    assert world.audible
    assert world.hung_up is None
    world.tell(was.DeadlinePassed())
    assert world.hung_up


def test_who_types_is_not_reminded():
    world = World(Script(mode="chat", reminder=Phrase("Still there?"), reminder_after_ms=10_000))
    world.pass_time(60_000)
    assert not world.said(do.SayPhrase)


def test_a_long_push_to_talk_is_not_idling():
    world = World(Script(mode="chat", idle_limit_ms=45_000))
    world.tell(was.VoicePushed())
    for count in range(1, 90):
        world.pass_time(1_000)
        world.tell(was.Heard(1, "word " * count))
    assert world.hung_up is None
    world.pass_time(46_000)
    assert world.hung_up


# ---- push to talk -----------------------------------------------------------------------------------------------


def test_pushing_again_while_the_transcript_is_awaited_goes_on_with_the_utterance():
    world = World(CHAT)
    world.tell(was.VoicePushed(), was.AnswerAsked())
    ask = world.last(do.Transcribe)
    world.tell(was.VoicePushed())
    assert world.statuses() == [Status.RESPONSE_CREATED, Status.RESPONSE_CANCELLED]
    world.tell(was.Heard(ask.utterance, "Tell me", ask.pause))
    assert world.core.state is State.HEARING
    world.tell(was.AnswerAsked())
    world.hear("Tell me a joke.")
    assert released_texts(world) == ["Tell me a joke."]
    assert len(world.said(do.Listen)) == 1
    assert world.owed == 1


def test_who_asks_in_a_call_may_go_on_speaking():
    world = World()
    world.speak(640)
    world.tell(was.AnswerAsked())
    world.tell(was.SpeechGrew(672))
    assert world.core.state is State.WAITING
    world.quiet(96)
    world.hear(QUESTION)
    assert released_texts(world) == [QUESTION]


def test_asking_twice_is_asking_once():
    world = World(CHAT)
    world.tell(was.VoicePushed(), was.AnswerAsked(), was.AnswerAsked())
    assert len(world.said(do.Transcribe)) == 1
    world.hear("Hello.")
    world.tell(was.AnswerAsked())
    assert released_texts(world) == ["Hello."]
    assert world.statuses() == [Status.RESPONSE_CREATED]


def test_an_interrupt_that_comes_after_the_next_question_leaves_its_answer_alone():
    world = World(CHAT)
    world.tell(was.TextTyped("One"), was.AnswerAsked())
    first = world.reply_with("Answer one.", "And more.")
    world.tell(was.VoicePushed(), was.AnswerAsked(), was.Interrupted(world.released[first], 900))
    world.hear("Two")
    world.tell(was.Interrupted(None, None), was.Interrupted(world.released[first], 950))
    assert released_texts(world) == ["One", "Two"]
    assert world.last(do.StartReply).reply not in world.stopped


# ---- what is remembered -----------------------------------------------------------------------------------------


def test_of_speeches_long_ago_nothing_is_kept():
    world = World(CHAT)
    for number in range(PAST_LEDGERS + 1):
        world.tell(was.TextTyped(f"Question {number}"), was.AnswerAsked())
        world.played(world.reply_with("An answer."))
    oldest, kept = list(world.released.values())[:2]
    world.tell(was.Interrupted(kept, 500))
    assert not world.said(do.ReportError)
    world.tell(was.Interrupted(oldest, 500))
    assert "not known" in world.last(do.ReportError).error


def test_an_answer_without_words_is_not_remembered():
    world = World(CHAT)
    world.tell(was.TextTyped("Hello"), was.AnswerAsked())
    world.played(world.reply_with())
    assert [entry.role for entry in world.core.history] == ["user"]
    assert world.statuses() == [Status.RESPONSE_CREATED, Status.RESPONSE_CANCELLED]


# ---- the end ----------------------------------------------------------------------------------------------------


ENDINGS = {
    State.IDLE: lambda world: world.pass_time(100),
    State.HEARING: lambda world: world.speak(640),
    State.PAUSED: lambda world: (world.speak(640), world.quiet(96), world.hear(QUESTION)),
    State.WAITING: lambda world: (world.speak(640), world.tell(was.AnswerAsked())),
    State.ANSWERING: lambda world: (world.say(QUESTION), world.reply_with("Sunny.")),
    State.BARGE_IN: lambda world: (world.say(QUESTION), world.reply_with("Sunny."), world.speak(64)),
}


@pytest.mark.parametrize("state", ENDINGS)
@pytest.mark.parametrize("end", [was.HungUp(), "duration"])
def test_every_state_is_left_in_order(state: State, end: was.HungUp | str):
    world = World()
    ENDINGS[state](world)
    assert world.core.state is state
    if isinstance(end, str):
        world.core.script = Script(duration_limit_ms=world.now_ms)
        world.tell(was.DeadlinePassed())
        assert world.hung_up is EndReason.DURATION_LIMIT
    else:
        world.tell(end)
    assert world.core.state is State.CLOSED
    assert world.owed == 0
    assert set(world.started) == world.stopped
    assert len(world.said(do.Listen)) == len(world.said(do.EndUtterance))
    assert world.core.deadline_ms is None
    before = len(world.log)
    world.tell(was.UserStarted(0), was.AnswerAsked(), was.Heard(1, "late", 1), was.DeadlinePassed(), was.HungUp())
    assert len(world.log) == before
