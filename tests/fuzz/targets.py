"""What reads bytes of others: each takes any bytes, and raises nothing but the errors that it says it raises.

`tests/fuzz/test_targets.py` tries some thousand mutations of the seeds each time; `tools/fuzz.py` as many as one likes,
guided by the code that they reach.
"""

import importlib.util
import io
import json
import tempfile
from functools import cache, partial
from pathlib import Path
from typing import get_args

from tests.fakes.pdf import pdf
from tests.fuzz.asked import ASKED
from tests.fuzz.phone import PHONE
from tests.fuzz.target import Target, decoded, quietly
from tests.transports.sip.test_messages import INVITE
from tests.transports.sip.torture import SECURE_SOUND, SOUND, TORTURES
from voi.audio import mp4
from voi.audio.sample import read_sample
from voi.audio.wav import parse_wav, to_wav
from voi.config.agents import Agent
from voi.config.client_agent import parse_client_agent
from voi.config.config import Config
from voi.config.knowledge import FileKind
from voi.config.load import load_config
from voi.config.settings import load_settings
from voi.core.facts import Heard
from voi.core.journal import decode_entry, decode_script, encode_entry, encode_script
from voi.core.reply_parser import ReplyParser
from voi.core.script import Script
from voi.core.sentences import Cutter
from voi.engines.base import LlmRequest, VoiceSpec
from voi.engines.frames import Unframer, encode
from voi.engines.llm.attempts import LlmLimits
from voi.engines.llm.chat_reply import ReplyReader
from voi.engines.messages import Feed, Ping, Speak
from voi.engines.registry import tts_info
from voi.knowledge.build import cut_sections
from voi.knowledge.excerpts import as_line
from voi.knowledge.extract import read_sections
from voi.knowledge.terms import terms
from voi.server.auth import check_token, issue_token, token_in
from voi.text.redact import TextRedactor
from voi.text.speakable import speakable
from voi.transports.forwarded import TrustedProxies
from voi.transports.media_ws.carrier import PhoneWebhook, RingingCall
from voi.transports.media_ws.carriers import SOCKET_CARRIERS, WEBHOOK_CARRIERS, new_carrier
from voi.transports.media_ws.message_signature import checked
from voi.transports.media_ws.tickets import Tickets
from voi.transports.rtvi import frames as rtvi_frames
from voi.transports.rtvi.from_client import parse as parse_rtvi
from voi.transports.sip.dialog import SipDialog
from voi.transports.sip.digest import best_challenge
from voi.transports.sip.framing import SipStream
from voi.transports.sip.message import SipRequest, read_message
from voi.transports.sip.negotiation import CODECS, OfferAnswer
from voi.transports.sip.sdp import parse_sdp
from voi.transports.vocal import wire as vocal_wire
from voi.transports.voi_ws import from_client, wire

SECRET = "fuzzing-is-no-secret-" * 3
SHOWN_MAX = 300_000
"""No text may grow beyond what is kept of an answer."""

SAMPLE_MAX_S = 10.0


def _wire(data: bytes) -> None:
    quietly(lambda: from_client.parse(data))


def _message(data: bytes) -> None:
    """A frame whose length is right, so that its metadata is read."""
    _wire(len(data).to_bytes(4, "big") + data + b"undefined")


def _carrier(data: bytes) -> None:
    for carrier in WEBHOOK_CARRIERS.values():
        quietly(lambda carrier=carrier: carrier.read(data))
        quietly(lambda carrier=carrier: carrier.read(data.decode("utf-8", "replace")))
        webhook = PhoneWebhook("POST", "https://voi.example.com/x", {}, data)
        quietly(lambda carrier=carrier, webhook=webhook: carrier.ringing(webhook))
        quietly(lambda carrier=carrier, webhook=webhook: carrier.nonce(webhook, "key", 0))
    for kind in SOCKET_CARRIERS:
        other = new_carrier(kind)
        quietly(lambda other=other: other.read(data))
        quietly(lambda other=other: other.read(data.decode("utf-8", "replace")))
    said = data.decode("latin-1")
    quietly(lambda: checked({"signature-input": said, "signature": said}, {}, b"key", (), 0, 10))
    quietly(lambda: Tickets(SECRET).redeem(data.decode("latin-1")))


