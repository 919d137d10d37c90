import pytest


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """The machine may be shared; and sums in one order."""
    try:
        import torch
    except ImportError:
        return
    torch.set_num_threads(1)
