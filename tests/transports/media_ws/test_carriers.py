"""The bytes of each carrier's protocol, as its documentation shows them."""

import base64
import json

import pytest

from voi.config.phones import CarrierAccount, CarrierKind
from voi.errors import ClientError
from voi.transports.media_ws.carrier import (
    CallerKey,
    CallerSound,
    CarrierComplains,
    CarrierPlays,
    CarrierWaits,
    MarkPlayed,
    RingingCall,
    StreamStarted,
    StreamStopped,
)
from voi.transports.media_ws.carriers import WEBHOOK_CARRIERS, codec_of, e164, media_path
from voi.transports.media_ws.codecs import MediaCodec
from voi.transports.media_ws.exotel import Exotel
from voi.transports.media_ws.genesys import Genesys

TWILIO, TELNYX, PLIVO, VONAGE = (WEBHOOK_CARRIERS[kind] for kind in ("twilio", "telnyx", "plivo", "vonage"))
ULAW, ALAW, L16 = MediaCodec("ulaw", 8_000), MediaCodec("alaw", 8_000), MediaCodec("l16", 16_000)
SILENCE = base64.b64encode(b"\xff" * 4).decode()


def test_twilio_speaks() -> None:
    said = {
        '{"event":"connected","protocol":"Call","version":"1.0.0"}': None,
        '{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC1","streamSid":"MZ1","callSid":"CA1",'
        '"tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},'
        '"customParameters":{"ticket":"T1"}},"streamSid":"MZ1"}': StreamStarted("MZ1", "CA1", "T1", ULAW),
        '{"event":"media","sequenceNumber":"3","media":{"track":"inbound","chunk":"1","timestamp":"5",'
        f'"payload":"{SILENCE}"}},"streamSid":"MZ1"}}': CallerSound(b"\xff" * 4, 1, "MZ1"),
        '{"event":"media","media":{"track":"outbound","chunk":"1","payload":"AA=="},"streamSid":"MZ1"}': None,
        '{"event":"dtmf","streamSid":"MZ1","sequenceNumber":"5","dtmf":{"track":"inbound_track","digit":"1"}}':
            CallerKey("1", "MZ1"),
        '{"event":"mark","sequenceNumber":"4","streamSid":"MZ1","mark":{"name":"v7"}}': MarkPlayed("v7", "MZ1"),
        '{"event":"stop","sequenceNumber":"5","streamSid":"MZ1","stop":{"accountSid":"AC1","callSid":"CA1"}}':
            StreamStopped("MZ1"),
    }  # fmt: skip
    assert {message: TWILIO.read(message) for message in said} == said


def test_twilio_is_told() -> None:
    assert list(TWILIO.sound("MZ1", b"\xff" * 4, ULAW)) == [
        f'{{"event":"media","streamSid":"MZ1","media":{{"payload":"{SILENCE}"}}}}'
    ]
    assert TWILIO.mark("MZ1", "v1") == '{"event":"mark","streamSid":"MZ1","mark":{"name":"v1"}}'
    assert TWILIO.clear("MZ1") == '{"event":"clear","streamSid":"MZ1"}'
    assert TWILIO.keys("MZ1", "1") is None
    assert TWILIO.connect("wss://h/p", "T1", ULAW).body == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Connect><Stream url="wss://h/p">'
        '<Parameter name="ticket" value="T1"/></Stream></Connect></Response>'
    )
    assert '<Response><Reject reason="busy"/></Response>' in TWILIO.reject(busy=True).body


def test_telnyx() -> None:
    start = (
        '{"event":"start","sequence_number":"1","start":{"user_id":"u","call_control_id":"v2:c","media_format":'
        '{"encoding":"PCMA","sample_rate":8000,"channels":1}},"stream_id":"S1"}'
    )
    assert TELNYX.read(start) == StreamStarted("S1", "v2:c", "", MediaCodec("alaw", 8_000, True))
    media = f'{{"event":"media","stream_id":"S1","media":{{"track":"inbound","chunk":"2","payload":"{SILENCE}"}}}}'
    assert TELNYX.read(media) == CallerSound(b"\xff" * 4, 2, "S1")
    assert TELNYX.read('{"event":"mark","stream_id":"S1","mark":{"name":"v1"}}') == MarkPlayed("v1", "S1")
    assert TELNYX.clear("S1") == '{"event":"clear","stream_id":"S1"}'
    body = TELNYX.connect("wss://h/p", "T1", ALAW).body
    assert '<Stream url="wss://h/p?ticket=T1" track="inbound_track" codec="PCMA" bidirectionalMode="rtp" ' in body
    assert 'bidirectionalCodec="PCMA" bidirectionalSamplingRate="8000"/>' in body


