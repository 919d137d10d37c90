"""How the threads of the engines' arithmetic wait: OpenMP itself says what it was told."""

import os
import subprocess
import sys

import pytest


def openmp_of(code: str, **given: str) -> str:
    """What OpenMP prints of its settings when it is loaded, in a process of its own."""
    clean = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    process = subprocess.run(
        [sys.executable, "-c", code],
        env=clean | given | {"OMP_DISPLAY_ENV": "verbose"},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return process.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere OpenMP is another library's")
def test_threads_that_wait_leave_their_core_to_others() -> None:
    pytest.importorskip("ctranslate2")
    load = "import voi.engines.registry, ctranslate2"
    assert "GOMP_SPINCOUNT = '0'" in openmp_of(load)
    assert "GOMP_SPINCOUNT = '0'" not in openmp_of(load, OMP_WAIT_POLICY="ACTIVE"), "the operator's word counts"
