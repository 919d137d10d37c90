"""Many calls leave nothing behind: no task, no port, no dialog, no place. `bench/sip_calls.py` makes a thousand, one
after the other, and looks at memory too."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.free_ports import free_port
from tests.server.serving import RunningServer, fake_engines, serving
from tests.transports.sip.test_real_peers import trunk, until, write_phones
from tests.transports.sip.test_service import telephone

pytestmark = pytest.mark.integration

ROUNDS, AT_ONCE = 20, 10


def held(running: RunningServer) -> tuple[int, int, int]:
    """Open files, tasks, SIP dialogs."""
    stack = running.server.sip.stack
    return len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks()), stack.dialogs if stack else 0


async def test_two_hundred_calls_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    write_phones(tmp_path, port, desk=trunk())
    async with serving(tmp_path, monkeypatch, fake_engines(), disclose=()) as running, telephone(port) as phone:
        server, before = running.server, held(running)
        for number in range(ROUNDS):
            calls = [phone.call("1001") for _ in range(AT_ONCE)]
            await asyncio.gather(*(call.answered(20) for call in calls))
            if number % 2:  # some leave before the conversation has begun
                await until(lambda: all(live.started for live in server.calls))
            for call in calls:
                call.hang_up()
            await until(lambda: not len(server.calls), 20)
        assert server.admission.active == 0
        assert not server.sip.accounts["desk"].legs
        await until(lambda: all(now <= then for now, then in zip(held(running), before, strict=True)))
        stack = server.sip.stack
        assert stack is not None
        assert len(stack.transactions) <= 2 * ROUNDS * AT_ONCE, "each is forgotten when nothing of it can come any more"
