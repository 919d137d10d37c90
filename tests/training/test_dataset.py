import signal
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("soundfile", reason="the extra `train` is not installed")

import torch

from tests.training.sounds import put, tone
from voi.errors import ClientError, ConfigError
from voi.training.dataset import (
    READ_LIMIT_S,
    ClipLimits,
    Item,
    Once,
    Positions,
    Rounds,
    collated,
    fitting,
    training_loader,
)
from voi.training.manifest import TrainingSample

LIMITS = ClipLimits(wav_samples=100_000, text_tokens=20, conditioning_samples=(20_000, 40_000), rate_hz=22_050)


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    made = []
    for number in range(5):
        path = put(tmp_path / f"{number}.wav", tone(1.5 + number / 2, hz=200 + 20 * number))
        sample = TrainingSample(path.name, f"text {number}", "Robin", "en", 1500 + 500 * number, "train")
        made.append(Item(path, torch.arange(3 + number, dtype=torch.int32), sample))
    return made


def test_each_round_has_everything_once_in_another_order(items: list[Item]) -> None:
    rounds = Rounds(items, LIMITS, seed=1)
    orders = [[len(rounds[position]["text"]) for position in range(start, start + 5)] for start in range(0, 50, 5)]
    assert all(Counter(order) == Counter(range(3, 8)) for order in orders)
    assert len({tuple(order) for order in orders}) > 5


def test_what_stands_at_a_position_depends_on_nothing_before(items: list[Item]) -> None:
    forwards, alone = Rounds(items, LIMITS, seed=1), Rounds(items, LIMITS, seed=1)
    row = [forwards[position] for position in range(12)]
    for position in (11, 3, 7, 0):
        again = alone[position]
        assert all(torch.equal(row[position][key], again[key]) for key in again)
    assert any(not torch.equal(row[p]["cond_idxs"], Rounds(items, LIMITS, seed=2)[p]["cond_idxs"]) for p in range(12))


def test_the_slice_that_shows_the_voice_is_of_the_recording(items: list[Item]) -> None:
    for example in (
        *(Rounds(items, LIMITS, seed=3)[p] for p in range(20)),
        *(Once(items, LIMITS)[p] for p in range(5)),
    ):
        start, end = example["cond_idxs"].tolist()
        shown = example["conditioning"][0, 0]
        assert shown.shape == (40_000,)
        assert torch.equal(shown[: end - start], example["wav"][start:end])
        assert not shown[end - start :].any()


def test_of_a_short_recording_half_is_shown_and_half_is_to_be_learnt(items: list[Item]) -> None:
    limits = replace(LIMITS, conditioning_samples=(50_000, 60_000))
    shown = [Rounds(items[:1], limits, seed=3)[p]["cond_idxs"].tolist() for p in range(5)]
    assert {end - start for start, end in shown} == {33_075 // 2}
    assert len({start for start, _ in shown}) == 5


def test_no_batch_is_waited_for_for_ever(items: list[Item]) -> None:
    loaders = [training_loader(Rounds(items, LIMITS, 1), Positions(0, 2), 2, workers) for workers in (0, 1)]
    assert [loader.timeout for loader in loaders] == [0, READ_LIMIT_S]


def test_processes_that_read_end_when_they_are_told_and_leave_ctrl_c_to_the_trainer() -> None:
    class Signals(Rounds):
        def __getitem__(self, position: int) -> dict[str, Any]:
            return {"error": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]}

    before = signal.signal(signal.SIGTERM, lambda *_: None)  # as the trainer's, which saves first
    try:
        (found,) = training_loader(Signals([], LIMITS, 1), Positions(0, 1), 1, workers=1)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert found["error"] == [signal.SIG_IGN, signal.SIG_DFL]


