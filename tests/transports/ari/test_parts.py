"""What Asterisk says, and what it is told, piece by piece."""

import asyncio
import json
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from voi.config.ari_apps import AriOutgoing, AriTransfer
from voi.core.end_reason import EndReason
from voi.errors import ClientError
from voi.transports.ari import events
from voi.transports.ari.audiosocket import AudioSocketReader, audio_message
from voi.transports.ari.audiosocket_line import AudioSocketLine
from voi.transports.ari.causes import end_reason_of, hangup_reason, not_answered
from voi.transports.ari.dialer import caller_id_of, endpoint_of
from voi.transports.ari.leg import AriLeg
from voi.transports.ari.media_words import MediaWord, command, read_word
from voi.transports.ari.signalling import AriSignalling
from voi.transports.ari.sound_queue import QueuedFrame, SoundQueue
from voi.transports.ari.version import asterisk_version
from voi.transports.ari.websocket_line import AHEAD_FRAMES, MARK_S, ChanWebSocketLine
from voi.transports.telephone.dialing import Dial, NotAnswered
from voi.transports.telephone.line import TransferUnsupported

FRAME = 320


class Listening:
    def __init__(self) -> None:
        self.heard = b""
        self.told: list[tuple[int, int]] = []
        self.faults: list[str] = []
        self.lost: list[str] = []

    def sound(self, pcm: bytes) -> None:
        self.heard += pcm

    def key(self, key: str) -> None:
        raise AssertionError("keys come by ARI")

    def played(self, message_id: int, size_bytes: int) -> None:
        self.told.append((message_id, size_bytes))

    def fault(self, fault: str) -> None:
        self.faults.append(fault)

    def gone(self, why: str) -> None:
        self.lost.append(why)


class KeptSocket:
    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.texts: list[str] = []
        self.closed = False
        self.backlog_bytes = 0

    def send(self, message: bytes) -> None:
        self.frames.append(message)

    def send_text(self, message: bytes) -> None:
        self.texts.append(message.decode())

    def close(self, code: int, reason: str = "") -> None:
        self.closed = True


class KeptTransport:
    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.waiting = 0
        self.over = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return self.over

    def close(self) -> None:
        self.over = True

    abort = close


@pytest.mark.parametrize(
    ("text", "websocket", "wide"),
    [("22.10.1", True, True), ("22.7.0", False, True), ("20.18.2", True, True), ("20.9.3", False, False),
     ("certified/20.7-cert3", False, False), ("GIT-22-1a2b3c", True, True), ("18.24.0", False, False),
     ("23.1.0", False, True), ("24.0.0", True, True), ("21.12.0", False, False)],
)  # fmt: skip
def test_versions(text: str, websocket: bool, wide: bool) -> None:
    version = asterisk_version(text)
    assert version is not None
    assert (version.has_websocket, version.has_wide_audiosocket) == (websocket, wide)


def test_what_is_no_version() -> None:
    assert asterisk_version("GIT-master-0b2cbeaM") is None
    assert asterisk_version("") is None


def test_causes_both_ways() -> None:
    assert hangup_reason(EndReason.AGENT_HUNG_UP) == hangup_reason(EndReason.FINISHED) == "normal"
    assert hangup_reason(EndReason.SERVER_FULL) == "congestion"
    assert hangup_reason(EndReason.APP_LIMIT) == "busy"
    assert hangup_reason(EndReason.FAULT) == "failure"
    assert end_reason_of(16) is end_reason_of(0) is EndReason.CLIENT_HUNG_UP
    assert end_reason_of(38) is EndReason.NO_DOOR
    assert [not_answered(cause) for cause in (17, 19, 21, 1, 111)] == [
        "busy", "no_answer", "refused", "unreachable", "failed"
    ]  # fmt: skip


