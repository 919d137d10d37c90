import pytest

from voi.core import actions as do
from voi.core import facts as was
from voi.core.actions import Status
from voi.core.conversation import Conversation
from voi.core.end_reason import EndReason
from voi.core.expects import Expects
from voi.core.script import Script
from voi.core.state import State
from voi.dialogue import Phrase
from voi.turn_policy import TurnPolicy

from .world import World

CHAT = Script(mode="chat")
NO_SPECULATION = Script(turn=TurnPolicy(speculate=False))
SENTENCE = "What is the weather like today?"


def released_texts(world: World) -> list[str]:
    return [action.messages[-1].text for action in world.said(do.StartReply) if action.reply in world.released]


# ---- a call's turn ----------------------------------------------------------------------------------


def test_a_turn_is_heard_answered_and_played():
    world = World()
    world.say(SENTENCE)
    assert released_texts(world) == [SENTENCE]
    reply = world.reply_with("It is sunny.", "Enjoy it.")
    assert world.core.state is State.ANSWERING
    world.played(reply)
    world.check_settled()
    assert [(e.role, e.text) for e in world.core.history] == [
        ("user", SENTENCE),
        ("assistant", "It is sunny. Enjoy it."),
    ]
    assert world.statuses() == [Status.RESPONSE_CREATED, Status.RESPONSE_DONE]


def test_the_reply_is_speculative_until_the_silence_has_lasted():
    world = World()
    world.speak(640)
    world.quiet(64)
    world.hear(SENTENCE)
    start = world.last(do.StartReply)
    assert start.muted
    assert world.released == {}
    world.reply_with("Sunny.", play=False)
    assert all(show.role == "user" for show in world.said(do.Show))
    world.quiet(1_000, 64)
    assert world.released == {start.reply: world.last(do.Release).message_id}
    assert world.shown[world.released[start.reply]].text == "Sunny."
    assert world.statuses() == [Status.RESPONSE_CREATED, Status.RESPONSE_DONE], "it was written before"


def test_speaking_on_drops_the_speculation_and_nothing_of_it_is_heard():
    world = World()
    world.speak(640)
    world.quiet(64)
    world.hear("What is the weather.")
    speculation = world.last(do.StartReply).reply
    world.speak(640)
    assert speculation in world.stopped
    world.quiet(64)
    world.hear("What is the weather. And the time?")
    world.quiet(2_500, 64)
    assert released_texts(world) == ["What is the weather. And the time?"]


def test_a_blip_that_adds_no_words_keeps_the_speculation():
    world = World()
    world.speak(640)
    world.quiet(64)
    world.hear("Hello there.")
    world.speak(64)
    world.quiet(64)
    world.hear("hello there")
    world.quiet(2_500, 64)
    assert len(world.said(do.StartReply)) == 1


def test_without_speculation_nothing_starts_before_the_end_of_the_turn():
    world = World(NO_SPECULATION)
    world.speak(640)
    world.quiet(224)
    assert not world.said(do.Transcribe, do.StartReply)
    world.quiet(608, 224)
    assert not world.said(do.StartReply)
    world.hear(SENTENCE)
    assert world.released  # its first sound is there at once: it is muted only until then
    assert world.core.state is State.ANSWERING


def test_the_judges_shorten_and_lengthen_the_silence():
    def quiet_needed(probability: float) -> int:
        world = World()
        world.speak(640)
        world.quiet(64)
        ask = world.last(do.Transcribe)
        world.tell(was.TurnJudged(ask.utterance, ask.pause, "audio", probability))
        world.hear("I would like to have a coffee")
        for quiet_ms in range(96, 5_000, 32):
            world.quiet(quiet_ms, quiet_ms - 32)
            if world.released:
                return quiet_ms
        raise AssertionError("never answered")

    policy = TurnPolicy()
    assert quiet_needed(0.99) == policy.min_silence_ms
    assert policy.silence_ms < quiet_needed(0.1) < policy.max_silence_ms


def test_words_that_come_late_are_listened_to_all_the_same():
    """The recognition took longer than the silence that is enough where the sound alone seems complete."""
    world = World()
    world.speak(640)
    world.quiet(64)
    ask = world.last(do.Transcribe)
    world.tell(was.TurnJudged(ask.utterance, ask.pause, "audio", 0.9))
    world.quiet(512, 64)
    world.hear("And so my fellow Americans.")
    assert not world.released
    world.quiet(1_024, 512)
    assert not world.released
    world.speak(640)
    world.quiet(64)
    ask = world.last(do.Transcribe)
    world.tell(was.TurnJudged(ask.utterance, ask.pause, "audio", 0.9))
    world.quiet(512, 64)
    world.hear("And so my fellow Americans, ask what you can do for your country.")
    assert len(world.released) == 1  # at once


