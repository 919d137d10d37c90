"""What the stages of a visit share: models of full size with random weights, and where findings go."""

import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from tests.engines.cuda_tape import TapedGraphs
from voi.engines.cuda_graphs import Graphs
from voi.engines.stt.whisper import openai_decoding
from voi.engines.tts.xtts import model as model_module
from voi.engines.tts.xtts import vocoder
from voi.engines.tts.xtts.model import Files, Running, place, read

SMALLEST_WHISPER = (80, 64, 2, 2, 64, 2, 2)
"""Mels, state, heads and layers of either side: for a CPU."""


@dataclass
class Findings:
    """What a stage found, written at each note: a stage that is stopped leaves what it had."""

    path: Path
    folder: Path
    tiny: bool
    found: dict[str, Any] = field(default_factory=dict)

    def note(self, **findings: Any) -> None:
        self.found |= findings
        self.path.write_text(json.dumps(self.found, indent=1) + "\n")
        for name, value in findings.items():
            print(f"{name}: {str(value)[:300]}", flush=True)

    @property
    def device(self) -> torch.device:
        return torch.device("cpu" if self.tiny or not torch.cuda.is_available() else "cuda:0")

    @property
    def slots(self) -> int:
        return 8 if self.tiny else 64

    def whisper(self, size: str = "small") -> Path:
        import whisper_bench  # type: ignore[import-not-found]
        import whisper_limits  # type: ignore[import-not-found]

        if self.tiny:
            whisper_limits.SIZES[size] = SMALLEST_WHISPER
        path = self.folder / f"{size}.pt"
        return path if path.exists() else whisper_bench.random_checkpoint(size, self.folder)

    def xtts_files(self) -> dict[str, Path]:
        from tests.engines.tts.xtts import tiny

        import xtts_bench  # type: ignore[import-not-found]

        folder = self.folder / "xtts"
        names = {"checkpoint": "model.pth", "config": "config.json", "tokenizer": "vocab.json"}
        known = {what: folder / name for what, name in names.items()} | {"voices": folder / "speakers_xtts.pth"}
        if all(file.exists() for file in known.values()):
            return known
        return tiny.make(folder) if self.tiny else xtts_bench.checkpoint(folder, False)  # type: ignore[no-any-return]

    def load(self, **options: Any) -> Running:
        """XTTS on the device, nothing of it recorded. On a CPU recording is emulated, so that all of a stage runs."""
        checkpoint = read(
            Files(**self.xtts_files()),
            options.pop("precision", "float32" if self.device.type == "cpu" else "float16"),
            options.get("vocoder_precision", "tf32"),
        )
        if self.device.type == "cuda":
            torch.cuda.set_device(self.device)
        placing = place(
            checkpoint,
            device=str(self.device),
            slots=options.pop("slots", self.slots),
            most_waiting=256,
            memory_bytes=None,
            same_shapes=options.pop("same_shapes", False),
            tf32=options.pop("vocoder_precision", "tf32") == "tf32",
        )
        while True:
            try:
                next(placing)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]

    def recorded(self, **options: Any) -> Running:
        running = self.load(**options)
        for _ in running.record():
            pass
        return running


@contextmanager
def emulated(find: Findings) -> Iterator[None]:
    """On a CPU: what was recorded is replayed by an emulation."""
    before = model_module.Graphs, openai_decoding.Graphs, vocoder.BATCHES
    if find.device.type == "cpu":
        model_module.Graphs = openai_decoding.Graphs = TapedGraphs  # type: ignore[misc]
        vocoder.BATCHES = (1, 2)
    try:
        with torch.inference_mode():
            yield
    finally:
        model_module.Graphs, openai_decoding.Graphs, vocoder.BATCHES = before  # type: ignore[misc]


@contextmanager
def warnings() -> Iterator[list[str]]:
    """What Voi logs within."""
    told: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(record.getMessage())

    handler = Handler(logging.WARNING)
    logging.getLogger("voi").addHandler(handler)
    try:
        yield told
    finally:
        logging.getLogger("voi").removeHandler(handler)


def keys_of(graphs: Graphs) -> list[Any]:
    return list(graphs.work if isinstance(graphs, TapedGraphs) else graphs._recorded)


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def wall_ms(device: torch.device, work: Callable[[], object], times: int) -> float:
    """The median, the device's work included."""
    taken = []
    for _ in range(times):
        synchronize(device)
        began = time.perf_counter()
        work()
        synchronize(device)
        taken.append((time.perf_counter() - began) * 1000)
    return sorted(taken)[len(taken) // 2]


def busy_ms(device: torch.device, work: Callable[[], object], times: int) -> float:
    """What the device takes for each of several that follow each other without a pause."""
    if device.type != "cuda":
        return wall_ms(device, work, times)
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    work()
    begin.record()
    for _ in range(times):
        work()
    end.record()
    end.synchronize()
    return float(begin.elapsed_time(end)) / times


def free_mib(device: torch.device) -> float:
    return torch.cuda.mem_get_info(device)[0] / 2**20 if device.type == "cuda" else 0.0