def _rtvi(data: bytes) -> None:
    quietly(lambda: parse_rtvi(data))
    quietly(lambda: parse_rtvi(rtvi_frames.message(data)))


def _vocal(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    quietly(lambda: vocal_wire.read_config(text))
    quietly(lambda: vocal_wire.read_message(text))


def _token(data: bytes) -> None:
    quietly(lambda: check_token(token_in(data.decode("latin-1")), SECRET, SECRET[::-1]))


@cache
def _config() -> Config:
    agent = Agent.model_validate({"llm_model": "echo"})
    return Config(
        agents={"echo": agent}, control_agents={}, completeness_agents={}, tts_models={}, llm_models=frozenset({"echo"})
    )


def _agent(data: bytes) -> None:
    quietly(lambda: parse_client_agent(decoded(data), "app", _config()))


def _journal(data: bytes) -> None:
    try:
        line = json.loads(data)
    except (ValueError, RecursionError):
        return
    quietly(lambda: decode_entry(line))
    quietly(lambda: decode_script(line))


def _llm_stream(data: bytes) -> None:
    """The first byte says at which step the rest arrives."""
    step = max(1, data[0]) if data else 1

    def read() -> None:
        reader = ReplyReader(LlmRequest("m", []), LlmLimits())
        for at in range(1, len(data), step):
            for _ in reader.feed(data[at : at + step]):
                pass
        for _ in reader.lost():
            pass
        for _ in reader.end():
            pass

    quietly(read)


def _reply(data: bytes) -> None:
    """The first byte says whether JSON is expected and at which step the rest arrives."""
    first, text = data[0] if data else 0, decoded(data[1:])
    step = 1 + first // 2
    parser = ReplyParser(json_expected=bool(first & 1))
    segments = [each for at in range(0, len(text), step) for each in parser.feed(text[at : at + step])] + parser.close()
    assert sum(len(segment.text) for segment in segments) <= 2 * len(text) + 100


def _sentences(data: bytes) -> None:
    first, text = data[0] if data else 0, decoded(data[1:])
    step = 1 + first // 4
    cutter = Cutter(language=("en", "de", "fr", "zh")[first % 4])
    pieces = [each for at in range(0, len(text), step) for each in cutter.feed(text[at : at + step])] + cutter.close()
    kept = "".join("".join(pieces).split())
    assert kept == "".join(text.split()), "the cutter loses or adds characters"


def _speakable(data: bytes) -> None:
    first, text = data[0] if data else 0, decoded(data[1:])
    said = speakable(text, ("en", "de", "fr", "es", "it", "pt", "zh", "ja", "ru", "hi")[first % 10])
    assert len(said) < SHOWN_MAX


def _wav(data: bytes) -> None:
    quietly(lambda: parse_wav(data))


def _sample(data: bytes) -> None:
    """An upload, as the process decodes it that may crash."""
    quietly(lambda: read_sample(data, limit_s=SAMPLE_MAX_S))


def _mp4(data: bytes) -> None:
    assert mp4.layout(data) in ("unknown", "stream", "whole")


@cache
def _encoded(container: str, codec: str) -> tuple[bytes, ...]:
    """A tenth of a second of silence in that format, if PyAV is installed."""
    if importlib.util.find_spec("av") is None:
        return ()
    import av
    import numpy as np

    blob = io.BytesIO()
    with av.open(blob, "w", format=container) as out:
        stream = out.add_stream(codec, rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4_800), np.int16), "s16", "mono")
        frame.sample_rate = 48_000
        for resampled in av.AudioResampler(stream.format, "mono", 48_000).resample(frame):
            out.mux(stream.encode(resampled))
        out.mux(stream.encode(None))
    return (blob.getvalue(),)


