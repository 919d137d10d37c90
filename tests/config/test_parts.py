import dataclasses
from typing import Any

import pytest
from pydantic import ValidationError

from voi.config.parts import Phrases, TurnSettings
from voi.core.script import Script
from voi.dialogue import Phrase
from voi.turn_policy import TurnPolicy


def test_turn_settings_have_the_fields_of_the_cores_policy() -> None:
    assert TurnSettings().model_dump(exclude={"vad_threshold"}) == dataclasses.asdict(TurnPolicy())
    assert TurnSettings.model_validate({"silence_ms": 700}).policy() == TurnPolicy(silence_ms=700)


def test_reminders_default_to_the_cores() -> None:
    from voi.config.parts import IdleReminder

    assert IdleReminder(after_s=1).max_times == Script().reminders_max


@pytest.mark.parametrize("wrong", [{"silence_ms": 100}, {"silence_ms": 9_000}, {"min_silence_ms": 700}])
def test_silences_stand_in_order(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="min_silence_ms ≤ silence_ms"):
        TurnSettings(**wrong)


def test_blank_phrases_are_not_spoken() -> None:
    phrases = Phrases.model_validate({"choices": [" ", {"content": "Hi", "file": "a.wav"}], "voice_tone": "warm"})
    assert phrases.spoken() == (Phrase("Hi", "warm", "a.wav"),)


def test_turn_settings_of_earlier_versions_are_read() -> None:
    settings: Any = TurnSettings.model_validate({"contest_ms": 250, "contest_patience_ms": 900})
    assert (settings.barge_in_ms, settings.barge_in_timeout_ms) == (250, 900)
