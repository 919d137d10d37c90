"""The model is shown prompt, notes and dialogue; or what a client gave, and what was said since."""

from voi.core.actions import Action
from voi.core.condensing import Condensing
from voi.core.facts import ReplyAsked
from voi.core.history import History, HistoryEntry
from voi.core.model_context import ModelContext
from voi.core.script import Script
from voi.dialogue import Message

PROMPT = Message("system", "You are Ada.")
HELLO, NOW = Message("user", "Hello."), Message("user", "And now?")


def context(script: Script = Script(prompt=(PROMPT,))) -> tuple[ModelContext, History]:  # noqa: B008
    history, out = History(10), list[Action]()
    history.add(HistoryEntry(0, "user", "Hello."))
    return ModelContext(history, Condensing(history, script, out), script), history


def test_prompt_dialogue_and_what_is_said_now():
    shown, _ = context()
    assert shown.request() == (PROMPT, HELLO)
    assert shown.request(NOW) == (PROMPT, HELLO, NOW)


def test_what_is_known_of_the_person_stands_in_the_prompt():
    shown, _ = context()
    assert shown.recall("They like tea.")
    assert not shown.recall("They like tea.")
    assert shown.request()[0].text == "You are Ada.\n\nThey like tea."
    assert shown.recall("")
    assert shown.request() == (PROMPT, HELLO)


def test_a_reply_that_was_asked_for_has_a_note_until_the_person_speaks():
    shown, _ = context()
    shown.ask_with(ReplyAsked("Be brief."))
    assert shown.request()[0].text == "You are Ada.\n\nBe brief."
    shown.ask_as_usual()
    assert shown.request() == (PROMPT, HELLO)


def test_what_a_client_gives_stands_in_place_of_the_dialogue_so_far():
    shown, history = context()
    given = Message("user", "Something else.")
    shown.ask_with(ReplyAsked(given=(given,)))
    assert shown.request() == (PROMPT, given)
    history.add(HistoryEntry(1, "user", "And now?"))
    assert shown.request() == (PROMPT, given, NOW)
    shown.ask_as_usual()
    assert shown.request() == (PROMPT, HELLO, NOW)


def test_nothing_given_is_not_the_same_as_no_messages():
    shown, _ = context()
    shown.ask_with(ReplyAsked(given=()))
    assert shown.request() == (PROMPT,)


def test_the_agent_that_takes_over_has_its_own_prompt():
    shown, _ = context()
    shown.recall("They like tea.")
    shown.follow(Script(prompt=(Message("system", "You are Bo."),)))
    assert shown.request()[0].text == "You are Bo.\n\nThey like tea."
