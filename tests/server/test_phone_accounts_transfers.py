"""Transfers through telephone accounts that were made over HTTP, and what changes of the accounts do meanwhile."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.serving import RunningServer, fake_engines, serving
from tests.server.test_phone_accounts_http import TRUNK, ask, becomes, sip_port, stored
from tests.transports.sip.peers.processes import free_port
from tests.transports.sip.test_real_peers import noted, until
from tests.transports.sip.test_service import OwnTelephone, telephone
from voi.config.transfers import CallTransfer
from voi.core.end_reason import EndReason
from voi.session.events import TransferAsked
from voi.transports.telephone.door import PASSED_ON

pytestmark = pytest.mark.integration
pytest.importorskip("sqlalchemy")

Patch = pytest.MonkeyPatch


class Place:
    """A caller who came in through the account `desk`, and a colleague behind the account `out`; both were made over
    HTTP."""

    def __init__(self, running: RunningServer, caller: OwnTelephone, colleague: OwnTelephone) -> None:
        self.running, self.caller, self.colleague = running, caller, colleague

    async def briefing(self, monkeypatch: Patch) -> tuple[Any, list[tuple[str, bool]]]:
        """The caller's call, whose colleague hears the briefing; and what the agent is told, as it comes."""
        call = self.caller.call("1001")
        await call.answered(30)
        await until(lambda: any(live.started for live in self.running.server.calls))
        (live,) = self.running.server.calls
        answers: list[tuple[str, bool]] = []
        tell = lambda session, number, result, failed=False: answers.append((result, failed))  # noqa: E731
        monkeypatch.setattr(type(live.session), "door_answers", tell)
        there = f"sip:bob@127.0.0.1:{self.colleague.stack.sockets.port('udp')}"
        how = CallTransfer.model_validate({"to": there, "way": "warm", "account": "out", "briefing": "Well. " * 50})
        assert live.door is not None
        live.door.tell(TransferAsked("1", there, how))
        await until(lambda: self.colleague.calls)
        return call, answers

    async def calls(self, name: str) -> list[tuple[str, str]]:
        _, found = await ask(self.running, "GET", f"/{name}")
        return [(call["direction"], call["state"]) for call in found["calls"]]

    async def ended(self) -> None:
        server = self.running.server
        await until(lambda: server.admission.active == 0 and not server.sip.under_way)
        await until(lambda: server.sip.stack is None or server.sip.stack.dialogs == 0)
        assert not server.outgoing.second_calls.under_way


@contextlib.asynccontextmanager
async def place(tmp_path: Path, monkeypatch: Patch) -> AsyncIterator[Place]:
    noted(monkeypatch)
    port = free_port()
    (tmp_path / "phones.json").write_text(
        json.dumps({
            "sip": {"host": "127.0.0.1", "port": port},
            "outgoing": {"accounts": {"out": {}}, "allow": ["sip:*@127.0.0.1"]},
        })
    )  # fmt: skip
    async with (
        serving(tmp_path, monkeypatch, fake_engines(), **stored(tmp_path)) as running,
        telephone(port) as colleague,
        telephone(port) as caller,
    ):
        there = f"127.0.0.1:{colleague.stack.sockets.port('udp')}"
        assert (await ask(running, "POST", body={"name": "desk", **TRUNK}))[0] == 201
        out = {"name": "out", "registers": False, "server": there, "keep_alive_s": 0, "agent": "echo"}
        assert (await ask(running, "POST", body=out))[0] == 201
        await becomes(running, "out", "ready")
        assert sip_port(running) == port
        yield Place(running, caller, colleague)


@pytest.mark.parametrize("change", ["none", "deleted", "changed", "moved"])
async def test_a_colleague_takes_a_call_whatever_becomes_of_the_accounts(
    change: str, tmp_path: Path, monkeypatch: Patch
) -> None:
    async with place(tmp_path, monkeypatch) as here:
        call, answers = await here.briefing(monkeypatch)
        (live,) = here.running.server.calls
        assert await here.calls("desk") == [("in", "talking")]
        assert await here.calls("out") == [("out", "talking")]
        if change == "deleted":
            assert [(await ask(here.running, "DELETE", f"/{name}"))[0] for name in ("desk", "out")] == [204, 204]
        elif change == "changed":
            for name in ("desk", "out"):
                status, shown = await ask(here.running, "PATCH", f"/{name}", {"display_name": "Another"})
                assert (status, len(shown["calls"])) == (200, 1)
        elif change == "moved":
            before = here.running.server.sip.stack
            phones = json.loads((tmp_path / "phones.json").read_text())
            phones["sip"]["port"] = free_port()
            (tmp_path / "phones.json").write_text(json.dumps(phones))
            await until(lambda: here.running.server.sip.stack is not before)
        await asyncio.sleep(0.1)
        assert not call.over
        here.colleague.calls[0].press("1")
        await until(lambda: answers)
        assert answers == [(PASSED_ON, False)]
        here.colleague.calls[0].hang_up()
        await until(lambda: call.over)
        await here.ended()
        assert live.end_reason is EndReason.TRANSFERRED


async def test_the_server_stops_during_a_briefing(tmp_path: Path, monkeypatch: Patch) -> None:
    """Nobody is left on the line."""
    async with place(tmp_path, monkeypatch) as here:
        call, _ = await here.briefing(monkeypatch)
        here.running.server.stop()
        await until(lambda: call.over and here.colleague.calls[0].over)
        await here.ended()
