from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("tokenizers")

import torch

from tests.engines.tts.xtts import tiny
from voi.engines.tts.xtts.model import Files, Running, place, read


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny checkpoint, as options of the engine."""
    return tiny.make(tmp_path_factory.mktemp("xtts"))


@pytest.fixture(scope="session")
def shared_model(files: dict[str, Path]) -> Running:
    """Loaded once; every test leaves its batch empty."""
    return load_tiny(files)


@pytest.fixture
def model(shared_model: Running) -> Iterator[Running]:
    with torch.inference_mode():
        yield shared_model
        assert not shared_model.batch.busy


def load_tiny(files: dict[str, Path], slots: int = 8, precision: str = "float32", same_shapes: bool = False) -> Running:
    """Nothing of it is recorded."""
    with torch.inference_mode():
        placing = place(
            read(Files(**files), precision),
            device="cpu",
            slots=slots,
            most_waiting=64,
            memory_bytes=None,
            same_shapes=same_shapes,
        )
        while True:
            try:
                next(placing)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
