"""baresip as a telephone: a recording is its microphone, and what it hears becomes a file."""

import asyncio
import contextlib
import json
import shutil
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.free_ports import free_port
from tests.transports.sip.peers.processes import process
from voi.audio.resample import resample

BARESIP = shutil.which("baresip")
needs_baresip = pytest.mark.skipif(BARESIP is None, reason="baresip is not installed")
MODULES = ("g711", "g722", "opus", "srtp", "aufile", "aubridge", "sndfile")
CONFIG = """
poll_method epoll
sip_listen 127.0.0.1:{port}
sip_trans_def {transport}
sip_verify_server no
audio_source aufile,{said}
audio_player aubridge,nowhere
audio_alert aubridge,alert
snd_path {home}
ausrc_srate {rate}
auplay_srate {rate}
ausrc_channels 1
auplay_channels 1
rtp_ports 33000-33998
jitter_buffer_delay 2-5
module_path {modules}
{loaded}
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
"""


class Baresip:
    def __init__(self, folder: Path, control: int) -> None:
        self._folder = folder
        self.events: list[dict[str, Any]] = []
        self._control = control
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def connect(self) -> None:
        async with asyncio.timeout(60):
            while self._writer is None:
                try:
                    self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._control)
                except OSError:
                    await asyncio.sleep(0.05)

    def command(self, name: str, params: str = "") -> None:
        """One of baresip's commands, such as dial."""
        assert self._writer is not None
        text = json.dumps({"command": name, "params": params, "token": ""})
        self._writer.write(f"{len(text)}:{text},".encode())

    async def event(self, kind: str, timeout_s: float = 60.0) -> dict[str, Any]:
        """Wait for an event of that type, such as CALL_ESTABLISHED."""
        assert self._reader is not None
        async with asyncio.timeout(timeout_s):
            while True:
                size = int((await self._reader.readuntil(b":"))[:-1])
                said = json.loads((await self._reader.readexactly(size + 1))[:-1])
                self.events.append(said)
                if said.get("type") == kind:
                    return dict(said)

    def heard_pcm(self, rate_hz: int = 16_000) -> bytes:
        """All that it has heard, as PCM, once the call is over."""
        (heard,) = self._folder.glob("dump-*-dec.wav")
        with wave.open(str(heard)) as file:
            sound = np.frombuffer(file.readframes(file.getnframes()), np.int16)[:: file.getnchannels()]
            return resample(sound.tobytes(), file.getframerate(), rate_hz)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


@contextlib.asynccontextmanager
async def baresip(
    folder: Path, account: str, said: bytes, rate_hz: int, transport: str = "udp", port: int = 0
) -> AsyncIterator[Baresip]:
    """`account`: a line of its accounts file. `said`: PCM at `rate_hz` that it says from the beginning of a call.
    `port`: where it listens; 0: any."""
    assert BARESIP is not None
    home = folder / "baresip"
    home.mkdir()
    with wave.open(str(home / "said.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(said)
    (home / "accounts").write_text(account + "\n")
    (home / "contacts").write_text("")
    async with contextlib.AsyncExitStack() as stack:
        for tries_left in (2, 1, 0):  # another test may take a free port before baresip does
            telephone = Baresip(home, free_port())
            text = CONFIG.format(
                port=port or free_port(), said=home / "said.wav", home=home, rate=rate_hz, transport=transport,
                modules="/usr/lib/baresip/modules", loaded="\n".join(f"module {name}.so" for name in MODULES),
                control=telephone._control,
            )  # fmt: skip
            (home / "config").write_text(text)
            await stack.enter_async_context(process(BARESIP, "-4", "-f", str(home), cwd=home))
            try:
                await telephone.connect()
                break
            except TimeoutError:
                if not tries_left:
                    raise
                await stack.aclose()
        try:
            yield telephone
        finally:
            telephone.close()
