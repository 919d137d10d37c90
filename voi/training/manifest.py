"""The manifest, which `prepare` writes and training reads: JSON objects, one line for each recording."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from voi.errors import ConfigError
from voi.training.splits import SPLITS

FILE = "manifest.jsonl"


@dataclass(frozen=True, slots=True)
class TrainingSample:
    """`audio`: a 22.05 kHz mono 16-bit WAV, its path relative to the manifest's folder."""

    audio: str
    text: str
    speaker: str
    language: str
    duration_ms: int
    split: str


def write(folder: Path, samples: list[TrainingSample]) -> None:
    """Replace the folder's manifest, all of it or nothing."""
    partial = folder / f".{FILE}.partial"
    partial.write_text("".join(json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in samples), "utf-8")
    partial.replace(folder / FILE)


def read(folder: Path) -> list[TrainingSample]:
    """The samples of a folder. Raises ConfigError when there is no manifest, or an entry is invalid."""
    try:
        lines = (folder / FILE).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{folder} holds no {FILE} that can be read. Make one: voi train prepare") from error
    problems, samples = [], []
    for number, line in enumerate(lines, 1):
        try:
            sample = TrainingSample(**json.loads(line))
            texts = (sample.audio, sample.text, sample.speaker, sample.language)
            if not all(isinstance(value, str) for value in texts):
                raise TypeError("audio, text, speaker and language must be text")
            if not isinstance(sample.duration_ms, int):
                raise TypeError("duration_ms must be a whole number")
            if sample.split not in SPLITS:
                raise ValueError(f"there is no split {sample.split!r}")
            if not (folder / sample.audio).resolve().is_relative_to(folder.resolve()):
                raise ValueError(f"{sample.audio} leads out of the folder")
            samples.append(sample)
        except (TypeError, ValueError) as error:
            problems.append(f"{folder / FILE} line {number}: {error}")
    if problems:
        raise ConfigError(problems)
    return samples


def of_split(samples: list[TrainingSample], split: str) -> list[TrainingSample]:
    """The samples of that split, such as train or eval."""
    return [sample for sample in samples if sample.split == split]
