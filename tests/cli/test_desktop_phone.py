"""The desktop telephone without a container: its start script, with the virtual display, the sound server and GNOME
Calls of Debian. Voi dials a SIP peer by the application's own interface, an agent talks, and sound goes both ways."""

import asyncio
import os
import shutil
import signal
import socket
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.fakes.engines import silence, tone
from tests.free_ports import free_port
from tests.server.fakes import SECRET
from tests.server.serving import RunningServer, fake_engines, serving
from tests.transports.sip.peers.baresip import Baresip, baresip
from voi.audio.resample import resample
from voi.engines.base import SttOptions
from voi.engines.stt.moonshine import Moonshine
from voi.server.auth import issue_token
from voi.server.kept_process import VOI

pytest.importorskip("sounddevice")
NEEDED = ("gnome-calls", "Xvfb", "pulseaudio", "pacat", "x11vnc", "gnome-keyring-daemon", "dbus-run-session", "gdbus",
          "baresip")  # fmt: skip
MISSING = [name for name in NEEDED if shutil.which(name) is None]
pytestmark = [pytest.mark.integration, pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")]

ROOT = Path(__file__).parents[2]
START = ROOT / "docker" / "desktop-phone" / "start.sh"
RATE_HZ = 8_000
Patch = pytest.MonkeyPatch


def account(home: Path, port: int) -> None:
    """An account of GNOME Calls that needs no registrar, as its dialog would write it."""
    folder = home / ".config" / "calls"
    folder.mkdir(parents=True)
    (folder / "sip-account.cfg").write_text(
        f"[sip-00]\nId=voi\nHost=\nUser=\nDisplayName=Voi\nPort=0\nProtocol=UDP\nAutoConnect=true\nDirectMode=true\n"
        f"LocalPort={port}\nCanTel=true\n"
    )


@asynccontextmanager
async def peer_saying(folder: Path, pcm: bytes, rate_hz: int) -> AsyncIterator[tuple[Baresip, str]]:
    """baresip at the other end, which answers by itself, and its address."""
    port = free_port()
    address = f"sip:peer@127.0.0.1:{port}"
    account_line = f"<{address}>;regint=0;answermode=auto;audio_codecs=pcma"
    async with baresip(folder, account_line, resample(pcm, rate_hz, RATE_HZ), RATE_HZ, port=port) as peer:
        yield peer, address


@asynccontextmanager
async def desktop(tmp_path: Path, *command: str, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    home = tmp_path / "home"
    account(home, free_port())
    password = tmp_path / "password"
    password.write_text("password1\n")
    given = {
        "HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "GSETTINGS_BACKEND": "memory",
        "PHONE_PASSWORD_FILE": str(password), "PHONE_DISPLAY": str(90 + os.getpid() % 900),
        "PHONE_VNC_PORT": str(free_port()), **environment,
    }  # fmt: skip
    with (tmp_path / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            str(START), *command, env=given, cwd=tmp_path, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 20)


def softphone(running: RunningServer, *arguments: str) -> list[str]:
    token = issue_token("phone", SECRET, life_days=1)
    where = ["--url", f"ws://127.0.0.1:{running.port}/ws", "--token", token, "--agent", "echo"]
    return [*VOI, "softphone", *where, *arguments]


async def until(seen: Callable[[], object], process: asyncio.subprocess.Process, timeout_s: float = 60) -> None:
    for _ in range(round(timeout_s * 10)):
        if seen():
            return
        assert process.returncode is None, "the desktop ended; its log says why"
        await asyncio.sleep(0.1)
    raise AssertionError("that was never seen")


async def test_voi_dials_and_an_agent_talks_over_the_telephone(tmp_path: Path, monkeypatch: Patch) -> None:
    """The peer hears the agent's greeting, and the agent hears the peer."""
    said = silence(6_000, 16_000) + tone(1_000, 16_000) + silence(60_000, 16_000)
    (tmp_path / "server").mkdir()
    async with (
        serving(tmp_path / "server", monkeypatch, fake_engines("one two three"), disclose=()) as running,
        peer_saying(tmp_path, said, 16_000) as (peer, address),
    ):
        command = softphone(running, "--dial", address, "--allow", "sip:peer@127.0.0.1:*")
        async with desktop(tmp_path, *command) as process:
            await until(lambda: running.server.admission.active, process)
            (call,) = running.server.calls
            await until(lambda: call.session and len(call.session.dialogue()) >= 3, process)
            assert call.session is not None
            assert [message.text for message in call.session.dialogue()][:3] == [
                "Hello there my friend.", "one two three", "one two three",
            ]  # fmt: skip
            await asyncio.sleep(1.5)
            call.hang_up()
            await asyncio.wait_for(process.wait(), 20)
        pcm = np.frombuffer(peer.heard_pcm(RATE_HZ), "<i2")
        loud_ms = sum(np.abs(pcm[at : at + RATE_HZ // 50]).max() > 500 for at in range(0, len(pcm), RATE_HZ // 50)) * 20
        assert loud_ms > 900, "a greeting of 1.1 s, and an answer"


async def test_recorded_speech_over_the_desktop_telephone(tmp_path: Path, monkeypatch: Patch) -> None:
    """With the embedded engines: the peer says a recording, the agent says it back, and the peer hears those words."""
    with wave.open(str(ROOT / "tests" / "data" / "audio" / "spk1_snt2.wav")) as recording:
        rate_hz = recording.getframerate()
        said = silence(8_000, rate_hz) + recording.readframes(recording.getnframes()) + silence(60_000, rate_hz)
    (tmp_path / "server").mkdir()
    async with (
        serving(tmp_path / "server", monkeypatch, turn_engine="none", disclose=()) as running,
        peer_saying(tmp_path, said, rate_hz) as (peer, address),
    ):
        command = softphone(running, "--dial", address, "--allow", address)
        async with desktop(tmp_path, *command) as process:
            await until(lambda: running.server.admission.active, process)
            (call,) = running.server.calls
            await until(lambda: call.session and len(call.session.dialogue()) >= 3, process)
            assert call.session is not None
            assert call.session.dialogue()[1].text == "Drop the two when you add the figures."
            await asyncio.sleep(5)
            call.hang_up()
            await asyncio.wait_for(process.wait(), 20)
        heard = peer.heard_pcm()
    moonshine = Moonshine()
    await moonshine.warm_up()
    stream = moonshine.open(SttOptions(), None)
    stream.feed(heard[-7 * 32_000 :] + silence(300))
    words = set((await stream.flush()).text.lower().strip(".").split())
    # a busy machine costs the line some milliseconds here and there, and so the transcript some words
    assert words & {"drop", "two", "when", "you", "add", "figures"}
    await moonshine.close()


async def test_what_may_not_be_dialled_is_not(tmp_path: Path, monkeypatch: Patch) -> None:
    (tmp_path / "server").mkdir()
    async with serving(tmp_path / "server", monkeypatch, fake_engines()) as running:
        command = softphone(running, "--dial", "sip:other@127.0.0.1", "--allow", "sip:peer@*")
        process = await asyncio.create_subprocess_exec(
            *command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=asyncio.subprocess.PIPE
        )
        _, told = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 1
        assert b"may not be dialled" in told


async def test_the_picture_needs_the_password(tmp_path: Path) -> None:
    """VNC offers no authentication but the password's (RFC 6143: type 2), on the loopback alone."""
    port = free_port()
    async with desktop(tmp_path, PHONE_VNC_PORT=str(port)):

        def greeting() -> bytes:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as viewer:
                version = viewer.recv(12)
                viewer.sendall(version)
                return version + viewer.recv(8)

        async with asyncio.timeout(30):
            while True:
                try:
                    told = await asyncio.to_thread(greeting)
                    break
                except OSError:
                    await asyncio.sleep(0.2)
        assert told.startswith(b"RFB 003.")
        assert told[12:] == b"\x01\x02"