def test_the_completeness_agent_overrules_the_sound():
    world = World()
    world.speak(640)
    world.quiet(64)
    ask = world.last(do.Transcribe)
    world.hear("I would like to book a")
    world.tell(was.TurnJudged(ask.utterance, ask.pause, "audio", 0.99))
    world.tell(was.TurnJudged(ask.utterance, ask.pause, "agent", 0.0))
    longest_ms = world.core.script.turn.max_silence_ms
    world.quiet(longest_ms - 32, 64)
    assert not world.released
    world.quiet(longest_ms, longest_ms - 32)
    assert world.released


def test_noise_causes_no_turn():
    world = World()
    world.say("")
    assert not world.said(do.StartReply, do.Show)
    world.check_settled()


def test_partials_replace_one_message_and_the_final_corrects_it():
    world = World()
    world.speak(320)
    world.tell(was.Heard(1, "what is"))
    world.tell(was.Heard(1, "what is the whether"))
    world.speak(320)
    world.quiet(96)
    world.hear("What is the weather?")
    world.quiet(2_500, 96)
    user = [show for show in world.said(do.Show) if show.role == "user"]
    assert {show.message_id for show in user} == {0}
    assert [show.text for show in user] == ["what is", "what is the whether", *["What is the weather?"] * 2]
    assert [show.final for show in user] == [False, False, False, True]


def test_no_partials_and_no_correction_when_not_wanted():
    world = World(Script(stream_user_stt=False))
    world.speak(320)
    world.tell(was.Heard(1, "what is"))
    world.quiet(96)
    world.hear("What is it?")
    world.quiet(2_500, 96)
    assert [show.text for show in world.said(do.Show)] == ["What is it?"]


def test_words_that_were_seen_are_taken_back_only_when_correction_is_wanted():
    def shown(final: str) -> list[str]:
        world = World(Script(final_stt_correction=False))
        world.speak(320)
        world.tell(was.Heard(1, "what is the whether"))
        world.quiet(96)
        world.hear(final)
        world.quiet(2_500, 96)
        assert released_texts(world) == [final]
        return [show.text for show in world.said(do.Show)]

    assert shown("What is the weather?") == ["what is the whether"]
    assert shown("What is the whether man?")[-1] == "What is the whether man?"


def test_sound_that_stops_arriving_ends_the_turn():
    world = World()
    world.speak(640)
    world.pass_time(3_000)
    assert world.core.state is State.WAITING
    world.hear("Hello there, how are you?")
    assert world.core.state is State.ANSWERING


def test_an_stt_that_never_answers_ends_the_turn_with_what_was_understood():
    world = World()
    world.speak(640)
    world.tell(was.Heard(1, "are you there"))
    world.quiet(2_500)
    world.pass_time(6_000)
    assert released_texts(world) == ["are you there"]


def test_a_failed_transcript_is_told_and_ends_the_turn():
    world = World()
    world.speak(640)
    world.quiet(96)
    ask = world.last(do.Transcribe)
    world.tell(was.TranscriptFailed(ask.utterance, ask.pause, "The speech recogniser failed; please say it again."))
    world.quiet(2_500, 96)
    assert [c.error for c in world.said(do.ReportError)] == ["The speech recogniser failed; please say it again."]
    world.check_settled()


def test_who_was_not_understood_for_a_failure_hears_an_apology():
    world = World(Script(apology=Phrase("Sorry, I lost my train of thought.")))
    world.speak(640)
    world.quiet(96)
    ask = world.last(do.Transcribe)
    world.tell(was.TranscriptFailed(ask.utterance, ask.pause, "The speech recogniser failed."))
    world.quiet(2_500, 96)
    assert [say.text for say in world.said(do.SayPhrase)] == ["Sorry, I lost my train of thought."]


def test_who_was_never_understood_hears_an_apology():
    world = World(Script(apology=Phrase("Sorry, I lost my train of thought.")))
    world.speak(640)
    world.quiet(2_500)
    world.pass_time(6_000)
    assert [say.text for say in world.said(do.SayPhrase)] == ["Sorry, I lost my train of thought."]


# ---- barge-in -------------------------------------------------------------------------------------------


def answering(script: Script | None = None) -> tuple[World, int]:
    world = World(script)
    world.say(SENTENCE)
    reply = world.reply_with("It is sunny in the north.", "It rains in the south.", "Stay at home.")
    world.pass_time(1_550)
    world.played_ms[reply] = 1_500
    return world, reply


def test_a_cough_ducks_and_resumes():
    world, reply = answering()
    world.speak(128)
    assert world.last(do.Duck).reply == reply
    world.quiet(96)
    world.hear("")
    assert world.last(do.Resume).reply == reply
    assert reply not in world.stopped
    assert world.core.state is State.ANSWERING
    assert Status.USER_INTERRUPT not in world.statuses()


def test_a_backchannel_resumes():
    world, reply = answering()
    world.speak(224)
    world.quiet(96)
    world.hear("Mhm.")
    assert reply not in world.stopped
    assert world.core.state is State.ANSWERING


def test_words_stop_the_reply_and_it_is_cut_to_what_was_heard():
    world, reply = answering()
    world.speak(192)
    world.tell(was.Heard(2, "wait"))
    assert reply in world.stopped
    assert world.statuses()[-1] is Status.USER_INTERRUPT
    heard = world.shown[world.released[reply]].text
    assert heard.startswith("It is sunny in the north. It rains")
    assert heard.endswith("... (interrupted)")
    assert "home" not in "".join(entry.text for entry in world.core.history)


