"""A telephone that people use, baresip, talks with an agent: recorded speech goes in, and the answer is transcribed."""

import asyncio
import json
import wave
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.engines import silence
from tests.free_ports import free_port
from tests.server.serving import fake_engines, serving
from tests.transports.sip.peers.baresip import baresip, needs_baresip
from tests.transports.sip.test_real_peers import trunk, until
from voi.audio.resample import resample
from voi.engines.base import SttOptions
from voi.engines.stt.moonshine import Moonshine
from voi.server.certificate import write_self_signed
from voi.session.events import KeysAsked
from voi.transports.telephone.dialing import Dial

pytestmark = [pytest.mark.integration, needs_baresip]

SENTENCE = "Drop the two when you add the figures."
AUDIO = Path(__file__).parents[2] / "data" / "audio"


def speech(rate_hz: int) -> bytes:
    """Four seconds of silence, in which the agent greets; then a sentence."""
    with wave.open(str(AUDIO / "spk1_snt2.wav")) as recording:
        pcm = resample(recording.readframes(recording.getnframes()), recording.getframerate(), rate_hz)
    return bytes(2 * rate_hz * 4) + pcm + bytes(2 * rate_hz * 12)


async def transcript(pcm: bytes) -> str:
    moonshine = Moonshine()
    await moonshine.warm_up()
    stream = moonshine.open(SttOptions(), None)
    stream.feed(pcm + silence(300))
    text = (await stream.flush()).text
    await moonshine.close()
    return text


