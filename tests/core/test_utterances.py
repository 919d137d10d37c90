"""Utterances are numbered, transcribed once at each pause, and known for noise shortly after a noise."""

from voi.core.actions import Action, EndUtterance, JudgeTurn, JudgeVoice, Listen, Transcribe
from voi.core.noise import FIT_MS
from voi.core.turn import JUDGED_AT_MS
from voi.core.utterances import Utterances


def test_each_has_its_number():
    out: list[Action] = []
    utterances = Utterances(out)
    first = utterances.begin(0, partials=True)
    utterances.end(first, 100)
    utterances.begin(200, partials=False)
    assert out == [Listen(1), EndUtterance(1), Listen(2, partials=False)]


def test_a_transcript_is_asked_for_once_at_each_pause():
    out: list[Action] = []
    utterances = Utterances(out)
    turn = utterances.begin(0, partials=True)
    for quiet_ms in (96, 128):
        turn.quiet_grew(quiet_ms)
        utterances.transcribe(turn)
    turn.sets_in(0)
    turn.quiet_grew(96)
    utterances.transcribe(turn)
    assert out == [Listen(1), Transcribe(1, 1), Transcribe(1, 2)]


def test_late_words_are_still_wanted():
    out: list[Action] = []
    utterances = Utterances(out)
    turn = utterances.begin(0, partials=True)
    turn.give_up(late=True)
    utterances.end(turn, 100)
    assert out[-1] == EndUtterance(1, late=True)


def test_a_sound_right_after_a_noise_may_be_of_the_same_fit():
    utterances = Utterances([])
    cough = utterances.begin(0, partials=True)
    cough.voice, cough.final = 0.1, ""
    utterances.end(cough, 100)
    assert utterances.begin(100 + FIT_MS, partials=True).after_noise
    assert not utterances.begin(101 + FIT_MS, partials=True).after_noise


def test_words_are_no_noise():
    utterances = Utterances([])
    spoken = utterances.begin(0, partials=True)
    spoken.voice, spoken.final = 0.9, "Hello."
    utterances.end(spoken, 100)
    assert not utterances.begin(101, partials=True).after_noise


def test_each_judge_is_asked_once_at_a_pause():
    out: list[Action] = []
    utterances = Utterances(out)
    turn = utterances.begin(0, partials=True)
    turn.stretch_ms = 320
    for quiet_ms in (32, JUDGED_AT_MS, 96):
        turn.quiet_grew(quiet_ms)
        utterances.judge_voice(turn)
        utterances.judge_turn(turn)
    assert out == [Listen(1), JudgeVoice(1, 320), JudgeTurn(1, 1, "", JUDGED_AT_MS)]
