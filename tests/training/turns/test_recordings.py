"""Recorded calls become labelled turns by what came of each silence, and only where somebody has allowed it."""

import json
from pathlib import Path

import pytest

from tests.training.turns import speech
from voi.audio.wav import to_wav
from voi.core import actions as do
from voi.core import facts as was
from voi.core.actions import Action
from voi.core.facts import Fact
from voi.core.journal import encode_entry
from voi.errors import ConfigError
from voi.training.turns.clips import Pause
from voi.training.turns.recordings import turns_in
from voi.training.turns.train import clips_in

LATE_MS = 200
"""The conversation's clock runs this much ahead of the sound's."""


class Call:
    """Writes a recording as the recorder does."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._lines = [json.dumps({"voi": 3, "script": {}})]

    def tell(self, at_ms: int, fact: Fact, *actions: Action) -> "Call":
        self._lines.append(json.dumps(encode_entry(at_ms + LATE_MS, fact, actions)))
        return self

    def speaks(self, from_ms: int, to_ms: int) -> "Call":
        self.tell(from_ms + 96, was.UserStarted(from_ms))
        return self.tell(to_ms, was.SpeechGrew(to_ms - from_ms))

    def begins(self, at_ms: int, reply: int, text: str) -> "Call":
        self.tell(at_ms, was.ReplyText(reply, 0, text), do.Release(reply, reply))
        return self.tell(at_ms, was.PlaybackStarted(reply))

    def answers(self, at_ms: int, reply: int, text: str, played_ms: int = 1_000) -> "Call":
        return self.begins(at_ms, reply, text).tell(at_ms + played_ms, was.ReplyPlayed(reply))

    def close(self, seconds: int = 20, *, allowed: bool = True) -> Path:
        (self._folder / "journal.jsonl").write_text("\n".join(self._lines) + "\n")
        (self._folder / "user.wav").write_bytes(to_wav(bytes(seconds * 32_000), speech.RATE_HZ))
        if allowed:
            (self._folder / "may_train.txt").write_text("Robin, on the telephone, 2026-11-20")
        return self._folder


def test_silences_are_labelled_by_what_came_of_them(tmp_path: Path) -> None:
    call = Call(tmp_path / "2026-11-20" / "a").answers(0, 1, "What is your phone number?")
    call.speaks(2_000, 2_500).speaks(3_100, 4_000).answers(4_600, 2, "Thank you. Anything else?")
    call.speaks(9_000, 9_600).close()
    found = turns_in(tmp_path)
    assert (found.calls, found.not_allowed, found.unreadable) == (1, 0, 0)
    (clip,) = found.clips
    assert clip.asked == "number"
    assert clip.left_out_with == clip.speaker == "a"
    assert (clip.from_ms, clip.to_ms) == (1_400, 8_000)
    assert clip.pauses == (Pause(1_100, 1_700, False), Pause(2_600, 6_600, True))
    assert clip.end_of_speech_ms == 2_600
    assert len(clip.pcm()) == 6_600 * 32


def test_who_was_cut_off_had_not_finished(tmp_path: Path) -> None:
    call = Call(tmp_path / "a").speaks(1_000, 1_800).answers(2_400, 1, "Yes?", 500)
    call.speaks(3_000, 4_000).answers(4_800, 2, "I see.")
    call.close()
    (clip,) = turns_in(tmp_path).clips
    assert [pause.turn_ends for pause in clip.pauses] == [False, True]


def test_speech_over_the_agent_teaches_nothing_here(tmp_path: Path) -> None:
    call = Call(tmp_path / "a").begins(0, 1, "A long story.").speaks(4_000, 5_000)
    call.tell(5_200, was.ReplyStopped(1, 4_000)).answers(6_000, 2, "Yes.").close()
    assert not turns_in(tmp_path).clips


def test_only_allowed_calls_are_read(tmp_path: Path) -> None:
    for name in "ab":
        Call(tmp_path / "day" / name).speaks(1_000, 2_000).answers(2_500, 1, "Yes.").close(allowed=name == "a")
    found = turns_in(tmp_path)
    assert (found.calls, found.not_allowed) == (1, 1)
    (tmp_path / "day" / "may_train.txt").touch()
    assert turns_in(tmp_path).calls == 2, "a whole day"
    (tmp_path / "may_train.txt").touch()
    (tmp_path / "day" / "may_train.txt").unlink()
    assert turns_in(tmp_path / "day").not_allowed == 1, "above the folder that was named nothing counts"


@pytest.mark.parametrize("damage", ["sealed", "not json", "not a fact", "no sound"])
def test_what_cannot_be_read_is_counted(tmp_path: Path, damage: str) -> None:
    folder = Call(tmp_path / "a").speaks(1_000, 2_000).answers(2_500, 1, "Yes.").close()
    journal = folder / "journal.jsonl"
    match damage:
        case "sealed":
            journal.rename(folder / "journal.jsonl.sealed")
        case "not json":
            journal.write_text(journal.read_text() + "{\n")
        case "not a fact":
            journal.write_text(journal.read_text() + "[1]\n")
        case _:
            (folder / "user.wav").unlink()
    found = turns_in(tmp_path)
    assert (found.calls, found.unreadable) == (0, 1)
    with pytest.raises(ConfigError, match="1 cannot be read"):
        clips_in(tmp_path)


def test_a_folder_with_nothing_in_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"neither labels\.jsonl nor a recorded call"):
        clips_in(tmp_path)