@pytest.mark.parametrize("played_ms", [0, 40])
def test_a_greeting_of_which_nothing_was_heard_leaves_no_message(played_ms):
    world = World(Script(mode="chat", greeting=Phrase("Good morning, how can I help you?")), greet=True)
    greeting = world.last(do.SayPhrase).reply
    world.reply_with("Good morning, how can I help you?", reply=greeting)
    world.played_ms[greeting] = played_ms
    world.tell(was.Interrupted(world.released[greeting], None))
    assert world.shown[world.released[greeting]].text == ""
    assert not list(world.core.history)


def test_lasting_voice_stops_the_reply_before_any_words_are_known():
    world, reply = answering()
    world.speak(320)
    assert reply in world.stopped
    assert world.core.state is State.HEARING
    world.quiet(96)
    world.hear("Never mind the weather, tell me a joke.")
    world.quiet(2_500, 96)
    assert released_texts(world)[-1] == "Never mind the weather, tell me a joke."


def test_an_unheard_answer_is_taken_back_and_late_words_join_the_turn():
    world = World()
    world.say("Tell me about Rome.")
    first = world.last(do.StartReply).reply
    world.speak(640)
    assert first in world.stopped
    world.quiet(96)
    world.hear("And about Paris.")
    world.quiet(2_500, 96)
    last = world.last(do.StartReply)
    assert [m.text for m in last.messages] == ["Tell me about Rome. And about Paris."]
    assert {show.message_id for show in world.said(do.Show) if show.role == "user"} == {0}


def test_a_barge_in_that_nobody_decides_ends():
    world, reply = answering()
    world.speak(64)
    world.quiet(64)
    world.pass_time(2_000)
    assert world.core.state is State.ANSWERING
    assert world.last(do.Resume).reply == reply


def test_a_reply_that_ends_during_the_barge_in_leaves_the_turn_to_the_person():
    world, reply = answering()
    world.speak(96)
    world.played(reply)
    assert world.core.state is State.HEARING
    world.quiet(96)
    world.hear("Thanks a lot, and what about tomorrow?")
    world.quiet(2_500, 96)
    assert released_texts(world)[-1] == "Thanks a lot, and what about tomorrow?"


def test_stale_work_changes_nothing():
    world, reply = answering()
    world.speak(320)
    before = list(world.core.history.messages())
    assert world.tell(was.ReplyText(reply, 7, "late words"), was.ReplyWritten(reply), was.PlaybackStarted(reply)) == []
    assert world.tell(was.ReplyPlayed(reply), was.ReplyFailed(reply, "late"), was.ReplyStopped(reply, 9_999)) == []
    assert world.tell(was.Heard(1, "old utterance"), was.TurnJudged(1, 1, "audio", 1.0)) == []
    assert list(world.core.history.messages()) == before


# ---- chat ---------------------------------------------------------------------------------------------------


def test_typed_text_is_answered():
    world = World(CHAT)
    world.tell(was.TextTyped("Hello"), was.AnswerAsked())
    reply = world.reply_with("Hi!")
    world.played(reply)
    assert world.statuses() == [Status.RESPONSE_CREATED, Status.RESPONSE_DONE]
    assert [(show.message_id, show.role, show.text) for show in world.shown.values()] == [
        (0, "user", "Hello"),
        (1, "assistant", "Hi!"),
    ]


def test_nothing_to_answer_is_cancelled():
    world = World(CHAT)
    world.tell(was.AnswerAsked())
    assert world.statuses() == [Status.RESPONSE_CREATED, Status.RESPONSE_CANCELLED]
    world.check_settled()


def test_a_picture_alone_is_answered():
    world = World(CHAT)
    world.tell(was.ImageGiven("https://example.com/cat.png"), was.AnswerAsked())
    assert world.last(do.StartReply).messages[-1].image_urls == ("https://example.com/cat.png",)


def test_push_to_talk_however_short():
    world = World(CHAT)
    world.tell(was.VoicePushed(), was.AnswerAsked())
    assert world.core.state is State.WAITING
    world.hear("yes")
    assert released_texts(world) == ["yes"]
    assert isinstance(world.said(do.EndUtterance)[-1], do.EndUtterance)


def test_pushed_silence_is_cancelled():
    world = World(CHAT)
    world.tell(was.VoicePushed(), was.AnswerAsked())
    world.hear("")
    assert world.statuses() == [Status.RESPONSE_CREATED, Status.RESPONSE_CANCELLED]
    world.check_settled()


def test_text_and_speech_of_one_turn_are_one_message():
    world = World(CHAT)
    world.tell(was.TextTyped("Look at this:"), was.VoicePushed(), was.AnswerAsked())
    world.hear("what is it?")
    assert released_texts(world) == ["Look at this: what is it?"]


