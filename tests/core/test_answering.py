"""An answer begins with the reply that was begun for it, and the notice comes before it."""

from voi.core import actions as do
from voi.core.actions import Action, SendStatus, Status
from voi.core.answering import Answering
from voi.core.condensing import Condensing
from voi.core.history import History, HistoryEntry, MessageIds
from voi.core.model_context import ModelContext
from voi.core.notice import Notice
from voi.core.owed_answer import OwedAnswer
from voi.core.replies import Replies
from voi.core.script import Script
from voi.core.tools import Tools
from voi.dialogue import Message, Phrase

AI, HI = Phrase("I am an AI."), Phrase("Hi.")
CREATED, CANCELLED = SendStatus(Status.RESPONSE_CREATED), SendStatus(Status.RESPONSE_CANCELLED)


class Made:
    """`Answering` with real parts, and the actions that came of them."""

    def __init__(self, notice: Phrase | None = None) -> None:
        script, self.history, self.out = Script(notice=notice), History(10), list[Action]()
        self.tools = Tools(self.history, script, self.out)
        self.replies = Replies(self.history, self.tools, script, self.out, MessageIds())
        self.notice, self.owed = Notice(notice), OwedAnswer(self.out)
        self.notice.owe()
        context = ModelContext(self.history, Condensing(self.history, script, self.out), script)
        self.answering = Answering(self.replies, self.tools, self.notice, self.owed, context)

    def take(self) -> list[Action]:
        """What has been done since."""
        taken = self.out[:]
        self.out.clear()
        return taken

    def said(self, text: str) -> None:
        self.history.add(HistoryEntry(100, "user", text))


def test_a_speculation_that_fits_becomes_the_answer():
    made = Made()
    made.answering.speculate("What is it?", ())
    assert made.take() == [do.StartReply(1, (Message("user", "What is it?"),), muted=True)]
    made.said("what is it")
    made.answering.answer("what is it", 0)
    assert made.take() == [CREATED, do.Release(1, 0)]


def test_one_that_does_not_fit_is_dropped():
    made = Made()
    made.answering.speculate("What is", ())
    made.said("What is it?")
    made.take()
    made.answering.answer("What is it?", 0)
    asked = do.StartReply(2, (Message("user", "What is it?"),), muted=False)
    assert made.take() == [do.Stop(1), asked, CREATED, do.Release(2, 0)]


def test_nobody_speculates_twice():
    made = Made()
    made.answering.speculate("What is", ())
    made.take()
    made.answering.speculate("What is it?", ())
    assert made.take() == []


def test_what_was_announced_is_not_announced_again():
    made = Made()
    made.owed.announce()
    made.take()
    made.answering.answer_alone(0)
    assert made.take() == [do.StartReply(1, (), muted=False), do.Release(1, 0)]
    assert not made.owed.announced


def test_the_notice_comes_first_and_the_phrase_follows():
    made = Made(AI)
    made.answering.say(HI, 0)
    assert made.take() == [do.SayPhrase(1, AI.text), do.Release(1, 0)]
    assert made.notice.heard(1)
    assert made.notice.then == HI
    assert not made.answering.say_notice(0)
    made.replies.played(1, 0)
    made.answering.say(HI, 0)
    assert made.take() == [do.SayPhrase(2, HI.text), do.Release(2, 1)]


def test_the_notice_comes_first_and_the_answer_is_made_meanwhile():
    made = Made(AI)
    made.said("Hello.")
    made.answering.answer("Hello.", 0)
    started = do.StartReply(1, (Message("user", "Hello."),), muted=True)
    assert made.take() == [started, CREATED, do.SayPhrase(2, AI.text), do.Release(2, 0)]
    assert made.tools.owed
    made.notice.heard(2)
    made.replies.played(2, 0)
    made.answering.go_on(0)
    assert made.take() == [do.Release(1, 1)]  # it was announced before


def test_to_stop_owes_nothing():
    made = Made()
    made.answering.speculate("Hello.", ())
    made.owed.announce()
    made.take()
    made.answering.stop()
    assert made.take() == [do.Stop(1), CANCELLED]


def test_a_reply_is_ready_when_it_has_sound():
    made = Made()
    assert not made.answering.ready("Hello.", (), 100)
    assert [type(action) for action in made.take()] == [do.StartReply]
    speculation = made.replies.speculation
    assert speculation is not None
    assert speculation.wanted_ms == 100
    speculation.sounded = True
    assert made.answering.ready("Hello.", (), 200)
    assert not made.answering.ready("Hello. And then?", (), 300)
    assert [type(action) for action in made.take()] == [do.Stop, do.StartReply]


def test_what_is_written_is_heard_before_the_answer_that_was_asked_for():
    made = Made()
    made.answering.say(HI, 0)
    assert made.replies.released is not None
    made.replies.released.written = True
    made.take()
    assert made.answering.owe_alone(plays=True)
    assert made.take() == [CREATED, do.StartReply(2, (), muted=True)]
    made.replies.played(1, 0)
    made.answering.answer_alone(0)
    assert made.take() == [do.Release(2, 1)]


def test_what_is_still_being_written_gives_way():
    made = Made()
    made.answering.say(HI, 0)
    made.take()
    assert not made.answering.owe_alone(plays=True)
    assert made.take() == [do.Stop(1), CREATED]
    assert made.owed.alone
