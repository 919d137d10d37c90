"""baresip as the other end of a call: it answers by itself, says a recording, and keeps what it hears."""

import asyncio
import shutil
import socket
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from voi.audio.resample import resample

MODULES = Path("/usr/lib/baresip/modules")
RATE_HZ = 8_000
CONFIG = """
sip_listen 127.0.0.1:{port}
audio_source aufile,{said}
audio_player aubridge,nowhere
audio_alert aubridge,alert
snd_path {home}
rtp_ports 34000-34998
net_interface 127.0.0.1
module_path {modules}
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_tmp account.so
module_app menu.so
"""


def free_port() -> int:
    """A port of the loopback that neither UDP nor TCP uses."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            try:
                tcp.bind(udp.getsockname())
            except OSError:
                continue
            return int(udp.getsockname()[1])


class BaresipPeer:
    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.address = f"sip:peer@127.0.0.1:{port}"

    def heard(self) -> bytes:
        """What it has heard, as 16-bit PCM at `RATE_HZ`, once the call is over."""
        (dump,) = self.folder.glob("dump-*-dec.wav")
        with wave.open(str(dump)) as file:
            return file.readframes(file.getnframes())


def _prepared(folder: Path, pcm: bytes, rate_hz: int) -> int:
    """Write its files. Returns its port."""
    folder.mkdir()
    said, port = folder / "said.wav", free_port()
    with wave.open(str(said), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(resample(pcm, rate_hz, RATE_HZ))
    config = CONFIG.format(port=port, said=said, home=folder, modules=MODULES)
    (folder / "config").write_text(config)
    (folder / "accounts").write_text(f"<sip:peer@127.0.0.1:{port}>;regint=0;answermode=auto;audio_codecs=pcma\n")
    (folder / "contacts").write_text("")
    return port


@asynccontextmanager
async def baresip_peer(folder: Path, pcm: bytes, rate_hz: int) -> AsyncIterator[BaresipPeer]:
    """A peer that says that sound (s16le) as soon as it is rung up."""
    program = shutil.which("baresip")
    assert program is not None
    port = _prepared(folder, pcm, rate_hz)
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            program, "-f", str(folder), stdin=asyncio.subprocess.PIPE, stdout=log, stderr=log
        )
    try:
        for _ in range(100):
            if b"is ready" in (folder / "log").read_bytes():
                break
            await asyncio.sleep(0.1)
        yield BaresipPeer(folder, port)
    finally:
        process.terminate()
        await process.wait()
