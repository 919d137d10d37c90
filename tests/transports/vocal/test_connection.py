"""One client's life between a fake socket and fake sessions."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from tests.fakes.clock import in_virtual_time
from tests.server.fakes import SECRET, Sessions, some_calls
from tests.transports.vocal.fakes import FakeVocalSocket
from voi.config.config import ClientAgents
from voi.core.facts import AnswerAsked, TextTyped
from voi.server.auth import issue_token, read_token, token_in
from voi.session import events
from voi.transports.vocal.connection import VocalConnection, VocalWebSockets, is_of_this_machine
from voi.transports.vocal.door import HELD_MAX_BYTES, HELD_TEXTS_MAX
from voi.transports.websocket import Request

NAMES = {"configId": "friend", "agentId": "1", "agentName": "Friend"}


class Visit:
    def __init__(self, door: VocalWebSockets, path: str = "/ws/session_1", *, query: str | None = None, **headers: str):
        query = f"token={issue_token('app', SECRET)}" if query is None else query
        self.socket = FakeVocalSocket()
        request = Request(path, query, "127.0.0.1", headers=headers)
        self.connection = VocalConnection(door, self.socket, request)  # type: ignore[arg-type]
        self.connection.arrive()

    def say(self, **message: Any) -> None:
        self.connection.received(json.dumps(message))


@asynccontextmanager
async def running(open_app: str = "", rights: ClientAgents | None = None) -> AsyncIterator[tuple[Any, Sessions]]:
    sessions = Sessions()
    calls = some_calls(sessions)
    agents = calls.services.configs.current.agents
    config: Any = SimpleNamespace(agents=agents, client_agents=rights or ClientAgents())
    door = VocalWebSockets(
        calls, lambda request: read_token(token_in(request.query), SECRET), lambda: config, 5.0, open_app
    )
    try:
        yield door, sessions
        await asyncio.sleep(1)  # those who left are gone
    finally:
        await calls.services.tasks.close()
        assert calls.admission.active == 0


@in_virtual_time
async def test_from_the_configuration_to_the_clients_leaving() -> None:
    async with running() as (door, sessions):
        visit = Visit(door)
        assert not visit.connection.refused
        visit.say(**NAMES, allowInterruptions=True)
        (session,) = sessions.opened
        assert visit.socket.log == [{"type": "call_ready", "session_id": "session_1"}]
        visit.connection.received(b"\1\0" * 2_048)
        assert bytes(session.heard) == b"\1\0" * 2_048
        visit.say(type="transcript", text="Hello.")
        assert session.told == [TextTyped("Hello."), AnswerAsked()]
        line = session.line.now
        line.tell(events.Sound(1, b"\0\0" * 2_400))
        line.tell(events.SoundEnded(1))
        line.tell(events.SoundPlayed(1, 100))
        assert visit.socket.types[1:] == ["tts_stream", "tts_stream_end"]
        line.tell(events.Sound(3, b"\0\0" * 2_400))
        line.tell(events.SoundCleared(3, 50))
        assert visit.socket.types[3:] == ["tts_stream", "new_conversation_turn", "tts_stream_end"]
        visit.connection.lost()


@in_virtual_time
async def test_mistakes_are_told_and_the_conversation_goes_on() -> None:
    async with running() as (door, sessions):
        visit = Visit(door)
        visit.say(**NAMES, voiceSampleUrl="http://169.254.169.254/latest")
        visit.connection.received(b"odd")
        visit.say(text="no type")
        visit.say(type="speech_start")
        visit.connection.received("{")
        assert [error.partition(" ")[0] for error in visit.socket.errors] == ["voiceSampleUrl:", "Sound", "The", "The"]
        visit.connection.received(b"\0\0")
        assert bytes(sessions.opened[0].heard) == b"\0\0"
        visit.connection.lost()


@in_virtual_time
async def test_what_is_said_during_an_answer_waits_for_its_end_and_is_bounded() -> None:
    async with running() as (door, sessions):
        visit = Visit(door)
        visit.say(**NAMES)
        (session,) = sessions.opened
        session.line.now.tell(events.Sound(1, b"\0\0" * 240))
        for _ in range(HELD_MAX_BYTES // 32_000 + 5):
            visit.connection.received(b"\1\0" * 16_000)
        for number in range(HELD_TEXTS_MAX + 1):
            visit.say(type="transcript", text=f"{number}")
        assert not session.heard
        assert not session.told
        assert len(visit.socket.errors) == 1
        session.line.now.tell(events.SoundEnded(1))
        session.line.now.tell(events.SoundPlayed(1, 10))
        await asyncio.sleep(30)
        assert len(session.heard) == HELD_MAX_BYTES
        assert session.told.count(AnswerAsked()) == HELD_TEXTS_MAX
        assert "new_conversation_turn" not in visit.socket.types
        visit.connection.lost()


@in_virtual_time
async def test_an_answer_whose_end_is_never_told_holds_nobody_up() -> None:
    async with running() as (door, sessions):
        visit = Visit(door)
        visit.say(**NAMES)
        (session,) = sessions.opened
        session.line.now.tell(events.Sound(1, b"\0\0" * 240))
        visit.connection.received(b"\1\0")
        await asyncio.sleep(30)
        assert bytes(session.heard) == b"\1\0"
        visit.connection.lost()


@in_virtual_time
async def test_who_gets_no_conversation_is_told_why() -> None:
    rights = ClientAgents(frozenset(), frozenset("*"))
    async with running("open", rights) as (door, sessions):
        stranger = Visit(door, query="token=nonsense")
        assert stranger.connection.refused
        assert stranger.socket.errors
        assert stranger.socket.close_code == 1008
        for path in ("/ws/", f"/ws/{'x' * 201}"):
            assert Visit(door, path).socket.errors
        for first in (b"\0\0", "{", json.dumps({"configId": "x"}), json.dumps({**NAMES, "systemPrompt": "Be mine."})):
            visit = Visit(door)
            visit.connection.received(first)
            assert len(visit.socket.errors) == 1
            assert visit.socket.close_code == 1008
        assert not sessions.opened
        other_site = Visit(door, query="", origin="https://evil.example")
        assert other_site.connection.refused
        here = Visit(door, query="", origin="file://")
        here.say(**NAMES)
        assert sessions.opened
        here.connection.lost()


def test_only_this_machine_is_open() -> None:
    for peer, headers, expected in (
        ("127.0.0.1", {}, True), ("::1", {"origin": "http://localhost:8000"}, True), ("10.0.0.1", {}, False),
        ("127.0.0.1", {"origin": "null"}, False), ("127.0.0.1", {"origin": "http://[bad"}, False),
        ("127.0.0.1", {"origin": "http://localhost.evil.example"}, False),
        ("127.0.0.1", {"x-forwarded-for": "1.2.3.4"}, False),
    ):  # fmt: skip
        assert is_of_this_machine(Request("/ws/x", "", peer, headers=headers)) is expected
