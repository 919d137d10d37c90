"""The wire format: golden bytes for every message in both directions, and nothing but ClientError from junk."""

import contextlib
import struct

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.core.options import CallOptions
from voi.errors import ClientError
from voi.transports.voi_ws import wire

JUNK = b"undefined"  # what the browser client appends to frames without a payload

CLIENT_GOLDENS: list[tuple[bytes, wire.ClientMessage]] = [
    (
        b'\x00\x00\x00\xc6{"type":"init","agent_name":"my_bro","agent_config":null,"mode":"chat","stream_user_stt":true,'
        b'"final_stt_correction":true,"stream_output_audio":true,"init_greeting":true,"input_audio_format":"webm"}',
        wire.Init("my_bro", input_audio_format="webm"),
    ),
    (
        b'\x00\x00\x00\xb8{"type":"init","agent_name":"x","agent_config":"{\\"title\\":\\"X\\"}","mode":"call",'
        b'"stream_user_stt":false,"final_stt_correction":false,"stream_output_audio":false,"init_greeting":false}',
        wire.Init(
            "x",
            '{"title":"X"}',
            CallOptions(
                mode="call", greet=False, stream_user_stt=False, final_stt_correction=False, stream_output_audio=False
            ),
        ),
    ),
    (b'\x00\x00\x00\x26{"type":"init","agent_name":"x","n":1}', wire.Init("x")),
    (b'\x00\x00\x00\x10{"type":"audio"}\x01\x02\x03\x04', wire.Audio(b"\x01\x02\x03\x04")),
    (b'\x00\x00\x00\x12{ "type": "audio"}\x01\x02', wire.Audio(b"\x01\x02")),
    (b'\x00\x00\x00\x22{"type":"text","content":"H\xc3\xa9llo"}', wire.TypedText("Héllo")),
    (b'\x00\x00\x00\x2e{"type":"image_url","image_url":"https://a/b"}', wire.ImageUrl("https://a/b")),
    (b'\x00\x00\x00\x25{"type":"image_url","image_url":null}', wire.ImageUrl(None)),
    (b'\x00\x00\x00\x1a{"type":"create_response"}', wire.CreateResponse()),
    (b'\x00\x00\x00\x39{"type":"interrupt","speech_id":"3","interrupted_at":0.5}', wire.Interrupt(3, 500)),
    (b'\x00\x00\x00\x38{"type":"interrupt","speech_id":3,"interrupted_at":1.25}', wire.Interrupt(3, 1250)),
    (b'\x00\x00\x00\x38{"type":"interrupt","speech_id":null,"interrupted_at":0}', wire.Interrupt(None, 0)),
    (b'\x00\x00\x00\x14{"type":"interrupt"}', wire.Interrupt(None, None)),
    (
        b'\x00\x00\x00\x60{"type":"invoke_llm","model":"m","prompt":"p","messages":[{"role":"user",'
        b'"content":"user: hi"}]}',
        wire.InvokeLlm("m", "p", ({"role": "user", "content": "user: hi"},)),
    ),
]


def frame(text: bytes, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(text)) + text + payload


@pytest.mark.parametrize(("golden", "message"), CLIENT_GOLDENS, ids=lambda value: type(value).__name__)
def test_client_goldens(golden: bytes, message: wire.ClientMessage) -> None:
    # the length is written out in each golden so that a wrong one is a broken golden, not a passing test
    text, payload = golden[4:], b""
    if isinstance(message, wire.Audio):
        text, payload = golden[4 : -len(message.payload)], message.payload
    assert golden == frame(text, payload)
    assert wire.parse(golden) == message


@pytest.mark.parametrize("golden", [g for g, m in CLIENT_GOLDENS if not isinstance(m, wire.Audio)])
def test_the_browser_clients_junk_payload_is_ignored(golden: bytes) -> None:
    assert wire.parse(golden + JUNK) == wire.parse(golden)


