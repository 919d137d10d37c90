"""One RTVI connection's life, between a fake socket and fake sessions."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from tests.server.fakes import SECRET, Sessions, some_calls
from tests.transports.rtvi.fakes import FakeRtviSocket
from voi.calls import mistakes
from voi.errors import ClientError
from voi.server.auth import issue_token, read_token, token_in
from voi.transports.rtvi import frames
from voi.transports.rtvi.connection import RtviConnection, RtviWebSockets, wish_of
from voi.transports.websocket import Request


class RtviVisit:
    def __init__(self, door: RtviWebSockets, query: str = "", *, token: str | None = None, json_text: bool = False):
        token = issue_token("app", SECRET) if token is None else token
        self.socket = FakeRtviSocket()
        self.json_text = json_text
        query = f"token={token}&{query or 'agent=friend'}"
        self.connection = RtviConnection(door, self.socket, Request("/rtvi", query, "127.0.0.1"))  # type: ignore[arg-type]
        self.connection.arrive()

    def say(self, kind: str, data: Any = None, message_id: str = "c1") -> None:
        text = json.dumps({"label": "rtvi-ai", "type": kind, "id": message_id, "data": data})
        self.connection.received(text if self.json_text else frames.message(text.encode()))

    def ready(self, version: str = "2.1.0") -> None:
        self.say("client-ready", {"version": version, "about": {"library": "test"}})


@asynccontextmanager
async def running(**options: Any) -> AsyncIterator[tuple[RtviWebSockets, Sessions]]:
    sessions = Sessions()
    calls = some_calls(sessions, **options)
    door = RtviWebSockets(calls, lambda query: read_token(token_in(query), SECRET), 5.0)
    try:
        yield door, sessions
    finally:
        await calls.services.tasks.close()
        assert calls.admission.active == 0


@in_virtual_time
async def test_a_conversation_from_client_ready_to_the_clients_leaving() -> None:
    async with running() as (door, sessions):
        visit = RtviVisit(door, "agent=friend&greet=false&app_tools=look_up,%20wait&app_messages=true")
        assert not visit.connection.refused
        visit.connection.received(frames.sound(b"early", 16_000))
        assert door.calls.admission.active == 0
        visit.ready()
        (session,) = sessions.opened
        options = session.options
        assert (options.mode, options.greet, options.app_messages, options.silent) == ("call", False, True, False)
        assert options.app_tools == ("look_up", "wait")
        (ready,) = visit.socket.log
        assert (ready["type"], ready["id"], ready["data"]["version"]) == ("bot-ready", "c1", "2.2.0")
        visit.connection.received(frames.sound(b"abcd", 16_000))
        assert session.heard == b"abcd"
        visit.connection.lost()
        await asyncio.sleep(0.1)
        assert door.calls.admission.active == 0


@in_virtual_time
async def test_clients_of_rtvi_1_are_spoken_to_in_their_version() -> None:
    async with running() as (door, _):
        visit = RtviVisit(door)
        visit.ready("1.2.0")
        assert visit.socket.log[0]["data"]["version"] == "1.2.0"
        visit.connection.lost()
        await asyncio.sleep(0.1)


@in_virtual_time
async def test_pipecats_evals_speak_json_and_say_what_they_want() -> None:
    async with running() as (door, sessions):
        visit = RtviVisit(door, json_text=True)
        visit.say("client-message", {"t": "eval-connect", "d": {"skip_tts": True, "capture_bot_audio": False}})
        visit.ready()
        assert sessions.opened[0].options.silent is True
        assert visit.socket.texts == 1
        assert visit.socket.log[0]["data"]["capabilities"]["audio_out"] is False
        visit.say("client-message", {"t": "eval-cancel", "d": {}})
        await asyncio.sleep(0.1)
        assert visit.socket.close_code == 1000
        assert door.calls.admission.active == 0


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("agent=friend&output_rate_hz=5", "output_rate_hz"),
        ("agent=friend&greet=perhaps", "greet"),
        ("agent=friend&app_tools=" + ",".join(["x"] * 130), "app_tools"),
        ("agent=friend&app_tools=" + "x" * 65, "app_tools"),
        ("&".join(["a=b"] * 40), "parameters"),
    ],
)
@in_virtual_time
async def test_a_url_that_cannot_be_used(query: str, why: str) -> None:
    async with running() as (door, sessions):
        visit = RtviVisit(door, query)
        assert visit.connection.refused
        assert why in visit.socket.data("error")[0]["error"]
        assert visit.socket.data("error")[0]["fatal"] is True
        assert visit.socket.close_code == 1008
        visit.ready()
        assert sessions.opened == []


@in_virtual_time
async def test_a_token_that_is_none() -> None:
    async with running() as (door, _):
        visit = RtviVisit(door, token="x.y.z")
        assert visit.connection.refused
        assert visit.socket.close_code == 1008
        assert "Token" in visit.socket.data("error")[0]["error"]
        assert "x.y.z" not in str(visit.socket.log)


@in_virtual_time
async def test_an_agent_that_there_is_not() -> None:
    async with running() as (door, _):
        visit = RtviVisit(door, "agent=nobody")
        visit.ready()
        assert visit.socket.close_code == 1008
        assert visit.socket.types == ["error"]


@in_virtual_time
async def test_no_place() -> None:
    async with running(max_conversations=1) as (door, _):
        first = RtviVisit(door)
        second = RtviVisit(door)
        first.ready()
        second.ready()
        assert second.socket.close_code == 1013
        assert RtviVisit(door).connection.refused
        first.connection.lost()
        await asyncio.sleep(0.1)


@in_virtual_time
async def test_a_client_that_says_nothing_is_not_waited_for() -> None:
    async with running() as (door, _):
        visit = RtviVisit(door)
        await asyncio.sleep(5.1)
        assert visit.socket.close_code == 1008
        assert "client-ready" in visit.socket.data("error")[0]["error"]


@in_virtual_time
async def test_nonsense_before_the_beginning_ends_the_connection() -> None:
    async with running() as (door, sessions):
        visit = RtviVisit(door)
        visit.connection.received(b"\xff\xff")
        assert visit.socket.close_code == 1008
        visit = RtviVisit(door)
        for _ in range(17):
            visit.say("send-text", {"content": "too early"})
        assert visit.socket.close_code == 1008
        assert sessions.opened == []


@in_virtual_time
async def test_mistakes_are_answered_and_counted() -> None:
    async with running() as (door, sessions):
        visit = RtviVisit(door)
        visit.ready()
        visit.say("ui-dance", {}, "u9")
        assert (visit.socket.types[-1], visit.socket.log[-1]["id"]) == ("error-response", "u9")
        assert visit.socket.log[-1]["data"] == {"error": "Unsupported type ui-dance."}
        for _ in range(mistakes.MISTAKES_BURST):
            visit.connection.received(b"nonsense")
        assert visit.socket.close_code == 1008
        await asyncio.sleep(0.1)
        assert sessions.opened[0].over.done()


@in_virtual_time
async def test_what_apps_send_as_often_as_they_like_is_no_mistake() -> None:
    async with running() as (door, sessions):
        visit = RtviVisit(door)
        visit.ready()
        told = len(visit.socket.log)
        for number in range(3 * mistakes.MISTAKES_BURST):
            visit.say(("ui-snapshot", "ui-event", "ui-cancel-job-group")[number % 3], {"tree": {}}, f"u{number}")
        assert len(visit.socket.log) == told  # the client shows an answer to these as an error
        for number in range(3 * mistakes.MISTAKES_BURST):
            visit.say("client-message", {"t": "heartbeat", "d": number}, f"h{number}")
        assert [entry["id"] for entry in visit.socket.log[told:]] == [f"h{number}" for number in range(300)]
        assert not visit.socket.close_code
        assert not sessions.opened[0].over.done()
        visit.connection.lost()
        await asyncio.sleep(0.1)


@in_virtual_time
async def test_a_fault_ends_that_call_alone() -> None:
    async with running() as (door, sessions):
        visit, other = RtviVisit(door), RtviVisit(door)
        visit.ready()
        other.ready()
        visit.connection.received(frames.sound(b"boom", 16_000))
        await asyncio.sleep(0.1)
        assert visit.socket.close_code == 1011
        assert "secret" not in str(visit.socket.log)
        assert not sessions.opened[1].over.done()
        other.connection.lost()
        await asyncio.sleep(0.1)


def test_the_last_of_equal_parameters_counts() -> None:
    assert wish_of("agent=a&agent=b&token=x&unknown=1").agent == "b"
    assert wish_of("").agent == ""
    assert wish_of("output_rate_hz=16000&skip_tts=1").output_rate_hz == 16_000
    with pytest.raises(ClientError):
        wish_of("output_rate_hz=99999")
