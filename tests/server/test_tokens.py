"""Tokens that were issued are known, and revoked ones are refused, by every server that shares the store."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from tests.server.fakes import API_KEY, SECRET
from tests.server.serving import Person, fake_engines, serving
from tests.transports.realtime.fakes import RealtimeClient
from voi.errors import ClientError, StoreError
from voi.server.auth import issue_token, read_token
from voi.server.tokens import READ_EVERY_S, Tokens
from voi.store.store import Store
from voi.store.tokens import list_tokens, revoke_token

pytestmark = pytest.mark.integration

KEY = f"API-Key: {API_KEY}\r\n"


async def open_store(tmp_path: Path) -> Store:
    store = Store(f"sqlite:{tmp_path}/voi.db")
    await store.open()
    return store


async def until(condition: Any) -> None:
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110 - the store has no event
            await asyncio.sleep(0.01)


async def test_what_is_issued_is_noted_and_what_is_revoked_is_refused(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    ours, theirs = Tokens((SECRET,), store), Tokens((SECRET,), store)
    running = asyncio.create_task(ours.run())
    first, second = issue_token("shop", SECRET, person="anna"), issue_token("game", SECRET)
    for token in (first, second):
        ours.issued(token)

    async def both_noted() -> bool:
        return len(await ours.list("")) == 2

    await until(both_noted)
    assert [row["app"] for row in await ours.list("shop")] == ["shop"]
    assert ours.check(first).person == "anna"
    assert await ours.revoke(ours.check(first).id)
    assert not await ours.revoke("nothing-like-that")
    with pytest.raises(ClientError, match="the token was revoked") as refused:
        ours.check(first)
    assert first not in str(refused.value)
    assert ours.check(second).app == "game"
    assert theirs.check(first).app == "shop", "it has not read yet"
    await theirs._read(store)
    with pytest.raises(ClientError, match="revoked"):
        theirs.check(first)
    await theirs.revoke_app("game")
    with pytest.raises(ClientError, match="revoked"):
        theirs.check(second)
    running.cancel()
    await store.close()


@in_virtual_time
async def test_while_the_store_is_away_what_was_read_last_counts(caplog: pytest.LogCaptureFixture) -> None:
    token = issue_token("shop", SECRET)

    class Away(Tokens):
        reads = 0

        async def _read(self, store: Store) -> None:
            self.reads += 1
            raise StoreError("The database does not answer.")

    from voi.store.tokens import Revoked

    tokens = Away((SECRET,), object())  # type: ignore[arg-type]
    tokens._revoked = Revoked(frozenset({read_token(token, SECRET).id}))
    task = asyncio.create_task(tokens.run())
    await asyncio.sleep(READ_EVERY_S * 3.5)
    assert tokens.reads == 4
    with pytest.raises(ClientError, match="revoked"):
        tokens.check(token)
    assert len(caplog.messages) == 1, "one line for as long as it lasts"
    task.cancel()


def test_without_a_store_tokens_are_valid_and_nothing_is_noted() -> None:
    tokens = Tokens((SECRET,), None)
    token = issue_token("shop", SECRET)
    tokens.issued(token)
    assert tokens.check(token).app == "shop"
    with pytest.raises(StoreError, match="VOI_STORE is off"):
        asyncio.run(tokens.revoke("x"))


async def test_over_http_and_at_the_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = {"store": "facts", "store_url": f"sqlite:{tmp_path}/voi.db"}
    async with serving(tmp_path, monkeypatch, fake_engines(), **store) as running:
        assert (await running.http("GET", "/tokens"))[0] == 401
        token = json.loads((await running.http("POST", "/integrations/test", KEY))[2])["token"]

        async def noted() -> bool:
            return bool(json.loads((await running.http("GET", "/tokens?app=test", KEY))[2]).get("tokens"))

        await until(noted)
        (row,) = json.loads((await running.http("GET", "/tokens?app=test", KEY))[2])["tokens"]
        assert row["id"] == read_token(token, SECRET).id
        assert row.keys() == {"id", "app", "issued_ms", "expires_ms", "revoked_ms", "names_people", "own_agents"}
        talking = await Person.arrive(running.port)
        assert (await running.http("DELETE", f"/tokens/{row['id']}", KEY))[0] == 204
        assert (await running.http("DELETE", f"/tokens/{row['id']}", KEY))[0] == 404
        assert (await running.http("DELETE", "/tokens?app=test", KEY))[0] == 204
        refused = await Person.connected(running.port)
        await refused.until(lambda: refused.closed)
        assert refused.closed == 1008 or "revoked" in refused.errors[-1]
        talking.say("text", content="Are you still there?")
        talking.say("create_response")
        await talking.until(lambda: talking.status("response_done"))


async def test_whose_clients_may_bring_agents_where_others_can_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Behind a proxy, no app is granted it that no setting or token grants, and a granted token can be revoked."""
    store = {"store": "facts", "store_url": f"sqlite:{tmp_path}/voi.db"}
    brought = {"agent_name": "mine", "agent_config": '{"llm_model": "echo"}', "mode": "chat", "init_greeting": False}
    async with serving(tmp_path, monkeypatch, fake_engines(), trusted_proxies=("127.0.0.1",), **store) as running:

        async def token(query: str) -> str:
            return str(json.loads((await running.http("POST", f"/integrations/game{query}", KEY))[2])["token"])

        async def met(token: str) -> Person:
            person = await Person.connected(running.port, token=token)
            person.say("init", **brought)
            await person.until(lambda: person.closed or person.status("init_done"))
            return person

        for _ in range(2):
            refused = await met(await token(""))
            assert refused.closed == 1008
            assert 'the app "game" may bring no agents of their own' in refused.errors[-1]
        lines = [message for message in caplog.messages if "VOI_CLIENT_AGENT_APPS=game" in message]
        assert len(lines) == 1, "once per app"
        assert running.server.metrics.registry.get_sample_value("voi_client_agents_refused_total") == 2
        granted = await token("?own_agents=true")
        assert (await met(granted)).status("init_done")
        assert (await running.http("DELETE", "/tokens?app=game", KEY))[0] == 204
        assert "revoked" in (await met(granted)).errors[-1]


