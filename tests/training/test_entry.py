import pytest

from voi.training.entry import entry, tone_map, voices
from voi.training.manifest import TrainingSample


def said(speaker: str, duration_ms: int = 2_000, text: str = "the air is pure", language: str = "en") -> TrainingSample:
    return TrainingSample("wavs/a.wav", text, speaker, language, duration_ms, "train")


def test_it_names_files_and_the_usual_language() -> None:
    """And no `avg_text_len`, at which longer sentences would be cut in their middle."""
    samples = [said("Robin", text="aaaa"), said("Robin", text="a" * 9), said("Robin", text="a" * 10, language="de")]
    assert entry(samples) == {
        "engine": "xtts",
        "language": "en",
        "checkpoint": "model.pth",
        "config": "config.json",
        "tokenizer": "vocab.json",
        "voices": "speakers_xtts.pth",
    }


def test_speakers_named_after_tones_are_the_tones_of_one_voice() -> None:
    samples = [said("Robin sad", 9_000), said("Robin-Whispering", 8_000), said("Robin neutral", 1_000)]
    tones = {"neutral": "Robin neutral", "sad": "Robin sad", "whispering": "Robin-Whispering"}
    assert entry(samples)["voice_tone_map"] == tone_map(samples) == tones
    assert list(tone_map(samples)) == ["neutral", "sad", "whispering"]


@pytest.mark.parametrize(
    "speakers",
    [
        ("Robin", "Ada"),
        ("Robin warm", "Robin sad"),
        ("Robin neutral", "Ada warm"),
        ("Robin neutral", "Robin warm", "Ada"),
        ("Robin neutral", "Robin-neutral"),
    ],
)
def test_other_speakers_are_no_tones(speakers: tuple[str, ...]) -> None:
    assert tone_map([said(speaker) for speaker in speakers]) == {}


def test_who_names_no_voice_gets_the_neutral_one_or_the_one_with_the_most_speech() -> None:
    assert voices([said("Robin sad", 9_000), said("Robin neutral")]) == ["Robin neutral", "Robin sad"]
    assert voices([said("Robin", 3_000), said("Ada"), said("Ada")]) == ["Ada", "Robin"]


def test_a_person_may_have_several_names() -> None:
    assert tone_map([said("Mary_Ann_sad"), said("Mary_Ann_neutral")]) == {
        "neutral": "Mary_Ann_neutral", "sad": "Mary_Ann_sad",
    }  # fmt: skip