@pytest.mark.parametrize("correct", [True, False])
def test_text_typed_while_a_transcript_is_awaited_hides_nothing(correct: bool):
    world = World(Script(mode="chat", final_stt_correction=correct))
    world.tell(was.VoicePushed())
    turn = world.last(do.Listen).utterance
    world.tell(was.Heard(turn, "what is"), was.AnswerAsked(), was.TextTyped("Look at this:"))
    assert world.last(do.Show).text == "Look at this: what is"
    world.hear("what is it?")
    shown = [show.text for show in world.said(do.Show) if show.role == "user"]
    assert shown == ["what is", "Look at this: what is", "Look at this: what is it?", "Look at this: what is it?"]
    assert released_texts(world) == ["Look at this: what is it?"]


def test_a_late_interrupt_touches_only_the_speech_it_names():
    world = World(CHAT)
    world.tell(was.TextTyped("One"), was.AnswerAsked())
    first = world.reply_with("A long answer about one.", "And more of it.")
    world.played_ms[first] = 1_200
    world.tell(was.TextTyped("Two"), was.AnswerAsked())
    second = world.last(do.StartReply).reply
    world.tell(was.Interrupted(world.released[first], 1_000))
    assert second not in world.stopped
    assert world.shown[world.released[first]].text == "A long answer about one.... (interrupted)"
    assert world.core.state is State.ANSWERING


def test_the_old_reply_is_cut_before_the_new_one_is_asked():
    world = World(CHAT)
    world.tell(was.TextTyped("One"), was.AnswerAsked())
    first = world.reply_with("Heard sentence.", "Unheard sentence.")
    world.played_ms[first] = 1_000
    world.tell(was.TextTyped("Two"), was.AnswerAsked())
    texts = [m.text for m in world.last(do.StartReply).messages]
    assert texts == ["One", "Heard sentence....", "Two"]


def test_an_interrupt_of_an_unknown_speech_is_told():
    world = World(CHAT)
    world.tell(was.Interrupted(99, 100))
    assert len(world.said(do.ReportError)) == 1


def test_an_interrupt_in_a_call_stops_the_speech():
    world, reply = answering()
    world.tell(was.Interrupted(world.released[reply], 500))
    assert world.core.state is State.IDLE
    assert reply in world.stopped


PIECES = tuple(f"Piece {number} is said." for number in range(5))
HEARD_PIECES = [" ".join(PIECES[:count]) for count in range(6)]
"""Each is a second long."""


@pytest.mark.parametrize(
    ("clock_ms", "told_ms", "pieces_heard"),
    [
        (3_000, None, 3),
        (3_000, 2_000, 2),
        (3_000, 1_000, 1),
        (4_000, 1_000, 4),  # over 2 s behind our own clock: a browser that counted from 0 after an underrun
        (3_000, 64, 3),
        (3_000, 9_000, 3),  # nobody can have heard what was not sent
        (3_000, 86_400_000, 3),
    ],
)
def test_the_clients_word_counts_where_it_can_be_believed(clock_ms: int, told_ms: int | None, pieces_heard: int):
    world = World(CHAT)
    world.tell(was.TextTyped("Tell me."), was.AnswerAsked())
    reply = world.reply_with(*PIECES)
    world.played_ms[reply] = clock_ms
    world.tell(was.Interrupted(world.released[reply], told_ms))
    assert world.core.history.messages()[-1].text.removesuffix("...").startswith(HEARD_PIECES[pieces_heard])
    assert PIECES[pieces_heard] not in world.core.history.messages()[-1].text


def test_a_later_word_may_go_on_and_not_back():
    world = World(CHAT)
    world.tell(was.TextTyped("Tell me."), was.AnswerAsked())
    reply = world.reply_with(*PIECES)
    world.played_ms[reply] = 4_000
    speech = world.released[reply]
    for told_ms, pieces in ((3_000, 3), (2_500, 3), (0, 3), (4_000, 4), (3_900, 4), (4_400, 4)):
        world.tell(was.Interrupted(speech, told_ms))
        said = world.core.history.messages()[-1].text
        assert said.startswith(HEARD_PIECES[pieces])
        assert pieces == 5 or PIECES[pieces] not in said


@pytest.mark.parametrize(("told_ms", "pieces"), [(900, 2), (1_900, 1)])
def test_after_a_cough_the_player_may_count_from_0(told_ms: int, pieces: int):
    world = World()
    world.say("Tell me a story, please.")
    reply = world.reply_with(*PIECES)
    world.speak(128)
    world.quiet(96)
    world.hear("")
    assert world.last(do.Resume).reply == reply
    world.played_ms[reply] = 2_000
    world.tell(was.Interrupted(world.released[reply], told_ms))
    said = world.core.history.messages()[-1].text
    assert said.startswith(HEARD_PIECES[pieces])
    assert PIECES[pieces] not in said