async def test_client_secrets_are_revoked_with_their_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = {"store": "facts", "store_url": f"sqlite:{tmp_path}/voi.db"}
    async with serving(tmp_path, monkeypatch, fake_engines(), **store) as running:

        async def secret() -> tuple[str, str]:
            """The id of a new token, and a client secret that it got."""
            token = json.loads((await running.http("POST", "/integrations/game", KEY))[2])["token"]
            wish = {"session": {"type": "realtime", "model": "echo"}}
            headers = f"Authorization: Bearer {token}\r\n"
            _, _, body = await running.http("POST", "/v1/realtime/client_secrets", headers, wish)
            return read_token(token, SECRET).id, str(json.loads(body)["value"])

        async def refusal(secret: str) -> str:
            client = await RealtimeClient.connect(running.port, key=secret)
            await client.until(lambda: client.log)
            return str(client.errors[0]["message"]) if client.errors else ""

        (first, of_first), (_, of_second) = await secret(), await secret()
        assert not await refusal(of_first)
        async with asyncio.timeout(60):
            # it is being noted
            while (await running.http("DELETE", f"/tokens/{first}", KEY))[0] != 204:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert "revoked" in await refusal(of_first)
        assert not await refusal(of_second)
        assert (await running.http("DELETE", "/tokens?app=game", KEY))[0] == 204
        assert "revoked" in await refusal(of_second)


async def test_by_hand_without_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from voi.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN_SECRET_KEY", SECRET)
    monkeypatch.setenv("VOI_STORE_URL", f"sqlite:{tmp_path}/voi.db")

    def voi(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        assert ended.value.code in (0, None)
        return capsys.readouterr().out.strip()

    token = await asyncio.to_thread(voi, "token", "shop")
    (row,) = json.loads(await asyncio.to_thread(voi, "tokens", "list", "--json"))
    assert row["id"] == read_token(token, SECRET).id
    assert "is revoked" in await asyncio.to_thread(voi, "tokens", "revoke", row["id"])
    assert "revoked" in await asyncio.to_thread(voi, "tokens", "list")
    store = await open_store(tmp_path)
    async with store.writing() as connection:
        assert not await revoke_token(connection, row["id"], 1)
        assert (await list_tokens(connection))[0]["revoked_ms"]
    assert "names people" not in await asyncio.to_thread(voi, "tokens", "list")
    await asyncio.to_thread(voi, "token", "desk", "--names-people", "--own-agents")
    (row,) = json.loads(await asyncio.to_thread(voi, "tokens", "list", "--app", "desk", "--json"))
    assert (row["names_people"], row["own_agents"]) == (True, True)
    assert (await asyncio.to_thread(voi, "tokens", "list", "--app", "desk")).endswith("names people  own agents")
    await store.close()
