"""A conversation that goes on another day, by the name that its app gave it."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.server.fakes import SECRET
from tests.server.serving import Person, RunningServer, serving
from tests.server.test_restart import GREETING
from tests.server.test_resume_cuts import Listener, engines, write_agents
from tests.transports.raw_client import RawClient
from voi.calls.saved import Saved, SavedStates
from voi.client import VoiClient
from voi.errors import ClientError, StoreError
from voi.server.auth import issue_token

pytestmark = pytest.mark.integration


class Shelf:
    """`SavedStates` in memory."""

    def __init__(self) -> None:
        self.states: dict[tuple[str, str], Mapping[str, Any]] = {}
        self.persons: list[str] = []
        self.broken = False
        self.delay_s = 0.0

    async def load(self, name: str, app: str) -> dict[str, Any] | None:
        await asyncio.sleep(self.delay_s)
        if self.broken:
            raise StoreError("The store is away.")
        state = self.states.get((app, name))
        return None if state is None else dict(state)

    async def save(self, name: str, app: str, state: Mapping[str, Any], person: str = "", of: str = "") -> None:
        if self.broken:
            raise StoreError("The store is away.")
        self.states[app, name] = state
        self.persons.append(person)


def keep(server: RunningServer, shelf: SavedStates | None) -> None:
    server.server.calls.saved = Saved(shelf, server.server.metrics)


def connect(port: int, session: str, **more: Any) -> Any:
    token = issue_token("test", SECRET)
    return VoiClient.connect(f"ws://127.0.0.1:{port}/ws", token=token, agent_name="teller", session=session, **more)


async def ask(voi: VoiClient, listener: Listener, text: str, message_id: str) -> None:
    await voi.send_text(text)
    await voi.create_response()
    await listener.until(voi, lambda: message_id in listener.done)


async def until_saved(shelf: Shelf, count: int) -> None:
    async with asyncio.timeout(30):
        while len(shelf.persons) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_it_goes_on_and_nobody_is_greeted_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_agents(tmp_path, greetings=GREETING)
    fakes, shelf = engines(), Shelf()
    fakes.llm.replies = ("It is a fox.", "Red.")  # type: ignore[attr-defined]
    async with serving(tmp_path, monkeypatch, fakes) as server:
        keep(server, shelf)
        first = Listener()
        async with connect(server.port, "monday") as voi:
            await first.until(voi, lambda: "0" in first.done)
            await asyncio.sleep(0.6)
            await ask(voi, first, "What is it?", "2")
            await asyncio.sleep(0.6)  # until it is heard
        await until_saved(shelf, 1)
        shelf.delay_s = 0.2
        again = Listener()
        async with connect(server.port, "monday", resume=True) as voi:
            await ask(voi, again, "And its colour?", "4")
        assert again.texts == {
            0: "Hello there my friend.", 1: "What is it?", 2: "It is a fox.", 3: "And its colour?", 4: "Red.",
        }  # fmt: skip
        assert list(again.sound) == ["4"], "what was said another day is shown and not spoken"
        asked = [message.text for message in fakes.llm.requests[-1].messages]  # type: ignore[attr-defined]
        assert asked == ["Hello there my friend.", "What is it?", "It is a fox.", "And its colour?"]
        other = Listener()
        async with connect(server.port, "tuesday") as voi:
            await other.until(voi, lambda: "0" in other.done)
        assert list(other.texts.values()) == ["Hello there my friend."]


async def test_what_was_not_heard_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_agents(tmp_path)
    shelf = Shelf()
    async with serving(tmp_path, monkeypatch, engines()) as server:
        keep(server, shelf)
        listener = Listener()
        async with connect(server.port, "monday", init_greeting=False) as voi:
            await voi.send_text("Tell me a story")
            await voi.create_response()
            await listener.until(voi, lambda: len(listener.sound.get("1", b"")) > 48_000 * 2)
        await until_saved(shelf, 1)
        ((_, state),) = shelf.states.items()
        told = state["kept"]["messages"][1]["message"]["parts"][0]["text"]
        assert told.startswith("This is sentence number 0")
        assert told.endswith("...")
        assert len(told) < 150


async def test_without_a_store_and_with_a_broken_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_agents(tmp_path)
    shelf = Shelf()
    async with serving(tmp_path, monkeypatch, engines()) as server:
        with pytest.raises(ClientError, match="this server keeps no conversations"):
            async with connect(server.port, "monday"):
                pass
        keep(server, shelf)
        shelf.broken = True
        with pytest.raises(ClientError, match="cannot be loaded at the moment"):
            async with connect(server.port, "monday"):
                pass
        shelf.broken = False
        shelf.states["test", "monday"] = {"voi": 99}
        with pytest.raises(ClientError, match="another version"):
            async with connect(server.port, "monday"):
                pass
        for name in ("../etc", "a b", "x" * 101):
            with pytest.raises(ClientError, match="session is a name of"):
                async with connect(server.port, name):
                    pass
        assert len(server.server.calls) == 0


async def test_messages_that_come_while_it_is_loaded_are_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_agents(tmp_path)
    shelf = Shelf()
    shelf.delay_s = 0.3
    async with serving(tmp_path, monkeypatch, engines()) as server:
        keep(server, shelf)
        person = Person(await RawClient.connect(server.port, f"/ws?token={issue_token('test', SECRET)}"))
        person.say("init", agent_name="teller", session="monday", init_greeting=False)
        person.say("text", content="Tell me")
        person.say("create_response")
        await person.until(lambda: person.sound.get("1"))
        assert person.texts[0] == "Tell me"
        gone = Person(await RawClient.connect(server.port, f"/ws?token={issue_token('test', SECRET)}"))
        gone.say("init", agent_name="teller", session="tuesday")
        gone.client.drop()
        await until_saved(shelf, 0)
    assert ("test", "tuesday") not in shelf.states


async def test_the_store_of_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("aiosqlite")
    write_agents(tmp_path)
    for number in range(2):
        fakes = engines()
        fakes.llm.replies = ("Fine.",)  # type: ignore[attr-defined]
        async with serving(tmp_path, monkeypatch, fakes, store="facts") as server:
            listener = Listener()
            async with connect(server.port, "monday", init_greeting=False) as voi:
                await ask(voi, listener, "Tell me", str(2 * number + 1))
                await asyncio.sleep(0.7)  # until it is heard
        assert len(listener.texts) == 2 * number + 2