def test_a_word_after_the_end_of_the_speech_is_weighed_against_its_length():
    world = World(CHAT)
    world.tell(was.TextTyped("Tell me."), was.AnswerAsked())
    reply = world.reply_with(*PIECES)
    world.played(reply)
    world.tell(was.Interrupted(world.released[reply], 100))
    assert world.core.history.messages()[-1].text == HEARD_PIECES[5]
    world.tell(was.Interrupted(world.released[reply], 4_000))
    assert world.core.history.messages()[-1].text == HEARD_PIECES[4] + "..."
    world.tell(was.Interrupted(world.released[reply], 5_000))
    assert world.core.history.messages()[-1].text == HEARD_PIECES[5], "it was heard after all"


def test_where_our_clock_knows_only_the_sending_the_client_is_believed():
    world = World(Script(mode="chat", playback_lag_max_ms=None))
    world.tell(was.TextTyped("Tell me."), was.AnswerAsked())
    reply = world.reply_with(*PIECES)
    world.played_ms[reply] = 5_000
    world.tell(was.Interrupted(world.released[reply], 1_000))
    assert world.core.history.messages()[-1].text == HEARD_PIECES[1] + "..."
    world.tell(was.Interrupted(world.released[reply], 100))
    assert world.core.history.messages()[-1].text == HEARD_PIECES[1] + "...", "no word goes back"


def test_pressing_the_talk_button_stops_the_reply():
    world = World(CHAT)
    world.tell(was.TextTyped("One"), was.AnswerAsked())
    first = world.reply_with("Answer.")
    world.tell(was.VoicePushed())
    assert first in world.stopped
    assert world.core.state is State.HEARING


# ---- failures and limits ---------------------------------------------------------------------------------------


def test_a_failed_reply_is_told_apologised_for_and_ended():
    world = World(Script(apology=Phrase("Sorry, I lost my train of thought.")))
    world.say(SENTENCE)
    reply = world.last(do.StartReply).reply
    world.tell(was.ReplyFailed(reply, "The language model refused; check LITELLM_API_KEY."))
    assert world.last(do.SayPhrase).text == "Sorry, I lost my train of thought."
    assert world.statuses() == [Status.RESPONSE_CREATED, Status.RESPONSE_CANCELLED]
    world.played(world.last(do.SayPhrase).reply)
    world.check_settled()


def test_a_failed_apology_is_not_apologised_for():
    world = World(Script(apology=Phrase("Sorry.")))
    world.say(SENTENCE)
    world.tell(was.ReplyFailed(world.last(do.StartReply).reply, "no"))
    world.tell(was.ReplyFailed(world.last(do.SayPhrase).reply, "no voice either"))
    assert len(world.said(do.SayPhrase)) == 1
    world.check_settled()


def test_an_apology_that_no_voice_could_say_can_still_be_read():
    world = World(Script(apology=Phrase("Sorry.")))
    world.say(SENTENCE)
    world.tell(was.ReplyFailed(world.last(do.StartReply).reply, "no voice"))
    apology = world.last(do.SayPhrase).reply
    world.tell(
        was.ReplyText(apology, 0, "Sorry."), was.ReplyFailed(apology, "no voice either"), was.ReplyStopped(apology, 0)
    )
    assert world.last(do.Show).text == "Sorry."
    assert world.core.history.messages()[-1].text != "Sorry."  # nobody heard it
    world.check_settled()


def test_a_failed_speculation_is_begun_again():
    world = World()
    world.speak(640)
    world.quiet(64)
    world.hear(SENTENCE)
    world.tell(was.ReplyFailed(world.last(do.StartReply).reply, "busy"))
    world.quiet(2_500, 64)
    assert len(world.said(do.StartReply)) == 2
    assert not world.said(do.ReportError)


def test_a_silent_engine_does_not_hang_the_call():
    world = World()
    world.say(SENTENCE)
    world.pass_time(40_000)
    assert len(world.said(do.ReportError)) == 1
    world.check_settled()


def test_long_sound_is_not_taken_for_a_silent_engine():
    world = World()
    world.say(SENTENCE)
    reply = world.reply_with("A very long story.", ms_each=120_000)
    world.pass_time(119_000)
    assert reply not in world.stopped


def test_greeting_reminder_and_limits():
    script = Script(
        greeting=Phrase("Hello!", "warm"),
        reminder=Phrase("Are you there?"),
        reminder_after_ms=10_000,
        reminders_max=1,
        idle_limit_ms=60_000,
    )
    world = World(script, greet=True)
    assert world.last(do.SayPhrase).text == "Hello!"
    assert world.last(do.Release).message_id == 0
    world.tell(was.ReplyText(1, 0, "Hello!"), was.ReplyWritten(1))
    assert world.statuses() == []
    world.played(1)
    world.pass_time(11_000)
    assert world.last(do.SayPhrase).text == "Are you there?"
    world.played(2)
    world.pass_time(40_000)
    assert len(world.said(do.SayPhrase)) == 2
    world.pass_time(20_000)
    assert world.hung_up
    assert world.core.handle(was.UserStarted(0), 0) == []


NOTICE = Script(notice=Phrase("You are talking to an AI."), greeting=Phrase("Hello!", "warm", "hello.wav"))


def phrases(world):
    return [phrase.text for phrase in world.said(do.SayPhrase)]


