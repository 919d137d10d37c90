"""A call over a real Asterisk, each way for sound that it has. It needs, beside http.conf and ari.conf, a context
`voi-test` in which the extension `s` answers and waits: exten => s,1,Answer() and same => n,Echo()."""

import json
import os
import uuid
from pathlib import Path

import pytest

from tests.server.serving import fake_engines, serving
from tests.transports.ari.test_served import counted, until
from voi.transports.ari.operations import Operations
from voi.transports.ari.rest import AriClient

URL = os.environ.get("ASTERISK_ARI_URL", "")
pytestmark = pytest.mark.integration


@pytest.mark.skipif(
    not URL, reason="ASTERISK_ARI_URL, ASTERISK_ARI_USER and ASTERISK_ARI_PASSWORD name no real Asterisk"
)
@pytest.mark.parametrize("media", ["auto", "rtp", "audiosocket", "websocket"])
async def test_a_call(media: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user, password = os.environ["ASTERISK_ARI_USER"], os.environ["ASTERISK_ARI_PASSWORD"]
    app = f"voi-test-{uuid.uuid4().hex[:8]}"
    entry = {"url": URL, "user": user, "password": "${ASTERISK_ARI_PASSWORD}", "media": media,
             "stasis": {app: {"agent": "echo"}}}  # fmt: skip
    (tmp_path / "phones.json").write_text(json.dumps({"asterisk": {"pbx": entry}}))
    client = AriClient(URL, user, password)
    operations = Operations(client)
    before = await operations.channels(), await operations.bridges()
    async with serving(tmp_path, monkeypatch, fake_engines(), disclose=()) as running:
        await until(lambda: counted(running, "link", "connected"))
        caller = f"test-{uuid.uuid4()}"
        await operations.originate(caller, "Local/s@voi-test/n", app, "", 10)
        await until(lambda: counted(running, "call", "answered"))
        (call,) = running.server.calls
        await until(lambda: call.session is not None and call.session.dialogue())
        await operations.hang_up(caller)
        await until(lambda: running.server.admission.active == 0)
        await until(lambda: running.server.asterisk.running["pbx"].calls_now == 0)
    assert (await operations.channels() - before[0], await operations.bridges() - before[1]) == (set(), set())
    await client.close()
