"""Sentences for a batch, and running it by hand."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voi.engines.tts.xtts.batch import Batch, Job
from voi.engines.tts.xtts.layout import Sampling
from voi.engines.tts.xtts.model import Running
from voi.errors import EngineError

GREEDY = Sampling(greedy=True, repetition_penalty=5.0)
TEXTS = (
    "hello there, my old friend.",
    "yes.",
    "a longer sentence is spoken here, because it is good to see what happens.",
    "the third one is in between.",
)


@dataclass
class Said:
    """What came of a job."""

    chunks: list[NDArray[np.int16]] = field(default_factory=list)
    ends: list[EngineError | None] = field(default_factory=list)
    job: Any = None

    @property
    def sound(self) -> NDArray[np.float64]:
        return np.concatenate(self.chunks) / 32_767

    @property
    def codes(self) -> list[int]:
        return self.job.codes  # type: ignore[no-any-return]


def job(
    model: Running,
    text: str,
    *,
    voice: str = "Robin",
    sampling: Sampling = GREEDY,
    seed: int = 0,
    speed: float = 1.0,
    max_codes: int | None = None,
    language: str = "en",
    due_s: float = 0.0,
) -> Said:
    said = Said()
    said.job = Job(
        model.tokenizer.ids(text, language),
        model.voices[voice],
        sampling,
        seed,
        model.stretch(speed),
        max_codes or model.layout.max_codes,
        said.chunks.append,
        said.ends.append,
        due_s,
    )
    return said


def run(batch: Batch, *saids: Said) -> None:
    for said in saids:
        batch.submit(said.job)
    for _ in range(10_000):
        if not batch.busy:
            return
        batch.step()
    raise AssertionError("the batch never ends")


def alone(model: Running, text: str, **how: Any) -> Said:
    said = job(model, text, **how)
    run(model.batch, said)
    return said
