"""What a caller's text asks of the batch, and when; with a stand-in for the batch."""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra `xtts` is not installed")

from voi.engines.tts.xtts import synthesis as speech_module
from voi.engines.tts.xtts.layout import Sampling
from voi.engines.tts.xtts.synthesis import Synthesis, TextPart
from voi.errors import EngineError

RATE_HZ = 24_000
HALF_A_SECOND = (8_000 * np.sin(np.arange(12_000) * 0.05)).astype(np.int16)
QUIET = np.zeros(12_000, np.int16)


class Batch:
    """And its thread's worker. `full`: takes no more."""

    def __init__(self) -> None:
        self.jobs: list[Any] = []
        self.full: EngineError | None = None
        self.wakes = 0

    def submit(self, job: Any) -> None:
        if self.full is not None:
            raise self.full
        self.jobs.append(job)

    def wake(self) -> None:
        self.wakes += 1


@pytest.fixture
def batch() -> Batch:
    return Batch()


def spoken(batch: Any, parts: int, **of_part: Any) -> tuple[Synthesis, AsyncGenerator[bytes, None]]:
    stretch: Any = None
    voice: Any = None
    speech = Synthesis(batch, batch, voice, Sampling(), RATE_HZ)
    return speech, speech.sound([TextPart([number], number, 9, stretch, **of_part) for number in range(parts)])


async def soon() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_one_part_is_made_ahead_of_the_listener_and_no_more(batch: Batch) -> None:
    speech, sound = spoken(batch, 4)
    speech._due_s -= 100.0  # the first sound took long to come: he hears on from then
    first = asyncio.create_task(anext(sound))
    await soon()
    assert len(batch.jobs) == 1
    batch.jobs[0].on_sound(HALF_A_SECOND)
    await first
    batch.jobs[0].on_end(None)
    await soon()
    assert len(batch.jobs) == 2, "given in before the listener is at the end of the first"
    batch.jobs[1].on_sound(HALF_A_SECOND)
    batch.jobs[1].on_end(None)
    await soon()
    assert len(batch.jobs) == 2, "two are made that the listener has not heard to their end"
    assert batch.jobs[1].due_s == pytest.approx(time.monotonic() + 0.5, abs=0.4), "when he has heard the first"
    heard = await anext(sound)
    await soon()
    assert len(heard) == len(HALF_A_SECOND) * 2
    assert len(batch.jobs) == 3
    await sound.aclose()


async def test_who_has_heard_enough_lets_the_batch_go(batch: Batch) -> None:
    _, sound = spoken(batch, 1, enough_ms=150.0)
    heard = asyncio.create_task(anext(sound))
    await soon()
    (job,) = batch.jobs
    job.on_sound(np.concatenate([HALF_A_SECOND, QUIET, HALF_A_SECOND]))
    assert len(await heard) == len(HALF_A_SECOND) * 2
    assert len(await anext(sound)) < len(HALF_A_SECOND)
    assert job.cancelled
    job.on_end(None)
    with pytest.raises(StopAsyncIteration):
        await anext(sound)
    await soon()


async def test_stopping_cancels_what_is_made_and_wakes_the_thread_for_it(batch: Batch) -> None:
    speech, sound = spoken(batch, 3)
    waiting = asyncio.create_task(anext(sound))
    await soon()
    wakes = batch.wakes
    speech.stop()
    assert batch.jobs[0].cancelled
    assert batch.wakes == wakes + 1
    batch.jobs[0].on_end(None)
    await soon()
    assert len(batch.jobs) == 1, "what was not given in never will be"
    waiting.cancel()


async def test_a_batch_that_is_full_for_the_next_part_is_told(batch: Batch) -> None:
    _, sound = spoken(batch, 2)
    first = asyncio.create_task(anext(sound))
    await soon()
    batch.jobs[0].on_sound(HALF_A_SECOND)
    await first
    batch.full = EngineError("XTTS is full")
    batch.jobs[0].on_end(None)
    with pytest.raises(EngineError, match="is full"):
        await anext(sound)


async def test_who_hears_nothing_for_long_is_told(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_module, "SOUND_DEADLINE_S", 0.0)
    _, sound = spoken(batch, 1)
    with pytest.raises(EngineError, match="too slow") as told:
        await anext(sound)
    assert told.value.retryable


def test_sound_for_a_loop_that_is_closed_is_dropped(batch: Batch) -> None:
    async def begin() -> None:
        _, sound = spoken(batch, 1)
        waiting = asyncio.create_task(anext(sound))
        await soon()
        waiting.cancel()

    asyncio.run(begin())
    batch.jobs[0].on_sound(HALF_A_SECOND)
    batch.jobs[0].on_end(None)
