"""One server for all attacks of a file."""

from collections.abc import Iterator

import pytest

from tests.attacks.attacked import AttackedServer, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttackedServer]:
    with running_server(tmp_path_factory.mktemp("attacked")) as running:
        yield running
