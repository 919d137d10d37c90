"""A server that is killed at any moment loses at most the last second."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.store.calls import kept
from tests.store.conftest import KEY
from voi.store.store import Store

pytestmark = pytest.mark.integration
LOST_S = 3.0
"""A second, and two for a transaction on a machine that has much else to do."""
ROOT = Path(__file__).parents[2]


def told_before_death(url: str, after_s: float) -> list[int]:
    """The numbers that were told more than `LOST_S` before the kill, `after_s` after the first."""
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
    return [number for number, at_s in enumerate(told) if at_s < killed_s - LOST_S]


@pytest.mark.parametrize("after_s", [0.05, 0.4, 1.3, 3.5, 4.1])
async def test_at_most_a_second_is_lost(url: str, after_s: float) -> None:
    due = await asyncio.to_thread(told_before_death, url, after_s)
    assert bool(due) == (after_s > LOST_S)
    store = Store(url, (KEY,))
    await store.open()
    found = await kept(store)
    if due:
        assert found
        assert [said.words for said in found.transcript][: len(due)] == [f"message {number}" for number in due]
    await store.close()
