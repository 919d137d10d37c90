"""The echo canceller: what it tells the library and when; and the library itself, where it is installed."""

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from voi.audio import echo_canceller
from voi.audio.echo_canceller import FRAME_BYTES, RATE_HZ, EchoCanceller
from voi.errors import ConfigError

FRAME = bytes(FRAME_BYTES)


class Library:
    """In the place of livekit: keeps what is played, and leaves the person's sound as it is."""

    def __init__(self) -> None:
        self.far: list[bytes] = []
        self.near: list[bytes] = []

    def set_stream_delay_ms(self, delay_ms: int) -> None:
        """The library finds it out."""

    def process_reverse_stream(self, frame: Any) -> None:
        self.far.append(bytes(frame.data))

    def process_stream(self, frame: Any) -> None:
        self.near.append(bytes(frame.data))

    @property
    def played(self) -> list[int]:
        """The samples, one of each frame."""
        return [int(np.frombuffer(frame, "<i2")[0]) for frame in self.far]


class Frame:
    def __init__(self, data: bytes, rate_hz: int, channels: int, samples: int) -> None:
        assert (len(data), rate_hz, channels, samples) == (FRAME_BYTES, RATE_HZ, 1, FRAME_BYTES // 2)
        self.data = memoryview(bytearray(data)).cast("h")


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    library = Library()
    rtc, apm = ModuleType("livekit.rtc"), ModuleType("livekit.rtc.apm")
    rtc.AudioFrame = Frame  # type: ignore[attr-defined]
    apm.AudioProcessingModule = lambda **_: library  # type: ignore[attr-defined]
    for name, module in (("livekit", ModuleType("livekit")), ("livekit.rtc", rtc), ("livekit.rtc.apm", apm)):
        monkeypatch.setitem(sys.modules, name, module)
    return library


def sound(value: int, ms: int, rate_hz: int = RATE_HZ) -> bytes:
    return np.full(ms * rate_hz // 1_000, value, "<i2").tobytes()


def test_what_is_played_meets_the_sound_of_the_same_moment(library: Library) -> None:
    echo = EchoCanceller(1_000)
    echo.plays(sound(7, 20), RATE_HZ, 1_010)
    echo.plays(sound(9, 10), RATE_HZ, 1_040)
    for now_ms in range(1_020, 1_080, 20):
        assert len(echo.clean(sound(1, 20), now_ms)) == 2 * FRAME_BYTES
    assert library.played == [0, 7, 7, 0, 9, 0]


def test_pieces_of_any_length_give_whole_frames_once(library: Library) -> None:
    echo = EchoCanceller(0)
    given = np.arange(1_600).astype("<i2").tobytes()
    got = b"".join(echo.clean(given[at : at + 222], at // 32) for at in range(0, len(given), 222))
    assert got == given[: len(got)]
    assert len(given) - len(got) < FRAME_BYTES


def test_another_rate_is_resampled(library: Library) -> None:
    echo = EchoCanceller(0)
    echo.plays(sound(1_000, 50, 24_000), 24_000, 0)
    for now_ms in range(10, 60, 10):
        echo.clean(FRAME, now_ms)
    assert all(900 < abs(value) < 1_100 for value in library.played[1:4])


def test_a_stopped_reply_is_not_played(library: Library) -> None:
    echo = EchoCanceller(0)
    echo.plays(sound(7, 500), RATE_HZ, 0)
    echo.clean(FRAME, 10)
    echo.stops()
    echo.clean(FRAME, 20)
    assert library.played == [7, 0]


def test_sound_that_was_missing_for_long_is_aligned_anew(library: Library) -> None:
    echo = EchoCanceller(0)
    echo.clean(FRAME, 10)
    echo.plays(sound(7, 10), RATE_HZ, 3_000)
    echo.plays(sound(5, 10), RATE_HZ, 100)  # no sound came then
    echo.clean(FRAME, 3_010)
    assert library.played == [0, 7]
    for now_ms in range(3_020, 9_000, 10):
        echo.clean(FRAME, now_ms)
    assert not any(library.played[2:]), "the ring forgets what is over"


def test_what_is_too_late_or_too_early_is_ignored(library: Library) -> None:
    echo = EchoCanceller(10_000)
    echo.plays(sound(7, 100), RATE_HZ, 5_000)
    echo.plays(sound(8, 100), RATE_HZ, 60_000)
    echo.plays(sound(9, 30), RATE_HZ, 9_980)
    for now_ms in range(10_010, 14_200, 10):
        echo.clean(FRAME, now_ms)
    assert library.played[0] == 9
    assert not any(library.played[1:])


def test_a_missing_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echo_canceller, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"install\.sh echo"):
        echo_canceller.load()


def test_it_takes_the_echo_away() -> None:
    """The real library. Bursts of noise come back 120 ms later, at a third; what is left is 25 dB lower."""
    pytest.importorskip("livekit.rtc.apm")
    random = np.random.default_rng(1)
    loud = np.repeat(random.uniform(0.05, 1, 40), RATE_HZ // 5)
    far = (random.normal(size=8 * RATE_HZ) * 3_000 * loud).clip(-30_000, 30_000)
    echo = np.concatenate([np.zeros(120 * RATE_HZ // 1_000), far * 0.3])[: len(far)]
    near = (echo + random.normal(size=len(far)) * 3).astype("<i2").tobytes()
    canceller, left = EchoCanceller(0), b""
    played = far.astype("<i2").tobytes()
    for now_ms in range(20, 8_000, 20):
        end = now_ms * 32
        canceller.plays(played[end - 640 + 9_600 : end + 9_600], RATE_HZ, now_ms - 20 + 300)
        left += canceller.clean(near[end - 640 : end], now_ms)
    tail = slice(5 * RATE_HZ, 7 * RATE_HZ)
    was, now = (np.mean(np.frombuffer(pcm, "<i2")[tail].astype(float) ** 2) for pcm in (near, left))
    assert 10 * np.log10(was / max(now, 1e-9)) > 25
