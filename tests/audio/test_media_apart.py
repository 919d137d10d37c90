"""Decoding in a process of its own."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable

import pytest

from tests.audio.sounds import likeness, pieces, speech
from voi.audio import media_apart
from voi.audio.media_apart import DecoderProcess
from voi.errors import ClientError, ConfigError

pytest.importorskip("av")

from tests.audio.test_media import FILES

pytestmark = pytest.mark.integration


class Listener:
    def __init__(self, container: str) -> None:
        self.pcm = bytearray()
        self.errors: list[str] = []
        self.decoder = DecoderProcess(container, self.pcm.extend, lambda error: self.errors.append(str(error)))

    async def hear(self, *sent: bytes) -> bytes:
        for piece in sent:
            self.decoder.push(piece)
        await self.decoder.drain(30)
        return bytes(self.pcm)

    @property
    def pid(self) -> int:
        assert self.decoder._process is not None
        return self.decoder._process.pid


async def until(seen: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not seen():  # noqa: ASYNC110 - it is told by a callback
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("name", FILES)
async def test_it_gives_what_decoding_here_gives(name: str) -> None:
    container, data = FILES[name]
    listener = Listener(container)
    once = len(await listener.hear(*pieces(data, 2_500)))
    pcm = await listener.hear(data)
    pid = listener.pid
    await listener.decoder.close()
    await listener.decoder.close()
    assert listener.errors == []
    assert likeness(pcm[-once:], speech()) > 0.95
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_broken_file_is_told_and_the_next_is_heard() -> None:
    listener = Listener("webm")
    await listener.hear(b"\x1a\x45\xdf\xa3" + bytes(50_000))
    pcm = await listener.hear(FILES["webm file"][1])
    await listener.decoder.close()
    assert len(listener.errors) == 1
    assert likeness(pcm, speech()) > 0.95


async def test_a_file_that_kills_its_decoder_costs_an_error(caplog: pytest.LogCaptureFixture) -> None:
    container, data = FILES["webm stream"]
    listener = Listener(container)
    await listener.hear(data[: len(data) // 2])
    os.kill(listener.pid, signal.SIGSEGV)
    await until(lambda: listener.errors)
    listener.decoder.push(data[len(data) // 2 :])  # the rest of the file is of no use
    await listener.decoder.drain()
    assert listener.errors == ["The sound cannot be decoded as webm: its file is broken."]
    assert "ended its decoder" in caplog.text
    listener.pcm.clear()
    pcm = await listener.hear(*pieces(data, 3_000))
    await listener.decoder.close()
    assert likeness(pcm, speech()) > 0.95


async def test_who_kills_one_after_the_other_gets_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    listener = Listener("ogg")
    for _ in range(10):
        await until(lambda: listener.decoder._broken)
        listener.decoder.push(FILES["ogg"][1])
    assert listener.decoder._starts == media_apart.STARTS_MAX
    await listener.decoder.drain()
    await listener.decoder.close()


async def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_apart, "WAITING_LIMIT_BYTES", 100_000)
    listener = Listener("mp4")
    listener.decoder.push(bytes(60_000))
    with pytest.raises(ClientError, match="faster than it can be decoded"):
        listener.decoder.push(bytes(60_000))
    await listener.decoder.close()


async def test_without_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ConfigError, match=r"\./install.sh media"):
        Listener("webm")
