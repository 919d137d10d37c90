"""Words whose transcript takes too long: answered without them, but never lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.core import actions as do
from voi.core import facts as was
from voi.core.late_words import LATE_MAX
from voi.core.script import Script
from voi.core.state import State
from voi.dialogue import Message, Phrase

from .world import World

APOLOGY = Script(apology=Phrase("Sorry?"))
FULL = "Ask not what your country can do."


def answered_early(script: Script | None = None, partial: str = "ask not") -> World:
    """Their words were answered as far as they were known in time."""
    world = World(script)
    world.speak(640)
    if partial:
        world.tell(was.Heard(1, partial))
    world.quiet(2_500)
    world.pass_time(6_000)
    assert world.core.state is State.ANSWERING
    return world


def users(world: World) -> list[str]:
    return [message.text for message in world.core.history.messages() if message.role == "user"]


def next_prompt(world: World, said: str = "Well then?") -> list[str]:
    """What the LLM sees of the person in the next turn."""
    world.played(world.audible or 0)
    world.say(said)
    starts = world.said(do.StartReply)
    return [message.text for message in starts[-1].messages if message.role == "user"]


def test_late_words_correct_the_message_that_was_answered_without_them():
    world = answered_early()
    world.reply_with("What?", play=True)
    assert world.last(do.EndUtterance) == do.EndUtterance(1, late=True)
    world.pass_time(2_000)
    assert world.tell(was.Heard(1, FULL, 1)) == [do.Show(0, "user", FULL)]  # and no second answer
    assert users(world) == [FULL]
    assert next_prompt(world) == [FULL, "Well then?"]


def test_a_transcript_in_time_is_not_late():
    world = World()
    world.say("Hello there.")
    assert world.last(do.EndUtterance) == do.EndUtterance(1, late=False)
    assert world.tell(was.Heard(1, "Something else.", 1)) == []


def test_a_transcript_that_was_late_in_an_earlier_pause_is_not_late_any_more():
    world = World(Script())
    world.speak(640)
    world.quiet(2_500)
    world.speak(640)
    world.quiet(96)
    world.hear("All of it.")
    world.quiet(2_500, 96)
    assert world.last(do.EndUtterance) == do.EndUtterance(1, late=False)


def test_who_was_asked_to_say_it_again_may_go_on_where_they_were():
    """Nothing was known in time: the words become the beginning of their next message."""
    world = answered_early(APOLOGY, partial="")
    late = world.tell(was.Heard(1, FULL, 1))
    assert [(show.role, show.text) for show in late] == [("user", FULL)]
    assert next_prompt(world) == [f"{FULL} Well then?"]
    assert world.shown[late[0].message_id].text == f"{FULL} Well then?"


def test_who_got_neither_an_answer_nor_an_apology_gets_the_answer():
    world = World()
    world.speak(640)
    world.quiet(2_500)
    world.pass_time(6_000)
    assert world.core.state is State.IDLE
    world.tell(was.Heard(1, FULL, 1))
    assert world.core.state is State.ANSWERING
    assert world.last(do.StartReply).messages == (Message("user", FULL),)
    world.played(world.reply_with("Well."))
    world.check_settled()


def test_who_speaks_on_before_that_gets_one_answer_to_all_of_it():
    world = World()
    world.speak(640)
    world.quiet(2_500)
    world.pass_time(6_000)
    world.speak(640)
    world.tell(was.Heard(1, FULL, 1))
    world.quiet(96)
    world.hear("")  # a cough
    world.quiet(2_500, 96)
    assert [start.messages for start in world.said(do.StartReply)] == [(Message("user", FULL),)]


def test_words_that_come_into_the_next_turn_stand_before_its_own():
    world = answered_early(APOLOGY, partial="")
    world.played(world.audible or 0)
    world.speak(640)
    world.quiet(96)
    world.hear("Well then?")
    speculation = world.last(do.StartReply).reply
    shown = world.tell(was.Heard(1, FULL, 1))
    assert shown[0] == do.Stop(speculation)
    assert shown[1].text == f"{FULL} Well then?"
    world.quiet(2_500, 96)
    assert [message.text for message in world.last(do.StartReply).messages if message.role == "user"] == [
        f"{FULL} Well then?"
    ]


def test_a_speculation_begun_before_they_came_is_begun_again():
    world = answered_early()
    world.played(world.reply_with("What?"))
    world.speak(640)
    world.quiet(96)
    world.hear("Well then?")
    world.tell(was.Heard(1, FULL, 1))
    world.quiet(2_500, 96)
    assert [m for m in world.last(do.StartReply).messages if m.role == "user"] == [
        Message("user", FULL), Message("user", "Well then?"),
    ]  # fmt: skip


def test_words_of_a_message_that_was_taken_back():
    """Nothing of the answer was heard, so that what they say now goes on with it."""
    world = answered_early()
    world.speak(640)
    assert users(world) == []
    world.tell(was.Heard(1, FULL, 1))
    world.quiet(96)
    world.hear("Wait.")
    world.quiet(2_500, 96)
    assert users(world) == [f"{FULL} Wait."]
    assert world.shown[0].text == f"{FULL} Wait."


def test_words_of_a_message_that_went_on_and_was_answered_since():
    world = answered_early()
    world.speak(640)
    world.quiet(96)
    world.hear("Wait.")
    world.quiet(2_500, 96)
    assert users(world) == ["ask not Wait."]
    world.tell(was.Heard(1, FULL, 1))
    assert users(world) == [f"{FULL} Wait."]


@pytest.mark.parametrize(("late", "seen"), [("ask not what", "ask not what"), ("mask knot", "ask not")])
def test_where_no_corrections_are_wanted_words_are_not_taken_back(late: str, seen: str):
    world = answered_early(Script(final_stt_correction=False))
    world.tell(was.Heard(1, late, 1))
    assert world.shown[0].text == seen
    assert users(world) == [late]


@pytest.mark.parametrize(
    "fact", [was.Heard(1, "", 1), was.Heard(1, FULL), was.Heard(1, FULL, 2), was.Heard(2, FULL, 1)]
)
def test_what_says_nothing_of_that_turn_changes_nothing(fact: was.Heard):
    world = answered_early()
    assert world.tell(fact) == []
    assert users(world) == ["ask not"]


def test_late_words_are_taken_once():
    world = answered_early()
    world.tell(was.Heard(1, FULL, 1))
    assert world.tell(was.Heard(1, "Twice.", 1)) == []


def test_pushed_words_join_the_next_question():
    world = World(Script(mode="chat"))
    world.tell(was.VoicePushed(), was.AnswerAsked())
    world.pass_time(6_000)
    assert world.statuses() == [do.Status.RESPONSE_CREATED, do.Status.RESPONSE_CANCELLED]
    world.tell(was.Heard(1, FULL, 1), was.TextTyped("Well?"), was.AnswerAsked())
    assert users(world) == [f"{FULL} Well?"]


@given(st.permutations(range(1, LATE_MAX + 1)))
def test_in_whatever_order_they_come_they_stand_in_the_order_in_which_they_were_said(order: list[int]):
    world = World(APOLOGY)
    for _ in order:
        world.speak(640)
        world.quiet(2_500)
        world.pass_time(6_000)
        world.played(world.audible or 0)
    for utterance in order:
        world.tell(was.Heard(utterance, f"Word {utterance}.", 1))
    assert next_prompt(world) == ["Word 1. Word 2. Word 3. Word 4. Well then?"]


def test_two_turns_of_one_message_that_both_come_late():
    world = answered_early()
    world.speak(640)
    world.tell(was.Heard(2, "no"))
    world.quiet(2_500)
    world.pass_time(6_000)
    assert users(world) == ["ask not no"]
    world.tell(was.Heard(1, FULL, 1))
    world.tell(was.Heard(2, "No, wait.", 1))
    assert users(world) == [f"{FULL} No, wait."]


def test_of_too_many_turns_the_newest_are_awaited():
    world = World(APOLOGY)
    for _ in range(LATE_MAX + 1):
        world.speak(640)
        world.quiet(2_500)
        world.pass_time(6_000)
        world.played(world.audible or 0)
    assert world.tell(was.Heard(1, "Too old.", 1)) == []
    assert world.tell(was.Heard(2, "Not so old.", 1)) != []
