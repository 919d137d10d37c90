"""What Voi asks of OpenAI's Realtime API as an ear, and items that come in another order."""

import json
from typing import Any

import pytest

from tests.fakes.cloud_voices import KEY
from voi.engines.base import SttOptions
from voi.engines.stt.cloud.heard import FLUSHED, READY, HeardText
from voi.engines.stt.cloud.openai_realtime import EVENTS, OpenAiRealtime, OpenAiRealtimeScript
from voi.errors import EngineError


def script(model: str = "gpt-4o-mini-transcribe") -> OpenAiRealtimeScript:
    return OpenAiRealtimeScript("", {}, model, "en")


def committed(item: str) -> dict[str, Any]:
    return {"type": "input_audio_buffer.committed", "item_id": item}


def completed(item: str, text: str) -> dict[str, Any]:
    return {"type": f"{EVENTS}completed", "item_id": item, "content_index": 0, "transcript": text}


def delta(item: str, text: str) -> dict[str, Any]:
    return {"type": f"{EVENTS}delta", "item_id": item, "delta": text}


def test_what_it_asks_for() -> None:
    engine = OpenAiRealtime(api_key=KEY, noise_reduction="near_field", settings={"delay": "low"})
    asked = engine._sockets.script(SttOptions("de-AT", "Telephone.", ("Voi",)))
    assert asked.address == "wss://api.openai.com/v1/realtime?intent=transcription"
    (update,) = asked.begin()
    assert json.loads(update) == {
        "type": "session.update",
        "session": {"type": "transcription", "audio": {"input": {
            "format": {"type": "audio/pcm", "rate": 24_000}, "turn_detection": None,
            "noise_reduction": {"type": "near_field"},
            "transcription": {"model": "gpt-4o-mini-transcribe", "language": "de", "prompt": "Telephone. Voi",
                              "delay": "low"},
        }}},
    }  # fmt: skip
    gateway = OpenAiRealtime(api_key=KEY, url="http://gateway:4000/v1", model="whisper-1")
    assert gateway._sockets.script(SttOptions()).address.endswith("intent=transcription&model=whisper-1")
    assert OpenAiRealtime(api_key=KEY, model="gpt-realtime-whisper").info.partials


def test_texts_that_come_in_another_order_stand_in_that_of_the_sound() -> None:
    ear = script()
    assert ear.hear({"type": "session.updated"}) == (READY,)
    for item in ("a", "b"):
        ear.sound(bytes(32 * 500))
        assert len(ear.flush()) == 2
        assert not ear.hear(committed(item))
    assert ear.hear(delta("b", "Two")) == (HeardText(" Two", False),)
    assert not ear.hear(completed("b", "Two."))
    one, _, two, _ = ear.hear(completed("a", "One."))
    assert (one, two) == (HeardText(" One.", True, end_ms=500), HeardText(" Two.", True, end_ms=1_000))


def test_the_text_of_what_was_dropped_is_ignored() -> None:
    ear = script()
    ear.sound(bytes(32 * 500))
    ear.flush()
    ear.hear(committed("a"))
    ear.sound(bytes(32 * 500))
    ear.flush()
    assert ear.drop() == ('{"type":"input_audio_buffer.clear"}',)
    assert not ear.hear(completed("a", "One."))
    assert not ear.hear(committed("b"))
    assert not ear.hear(completed("b", "Two."))
    ear.sound(bytes(32 * 500))
    ear.flush()
    ear.hear(committed("c"))
    assert ear.hear(completed("c", "Three."))[0] == HeardText(" Three.", True, end_ms=1_500)


def test_little_sound_is_committed_with_silence_and_none_not_at_all() -> None:
    ear = script()
    assert not ear.flush()
    ear.sound(bytes(32 * 40))
    append, _ = ear.flush()
    assert len(json.loads(append)["audio"]) > 4 * (80 * 48) // 3
    assert not ear.flush()
    told = {"type": "error", "error": {"code": "input_audio_buffer_commit_empty", "message": "planted"}}
    assert ear.hear(told) == (FLUSHED,)


def test_whisper_tells_the_whole_text_each_time() -> None:
    ear = script("whisper-1")
    ear.hear(delta("a", "One"))
    assert ear.hear(delta("a", "One two")) == (HeardText(" One two", False),)
    other = script()
    other.hear(delta("a", "One"))
    assert other.hear(delta("a", " two")) == (HeardText(" One two", False),)


@pytest.mark.parametrize(
    ("message", "told", "retryable"),
    [({"type": "error", "error": {"code": "invalid_api_key"}}, "refused the key", False),
     ({"type": "error", "error": {"type": "server_error", "message": "planted"}}, "failed", True),
     ({"type": "error", "error": {"code": "session_expired", "message": "planted"}}, "failed", True),
     ({"type": "error"}, "check its options", False),
     ({"type": f"{EVENTS}failed", "item_id": "a", "error": {"code": "insufficient_quota"}}, "no credit", False)],
)  # fmt: skip
def test_errors_are_told_in_our_words(message: dict[str, Any], told: str, retryable: bool) -> None:
    (error,) = script().hear(message)
    assert isinstance(error, EngineError)
    assert told in str(error)
    assert "planted" not in str(error)
    assert error.retryable is retryable


@pytest.mark.parametrize("odd", [{}, {"type": f"{EVENTS}delta"}, completed("a", "") | {"transcript": 7}], ids=repr)
def test_odd_messages_are_ignored(odd: dict[str, Any]) -> None:
    assert not script().hear(odd)
