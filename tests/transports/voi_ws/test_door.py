"""The Voi door between a fake connection and a fake session."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import in_virtual_time
from tests.transports.voi_ws.fakes import FakeConnection, FakeSession
from voi.core import facts
from voi.core.actions import Status
from voi.core.end_reason import EndReason
from voi.core.options import CallOptions, Mode
from voi.errors import ClientError, EngineError
from voi.session import events
from voi.session.door import Door
from voi.transports.voi_ws import from_client, wire
from voi.transports.voi_ws.door import VoiDoor


def opened(
    mode: Mode = "chat", encode: Callable[[bytes], bytes] | None = None, **options: Any
) -> tuple[VoiDoor, FakeConnection, FakeSession]:
    connection, session = FakeConnection(), FakeSession()
    door = VoiDoor(connection, encode=encode) if encode else VoiDoor(connection)
    door.open(session, from_client.Init("friend", options=CallOptions(mode=mode, **options)))  # type: ignore[arg-type]
    return door, connection, session


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_it_is_a_door_and_says_when_it_is_open() -> None:
    door, connection, _ = opened()
    as_seen_by_the_session: Door = door
    assert as_seen_by_the_session.output_rate_hz == 24_000
    assert connection.sent == [({"type": "status", "status": "init_done", "agent_name": "friend"}, b"")]


async def test_the_answer_is_asked_for_after_the_pushed_sound() -> None:
    door, _, session = opened()
    for _ in range(2):
        for message in (from_client.Audio(b"aa"), from_client.Audio(b"bb"), from_client.CreateResponse()):
            door.receive(message)
    assert session.log == [b"aa", b"bb", facts.AnswerAsked()] * 2


async def test_typed_text_and_pictures() -> None:
    door, _, session = opened()
    door.receive(from_client.ImageUrl("https://a.example/b.png"))
    door.receive(from_client.ImageUrl("data:image/png;base64,AAAA"))
    door.receive(from_client.TypedText("look"))
    door.receive(from_client.CreateResponse())
    assert session.log == [
        facts.ImageGiven("https://a.example/b.png"),
        facts.ImageGiven("data:image/png;base64,AAAA"),
        facts.TextTyped("look"),
        facts.AnswerAsked(),
    ]


@pytest.mark.parametrize(
    "url", [None, "file:///etc/passwd", "http://127.0.0.1/b", "https://127.0.0.1/b", "data:text/html,x", ""]
)
async def test_pictures_that_are_none_are_complained_of(url: str | None) -> None:
    door, _, session = opened()
    with pytest.raises(ClientError, match="picture"):
        door.receive(from_client.ImageUrl(url))
    assert session.log == []


@pytest.mark.parametrize("mode", ["chat", "call"])
async def test_interrupts_count_in_both_modes(mode: Mode) -> None:
    door, _, session = opened(mode)
    door.receive(from_client.Interrupt(3, 940))
    door.receive(from_client.Interrupt(None, None))
    assert session.log == [facts.Interrupted(3, 940), facts.Interrupted(None, None)]


async def test_call_sound_goes_straight_to_the_ears() -> None:
    door, _, session = opened("call")
    door.receive(from_client.Audio(b"abcd"))
    assert session.log == [b"abcd"]


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("call", from_client.TypedText("x")),
        ("call", from_client.CreateResponse()),
        ("call", from_client.Init("x")),
        ("chat", from_client.Init("x")),
    ],
)
async def test_what_the_mode_has_no_place_for(mode: Mode, message: from_client.ClientMessage) -> None:
    door, _, session = opened(mode)
    kind = from_client.type_of(message)
    with pytest.raises(
        ClientError, match=f"^Message type {kind} is not supported in mode {mode}$|init message was already sent"
    ):
        door.receive(message)
    assert session.log == []


async def test_before_the_beginning_and_after_the_end_messages_are_dropped() -> None:
    connection, session = FakeConnection(), FakeSession()
    door = VoiDoor(connection)
    door.receive(from_client.Audio(b"early"))
    door.open(session, from_client.Init("friend", options=CallOptions(mode="call")))  # type: ignore[arg-type]
    await door.aclose()
    door.receive(from_client.Audio(b"late"))
    assert session.log == []


async def test_a_call_is_never_busy() -> None:
    door, connection, _ = opened("call")
    for status in Status:
        door.tell(events.StatusChanged(status))
    announced = [metadata["status"] for metadata, _ in connection.sent[1:]]
    assert announced == [status.value for status in Status if status is not Status.RESPONSE_CREATED]


async def test_messages_and_statuses() -> None:
    door, connection, _ = opened()
    door.tell(events.UserMessage(1, "hi", ("https://a/b",)))
    door.tell(events.AgentMessage(2, "hello"))
    for status in Status:
        door.tell(events.StatusChanged(status))
    door.tell(events.ErrorReported("no"))
    assert connection.frames[1:] == [
        wire.message(1, "user", "hi", ("https://a/b",)),
        wire.message(2, "assistant", "hello"),
        *(wire.status(status.value) for status in Status),
        wire.error("no"),
    ]


@given(st.lists(st.binary(max_size=700), max_size=6))
def test_speech_keeps_its_samples_and_ends_on_a_whole_block(chunks: list[bytes]) -> None:
    connection = FakeConnection()
    door = VoiDoor.__new__(VoiDoor)

    async def speak() -> None:
        door.__init__(connection)  # type: ignore[misc]
        for chunk in chunks:
            door.tell(events.Sound(7, chunk))
        door.tell(events.SoundEnded(7))

    asyncio.run(speak())
    said = b"".join(chunks)
    said = said[: len(said) // 2 * 2]
    heard = connection.sound("7")
    assert heard == said + bytes(len(heard) - len(said))
    assert len(heard) % 256 == 0
    assert len(heard) - len(said) < 256
    *sound, end = connection.sent
    assert all(payload and len(payload) % 2 == 0 for _, payload in sound)
    assert all(metadata == {"type": "audio", "speech_id": "7"} for metadata, _ in sound)
    assert end == ({"type": "status", "status": "speech_done", "speech_id": "7"}, b"")


async def test_two_speeches_do_not_mix_and_a_cleared_one_is_not_padded() -> None:
    door, connection, _ = opened("call")
    door.tell(events.Sound(1, b"aaa"))
    door.tell(events.Sound(2, b"bb"))
    door.tell(events.SoundCleared(1, 0))
    door.tell(events.SoundEnded(1))
    door.tell(events.SoundEnded(2))
    assert connection.sound("1") == b"aa"
    assert connection.sound("2") == b"bb" + bytes(254)


async def test_a_whole_speech_goes_out_as_one_encoded_frame() -> None:
    door, connection, _ = opened(stream_output_audio=False, encode=lambda pcm: b"Ogg" + pcm)
    door.tell(events.Sound(1, b"abcd"))
    door.tell(events.Sound(1, b"ef"))
    assert connection.sound("1") == b""
    door.tell(events.SoundEnded(1))
    door.tell(events.Sound(2, b"gh"))
    door.tell(events.SoundEnded(2))
    await door.quiet()
    assert connection.sent[1:] == [
        ({"type": "audio", "speech_id": "1"}, b"Oggabcdef"),
        ({"type": "status", "status": "speech_done", "speech_id": "1"}, b""),
        ({"type": "audio", "speech_id": "2"}, b"Ogggh"),
        ({"type": "status", "status": "speech_done", "speech_id": "2"}, b""),
    ]
    await door.aclose()


async def test_a_cleared_speech_is_never_sent_whole() -> None:
    door, connection, _ = opened(stream_output_audio=False, encode=lambda pcm: pcm)
    door.tell(events.Sound(1, b"abcd"))
    door.tell(events.SoundEnded(1))
    door.tell(events.SoundCleared(1, 0))
    await settle()
    await door.aclose()
    assert connection.sound("1") == b""
    assert connection.sent[1:] == []


async def test_an_encoder_that_fails_is_complained_of() -> None:
    def encode(pcm: bytes) -> bytes:
        raise EngineError("no Opus here")

    door, connection, _ = opened(stream_output_audio=False, encode=encode)
    door.tell(events.Sound(1, b"abcd"))
    door.tell(events.SoundEnded(1))
    await door.quiet()
    assert connection.errors == ["The speech could not be encoded: no Opus here"]
    await door.aclose()


async def test_invoke_llm_is_answered_and_bounded() -> None:
    door, connection, session = opened()
    asked = from_client.InvokeLlm("m", "p", ({"role": "user", "content": "x"},))
    door.receive(asked)
    await settle()
    assert connection.frames[-1] == wire.llm_response("m on p: 1")
    session.llm = asyncio.get_running_loop().create_future()
    door.receive(asked)
    door.receive(asked)
    with pytest.raises(ClientError, match="2 are being answered"):
        door.receive(asked)
    session.llm.set_exception(EngineError("the provider refused"))
    await settle()
    assert connection.errors == ["the provider refused"] * 2
    session.llm = None
    door.receive(asked)
    await settle()
    assert connection.frames[-1] == wire.llm_response("m on p: 1")
    await door.aclose()


async def test_the_end_says_why_and_cancels_what_runs() -> None:
    door, connection, session = opened()
    session.llm = asyncio.get_running_loop().create_future()
    door.receive(from_client.InvokeLlm("m", "p", ()))
    await settle()
    door.tell(events.Ended(EndReason.DRAINED, "The server is shutting down."))
    await door.aclose()
    assert connection.errors == ["The server is shutting down."]
    assert connection.closed == (1001, "The server is shutting down.")
    session.llm.cancel()


async def test_backlog_is_the_connections() -> None:
    door, connection, _ = opened()
    connection.backlog_bytes = 77
    assert door.backlog_bytes == 77


def texts(connection: FakeConnection) -> list[str]:
    return [meta["content"][0]["text"] for meta, _ in connection.sent if meta["type"] == "message"]


@in_virtual_time
async def test_an_answer_that_grows_is_shown_ten_times_a_second_and_in_the_end() -> None:
    door, connection, _ = opened("call")
    text = ""
    for piece in range(1_000):
        text += f"piece {piece} "
        door.tell(events.AgentMessage(1, text, final=False))
        await asyncio.sleep(0.001)
    door.tell(events.AgentMessage(1, text))
    shown = texts(connection)
    assert shown[0] == "piece 0 "
    assert shown[-1] == text
    assert 10 <= len(shown) <= 12


@in_virtual_time
async def test_what_comes_behind_a_message_does_not_overtake_it() -> None:
    door, connection, _ = opened("call")
    door.tell(events.AgentMessage(1, "One.", final=False))
    door.tell(events.AgentMessage(1, "One. Two.", final=False))
    door.tell(events.StatusChanged(Status.USER_INTERRUPT))
    door.tell(events.AgentMessage(1, "One... (interrupted)"))
    await asyncio.sleep(1)
    assert texts(connection) == ["One.", "One. Two.", "One... (interrupted)"]
    kinds = [meta["type"] for meta, _ in connection.sent]
    assert kinds == ["status", "message", "message", "status", "message"]


@in_virtual_time
async def test_the_newest_text_is_shown_though_nothing_follows() -> None:
    door, connection, _ = opened("call")
    for text in ("One.", "One. Two.", "One. Two. Three."):
        door.tell(events.AgentMessage(1, text, final=False))
    assert texts(connection) == ["One."]
    await asyncio.sleep(0.2)
    assert texts(connection) == ["One.", "One. Two. Three."]
    await door.aclose()


async def test_only_a_client_that_lowers_its_sound_is_told_to() -> None:
    lowered = events.SoundLowered(1, -20.0)
    for told, options in (
        (1, {"lowers_sound": True}),
        (0, {}),
        (0, {"lowers_sound": True, "stream_output_audio": False}),
    ):
        door, connection, _ = opened("call", **options)
        door.tell(lowered)
        assert connection.frames[1:] == [wire.sound_lowered(1, -20.0)] * told


async def test_a_client_lowers_what_came_before_the_word_and_not_what_comes_after() -> None:
    door, connection, _ = opened("call", lowers_sound=True)
    for event in (events.Sound(1, bytes(4)), events.SoundLowered(1, -6.0), events.Sound(1, bytes(4))):
        door.tell(event)
    assert [metadata["type"] for metadata, _ in connection.sent[1:]] == ["audio", "sound_lowered", "audio"]
