"""Shutting down: newcomers refused, conversations given time, everybody told."""

import asyncio

from tests.server.fakes import SECRET, FakeSocket, Sessions, voi_ws
from voi.calls import calls as calls_module
from voi.server.auth import issue_token
from voi.transports.voi_ws import wire
from voi.transports.voi_ws.connection import VoiWebSockets
from voi.transports.websocket import Receiver, Request

LEAVING = "The server is shutting down."
INIT = wire.join({"type": "init", "agent_name": "friend"})


def arrive(door: VoiWebSockets) -> tuple[FakeSocket, Receiver]:
    socket = FakeSocket()
    request = Request("/ws", f"token={issue_token('app', SECRET)}", "127.0.0.1:1")
    return socket, door.meet(socket, request)  # type: ignore[arg-type]


async def test_grace_lets_conversations_end_by_themselves() -> None:
    sessions = Sessions()
    door = voi_ws(sessions)
    socket, visit = arrive(door)
    visit.received(INIT)
    waiting, _ = arrive(door)
    draining = asyncio.create_task(door.calls.drain(5, asyncio.Event()))
    await asyncio.sleep(0)
    assert waiting.close_code == 1001  # it had not begun
    late, _ = arrive(door)
    assert (late.close_code, late.errors) == (1013, [LEAVING])
    assert not socket.closed
    sessions.opened[0].finish()
    await asyncio.wait_for(draining, 60)
    assert socket.close_code == 1000


async def test_what_is_left_after_the_grace_is_told_and_ended() -> None:
    sessions = Sessions()
    door = voi_ws(sessions)
    socket, visit = arrive(door)
    visit.received(INIT)
    await asyncio.wait_for(door.calls.drain(0.01, asyncio.Event()), 60)
    assert (socket.close_code, socket.errors) == (1001, [LEAVING])
    assert door.calls.admission.active == 0
    visit.lost()
    assert door.calls.gone == 1


async def test_a_hurry_cuts_the_grace_and_the_stubborn_are_cancelled() -> None:
    calls_module.FAREWELL_TIMEOUT_S, before = 0.01, calls_module.FAREWELL_TIMEOUT_S
    try:
        sessions = Sessions()
        door = voi_ws(sessions)
        socket, visit = arrive(door)
        visit.received(INIT)
        await asyncio.sleep(0)
        sessions.opened[0].stubborn = True
        hurry = asyncio.Event()
        hurry.set()
        await asyncio.wait_for(door.calls.drain(60, hurry), 60)
        assert socket.close_code == 1001
        assert door.calls.admission.active == 0
    finally:
        calls_module.FAREWELL_TIMEOUT_S = before
