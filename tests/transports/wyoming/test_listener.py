"""A Wyoming listener's options, and how the network finds it."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("wyoming")

from tests.server.fakes import Configs, Sessions, some_calls
from tests.transports.wyoming.served import engines, wyoming_serving
from voi.calls.claims import TokenClaims
from voi.errors import ConfigError
from voi.transports.listeners import DoorServices, OutOfCall, check_listeners
from voi.transports.wyoming.listener import WyomingListener


def made(**options: Any) -> WyomingListener:
    some = engines()
    apart = OutOfCall(lambda: Configs().current, lambda: some, lambda app, use: None, lambda *counted: None)
    return WyomingListener(DoorServices(some_calls(Sessions()), TokenClaims, out_of_call=apart), **options)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"host": "0.0.0.0"}, "Wyoming has no passwords"),
        ({"host": "0.0.0.0", "allow": ["home"]}, "neither an address"),
        ({"host": 7}, "host: must be"),
        ({"port": "x"}, "port: "),
        ({"port": 70_000}, "port: "),
        ({"allow": "any"}, "allow: "),
        ({"app": "my home"}, "app: "),
        ({"agent": "frend"}, "there is no agent 'frend'"),
        ({"wake_words": ["hey", "!"]}, "'!' has no words"),
        ({"wake_words": {"hey": "voi"}}, "wake_words: "),
    ],
)
async def test_options_that_are_refused(options: Mapping[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        made(**options)


async def test_it_opens_to_a_network_when_told_to() -> None:
    listener = made(host="0.0.0.0", port=0, allow=["any"], agent="friend", wake_words={"hey voi": ["hey boy"]})
    await listener.start()
    assert listener.port
    await listener.close()
    await listener.close()


async def test_it_can_be_closed_before_it_started() -> None:
    await made(zeroconf=True).close()


def test_it_is_known_by_its_name() -> None:
    check_listeners({"wyoming": {"port": 1}})
    check_listeners({"wyoming": {"agent": "friend"}})
    check_listeners({"wyoming": {"agent": "friend"}}, ["friend"])
    with pytest.raises(ConfigError, match="there is no agent 'frend'; there are: friend"):
        check_listeners({"wyoming": {"agent": "frend"}}, ["friend"])
    with pytest.raises(ConfigError, match="wyoming: colour: ") as both:
        check_listeners({"wyoming": {"colour": 1, "port": -1}})
    assert len(both.value.problems) == 2


@pytest.mark.integration
async def test_the_network_finds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("zeroconf")
    from zeroconf import ServiceStateChange
    from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

    seen: list[tuple[str, ServiceStateChange]] = []
    async with wyoming_serving(tmp_path, monkeypatch, engines(), zeroconf=True, name="Voi: test!") as served:
        looking = AsyncZeroconf(interfaces=["127.0.0.1"])
        kind = "_wyoming._tcp.local."

        def on_change(zeroconf: Any, service_type: str, name: str, state_change: ServiceStateChange) -> None:
            seen.append((name, state_change))

        browser = AsyncServiceBrowser(looking.zeroconf, kind, handlers=[on_change])
        await served.until(lambda: seen)
        info = AsyncServiceInfo(kind, seen[0][0])
        assert await info.async_request(looking.zeroconf, 3_000)
        assert (info.name, info.port) == (f"Voi- test-.{kind}", served.listener.port)
        assert info.parsed_addresses() == ["127.0.0.1"]
        seen.clear()
        await served.listener.close()
        await served.until(lambda: seen)
        assert seen[0][1] is ServiceStateChange.Removed
        await browser.async_cancel()
        await looking.async_close()


async def test_a_network_without_mdns_costs_a_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    aio = pytest.importorskip("zeroconf.asyncio")

    def none(*args: Any, **options: Any) -> None:
        raise OSError("no multicast")

    monkeypatch.setattr(aio, "AsyncZeroconf", none)
    listener = made(port=0, zeroconf=True)
    await listener.start()
    assert "not announced by mDNS (no multicast)" in caplog.text
    await listener.close()
    await asyncio.sleep(0)
