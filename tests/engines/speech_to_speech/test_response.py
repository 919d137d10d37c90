import base64

import pytest

from voi.dialogue import ToolCall
from voi.engines.base import Finished, TextDelta
from voi.engines.speech_to_speech.remote_dialogue import ItemId, RemoteItem
from voi.engines.speech_to_speech.response import (
    ARGUMENTS_MAX,
    SOUND_MAX_MS,
    WORDS_MAX,
    RemoteResponse,
    error_in,
)
from voi.errors import EngineError

SOUND = base64.b64encode(b"\x01\x00" * 2_400).decode()


def response(*items: str) -> tuple[RemoteResponse, list[bytes]]:
    heard: list[bytes] = []
    made = RemoteResponse(1, "event_1", heard.append)
    for item in items:
        made.item_added(RemoteItem("assistant", "", [ItemId(item)], 1))
    return made, heard


def text_of(made: RemoteResponse) -> str:
    return "".join(event.text for event in made.take() if isinstance(event, TextDelta))


def test_words_come_once_and_in_the_order_of_their_items() -> None:
    made, _ = response("a", "b")
    made.words("b", "And more.")
    made.words("a", "One, ")
    assert text_of(made) == "One, "
    made.all_words("a", "One, two.")
    made.all_words("a", "One, two.")
    made.item_done({"id": "a", "type": "message", "content": [{"transcript": "One, two."}]})
    assert text_of(made) == "two. And more."


def test_a_transcript_that_differs_is_given_out_whole() -> None:
    made, _ = response("a")
    made.words("a", "As AI")
    made.all_words("a", "As an AI")
    assert text_of(made) == "As AI As an AI"


def test_words_that_never_came_are_read_from_the_end() -> None:
    made, heard = response("a")
    made.sound("a", SOUND)
    assert made.wordless
    output = [{"id": "a", "type": "message", "content": [{"type": "output_audio", "transcript": "Hello."}]}]
    assert made.end({"status": "completed", "output": output}) == ""
    assert made.take() == [TextDelta("Hello."), Finished("stop")]
    assert heard == [b"\x01\x00" * 2_400]


def test_words_that_are_transcribed_come_before_the_end() -> None:
    made, _ = response("a")
    made.sound("a", SOUND)
    made.end({"status": "completed"})
    assert bytes(made.untold) == b"\x01\x00" * 2_400
    made.transcribed("Hello.")
    assert made.take() == [TextDelta("Hello."), Finished("stop")]


def test_a_call_is_given_out_whole_and_once() -> None:
    made, _ = response()
    call = {"id": "f", "type": "function_call", "call_id": "c", "name": "clock", "arguments": "{}"}
    made.arguments_grow("f", "{")
    made.item_done(call)
    made.end({"status": "completed", "output": [call]})
    assert made.take() == [ToolCall("c", "clock", "{}"), Finished("tool_calls")]


@pytest.mark.parametrize("delta", ["%%%", "QQ=", 7, None, "Ø"])
def test_what_is_no_sound_ends_the_answer_or_is_nothing(delta: object) -> None:
    made, heard = response("a")
    made.sound("a", delta)
    assert not heard
    assert made.error is None or "cannot be read" in str(made.error)


def test_floods_are_bounded() -> None:
    made, heard = response("a")
    for _ in range(SOUND_MAX_MS // 100 + 50):
        made.sound("a", SOUND)
    assert sum(map(len, heard)) == SOUND_MAX_MS * 48
    assert made.too_long
    made, _ = response("a")
    for _ in range(100):
        made.words("a", "word " * 1_000)
    assert len(text_of(made)) <= WORDS_MAX
    made, _ = response()
    made.arguments_grow("f", "x" * (ARGUMENTS_MAX + 1))
    with pytest.raises(EngineError):
        made.take()


def test_how_it_ended() -> None:
    for whole, finish in (
        ({"status": "incomplete", "status_details": {"reason": "max_output_tokens"}}, "length"),
        ({"status": "incomplete", "status_details": {"reason": "content_filter"}}, "content_filter"),
        ({"status": "completed"}, "nothing"),
    ):
        made, _ = response()
        assert made.end(whole) == ""
        assert made.take() == [Finished(finish)]  # type: ignore[arg-type]
    failed = {"status": "failed", "status_details": {"error": {"type": "x", "code": "rate_limit_exceeded"}}}
    assert response()[0].end(failed) == "rate_limit_exceeded"
    assert response()[0].end({"status": "cancelled"}) == "cancelled"
    assert error_in({"error": {"code": "a", "event_id": "b"}}) == ("a", "b")
    assert error_in({"error": 7}) == ("", "")
