"""The RTVI door between a fake socket and a fake session."""

import asyncio
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from tests.transports.rtvi.fakes import FakeHeardSession, FakeRtviSocket
from voi.core import facts
from voi.core.actions import Status
from voi.core.end_reason import EndReason
from voi.dialogue import SpokenWord
from voi.errors import ClientError
from voi.session import events
from voi.session.door import Door
from voi.transports.rtvi import wire
from voi.transports.rtvi.door import RtviDoor
from voi.transports.rtvi.frames import InterruptionFrame, SoundFrame
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
)

BYTES_PER_MS = 48
HELLO = (SpokenWord("Hello", 0, 300), SpokenWord("there.", 350, 700))


def opened(**door_is: Any) -> tuple[RtviDoor, FakeRtviSocket, FakeHeardSession]:
    socket, session = FakeRtviSocket(), FakeHeardSession()
    door = RtviDoor(socket)
    for name, value in door_is.items():
        setattr(door, name, value)
    as_seen_by_the_session: Door = door
    assert as_seen_by_the_session.output_rate_hz == 24_000
    door.open(session)  # type: ignore[arg-type]
    return door, socket, session


def receive(door: RtviDoor, *messages: RtviMessage) -> None:
    for message in messages:
        door.receive(FromRtvi(message, "m1"))


def say(door: RtviDoor, text: str, ms: int, words: tuple[SpokenWord, ...] = (), message_id: int = 1) -> None:
    """A reply of one sentence, as a session tells it."""
    door.tell(events.StatusChanged(Status.RESPONSE_CREATED))
    door.tell(events.AgentText(message_id, 0, text))
    door.tell(events.AgentMessage(message_id, text, final=True))
    door.tell(events.StatusChanged(Status.RESPONSE_DONE))
    door.tell(events.AgentVoiced(message_id, 0, 0, ms, words))
    door.tell(events.Sound(message_id, bytes(ms * BYTES_PER_MS)))
    door.tell(events.SoundEnded(message_id))


# ---- to the client


@in_virtual_time
async def test_an_answer_in_time_with_its_sound() -> None:
    door, socket, _ = opened()
    say(door, "Hello there.", 800, HELLO)
    assert socket.types == [
        "bot-llm-started", "bot-transcription", "bot-llm-text", "bot-llm-stopped", "bot-tts-started",
        "bot-started-speaking", "bot-output", "bot-tts-text", "bot-output", "sound", "bot-tts-stopped",
    ]  # fmt: skip
    assert [data["text"] for data in socket.data("bot-tts-text")] == ["Hello"]
    await asyncio.sleep(0.3)
    assert len(socket.data("bot-tts-text")) == 1
    await asyncio.sleep(0.1)
    assert [data["text"] for data in socket.data("bot-tts-text")] == ["Hello", "there."]
    assert "bot-stopped-speaking" not in socket.types
    await asyncio.sleep(0.5)
    assert socket.types[-2:] == ["bot-output", "bot-stopped-speaking"]
    assert [data["spoken_status"] for data in socket.data("bot-output")] == ["new", "in-progress", "completed"]
    assert len(socket.sound) // BYTES_PER_MS in range(800, 806)
    await door.aclose()


@in_virtual_time
async def test_what_is_stopped_is_neither_sent_nor_told() -> None:
    door, socket, _ = opened()
    say(door, "Hello there.", 800, HELLO)
    await asyncio.sleep(0.1)
    door.tell(events.SoundCleared(1, 100))
    assert socket.types[-3:] == ["interruption", "bot-interrupted", "bot-stopped-speaking"]
    sent = len(socket.sound)
    assert sent < 300 * BYTES_PER_MS, "the client can drop nothing, so it must have little"
    door.tell(events.AgentMessage(1, "Hello... (interrupted)", final=True))
    await asyncio.sleep(2)
    assert len(socket.sound) == sent
    assert [data["text"] for data in socket.data("bot-tts-text")] == ["Hello"]
    assert [data["text"] for data in socket.data("bot-llm-text")] == ["Hello there."]
    await door.aclose()


@in_virtual_time
async def test_two_messages_one_after_the_other() -> None:
    door, socket, _ = opened()
    say(door, "One.", 100, message_id=1)
    say(door, "Two.", 60, message_id=2)
    await asyncio.sleep(1)
    speaking = [kind for kind in socket.types if "speaking" in kind]
    assert speaking == ["bot-started-speaking", "bot-stopped-speaking"] * 2
    assert [data["text"] for data in socket.data("bot-tts-text")] == ["One.", "Two."]
    assert [data["segment_id"] for data in socket.data("bot-output")] == [1, 1, 2, 2]
    assert door.backlog_bytes == 0
    await door.aclose()


