"""A tiny checkpoint to start from and a few prepared recordings, for all tests that train; none changes them."""

from pathlib import Path
from typing import Any

import pytest

from tests.training import tiny_base


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from voi.training.base import Base

    with tiny_base.small():
        return Base.at(tiny_base.make(tmp_path_factory.mktemp("base") / "xtts"))


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from voi.training.prepare import Choices, prepare
    from voi.training.recordings import find

    folder = tmp_path_factory.mktemp("data")
    choices = Choices(speaker="Robin", validation_share=0.2, test_share=0.2)
    prepare(find(tiny_base.recordings(folder / "source")), folder / "data", choices)
    return folder / "data"
