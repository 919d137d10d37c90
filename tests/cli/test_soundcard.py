import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from voi.cli import soundcard
from voi.cli.soundcard import SoundCard
from voi.errors import ConfigError


class FakePortAudioError(Exception):
    pass


class FakeStream:
    def __init__(self, callback: Callable[..., None], **settings: Any) -> None:
        self.callback = callback
        self.settings = settings
        self.log: list[str] = []

    def start(self) -> None:
        self.log.append("start")

    def close(self) -> None:
        self.log.append("close")


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeStream]:
    made: dict[str, FakeStream] = {}

    def maker(name: str) -> Callable[..., FakeStream]:
        def make(callback: Callable[..., None], **settings: Any) -> FakeStream:
            made[name] = FakeStream(callback, **settings)
            return made[name]

        return make

    module = SimpleNamespace(
        RawInputStream=maker("in"), RawOutputStream=maker("out"), PortAudioError=FakePortAudioError
    )
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    return made


async def test_frames_come_from_the_microphone_and_late_ones_are_dropped(
    streams: dict[str, FakeStream], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soundcard, "WAITING_FRAMES_MAX", 2)
    with SoundCard() as card:
        assert (streams["in"].settings["samplerate"], streams["in"].settings["blocksize"]) == (16_000, 320)
        for number in range(4):
            streams["in"].callback(bytes([number]) * 640, 320, None, None)
        for number in range(4):  # the callbacks' turn on the loop
            card._keep(bytes([number]) * 640)
        assert [(await card.frame())[0] for _ in range(2)] == [2, 3]
    assert streams["in"].log == streams["out"].log == ["start", "close"]


async def test_the_speaker_plays_in_order_and_stops_at_once(streams: dict[str, FakeStream]) -> None:
    def played(size: int) -> bytes:
        wanted = bytearray(b"\xff" * size)
        streams["out"].callback(memoryview(wanted), size // 2, None, None)
        return bytes(wanted)

    with SoundCard() as card:
        card.play(b"aabb")
        card.play(b"cc")
        assert [played(4), played(4), played(4)] == [b"aabb", b"cc\0\0", bytes(4)]
        card.play(b"dddd")
        card.clear()
        assert played(4) == bytes(4)


async def test_what_waits_in_the_speaker_is_lowered(streams: dict[str, FakeStream]) -> None:
    with SoundCard() as card:
        card.play(b"\x10\x27" * 1_000)
        card.lower(-20)
        wanted = bytearray(2_000)
        streams["out"].callback(memoryview(wanted), 1_000, None, None)
    assert bytes(wanted[-2:]) == (1_000).to_bytes(2, "little")


async def test_no_device(streams: dict[str, FakeStream], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise FakePortAudioError("no default input device")

    monkeypatch.setattr(sys.modules["sounddevice"], "RawInputStream", refuse)
    with pytest.raises(ConfigError, match="no default input device"):
        SoundCard().__enter__()
