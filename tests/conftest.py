"""For all tests: one thread for each process's arithmetic, no deadline in seconds, and a list of what was skipped, and
why."""

import gc
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

# Before anybody imports torch: its threads would only fight with the other test processes.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Before anybody imports numba: what the reference packages compile with it takes longer than the tests.
os.environ.setdefault("NUMBA_DISABLE_JIT", "1")
# Who starts the tests in the background of a script has Ctrl+C ignored, by them and by every process they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# How fast an example runs says more of what else the machine does than of the code. The examples are the same in every
# run, so that none fails by luck, and few; `pytest --hypothesis-profile=explore` draws others, and many.
settings.register_profile("explore", max_examples=1_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("voi", settings.get_profile("explore"), max_examples=50, derandomize=True)
settings.load_profile("voi")
# Hypothesis also draws the numbers and texts that stand in the modules imported so far. That makes the examples others
# in each process and order of tests, and reading a thousand modules takes each process eight seconds.
providers._get_local_constants = lambda: providers._local_constants


def pytest_ignore_collect(collection_path: Path, config: Any) -> bool | None:
    """What a stage leaves out is not even imported: some of it takes seconds."""
    if not collection_path.match("test_*.py"):
        return None
    source = collection_path.read_text("utf-8")
    other_stage = {
        "not integration": "\npytestmark = pytest.mark.integration" in source,
        "integration": "pytest.mark.integration" not in source,
    }
    return other_stage.get(config.option.markexpr) or None


def pytest_collection_finish() -> None:
    """What was imported stays, and is much: the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """A line for each reason: a package that is not installed skips whole files."""
    places: dict[str, set[tuple[str, int]]] = {}
    tests: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        path, line, text = report.longrepr
        reason = text.removeprefix("Skipped: ")
        if report.when == "collect":
            places.setdefault(reason, set()).add((path, line))  # each process collects, and tells
        else:
            tests[reason] += 1
    if places or tests:
        terminalreporter.section("skipped")
    for reason in sorted(places.keys() | tests.keys()):
        counts = {"file": len(places.get(reason, ())), "test": tests[reason]}
        told = " and ".join(f"{count} {what}{'s' * (count > 1)}" for what, count in counts.items() if count)
        terminalreporter.write_line(f"{told}: {reason}")
