"""A telephone that gives the agent's voice back does not interrupt it, and its user does: a whole server with the
embedded engines. `bench/sip_echo.py` tries more delays and levels."""

import contextlib
import json
import wave
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from tests.free_ports import free_port
from tests.server.serving import serving
from tests.transports.sip.test_real_peers import trunk, until, write_phones
from voi.audio.resample import resample
from voi.calls.ringing import RingingCalls
from voi.config.phones import Phones
from voi.core.end_reason import EndReason
from voi.session import events
from voi.transports.sip.rtp_media import media_of
from voi.transports.sip.service import SipCounters, SipService
from voi.transports.telephone.dialing import Dial
from voi.transports.telephone.door import TelephoneDoor

pytestmark = pytest.mark.integration

AUDIO = Path(__file__).parents[2] / "data" / "audio"
FRAME_BYTES = 320
TRIES = 3
DELAY_FRAMES, GAIN = 8, 10 ** (-10 / 20)
GREETING = "Hello, and thank you for calling. Our office is open from Monday to Friday, from eight until six. " * 2


class Returning:
    """A `LineListener` that sends back what it hears, 160 ms later and 10 dB softer, and says something above it."""

    def __init__(self, line: Any) -> None:
        self._line = line
        self._waiting = deque([bytes(FRAME_BYTES)] * DELAY_FRAMES)
        self._own: deque[bytes] = deque()
        self.heard_ms = 0

    def say(self, pcm: bytes) -> None:
        self._own.extend(pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES))

    def sound(self, pcm: bytes) -> None:
        if self.heard_ms or np.abs(np.frombuffer(pcm, "<i2")).max(initial=0) > 300:
            self.heard_ms += len(pcm) // 16
        self._waiting.append(pcm)
        back = np.frombuffer(self._waiting.popleft(), "<i2") * GAIN
        if self._own and len(back) * 2 == FRAME_BYTES:
            back = back + np.frombuffer(self._own.popleft(), "<i2")
        self._line.play(1, np.clip(back, -32_768, 32_767).astype("<i2").tobytes())

    def key(self, key: str) -> None: ...

    def played(self, message_id: int, size_bytes: int) -> None: ...

    def fault(self, fault: str) -> None: ...

    def gone(self, why: str) -> None: ...


@contextlib.asynccontextmanager
async def calling(port: int) -> AsyncIterator[Returning]:
    phones = Phones.model_validate({
        "sip": {"host": "127.0.0.1", "port": free_port(), "rtp_ports": [24_000, 24_999]},
        "accounts": {"me": {"registers": False, "server": f"127.0.0.1:{port}", "codecs": ["pcmu"]}},
    })  # fmt: skip
    counters = SipCounters(lambda *_: None, lambda fault: None, lambda *_: None)
    nobody = cast(Any, SimpleNamespace(ringing=RingingCalls()))
    phone = SipService(nobody, lambda: cast(Any, SimpleNamespace(phones=phones)), counters, media_of)
    await phone.start()
    try:
        await until(lambda: phone.dialer("me") is not None)
        dialer = phone.dialer("me")
        assert dialer is not None
        answered = await dialer.dial(Dial(f"sip:1001@127.0.0.1:{port}"), lambda: None, lambda: None)
        caller = Returning(answered.line)
        answered.line.open(caller)
        yield caller
        answered.signalling.hang_up(events.Ended(EndReason.FINISHED))
        await answered.line.aclose()
    finally:
        await phone.close()


async def heard(caller: Returning, sound_ms: int) -> None:
    await until(lambda: caller.heard_ms >= sound_ms, 30)


async def test_the_echo_of_a_telephone_does_not_interrupt_and_its_user_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    agent = {"llm_model": "echo", "voices": {"character": {"model": "voice"}}, "greetings": {"choices": [GREETING]}}
    (tmp_path / "agents.json").write_text(json.dumps({"echo": agent}))
    (tmp_path / "tts_models.json").write_text(json.dumps({"voice": {"engine": "espeak"}}))
    write_phones(tmp_path, port, desk=trunk())
    with wave.open(str(AUDIO / "spk1_snt2.wav")) as file:
        said = resample(file.readframes(file.getnframes()), file.getframerate(), 8_000)
    stopped: list[str] = []
    tell = TelephoneDoor.tell

    def noting(door: TelephoneDoor, event: events.DoorEvent) -> None:
        if isinstance(event, events.SoundCleared | events.SoundPlayed):
            stopped.append(type(event).__name__)
        tell(door, event)

    monkeypatch.setattr(TelephoneDoor, "tell", noting)
    async with serving(tmp_path, monkeypatch, disclose=()):
        for _ in range(TRIES):
            stopped.clear()
            async with calling(port) as caller:
                await heard(caller, 3_500)
                if stopped:
                    continue  # the machine stood still, and the delay jumped
                caller.say(said)
                await until(lambda: stopped, 20)
                if stopped[0] == "SoundCleared":
                    return
    pytest.fail("the echo has interrupted the agent, or the caller has not")
