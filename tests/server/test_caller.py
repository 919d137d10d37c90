"""One connection's life, between a fake socket and fake sessions."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from tests.server.fakes import SECRET, FakeSocket, Sessions, a_desk
from voi.core import facts
from voi.errors import ClientError, EngineError
from voi.server import caller as caller_module
from voi.server.auth import issue_token
from voi.server.caller import Caller, Desk
from voi.server.logging import conversation_id
from voi.transports.voi_ws import wire
from voi.transports.websocket import Request


class Visit:
    def __init__(self, desk: Desk, query: str | None = None) -> None:
        query = f"token={issue_token('app', SECRET)}" if query is None else query
        self.socket = FakeSocket()
        self.caller = Caller(desk, self.socket, Request("/ws", query, "127.0.0.1"))  # type: ignore[arg-type]
        self.caller.arrive()

    def say(self, kind: str, payload: bytes = b"undefined", **fields: Any) -> None:
        self.caller.received(wire.join({"type": kind, **fields}, payload))

    def init(self, **fields: Any) -> None:
        self.say("init", **({"agent_name": "friend"} | fields))


@asynccontextmanager
async def running(**options: Any) -> AsyncIterator[tuple[Desk, Sessions]]:
    sessions = Sessions()
    desk = a_desk(sessions, **options)
    try:
        yield desk, sessions
    finally:
        await desk.tasks.close()
        assert desk.admission.active == 0


async def test_a_conversation_from_init_to_the_clients_leaving() -> None:
    async with running() as (desk, sessions):
        visit = Visit(desk)
        assert desk.admission.active == 1
        visit.init(mode="call", init_greeting=False, stream_user_stt=False, unknown="field")
        (session,) = sessions.opened
        assert (session.options.mode, session.options.greet, session.options.stream_user_stt) == ("call", False, False)
        assert visit.socket.sent == [{"type": "status", "status": "init_done", "agent_name": "friend"}]
        visit.say("audio", b"abcd")
        visit.say("interrupt", speech_id="0", interrupted_at=0.5)
        assert session.heard == b"abcd"
        assert session.told == [facts.Interrupted(0, 500)]
        visit.caller.lost()
        assert session.told[-1] == facts.HungUp()
        await desk.tasks.join()
        assert desk.admission.active == 0


async def test_a_client_may_bring_its_agent() -> None:
    async with running() as (desk, sessions):
        visit = Visit(desk)
        visit.init(agent_name="mine", agent_config='{"llm_model": "echo", "title": "Mine"}')
        assert sessions.opened[0].agent.title == "Mine"
        assert visit.socket.sent[0]["agent_name"] == "mine"
        visit.caller.lost()
        await desk.tasks.join()


@pytest.mark.parametrize("query", ["", "token=", "token=garbage", f"token={issue_token('a', SECRET[::-1])}"])
async def test_a_bad_token_gets_an_error_and_1008(query: str) -> None:
    async with running() as (desk, sessions):
        visit = Visit(desk, query)
        assert visit.socket.close_code == 1008
        assert visit.socket.errors[0].startswith("Token validation error: ")
        visit.caller.lost()
        assert sessions.opened == []


async def test_full_and_stopping_get_1013() -> None:
    async with running(max_conversations=1) as (desk, _):
        first, second = Visit(desk), Visit(desk)
        assert second.socket.close_code == 1013
        assert "full" in second.socket.errors[0]
        second.caller.lost()
        first.caller.lost()
        desk.admission.close("The server is shutting down.")
        third = Visit(desk)
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
    async with running() as (desk, sessions):
        visit = Visit(desk)
        visit.caller.received(first)
        assert visit.socket.close_code == 1008
        assert visit.socket.errors[0].startswith("Error in start_conversation: ")
        assert says in visit.socket.errors[0]
        assert desk.admission.active == 0
        visit.caller.lost()
        assert sessions.opened == []


async def test_sound_before_init_is_dropped() -> None:
    async with running() as (desk, sessions):
        visit = Visit(desk)
        visit.say("audio", b"early")
        visit.init(mode="call")
        assert sessions.opened[0].heard == b""
        visit.caller.lost()
        await desk.tasks.join()


async def test_no_init_in_time() -> None:
    async with running(init_timeout_s=0.01) as (desk, _):
        visit = Visit(desk)
        await asyncio.sleep(0.05)
        assert visit.socket.close_code == 1008
        assert "no init message came within 0.01 s" in visit.socket.errors[0]
        assert desk.admission.active == 0
        visit.caller.lost()


async def test_wrong_messages_are_answered_and_the_conversation_goes_on() -> None:
    async with running() as (desk, sessions):
        visit = Visit(desk)
        visit.init(mode="call")
        visit.caller.received("text frame")
        visit.caller.received(b"")
        visit.say("dance")
        visit.say("text", content="hi")
        visit.init()
        assert visit.socket.errors == [
            "Error processing client message: messages are binary frames; this one was text.",
            "Error processing client message: A message has at least 4 bytes, this one 0: the metadata's length is "
            "missing.",
            "Error processing client message: Unknown message type 'dance'. Known are: audio, init, text, image_url, "
            "create_response, interrupt, invoke_llm.",
            "Message type text is not supported in mode call",
            "Message type init is not supported in mode call",
        ]
        visit.say("audio", b"fine")
        assert sessions.opened[0].heard == b"fine"
        visit.caller.lost()
        await desk.tasks.join()


async def test_a_client_that_sends_nothing_but_nonsense_is_sent_away() -> None:
    async with running() as (desk, sessions):
        visit = Visit(desk)
        visit.init()
        for _ in range(caller_module.MISTAKES_BURST):
            visit.caller.received(b"")
        assert not visit.socket.closed
        while not visit.socket.closed:
            visit.caller.received(b"")
        assert visit.socket.close_code == 1008
        assert sessions.opened[0].told == [facts.HungUp()]
        await desk.tasks.join()


@in_virtual_time
async def test_a_client_that_errs_now_and_then_stays_for_hours() -> None:
    async with running() as (desk, _):
        visit = Visit(desk)
        visit.init()
        for _ in range(10 * caller_module.MISTAKES_BURST):
            visit.caller.received(b"")
            await asyncio.sleep(2 / caller_module.MISTAKES_PER_S)
        assert not visit.socket.closed
        visit.caller.lost()
        await desk.tasks.join()


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
    async with running() as (desk, sessions):
        broken, other = Visit(desk), Visit(desk)
        broken.init()
        other.init(mode="call")
        sessions.opened[0].finish(error)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert broken.socket.close_code == code
        assert says in broken.socket.errors[0]
        assert "secret" not in broken.socket.errors[0]
        broken.caller.lost()
        other.say("audio", b"fine")
        assert sessions.opened[1].heard == b"fine"
        assert not other.socket.closed
        other.caller.lost()
        await desk.tasks.join()


async def test_a_message_that_breaks_the_session_ends_it() -> None:
    async with running() as (desk, sessions):
        visit = Visit(desk)
        visit.init(mode="call")
        visit.say("audio", b"boom")
        assert visit.socket.close_code == 1011
        await desk.tasks.join()
        assert sessions.opened[0].over.cancelled()
        visit.caller.lost()


async def test_a_session_that_cannot_be_opened() -> None:
    async with running() as (desk, sessions):
        sessions.error = RuntimeError("oh")
        visit = Visit(desk)
        visit.init()
        assert visit.socket.close_code == 1011
        assert desk.admission.active == 0


async def test_a_session_that_does_not_end_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller_module, "HANG_UP_TIMEOUT_S", 0.01)
    async with running() as (desk, sessions):
        visit = Visit(desk)
        visit.init()
        sessions.opened[0].stubborn = True
        visit.socket.close_code = 1000
        visit.caller.lost()
        await asyncio.wait_for(desk.tasks.join(), 1)
        assert desk.admission.active == 0


async def test_what_is_logged_names_the_conversation_and_no_token(caplog: pytest.LogCaptureFixture) -> None:
    ids: list[str] = []
    caplog.handler.addFilter(lambda _: ids.append(conversation_id.get()) or True)
    with caplog.at_level(logging.INFO, "voi"):
        async with running() as (desk, _):
            visit = Visit(desk)
            visit.init()
            visit.caller.lost()
            await desk.tasks.join()
    assert set(ids) == {visit.caller.id}
    assert len(ids) == 2
    assert "eyJ" not in caplog.text
    assert conversation_id.get() == ""
