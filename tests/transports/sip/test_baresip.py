"""A telephone that people use, baresip, talks with an agent: recorded speech goes in, and the answer is transcribed."""

import asyncio
import json
import wave
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.engines import silence
from tests.server.serving import serving
from tests.transports.sip.peers.baresip import baresip, needs_baresip
from tests.transports.sip.peers.processes import free_port
from tests.transports.sip.test_real_peers import trunk, until
from voi.audio.resample import resample
from voi.engines.base import SttOptions
from voi.engines.stt.moonshine import Moonshine
from voi.server.certificate import write_self_signed

pytestmark = [pytest.mark.integration, needs_baresip]

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
    [("pcmu", "udp", ""), ("pcma", "tcp", "srtp"), ("opus", "tls", "srtp-mand"), ("g722", "udp", "srtp-mandf")],
)
async def test_a_conversation(
    codec: str, transport: str, encryption: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, tls_port = free_port(), free_port()
    sip: dict[str, Any] = {"host": "127.0.0.1", "port": port}
    if transport == "tls":
        cert, key = write_self_signed(tmp_path, ["127.0.0.1"], 30)
        sip |= {"tls_port": tls_port, "tls_cert_file": str(cert), "tls_key_file": str(key)}
    (tmp_path / "phones.json").write_text(json.dumps({"sip": sip, "accounts": {"desk": trunk()}}))
    rate_hz = {"g722": 16_000, "opus": 48_000}.get(codec, 8_000)
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
        assert plan.codec == codec.upper()
        assert (plan.keys is not None) == bool(encryption)
        await until(lambda: len(session.dialogue()) >= 3, 20)
        await asyncio.sleep(4)
        said = [entry.text for entry in session.dialogue() if entry.role == "user"]
        assert said == ["Drop the two when you add the figures."]
        telephone.command("hangup")
        await until(lambda: running.server.admission.active == 0)
    heard = telephone.heard_pcm()
    assert "when you add the figure" in await transcript(heard[len(heard) // 3 :])
