"""The recordings in the trainer's form: tokens, sound, and the slice of the sound that conditions the voice."""

import random
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

from voi.audio.pcm import to_float
from voi.audio.wav import read_wav
from voi.errors import ConfigError, VoiError
from voi.training.manifest import TrainingSample

READ_LIMIT_S = 120
"""Deadline of reading a batch, which takes milliseconds, or perhaps seconds from a network disk."""


@dataclass(frozen=True, slots=True)
class ClipLimits:
    """Limits of the model. `conditioning_samples`: shortest and longest slice that conditions the voice, in samples."""

    wav_samples: int
    text_tokens: int
    conditioning_samples: tuple[int, int]
    rate_hz: int


@dataclass(frozen=True, slots=True)
class Item:
    """`tokens`: (t,), int32."""

    path: Path
    tokens: Tensor
    sample: TrainingSample


def fitting(
    samples: Sequence[TrainingSample],
    folder: Path,
    encode: Callable[[str, str], list[int]],
    unknown: int,
    limits: ClipLimits,
) -> tuple[list[Item], list[str]]:
    """The recordings that the model can take, and why the others are left out. Coqui's own data set skips those
    silently."""
    items, left_out = [], []
    for sample in samples:
        tokens = encode(sample.text, sample.language)
        if unknown in tokens:
            left_out.append(f"{sample.audio}: the vocabulary lacks a character of {sample.text!r}")
        elif len(tokens) > limits.text_tokens:
            left_out.append(f"{sample.audio}: {len(tokens)} tokens of text; at most {limits.text_tokens} fit")
        elif sample.duration_ms * limits.rate_hz > limits.wav_samples * 1000:
            left_out.append(
                f"{sample.audio}: {sample.duration_ms} ms; at most {limits.wav_samples * 1000 // limits.rate_hz} fit"
            )
        elif not (folder / sample.audio).is_file():
            left_out.append(f"{sample.audio}: the file is gone; prepare the recordings again")
        else:
            items.append(Item(folder / sample.audio, torch.tensor(tokens, dtype=torch.int32), sample))
    return items, left_out


def read_sound(path: Path, rate_hz: int) -> Tensor:
    """Samples, shape (n,), float32. Raises ConfigError for a file that `prepare` did not write."""
    pcm, found_hz = read_wav(path)
    if found_hz != rate_hz:
        raise ConfigError(f"{path} has {found_hz} Hz instead of {rate_hz}. Prepare the recordings again.")
    return torch.from_numpy(to_float(pcm))


class Rounds(Dataset[dict[str, Any]]):
    """An endless sequence of recordings: each round has every recording once, in its own order. The item at a position
    depends only on `seed` and the position, so that resumed training goes on exactly as without the break.

    A recording that cannot be read is returned as its `error`: raised in a process of torch's loader, it would come out
    as a traceback."""

    def __init__(self, items: Sequence[Item], limits: ClipLimits, seed: int) -> None:
        self._items = items
        self._limits = limits
        self._seed = seed
        self._round = -1
        self._order: list[int] = []

    def __getitem__(self, position: int) -> dict[str, Any]:
        number, place = divmod(position, len(self._items))
        if number != self._round:
            self._order = random.Random(f"{self._seed} {number}").sample(range(len(self._items)), len(self._items))
            self._round = number
        item = self._items[self._order[place]]
        try:
            return _example(item, self._limits, random.Random(f"{self._seed} at {position}"))
        except VoiError as error:
            return {"error": error}


class Once(Dataset[dict[str, Any]]):
    """Every recording once, always with the same slices."""

    def __init__(self, items: Sequence[Item], limits: ClipLimits) -> None:
        self._items = items
        self._limits = limits

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, position: int) -> dict[str, Any]:
        return _example(self._items[position], self._limits, None)


class Positions:
    """A sampler: a range of positions in the sequence."""

    def __init__(self, start: int, end: int) -> None:
        self.start, self.end = start, end

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.start, self.end))

    def __len__(self) -> int:
        return self.end - self.start


def training_loader(rounds: Rounds, positions: Positions, batch_size: int, workers: int) -> DataLoader[dict[str, Any]]:
    """Raises torch's RuntimeError when no batch comes for READ_LIMIT_S: reader processes silently lose a batch when the
    shared memory is full."""
    limit_s = READ_LIMIT_S if workers else 0
    return DataLoader(
        rounds, batch_size, sampler=positions, collate_fn=collated, num_workers=workers, timeout=limit_s,
        worker_init_fn=_leave_signals,
    )  # fmt: skip


def _leave_signals(_worker: int) -> None:
    """Ignore Ctrl-C in reader processes: the training process handles it and ends them with SIGTERM."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def scoring_loader(items: Sequence[Item], limits: ClipLimits) -> DataLoader[dict[str, Any]]:
    """One recording at a time, so that a score does not depend on the batch."""
    return DataLoader(Once(items, limits), 1, collate_fn=collated)


def _example(item: Item, limits: ClipLimits, chance: random.Random | None) -> dict[str, Any]:
    wav = read_sound(item.path, limits.rate_hz)
    if not 0 < len(wav) <= limits.wav_samples:  # on a GPU the error would only say that an index is out of range
        raise ConfigError(f"{item.path} is not as long as its manifest says. Prepare the recordings again.")
    least, most = limits.conditioning_samples
    length = (least + most) // 2 if chance is None else chance.randint(least, most)
    if length > len(wav):
        length = len(wav) // 2
    start = 0 if chance is None else chance.randint(0, len(wav) - length)
    shown = pad(wav[start : start + length], (0, most - length))
    return {
        "text": item.tokens,
        "wav": wav,
        "conditioning": shown[None, None],
        "cond_idxs": torch.tensor([start, start + length]),
    }


def collated(examples: list[dict[str, Any]]) -> dict[str, Any]:
    """The batch that GPTTrainer takes: `padded_text` (b, t), `wav` (b, 1, n), `conditioning` (b, 1, 1, m), lengths
    (b,), `cond_idxs` (b, 2). If an example is an `error`, only that error."""
    if spoilt := next((each for each in examples if "error" in each), None):
        return spoilt
    texts, wavs = [each["text"] for each in examples], [each["wav"] for each in examples]
    return {
        "padded_text": pad_sequence(texts, batch_first=True),
        "text_lengths": torch.tensor([len(text) for text in texts]),
        "wav": pad_sequence(wavs, batch_first=True)[:, None],
        "wav_lengths": torch.tensor([len(wav) for wav in wavs]),
        "conditioning": torch.stack([each["conditioning"] for each in examples]),
        "cond_idxs": torch.stack([each["cond_idxs"] for each in examples]),
        "cond_lens": None,
    }
