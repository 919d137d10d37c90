"""The notice is owed until it was heard to its end, and comes before what the agent says."""

from voi.core.notice import Notice
from voi.dialogue import Phrase

AI, HI = Phrase("I am an AI."), Phrase("Hi.", file="hi.wav")


def test_it_is_due_once_it_is_owed_and_until_it_was_heard():
    notice = Notice(AI)
    assert notice.due is None
    notice.owe()
    assert notice.due == AI
    notice.begins(3, then=HI)
    assert not notice.heard(2)
    assert notice.heard(3)
    assert (notice.due, notice.then) == (None, HI)


def test_what_waits_for_it_is_said_without_it_when_no_voice_can_say_it():
    notice = Notice(AI)
    notice.owe()
    notice.begins(3, then=None)
    notice.failed(3)
    assert notice.due is None
    assert notice.owed
    notice.try_again()
    assert notice.due == AI


def test_a_phrase_begins_with_it_while_it_is_due():
    notice = Notice(AI)
    assert notice.ahead_of(HI) == HI
    notice.owe()
    assert notice.ahead_of(HI) == Phrase("I am an AI. Hi.")


def test_no_notice_is_never_due():
    notice = Notice(None)
    notice.owe()
    assert notice.due is None
    assert not notice.owed
