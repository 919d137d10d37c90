"""What a client keeps: whatever was lost is sent again, once and in order, however it is cut and joined."""

from hypothesis import given
from hypothesis import strategies as st

from voi.client import outgoing as module
from voi.client.outgoing import Outgoing
from voi.transports.voi_ws import wire

TEXT = wire.join({"type": "create_response"})


class Server:
    """Takes frames, and counts as the server does."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        """Sound as one run, other messages one by one."""
        self.messages = self.audio_bytes = 0

    def take(self, frame: bytes) -> None:
        metadata, payload = wire.split(frame)
        if metadata["type"] != "audio":
            self.messages += 1
            self.got.append(frame)
            return
        self.audio_bytes += len(payload)
        if self.got and self.got[-1].startswith(b"sound"):
            self.got[-1] += payload
        else:
            self.got.append(b"sound" + payload)


@given(st.lists(st.tuples(st.sampled_from(("sound", "text", "cut", "cut while away")), st.integers(0, 9)), max_size=50))
def test_all_arrives_once_and_in_order(steps: list[tuple[str, int]]) -> None:
    outgoing, server, whole = Outgoing(), Server(), Server()
    line: list[bytes] = []
    number = 0
    for kind, value in steps:
        if kind == "text":
            outgoing.add(TEXT, None)
            line.append(TEXT)
            whole.take(TEXT)
        elif kind == "sound":
            number += 1
            frame = wire.join({"type": "audio"}, number.to_bytes(2, "big") * (value + 1))
            outgoing.add(frame, 2 * (value + 1))
            line.append(frame)
            whole.take(frame)
        else:
            for frame in line[:value]:
                server.take(frame)
            outgoing.rewind(server.messages, server.audio_bytes)
            line = list(outgoing.again())
    for frame in line:
        server.take(frame)
    assert server.got == whole.got
    assert outgoing.lost_bytes == 0


def test_what_is_added_while_the_rest_is_sent_again_follows() -> None:
    outgoing, server = Outgoing(), Server()
    outgoing.add(wire.join({"type": "audio"}, b"ab"), 2)
    outgoing.rewind(0, 0)
    again = outgoing.again()
    server.take(next(again))
    outgoing.add(TEXT, None)
    outgoing.add(wire.join({"type": "audio"}, b"cd"), 2)
    for frame in again:
        server.take(frame)
    assert server.got == [b"soundab", TEXT, b"soundcd"]


def test_too_much_is_dropped_from_its_beginning_and_counted(monkeypatch: object) -> None:
    outgoing, server = Outgoing(), Server()
    piece = bytes(module.SOUND_MAX_BYTES // 10)
    for _ in range(12):
        outgoing.add(wire.join({"type": "audio"}, piece), len(piece))
    outgoing.rewind(0, 0)
    for frame in outgoing.again():
        server.take(frame)
    assert server.audio_bytes == 10 * len(piece)
    assert outgoing.lost_bytes == 2 * len(piece)
    outgoing.rewind(0, server.audio_bytes)
    assert list(outgoing.again()) == []


def test_resent_sound_is_joined_to_few_messages() -> None:
    outgoing = Outgoing()
    for _ in range(500):
        outgoing.add(wire.join({"type": "audio"}, bytes(640)), 640)
    outgoing.rewind(0, 0)
    assert len(list(outgoing.again())) <= 11
