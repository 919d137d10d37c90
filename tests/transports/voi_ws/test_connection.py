"""One connection's life, between a fake socket and fake sessions."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from tests.server.fakes import SECRET, FakeSocket, Sessions, voi_ws
from voi.calls import call as call_module
from voi.calls import mistakes
from voi.calls.call_id import conversation_id
from voi.calls.waiting import WAITING_MIN
from voi.core import facts
from voi.errors import ClientError, EngineError
from voi.server.auth import issue_token
from voi.transports.voi_ws import wire
from voi.transports.voi_ws.connection import VoiConnection, VoiWebSockets
from voi.transports.websocket import Request


class Visit:
    def __init__(self, door: VoiWebSockets, query: str | None = None, client: str = "127.0.0.1") -> None:
        query = f"token={issue_token('app', SECRET)}" if query is None else query
        self.socket = FakeSocket()
        self.connection = VoiConnection(door, self.socket, Request("/ws", query, client))  # type: ignore[arg-type]
        self.connection.arrive()

    def say(self, kind: str, payload: bytes = b"undefined", **fields: Any) -> None:
        self.connection.received(wire.join({"type": kind, **fields}, payload))

    def init(self, **fields: Any) -> None:
        self.say("init", **({"agent_name": "friend"} | fields))


@asynccontextmanager
async def running(**options: Any) -> AsyncIterator[tuple[VoiWebSockets, Sessions]]:
    sessions = Sessions()
    door = voi_ws(sessions, **options)
    try:
        yield door, sessions
    finally:
        await door.calls.services.tasks.close()
        assert door.calls.admission.active == 0


async def test_a_conversation_from_init_to_the_clients_leaving() -> None:
    async with running() as (door, sessions):
        visit = Visit(door)
        assert door.calls.admission.active == 0
        visit.init(mode="call", init_greeting=False, stream_user_stt=False, unknown="field")
        (session,) = sessions.opened
        assert (session.options.mode, session.options.greet, session.options.stream_user_stt) == ("call", False, False)
        assert visit.socket.sent == [{"type": "status", "status": "init_done", "agent_name": "friend"}]
        visit.say("audio", b"abcd")
        visit.say("interrupt", speech_id="0", interrupted_at=0.5)
        assert session.heard == b"abcd"
        assert session.told == [facts.Interrupted(0, 500)]
        visit.connection.lost()
        assert session.told[-1] == facts.HungUp()
        await door.calls.services.tasks.join()
        assert door.calls.admission.active == 0


async def test_a_client_may_bring_its_agent() -> None:
    async with running() as (door, sessions):
        visit = Visit(door)
        visit.init(agent_name="mine", agent_config='{"llm_model": "echo", "title": "Mine"}')
        assert sessions.opened[0].agent.title == "Mine"
        assert visit.socket.sent[0]["agent_name"] == "mine"
        visit.connection.lost()
        await door.calls.services.tasks.join()


async def test_sockets_without_init_keep_nobody_out() -> None:
    async with running(max_conversations=2) as (door, sessions):
        silent = [Visit(door, client="10.0.0.6") for _ in range(WAITING_MIN - 1)]
        quick = Visit(door, client="10.0.0.7")
        assert door.calls.admission.active == 0
        assert door.calls.admission.has_room
        silent += [Visit(door, client="10.0.0.6") for _ in range(100)]
        assert sum(visit.socket.close_code == 1013 for visit in silent) == 100
        assert "wait without an init message" in silent[0].socket.errors[0]
        assert silent[-1].socket.close_code == 0
        quick.init()
        late = Visit(door)
        late.init()
        assert len(sessions.opened) == door.calls.admission.active == 2
        silent[-1].init()
        assert silent[-1].socket.close_code == 1013
        assert "full" in silent[-1].socket.errors[0]
        silent[0].init()  # too late
        assert len(sessions.opened) == 2
        for visit in (*silent, quick, late):
            visit.connection.lost()
        await door.calls.services.tasks.join()
        assert not len(door.calls._waiting)
        assert not door.calls._expected


async def test_sockets_without_init_are_sent_away_when_the_server_stops() -> None:
    async with running() as (door, _):
        visit = Visit(door)
        await door.calls.drain(0, asyncio.Event())
        assert visit.socket.close_code == 1001
        visit.connection.lost()


@pytest.mark.parametrize("query", ["", "token=", "token=garbage", f"token={issue_token('a', SECRET[::-1])}"])
async def test_a_bad_token_gets_an_error_and_1008(query: str) -> None:
    async with running() as (door, sessions):
        visit = Visit(door, query)
        assert visit.socket.close_code == 1008
        assert visit.socket.errors[0].startswith("Token validation error: ")
        visit.connection.lost()
        assert sessions.opened == []


async def test_full_and_stopping_get_1013() -> None:
    async with running(max_conversations=1) as (door, _):
        first = Visit(door)
        first.init()
        second = Visit(door)
        assert second.socket.close_code == 1013
        assert "full" in second.socket.errors[0]
        second.connection.lost()
        first.connection.lost()
        await door.calls.services.tasks.join()
        door.calls.admission.close()
        third = Visit(door)
        assert (third.socket.close_code, third.socket.errors) == (1013, ["The server is shutting down."])


@pytest.mark.parametrize(
    ("first", "says"),
    [
        ("text frame", "this one was text"),
        (b"junk!", "says that its metadata"),
        (wire.join({"type": "text", "content": "hi"}), "must be init, not text"),
        (wire.join({"type": "init"}), "agent_name is required"),
        (wire.join({"type": "init", "agent_name": "frend"}), 'no agent "frend"'),
        (wire.join({"type": "init", "agent_name": "friend", "mode": "dance"}), "unknown mode"),
        (wire.join({"type": "init", "agent_name": "x", "agent_config": "{nope"}), "agent_config"),
        (wire.join({"type": "init", "agent_name": "x", "agent_config": '{"llm_model":"secret-model"}'}), "no LLM"),
    ],
)
async def test_a_wrong_beginning_gets_an_error_and_1008(first: bytes | str, says: str) -> None:
    async with running() as (door, sessions):
        visit = Visit(door)
        visit.connection.received(first)
        assert visit.socket.close_code == 1008
        assert visit.socket.errors[0].startswith("Error in start_conversation: ")
        assert says in visit.socket.errors[0]
        assert door.calls.admission.active == 0
        visit.connection.lost()
        assert sessions.opened == []


async def test_sound_before_init_is_dropped() -> None:
    async with running() as (door, sessions):
        visit = Visit(door)
        visit.say("audio", b"early")
        visit.init(mode="call")
        assert sessions.opened[0].heard == b""
        visit.connection.lost()
        await door.calls.services.tasks.join()


async def test_no_init_in_time() -> None:
    async with running(init_timeout_s=0.01) as (door, _):
        visit = Visit(door)
        await asyncio.sleep(0.05)
        assert visit.socket.close_code == 1008
        assert "no init message came within 0.01 s" in visit.socket.errors[0]
        assert door.calls.admission.active == 0
        visit.connection.lost()


async def test_wrong_messages_are_answered_and_the_conversation_goes_on() -> None:
    async with running() as (door, sessions):
        visit = Visit(door)
        visit.init(mode="call")
        visit.connection.received("text frame")
        visit.connection.received(b"")
        visit.say("dance")
        visit.say("text", content="hi")
        visit.init()
        assert visit.socket.errors == [
            "Error processing client message: messages are binary frames; this one was text.",
            "Error processing client message: A message has at least 4 bytes, this one 0: the metadata's length is "
            "missing.",
            "Error processing client message: Unknown message type 'dance'. Known are: init, resume, audio, text, "
            "image_url, create_response, interrupt, invoke_llm, tool_result.",
            "Message type text is not supported in mode call",
            "The init message was already sent: a connection has one conversation.",
        ]
        visit.say("audio", b"fine")
        assert sessions.opened[0].heard == b"fine"
        visit.connection.lost()
        await door.calls.services.tasks.join()


async def test_a_client_that_sends_nothing_but_nonsense_is_sent_away() -> None:
    async with running() as (door, sessions):
        visit = Visit(door)
        visit.init()
        for _ in range(mistakes.MISTAKES_BURST):
            visit.connection.received(b"")
        assert not visit.socket.closed
        while not visit.socket.closed:
            visit.connection.received(b"")
        assert visit.socket.close_code == 1008
        assert sessions.opened[0].told == [facts.HungUp()]
        await door.calls.services.tasks.join()


@in_virtual_time
async def test_a_client_that_errs_now_and_then_stays_for_hours() -> None:
    async with running() as (door, _):
        visit = Visit(door)
        visit.init()
        for _ in range(10 * mistakes.MISTAKES_BURST):
            visit.connection.received(b"")
            await asyncio.sleep(2 / mistakes.MISTAKES_PER_S)
        assert not visit.socket.closed
        visit.connection.lost()
        await door.calls.services.tasks.join()


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (EngineError("the model refused"), 1011, "the model refused"),
        (ClientError("your picture broke it"), 1008, "your picture broke it"),
        (RuntimeError("secret words"), 1011, "Internal error"),
    ],
)
async def test_a_conversation_that_breaks_ends_alone(
    error: Exception, code: int, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with running() as (door, sessions):
        broken, other = Visit(door), Visit(door)
        broken.init()
        other.init(mode="call")
        sessions.opened[0].finish(error)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert broken.socket.close_code == code
        assert says in broken.socket.errors[0]
        assert "secret" not in broken.socket.errors[0]
        broken.connection.lost()
        other.say("audio", b"fine")
        assert sessions.opened[1].heard == b"fine"
        assert not other.socket.closed
        other.connection.lost()
        await door.calls.services.tasks.join()


async def test_a_message_that_breaks_the_session_ends_it() -> None:
    async with running() as (door, sessions):
        visit = Visit(door)
        visit.init(mode="call")
        visit.say("audio", b"boom")
        assert visit.socket.close_code == 1011
        await door.calls.services.tasks.join()
        assert sessions.opened[0].over.cancelled()
        visit.connection.lost()


async def test_a_session_that_cannot_be_opened() -> None:
    async with running() as (door, sessions):
        sessions.error = RuntimeError("oh")
        visit = Visit(door)
        visit.init()
        assert visit.socket.close_code == 1011
        assert door.calls.admission.active == 0


async def test_a_session_that_does_not_end_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_module, "HANG_UP_TIMEOUT_S", 0.01)
    async with running() as (door, sessions):
        visit = Visit(door)
        visit.init()
        sessions.opened[0].stubborn = True
        visit.socket.close_code = 1000
        visit.connection.lost()
        await asyncio.wait_for(door.calls.services.tasks.join(), 60)
        assert door.calls.admission.active == 0


async def test_what_is_logged_names_the_conversation_and_no_token(caplog: pytest.LogCaptureFixture) -> None:
    ids: list[str] = []
    caplog.handler.addFilter(lambda _: ids.append(conversation_id.get()) or True)
    with caplog.at_level(logging.INFO, "voi"):
        async with running() as (door, _):
            visit = Visit(door)
            visit.init()
            visit.connection.lost()
            await door.calls.services.tasks.join()
    assert set(ids) == {visit.connection.id}
    assert len(ids) == 2
    assert "eyJ" not in caplog.text
    assert conversation_id.get() == ""
