"""`voi talk --why`: reasons from a recording that grows."""

from pathlib import Path

import pytest

from tests.cli.test_replay import Recorded
from voi.cli.replay import _why_over
from voi.cli.why import Why
from voi.core import facts as was
from voi.core.barge_in import BargeIn
from voi.errors import ClientError


@pytest.fixture
def lines() -> list[str]:
    """A turn, its answer, and a cough over it."""
    world = Recorded()
    world.speak(800)
    world.tell(was.QuietGrew(64))
    world.tell(was.Heard(1, "What is the time?", 1), was.QuietGrew(1_600))
    world.pass_time(10_000)
    world.tell(was.HungUp())
    return world.lines


def journal_in(recordings: Path, name: str) -> Path:
    path = recordings / "2026-11-28" / name / "journal.jsonl"
    path.parent.mkdir(parents=True)
    path.touch()
    return path


def test_the_reasons_of_the_new_recording_are_told_once(tmp_path: Path, lines: list[str]) -> None:
    journal_in(tmp_path, "earlier").write_text("\n".join(lines) + "\n")
    why = Why(tmp_path)
    assert why.news() == []
    assert not why.found
    journal = journal_in(tmp_path, "ours")
    told = []
    text = "\n".join(lines) + "\n"
    for end in range(0, len(text) + 1, 37):  # a line may be half written
        journal.write_text(text[:end])
        told += why.news()
    journal.write_text(text)
    told += why.news()
    assert why.found
    assert len(told) == 2, "the greeting was talked over"
    assert told[1].startswith("the turn ends after ")
    assert "sound no verdict, words 0.95" in told[1]


def test_a_recording_that_is_none_is_told(tmp_path: Path) -> None:
    why = Why(tmp_path)
    journal_in(tmp_path, "ours").write_text('{"voi": 3}\n')
    with pytest.raises(ClientError, match="A journal begins with"):
        why.news()


def test_why_a_sound_over_a_reply_stopped_it(tmp_path: Path) -> None:
    world = Recorded()
    world.tell(was.ReplyText(1, 0, "Hello there."), was.PieceVoiced(1, 0, 0, 5_000), was.ReplyWritten(1))
    world.tell(was.PlaybackStarted(1))
    world.pass_time(1_000)
    world.tell(was.UserStarted(1_000))
    for speech_ms in range(32, 700, 32):
        world.tell(was.SpeechGrew(speech_ms))
    why = Why(tmp_path)
    journal_in(tmp_path, "ours").write_text("\n".join(world.lines) + "\n")
    not_judged = "(the sound was not judged: words or lasting voice stop a reply)"
    assert why.news() == [f"reply 1 is stopped {not_judged}"]


def test_the_judgement_of_a_sound_over_a_reply_is_told() -> None:
    heard = BargeIn(3, voice_ms=448, voice=0.91, floor=0.876)
    told = "reply 3 {} (voice 0.91, wants the floor 0.88, 448 ms of voice)"
    assert _why_over(heard, stops=True) == told.format("is stopped")
    assert _why_over(heard, stops=False) == told.format("goes on")
