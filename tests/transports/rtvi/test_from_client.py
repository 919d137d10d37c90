"""Messages of clients, as @pipecat-ai/client-js and pipecat's evals write them."""

import json
import random
from typing import Any

import pytest

from tests.fuzz.mutate import mutated
from voi.errors import ClientError
from voi.transports.rtvi import frames
from voi.transports.rtvi.frames import SoundFrame
from voi.transports.rtvi.from_client import (
    AppRequest,
    ButtonsPressed,
    CannotAnswer,
    ClientReady,
    DisconnectBot,
    FromRtvi,
    FunctionResult,
    RtviMessage,
    SendPicture,
    SendText,
    SoundBatch,
    parse,
)


def written(kind: Any, data: Any = None, **more: Any) -> str:
    return json.dumps({"label": "rtvi-ai", "type": kind, "id": "a1b2c3d4", "data": data} | more)


SOUND = {"base64Audio": "AQACAA==", "sampleRate": 16_000, "numChannels": 1}
PCM = SoundFrame(b"\x01\x00\x02\x00", 16_000, 1)
CASES: list[tuple[str, Any, RtviMessage]] = [
    ("client-ready", {"version": "2.1.0", "about": {"library": "client-js"}}, ClientReady((2, 1, 0))),
    ("client-ready", {"version": "two"}, ClientReady(None)),
    ("client-ready", None, ClientReady(None)),
    ("disconnect-bot", {}, DisconnectBot()),
    ("send-text", {"content": "Hi", "options": {}}, SendText("Hi")),
    ("send-text", {"content": "Hi", "options": {"run_immediately": False}}, SendText("Hi", answer=False)),
    ("send-text", {"content": "Hi", "options": {"audio_response": False}}, SendText("Hi", spoken=False)),
    ("append-to-context", {"role": "user", "content": "Hi"}, SendText("Hi", answer=False)),
    ("append-to-context", {"role": "user", "content": [{"type": "text", "text": "Hi"}], "run_immediately": True},
     SendText("Hi")),
    ("send-file", {"content": "See", "file": {"format": "image/png", "source": {"type": "bytes", "bytes": "AAAA"}}},
     SendPicture("data:image/png;base64,AAAA", "See")),
    ("send-file", {"content": "", "file": {"format": "image/png", "source": {"type": "url", "url": "https://a.b/c"}},
                   "options": {"run_immediately": False}}, SendPicture("https://a.b/c", "", answer=False)),
    ("llm-function-call-result", {"function_name": "f", "tool_call_id": "1", "arguments": {}, "result": {"a": 1}},
     FunctionResult("1", '{"a":1}')),
    ("llm-function-call-result", {"tool_call_id": "1", "result": "done"}, FunctionResult("1", "done")),
    ("llm-function-call-result", {"tool_call_id": "1", "result": None}, FunctionResult("1", "")),
    ("dtmf", {"buttons": ["1", "#"]}, ButtonsPressed("1#")),
    ("dtmf", {"button": "5"}, ButtonsPressed("5")),
    ("client-message", {"t": "mine", "d": [1]}, AppRequest("mine", [1])),
    ("raw-audio", SOUND, PCM),
    ("raw-audio-batch", {"base64AudioBatch": ["AQACAA=="], "sampleRate": 16_000, "numChannels": 1}, SoundBatch((PCM,))),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "data", "message"), CASES)
def test_messages_in_both_encodings(kind: str, data: Any, message: RtviMessage) -> None:
    text = written(kind, data)
    assert parse(text) == parse(frames.message(text.encode())) == FromRtvi(message, "a1b2c3d4")


def test_frames_without_a_message() -> None:
    assert parse(frames.sound(b"ab", 16_000)) == FromRtvi(SoundFrame(b"ab", 16_000, 1))
    assert parse(frames.INTERRUPTED) == FromRtvi(frames.InterruptionFrame())


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("dance", {}),
        ("append-to-context-result", {}),
        (None, {}),
        ("send-text", {"content": 5}),
        ("send-text", {"content": "x" * 20_001}),
        ("send-text", {"content": "x", "options": []}),
        ("send-text", {"content": "x", "options": {"run_immediately": "yes"}}),
        ("send-text", {"content": "x", "options": {"audio_response": 0}}),
        ("send-text", []),
        ("append-to-context", {"role": "assistant", "content": "I said"}),
        ("append-to-context", {"role": "user", "content": {"a": 1}}),
        ("send-file", {"content": "x", "file": {"format": "application/pdf", "source": {"type": "url", "url": "u"}}}),
        ("send-file", {"content": "x", "file": None}),
        ("llm-function-call-result", {"result": "x"}),
        ("llm-function-call-result", {"tool_call_id": "1", "result": "x" * 200_001}),
        ("llm-function-call-result", {"tool_call_id": "1", "result": json.loads("[" * 300 + "]" * 300)}),
        ("dtmf", {"buttons": ["A"]}),
        ("dtmf", {"buttons": []}),
        ("dtmf", {"buttons": ["1"] * 65}),
        ("dtmf", {}),
        ("client-message", {"d": 1}),
        ("raw-audio", SOUND | {"base64Audio": "!"}),
        ("raw-audio", SOUND | {"base64Audio": None}),
        ("raw-audio", SOUND | {"sampleRate": "16000"}),
        ("raw-audio", SOUND | {"numChannels": True}),
        ("raw-audio-batch", {"base64AudioBatch": ["AA=="] * 257, "sampleRate": 16_000, "numChannels": 1}),
    ],
)
def test_mistakes_name_the_message(kind: Any, data: Any) -> None:
    with pytest.raises(CannotAnswer) as told:
        parse(written(kind, data))
    assert told.value.message_id == "a1b2c3d4"


@pytest.mark.parametrize("text", ["", "{", "[]", "5", '{"label":"other","type":"send-text"}', '{"type":"send-text"}'])
def test_what_is_no_rtvi_message(text: str) -> None:
    with pytest.raises(ClientError) as told:
        parse(text)
    assert not isinstance(told.value, CannotAnswer)


def test_too_much_is_not_even_read() -> None:
    with pytest.raises(ClientError, match="at most"):
        parse(written("send-text", {"content": "x" * 1_100_000}))


def test_an_error_quotes_nothing_that_was_said() -> None:
    with pytest.raises(ClientError) as told:
        parse('{"label": "rtvi-ai", "data": {"content": "my secret"')
    assert "secret" not in str(told.value)


def test_10_000_mutations_raise_nothing_else() -> None:
    random_ = random.Random(5)
    for at in range(10_000):
        kind, data, _ = CASES[at % len(CASES)]
        text = written(kind, data).encode()
        changed = mutated(frames.message(text), random_) if at % 2 else frames.message(mutated(text, random_))
        try:
            parse(changed)
        except ClientError as error:
            str(error).encode()
