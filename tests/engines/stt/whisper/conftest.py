import os

import pytest

# What the reference compiles takes longer than the tests; it must be said before numba is imported.
os.environ.setdefault("NUMBA_DISABLE_JIT", "1")


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """The machine may be shared; and sums in one order."""
    try:
        import torch
    except ImportError:
        return
    torch.set_num_threads(1)
