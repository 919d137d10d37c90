"""A server that is killed at any moment loses at most the last second of a recording."""

import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from tests.session.recording_child import KEY, PIECE
from voi.audio.wav import parse_wav
from voi.sealing.file import pages_of

pytestmark = pytest.mark.integration
LOST_S = 1.0
STOOD_STILL_S = 0.1
"""A child that tells nothing for so long did not get the processor: what it loses says nothing of Voi."""
TRIES = 8
ROOT = Path(__file__).parents[2]


def recorded_before_death(folder: Path, sealed: str, after_s: float) -> tuple[int, bool]:
    """How many pieces were given more than `LOST_S` before the kill, and whether the machine stood still."""
    command = [sys.executable, "-m", "tests.session.recording_child", str(folder), sealed]
    told: list[float] = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        for _ in child.stdout:
            told.append(time.monotonic())
            if told[-1] - told[0] >= after_s:
                break
        child.kill()
        killed_s = time.monotonic()
    stood_still = max(later - earlier for earlier, later in pairwise([*told, killed_s])) > STOOD_STILL_S
    return sum(at_s < killed_s - LOST_S for at_s in told), stood_still


@pytest.mark.parametrize("sealed", ["plain", "sealed"])
@pytest.mark.parametrize("after_s", [0.3, 1.4, 1.75, 2.6])
def test_at_most_a_second_is_lost(tmp_path: Path, sealed: str, after_s: float) -> None:
    for number in range(TRIES):
        due, stood_still = recorded_before_death(folder := tmp_path / str(number), sealed, after_s)
        if not stood_still:
            break
    else:
        pytest.skip(f"the machine stood still in each of {TRIES} tries")
    assert bool(due) == (after_s > LOST_S)
    if due:
        (file,) = folder.rglob("user.wav*")
        data = b"".join(pages_of(file, KEY)) if sealed == "sealed" else file.read_bytes()
        pcm, rate_hz = parse_wav(data)
        assert rate_hz == 16_000
        assert len(pcm) >= due * len(PIECE)
        assert pcm == PIECE * (len(pcm) // len(PIECE))
