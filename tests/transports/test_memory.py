"""The in-memory door is a door, and keeps everything."""

from voi.core.actions import Status
from voi.session.door import Door
from voi.transports.memory import MemoryDoor, Shown


def test_it_keeps_what_it_is_given() -> None:
    memory = MemoryDoor()
    door: Door = memory
    door.show(0, "assistant", "Hel", (), False)
    door.show(0, "assistant", "Hello", (), True)
    door.announce(Status.RESPONSE_DONE)
    door.play("0", b"ab")
    door.play("0", b"cd")
    door.end_speech("0")
    door.clear("1")
    door.complain("no")
    door.close("bye")
    assert memory.messages == {0: "Hello"}
    assert memory.shown[0] == Shown(0, "assistant", "Hel", (), False)
    assert memory.statuses == [Status.RESPONSE_DONE]
    assert memory.sound == {"0": bytearray(b"abcd")}
    assert (memory.ended, memory.cleared, memory.errors, memory.closed) == (["0"], ["1"], ["no"], "bye")
    assert [call[0] for call in memory.log] == [
        "show", "show", "announce", "play", "play", "end_speech", "clear", "complain", "close",
    ]  # fmt: skip