@in_virtual_time
async def test_a_phrase_that_no_model_wrote_is_bracketed_too() -> None:
    door, socket, _ = opened()
    door.tell(events.AgentMessage(0, "Welcome.", final=True))
    assert socket.types == ["bot-llm-started", "bot-llm-text", "bot-llm-stopped"]
    await door.aclose()


@in_virtual_time
async def test_an_answer_that_comes_to_nothing_is_closed() -> None:
    door, socket, _ = opened()
    door.tell(events.StatusChanged(Status.RESPONSE_CREATED))
    door.tell(events.StatusChanged(Status.RESPONSE_CANCELLED))
    assert socket.types == ["bot-llm-started", "bot-llm-stopped"]
    await door.aclose()


@in_virtual_time
async def test_transcriptions_grow_and_each_final_one_is_new() -> None:
    door, socket, _ = opened()
    door.tell(events.SpeechStarted(0))
    for text, final in (("tell", False), ("tell me", False), ("tell me", True), ("tell me more", False)):
        door.tell(events.UserMessage(0, text, final=final))
    door.tell(events.UserMessage(0, "tell me more", final=True))
    door.tell(events.UserMessage(1, "stop", final=True))
    door.tell(events.SpeechStopped(900))
    told = [(data["text"], data["final"]) for data in socket.data("user-transcription")]
    assert told == [
        ("tell", False), ("tell me", False), ("tell me", True), ("more", False), ("more", True), ("stop", True),
    ]  # fmt: skip
    assert [(data["text"], data["final"]) for data in socket.data("user-input")] == told
    assert [data["text"] for data in socket.data("user-llm-text")] == ["tell me", "tell me more", "stop"]
    assert socket.types[0] == "user-started-speaking"
    assert socket.types[-1] == "user-stopped-speaking"
    await door.aclose()


@in_virtual_time
async def test_typed_text_is_no_transcription() -> None:
    door, socket, session = opened()
    receive(door, SendText("look here ", answer=False), SendText("and there"))
    assert session.log == [facts.TextTyped("look here "), facts.TextTyped("and there"), facts.AnswerAsked()]
    door.tell(events.UserMessage(0, "look here and there", final=False))
    door.tell(events.UserMessage(0, "look here and there please", final=True))
    assert [data["text"] for data in socket.data("user-transcription")] == ["please"]
    typed = [data for data in socket.data("user-input") if data["input_type"] == "chat"]
    assert [(data["text"], data["msg_id"]) for data in typed] == [("look here ", "m1"), ("and there", "m1")]
    assert [data["text"] for data in socket.data("user-llm-text")] == ["look here and there please"]
    await door.aclose()


@in_virtual_time
async def test_voice_and_silence_by_messages_of_their_own() -> None:
    door, socket, _ = opened()
    receive(door, AppRequest("eval-configure", {"vad_user_speaking": True}))
    door.tell(events.SpeechStarted(0))
    door.tell(events.SpeechStopped(500))
    assert socket.types == [
        "user-started-speaking", "vad-user-started-speaking", "vad-user-stopped-speaking", "user-stopped-speaking",
    ]  # fmt: skip
    await door.aclose()


@in_virtual_time
async def test_functions_of_the_app() -> None:
    door, socket, session = opened()
    door.tell(events.AppToolCalled("1", "look_up", '{"what":"x"}'))
    door.tell(events.AppToolCalled("2", "wait", "{}"))
    assert [data["tool_call_id"] for data in socket.data("llm-function-call-in-progress")] == ["1", "2"]
    receive(door, FunctionResult("1", '{"found":1}'))
    door.tell(events.RequestWithdrawn("2"))
    receive(door, FunctionResult("2", "late"))
    assert session.log == [("1", '{"found":1}'), ("2", "late")]
    stopped = [(data["tool_call_id"], data["cancelled"]) for data in socket.data("llm-function-call-stopped")]
    assert stopped == [("1", False), ("2", True)]
    await door.aclose()


@in_virtual_time
async def test_a_client_of_rtvi_1_runs_a_function_once() -> None:
    door, socket, _ = opened(legacy=True)
    door.tell(events.AppToolCalled("1", "look_up", "{}"))
    receive(door, FunctionResult("1", "x"))
    assert socket.types == ["llm-function-call"]
    await door.aclose()


