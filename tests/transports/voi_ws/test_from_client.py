"""Messages of clients: golden bytes for each, and nothing but ClientError from junk."""

import contextlib
import struct

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.core.options import CallOptions
from voi.errors import ClientError
from voi.transports.voi_ws import from_client

JUNK = b"undefined"  # what the browser client appends to frames without a payload

CLIENT_GOLDENS: list[tuple[bytes, from_client.ClientMessage]] = [
    (
        b'\x00\x00\x00\xc6{"type":"init","agent_name":"my_bro","agent_config":null,"mode":"chat","stream_user_stt":true,'
        b'"final_stt_correction":true,"stream_output_audio":true,"init_greeting":true,"input_audio_format":"webm"}',
        from_client.Init("my_bro", input_audio_format="webm"),
    ),
    (
        b'\x00\x00\x00\xb8{"type":"init","agent_name":"x","agent_config":"{\\"title\\":\\"X\\"}","mode":"call",'
        b'"stream_user_stt":false,"final_stt_correction":false,"stream_output_audio":false,"init_greeting":false}',
        from_client.Init(
            "x",
            '{"title":"X"}',
            CallOptions(
                mode="call", greet=False, stream_user_stt=False, final_stt_correction=False, stream_output_audio=False
            ),
        ),
    ),
    (b'\x00\x00\x00\x26{"type":"init","agent_name":"x","n":1}', from_client.Init("x")),
    (b'\x00\x00\x00\x10{"type":"audio"}\x01\x02\x03\x04', from_client.Audio(b"\x01\x02\x03\x04")),
    (b'\x00\x00\x00\x12{ "type": "audio"}\x01\x02', from_client.Audio(b"\x01\x02")),
    (b'\x00\x00\x00\x22{"type":"text","content":"H\xc3\xa9llo"}', from_client.TypedText("Héllo")),
    (b'\x00\x00\x00\x2e{"type":"image_url","image_url":"https://a/b"}', from_client.ImageUrl("https://a/b")),
    (b'\x00\x00\x00\x25{"type":"image_url","image_url":null}', from_client.ImageUrl(None)),
    (b'\x00\x00\x00\x1a{"type":"create_response"}', from_client.CreateResponse()),
    (b'\x00\x00\x00\x39{"type":"interrupt","speech_id":"3","interrupted_at":0.5}', from_client.Interrupt(3, 500)),
    (b'\x00\x00\x00\x38{"type":"interrupt","speech_id":3,"interrupted_at":1.25}', from_client.Interrupt(3, 1250)),
    (b'\x00\x00\x00\x38{"type":"interrupt","speech_id":null,"interrupted_at":0}', from_client.Interrupt(None, 0)),
    (b'\x00\x00\x00\x14{"type":"interrupt"}', from_client.Interrupt(None, None)),
    (
        b'\x00\x00\x00\x60{"type":"invoke_llm","model":"m","prompt":"p","messages":[{"role":"user",'
        b'"content":"user: hi"}]}',
        from_client.InvokeLlm("m", "p", ({"role": "user", "content": "user: hi"},)),
    ),
]


def frame(text: bytes, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(text)) + text + payload


@pytest.mark.parametrize(("golden", "message"), CLIENT_GOLDENS, ids=lambda value: type(value).__name__)
def test_client_goldens(golden: bytes, message: from_client.ClientMessage) -> None:
    # the length is written out in each golden so that a wrong one is a broken golden, not a passing test
    text, payload = golden[4:], b""
    if isinstance(message, from_client.Audio):
        text, payload = golden[4 : -len(message.payload)], message.payload
    assert golden == frame(text, payload)
    assert from_client.parse(golden) == message


