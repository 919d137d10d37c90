"""Sentences for a batch, and running it by hand; texts for an engine."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voi.engines.base import VoiceSpec
from voi.engines.tts.xtts.batch import Batch, Job
from voi.engines.tts.xtts.engine import Xtts
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


# ---- an engine ----------------------------------------------------------------------------------


def new_engine(files: dict[str, Path]) -> Xtts:
    tones = {"neutral": "Robin", "warm": "Robin warm"}
    return Xtts(**files, seed=3, voice_tone_map=tones, slots=4)  # type: ignore[arg-type]


async def say(tts: Xtts, text: str = "Hello there, my old friend.", **spec: Any) -> bytes:
    return b"".join([pcm async for pcm in tts.stream(text, VoiceSpec(**spec))])


def close_to(one: bytes, other: bytes) -> bool:
    """But for one step of int16, see test_batch."""
    if len(one) != len(other):
        return False
    apart = np.frombuffer(one, "<i2").astype(int) - np.frombuffer(other, "<i2").astype(int)
    return int(np.abs(apart).max(initial=0)) <= 1