def _engine_frames(data: bytes) -> None:
    """What a worker may send to the process of shared engines. The first byte says at which step it arrives."""
    step, unframer = max(1, data[0]) if data else 1, Unframer(1_000_000)
    try:
        for at in range(1, len(data), step):
            for _ in unframer.feed(data[at : at + step]):
                pass
    except ValueError:
        return


def _redact(data: bytes) -> None:
    text = decoded(data)
    redactor = TextRedactor(numbers=True, cards=True, emails=True, names=["Ada Lovelace", "李雷"], languages=["en"])
    assert len(redactor(text)) < SHOWN_MAX


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="voi-fuzz-config-"))


def _config_files(data: bytes) -> None:
    """agents.json and tts_models.json, between which a line of dashes stands."""
    agents, _, models = data.partition(b"\n----\n")
    folder = _folder()
    settings = load_settings(
        agents_file=folder / "agents.json", tts_models_file=folder / "tts_models.json", greetings_dir=folder
    )
    settings.agents_file.write_bytes(agents)
    settings.tts_models_file.write_bytes(models)
    quietly(lambda: load_config(settings, tts_info))


def _forwarded(data: bytes) -> None:
    name, _, value = data.partition(b"\n")
    headers = {name.decode("latin-1").lower(): [value.decode("latin-1")]}
    TrustedProxies(["127.0.0.1", "10.0.0.0/8"]).client_of("127.0.0.1", lambda wanted: headers.get(wanted.lower(), []))


FILE_KINDS: tuple[FileKind, ...] = get_args(FileKind)


def _knowledge_file(data: bytes) -> None:
    kind = FILE_KINDS[data[0] % len(FILE_KINDS)] if data else "text"

    def read() -> None:
        for passage in cut_sections("file", kind, read_sections(data[1:], kind)):
            line = as_line(passage)
            assert len(line.splitlines()) == 1
            assert "<" not in line
            list(terms(passage.words))

    quietly(read)


def _sse(*deltas: object) -> bytes:
    lines = [f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta}]})}\n\n" for delta in deltas]
    return b"\x05" + "".join(lines).encode() + b"data: [DONE]\n\n"


MESSAGES: tuple[dict[str, object], ...] = (
    {"type": "init", "agent_name": "echo", "agent_config": None, "mode": "call", "init_greeting": True},
    {"type": "text", "content": "hello"},
    {"type": "interrupt", "speech_id": "3", "interrupted_at": 1.5},
    {"type": "invoke_llm", "model": "echo", "prompt": "p", "messages": [{"role": "user", "content": "x"}]},
    {"type": "image_url", "image_url": "https://example.com/a.png"},
    {"type": "create_response"},
    {"type": "resume", "resume_id": "x" * 32, "received": 173, "speech_id": "3", "played_ms": 20},
)


def _wyoming(data: bytes) -> None:
    """In pieces, the first byte says of which length."""
    from voi.transports.wyoming import asked
    from voi.transports.wyoming.wire import EventDecoder

    models = (asked.SoundAsked, asked.SpeakTextAsked, asked.AnswerWanted, asked.DetectAsked, asked.TranscribeAsked)

    def read() -> None:
        decoder, step = EventDecoder(), 1 + data[0]
        for at in range(1, len(data), step):
            for event in decoder.feed(data[at : at + step]):
                for model in models:
                    quietly(partial(asked.asked, model, event))

    if data:
        quietly(read)


def _sip(data: bytes) -> None:
    """A datagram, and the same in pieces as a stream."""
    message = read_message(data)
    if isinstance(message, SipRequest) and message.problem is None:
        quietly(lambda: SipDialog.of_callee(message, "1").request("BYE").encode())
        assert read_message(message.response(200, tag="1").encode()) is not None
    stream = SipStream()
    quietly(lambda: [stream.push(data[at : at + 7]) for at in range(0, len(data), 7)])


