"""The frames of the Vocal node, byte for byte."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.errors import ClientError
from voi.transports.vocal import wire
from voi.transports.vocal.wire import Ignored, Typed, VocalConfig, read_config, read_message

NAMES = {"configId": "c", "agentId": "a", "agentName": "Asha"}
PAGE: dict[str, Any] = {
    **NAMES, "systemPrompt": "You sell flowers.", "voiceSampleUrl": "", "language": "hi", "speed": 1.2, "rate": 1,
    "cartesiaVoiceId": "x", "allowInterruptions": True, "userId": "u", "llmModel": "m", "sttModel": "s",
    "speechDetectorConfig": {
        "energy_threshold": 0.15, "min_speech_duration": 0.4, "max_silence_duration": 0.5, "max_recording_duration": 10,
    },
}  # fmt: skip


def config(**changed: Any) -> VocalConfig:
    return read_config(json.dumps(PAGE | changed))


def test_all_that_a_page_sends() -> None:
    assert config() == VocalConfig(("c", "a", "Asha"), "You sell flowers.", "hi", 1.2, True, 500, False)
    assert read_config(json.dumps(NAMES)) == VocalConfig(("c", "a", "Asha"))
    assert config(agentId=7).names == ("c", "7", "Asha")
    assert config(voiceSampleUrl="https://example.org/me.wav").has_sample
    assert config(speechDetectorConfig={}).silence_ms is None
    assert config(speechDetectorConfig={"max_silence_duration": 1e9}).silence_ms == wire.SILENCE_MOST_MS
    assert config(speed=0).speed == wire.SPEED_LEAST


def test_configurations_that_cannot_be_used_say_why() -> None:
    for changed, named in (
        ({"configId": None}, "configId"), ({"agentName": ""}, "agentName"), ({"agentId": True}, "agentId"),
        ({"agentId": "x" * 201}, "agentId"), ({"systemPrompt": 5}, "systemPrompt"),
        ({"systemPrompt": "x" * 20_001}, "systemPrompt"), ({"language": "../../x"}, "language"),
        ({"speed": "fast"}, "speed"), ({"speed": True}, "speed"), ({"speechDetectorConfig": 3}, "speechDetectorConfig"),
        ({"speechDetectorConfig": {"max_silence_duration": "x"}}, "max_silence_duration"),
    ):  # fmt: skip
        with pytest.raises(ClientError, match=named):
            config(**changed)
    for message in (b"", b"\0\0", "", "[]", "null", "{", "1", '"x"', "\ud800", "x" * 70_000):
        with pytest.raises(ClientError):
            read_config(message)


def test_messages() -> None:
    assert read_message('{"type":"transcript","text":"Do you have roses?"}') == Typed("Do you have roses?")
    for kind in ("speech_start", "speech_end", "unheard of"):
        assert read_message(json.dumps({"type": kind})) == Ignored()
    for wrong in ("{}", '{"type":3}', '{"type":"transcript"}', '{"type":"transcript","text":" "}', "[1]", "nothing"):
        with pytest.raises(ClientError):
            read_message(wrong)


ANY = st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists)


@given(st.text(max_size=40) | ANY.map(json.dumps))
def test_no_text_does_harm(text: str) -> None:
    for read in (read_config, read_message):
        try:
            read(text)
        except ClientError:
            continue


@given(st.sampled_from(sorted(PAGE)), ANY)
def test_no_field_does_harm(field: str, value: Any) -> None:
    try:
        config(**{field: value})
    except ClientError:
        return


def test_golden_frames() -> None:
    assert wire.told("call_ready", "session_1") == b'{"type":"call_ready","session_id":"session_1"}'
    assert wire.told("error", 'a"b', error="No.") == b'{"type":"error","session_id":"a\\"b","error":"No."}'
    assert wire.sound("s", b"\0\0\0\x80\xff\x7f", 12.5) == (
        b'{"type":"tts_stream","session_id":"s","data":{"type":"audio_chunk","chunk":"AAAAAAAAgL8A/n8/",'
        b'"format":"pcm_f32le","sample_rate":24000,"timestamp":12.5}}'
    )
