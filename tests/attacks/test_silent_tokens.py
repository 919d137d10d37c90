"""Somebody with a token who opens sockets and says nothing: nobody else may be kept out."""

from collections.abc import Iterator

import pytest

from tests.attacks.attacked import AttackedServer, beside_a_healthy_caller, running_server
from tests.attacks.test_connections import UPGRADE, silent_sockets
from tests.server.fakes import SECRET
from tests.server.serving import Person
from voi.server.auth import issue_token

pytestmark = pytest.mark.integration

PLACES = 10


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttackedServer]:
    with running_server(tmp_path_factory.mktemp("attacked"), VOI_MAX_CONVERSATIONS=str(PLACES)) as running:
        yield running


@pytest.mark.parametrize("app", ["app", "another"])
async def test_sockets_that_send_no_init_keep_nobody_out(app: str, server: AttackedServer) -> None:
    upgrade = UPGRADE.replace(b"token=none", f"token={issue_token(app, SECRET)}".encode())
    async with beside_a_healthy_caller(server), silent_sockets(server.port, upgrade, 200) as lines:
        assert len(lines) == 200
        assert await server.status("/ready") == 200
        late = await Person.arrive(server.port, init_greeting=False)
        late.say("text", content="Hi.")
        late.say("create_response")
        await late.until(lambda: late.status("response_done"))
        assert late.closed is None
        late.client.drop()
