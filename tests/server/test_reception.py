"""Shutting down: newcomers refused, conversations given time, everybody told."""

import asyncio

from tests.server.fakes import SECRET, FakeSocket, Sessions, a_desk
from voi.server import reception as reception_module
from voi.server.auth import issue_token
from voi.server.reception import Reception
from voi.transports.voi_ws import wire
from voi.transports.websocket import Receiver, Request

INIT = wire.join({"type": "init", "agent_name": "friend"})


def arrive(reception: Reception) -> tuple[FakeSocket, Receiver]:
    socket = FakeSocket()
    request = Request("/ws", f"token={issue_token('app', SECRET)}", "127.0.0.1:1")
    return socket, reception.meet(socket, request)  # type: ignore[arg-type]


async def test_grace_lets_conversations_end_by_themselves() -> None:
    sessions = Sessions()
    reception = Reception(a_desk(sessions))
    socket, visit = arrive(reception)
    visit.received(INIT)
    waiting, _ = arrive(reception)
    draining = asyncio.create_task(reception.drain(5, asyncio.Event()))
    await asyncio.sleep(0)
    assert waiting.close_code == 1001  # it had not begun
    late, _ = arrive(reception)
    assert (late.close_code, late.errors) == (1013, [reception_module.LEAVING])
    assert not socket.closed
    sessions.opened[0].finish()
    await asyncio.wait_for(draining, 1)
    assert socket.close_code == 1000


async def test_what_is_left_after_the_grace_is_told_and_ended() -> None:
    sessions = Sessions()
    reception = Reception(a_desk(sessions))
    socket, visit = arrive(reception)
    visit.received(INIT)
    await asyncio.wait_for(reception.drain(0.01, asyncio.Event()), 1)
    assert (socket.close_code, socket.errors) == (1001, [reception_module.LEAVING])
    assert reception.desk.admission.active == 0
    visit.lost()
    assert reception.ended == 1


async def test_a_hurry_cuts_the_grace_and_the_stubborn_are_cancelled() -> None:
    reception_module.FAREWELL_TIMEOUT_S, before = 0.01, reception_module.FAREWELL_TIMEOUT_S
    try:
        sessions = Sessions()
        reception = Reception(a_desk(sessions))
        socket, visit = arrive(reception)
        visit.received(INIT)
        await asyncio.sleep(0)
        sessions.opened[0].stubborn = True
        hurry = asyncio.Event()
        hurry.set()
        await asyncio.wait_for(reception.drain(60, hurry), 1)
        assert socket.close_code == 1001
        assert reception.desk.admission.active == 0
    finally:
        reception_module.FAREWELL_TIMEOUT_S = before
