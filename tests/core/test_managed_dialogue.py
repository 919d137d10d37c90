"""A client that manages the dialogue itself: it inserts and deletes messages, asks for replies, commits turns, and says
what was heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.core import actions as do
from voi.core import facts as was
from voi.core.actions import Status
from voi.core.history import FIRST
from voi.core.script import Script
from voi.core.state import State
from voi.dialogue import Message, Phrase
from voi.turn_policy import TurnPolicy

from .test_conversation_properties import SCRIPTS, STEPS, take
from .world import World

MANUAL = was.TurnTakingSet("chat", TurnPolicy(), answers=False)


def inserted(world: World, message_id: int, text: str, role: str = "user", after: int | None = None) -> None:
    world.tell(was.MessageInserted(message_id, Message(role, text), after))  # type: ignore[arg-type]


def asked_with(world: World) -> list[tuple[str, str]]:
    """What the newest reply was asked with."""
    return [(message.role, message.text) for message in world.last(do.StartReply).messages]  # type: ignore[union-attr]


def test_a_reply_to_messages_that_the_client_brought() -> None:
    world = World()
    inserted(world, -1, "second")
    inserted(world, -2, "first", "assistant", after=FIRST)
    inserted(world, -3, "third", after=-1)
    inserted(world, -4, "gone")
    world.tell(was.MessageDeleted(-4), was.ReplyAsked("Be kind."))
    assert asked_with(world) == [("system", "Be kind."), ("assistant", "first"), ("user", "second"), ("user", "third")]
    assert world.statuses() == [Status.RESPONSE_CREATED]
    world.played(world.reply_with("Yes."))
    world.check_settled()
    world.tell(was.ReplyAsked())
    assert asked_with(world)[0] == ("assistant", "first")
    assert world.shown[-4].text == ""


def test_a_reply_to_what_the_client_gives() -> None:
    world = World()
    inserted(world, -1, "Before.")
    world.tell(was.ReplyAsked("Be kind.", (Message("user", "Given."),)))
    assert asked_with(world) == [("system", "Be kind."), ("user", "Given.")]
    world.played(world.reply_with("Yes."))
    inserted(world, -2, "After.")
    world.tell(was.ReplyAsked(given=()))
    assert asked_with(world) == []
    world.played(world.reply_with("No."))
    world.tell(was.ReplyAsked())
    said = [("user", "Before."), ("assistant", "Yes."), ("user", "After."), ("assistant", "No.")]
    assert asked_with(world) == said


def test_instructions_for_what_the_person_is_saying() -> None:
    world = World()
    world.tell(was.TextTyped("Hello."), was.ReplyAsked("Be kind."))
    assert asked_with(world) == [("system", "Be kind."), ("user", "Hello.")]


def test_a_reply_that_was_asked_for_waits_for_the_one_before() -> None:
    world = World()
    inserted(world, -1, "Hello.")
    world.tell(was.ReplyAsked())
    first = world.reply_with("One.", "Two.")
    inserted(world, -2, "And?")
    world.tell(was.ReplyAsked())
    second = world.last(do.StartReply)
    assert second.muted
    assert first not in world.stopped
    world.played(first)
    assert second.reply in world.released
    world.played(world.reply_with("Three."))
    assert world.statuses() == [Status.RESPONSE_CREATED, Status.RESPONSE_DONE] * 2
    world.check_settled()


def test_nothing_was_said_yet_so_it_is_the_greeting() -> None:
    world = World(Script(greeting=Phrase("Hi.")))
    world.tell(was.ReplyAsked())
    phrase = world.last(do.SayPhrase)
    assert phrase.text == "Hi."
    world.reply_with("Hi.", reply=phrase.reply)
    world.played(phrase.reply)
    assert world.statuses() == [Status.RESPONSE_CREATED, Status.RESPONSE_DONE]
    world.check_settled()


def test_a_turn_that_the_client_commits() -> None:
    world = World()
    world.tell(MANUAL)
    assert world.last(do.TakeSound) == do.TakeSound(pushed=True)
    world.tell(was.VoicePushed(), was.SpeechCommitted())
    world.hear("Tell me a story.")
    assert [entry.text for entry in world.core.history] == ["Tell me a story."]
    assert not world.said(do.StartReply)
    world.check_settled()
    world.tell(was.VoicePushed(), was.SpeechCommitted(), was.ReplyAsked())
    world.hear("A long one.")
    assert asked_with(world) == [("user", "Tell me a story."), ("user", "A long one.")]
    world.played(world.reply_with("Once."))
    world.check_settled()


@pytest.mark.parametrize("before", ["", "Book a table"])
def test_what_is_pushed_after_a_pause_is_heard(before: str) -> None:
    """A client that ends the taking of turns by voice in a pause, and pushes the rest."""
    world = World()
    world.speak(640)
    world.quiet(96)
    world.hear(before)
    asked = len(world.said(do.Transcribe))
    world.tell(MANUAL, was.VoicePushed(), was.SpeechCommitted())
    assert len(world.said(do.Transcribe)) == asked + 1, "the old words are taken for all"
    world.hear("Book a table for two.")
    assert [entry.text for entry in world.core.history] == ["Book a table for two."]
    world.check_settled()


def test_speech_that_the_client_drops() -> None:
    world = World()
    world.speak(640)
    world.tell(was.SpeechDropped())
    assert world.said(do.EndUtterance)
    world.check_settled()


def test_a_turn_that_is_not_answered_by_itself() -> None:
    world = World()
    world.tell(was.TurnTakingSet("call", TurnPolicy(), answers=False))
    world.speak(640)
    world.quiet(2_500)
    world.hear("Tell me about Rome, please.")
    assert not world.said(do.StartReply)
    assert [entry.text for entry in world.core.history] == ["Tell me about Rome, please."]
    world.check_settled()
    world.tell(was.ReplyAsked())
    world.played(world.reply_with("It is old."))
    world.check_settled()


def test_voice_that_may_not_interrupt_is_answered_after_the_reply() -> None:
    world = World()
    world.tell(was.TurnTakingSet("call", TurnPolicy(), interrupts=False))
    world.say("Tell me about Rome, please.")
    first = world.reply_with("It is old.", "It is large.")
    world.say("And what about Bonn, please?")
    assert not world.ducked
    assert first not in world.stopped
    world.pass_time(5_000)
    assert first not in world.stopped
    world.played(first)
    world.quiet(2_500)
    assert asked_with(world)[-1] == ("user", "And what about Bonn, please?")
    world.played(world.reply_with("It is small."))
    world.check_settled()


@pytest.mark.parametrize("heard_ms", [0, 1_000, 1_500, 9_000])
def test_what_was_heard_is_believed(heard_ms: int) -> None:
    """Our own clock says that all of it was played long ago."""
    world = World()
    world.say("Tell me about Rome, please.")
    reply = world.reply_with("It is old.", "It is large.", ms_each=4_000)
    world.played(reply)
    world.tell(was.SoundTruncated(world.released[reply], heard_ms))
    said = [entry.text for entry in world.core.history if entry.role == "assistant"]
    expected = {0: [], 1_000: ["It..."], 1_500: ["It..."], 9_000: ["It is old. It is large."]}[heard_ms]
    assert said == expected


def test_an_answer_is_cancelled_at_any_time() -> None:
    world = World()
    for before_it_speaks in (True, False):
        inserted(world, -1 - before_it_speaks, "Hello.")
        world.tell(was.ReplyAsked())
        if not before_it_speaks:
            world.reply_with("One.", "Two.")
        world.tell(was.ReplyCancelled())
        world.check_settled()
    world.tell(MANUAL, was.VoicePushed(), was.SpeechCommitted(), was.ReplyAsked(), was.ReplyCancelled())
    world.hear("Never mind.")
    assert len(world.said(do.StartReply)) == 2
    world.check_settled()


MANAGED = st.one_of(
    STEPS,
    st.tuples(st.just("commit")),
    st.tuples(st.just("drop")),
    st.tuples(st.just("ask for a reply"), st.sampled_from(("", "Be kind."))),
    st.tuples(st.just("cancel")),
    st.tuples(st.just("insert"), st.integers(-4, -1), st.none() | st.integers(-4, 6)),
    st.tuples(st.just("delete"), st.integers(-4, 6)),
    st.tuples(st.just("truncate"), st.integers(0, 6), st.sampled_from((0, 500, 5_000))),
    st.tuples(st.just("turns"), st.sampled_from(("call", "chat")), st.booleans(), st.booleans()),
)


def manage(world: World, step: tuple) -> None:
    match step:
        case ("commit",):
            world.tell(was.SpeechCommitted())
        case ("drop",):
            world.tell(was.SpeechDropped())
        case ("ask for a reply", instructions):
            world.tell(was.ReplyAsked(instructions))
        case ("cancel",):
            world.tell(was.ReplyCancelled())
        case ("insert", message_id, after):
            inserted(world, message_id, f"Message {message_id}.", after=after)
        case ("delete", message_id):
            world.tell(was.MessageDeleted(message_id))
        case ("truncate", message_id, ms):
            world.tell(was.SoundTruncated(message_id, ms))
        case ("turns", mode, answers, interrupts):
            world.tell(was.TurnTakingSet(mode, TurnPolicy(), answers, interrupts))
        case ("late",):
            pass  # words that come late may be of a message that was deleted
        case _:
            take(world, step)


@pytest.mark.parametrize("script", [SCRIPTS["call"], SCRIPTS["noticed call"], SCRIPTS["judging call"]])
@given(steps=st.lists(MANAGED, max_size=40))
def test_safety_and_liveness(script: Script, steps: list[tuple]) -> None:
    world = World(script)
    for step in steps:
        manage(world, step)
        waits = world.core.state not in (State.IDLE, State.CLOSED)
        if waits and (world.core.script.mode, world.core.state) != ("chat", "hearing"):
            assert world.core.deadline_ms is not None, f"{world.core.state} waits for ever"
    world.tell(was.SpeechCommitted() if world.core.script.mode == "chat" else was.LoadChanged(busy=False))
    world.quiet(3_000)
    world.pass_time(180_000)
    world.check_settled()
