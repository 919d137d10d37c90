"""Some mutations of each input, the same ones each time. `tools/fuzz.py` tries many more."""

import random
import time

import pytest

from tests.fuzz.mutate import mutated
from tests.fuzz.targets import TARGETS

MUTATIONS = 200
LONGEST_S = 0.5
"""CPU time for one input of a few hundred bytes: far more than any takes, far less than what hangs."""


@pytest.mark.parametrize("name", TARGETS)
def test_mutations_raise_nothing_unforeseen_and_hang_nothing(name: str) -> None:
    target, random_ = TARGETS[name], random.Random(name)
    for seed in target.seeds:
        target.run(seed)
    for _ in range(MUTATIONS):
        data = mutated(random_.choice(target.seeds), random_)
        began_s = time.thread_time()
        target.run(data)
        assert time.thread_time() - began_s < LONGEST_S, data


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_input_too(name: str) -> None:
    TARGETS[name].run(b"")
