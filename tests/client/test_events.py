"""The server's frames as events."""

import pytest

from voi.client.events import (
    AudioEvent,
    ErrorEvent,
    LlmResponseEvent,
    MessageEvent,
    SoundLoweredEvent,
    SpeechDoneEvent,
    StatusEvent,
    parse,
)
from voi.errors import ClientError
from voi.transports.voi_ws import wire


def test_every_message_of_the_server() -> None:
    assert parse(wire.status("response_done")) == StatusEvent("response_done")
    assert parse(wire.speech_done(7)) == SpeechDoneEvent("7")
    assert parse(wire.message(3, "user", "hi", ("http://x/y.png",))) == MessageEvent(
        3, "user", "hi", ("http://x/y.png",)
    )
    narrated = parse(wire.message(4, "assistant", "Oh! she nods", narrated=((4, 12),)))
    assert narrated == MessageEvent(
        4, "assistant", "Oh! she nods", voices=(("character", "Oh! "), ("narrator", "she nods"))
    )
    assert parse(wire.audio_header(3) + b"\1\2") == AudioEvent("3", b"\1\2")
    assert parse(wire.llm_response("yes")) == LlmResponseEvent("yes")
    assert parse(wire.sound_lowered(3, -20.0)) == SoundLoweredEvent("3", -20.0)
    assert parse(wire.error("no")) == ErrorEvent("no")
    assert parse(wire.join({"type": "news"})) is None


@pytest.mark.parametrize(
    "frame",
    [b"", b"\0\0\0\xff{}", wire.join({}), wire.join({"type": "message"}), wire.join({"type": "audio"}),
     wire.join({"type": "sound_lowered", "speech_id": "1", "gain_db": "low"}),
     wire.join({"type": "message", "id": "x", "role": "user", "content": []}),
     wire.join({"type": "message", "id": 1, "role": "user", "content": [1]})],
)  # fmt: skip
def test_a_broken_server_is_a_client_error(frame: bytes) -> None:
    with pytest.raises(ClientError):
        parse(frame)
