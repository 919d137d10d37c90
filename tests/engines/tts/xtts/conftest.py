"""A tiny model, loaded once. Without the extra `xtts` the tests that want it are skipped, and the others are not."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from voi.engines.tts.xtts.engine import Xtts
    from voi.engines.tts.xtts.model import Running


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny checkpoint, as options of the engine."""
    pytest.importorskip("torch", reason="the extra `xtts` is not installed")
    from tests.engines.tts.xtts import tiny

    return tiny.make(tmp_path_factory.mktemp("xtts"))


@pytest.fixture(scope="session")
def shared_model(files: dict[str, Path]) -> "Running":
    """Loaded once; every test leaves its batch empty."""
    from tests.engines.tts.xtts import tiny

    return tiny.load(files)


@pytest.fixture
def model(shared_model: "Running") -> "Iterator[Running]":
    import torch

    with torch.inference_mode():
        yield shared_model
        assert not shared_model.batch.busy


@pytest.fixture
async def tts(files: dict[str, Path]) -> "AsyncIterator[Xtts]":
    """An engine that is ready."""
    from tests.engines.tts.xtts.speaking import new_engine

    engine = new_engine(files)
    await engine.warm_up()
    yield engine
    await engine.close()
