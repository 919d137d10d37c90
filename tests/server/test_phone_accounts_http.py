"""Telephone accounts over HTTP, in whole servers: made, changed, used at once, and never a password back."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from tests.server.fakes import API_KEY, SECRET
from tests.server.serving import RunningServer, fake_engines, serving
from tests.store.conftest import KEY
from tests.transports.sip.peers.processes import free_port, kamailio, needs_kamailio
from tests.transports.sip.test_real_peers import noted, until, write_phones
from tests.transports.sip.test_service import telephone
from voi.server.auth import issue_token

pytestmark = pytest.mark.integration
pytest.importorskip("sqlalchemy")

Patch = pytest.MonkeyPatch
PASSWORD = "planted-password"
TRUNK = {"registers": False, "allow": "127.0.0.0/8", "agent": "echo"}


async def ask(running: RunningServer, method: str, path: str = "", body: Any = None, key: str = API_KEY) -> Any:
    """Status and JSON."""
    status, fields, text = await running.http(method, f"/phones/accounts{path}", f"API-Key: {key}\r\n", body)
    assert PASSWORD.encode() not in text
    assert "cache-control" in fields or status >= 400
    return status, json.loads(text) if text else None


def stored(folder: Path, **more: Any) -> dict[str, Any]:
    return {"store": "facts", "store_url": f"sqlite:{folder}/voi.db", "disclose": (), **more}


def sip_port(running: RunningServer) -> int:
    stack = running.server.sip.stack
    assert stack is not None
    return stack.sockets.port("udp") or 0


async def state(running: RunningServer, name: str) -> str:
    status, found = await ask(running, "GET", f"/{name}")
    return str(found["status"]["state"]) if status == 200 else "gone"


async def becomes(running: RunningServer, name: str, wanted: str, timeout_s: float = 60.0) -> None:
    async with asyncio.timeout(timeout_s):
        while await state(running, name) != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_an_account_is_made_used_changed_and_deleted(
    tmp_path: Path, monkeypatch: Patch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    noted(monkeypatch)
    write_phones(tmp_path, 0)
    async with serving(tmp_path, monkeypatch, fake_engines(), **stored(tmp_path)) as running:
        assert running.server.sip.stack is None, "nothing is listened to without an account"
        assert (await ask(running, "GET"))[1]["accounts"] == []
        status, made = await ask(running, "POST", body={"name": "desk", "secret": PASSWORD, **TRUNK})
        assert (status, made["name"], made["from"], made["started"]) == (201, "desk", "store", True)
        assert made["status"]["state"] == "ready", "at once"
        assert made["account"] == {**TRUNK, "allow": ["127.0.0.0/8"]}
        assert (made["has_secret"], made["has_password"]) == (True, False)
        async with telephone(sip_port(running)) as phone:
            call = phone.call("1001")
            await call.answered(30)
            (live,) = running.server.calls
            _, found = await ask(running, "GET", "/desk")
            (shown,) = found["calls"]
            assert (shown["id"], shown["direction"], shown["state"]) == (live.id, "in", "talking")
            status, changed = await ask(running, "PATCH", "/desk", {"max_calls": 1, "display_name": "The desk"})
            assert (status, changed["account"]["max_calls"], changed["has_secret"]) == (200, 1, True)
            assert len(changed["calls"]) == 1
            assert await phone.refused("1001") == "486 Busy Here"
            status, stopped = await ask(running, "POST", "/desk/stop")
            assert (status, stopped["status"]["state"], stopped["started"]) == (200, "stopped", False)
            assert await phone.refused("1001") == "403 Forbidden"
            assert (await ask(running, "POST", "/desk/start"))[1]["status"]["state"] == "ready"
            assert (await ask(running, "DELETE", "/desk"))[0] == 204
            assert await phone.refused("1001") == "403 Forbidden"
            assert not call.over, "a removed account finishes its calls"
            call.hang_up()
            await until(lambda: running.server.admission.active == 0)
        assert (await ask(running, "GET", "/desk"))[0] == 404
    assert PASSWORD not in caplog.text
    audited = [record.getMessage() for record in caplog.records if record.name == "voi.audit"]
    assert any(line.startswith("PATCH /phones/accounts/desk from 127.0.0.1") for line in audited)


async def test_accounts_outlive_the_server(tmp_path: Path, monkeypatch: Patch) -> None:
    noted(monkeypatch)
    write_phones(tmp_path, 0)
    for started in (True, False):
        async with serving(tmp_path, monkeypatch, fake_engines(), **stored(tmp_path)) as running:
            if started:
                await ask(running, "POST", body={"name": "desk", **TRUNK})
                await ask(running, "POST", body={"name": "rests", "started": False, **TRUNK})
            else:
                await becomes(running, "desk", "ready")
                assert await state(running, "rests") == "stopped"
                assert "rests" not in running.server.sip.accounts


async def test_what_is_wrong_with_an_account(tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path, 0, of_file=TRUNK)
    phones = json.loads((tmp_path / "phones.json").read_text())
    phones |= {"public_url": "https://x.test", "carriers": {"tw": {"kind": "twilio", "auth_token": "x"}}}
    (tmp_path / "phones.json").write_text(json.dumps(phones))
    async with serving(tmp_path, monkeypatch, fake_engines(), **stored(tmp_path)) as running:

        async def refused(body: Any, path: str = "", method: str = "POST") -> tuple[int, str]:
            status, found = await ask(running, method, path, body)
            return status, found["detail"]

        assert await refused({"name": "desk", "server": "pbx.test"}) == (400, ANY_LACKS)
        assert (await refused({"name": "No Name", **TRUNK}))[1].startswith("name: an account's name has")
        assert await refused({"name": "tw", **TRUNK}) == (409, "tw is the name of a carrier in phones.json.")
        status, text = await refused({"name": "of_file", **TRUNK})
        assert (status, "is of phones.json: change it there" in text) == (409, True)
        for method, path, body in (
            ("PATCH", "/of_file", {"max_calls": 1}), ("PUT", "/of_file", TRUNK), ("DELETE", "/of_file", None),
            ("POST", "/of_file/stop", None),
        ):  # fmt: skip
            assert await refused(body, path, method) == (409, text)
        status, text = await refused({"name": "desk", **TRUNK, "agent": "eccho"})
        assert (status, text) == (400, 'request: $.agent: there is no agent "eccho" (did you mean "echo"?)')
        assert (await refused({"name": "desk", **TRUNK, "tls_ca_file": "/etc/passwd"}))[1].startswith("tls_ca_file: ")
        assert await refused({"name": "desk", **TRUNK, "password": [PASSWORD]}) == (
            400, "request: $.password: must be text"
        )  # fmt: skip
        assert (await refused({"name": "desk", **TRUNK, "display_name": "a\r\nVia: b"}))[0] == 400
        assert "the fields are server, domain" in (await refused({"name": "desk", "no_field": 1}))[1]
        await ask(running, "POST", body={"name": "desk", **TRUNK})
        assert await refused({"name": "desk", **TRUNK}) == (409, "There is an account desk.")
        assert await refused({"password": [PASSWORD]}, "/desk", "PATCH") == (400, "request: $.password: must be text")
        assert await refused({"started": 1}, "/desk", "PATCH") == (400, "request: $.started: must be true or false")
        assert (await refused({"allow": None}, "/desk", "PATCH"))[1].startswith("lacks allow")
        for method, path in (("PATCH", "/nobody"), ("DELETE", "/nobody"), ("POST", "/%00/start"), ("GET", "/%00")):
            assert (await refused({} if method == "PATCH" else None, path, method))[0] == 404
        (of_file, desk) = (await ask(running, "GET"))[1]["accounts"]
        assert (of_file["name"], of_file["from"], desk["name"], desk["from"]) == ("of_file", "file", "desk", "store")
        assert of_file["status"]["state"] == "ready"


ANY_LACKS = 'lacks server and user; a trunk has "registers": false'


async def test_a_put_replaces_all_but_the_secrets(tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path, 0)
    async with serving(tmp_path, monkeypatch, fake_engines(), **stored(tmp_path)) as running:
        status, made = await ask(running, "PUT", "/desk", {**TRUNK, "max_calls": 3, "secret": PASSWORD})
        assert (status, made["account"]["max_calls"]) == (201, 3)
        status, made = await ask(running, "PUT", "/desk", {**TRUNK, "started": False})
        assert (status, made["has_secret"], made["started"]) == (200, True, False)
        assert "max_calls" not in made["account"]
        _, made = await ask(running, "PATCH", "/desk", {"secret": None})
        assert (made["has_secret"], made["started"]) == (False, False)


async def test_only_with_the_key_and_who_guesses_is_slowed_down(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines(), **stored(tmp_path)) as running:
        status, _, _ = await running.http("GET", "/phones/accounts")
        assert status == 401
        codes = [(await ask(running, "GET", key=f"guess {number}"))[0] for number in range(12)]
        assert codes == [403] * 10 + [429] * 2
        assert (await ask(running, "POST", "/desk/stop"))[0] == 429
        for method, path in EVERY_ROUTE:
            status, _, _ = await running.http(method, path, f"API-Key: {API_KEY}\r\n")
            assert status == 429, "guessing goes on nowhere else"
        token = issue_token("shop", SECRET)
        status, _, _ = await running.http("GET", "/calls", f"Authorization: Bearer {token}\r\n")
        assert status == 403, "a token is no guess, and is looked at"


EVERY_ROUTE = (
    ("GET", "/calls"), ("GET", "/calls/ringing"), ("POST", "/calls/some/answer"), ("POST", "/calls"),
    ("GET", "/metrics"), ("GET", "/tokens"), ("GET", "/usage"), ("GET", "/voices"), ("GET", "/memory?app=a&person=b"),
    ("POST", "/integrations/shop"),
)  # fmt: skip


async def test_without_a_store_accounts_are_shown_and_not_made(tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path, 0, desk=TRUNK)
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        status, found = await ask(running, "GET")
        assert status == 200
        assert [(each["name"], each["from"], each["status"]["state"]) for each in found["accounts"]] == [
            ("desk", "file", "ready")
        ]
        assert found["notes"][0].startswith("VOI_STORE is off")
        status, refused = await ask(running, "POST", body={"name": "other", **TRUNK})
        assert (status, refused["detail"]) == (503, found["notes"][0])


async def test_an_agent_that_was_removed_is_a_warning(tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path, 0)
    async with serving(tmp_path, monkeypatch, fake_engines(), **stored(tmp_path, store_key=KEY)) as running:
        await ask(running, "POST", body={"name": "desk", **TRUNK, "agent": "mute"})
        agents = json.loads((tmp_path / "agents.json").read_text())
        del agents["mute"]
        (tmp_path / "agents.json").write_text(json.dumps(agents))
        assert await running.server._configs.reload()
        _, found = await ask(running, "GET")
        assert found["notes"] == []
        assert "there is no agent" in found["accounts"][0]["warnings"][0]


@needs_kamailio
async def test_a_registrar_refuses_a_wrong_password_and_takes_the_right_one(tmp_path: Path, monkeypatch: Patch) -> None:
    noted(monkeypatch)
    server = free_port()
    write_phones(tmp_path, 0)
    account = {"name": "desk", "server": f"127.0.0.1:{server}", "user": "1001", "agent": "echo", "password": "wrong"}
    async with (
        kamailio(tmp_path, server),
        serving(tmp_path, monkeypatch, fake_engines(), **stored(tmp_path)) as running,
    ):
        await ask(running, "POST", body=account)
        await becomes(running, "desk", "refused")
        _, found = await ask(running, "GET", "/desk")
        assert found["status"]["reason"] == (
            f"127.0.0.1:{server} says 401 Unauthorized: are user, password and, if it is another, auth_user right?"
        )
        assert found["status"]["next_try"]
        await ask(running, "PATCH", "/desk", {"password": "secret"})
        await becomes(running, "desk", "registered")
        _, found = await ask(running, "GET", "/desk")
        assert (found["status"]["reason"], found["status"]["server"]) == (None, f"127.0.0.1:{server}")


@needs_kamailio
async def test_workers_share_the_accounts_and_one_registers_them(tmp_path: Path, monkeypatch: Patch) -> None:
    noted(monkeypatch)
    server = free_port()
    write_phones(tmp_path, 0, of_file=TRUNK)
    engines = fake_engines()
    first = stored(tmp_path, worker_name="worker-1")
    second = stored(tmp_path, worker_name="worker-2", sip=False, asterisk=False)
    account = {"server": f"127.0.0.1:{server}", "user": "1001", "agent": "echo", "password": "secret"}
    async with (
        kamailio(tmp_path, server),
        serving(tmp_path, monkeypatch, engines, **first) as phone,
        serving(tmp_path, monkeypatch, engines, **second) as web,
    ):
        status, made = await ask(web, "PUT", "/desk", account)
        assert (status, made["status"]["state"]) == (201, "trying")
        await becomes(web, "desk", "registered")
        assert set(phone.server.sip.accounts) == {"desk", "of_file"}
        assert not web.server.sip.accounts
        await becomes(web, "of_file", "ready")
        await ask(web, "POST", "/desk/stop")
        assert await state(web, "desk") == "stopped"
        await until(lambda: list(phone.server.sip.accounts) == ["of_file"], 60)
        await ask(web, "DELETE", "/desk")
        assert await state(phone, "desk") == "gone"


async def test_a_call_that_rings_at_one_worker_is_taken_at_another(tmp_path: Path, monkeypatch: Patch) -> None:
    """And ended there, once its account is deleted."""
    noted(monkeypatch)
    port = free_port()
    write_phones(tmp_path, port)
    engines = fake_engines()
    first = stored(tmp_path, worker_name="worker-1")
    second = stored(tmp_path, worker_name="worker-2", sip=False, asterisk=False)

    async def calls(running: RunningServer, method: str, path: str) -> Any:
        status, _, text = await running.http(method, f"/calls{path}", f"API-Key: {API_KEY}\r\n")
        return status, json.loads(text)

    async with (
        serving(tmp_path, monkeypatch, engines, **first) as phone,
        serving(tmp_path, monkeypatch, engines, **second) as web,
        telephone(port) as caller,
    ):
        assert (await ask(web, "PUT", "/desk", {**TRUNK, "auto_answer": False}))[0] == 201
        await becomes(web, "desk", "ready")
        call = caller.call("1001", sender="+4930123456")
        answering = asyncio.ensure_future(call.answered(20))

        async def ringing() -> list[dict[str, Any]]:
            async with asyncio.timeout(10):
                while not (found := (await calls(web, "GET", "/ringing"))[1]["calls"]):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            return list(found)

        (shown,) = await ringing()
        assert (shown["account"], shown["caller"]) == ("desk", "+4930123456")
        assert (await calls(phone, "GET", "/ringing"))[1]["calls"] == [shown]
        assert (await calls(web, "POST", "/none/answer"))[0] == 404
        taken = await calls(web, "POST", f"/{shown['id']}/answer")
        assert taken == (200, {"id": shown["id"], "status": "answered"})
        await answering
        assert (await ask(web, "DELETE", "/desk"))[0] == 204
        await becomes(web, "desk", "deleted")
        _, found = await ask(web, "GET", "/desk")
        assert (found["from"], found["account"], [each["id"] for each in found["calls"]]) == (None, {}, [shown["id"]])
        await until(lambda: any(call.started for call in phone.server.calls))
        assert await calls(web, "POST", f"/{shown['id']}/hang_up") == (200, {"id": shown["id"], "status": "over"})
        await becomes(web, "desk", "gone")
        await until(lambda: call.over)

        refused = asyncio.ensure_future(caller.refused("1001"))
        assert (await refused).startswith("403"), "the account is gone"
        assert (await calls(web, "POST", f"/{shown['id']}/hang_up"))[0] == 404