@in_virtual_time
async def test_errors_messages_of_the_agent_and_the_end() -> None:
    door, socket, _ = opened()
    door.tell(events.ErrorReported("The voice failed."))
    door.tell(events.AppMessage("See https://example.com"))
    door.tell(events.Ended(EndReason.ENGINE_FAILED, "No more."))
    assert socket.data("error") == [
        {"error": "The voice failed.", "fatal": False}, {"error": "No more.", "fatal": True},
    ]  # fmt: skip
    assert socket.data("server-message") == [{"type": "app-message", "content": "See https://example.com"}]
    assert socket.close_code == 1011
    await door.aclose()


@in_virtual_time
async def test_a_usual_end_is_no_error() -> None:
    door, socket, _ = opened()
    door.tell(events.Ended(EndReason.AGENT_HUNG_UP))
    assert (socket.log, socket.close_code) == ([], 1000)
    await door.aclose()


@in_virtual_time
async def test_json_clients_get_text_and_the_sound_that_they_want() -> None:
    door, socket, _ = opened(encoding=wire.JsonEncoding(wants_sound=True, evaluates=True))
    say(door, "Hi.", 100)
    assert socket.texts == len(socket.log)
    assert socket.data("eval-bot-audio")
    door.tell(events.SoundCleared(1, 10))
    assert "interruption" not in socket.types
    await door.aclose()


# ---- from the client


@in_virtual_time
async def test_sound_is_heard_at_16_khz_whatever_its_rate() -> None:
    door, _, session = opened()
    receive(door, SoundFrame(b"ab" * 160, 16_000, 1), SoundBatch((SoundFrame(b"cd", 16_000, 1),)))
    assert session.heard == b"ab" * 160 + b"cd"
    await door.aclose()
    door, _, session = opened()
    receive(door, *[SoundFrame(bytes(960), 48_000, 1)] * 50)
    assert abs(len(session.heard) - 16_000) < 400
    await door.aclose()


@pytest.mark.parametrize(
    "sound", [SoundFrame(b"ab", 16_000, 2), SoundFrame(b"ab", 0, 1), SoundFrame(b"ab", 7, 1), SoundFrame(b"", 2**32, 1)]
)
@in_virtual_time
async def test_sound_that_cannot_be_heard(sound: SoundFrame) -> None:
    door, _, session = opened()
    with pytest.raises(CannotAnswer, match="mono"):
        receive(door, sound)
    assert not session.heard
    await door.aclose()


@in_virtual_time
async def test_the_rate_does_not_change() -> None:
    door, _, _ = opened()
    receive(door, SoundFrame(b"ab", 16_000, 1))
    with pytest.raises(ClientError, match="does not change"):
        receive(door, SoundFrame(b"ab", 24_000, 1))
    await door.aclose()


@in_virtual_time
async def test_pictures_keys_and_interruptions() -> None:
    door, _, session = opened()
    receive(door, SendPicture("https://a.example/b.png", "what is it?"), ButtonsPressed("1#"), InterruptionFrame())
    receive(door, SendPicture("data:image/png;base64,AAAA", " ", answer=False))
    assert session.log == [
        facts.ImageGiven("https://a.example/b.png"), facts.TextTyped("what is it?"), facts.AnswerAsked(),
        "1", "#", facts.Interrupted(None), facts.ImageGiven("data:image/png;base64,AAAA"),
    ]  # fmt: skip
    with pytest.raises(CannotAnswer, match="picture"):
        receive(door, SendPicture("http://127.0.0.1/x", ""))
    await door.aclose()


@pytest.mark.parametrize("message", [DisconnectBot(), AppRequest("eval-cancel", {})])
@in_virtual_time
async def test_goodbye(message: RtviMessage) -> None:
    door, socket, _ = opened()
    said = []
    door.on_goodbye = lambda: said.append(True)
    receive(door, message)
    assert (said, socket.close_code) == ([True], 1000)
    await door.aclose()


@in_virtual_time
async def test_what_nobody_answers_gets_an_error_response() -> None:
    door, socket, _ = opened()
    receive(door, AppRequest("eval-connect", {}))
    for message in (AppRequest("my-own", 1), AppRequest("eval-context", {}), ClientReady((2, 0, 0))):
        with pytest.raises(CannotAnswer) as told:
            receive(door, message)
        door.correct(told.value)
    assert [entry["id"] for entry in socket.log] == ["m1"] * 3
    assert socket.types == ["error-response"]
    door.correct(ClientError("That was nothing."))
    assert socket.data("error") == [{"error": "That was nothing.", "fatal": False}]
    await door.aclose()


@in_virtual_time
async def test_before_the_beginning_and_after_the_end_messages_are_dropped() -> None:
    door, _, session = opened()
    await door.aclose()
    receive(door, SendText("late"), SoundFrame(b"ab", 16_000, 1))
    assert session.log == []
    assert session.heard == b""
