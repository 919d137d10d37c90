"""Listeners of other packages: a whole server with one more door, which touches no file of Voi."""

import asyncio
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.engines import silence, tone
from tests.server.fakes import SECRET
from tests.server.serving import fake_engines, serving
from tests.transports.raw_pcm import door
from tests.transports.raw_pcm.door import RawPcmListener
from voi.calls.claims import TokenClaims
from voi.errors import ConfigError
from voi.server.auth import issue_token
from voi.transports import listeners

pytestmark = pytest.mark.integration

Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def installed(monkeypatch: Patch) -> None:
    point = EntryPoint("raw_pcm", "tests.transports.raw_pcm.door:RawPcmListener", listeners.GROUP)
    monkeypatch.setattr(listeners, "entry_points", lambda group: [point] if group == listeners.GROUP else [])


async def test_a_conversation(tmp_path: Path, monkeypatch: Patch) -> None:
    made: list[RawPcmListener] = []
    start = RawPcmListener.start

    async def started(self: RawPcmListener) -> None:
        made.append(self)
        await start(self)

    monkeypatch.setattr(door.RawPcmListener, "start", started)
    async with serving(tmp_path, monkeypatch, fake_engines("one two three four"), listeners={"raw_pcm": {}}):
        (listener,) = made
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(f"{issue_token('app', SECRET)} echo\n".encode())
        greeting = await asyncio.wait_for(reader.readexactly(22 * 50 * 48), 60)  # 22 characters of 50 ms at 24 kHz
        assert any(greeting)
        await asyncio.sleep(0.5)  # until it was heard
        writer.write(tone(800) + silence(1_500))
        answer = await asyncio.wait_for(reader.readexactly(18 * 50 * 48), 60)
        assert any(answer)
        writer.close()


@pytest.mark.parametrize("head", [b"no.such.token echo\n", b"nonsense\n", b"\xff\xff\n"])
async def test_strangers_are_sent_away(head: bytes, tmp_path: Path, monkeypatch: Patch) -> None:
    made: list[Any] = []
    monkeypatch.setattr(door, "RawPcmListener", lambda *a, **k: made.append(RawPcmListener(*a, **k)) or made[-1])
    async with serving(tmp_path, monkeypatch, fake_engines(), listeners={"raw_pcm": {}}):
        reader, writer = await asyncio.open_connection("127.0.0.1", made[0].port)
        writer.write(head)
        assert await asyncio.wait_for(reader.read(), 30) == b""
        writer.close()


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"fax": {}}, "no listener 'fax'; there are: wyoming, raw_pcm"),
        ({"raw_pcm": {"colour": 1}}, "cannot be made with these"),
    ],
)
async def test_what_cannot_be_started_is_a_mistake_of_the_configuration(wanted: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        await listeners.start_listeners(wanted, listeners.DoorServices(None, TokenClaims))  # type: ignore[arg-type]


async def test_a_place_that_is_taken_leaves_nothing_listening() -> None:
    services = listeners.DoorServices(None, TokenClaims)  # type: ignore[arg-type]
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    with pytest.raises(ConfigError, match="cannot listen"):
        await listeners.start_listeners({"raw_pcm": {"port": port}}, services)
    taken.close()
