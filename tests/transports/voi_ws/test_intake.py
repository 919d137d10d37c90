"""Sound on its way in: order, slices, containers, limits."""

import asyncio
import math
import sys
from array import array

import pytest

from voi.audio.opus import encode_ogg_opus
from voi.errors import ClientError
from voi.tasks import Tasks
from voi.transports.voi_ws import intake
from voi.transports.voi_ws.from_client import InputFormat
from voi.transports.voi_ws.intake import BYTES_PER_S, SLICE_BYTES, open_intake


class AudioInput:
    def __init__(self, input_format: InputFormat = "pcm16") -> None:
        self.log: list[bytes | str] = []
        self.errors: list[str] = []
        self.tasks = Tasks()
        self.intake = open_intake(input_format, self.log.append, self.errors.append, self.tasks)

    async def done(self) -> None:
        async with asyncio.timeout(5):
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


async def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MAX_PENDING_BYTES", 10)
    monkeypatch.setattr(intake, "SLICE_BYTES", 4)
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