def test_events() -> None:
    channel = {
        "id": "1.2",
        "name": "PJSIP/a",
        "state": "Ring",
        "caller": {"number": "+491"},
        "dialplan": {"exten": "200"},
    }
    start = {"type": "StasisStart", "application": "voi", "args": ["a"], "channel": channel}
    whole = events.AriChannel("1.2", "PJSIP/a", "Ring", "+491", "200")
    assert events.read_event(json.dumps(start)) == events.StasisStarted("voi", whole, ("a",))
    destroyed = {"type": "ChannelDestroyed", "cause": 17, "channel": {"id": "1.2"}}
    assert events.read_event(json.dumps(destroyed)) == events.ChannelEnded(events.AriChannel("1.2"), 17, final=True)
    assert events.read_event('{"type":"ChannelVarset"}') is None
    for wrong in ("", "[]", "{", '{"type":1}', '{"type":"StasisEnd"}', '{"type":"StasisEnd","channel":{"id":""}}',
                  json.dumps({**start, "args": "a"}), json.dumps({**start, "channel": {"id": "x" * 300}})):  # fmt: skip
        with pytest.raises(ClientError):
            events.read_event(wrong)


def test_words_in_both_forms() -> None:
    plain = "MEDIA_START connection_id:c-1 channel:WebSocket/c format:ulaw optimal_frame_size:160"
    assert read_word(plain) == MediaWord("MEDIA_START", "", "c-1", "ulaw", 160)
    told = {"event": "MEDIA_START", "connection_id": "c-1", "format": "ulaw", "optimal_frame_size": 160}
    assert read_word(json.dumps(told)) == MediaWord("MEDIA_START", "", "c-1", "ulaw", 160, json=True)
    assert read_word("MEDIA_MARK_PROCESSED 7").mark == "7"
    assert read_word('{"event":"MEDIA_MARK_PROCESSED","correlation_id":"7"}').mark == "7"
    assert command("MARK_MEDIA", "7", json=False) == b"MARK_MEDIA 7"
    assert command("FLUSH_MEDIA", json=True) == b'{"command":"FLUSH_MEDIA"}'
    for wrong in ("", "7", "{", '{"event":1}', "MEDIA_START optimal_frame_size:x", "x" * 20_000):
        with pytest.raises(ClientError):
            read_word(wrong)


def test_the_queue_cuts_frames() -> None:
    queue = SoundQueue(8_000)
    assert queue.play(1, b"a" * (FRAME + 10))
    assert queue.next_frame() == QueuedFrame(1, b"a" * FRAME, FRAME)
    assert queue.next_frame() is None, "a begun frame waits"
    queue.play(2, b"b" * FRAME)
    assert queue.next_frame() == QueuedFrame(1, b"a" * 10 + bytes(FRAME - 10), FRAME + 10)
    queue.clear(2)
    assert queue.backlog_bytes == 0
    queue.play(3, b"c" * 4)
    queue.finish(3)
    assert queue.next_frame() == QueuedFrame(3, b"c" * 4 + bytes(FRAME - 4), 4)
    assert not queue.play(4, bytes(31 * 16_000)), "more than half a minute"


def test_audiosocket_messages_in_any_pieces() -> None:
    whole = audio_message(0x10, b"ab" * 160) + audio_message(0x03, b"1") + audio_message(0, b"")
    for size in (1, 2, 3, 7, 1_000):
        reader = AudioSocketReader()
        found = [each for at in range(0, len(whole), size) for each in reader.feed(whole[at : at + size])]
        assert found == [(0x10, b"ab" * 160), (0x03, b"1"), (0, b"")]
        assert reader.rest == b""


@in_virtual_time
async def test_audiosocket_is_paced_and_stops_at_once() -> None:
    transport, listener = KeptTransport(), Listening()
    line = AudioSocketLine(transport, "slin")  # type: ignore[arg-type]
    line.open(listener)
    line.play(5, b"x" * FRAME * 10)
    await asyncio.sleep(0.09)
    sound = [each for each in transport.written if b"x" in each]
    assert len(sound) == 4, "one for each 20 ms"
    assert listener.told[-1] == (5, 3 * FRAME)
    line.clear(5)
    await asyncio.sleep(0.1)
    assert [each for each in transport.written if b"x" in each] == sound
    assert listener.told[-1] == (5, 3 * FRAME), "what was cut is not played"
    line.received(audio_message(0x10, b"ab") + audio_message(0x10, b"abc") + audio_message(0x77, b""))
    assert (listener.heard, listener.faults) == (b"ab", ["mistake", "mistake"])
    transport.waiting = 100_000
    await asyncio.sleep(11)
    assert listener.faults[-1] == "stalled"
    assert listener.lost == ["Asterisk does not read what it is sent"]
    await line.aclose()