def _sdp(data: bytes) -> None:
    """An offer, and as the answer to one."""
    talks = OfferAnswer("192.0.2.1", 4_000, CODECS, "optional")
    quietly(lambda: parse_sdp(talks.answer(data)))
    quietly(talks.offer)
    quietly(lambda: talks.take_answer(data))


TARGETS: dict[str, Target] = {
    "sip": Target(_sip, (*(data for data, _ in TORTURES.values()), INVITE)),
    "sdp": Target(_sdp, (SOUND.encode(), SECURE_SOUND)),
    "digest": Target(
        lambda data: best_challenge([(decoded(data), False)]),
        (b'Digest realm="r", nonce="n", qop="auth,auth-int", algorithm=SHA-256, stale=true, opaque=""',),
    ),
    "wire": Target(_wire, (*map(wire.join, MESSAGES), wire.join({"type": "audio"}, b"\0\1"))),
    "message": Target(_message, tuple(json.dumps(message).encode() for message in MESSAGES)),
    "carrier": Target(
        _carrier,
        (
            b'{"event":"start","start":{"streamSid":"M","mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000}}}',
            b'{"event":"media","streamSid":"M","media":{"track":"inbound","chunk":"1","payload":"/////w=="}}',
            b'{"event":"websocket:notify","payload":{"name":"v1"}}',
            b'{"event":"playedStream","streamId":"M","name":"v1"}',
            b"CallSid=CA1&From=%2B4930123456&To=%2B4930123457",
            b'{"from":"4930123456","to":"4930123457","uuid":"u"}',
            b'{"event":"start","start":{"stream_sid":"M","from":"1","to":"2","media_format":{"sample_rate":"8000"}}}',
            b'{"version":"2","id":"","type":"open","seq":1,"parameters":{"organizationId":"","participant":{}}}',
            b'sig1=("@authority" "x-api-key");keyid="a";nonce="b";alg="hmac-sha256";created=1;expires=2',
            Tickets(SECRET).issue("twilio", RingingCall("CA1", "+49301", "+49302")).encode(),
        ),
    ),
    "rtvi": Target(
        _rtvi,
        (
            b'{"label": "rtvi-ai", "type": "send-text", "id": "1", "data": {"content": "hi", "options": {}}}',
            b'{"label": "rtvi-ai", "type": "dtmf", "id": "1", "data": {"buttons": ["1", "#"]}}',
            rtvi_frames.sound(b"\0\1" * 20, 16_000),
            rtvi_frames.INTERRUPTED,
        ),
    ),
    "vocal": Target(
        _vocal,
        (
            b'{"configId": "c", "agentId": "a", "agentName": "n", "systemPrompt": "p", "language": "hi", "speed": 1.5, '
            b'"speechDetectorConfig": {"max_silence_duration": 0.5}}',
            b'{"type": "transcript", "text": "hi"}',
        ),
    ),
    "token": Target(_token, (f"token={issue_token('app', SECRET)}&x=1".encode(), b"token=a.b.c")),
    "agent": Target(
        _agent,
        (
            b'{"llm_model": "echo", "system_prompt": ["{vars:a}", "{include:b}"], "vars": {"a": "x"}, "examples": []}',
            b'{"llm_model": "echo", "greetings": {"choices": ["hi", {"content": "yo"}]}, "turn": {"silence_ms": 500}}',
        ),
    ),
    "journal": Target(
        _journal,
        (
            json.dumps(encode_script(Script())).encode(),
            json.dumps(encode_entry(5, Heard(1, "hello", 1), ())).encode(),
            b'{"t": 1, "fact": "HungUp", "actions": [{"action": "Stop", "reply": 1}]}',
        ),
    ),
    "llm stream": Target(
        _llm_stream,
        (
            _sse({"content": "Hi "}, {"content": "there", "reasoning_content": "hm"}),
            _sse({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}]}),
            b'\x03data: {"error": {"message": "no", "code": 429}}\n\n',
        ),
    ),
    "reply": Target(
        _reply,
        (
            b'\x01{"voice_tone": "warm", "message": "Hello *smiles* there. <think>no</think>"}',
            b"\x02*waves* Hello! [TOOL_CALLS] f({})\n```json\n{}\n```",
            b"\x00<think>plan</think>Hi. voice_tone: warm",
        ),
    ),
    "sentences": Target(
        _sentences,
        (b"\x05Hello, Dr. Smith. It is 3.5 km, isn't it? Yes!", "\x06Am 3. Mai. 你好。再见！".encode()),
    ),
    "speakable": Target(
        _speakable,
        (
            b"\x00It costs $9.50/mo on 2024-05-03 at 3:30 p.m. EST, see https://a.io/x_y or call 1-800-555-0199.",
            "\x01Am 3. Mai um 14:30 Uhr kostet es 1.234,50 € (ca. 5 %).".encode(),
            b"\x00tvOS, GraphQL, PCIe, mRNA, LaTeX, kkkkkkkFkkkkkkkFkkkkkkk and per kWh",
        ),
    ),
    "wav": Target(_wav, (to_wav(b"\0\1" * 50, 16_000), b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0")),
    "sample": Target(
        _sample,
        (
            to_wav(b"\0\1" * 50, 16_000),
            *(seed for kind in (("ogg", "libopus"), ("webm", "libopus"), ("mp4", "aac")) for seed in _encoded(*kind)),
        ),
    ),
    "mp4": Target(_mp4, (b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x08mdat\0\0\0\x01moov\0\0\0\0\0\0\0\x10",)),
    "knowledge file": Target(
        _knowledge_file,
        (
            b"\x00# Hours\n\nWe open at 9.\n\n## Weekends\n<|im_end|> closed",
            b"\x02<html><h1>Hours</h1><p>9 to 18<table><tr><td>a<td>b</table><script>x</script></html>",
            b'\x03plan;price\n"blue; small";9\n',
            b"\x04" + pdf(["Rooms cost 10 EUR."]),
        ),
    ),
    "engine frames": Target(
        _engine_frames,
        (b"\x07" + encode(Ping(3, 1)) + encode(Speak(4, 1, "Hello.", VoiceSpec())) + encode(Feed(5, True, b"\0\1")),),
    ),
    "redact": Target(
        _redact,
        (b"I am Ada Lovelace, ada dot l at example dot org, 4111 1111 1111 1111, or call four double five 1234.",),
    ),
    "config files": Target(
        _config_files,
        (
            b'{"a": {"llm_model": "echo", "voices": {"character": {"model": "v"}}, "greetings": {"choices": ["hi"]}}}'
            b'\n----\n{"v": {"engine": "espeak", "language": "en", "options": {}, "voice_tone_map": {"warm": "en"}}}',
            b'{"//": "x", "c": {"denial_phrases": ["no"], "giveup_response": "ok"}}\n----\n{}',
        ),
    ),
    "forwarded": Target(
        _forwarded,
        (b'forwarded\nfor="[2001:db8::1]:80";proto=https, for=10.1.1.1', b"x-forwarded-for\n1.2.3.4, 10.0.0.1"),
    ),
    **ASKED,
    **PHONE,
}  # fmt: skip
if importlib.util.find_spec("wyoming"):
    TARGETS["wyoming"] = Target(
        _wyoming,
        (
            b'\x20{"type": "audio-chunk", "data": {"rate": 16000, "width": 2, "channels": 1}, "payload_length": 2}\nab',
            b'\x05{"type": "synthesize", "data_length": 43}\n{"text": "Hi.", "voice": {"name": "robin"}}   \n',
            b'\xff{"type": "transcript", "data": {"text": "Hi.", "context": {"conversation_id": "1"}}}\n{"type": "x"}',
        ),
    )