def test_the_notice_comes_first_and_the_greeting_as_it_is_after_it():
    world = World(NOTICE, greet=True)
    assert phrases(world) == ["You are talking to an AI."]
    world.played(1)
    assert world.last(do.SayPhrase) == do.SayPhrase(2, "Hello!", "warm", "hello.wav")
    world.played(2)
    world.say(SENTENCE)
    world.played(world.reply_with("It is sunny."))
    assert phrases(world) == ["You are talking to an AI.", "Hello!"]


def test_the_notice_comes_without_a_greeting_too():
    world = World(NOTICE, greet=False)
    world.played(1)
    assert phrases(world) == ["You are talking to an AI."]
    assert world.core.state is State.IDLE


def begun_notice(script=NOTICE):
    world = World(script, greet=True)
    world.tell(
        was.ReplyText(1, 0, "You are talking to an AI."), was.PieceVoiced(1, 0, 0, 1_500), was.PlaybackStarted(1)
    )
    return world


def test_who_speaks_over_the_notice_is_told_before_the_answer_and_not_greeted():
    world = begun_notice()
    world.say(SENTENCE)
    assert phrases(world) == ["You are talking to an AI."] * 2
    again, answer = world.last(do.SayPhrase).reply, world.last(do.StartReply).reply
    assert world.last(do.Release).reply == again
    world.tell(was.ReplyText(answer, 0, "It is sunny."), was.ReplyWritten(answer))
    assert world.last(do.Release).reply == again, "the answer is made meanwhile, and waits"
    world.played(again)
    assert world.last(do.Release).reply == answer
    world.played(answer)
    world.say("And tomorrow?")
    world.played(world.reply_with("It rains."))
    assert phrases(world) == ["You are talking to an AI."] * 2
    assert world.statuses().count(Status.RESPONSE_CREATED) == world.statuses().count(Status.RESPONSE_DONE) == 2
    world.check_settled()


def test_a_notice_stays_owed_until_it_is_heard():
    world = begun_notice()
    for number in range(2, 5):
        world.say(SENTENCE)
        again = world.last(do.SayPhrase).reply
        assert len(phrases(world)) == number
        world.tell(was.ReplyText(again, 0, "You are talking to an AI."), was.PlaybackStarted(again))
    world.played(again)
    assert [m.text for m in world.core.history.messages() if m.role == "user"][-1] == SENTENCE
    assert world.last(do.Release).reply == world.last(do.StartReply).reply


def test_a_notice_that_the_client_stopped_comes_before_the_next_answer():
    world = begun_notice()
    world.tell(was.Interrupted(None, 200), was.ReplyStopped(1, 200))
    assert world.core.state is State.IDLE
    assert len(phrases(world)) == 1
    world.say(SENTENCE)
    assert phrases(world) == ["You are talking to an AI."] * 2


def test_who_types_first_is_told_first():
    world = World(Script(mode="chat", notice=NOTICE.notice, greeting=NOTICE.greeting), greet=True)
    world.tell(was.TextTyped("Hello?"), was.AnswerAsked(), was.ReplyStopped(1, 0))
    assert phrases(world) == ["You are talking to an AI."] * 2
    world.played(world.last(do.SayPhrase).reply)
    world.played(world.reply_with("Hello yourself."))
    assert world.statuses() == [Status.RESPONSE_CREATED, Status.RESPONSE_DONE]
    world.tell(was.TextTyped("Well?"), was.AnswerAsked())
    world.played(world.reply_with("Yes."))
    assert phrases(world) == ["You are talking to an AI."] * 2


def test_a_notice_that_no_voice_can_say_holds_up_no_answer():
    world = begun_notice()
    world.say(SENTENCE)
    world.tell(was.ReplyFailed(world.last(do.SayPhrase).reply, "no voice"))
    assert len(phrases(world)) == 2
    assert world.last(do.Release).reply == world.last(do.StartReply).reply
    world.played(world.reply_with("It is sunny."))
    world.say("And tomorrow?")
    assert len(phrases(world)) == 3, "the next answer tries again"


def test_a_notice_of_which_the_client_played_only_a_part_is_owed_again():
    world = begun_notice(Script(notice=NOTICE.notice))
    world.tell(was.ReplyWritten(1))
    world.played(1)
    world.tell(was.Interrupted(0, 300))
    world.say(SENTENCE)
    assert phrases(world) == ["You are talking to an AI."] * 2


def test_the_longest_conversation_ends():
    world = World(Script(duration_limit_ms=5_000))
    world.say(SENTENCE)
    world.reply_with("It is sunny.")
    world.pass_time(6_000)
    assert world.hung_up
    assert world.core.deadline_ms is None


GOODBYE = Script(duration_limit_ms=5_000, goodbye=Phrase("Our time is up."), apology=Phrase("Sorry."))


def test_the_agent_says_goodbye_before_it_hangs_up():
    world = World(GOODBYE)
    world.say(SENTENCE)
    world.played(world.reply_with("It is sunny."))
    world.pass_time(6_000)
    assert phrases(world) == ["Our time is up."]
    assert not world.hung_up
    world.say("Wait, what?")
    world.tell(was.TextTyped("Wait"), was.AnswerAsked())
    assert world.core.history.last_text("user") == SENTENCE
    world.played(world.last(do.SayPhrase).reply)
    assert world.hung_up is EndReason.DURATION_LIMIT
    assert world.core.deadline_ms is None