@in_virtual_time
async def test_few_frames_are_under_way_and_a_flush_takes_them_back() -> None:
    socket, listener = KeptSocket(), Listening()
    line = ChanWebSocketLine(socket, "ulaw")
    line.open(listener)
    line.play(5, bytes(FRAME * 20))
    assert not socket.frames, "not before MEDIA_START"
    line.received('{"event":"MEDIA_START","format":"ulaw","optimal_frame_size":160}')
    assert [len(each) for each in socket.frames] == [160] * AHEAD_FRAMES
    line.received('{"event":"MEDIA_MARK_PROCESSED","correlation_id":"2"}')
    assert listener.told == [(5, FRAME), (5, 2 * FRAME)]
    assert len(socket.frames) == AHEAD_FRAMES + 2
    line.received('{"event":"MEDIA_XOFF"}')
    line.received('{"event":"MEDIA_MARK_PROCESSED","correlation_id":"3"}')
    assert len(socket.frames) == AHEAD_FRAMES + 2
    line.clear(5)
    assert socket.texts[-1] == '{"command":"FLUSH_MEDIA"}'
    line.received('{"event":"MEDIA_MARK_PROCESSED","correlation_id":"4"}')
    assert listener.told[-1] == (5, 3 * FRAME)
    line.play(6, bytes(FRAME))
    assert len(socket.frames) == AHEAD_FRAMES + 3
    await line.aclose()
    assert socket.closed


@in_virtual_time
async def test_without_marks_the_clock_tells() -> None:
    socket, listener = KeptSocket(), Listening()
    line = ChanWebSocketLine(socket, "slin16")
    line.open(listener)
    line.received("MEDIA_START format:slin16 optimal_frame_size:640")
    line.play(5, bytes(640 * 10))
    line.finish(5)
    assert socket.texts[0] == "MARK_MEDIA 1"
    await asyncio.sleep(MARK_S + 0.5)
    assert listener.faults == ["marks_missing"]
    assert listener.told[-1] == (5, 6_400)
    line.lost()
    assert listener.lost == ["the connection was closed"]


@in_virtual_time
async def test_another_format_is_refused() -> None:
    socket = KeptSocket()
    line = ChanWebSocketLine(socket, "slin")
    line.received("MEDIA_START format:opus optimal_frame_size:0")
    assert socket.closed


class KeptOperations:
    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        async def ask(*given: Any) -> None:
            self.asked.append((name, *given))

        return ask


@in_virtual_time
async def test_ways_to_pass_a_call_on() -> None:
    operations = KeptOperations()
    leg = AriLeg(operations, None, None, "voi", "c1")  # type: ignore[arg-type]
    how: AriTransfer | None = None
    signalling = AriSignalling(leg, lambda: how, None)  # type: ignore[arg-type]
    with pytest.raises(TransferUnsupported):
        await signalling.transfer("+4930999999")
    how = AriTransfer(endpoint="PJSIP/{number}@trunk")
    await signalling.transfer("+4930999999")
    assert operations.asked.pop() == ("refer", "c1", "PJSIP/+4930999999@trunk")
    how = AriTransfer(context="from-voi", extension="s")
    await signalling.transfer("sip:desk@example.com")
    assert operations.asked == [("set_variable", "c1", "VOI_TARGET", "sip:desk@example.com"),
                                ("go_on", "c1", "from-voi", "s", 1)]  # fmt: skip
    assert leg.passed_on


def test_what_is_dialled() -> None:
    outgoing = AriOutgoing(endpoint="PJSIP/{number}@trunk", sip_endpoint="PJSIP/trunk/{address}", plus=False)
    assert endpoint_of(outgoing, "+4930123456") == "PJSIP/4930123456@trunk"
    assert endpoint_of(outgoing, "sip:a@b.example") == "PJSIP/trunk/sip:a@b.example"
    for wrong in ("+49/30", "sip:a@b&PJSIP/c", "1&Local/9", ""):
        with pytest.raises(NotAnswered):
            endpoint_of(outgoing, wrong)
    assert caller_id_of(outgoing, Dial("+4930123456", "+49301", "Voi")) == '"Voi" <+49301>'
    with pytest.raises(NotAnswered):
        caller_id_of(outgoing, Dial("+4930123456", "+49301", 'V" <9>'))
