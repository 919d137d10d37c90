"""The moments of turns, noted as facts and the brain's reports pass."""

from voi.core import facts as was
from voi.session.latency import TurnTimes
from voi.session.turn_marks import TurnMarks


class Marked:
    """Marks, with a clock that is set by hand."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.turns: list[TurnTimes] = []
        self.marks = TurnMarks(lambda: self.now_ms, self.turns.append)

    def fact(self, now_ms: int, fact: was.Fact) -> None:
        self.now_ms = now_ms
        self.marks.fact(fact, now_ms)


def begun(*, speculative: bool = True) -> Marked:
    """The person was quiet from 1000 ms on, and reply 1 was begun at 1100 ms."""
    marked = Marked()
    marked.fact(1_100, was.QuietGrew(100))
    marked.fact(1_150, was.Heard(1, "yes", pause=1))
    marked.marks.started(1, speculative=speculative)
    return marked


def test_a_turn_ends_with_the_first_sound_that_is_played() -> None:
    marked = begun()
    marked.now_ms = 1_200
    marked.marks.token(1)
    marked.now_ms = 1_300
    marked.marks.sound(1)
    marked.now_ms = 1_400
    marked.marks.released(1)
    assert not marked.turns
    marked.fact(1_500, was.PlaybackStarted(1))
    marked.fact(1_600, was.ReplyPlayed(1))
    assert marked.turns == [TurnTimes(1, True, 400, 150, 200, 300, 500)]


def test_a_partial_transcript_is_none() -> None:
    marked = begun()
    marked.fact(1_250, was.Heard(1, "yes and"))
    marked.marks.released(1)
    marked.fact(1_500, was.ReplyPlayed(1))
    assert [times.transcript_ms for times in marked.turns] == [150]


def test_a_turn_without_sound_ends_with_its_reply() -> None:
    for over in (was.ReplyPlayed(1), was.ReplyStopped(1, 0)):
        marked = begun(speculative=False)
        marked.marks.released(1)
        marked.fact(1_500, over)
        assert [(times.speculative, times.first_sent_ms) for times in marked.turns] == [(False, None)]


def test_a_turn_is_asked_for_by_the_client() -> None:
    marked = Marked()
    marked.fact(700, was.AnswerAsked())
    marked.marks.started(1, speculative=False)
    marked.marks.released(1)
    marked.fact(900, was.PlaybackStarted(1))
    assert [(times.endpoint_ms, times.first_sent_ms) for times in marked.turns] == [(0, 200)]


def test_what_is_said_ahead_is_not_the_answer() -> None:
    marked = begun()
    marked.marks.speaks_ahead(1)
    marked.marks.released(1)
    marked.fact(1_500, was.PlaybackStarted(1))
    assert not marked.turns
    marked.now_ms = 1_900
    marked.marks.sound(1)
    assert [times.first_sent_ms for times in marked.turns] == [900]
