"""A training run's folder: its options, its progress, its checkpoints."""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from voi.errors import ConfigError

ASKED, PROGRESS, BEST, CLIPS = "run.json", "progress.jsonl", "best.pth", "clips"
PRECISIONS = ("fp32", "bf16")
ROUNDS = 10
"""How often training sees each recording when no number of steps is given."""


@dataclass(frozen=True, slots=True)
class Options:
    """A step is one batch, as Coqui's trainer counts; the weights move every `accumulate` steps. `steps` None: ROUNDS
    times all recordings. Learning rate and weight decay are those of Coqui's recipe for XTTS-v2."""

    steps: int | None = None
    batch_size: int = 4
    accumulate: int = 1
    learning_rate: float = 5e-6
    precision: str = "fp32"
    evaluate_every: int = 200
    save_every: int = 200
    keep: int = 2
    clips: int = 3
    workers: int = 4
    gpu: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        """Raises ConfigError for options that cannot work."""
        problems = []
        least = {"steps": 1, "batch_size": 1, "accumulate": 1, "evaluate_every": 1, "save_every": 1, "keep": 1}
        for name, value in (least | dict.fromkeys(("clips", "workers", "gpu"), 0)).items():
            given = getattr(self, name)
            if given is not None and given < value:
                problems.append(f"{name} is {given}: it must be at least {value}.")
        if not 0 < self.learning_rate < 1:
            problems.append(f"learning_rate is {self.learning_rate}: it must be above 0 and below 1 (usual: 5e-6).")
        if self.precision not in PRECISIONS:
            problems.append(f"precision is {self.precision!r}: it must be one of {', '.join(PRECISIONS)}.")
        for name in ("steps", "save_every"):
            # A checkpoint holds no gradients that still gather.
            if not problems and (getattr(self, name) or 0) % self.accumulate:
                problems.append(f"{name} must be a multiple of accumulate, which is {self.accumulate}.")
        if problems:
            raise ConfigError(problems)

    def total_steps(self, recordings: int) -> int:
        if self.steps is not None:
            return self.steps
        batches = -(-ROUNDS * recordings // self.batch_size)
        return -(-batches // self.accumulate) * self.accumulate


@dataclass(frozen=True, slots=True)
class Run:
    """`base`, `data`: the folders that it was started with."""

    folder: Path
    base: Path
    data: Path

    @classmethod
    def start(cls, folder: Path, base: Path, data: Path, options: Options) -> "Run":
        """Begin a run, or continue it. Raises ConfigError when something else was trained in that folder."""
        run = cls(folder, base.resolve(), data.resolve())
        if (folder / ASKED).is_file():
            other = cls.at(folder)
            if (other.base, other.data) != (run.base, run.data) and any(folder.glob("*.pth")):
                raise ConfigError(
                    f"{folder} is a run from {other.base} on {other.data}. To train from {run.base} on {run.data}, "
                    "name another folder."
                )
        elif folder.is_dir() and any(file.suffix != ".partial" for file in folder.iterdir()):
            raise ConfigError(f"{folder} is not empty and holds no run: name a new folder.")
        folder.mkdir(parents=True, exist_ok=True)
        asked = {"base": str(run.base), "data": str(run.data), "options": asdict(options)}
        _write(folder / ASKED, json.dumps(asked, indent=2) + "\n")
        return run

    @classmethod
    def at(cls, folder: Path) -> "Run":
        """The run in that folder. Raises ConfigError when there is none."""
        try:
            raw = json.loads((folder / ASKED).read_text("utf-8"))
            return cls(folder, Path(raw["base"]), Path(raw["data"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{folder} holds no training run ({ASKED}). Start one: voi train run") from error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder's lock. Raises ConfigError when another process trains in it."""
        lock = os.open(self.folder, os.O_RDONLY)
        _locks.add(lock)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ConfigError(f"{self.folder} is being trained already, by another process.") from None
            yield
        finally:
            _locks.discard(lock)
            os.close(lock)

    def last_checkpoint(self) -> Path | None:
        """The checkpoint with the most steps."""
        return next(iter(self._checkpoints()), None)

    def checkpoint_before(self, path: Path) -> Path | None:
        """The checkpoint with the most steps, except `path`."""
        return next((other for other in self._checkpoints() if other.name != path.name), None)

    def _checkpoints(self) -> list[Path]:
        """All checkpoints, the most steps first."""
        numbered = {
            int(match[1]): path
            for path in self.folder.glob("checkpoint_*.pth")
            if (match := re.fullmatch(r"checkpoint_(\d+)\.pth", path.name))
        }
        return [numbered[number] for number in sorted(numbered, reverse=True)]

    def progress(self) -> list[dict[str, Any]]:
        """The evaluations so far, oldest first, without an incomplete last line."""
        try:
            *lines, _ = (self.folder / PROGRESS).read_text("utf-8").split("\n")
        except FileNotFoundError:
            return []
        try:
            return [json.loads(line) for line in lines]
        except ValueError as error:
            raise ConfigError(f"{self.folder / PROGRESS} is broken: {error}. Delete that line.") from error

    def forget_after(self, step: int) -> None:
        """Drop the evaluations after that step, since these steps are trained again."""
        kept = [entry for entry in self.progress() if entry["step"] <= step]
        _write(self.folder / PROGRESS, "".join(json.dumps(entry) + "\n" for entry in kept))

    def note(self, entry: dict[str, Any]) -> None:
        with (self.folder / PROGRESS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


_locks: set[int] = set()


def _let_go() -> None:
    """Release the lock in a forked process (one that reads recordings): it may outlive this one if that is killed."""
    while _locks:
        os.close(_locks.pop())


os.register_at_fork(after_in_child=_let_go)


def _write(path: Path, text: str) -> None:
    """Write a file, all of it or nothing."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, "utf-8")
    partial.replace(path)
