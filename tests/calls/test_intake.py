"""Sound on its way in: order, slices, containers, limits."""

import asyncio
import math
import sys
from array import array

import pytest

from voi.audio.media import Container
from voi.audio.opus import encode_ogg_opus
from voi.calls import intake
from voi.calls.intake import open_intake
from voi.errors import ClientError
from voi.tasks import Tasks

RATE_HZ = 16_000
BYTES_PER_S = 2 * RATE_HZ
SLICE_BYTES = BYTES_PER_S // 2


class AudioInput:
    def __init__(self, container: Container | None = None, rate_hz: int = RATE_HZ) -> None:
        self.log: list[bytes | str] = []
        self.errors: list[str] = []
        self.tasks = Tasks()
        self.intake = open_intake(container, rate_hz, self.log.append, self.errors.append, self.tasks)

    async def done(self) -> None:
        async with asyncio.timeout(60):
            await self.tasks.join()


async def test_small_pieces_are_heard_at_once() -> None:
    ears = AudioInput()
    ears.intake.sound(b"a")
    ears.intake.then(lambda: ears.log.append("then"))
    assert ears.log == [b"a", "then"]
    assert len(ears.tasks) == 0


async def test_a_large_piece_is_heard_in_slices_and_what_follows_waits() -> None:
    ears = AudioInput()
    large = bytes(range(256)) * (SLICE_BYTES // 64)
    ears.intake.sound(large)
    ears.intake.sound(b"next")
    ears.intake.then(lambda: ears.log.append("then"))
    assert ears.log == []
    await ears.done()
    assert ears.log[-2:] == [b"next", "then"]
    heard = [piece for piece in ears.log[:-2] if isinstance(piece, bytes)]
    assert b"".join(heard) == large
    assert max(map(len, heard)) == SLICE_BYTES


async def test_sound_faster_than_speech_is_dropped_and_said_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "BURST_S", 1)
    ears = AudioInput()
    piece = bytes(BYTES_PER_S // 4)
    for _ in range(8):
        ears.intake.sound(piece)
    assert len(ears.log) == 4
    assert len(ears.errors) == 1
    assert "faster than it can be spoken" in ears.errors[0]


async def test_the_bounds_go_by_the_rate_of_the_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "BURST_S", 1)
    ears = AudioInput(rate_hz=8_000)
    for _ in range(5):
        ears.intake.sound(bytes(8_000))
    assert (b"".join(piece for piece in ears.log if isinstance(piece, bytes)), len(ears.errors)) == (bytes(16_000), 1)


async def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MAX_PENDING_BYTES", 10)
    monkeypatch.setattr(intake, "SLICE_S", 2 / RATE_HZ)
    ears = AudioInput()
    ears.intake.sound(b"12345678")
    ears.intake.sound(b"12345678")
    await ears.done()
    assert ears.log == [b"1234", b"5678"]
    assert len(ears.errors) == 1


async def test_a_container_is_decoded_and_the_answer_waits_for_it() -> None:
    pytest.importorskip("av")
    tone = array("h", (round(8_000 * math.sin(at * 0.1)) for at in range(24_000))).tobytes()
    blob = encode_ogg_opus(tone, 24_000)
    ears = AudioInput("ogg")
    for at in range(0, len(blob), 700):
        ears.intake.sound(blob[at : at + 700])
    ears.intake.then(lambda: ears.log.append("then"))
    await ears.done()
    assert ears.log[-1] == "then"
    heard = b"".join(piece for piece in ears.log if isinstance(piece, bytes))
    assert 0.9 < len(heard) / BYTES_PER_S <= 1.1
    ears.intake.sound(b"OggS\0\2 not really")
    ears.intake.then(lambda: ears.log.append("again"))
    await ears.done()
    await ears.intake.aclose()
    assert ears.log[-1] == "again"


async def test_a_server_without_decoders_says_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ClientError, match="cannot decode webm"):
        AudioInput("webm")
