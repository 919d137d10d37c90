"""A whole server with SIP accounts, and Debian's kamailio and sipp on the loopback."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.sip_wire import NotedMedia
from tests.free_ports import free_port
from tests.server.serving import RunningServer, fake_engines, serving
from tests.transports.sip.peers.processes import (
    HERE,
    kamailio,
    needs_kamailio,
    needs_sipp,
    sipp,
)
from voi.server import run
from voi.transports.telephone.dialing import Dial, NotAnswered
from voi.transports.telephone.srtp import srtp_is_there

pytestmark = pytest.mark.integration

Patch = pytest.MonkeyPatch


def write_phones(folder: Path, port: int, **accounts: Any) -> None:
    sip = {"host": "127.0.0.1", "port": port}
    (folder / "phones.json").write_text(json.dumps({"sip": sip, "accounts": accounts}))


def registered(server: int, **more: Any) -> dict[str, Any]:
    return {"server": f"127.0.0.1:{server}", "domain": "pbx.test", "user": "voi", "password": "secret",
            "agent": "echo", **more}  # fmt: skip


def trunk(**more: Any) -> dict[str, Any]:
    return {"registers": False, "allow": "127.0.0.0/8", "agent": "echo", **more}


async def until(seen: Callable[[], object], timeout_s: float = 60) -> None:
    async with asyncio.timeout(timeout_s):
        while not seen():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def noted(monkeypatch: Patch) -> list[NotedMedia]:
    """Sound of calls is noted and goes nowhere."""
    opened: list[NotedMedia] = []

    async def open_media(host: str) -> NotedMedia:
        opened.append(NotedMedia())
        return opened[-1]

    monkeypatch.setattr(run, "media_of", lambda listening, count: open_media)
    return opened


def counted(running: RunningServer, account: str, direction: str, outcome: str) -> float:
    labels = {"account": account, "direction": direction, "outcome": outcome}
    return running.server.metrics.registry.get_sample_value("voi_sip_calls_total", labels) or 0.0


@needs_sipp
@pytest.mark.parametrize("transport", ["u1", "t1"])
async def test_sipp_calls_a_trunk(transport: str, tmp_path: Path, monkeypatch: Patch) -> None:
    opened = noted(monkeypatch)
    port = free_port()
    write_phones(tmp_path, port, desk=trunk())
    async with serving(tmp_path, monkeypatch, fake_engines(), disclose=()) as running:
        status, errors = await sipp(tmp_path, port, "-sn", "uac", "-s", "1001", "-m", "5", "-r", "10", "-d", "300",
                                    "-t", transport)  # fmt: skip
        assert (status, errors) == (0, "")
        await until(lambda: running.server.admission.active == 0)
        assert counted(running, "desk", "in", "answered") == 5
        assert all(media.played for media in opened), "each heard the greeting"
        assert all(media.closed for media in opened)
        assert running.server.sip.stack is not None
        assert running.server.sip.stack.dialogs == 0


@needs_sipp
@pytest.mark.parametrize("scenario", ["hold", "cancel", "info", "late_offer", "prack", "timer"])
async def test_sipp_scenarios(scenario: str, tmp_path: Path, monkeypatch: Patch) -> None:
    opened = noted(monkeypatch)
    port = free_port()
    write_phones(tmp_path, port, desk=trunk(ring_s=5 if scenario == "cancel" else 0.5))
    async with serving(tmp_path, monkeypatch, fake_engines(), disclose=()) as running:
        options = ("-sf", str(HERE / f"{scenario}.xml"), "-s", "1001")
        status, errors = await sipp(tmp_path, port, *options)
        assert (status, errors) == (0, "")
        await until(lambda: running.server.admission.active == 0)
        await until(lambda: all(media.closed for media in opened))
        assert counted(running, "desk", "in", "cancelled" if scenario == "cancel" else "answered") == 1
        if scenario == "hold":
            assert [plan.sends for plan in opened[0].plans if plan.port] == [True, True, False, True]


@needs_sipp
async def test_refusals(tmp_path: Path, monkeypatch: Patch) -> None:
    noted(monkeypatch)
    port = free_port()
    write_phones(
        tmp_path, port,
        few=trunk(max_calls=1, allow=[], secret="few-secret"),
        chosen=trunk(callers=["+49*"], allow=[], secret="chosen-secret"),
        nobody={"registers": False, "allow": [], "secret": "nobody-secret"},
        **({"secure": trunk(srtp="required", allow=[], secret="secure-secret")} if srtp_is_there() else {}),
    )  # fmt: skip
    async with serving(tmp_path, monkeypatch, fake_engines(), disclose=()) as running:

        async def code(user: str) -> tuple[int, str]:
            scenario = tmp_path / "refused.xml"
            scenario.write_text((HERE / "refused.xml").read_text().replace('"403"', f'"{expected[user]}"'))
            return await sipp(tmp_path, port, "-sf", str(scenario), "-s", user)

        expected = {"chosen-secret": "403", "nobody-secret": "404", "else": "403"}
        if srtp_is_there():
            expected["secure-secret"] = "488"
        for user in expected:
            assert await code(user) == (0, ""), user
        call = asyncio.ensure_future(sipp(tmp_path, port, "-sn", "uac", "-s", "few-secret", "-d", "1500"))
        await until(lambda: running.server.admission.active == 1)
        expected["few-secret"] = "486"
        assert await code("few-secret") == (0, "")
        assert await call == (0, "")
        running.server.admission.close()
        expected["few-secret"] = "480"
        assert await code("few-secret") == (0, "")


@needs_kamailio
@pytest.mark.parametrize("algorithm", ["", "SHA-256"])
async def test_registration_with_kamailio(algorithm: str, tmp_path: Path, monkeypatch: Patch) -> None:
    noted(monkeypatch)
    port, server = free_port(), free_port()
    write_phones(tmp_path, port, right=registered(server), wrong=registered(server, password="no", user="other"))
    async with (
        kamailio(tmp_path, server, algorithm=algorithm),
        serving(tmp_path, monkeypatch, fake_engines(), disclose=()) as running,
    ):
        states = lambda: {name: state.name for name, state in running.server.sip.states.items()}  # noqa: E731
        await until(lambda: states() == {"right": "registered", "wrong": "failed"})
        assert "401" in running.server.sip.states["wrong"].reason
        write_phones(tmp_path, port, wrong=registered(server, user="other"))  # mended, and the other is gone
        await until(lambda: states() == {"wrong": "registered"})


@needs_kamailio
@needs_sipp
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_calls_through_kamailio(transport: str, tmp_path: Path, monkeypatch: Patch) -> None:
    opened = noted(monkeypatch)
    port, server, telephone = free_port(), free_port(), free_port()
    write_phones(tmp_path, port, pbx=registered(server, transport=transport))
    async with (
        kamailio(tmp_path, server),
        serving(tmp_path, monkeypatch, fake_engines(), disclose=()) as running,
    ):
        service = running.server.sip
        await until(lambda: service.states["pbx"].name == "registered")
        scenario = str(HERE / "routed.xml")
        assert await sipp(tmp_path, server, "-sf", scenario, "-s", "voi", "-d", "500") == (0, "")
        await until(lambda: running.server.admission.active == 0 and opened[0].closed)
        answering = asyncio.ensure_future(
            sipp(tmp_path, server, "-sn", "uas", "-p", str(telephone), "-timeout", "20")
        )  # fmt: skip
        dialer = service.dialer("pbx")
        assert dialer is not None
        rang: list[bool] = []
        gone: list[bool] = []
        await asyncio.sleep(0.5)
        dial = Dial(f"sip:service@127.0.0.1:{telephone}", ring_timeout_s=5)
        call = await dialer.dial(dial, lambda: rang.append(True), lambda: gone.append(True))
        assert rang == [True]
        await call.line.aclose()
        from voi.core.end_reason import EndReason
        from voi.session.events import Ended

        call.signalling.hang_up(Ended(EndReason.AGENT_HUNG_UP))
        assert await answering == (0, "")
        assert gone == []
        with pytest.raises(NotAnswered) as failed:
            await dialer.dial(Dial("sip:nobody@pbx.test"), lambda: None, lambda: None)
        assert failed.value.kind == "unreachable"


@needs_kamailio
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_the_registrar_starts_again(transport: str, tmp_path: Path, monkeypatch: Patch) -> None:
    noted(monkeypatch)
    monkeypatch.setattr("voi.transports.sip.registration.RETRY_FIRST_S", 0.2)
    monkeypatch.setattr("voi.transports.sip.transactions.GIVE_UP_S", 1.0)
    port, server, second = free_port(), free_port(), free_port()
    account = registered(server, keep_alive_s=0.3, transport=transport) | {
        "server": [f"127.0.0.1:{server}", f"127.0.0.1:{second}"]
    }
    write_phones(tmp_path, port, pbx=account)
    async with serving(tmp_path, monkeypatch, fake_engines(), disclose=()) as running:
        state = lambda: running.server.sip.states["pbx"]  # noqa: E731
        async with kamailio(tmp_path, server):
            await until(lambda: state().name == "registered")
        await until(lambda: state().name == "retrying")
        assert "is not reached" in state().reason
        async with kamailio(tmp_path, second):
            await until(lambda: state().name == "registered")
            assert state().server == f"127.0.0.1:{second}"


@needs_kamailio
async def test_registrations_are_renewed_before_they_expire(tmp_path: Path, monkeypatch: Patch) -> None:
    noted(monkeypatch)
    port, server = free_port(), free_port()
    write_phones(tmp_path, port, pbx=registered(server))
    async with (
        kamailio(tmp_path, server, expires_s=2),
        serving(tmp_path, monkeypatch, fake_engines(), disclose=()) as running,
    ):
        await until(lambda: running.server.sip.states["pbx"].name == "registered")
        for _ in range(8):
            await asyncio.sleep(0.5)
            status, _ = await sipp(tmp_path, server, "-sf", str(HERE / "options.xml"), "-s", "voi")
            assert status == 0, "the registrar still knows where it is"
