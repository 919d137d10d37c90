"""Quotas against a real store: over two servers, right after a restart, and in the middle of a call."""

import asyncio
import contextlib
import importlib.util
import json
import time
from pathlib import Path
from typing import Any

import pytest
import typer.testing

from tests.server.fakes import API_KEY, SECRET
from tests.server.serving import Person, fake_engines, serving, write_config
from tests.transports.raw_client import RawClient
from voi.server import app_quotas
from voi.server.auth import issue_token

pytestmark = pytest.mark.integration
if importlib.util.find_spec("sqlalchemy") is None:
    pytest.skip("./install.sh brings what the store needs", allow_module_level=True)


KEY = f"API-Key: {API_KEY}\r\n"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_quotas, "TICK_S", 0.1)
    monkeypatch.setattr(app_quotas, "POLITE_S", 0.05)


async def limit(folder: Path, **limits: float) -> None:
    from voi.store.quotas import set_quota
    from voi.store.store import Store

    store = Store(f"sqlite:{folder}/data/voi.db")
    await store.open()
    async with store.writing() as connection:
        await set_quota(connection, "shop", limits, 0)
    await store.close()


async def arrive(port: int) -> Person:
    person = Person(await RawClient.connect(port, f"/ws?token={issue_token('shop', SECRET)}"))
    person.say("init", agent_name="mute", agent_config=None, mode="chat")
    await person.until(lambda: person.status("init_done"))
    return person


async def test_conversations_at_once_over_two_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await limit(tmp_path, max_conversations=2)
    async with (
        serving(tmp_path, monkeypatch, fake_engines(), store="facts") as one,
        serving(tmp_path, monkeypatch, fake_engines(), store="facts") as other,
    ):
        people = [await arrive(one.port), await arrive(other.port)]
        await other.server.app_quotas.look()
        await one.server.app_quotas.look()
        refused = await arrive(one.port)
        assert refused.closed == 1013
        assert "2 conversations at once" in refused.errors[0]
        people[1].client.drop()
        async with asyncio.timeout(60):
            while other.server.admission.active:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await other.server.app_quotas.look()
        await one.server.app_quotas.look()
        assert (await arrive(one.port)).closed is None


async def test_used_up_in_a_call_and_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await limit(tmp_path, cost_per_day=0.5)
    (tmp_path / "prices.json").write_text(json.dumps({"call": {"app": {"per_minute": 60}}}))
    async with serving(tmp_path, monkeypatch, fake_engines(), store="facts") as running:
        began_s = time.monotonic()
        person = await arrive(running.port)
        await person.until(lambda: False)
        assert person.closed == 1000
        assert time.monotonic() - began_s >= 0.4
        assert "has spent what it may spend today" in person.errors[0]
        assert "ends in a moment" in person.errors[0]
        assert (await arrive(running.port)).closed == 1013
    async with serving(tmp_path, monkeypatch, fake_engines(), store="facts") as running:
        refused = await arrive(running.port)  # the first thing that the new process sees
        assert (refused.closed, len(refused.errors)) == (1013, 1)
    from tests.server.test_kept_calls import stored

    assert [kept.facts["end_reason"] for kept in await stored(tmp_path)] == ["quota_used"]


async def test_the_agent_says_goodbye_when_the_quota_is_used_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await limit(tmp_path, cost_per_day=0.3)
    (tmp_path / "prices.json").write_text(json.dumps({"call": {"app": {"per_minute": 60}}}))
    async with serving(tmp_path, monkeypatch, fake_engines(), store="facts") as running:
        person = Person(await RawClient.connect(running.port, f"/ws?token={issue_token('shop', SECRET)}"))
        person.say("init", agent_name="echo", agent_config=None, mode="call")
        await person.until(lambda: False)
    assert person.closed == 1000
    assert "ends in a moment" in person.errors[0]
    assert any("our time is up" in text for text in person.texts.values())
    assert sum(map(len, person.sound.values())) > 1_000  # it was spoken


async def test_a_used_up_quota_holds_for_questions_and_speech(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_quotas, "POLITE_S", 60)
    await limit(tmp_path, cost_per_day=10)
    (tmp_path / "prices.json").write_text(json.dumps({"tts": {"voice": {"per_1000_characters": 1_000}}}))
    async with serving(tmp_path, monkeypatch, fake_engines(), store="facts") as running:
        voices = (await running.http("GET", "/voices", KEY))[2]
        (of_model,) = json.loads(voices)["models"].values()
        path = f"/voices/{of_model['voices'][0]}/speech"

        async def speak(app: str, text: str = "Twelve chars") -> int:
            return (await running.http("POST", path, KEY, {"text": text, "app": app}))[0]

        person = await arrive(running.port)
        person.say("invoke_llm", model="echo", prompt="", messages=[{"role": "user", "content": "hello"}])
        await person.until(lambda: any(entry["type"] == "llm_response" for entry in person.log))
        assert await speak("shop") == 200
        assert await speak("shop") == 429
        assert await speak("other") == 200
        assert await speak("") == 200
        assert await speak("no such/app") == 400
        person.say("invoke_llm", model="echo", prompt="", messages=[{"role": "user", "content": "again"}])
        await person.until(lambda: any("invoke_llm" in error for error in person.errors))
        assert (await arrive(running.port)).closed == 1013
        await running.server.kept._writer.close()  # type: ignore[union-attr]
        _, _, body = await running.http("GET", "/usage?by=app,agent,kind,provider,model", KEY)
    spoken = {row["app"]: row for row in json.loads(body)["usage"] if row["kind"] == "tts"}
    assert sorted(spoken) == ["", "other", "shop"]
    assert spoken["shop"]["characters"] == 12
    assert spoken["shop"]["cost"] == pytest.approx(12)
    assert spoken["shop"]["agent"] == "(none)"
    async with serving(tmp_path, monkeypatch, fake_engines(), store="facts") as running:
        assert (await arrive(running.port)).closed == 1013  # it is in the store


async def test_a_store_that_is_away_refuses_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "voi.db").mkdir()  # cannot be opened
    async with serving(tmp_path, monkeypatch, fake_engines(), store="facts") as running:
        assert (await arrive(running.port)).closed is None


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from voi.cli import app

    monkeypatch.chdir(tmp_path)
    write_config(tmp_path)
    run: Any = lambda *arguments: typer.testing.CliRunner().invoke(app, list(arguments))  # noqa: E731
    with contextlib.suppress(KeyError):
        monkeypatch.delenv("VOI_STORE")
    assert run("apps", "set", "shop").exit_code == 2
    assert run("apps", "set", "shop", "--minutes-per-day", "60", "--cost-per-month", "12.5").exit_code == 0
    assert "minutes today 0.0 of 60" in run("apps", "list").stdout
    (listed,) = json.loads(run("apps", "list", "--json").stdout)
    assert listed["quota"] == {
        "max_conversations": None, "minutes_per_day": 60, "cost_per_day": None, "cost_per_month": 12.5,
    }  # fmt: skip
    assert run("apps", "set", "shop", "--unlimited", "--max-conversations", "3").exit_code == 0
    (listed,) = json.loads(run("apps", "list", "--json").stdout)
    assert [value for value in listed["quota"].values() if value is not None] == [3]
    assert run("usage").stdout == "Nothing was used in that time.\n"
    assert run("usage", "--from", "yesterday").exit_code == 2
    assert run("usage", "--csv", "--by", "app").stdout.startswith("app,uses,")
