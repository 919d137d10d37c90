"""A conversation that goes on elsewhere: what is kept of it, and what becomes of that."""

import json

import pytest

from voi.core import actions as do
from voi.core import facts as was
from voi.core import journal
from voi.core.actions import Action, Status
from voi.core.conversation import Conversation
from voi.core.facts import Continued
from voi.core.kept import Kept
from voi.core.script import Script
from voi.core.state import State
from voi.dialogue import Message, Phrase, ReplySegment

CALL = Script(greeting=Phrase("Hello."), reply_timeout_ms=30_000)
CHAT = Script(mode="chat", greeting=Phrase("Hello."))


def kinds(actions: list[Action], kind: type) -> list[Action]:
    return [action for action in actions if isinstance(action, kind)]


class Room:
    """A conversation and all its actions so far."""

    def __init__(self, script: Script, opening: was.Fact | None = None) -> None:
        self.core = Conversation(script)
        self.now_ms = 0
        self.log: list[Action] = []
        self.tell(opening or was.Opened(greet=False))

    def tell(self, *facts: was.Fact) -> list[Action]:
        new: list[Action] = []
        for fact in facts:
            self.now_ms += 10
            new += self.core.handle(fact, self.now_ms)
        self.log += new
        return new

    def ask(self, text: str = "Tell me") -> None:
        self.tell(was.TextTyped(text), was.AnswerAsked())

    def writes(self, *pieces: str, voiced: int = 99, reply: int = 1, written: bool = True) -> None:
        """A second of sound for each piece."""
        for number, text in enumerate(pieces):
            self.tell(was.ReplyText(reply, number, text, "narrator" if "*" in text else "character"))
            if number < voiced:
                self.tell(was.PieceVoiced(reply, number, number * 1_000, 1_000))
        self.tell(was.PlaybackStarted(reply))
        if written:
            self.tell(was.ReplyWritten(reply))

    def moved(self, heard_ms: int | None = None) -> "Room":
        """The same conversation in another process."""
        kept = self.core.keep()
        text = json.dumps(journal.encode_value(kept))
        again: Kept = journal.decode_value(Kept, json.loads(text), "kept")
        assert again == kept
        return Room(self.core.script, Continued(again, heard_ms))


def test_nobody_is_greeted_twice_and_the_history_is_the_same() -> None:
    room = Room(CALL, was.Opened())
    room.tell(was.ReplyText(1, 0, "Hello."), was.ReplyWritten(1), was.PieceVoiced(1, 0, 0, 500), was.ReplyPlayed(1))
    again = room.moved()
    assert again.log == []
    assert again.core.history.messages() == (Message("assistant", "Hello."),)
    assert again.core.state is State.IDLE
    again.tell(was.UserStarted(0))
    assert again.log == [do.Listen(1)]


def test_the_rest_of_a_reply_is_said_under_its_id_from_the_first_word_that_was_not_heard() -> None:
    room = Room(CHAT)
    room.ask()
    room.writes("One two three four.", "*Five six.*", " Seven eight.", voiced=2)
    again = room.moved(heard_ms=500)
    rest = (
        ReplySegment("three four."), ReplySegment("*Five six.*", "narrator"), ReplySegment("Seven eight."),
    )  # fmt: skip
    assert again.log == [do.SayRest(1, rest), do.Release(1, 1)]
    assert again.core.state is State.ANSWERING
    again.writes("three four.", "*Five six.*", "Seven eight.")
    shown = kinds(again.log, do.Show)[-1]
    assert isinstance(shown, do.Show)
    assert (shown.message_id, shown.text) == (1, "One two three four. *Five six.* Seven eight.")
    again.tell(was.ReplyPlayed(1))
    assert again.core.state is State.IDLE
    assert [message.text for message in again.core.history.log()] == ["Tell me", shown.text]
    again.ask("More")
    shown = kinds(again.log, do.Show)[-1]
    assert isinstance(shown, do.Show)
    assert shown.message_id == 2


def test_a_rest_that_is_interrupted_is_cut_behind_what_was_heard_in_both_places() -> None:
    room = Room(CHAT)
    room.ask()
    room.writes("One two.", "Three four.")
    again = room.moved(heard_ms=1_000)
    again.writes("Three four.")
    again.tell(was.Interrupted(1), was.ReplyStopped(1, 600))
    assert [message.text for message in again.core.history.log()] == ["Tell me", "One two. Three..."]


@pytest.mark.parametrize("heard_ms", [None, 2_000, 9_999])
def test_a_reply_that_was_heard_whole_is_not_said_again(heard_ms: int | None) -> None:
    room = Room(CHAT)
    room.ask()
    room.writes("One two.", "Three four.")
    again = room.moved(heard_ms)
    assert kinds(again.log, do.SayRest) == []
    assert again.core.state is State.IDLE


def test_a_reply_that_the_server_took_for_played_but_that_did_not_arrive_is_said_on() -> None:
    room = Room(CHAT)
    room.ask()
    room.writes("One two.", "Three four.")
    room.tell(was.ReplyPlayed(1))
    again = room.moved(heard_ms=1_000)
    assert again.log[0] == do.SayRest(1, (ReplySegment("Three four."),))


