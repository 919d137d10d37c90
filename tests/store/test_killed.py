"""A server that is killed at any moment loses at most the last second."""

import asyncio
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from tests.store.calls import kept
from tests.store.conftest import KEY
from voi.store.store import Store

pytestmark = pytest.mark.integration
LOST_S = 1.0
STOOD_STILL_S = 0.1
"""A child that tells nothing for so long did not get the processor: what it loses says nothing of Voi."""
TRIES = 8
ROOT = Path(__file__).parents[2]


def told_before_death(url: str, after_s: float) -> tuple[list[int], bool]:
    """The numbers that were told more than `LOST_S` before the kill, `after_s` after the first; and whether the machine
    stood still meanwhile."""
    command = [sys.executable, "-m", "tests.store.dying_child", url]
    told: list[float] = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        for line in child.stdout:
            assert int(line) == len(told)
            told.append(time.monotonic())
            if told[-1] - told[0] >= after_s:
                break
        child.kill()
        killed_s = time.monotonic()
    stood_still = max(later - earlier for earlier, later in pairwise([*told, killed_s])) > STOOD_STILL_S
    return [number for number, at_s in enumerate(told) if at_s < killed_s - LOST_S], stood_still


@pytest.mark.parametrize("after_s", [0.05, 0.4, 1.3, 1.9, 2.6])
async def test_at_most_a_second_is_lost(tmp_path: Path, after_s: float) -> None:
    for number in range(TRIES):
        url = f"sqlite:{tmp_path}/{number}/voi.db"
        due, stood_still = await asyncio.to_thread(told_before_death, url, after_s)
        if not stood_still:
            break
    else:
        pytest.skip(f"the machine stood still in each of {TRIES} tries")
    assert bool(due) == (after_s > LOST_S)
    store = Store(url, (KEY,))
    await store.open()
    found = await kept(store)
    if due:
        assert found
        assert [said.words for said in found.transcript][: len(due)] == [f"message {number}" for number in due]
    await store.close()