@pytest.mark.parametrize("moment", ["they speak", "pause", "answer", "barge-in", "idle", "push to talk"])
def test_when_the_time_is_up_nobody_is_heard_any_more(moment):
    world = World(GOODBYE)
    match moment:
        case "they speak":
            world.speak(400)
        case "pause":
            world.say(SENTENCE)
        case "answer":
            world.say(SENTENCE)
            world.reply_with("It is sunny.")
        case "barge-in":
            world.say(SENTENCE)
            world.reply_with("It is sunny.")
            world.speak(64)
        case "push to talk":
            world.tell(was.VoicePushed())
    world.tell(was.TimeIsUp(EndReason.QUOTA_USED, "The app has spent it."))
    assert phrases(world) == ["Our time is up."]
    world.tell(*(was.ReplyStopped(reply, 0) for reply in world.stopped), was.TimeIsUp(EndReason.QUOTA_USED))
    world.speak(3_000)
    world.tell(was.CameBack(60_000))
    assert phrases(world) == ["Our time is up."]
    world.played(world.last(do.SayPhrase).reply)
    assert world.last(do.HangUp) == do.HangUp(EndReason.QUOTA_USED, "The app has spent it.")
    assert world.core.state is State.CLOSED


@pytest.mark.parametrize("fails", ["told", "silent", "interrupted"])
def test_a_goodbye_that_cannot_be_heard_does_not_keep_the_call(fails):
    world = World(GOODBYE)
    world.tell(was.TimeIsUp(EndReason.QUOTA_USED))
    reply = world.last(do.SayPhrase)
    match fails:
        case "told":
            world.tell(was.ReplyFailed(reply.reply, "The voice is broken."))
        case "silent":
            world.pass_time(GOODBYE.reply_timeout_ms + 1_000)
        case "interrupted":
            world.tell(was.PlaybackStarted(reply.reply), was.Interrupted(None, None))
    assert phrases(world) == ["Our time is up."]
    assert world.hung_up is EndReason.QUOTA_USED


def test_without_a_goodbye_it_ends_at_once():
    world = World()
    world.speak(400)
    world.tell(was.TimeIsUp(EndReason.QUOTA_USED, "Spent."))
    assert world.last(do.HangUp) == do.HangUp(EndReason.QUOTA_USED, "Spent.")


def test_hanging_up_cancels_everything():
    world, reply = answering()
    world.speak(64)
    world.tell(was.HungUp())
    assert reply in world.stopped
    assert world.core.state is State.CLOSED
    assert world.last(do.EndUtterance).utterance == 2


def test_the_history_is_bounded():
    core = Conversation(Script(mode="chat", history_limit_messages=10))
    for n in range(50):
        core.handle(was.TextTyped(f"text {n}"), n)
        core.handle(was.AnswerAsked(), n)
    assert len(list(core.history)) <= 10


# ---- late binding: the end of a turn is final when the reply could be heard ----------------------------------


def paused_for_long(script: Script | None = None) -> tuple[World, int]:
    """A person said a sentence and has been quiet for as long as any policy waits; the reply has no sound yet."""
    world = World(script, instant=False)
    world.say(SENTENCE)
    return world, world.last(do.StartReply).reply


def test_nothing_is_final_before_the_reply_sounds():
    world, reply = paused_for_long()
    assert world.core.state is State.PAUSED
    assert not world.statuses()
    assert not world.core.history.messages()
    world.tell(was.ReplyText(reply, 0, "Sunny."))
    assert not world.released
    world.tell(was.ReplySounded(reply))
    assert released_texts(world) == [SENTENCE]
    assert world.statuses() == [Status.RESPONSE_CREATED]


def test_who_speaks_on_before_the_reply_sounds_was_never_interrupted():
    world, reply = paused_for_long()
    world.speak(640)
    assert reply in world.stopped
    assert not world.statuses()
    world.quiet(96)
    world.hear(f"{SENTENCE} And tomorrow?")
    world.quiet(2_500, 96)
    world.tell(was.ReplySounded(world.last(do.StartReply).reply))
    assert released_texts(world) == [f"{SENTENCE} And tomorrow?"]
    assert [show.message_id for show in world.said(do.Show) if show.role == "user"][-1] == 0


def test_a_reply_without_a_voice_is_final_when_it_can_be_shown():
    world, reply = paused_for_long()
    world.tell(was.ReplyText(reply, 0, "Sunny.", spoken=False))
    assert list(world.released) == [reply]


def test_a_reply_without_any_text_is_final_when_it_is_complete():
    world, reply = paused_for_long()
    world.tell(was.ReplyWritten(reply))
    assert world.statuses() == [Status.RESPONSE_CREATED, Status.RESPONSE_CANCELLED]