@pytest.mark.parametrize(
    ("codec", "transport", "encryption"),
    [
        ("pcmu", "udp", ""),
        ("pcma", "tcp", "srtp"),
        ("opus/48000/2", "tls", "srtp-mand"),
        ("g722/16000/1", "udp", "srtp-mandf"),
    ],
)
async def test_a_conversation(
    codec: str, transport: str, encryption: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if encryption:
        pytest.importorskip("pylibsrtp")
    port, tls_port = free_port(), free_port()
    sip: dict[str, Any] = {"host": "127.0.0.1", "port": port}
    if transport == "tls":
        cert, key = write_self_signed(tmp_path, ["127.0.0.1"], 30)
        sip |= {"tls_port": tls_port, "tls_cert_file": str(cert), "tls_key_file": str(key)}
    (tmp_path / "phones.json").write_text(json.dumps({"sip": sip, "accounts": {"desk": trunk()}}))
    name, _, rest = codec.partition("/")
    rate_hz = int(rest.split("/")[0] if rest else 8_000)
    account = f"<sip:anna@127.0.0.1;transport={transport}>;regint=0;audio_codecs={codec}"
    account += f";mediaenc={encryption}" if encryption else ""
    async with (
        serving(tmp_path, monkeypatch, turn_engine="none", disclose=()) as running,
        baresip(tmp_path, account, speech(rate_hz), rate_hz, transport) as telephone,
    ):
        at = tls_port if transport == "tls" else port
        telephone.command("dial", f"sip:1001@127.0.0.1:{at};transport={transport}")
        await telephone.event("CALL_ESTABLISHED")
        (call,) = running.server.calls
        session = call.session
        assert session is not None
        (leg,) = running.server.sip.accounts["desk"].legs
        plan = leg.talks.plan
        assert plan is not None
        assert plan.codec == name.upper()
        assert (plan.keys is not None) == bool(encryption)
        await until(lambda: len(session.dialogue()) >= 3, 60)
        await asyncio.sleep(4)
        said = [entry.text for entry in session.dialogue() if entry.role == "user"]
        assert said == [SENTENCE]
        telephone.command("hangup")
        await until(lambda: running.server.admission.active == 0)
    text = (await transcript(telephone.heard_pcm())).lower()
    # a plain synthetic voice, for ears that are small
    assert SequenceMatcher(None, text, f"hello there my friend. {SENTENCE.lower()}").ratio() > 0.5, text


@pytest.mark.parametrize("mode", ["rtp", "info"])
async def test_keys_both_ways_and_hold(mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    sip = {"host": "127.0.0.1", "port": port}
    (tmp_path / "phones.json").write_text(json.dumps({"sip": sip, "accounts": {"desk": trunk(keys=mode)}}))
    account = "<sip:anna@127.0.0.1>;regint=0;audio_codecs=pcma"
    async with (
        serving(tmp_path, monkeypatch, fake_engines(), disclose=()) as running,
        baresip(tmp_path, account, bytes(16_000 * 30), 8_000) as telephone,
    ):
        telephone.command("dial", f"sip:1001@127.0.0.1:{port}")
        await telephone.event("CALL_ESTABLISHED")
        (call,) = running.server.calls
        assert call.session is not None
        pressed: list[str] = []
        monkeypatch.setattr(type(call.session), "key_pressed", lambda session, key: pressed.append(key))
        for key in "5#0":
            telephone.command("sndcode", key)
            await asyncio.sleep(0.4)
        await until(lambda: pressed == ["5", "#", "0"])
        assert call.door is not None
        call.door.tell(KeysAsked("1", "1*"))
        first, second = [(await telephone.event("CALL_DTMF_START"))["param"] for _ in range(2)]
        assert (first, second) == ("1", "*")
        (leg,) = running.server.sip.accounts["desk"].legs
        telephone.command("hold")
        await until(lambda: leg.talks.plan is not None and not leg.talks.plan.sends)
        telephone.command("resume")
        await until(lambda: leg.talks.plan is not None and leg.talks.plan.sends)
        telephone.command("hangup")
        await until(lambda: running.server.admission.active == 0)


@pytest.mark.parametrize("encryption", ["", "srtp-mand"])
async def test_voi_calls_a_telephone(encryption: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if encryption:
        pytest.importorskip("pylibsrtp")
    port, server = free_port(), free_port()
    sip = {"host": "127.0.0.1", "port": port}
    srtp = "required" if encryption else "off"
    trunk_ = trunk(server=f"127.0.0.1:{server}", srtp=srtp)
    (tmp_path / "phones.json").write_text(json.dumps({"sip": sip, "accounts": {"desk": trunk_}}))
    account = "<sip:anna@127.0.0.1>;regint=0;answermode=auto;audio_codecs=pcmu"
    account += f";mediaenc={encryption}" if encryption else ""
    async with (
        baresip(tmp_path, account, bytes(16_000 * 30), 8_000, port=server) as telephone,
        serving(tmp_path, monkeypatch, fake_engines(), disclose=()) as running,
    ):
        service = running.server.sip
        await until(lambda: service.states["desk"].name == "ready")
        dialer = service.dialer("desk")
        assert dialer is not None
        gone: list[bool] = []
        call = await dialer.dial(Dial(f"sip:anna@127.0.0.1:{server}"), lambda: None, lambda: gone.append(True))
        await telephone.event("CALL_ESTABLISHED")
        listener = ListeningLine()
        call.line.open(listener)
        tone = speech(8_000)[64_000:]
        call.line.play(1, tone[:32_000])
        call.line.finish(1)
        await until(lambda: listener.done.get(1) == 32_000)
        assert listener.heard_bytes > 16_000
        telephone.command("hangup")
        await until(lambda: gone)
        await call.line.aclose()
        await until(lambda: not service.accounts["desk"].legs)
    assert telephone.heard_pcm()


class ListeningLine:
    """`LineListener` that keeps what it is told."""

    def __init__(self) -> None:
        self.heard_bytes = 0
        self.done: dict[int, int] = {}

    def sound(self, pcm: bytes) -> None:
        self.heard_bytes += len(pcm)

    def key(self, key: str) -> None: ...

    def played(self, message_id: int, size_bytes: int) -> None:
        self.done[message_id] = size_bytes

    def fault(self, fault: str) -> None: ...

    def gone(self, why: str) -> None: ...
