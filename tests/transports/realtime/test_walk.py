"""Legal events in any order, in virtual time. `VOI_WALKS=5000 pytest tests/transports/realtime/test_walk.py` takes as
many other walks."""

import asyncio
import logging
import os

import pytest

from tests.fakes.clock import VirtualLoop
from tests.transports.realtime.walk import Walker, check

SEEDS = 12
STEPS = 25
MORE = int(os.environ.get("VOI_WALKS", "0"))


def walk(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    async def walked() -> None:
        walker = Walker(seed)
        await walker.run(STEPS)
        check(walker)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(walked())
    broken = [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR]
    assert not broken, broken


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_walk_keeps_the_contract(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    walk(seed, caplog)


@pytest.mark.skipif(not MORE, reason="VOI_WALKS says how many")
@pytest.mark.timeout(0)
def test_many_walks(caplog: pytest.LogCaptureFixture) -> None:
    broken: dict[int, str] = {}
    for seed in range(1_000, 1_000 + MORE):
        caplog.clear()
        try:
            walk(seed, caplog)
        except Exception as error:
            broken[seed] = f"{type(error).__name__}: {str(error)[:300]}"
    assert not broken, f"{len(broken)} of {MORE}: {dict(list(broken.items())[:12])}"