def test_plivo() -> None:
    start = (
        '{"event":"start","sequenceNumber":1,"start":{"callId":"C1","streamId":"S1","accountId":"MA1",'
        '"tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-l16","sampleRate":16000}},'
        '"extra_headers":"x=1;ticket=T1"}'
    )
    assert PLIVO.read(start) == StreamStarted("S1", "C1", "T1", L16)
    assert PLIVO.read('{"event":"playedStream","streamId":"S1","name":"v1"}') == MarkPlayed("v1", "S1")
    assert PLIVO.read('{"event":"clearedAudio","streamId":"S1"}') is None
    assert list(PLIVO.sound("S1", b"\xff" * 4, ULAW)) == [
        '{"event":"playAudio","streamId":"S1","media":{"contentType":"audio/x-mulaw","sampleRate":8000,'
        f'"payload":"{SILENCE}"}}}}'
    ]
    assert PLIVO.mark("S1", "v1") == '{"event":"checkpoint","streamId":"S1","name":"v1"}'
    assert PLIVO.clear("S1") == '{"event":"clearAudio","streamId":"S1"}'
    assert PLIVO.keys("S1", "12#") == '{"event":"sendDTMF","streamId":"S1","dtmf":"12#"}'
    assert (
        '<Stream bidirectional="true" keepCallAlive="true" contentType="audio/x-l16;rate=16000" '
        'extraHeaders="ticket=T1">wss://h/p</Stream>'
    ) in PLIVO.connect("wss://h/p", "T1", L16).body
    assert '<Hangup reason="rejected"/>' in PLIVO.reject(busy=False).body


def test_vonage() -> None:
    connected = '{"event":"websocket:connected","content-type":"audio/l16;rate=16000","ticket":"T1"}'
    assert VONAGE.read(connected) == StreamStarted("vonage", "", "T1")
    assert VONAGE.read(b"\1\2") == CallerSound(b"\1\2", None, "vonage")
    assert VONAGE.read('{"event":"websocket:dtmf","digit":"5","duration":260}') == CallerKey("5", "vonage")
    assert VONAGE.read('{"event":"websocket:notify","payload":{"name":"v1"}}') == MarkPlayed("v1", "vonage")
    assert VONAGE.read('{"event":"websocket:cleared"}') is None
    assert [len(each) for each in VONAGE.sound("", bytes(1_920), L16)] == [640, 640, 640]
    assert VONAGE.mark("", "v1") == '{"action":"notify","payload":{"name":"v1"}}'
    assert VONAGE.clear("") == '{"action":"clear"}'
    assert json.loads(VONAGE.connect("wss://h/p", "T1", L16).body) == [
        {
            "action": "connect",
            "endpoint": [
                {
                    "type": "websocket",
                    "uri": "wss://h/p",
                    "content-type": "audio/l16;rate=16000",
                    "headers": {"ticket": "T1"},
                }
            ],
        }
    ]


def test_exotel() -> None:
    exotel = Exotel()
    start = (
        '{"event":"start","sequence_number":"1","stream_sid":"MZ1","start":{"stream_sid":"MZ1","call_sid":"CA1",'
        '"account_sid":"AC1","from":"+919876543210","to":"+918047491899","custom_parameters":{"key1":"value1"},'
        '"media_format":{"encoding":"audio/x-raw","sample_rate":"%s","bit_rate":"16"}}}'
    )
    call = RingingCall("CA1", "+918047491899", "+919876543210")
    assert exotel.read(start % 16_000) == StreamStarted("MZ1", "CA1", "", L16, call)
    assert exotel.read(start % 44_100) == StreamStarted("MZ1", "CA1", "", MediaCodec("l16", 8_000), call)
    assert exotel.read(start.replace("audio/x-raw", "audio/x-mulaw") % 8_000) == StreamStarted(
        "MZ1", "CA1", "", ULAW, call
    )
    media = '{"event":"media","sequence_number":"3","stream_sid":"MZ1","media":{"chunk":"2","payload":"AQI="}}'
    assert exotel.read(media) == CallerSound(b"\1\2", None, "MZ1")
    assert exotel.read('{"event":"dtmf","stream_sid":"MZ1","dtmf":{"digit":"5","duration":"100"}}') == CallerKey(
        "5", "MZ1"
    )
    assert exotel.read('{"event":"mark","stream_sid":"MZ1","mark":{"name":"v1"}}') == MarkPlayed("v1", "MZ1")
    assert exotel.read('{"event":"stop","stream_sid":"MZ1","stop":{"reason":"stopped"}}') == StreamStopped("MZ1")
    assert list(exotel.sound("MZ1", b"\1\2", L16)) == [
        '{"event":"media","stream_sid":"MZ1","media":{"payload":"AQI="}}'
    ]
    assert exotel.clear("MZ1") == '{"event":"clear","stream_sid":"MZ1"}'


