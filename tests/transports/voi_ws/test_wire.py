"""The wire format: golden bytes for every message of the server."""

import struct

import pytest

from voi.transports.voi_ws import wire

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


def test_half_a_surrogate_pair_from_a_model_still_makes_a_frame() -> None:
    made = wire.message(1, "assistant", "odd \ud83d")
    assert b"\\ud83d" in made
    assert made[:4] == struct.pack(">I", len(made) - 4)


def test_ids_leave_out_those_that_the_browser_client_gives_itself() -> None:
    shown = [wire.shown_id(number) for number in (0, 999, 1_000, 1_500)]
    assert shown == [0, 999, 1_001_000, 1_001_500]
    assert [wire.message_id_of(number) for number in shown] == [0, 999, 1_000, 1_500]
    assert wire.split(wire.message(1_000, "user", "hi"))[0]["id"] == 1_001_000
    assert wire.split(wire.audio_header(1000))[0]["speech_id"] == "1001000"


def test_a_long_data_url_is_not_sent_back() -> None:
    short, long = "data:image/png;base64,AAAA", "data:image/png;base64," + "A" * 100_000
    content = wire.split(wire.message(1, "user", "look", (long, short)))[0]["content"]
    assert content == [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": short}}]
    assert wire.split(wire.message(1, "user", "", (long,)))[0]["content"] == [{"type": "text", "text": ""}]
