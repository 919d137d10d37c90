"""Decoding in a process of its own."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Callable

import pytest

from tests.audio.sounds import likeness, pieces, speech
from voi.audio import media_apart
from voi.audio.decoder_forks import FORKS, DecoderForks
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
        assert self.decoder._pid is not None
        return self.decoder._pid


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def until(seen: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
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
    await until(lambda: not lives(pid))


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
    def dead(_: str) -> tuple[socket.socket, int]:
        ours, its = socket.socketpair()
        its.close()
        return ours, os.getpid()

    monkeypatch.setattr(FORKS, "decoder", dead)
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


async def test_many_at_once_start_quickly_and_end_with_their_callers() -> None:
    listeners = [Listener("ogg") for _ in range(40)]
    began_s = time.process_time()
    for listener in listeners:
        assert likeness(await listener.hear(FILES["ogg"][1]), speech()) > 0.95
    assert time.process_time() - began_s < 10, "nobody but the fork server loads FFmpeg"
    pids = [listener.pid for listener in listeners]
    assert len(set(pids)) == 40
    await asyncio.gather(*(listener.decoder.close() for listener in listeners))
    await until(lambda: not any(map(lives, pids)))


async def test_a_fork_server_that_was_killed_is_started_again() -> None:
    listener = Listener("ogg")
    await listener.hear(FILES["ogg"][1])
    assert FORKS._process is not None
    FORKS._process.kill()
    FORKS._process.wait()
    second = Listener("ogg")
    assert likeness(await second.hear(FILES["ogg"][1]), speech()) > 0.95
    for each in (listener, second):
        await each.decoder.close()


async def test_one_that_does_not_start_is_an_error_of_its_caller_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    monkeypatch.setattr(media_apart, "FORKS", forks := DecoderForks())
    listener = Listener("webm")
    await until(lambda: listener.errors)
    assert "does not start" in caplog.text
    await listener.decoder.close()
    forks.close()
