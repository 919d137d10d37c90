import logging

import pytest

from tests.fakes.call import Call
from tests.fakes.clock import in_virtual_time
from voi.core.actions import SayRest, Show, StartReply
from voi.core.facts import AnswerAsked, Continued, Heard, PieceVoiced, TextTyped
from voi.core.kept import Kept, KeptDraft, KeptMessage
from voi.dialogue import Message, ReplySegment, SpokenWord
from voi.session.log_format import log_line


def test_words_are_told_by_their_length() -> None:
    assert log_line(Heard(1, "my secret", 2), words=False) == "Heard(utterance=1, text=<9>, pause=2)"
    assert "secret" not in log_line(StartReply(1, (Message("user", "my secret"),), False), words=False)
    assert "secret" not in log_line(Show(1, "user", "my secret", ("http://secret",)), words=False)
    assert "secret" not in log_line(PieceVoiced(1, 0, 0, 500, (SpokenWord("secret", 0, 500),)), words=False)
    kept = Kept((KeptMessage(0, Message("user", "my secret")),), 1, KeptDraft("secret"))
    assert log_line(Continued(kept, 500), words=False) == "Continued(kept=<…>, heard_ms=500)"
    assert log_line(SayRest(1, (ReplySegment("secret"),)), words=False) == "SayRest(reply=1, segments=<1>)"
    assert log_line(Heard(1, "", 2), words=False) == "Heard(utterance=1, text='', pause=2)"


def test_unless_they_are_asked_for() -> None:
    assert "my secret" in log_line(Heard(1, "my secret", 2), words=True)


@in_virtual_time
async def test_the_log_shows_facts_and_actions_without_words(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "voi")
    async with Call(mode="chat") as call:
        call.session.tell(TextTyped("my secret"))
        call.session.tell(AnswerAsked())
    assert "< TextTyped(text=<9>)" in caplog.text
    assert "> SendStatus(status=" in caplog.text
    assert "secret" not in caplog.text
    assert {record.conversation for record in caplog.records} == {"test"}  # type: ignore[attr-defined]