def test_genesys() -> None:
    genesys = Genesys()
    assert genesys.read('{"type":"ping","seq":1,"id":"s","parameters":{"rtt":"PT0.1S"}}') == CarrierWaits(
        '{"version":"2","id":"","type":"pong","seq":1,"clientseq":1,"parameters":{}}', "s"
    )
    assert genesys.read('{"type":"dtmf","seq":2,"id":"s","parameters":{"digit":"1"}}') == CallerKey("1", "s")
    assert genesys.read('{"type":"playback_started","seq":3,"id":"s","parameters":{}}') == CarrierPlays(False, "s")
    assert genesys.read('{"type":"playback_completed","seq":4,"id":"s","parameters":{}}') == CarrierPlays(True, "s")
    assert genesys.read('{"type":"paused","seq":5,"id":"s","parameters":{}}') is None
    assert genesys.read('{"type":"error","seq":6,"id":"s","parameters":{"code":429}}') == CarrierComplains(
        "too_fast", "s"
    )
    assert genesys.clear("s") == (
        '{"version":"2","id":"","type":"event","seq":2,"clientseq":6,"parameters":{"entities":[{"type":"barge_in",'
        '"data":{}}]}}'
    )
    assert [len(each) for each in genesys.sound("s", bytes(150_000), ULAW)] == [64_000, 64_000, 22_000]
    assert genesys.mark("s", "v1") is None
    assert genesys.read('{"type":"close","seq":7,"id":"s","parameters":{"reason":"end"}}') == StreamStopped(
        "s", '{"version":"2","id":"","type":"closed","seq":3,"clientseq":7,"parameters":{}}'
    )
    assert genesys.clear("s") is genesys.pass_on("+1") is None, "it is over"
    for wrong in ("", "[]", '{"type":"other"}', '{"type":"open","parameters":{}}', '{"type":7}', b"\xff" * 200_000):
        with pytest.raises(ClientError):
            genesys.read(wrong)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "[]",
        "{",
        '"start"',
        '{"event":7}',
        '{"event":"other"}',
        '{"event":"media"}',
        '{"event":"media","media":{"payload":7}}',
        '{"event":"media","media":{"payload":"a"}}',
        '{"event":"media","media":{"payload":"' + "A" * 50_000 + '"}}',
        '{"event":"start","start":{}}',
        '{"event":"start","start":{"streamSid":"' + "x" * 300 + '"}}',
        '{"event":"start","start":{"streamSid":"M","mediaFormat":{"encoding":"opus","sampleRate":8000}}}',
        '{"event":"start","start":{"streamSid":"M","mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":44100}}}',
        '{"event":"dtmf","dtmf":[]}',
        '{"event":"mark","mark":{"name":{}}}',
        " " * 70_000,
        b"{}",
    ],
)
def test_what_no_carrier_says(message: bytes | str) -> None:
    with pytest.raises(ClientError):
        TWILIO.read(message)


def test_codecs() -> None:
    pcm = b"\x01\x02\x03\x04" * 80
    for codec in (MediaCodec("l16", 8_000), MediaCodec("l16", 8_000, True)):
        assert codec.decode(codec.encode(pcm)) == pcm
    assert MediaCodec("l16", 8_000, True).encode(b"\x01\x02") == b"\x02\x01"
    assert ULAW.frame_bytes == 320
    assert ULAW.encode(bytes(8)) == b"\xff" * 4
    assert ALAW.encode(bytes(8)) == b"\xd5" * 4


@pytest.mark.parametrize(
    ("kind", "codec"),
    [
        ("twilio", ULAW),
        ("telnyx", MediaCodec("ulaw", 8_000, True)),
        ("plivo", ULAW),
        ("vonage", L16),
    ],
)
def test_the_usual_sound_of_each(kind: CarrierKind, codec: MediaCodec) -> None:
    key = {"twilio": "auth_token", "plivo": "auth_token", "telnyx": "public_key", "vonage": "signature_secret"}[kind]
    assert codec_of(CarrierAccount.model_validate({"kind": kind, key: "x"})) == codec
    assert media_path(kind) == f"/telephone/{kind}/media"


def test_numbers() -> None:
    assert [e164(each) for each in ("4930123456", "+4930123456", " 4930123456", "anonymous", "12")] == [
        *["+4930123456"] * 3, "anonymous", "12",
    ]  # fmt: skip
