"""What the server sends, as JSON."""

import json
from datetime import datetime
from typing import Any

from voi.transports.rtvi import frames, wire


def read(message: bytes) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(message)
    assert whole.pop("label") == "rtvi-ai"
    return whole


def test_bot_ready_says_what_the_agent_can() -> None:
    ready = read(wire.bot_ready("a1", "2.2.0", "0.1", audio_out=True))
    assert (ready["type"], ready["id"]) == ("bot-ready", "a1")
    assert ready["data"]["version"] == "2.2.0"
    assert ready["data"]["about"] == {"library": "voi", "library_version": "0.1"}
    assert ready["data"]["capabilities"]["audio_out"] is True
    assert "capabilities" not in read(wire.bot_ready("a1", "1.2.0", "0.1", audio_out=True))["data"]


def test_errors() -> None:
    assert read(wire.error("Oh", fatal=True)) == {"type": "error", "data": {"error": "Oh", "fatal": True}}
    assert read(wire.error_response("7", "No")) == {"type": "error-response", "id": "7", "data": {"error": "No"}}


def test_what_the_person_said() -> None:
    said = read(wire.user_transcription("Hi", final=False))
    assert datetime.fromisoformat(said["data"].pop("timestamp")).tzinfo
    assert said == {"type": "user-transcription", "data": {"text": "Hi", "user_id": "", "final": False}}
    typed = read(wire.user_input("Hi", "chat", message_id="9"))["data"]
    assert (typed["input_type"], typed["msg_id"], typed["final"]) == ("chat", "9", True)


def test_bot_output_in_both_versions() -> None:
    data = read(wire.bot_output("Hello there.", 3, "in-progress", spoken=True, said="Hello"))["data"]
    assert data == {
        "text": "Hello there.", "output_type": "sentence", "text_type": "sentence", "aggregated_by": "sentence",
        "segment_id": 3, "will_be_spoken": True, "spoken_status": "in-progress",
        "spoken_progress": {"accumulated_text": "Hello", "remaining_text": " there."},
    }  # fmt: skip
    unspoken = read(wire.bot_output("x", 1, "new", spoken=False))["data"]
    assert unspoken["will_be_spoken"] is False
    assert "spoken_progress" not in unspoken
    legacy = read(wire.bot_output("x", 1, "completed", spoken=True, legacy=True))["data"]
    assert legacy["spoken"] is True
    assert "segment_id" not in legacy


def test_function_calls_in_both_versions() -> None:
    started, running = map(read, wire.function_call("4", "look_up", '{"what":"x"}'))
    assert started == {"type": "llm-function-call-started", "data": {"function_name": "look_up"}}
    assert running["type"] == "llm-function-call-in-progress"
    assert running["data"] == {"tool_call_id": "4", "function_name": "look_up", "arguments": {"what": "x"}}
    (legacy,) = map(read, wire.function_call("4", "look_up", '{"what":"x"}', legacy=True))
    assert legacy["type"] == "llm-function-call"
    assert legacy["data"] == {"function_name": "look_up", "tool_call_id": "4", "args": {"what": "x"}}
    stopped = read(wire.function_call_stopped("4", "look_up", cancelled=True))["data"]
    assert stopped == {"tool_call_id": "4", "function_name": "look_up", "cancelled": True}


def test_half_a_surrogate_pair_is_sent_as_a_whole_character() -> None:
    assert read(wire.text_of("bot-llm-text", "a\ud83d"))["data"] == {"text": "a?"}
    assert read(wire.server_message({"parts": ["\ud83d"]}))["data"] == {"parts": ["?"]}


def test_the_encodings() -> None:
    protobuf = wire.ProtobufEncoding()
    assert protobuf.message(b"{}") == frames.message(b"{}")
    assert protobuf.sound(b"ab", 24_000) == frames.sound(b"ab", 24_000)
    plain, evaluated = wire.JsonEncoding(), wire.JsonEncoding(evaluates=True)
    assert plain.message(b"{}") == "{}"
    heard = json.loads(plain.sound(b"ab", 24_000) or "")
    assert (heard["type"], heard["data"]) == (
        "bot-tts-audio", {"audio": "YWI=", "sample_rate": 24_000, "num_channels": 1},
    )  # fmt: skip
    heard = json.loads(evaluated.sound(b"ab", 24_000) or "")
    assert (heard["type"], heard["data"]) == ("eval-bot-audio", {"audio": "YWI=", "sampleRate": 24_000})
    assert wire.JsonEncoding(wants_sound=False).sound(b"ab", 24_000) is None
