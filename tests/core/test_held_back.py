"""A conversation in which it is found out first who, or what, took the call."""

from hypothesis import given
from hypothesis import strategies as st

from voi.core import actions as do
from voi.core import facts as was
from voi.core.end_reason import EndReason
from voi.core.script import Script
from voi.core.state import State
from voi.dialogue import Phrase

from .test_conversation_properties import STEPS, take
from .world import World

GREETING = Phrase("Good day, this is Ada.")
NOTICE = Phrase("I am a machine.")
HELD = Script(holds_back=True, greeting=GREETING, reminder=Phrase("Still there?"), reminder_after_ms=2_000)


def phrases(world: World) -> list[str]:
    return [action.text for action in world.said(do.SayPhrase)]  # type: ignore[union-attr]


def test_nothing_is_said_before_the_floor_is_given() -> None:
    world = World(HELD, greet=True)
    world.pass_time(10_000)
    world.say("Hello? Who is there?")
    assert phrases(world) == []
    assert world.released == {}, "an answer may be written, and is not heard"


def test_the_greeting_takes_the_place_of_an_answer_to_the_hello() -> None:
    world = World(HELD)
    world.speak(640)
    world.quiet(96)
    world.hear("Hello?")
    world.quiet(480, 96)
    world.tell(was.FloorGiven(greet=True))
    assert phrases(world) == [GREETING.text]
    assert world.core.state is State.ANSWERING
    assert next((entry.role, entry.text) for entry in world.core.history) == ("user", "Hello?")


def test_an_answer_that_was_written_meanwhile_is_released_at_once() -> None:
    world = World(HELD)
    world.say("Hello, who is speaking?", quiet_ms=1_000)
    started = world.last(do.StartReply)
    assert started.muted  # type: ignore[union-attr]
    world.tell(was.FloorGiven())
    assert started.reply in world.released  # type: ignore[union-attr]


def test_what_was_said_and_committed_before_is_answered() -> None:
    world = World(HELD)
    world.say("Hello?", quiet_ms=200)
    world.pass_time(5_000)  # the sound stopped
    assert world.core.state is State.IDLE
    world.tell(was.FloorGiven())
    assert world.last(do.StartReply).reply in world.released  # type: ignore[union-attr]


def test_the_greeting_waits_until_they_have_finished() -> None:
    world = World(HELD)
    world.speak(640)
    world.tell(was.FloorGiven(greet=True))
    assert phrases(world) == []
    world.quiet(96)
    world.hear("Miller, hello.")
    world.quiet(1_500, 96)
    assert phrases(world) == [GREETING.text]
    assert not world.said(do.StartReply)


def test_a_phrase_is_said_and_the_agent_is_held_back_still() -> None:
    world = World(HELD)
    world.say("Who is calling please?", quiet_ms=600)
    world.tell(was.PhraseAsked(Phrase("This is Ada of the bank.")))
    reply = world.last(do.SayPhrase).reply  # type: ignore[union-attr]
    world.played(world.reply_with("This is Ada of the bank.", reply=reply))
    world.say("One moment please.", quiet_ms=2_500)
    assert phrases(world) == ["This is Ada of the bank."]
    world.tell(was.FloorGiven(greet=True))
    assert phrases(world)[1:] == [GREETING.text]


def test_the_last_words_begin_with_the_notice_and_the_call_ends_when_they_were_played() -> None:
    world = World(Script(holds_back=True, notice=NOTICE, goodbye=Phrase("Bye.")))
    world.speak(640)
    world.tell(was.LastWordsAsked(Phrase("Please call back."), EndReason.FINISHED))
    assert phrases(world) == ["I am a machine. Please call back."]
    world.speak(320)  # the beep's echo does not stop it
    reply = world.last(do.SayPhrase).reply  # type: ignore[union-attr]
    assert reply not in world.stopped
    world.tell(was.PlaybackStarted(reply), was.ReplyWritten(reply))
    world.tell(was.ReplyPlayed(reply))
    assert world.last(do.HangUp).reason is EndReason.FINISHED  # type: ignore[union-attr]


def test_the_floor_is_taken_back() -> None:
    world = World(HELD)
    world.tell(was.FloorGiven(greet=True))
    reply = world.reply_with(GREETING.text, reply=world.last(do.SayPhrase).reply)  # type: ignore[union-attr]
    world.tell(was.FloorTaken())
    assert reply in world.stopped
    world.say("We are not at home. Please leave a message.")
    assert phrases(world) == [GREETING.text]
    assert world.core.state is State.PAUSED


def test_without_a_person_no_goodbye_is_said() -> None:
    world = World(Script(holds_back=True, goodbye=Phrase("Bye.")))
    world.tell(was.TimeIsUp(EndReason.FINISHED))
    assert phrases(world) == []
    assert world.core.state is State.CLOSED


@given(st.lists(STEPS, max_size=25), st.lists(STEPS, max_size=15), st.booleans())
def test_held_back_whatever_happens(before: list[tuple], after: list[tuple], greet: bool) -> None:  # type: ignore[type-arg]
    """Nothing is said before, unless the app asks for it; afterwards all of `World`'s promises hold."""
    world = World(HELD, greet=True)
    for step in before:
        if step[0] not in ("ask", "typed", "push", "turn_taking", "time is up"):
            take(world, step)
    assert phrases(world) == []
    world.tell(was.FloorGiven(greet))
    for number, step in enumerate(after):
        take(world, step)
        if number == len(after) // 2:
            world.tell(was.FloorTaken(), was.FloorGiven(greet))
    world.pass_time(200_000)
