"""What a whole server keeps of its calls."""

import asyncio
import importlib.util
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import voi
from tests.server.fakes import API_KEY, SECRET
from tests.server.serving import AGENTS, Person, fake_engines, serving, write_config
from tests.transports.raw_client import RawClient
from voi.errors import ConfigError
from voi.server.auth import issue_token

pytestmark = pytest.mark.integration
if importlib.util.find_spec("sqlalchemy") is None:
    pytest.skip("./install.sh brings what the store needs", allow_module_level=True)
AI = "You are talking to an AI."
KEY = "kT9-store-key-of-the-tests-zQ4vB7xW2mN8"


async def talk(port: int, words: str = "my planted words", person: str = "anna@example.org") -> None:
    token = issue_token("shop", SECRET, person=person)
    caller = Person(await RawClient.connect(port, f"/ws?token={token}"))
    caller.say("init", agent_name="echo", agent_config=None, mode="chat")
    await caller.until(lambda: caller.status("init_done"))
    caller.say("text", content=words)
    caller.say("create_response")
    await caller.until(lambda: any(words in text for text in caller.texts.values()) and caller.status("speech_done"))
    caller.client.drop()
    await asyncio.sleep(0.1)


async def stored(folder: Path, *secrets: str) -> list[Any]:
    from voi.store.conversations import Filter, each_conversation
    from voi.store.store import Store

    store = Store(f"sqlite:{folder}/data/voi.db", secrets)
    await store.open()
    async with store.reading() as connection:
        found = [kept async for kept in each_conversation(connection, store.keys, Filter())]
    await store.close()
    return found


async def test_facts_are_kept_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines(), store="facts") as running:
        await talk(running.port)
    (kept,) = await stored(tmp_path)
    assert (kept.facts["app"], kept.facts["agent"], kept.facts["mode"]) == ("shop", "echo", "chat")
    assert kept.facts["end_reason"] == "client_hung_up"
    assert kept.facts["ended_ms"] >= kept.facts["began_ms"]
    assert kept.facts["answers"] == 1
    assert len(kept.turns) == 1
    assert kept.transcript == ()
    assert not (tmp_path / "recordings").exists()
    assert b"planted" not in bytes_below(tmp_path / "data")


async def test_what_managers_do_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from voi.store.audit import list_acts
    from voi.store.store import Store

    async with serving(tmp_path, monkeypatch, fake_engines(), store="facts") as running:
        await running.http("POST", "/integrations/shop?person=anna", f"API-Key: {API_KEY}\r\n")
        await running.http("GET", "/metrics", f"API-Key: {API_KEY}\r\n")
        await running.http("GET", "/metrics", "API-Key: wrong\r\n")
    store = Store(f"sqlite:{tmp_path}/data/voi.db", ())
    await store.open()
    async with store.reading() as connection:
        acts = await list_acts(connection, 10)
    await store.close()
    assert [(act.what, act.result) for act in acts] == [("POST /integrations/shop", "200")], "not who guessed a key"
    assert "127.0.0.1 with the key " in acts[0].who
    assert not [secret for secret in (API_KEY, "anna") if secret in str(acts)]


def bytes_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


async def test_with_a_key_nothing_on_disk_holds_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept_with: dict[str, Any] = {"store": "words", "record": True, "store_key": KEY}
    async with serving(tmp_path, monkeypatch, fake_engines(), **kept_with) as running:
        await talk(running.port)
        everything = bytes_below(tmp_path / "data") + bytes_below(tmp_path / "recordings")
    everything += bytes_below(tmp_path / "data") + bytes_below(tmp_path / "recordings")
    assert b"planted" not in everything
    assert b"anna" not in everything
    assert b"RIFF" not in everything
    (kept,) = await stored(tmp_path, KEY)
    assert any("planted words" in said.words for said in kept.transcript)
    folder = tmp_path / "recordings" / kept.facts["recording"]
    assert {path.name for path in folder.iterdir()} == {
        "user.wav.sealed", "agent.wav.sealed", "journal.jsonl.sealed", "turns.jsonl.sealed",
    }  # fmt: skip