def test_a_resumed_loader_goes_on_where_it_was(items: list[Item]) -> None:
    whole = list(training_loader(Rounds(items, LIMITS, 1), Positions(0, 8), 2, workers=0))
    rest = list(training_loader(Rounds(items, LIMITS, 1), Positions(4, 8), 2, workers=0))
    assert len(rest) == 2
    for expected, found in zip(whole[2:], rest, strict=True):
        assert torch.equal(expected["wav"], found["wav"])
        assert torch.equal(expected["padded_text"], found["padded_text"])


@pytest.mark.integration
def test_batches_are_those_of_coqui(items: list[Item]) -> None:
    pytest.importorskip("trainer", reason="the extra `train` is not installed")
    pytest.importorskip("TTS", reason="the extra `train` is not installed")
    pytest.importorskip("voi.training.coqui")  # which lets TTS be imported
    from TTS.tts.layers.xtts.trainer.dataset import XTTSDataset

    examples = [Once(items, LIMITS)[position] for position in range(3)]
    ours = collated(examples)
    theirs: dict[str, Any] = XTTSDataset.collate_fn(
        None,
        [
            {
                "text": each["text"], "text_lengths": torch.tensor(len(each["text"])), "wav": each["wav"],
                "wav_lengths": torch.tensor(len(each["wav"])), "filenames": "", "cond_idxs": each["cond_idxs"],
                "conditioning": each["conditioning"], "cond_lens": torch.tensor([torch.nan]),
            }
            for each in examples
        ],
    )  # fmt: skip
    for key in ("padded_text", "text_lengths", "wav", "wav_lengths", "conditioning", "cond_idxs"):
        assert torch.equal(ours[key], theirs[key]), key
    assert ours["cond_lens"] is theirs["cond_lens"] is None


def test_what_the_model_cannot_take_is_told(tmp_path: Path) -> None:
    def encode(text: str, language: str) -> list[int]:
        return [1 if c == "é" else 5 for c in text]

    samples = [
        TrainingSample("a.wav", "fits well", "Robin", "en", 2_000, "train"),
        TrainingSample("b.wav", "café", "Robin", "en", 2_000, "train"),
        TrainingSample("c.wav", "far too many letters in it", "Robin", "en", 2_000, "train"),
        TrainingSample("d.wav", "too long", "Robin", "en", 5_001, "train"),
    ]
    samples.append(TrainingSample("e.wav", "is gone", "Robin", "en", 2_000, "train"))
    samples.append(TrainingSample("f.wav", "as much as it takes.", "Robin", "en", 5_000, "train"))
    for name in "abcdf":
        (tmp_path / f"{name}.wav").write_bytes(b"")
    items, left_out = fitting(samples, tmp_path, encode, 1, replace(LIMITS, rate_hz=20_000))
    assert [item.sample.audio for item in items] == ["a.wav", "f.wav"]
    assert [line.partition(":")[0] for line in left_out] == ["b.wav", "c.wav", "d.wav", "e.wav"]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_recording_that_was_spoilt_comes_out_of_the_loader_as_its_error(items: list[Item], workers: int) -> None:
    """Raised in a process of torch's loader it would come as that process's traceback."""
    for item in items:
        item.path.write_bytes(b"spoilt")
    (found,) = training_loader(Rounds(items, LIMITS, 1), Positions(0, 2), 2, workers)
    assert isinstance(found["error"], ClientError)
    assert "not a WAV file" in str(found["error"])
    assert "Traceback" not in str(found["error"])


@pytest.mark.parametrize("seconds", [0.0, 4.6])
def test_a_recording_of_another_length_is_refused(items: list[Item], seconds: float) -> None:
    """What the model's positions do not reach ends a GPU's process without a word on why."""
    put(items[0].path, tone(seconds))
    with pytest.raises(ConfigError, match="as long as its manifest says"):
        Once(items, LIMITS)[0]


def test_sound_that_was_not_prepared_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path / "a.wav", tone(1, 16_000), 16_000)
    item = Item(path, torch.zeros(1), TrainingSample("a.wav", "text", "Robin", "en", 1_000, "train"))
    with pytest.raises(ConfigError, match="16000 Hz instead of 22050"):
        Once([item], LIMITS)[0]
