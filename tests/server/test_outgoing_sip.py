"""A call that Voi makes over SIP: ordered over HTTP, taken by baresip, a telephone that people use."""

import json
from pathlib import Path

import pytest

from tests.fakes.engines import silence, tone
from tests.free_ports import free_port
from tests.server.serving import serving
from tests.server.test_outgoing_calls import ask, engines, over, settings, until, write
from tests.transports.sip.peers.baresip import baresip, needs_baresip
from tests.transports.sip.test_real_peers import trunk

pytestmark = [pytest.mark.integration, needs_baresip]
pytest.importorskip("sqlalchemy")


async def test_a_telephone_is_rung_up_says_hello_and_is_greeted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, theirs = free_port(), free_port()
    write(tmp_path, allow=["sip:*@127.0.0.1:" + str(theirs)])
    phones = json.loads((tmp_path / "phones.json").read_text())
    phones |= {
        "sip": {"host": "127.0.0.1", "port": port},
        "accounts": {"desk": trunk(server=f"127.0.0.1:{theirs}", agent="ada", srtp="off")},
    }
    (tmp_path / "phones.json").write_text(json.dumps(phones))
    said = silence(600, 8_000) + tone(400, 8_000) + silence(30_000, 8_000)
    account = "<sip:anna@127.0.0.1>;regint=0;answermode=auto;audio_codecs=pcmu"
    async with (
        baresip(tmp_path, account, said, 8_000, port=theirs) as telephone,
        serving(tmp_path, monkeypatch, engines("hello"), **settings(tmp_path)) as running,
    ):
        await until(lambda: running.server.sip.states["desk"].name == "ready")
        order = {"to": f"sip:anna@127.0.0.1:{theirs}", "account": "desk", "agent": "ada"}
        status, made = await ask(running, "POST", "/calls", order)
        assert status == 201, made
        await telephone.event("CALL_ESTABLISHED")
        await until(lambda: any(call.session and len(call.session.dialogue()) >= 2 for call in running.server.calls))
        telephone.command("hangup")
        found = await over(running, made["id"])
        assert (found["outcome"], found["taken_by"]) == ("answered", "person")
        assert found["transcript"][0]["text"] == "hello"
        assert running.server.admission.active == 0