def test_the_end_that_was_promised_is_reported_once() -> None:
    room = Room(CHAT)
    room.ask()
    room.writes("One two.", written=False)
    again = room.moved(heard_ms=0)
    again.writes("One two.")
    again.tell(was.ReplyPlayed(1))
    assert kinds(room.log + again.log, do.SendStatus) == [
        do.SendStatus(Status.RESPONSE_CREATED), do.SendStatus(Status.RESPONSE_DONE),
    ]  # fmt: skip
    heard = Room(CHAT)
    heard.ask()
    heard.writes("One two.", written=False)
    assert heard.moved().log == [do.SendStatus(Status.RESPONSE_DONE)]


def test_an_answer_that_had_no_words_yet_is_asked_for_again() -> None:
    room = Room(CHAT)
    room.ask()
    again = room.moved()
    (start, release) = again.log
    assert isinstance(start, do.StartReply)
    assert [message.text for message in start.messages] == ["Tell me"]
    assert isinstance(release, do.Release)
    again.writes("Fine.")
    again.tell(was.ReplyPlayed(1))
    assert kinds(room.log + again.log, do.SendStatus) == [
        do.SendStatus(Status.RESPONSE_CREATED), do.SendStatus(Status.RESPONSE_DONE),
    ]  # fmt: skip


def test_what_the_person_was_saying_goes_on() -> None:
    room = Room(CALL)
    room.tell(was.UserStarted(0), was.SpeechGrew(500), was.Heard(1, "I would like"))
    again = room.moved()
    assert again.core.state is State.WAITING
    assert again.log == []
    again.tell(was.UserStarted(0), was.SpeechGrew(500), was.QuietGrew(64), was.Heard(1, "a cup of tea.", 1))
    started = kinds(again.log, do.StartReply)[0]
    assert isinstance(started, do.StartReply)
    assert started.messages[-1].text == "I would like a cup of tea."
    shown = [action for action in again.log if isinstance(action, do.Show)]
    assert {action.message_id for action in shown} <= {0}


def test_what_the_person_had_said_is_answered_at_once_or_when_nothing_follows() -> None:
    room = Room(CALL)
    room.tell(was.UserStarted(0), was.SpeechGrew(500), was.Heard(1, "Tea please."), was.QuietGrew(64))
    again = room.moved()
    started = kinds(again.log, do.StartReply)
    assert [action.messages[-1].text for action in started if isinstance(action, do.StartReply)] == ["Tea please."]

    room = Room(CALL)
    room.tell(was.UserStarted(0), was.SpeechGrew(500), was.Heard(1, "Tea please."))
    again = room.moved()
    assert again.core.deadline_ms is not None
    again.now_ms = again.core.deadline_ms
    again.tell(was.DeadlinePassed())
    assert len(kinds(again.log, do.StartReply)) == 1


def test_what_was_typed_and_not_sent_waits_for_being_sent() -> None:
    room = Room(CHAT)
    room.tell(was.TextTyped("Look"), was.ImageGiven("https://a/b.png"))
    again = room.moved()
    assert (again.log, again.core.state) == ([], State.IDLE)
    again.tell(was.AnswerAsked())
    started = kinds(again.log, do.StartReply)[0]
    assert isinstance(started, do.StartReply)
    assert started.messages[-1] == Message("user", "Look", ["https://a/b.png"])


def test_a_tool_that_was_running_did_not_answer() -> None:
    room = Room(CHAT)
    room.ask()
    room.tell(was.ReplyText(1, 0, "Let me look."), was.ToolCalled(1, "c", "find"), was.ReplyWritten(1))
    room.tell(was.PieceVoiced(1, 0, 0, 1_000), was.PlaybackStarted(1), was.ReplyPlayed(1))
    again = room.moved()
    (start, _) = again.log
    assert isinstance(start, do.StartReply)
    results = [result for message in start.messages for result in message.tool_results]
    assert [(result.failed, "did not answer in time" in result.text) for result in results] == [(True, True)]


def test_an_empty_conversation() -> None:
    assert Room(CALL).core.keep() == Kept()
    assert Room(CALL, Continued(Kept())).log == []


NOTICED = Script(notice=Phrase("You are talking to an AI."), greeting=Phrase("Hello."))


@pytest.mark.parametrize("moment", ["not begun", "in its middle", "heard"])
def test_a_notice_that_was_not_heard_is_said_after_a_restart(moment: str) -> None:
    room = Room(NOTICED, was.Opened())
    room.writes("You are talking", " to an AI.")
    heard_ms = None
    match moment:
        case "not begun":
            room.tell(was.Interrupted(None, 0), was.ReplyStopped(1, 0))
        case "in its middle":
            heard_ms = 1_000
        case "heard":
            room.tell(was.ReplyPlayed(1))
    again = room.moved(heard_ms)
    if moment == "in its middle":
        (rest,) = kinds(again.log, do.SayRest)
        assert isinstance(rest, do.SayRest)
        again.tell(was.ReplyPlayed(rest.reply))
    said = len(kinds(again.log, do.SayPhrase))
    again.ask()
    assert len(kinds(again.log, do.SayPhrase)) - said == (1 if moment == "not begun" else 0)