async def test_a_call_that_is_cut_off_by_the_end_of_the_server_has_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines(), store="words") as running:
        person = await Person.arrive(running.port)
        running.server.stop()
        await person.until(lambda: person.closed)
    (kept,) = await stored(tmp_path)
    assert kept.facts["end_reason"] == "drained"


async def test_off_means_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines(), store="off") as running:
        await talk(running.port)
    assert not (tmp_path / "data" / "voi.db").exists()


async def test_a_store_that_cannot_be_opened_disturbs_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    async with serving(tmp_path, monkeypatch, fake_engines(), store="words") as running:
        await talk(running.port)
        _, _, text = await running.http("GET", "/metrics?format=prometheus", "API-Key: Zm93kd03kDkw8sKw92jd\r\n")
    assert "the store cannot be opened, and is tried again later" in caplog.text
    assert "voi_store_failures_total" in text.decode()
    assert "planted" not in caplog.text


async def test_a_wrong_key_keeps_the_server_from_starting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines(), store="words", store_key=KEY) as running:
        await talk(running.port)
    with pytest.raises(ConfigError, match="not the key"):
        async with serving(tmp_path, monkeypatch, fake_engines(), store="words", store_key=KEY[::-1]):
            pass


@contextmanager
def store_forgotten() -> Iterator[None]:
    """The store's modules are imported again. Afterwards those of before are back, and no other is left."""
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if name.startswith("voi.store")}
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.startswith("voi.store")]:
            del sys.modules[name]
        sys.modules.update(before)
        if "voi.store" in before:
            voi.store = before["voi.store"]  # type: ignore[attr-defined]


async def test_after_an_upgrade_without_its_packages_the_server_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with store_forgotten():
        async with serving(tmp_path, monkeypatch, fake_engines(), store="words") as running:
            await talk(running.port)
    assert "Run ./install.sh" in caplog.text


@pytest.mark.parametrize(
    ("settings", "said", "told"),
    [
        (
            {"disclose": ("app",), "record": True},
            "You are talking to an AI. This conversation is recorded.",
            (True, True),
        ),
        ({"disclose": ("*",), "store": "facts"}, "You are talking to an AI.", (True, False)),
        ({}, "", (False, False)),  # an app shows it
    ],
)
async def test_what_the_agent_says_at_its_first_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], said: str, told: tuple[bool, bool]
) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines(), **{"store": "words", **settings}) as running:
        person = await Person.arrive(running.port, init_greeting=True)
        await person.until(lambda: person.status("speech_done") == (2 if said else 1))
        person.client.drop()
        await asyncio.sleep(0.1)
    assert [text for text in person.texts.values() if text] == [*([said] if said else []), "Hello there my friend."]
    (kept,) = await stored(tmp_path)
    assert (kept.facts["told_ai"], kept.facts["told_recording"]) == told


async def first_words(port: int, **init: Any) -> str:
    person = await Person.connected(port)
    person.say("init", mode="chat", init_greeting=True, **init)
    await person.until(lambda: person.texts.get(0))
    return person.texts[0]


async def test_an_agent_decides_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(tmp_path)
    echo: Any = AGENTS["echo"]
    agents: dict[str, Any] = {
        "echo": {**echo, "disclosure": {"say": True, "ai": "I am a machine."}},
        "quiet": {**echo, "disclosure": {"say": False}},
    }
    (tmp_path / "agents.json").write_text(json.dumps(agents))
    async with serving(tmp_path, monkeypatch, fake_engines(), disclose=("*",)) as running:
        for agent, first in (("echo", "I am a machine."), ("quiet", "Hello there my friend.")):
            assert await first_words(running.port, agent_name=agent, agent_config=None) == first
        own = json.dumps({"llm_model": "echo", "disclosure": {"say": False}})  # no client keeps an agent from it
        assert await first_words(running.port, agent_name="", agent_config=own) == AI
