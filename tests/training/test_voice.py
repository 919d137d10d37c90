from pathlib import Path
from unittest.mock import Mock, patch

import pytest

pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("soundfile", reason="the extra `train` is not installed")

import torch

from tests.training.sounds import put, quiet
from voi.training.dataset import Item
from voi.training.manifest import TrainingSample
from voi.training.voice import references, spoken


def test_the_longest_recordings_of_a_speaker_show_the_voice_up_to_half_a_minute(tmp_path: Path) -> None:
    spoken = [("Robin", 8_000), ("Robin", 12_000), ("Ada", 13_000), ("Robin", 14_000), ("Robin", 9_000)]
    samples = [
        TrainingSample(
            put(tmp_path / f"{number}.wav", quiet((number + 1) / 100)).name, "", speaker, "en", duration_ms, "train"
        )
        for number, (speaker, duration_ms) in enumerate(spoken)
    ]
    assert [len(sound) // 220 for sound in references(samples, "Robin", tmp_path, 22_050)] == [4, 2]
    assert [len(sound) // 220 for sound in references(samples, "Ada", tmp_path, 22_050)] == [3]
    long = TrainingSample("0.wav", "", "Eve", "en", 31_000, "train")
    assert len(references([long], "Eve", tmp_path, 22_050)) == 1
    assert references(samples, "Bob", tmp_path, 22_050) == []


def test_a_speaker_who_is_known_from_nowhere_else_shows_the_voice_itself(tmp_path: Path) -> None:
    sample = TrainingSample("a.wav", "the air is pure", "Robin", "en", 100, "test")
    item = Item(put(tmp_path / "a.wav", quiet(0.1)), torch.zeros(3), sample)
    xtts = Mock(**{"config.audio.sample_rate": 22_050, "args.output_sample_rate": 24_000})
    with (
        patch("voi.training.voice.latents") as made,
        patch("voi.training.voice.speak", return_value=torch.zeros(10)) as said,
    ):
        wavs = list(spoken(xtts, [item, item], [], tmp_path, seed=7))
    (_, (sound,), _), _ = made.call_args
    assert len(sound) == 2_205
    assert made.call_count == 1  # for both
    said.assert_called_with(xtts, "the air is pure", "en", made.return_value, 7)
    assert [wav[:4] for wav in wavs] == [b"RIFF"] * 2