SERVER_GOLDENS = [
    (wire.init_done("my_bro"), b'\x00\x00\x00\x3c{"type":"status","status":"init_done","agent_name":"my_bro"}'),
    (wire.status("response_created"), b'\x00\x00\x00\x2d{"type":"status","status":"response_created"}'),
    (
        wire.message(7, "assistant", "Hi é"),
        b'\x00\x00\x00\x57{"type":"message","role":"assistant","content":[{"type":"text",'
        b'"text":"Hi \xc3\xa9"}],"id":7}',
    ),
    (
        wire.message(0, "user", "", ("https://a/b",)),
        b'\x00\x00\x00\x6a{"type":"message","role":"user","content":[{"type":"image_url","image_url":{"url":"https://a/b"}}],'
        b'"id":0}',
    ),
    (
        wire.message(1, "user", ""),
        b'\x00\x00\x00\x4d{"type":"message","role":"user","content":[{"type":"text","text":""}],"id":1}',
    ),
    (
        wire.message(2, "assistant", "Oh! she nods", narrated=((4, 12),)),
        b'\x00\x00\x00\xb4{"type":"message","role":"assistant","content":[{"type":"text","text":"Oh! she nods"}],'
        b'"id":2,"voices":[{"voice":"character","text":"Oh! "},{"voice":"narrator","text":"she nods"}]}',
    ),
    (wire.audio_header(12), b'\x00\x00\x00\x21{"type":"audio","speech_id":"12"}'),
    (wire.llm_response("yes"), b'\x00\x00\x00\x27{"type":"llm_response","content":"yes"}'),
    (wire.error("no"), b'\x00\x00\x00\x1d{"type":"error","error":"no"}'),
]


def test_the_voices_of_a_message_are_its_text() -> None:
    text = "😀 hi. She nods. Bye. He goes"
    voices = wire.split(wire.message(2, "assistant", text, narrated=((6, 15), (21, 28))))[0]["voices"]
    assert "".join(part["text"] for part in voices) == text
    assert [part["text"] for part in voices if part["voice"] == "narrator"] == [text[6:15], text[21:28]]


@pytest.mark.parametrize(("made", "golden"), SERVER_GOLDENS)
def test_server_goldens(made: bytes, golden: bytes) -> None:
    assert golden[:4] == struct.pack(">I", len(golden) - 4)
    assert made == golden


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
        wire.parse(bad)


def test_errors_do_not_quote_what_was_said() -> None:
    with pytest.raises(ClientError) as caught:
        wire.parse(frame(b'{"type":"text","content":"my password is hunter2'))
    assert "hunter2" not in str(caught.value)


def test_half_a_surrogate_pair_from_a_model_still_makes_a_frame() -> None:
    made = wire.message(1, "assistant", "odd \ud83d")
    assert b"\\ud83d" in made
    assert made[:4] == struct.pack(">I", len(made) - 4)


def test_type_of_names_every_message() -> None:
    assert {wire.type_of(message) for _, message in CLIENT_GOLDENS} == {
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
        assert wire.type_of(wire.parse(data))


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


def test_ids_leave_out_those_that_the_browser_client_gives_itself() -> None:
    shown = [wire.shown_id(number) for number in (0, 999, 1_000, 1_500)]
    assert shown == [0, 999, 1_001_000, 1_001_500]
    assert [wire.message_id_of(number) for number in shown] == [0, 999, 1_000, 1_500]
    assert wire.split(wire.message(1_000, "user", "hi"))[0]["id"] == 1_001_000
    assert wire.split(wire.audio_header(1000))[0]["speech_id"] == "1001000"
    assert wire.parse(frame(b'{"type":"interrupt","speech_id":"1001000"}')) == wire.Interrupt(1_000, None)


def test_a_long_data_url_is_not_sent_back() -> None:
    short, long = "data:image/png;base64,AAAA", "data:image/png;base64," + "A" * 100_000
    content = wire.split(wire.message(1, "user", "look", (long, short)))[0]["content"]
    assert content == [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": short}}]
    assert wire.split(wire.message(1, "user", "", (long,)))[0]["content"] == [{"type": "text", "text": ""}]
