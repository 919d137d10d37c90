"""An answer is announced once, and cancelled only if it was announced."""

from voi.core.actions import Action, SendStatus, Status
from voi.core.owed_answer import OwedAnswer

CREATED, CANCELLED = SendStatus(Status.RESPONSE_CREATED), SendStatus(Status.RESPONSE_CANCELLED)


def test_it_is_announced_once():
    out: list[Action] = []
    owed = OwedAnswer(out)
    owed.announce()
    owed.announce()
    assert out == [CREATED]
    assert owed.announced


def test_what_was_announced_is_cancelled_once():
    out: list[Action] = []
    owed = OwedAnswer(out)
    owed.announce()
    owed.alone = True
    owed.cancel()
    owed.cancel()
    assert out == [CREATED, CANCELLED]
    assert not owed.announced
    assert not owed.alone


def test_what_was_not_announced_is_dropped_in_silence():
    out: list[Action] = []
    owed = OwedAnswer(out)
    owed.alone = True
    owed.cancel()
    assert out == []
    assert not owed.alone


def test_an_answer_that_has_begun_is_owed_no_more():
    out: list[Action] = []
    owed = OwedAnswer(out)
    owed.announce()
    owed.begins()
    owed.cancel()
    assert out == [CREATED]