def test_a_reply_that_was_taken_back_by_the_guard_waits_for_its_sound_again():
    world = World(instant=False)
    world.speak(640)
    world.quiet(96)
    world.hear(SENTENCE)
    reply = world.last(do.StartReply).reply
    world.tell(was.ReplyText(reply, 0, "I am sorry."), was.ReplySounded(reply))
    world.tell(was.ReplyText(reply, 0, "", spoken=False))
    world.quiet(2_500, 96)
    assert not world.released
    world.tell(was.ReplyText(reply, 1, "Sunny."), was.ReplySounded(reply))
    assert list(world.released) == [reply]


def test_an_awaited_reply_that_fails_is_told_and_apologised_for():
    world, reply = paused_for_long(Script(apology=Phrase("Sorry.")))
    world.tell(was.ReplyFailed(reply, "The model failed."))
    assert [told.error for told in world.said(do.ReportError)] == ["The model failed."]
    assert [say.text for say in world.said(do.SayPhrase)] == ["Sorry."]
    assert len(world.said(do.StartReply)) == 1


def test_an_awaited_reply_that_never_sounds_is_given_up():
    world, _ = paused_for_long(Script(apology=Phrase("Sorry."), reply_timeout_ms=5_000))
    for _ in range(200):
        world.quiet(96)
        world.pass_time(32)
    assert [say.text for say in world.said(do.SayPhrase)] == ["Sorry."]


def test_sound_that_stops_arriving_makes_the_end_final():
    world, reply = paused_for_long()
    world.pass_time(2_100)
    assert list(world.released) == [reply]


def cut_off(after_ms: int) -> World:
    """They go on that long after the first sound of our answer."""
    world = World()
    world.say("I would like two pizzas", quiet_ms=960)
    reply = world.reply_with("Which pizzas would you like to have today.", "We have many.")
    world.pass_time(after_ms - 320)
    world.played_ms[reply] = after_ms
    world.speak(320)
    world.quiet(96)
    world.hear("with mushrooms and a salad.")
    world.quiet(2_500, 96)
    return world


def test_both_halves_of_a_turn_that_we_cut_off_are_one_message_that_is_answered_once():
    world = cut_off(900)
    assert released_texts(world)[-1] == "I would like two pizzas with mushrooms and a salad."
    said = [(entry.role, entry.text) for entry in world.core.history if entry.text]
    assert [role for role, _ in said] == ["assistant", "user"], "what was heard of our answer stays"
    assert world.core.pace.floor_ms > 0


@pytest.mark.parametrize("judges", [False, True])
@pytest.mark.parametrize("final", ["with mushrooms and a salad.", ""])
def test_an_answer_that_ends_while_they_go_on_was_one_to_half_of_it_too(judges: bool, final: str):
    world = World(Script(judges_voices=judges))
    world.say("I would like two pizzas", quiet_ms=960)
    reply = world.reply_with("Okay.", ms_each=450)
    world.pass_time(200)
    world.speak(224)
    world.played(reply)
    world.tell(was.SpeechGrew(640), was.Heard(world.core.utterance, "with mush"))
    world.quiet(96)
    world.hear(final)
    world.quiet(2_500, 96)
    said = [(entry.role, entry.text) for entry in world.core.history if entry.text]
    if final:
        assert released_texts(world)[-1] == f"I would like two pizzas {final}"
        assert said == [("assistant", "Okay."), ("user", f"I would like two pizzas {final}")]
        assert {show.message_id for show in world.said(do.Show) if show.role == "user"} == {0}
    else:
        assert len(world.released) == 1, "a sound without words is not answered"
        assert said == [("user", "I would like two pizzas"), ("assistant", "Okay.")]
        world.check_settled()


def test_who_interrupts_later_begins_a_turn_of_their_own():
    world = cut_off(2_500)
    assert released_texts(world)[-1] == "with mushrooms and a salad."


def test_a_tool_says_what_is_asked_for_and_its_judge_is_asked_even_by_a_busy_server():
    for expected, judged in ((Expects.OPEN, []), (Expects.NUMBER, ["four one five"])):
        world = World()
        world.tell(was.LoadChanged(busy=True), was.AnswerExpected(expected))
        world.speak(640)
        world.quiet(320)
        world.hear("four one five")
        assert [judge.text for judge in world.said(do.JudgeTurn) if judge.text] == judged


def test_what_is_dictated_is_answered_when_it_is_whole():
    waits = {}
    for whole in (1.0, 0.0):
        world = World()
        world.tell(was.AnswerExpected(Expects.NUMBER))
        world.speak(640)
        world.quiet(96)
        world.hear("four one five")
        (judge,) = [judge for judge in world.said(do.JudgeTurn) if judge.text]
        world.tell(was.TurnJudged(judge.utterance, judge.pause, "capture", whole, judge.quiet_ms))
        quiet_ms = 96
        while not world.released and quiet_ms < 4_000:
            world.quiet(quiet_ms + 32, quiet_ms)
            quiet_ms += 32
        waits[whole] = quiet_ms
    assert waits[1.0] < 400 < 1_200 < waits[0.0] < 2_000