@pytest.mark.parametrize("golden", [g for g, m in CLIENT_GOLDENS if not isinstance(m, from_client.Audio)])
def test_the_browser_clients_junk_payload_is_ignored(golden: bytes) -> None:
    assert from_client.parse(golden + JUNK) == from_client.parse(golden)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (b"", "at least 4 bytes"),
        (b"\x00\x00\x00", "at least 4 bytes"),
        (b'\x00\x00\x00\x11{"type":"audio"}', "17 bytes, but only 16"),
        (b"\xff\xff\xff\xff{}", "4294967295 bytes"),
        (frame(b""), "not valid JSON"),
        (frame(b"{nope}"), "not valid JSON"),
        (frame(b'{"type":"text","content":"\xff"}'), "not valid JSON"),
        (frame(b'{"type":"interrupt","interrupted_at":NaN}'), "not valid JSON"),
        (frame(b'{"type":"interrupt","interrupted_at":1e999}'), "not valid JSON"),
        (frame(b"[" * 5000 + b"]" * 5000), "not valid JSON"),
        (frame(b"[]"), "not a JSON object"),
        (frame(b"{}"), "has no type"),
        (frame(b'{"type":7}'), "has no type"),
        (frame(b'{"type":"dance"}'), "Unknown message type 'dance'"),
        (frame(b'{"type":"text"}'), "content is required"),
        (frame(b'{"type":"text","content":7}'), "content is required"),
        (frame(b'{"type":"text","content":"' + b"a" * 20_001 + b'"}'), "20001 characters"),
        (frame(b'{"type":"image_url","image_url":7}'), "string or null"),
        (frame(b'{"type":"init"}'), "agent_name is required"),
        (frame(b'{"type":"init","agent_name":"a","mode":"dance"}'), "unknown mode 'dance'"),
        (frame(b'{"type":"init","agent_name":"a","agent_config":{}}'), "agent_config is a string"),
        (frame(b'{"type":"init","agent_name":"a","init_greeting":1}'), "init_greeting is true or false"),
        (frame(b'{"type":"init","agent_name":"a","input_audio_format":"mp3"}'), "input_audio_format 'mp3'"),
        (frame(b'{"type":"interrupt","speech_id":"x"}'), "speech_id 'x'"),
        (frame(b'{"type":"interrupt","speech_id":true}'), "speech_id True"),
        (frame(b'{"type":"interrupt","speech_id":-1}'), "speech_id -1"),
        (frame(b'{"type":"interrupt","speech_id":123456789012345678901234567890}'), "speech_id"),
        (frame(b'{"type":"interrupt","speech_id":[]}'), "speech_id list"),
        (frame(b'{"type":"interrupt","speech_id":"1","interrupted_at":-0.5}'), "interrupted_at"),
        (frame(b'{"type":"interrupt","speech_id":"1","interrupted_at":1e300}'), "interrupted_at"),
        (frame(b'{"type":"interrupt","speech_id":"1","interrupted_at":true}'), "interrupted_at"),
        (frame(b'{"type":"invoke_llm","prompt":"p","messages":[]}'), "model is required"),
        (frame(b'{"type":"invoke_llm","model":"m","prompt":"p","messages":{}}'), "messages is a list"),
        (
            frame(b'{"type":"invoke_llm","model":"m","prompt":"%b","messages":[]}' % (b"p" * 200_001)),
            "more than 200,000 characters",
        ),
        (frame(b'{"type":"invoke_llm","model":"m","prompt":"p","messages":[{"role":"root","content":""}]}'), "roles"),
        (frame(b'{"type":"invoke_llm","model":"m","prompt":"p","messages":[7]}'), "roles"),
    ],
)
def test_wrong_frames_say_what_is_wrong(bad: bytes, says: str) -> None:
    with pytest.raises(ClientError, match=says.replace("(", r"\(")):
        from_client.parse(bad)


def test_errors_do_not_quote_what_was_said() -> None:
    with pytest.raises(ClientError) as caught:
        from_client.parse(frame(b'{"type":"text","content":"my password is hunter2'))
    assert "hunter2" not in str(caught.value)


def test_type_of_names_every_message() -> None:
    assert {from_client.type_of(message) for _, message in CLIENT_GOLDENS} == {
        "init", "audio", "text", "image_url", "create_response", "interrupt", "invoke_llm",
    }  # fmt: skip


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=5,
)
fields = st.sampled_from([
    "type", "agent_name", "agent_config", "mode", "stream_user_stt", "init_greeting", "input_audio_format", "content",
    "image_url", "speech_id", "interrupted_at", "model", "prompt", "messages",
])  # fmt: skip
kinds = st.sampled_from(["init", "audio", "text", "image_url", "create_response", "interrupt", "invoke_llm"])


def parses_or_blames(data: bytes) -> None:
    """Any other exception than ClientError fails the test."""
    with contextlib.suppress(ClientError):
        assert from_client.type_of(from_client.parse(data))


@given(st.binary(max_size=200))
def test_fuzz_raw(data: bytes) -> None:
    parses_or_blames(data)


@given(st.binary(max_size=100), st.binary(max_size=20))
def test_fuzz_json(text: bytes, payload: bytes) -> None:
    parses_or_blames(frame(text, payload))


@given(kinds, st.dictionaries(fields, anything, max_size=5))
def test_fuzz_fields(kind: str, metadata: dict[str, object]) -> None:
    try:
        text = orjson.dumps(metadata | {"type": kind})
    except TypeError:  # integers beyond 64 bits and lone surrogates cannot be written
        return
    parses_or_blames(frame(text, JUNK))


@given(st.sampled_from([golden for golden, _ in CLIENT_GOLDENS]), st.data())
def test_fuzz_mutations(golden: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(golden) - 1))
    byte = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(golden)))
    parses_or_blames((golden[:at] + bytes([byte]) + golden[at + 1 :])[: cut or None])


def test_an_id_that_the_browser_client_would_give_itself_is_understood() -> None:
    assert from_client.parse(frame(b'{"type":"interrupt","speech_id":"1001000"}')) == from_client.Interrupt(1_000, None)
