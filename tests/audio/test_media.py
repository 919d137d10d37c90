import asyncio
import os
import random
import sys

import pytest

from tests.audio.sounds import encoded, fragmented_mp4, likeness, pieces, speech
from voi.audio import media
from voi.audio.media import Container, MediaDecoder
from voi.errors import ClientError, ConfigError

pytest.importorskip("av")

FILES: dict[str, tuple[Container, bytes]] = {
    "webm stream": ("webm", encoded("webm", "libopus", live="1")),
    "webm file": ("webm", encoded("webm", "libopus")),
    "ogg": ("ogg", encoded("ogg", "libopus")),
    "mp4 fragmented": ("mp4", fragmented_mp4()),
    "mp4 with Opus": ("mp4", fragmented_mp4("libopus")),
    "mp4 index last": ("mp4", encoded("mp4", "aac")),
}


class Listener:
    """A decoder and all that came out of it."""

    def __init__(self, container: Container) -> None:
        self.pcm = bytearray()
        self.errors: list[str] = []
        self.decoder = MediaDecoder(container, self.pcm.extend, lambda error: self.errors.append(str(error)))

    async def hear(self, *sent: bytes) -> bytes:
        for piece in sent:
            self.decoder.push(piece)
        await self.decoder.drain()
        return bytes(self.pcm)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("size", [37, 2_500, 10**9])
async def test_any_file_in_any_pieces(name: str, size: int) -> None:
    container, data = FILES[name]
    listener = Listener(container)
    pcm = await listener.hear(*pieces(data, size))
    await listener.decoder.close()
    assert listener.errors == []
    assert likeness(pcm, speech()) > 0.95
    assert abs(len(pcm) - len(speech())) < 2 * 16_000 * 0.06


@pytest.mark.parametrize("name", ["webm stream", "webm file", "mp4 fragmented", "mp4 with Opus"])
async def test_sound_comes_while_the_file_is_still_arriving(name: str) -> None:
    container, data = FILES[name]
    listener = Listener(container)
    twelfth = pieces(data, len(data) // 12)
    for number, piece in enumerate(twelfth[:11], 1):
        pcm = await listener.hear(piece)
        missing_bytes = len(speech()) * number / 12 - len(pcm)
        assert missing_bytes < 2 * 16_000 * 0.35  # a fragment of 250 ms, and a packet
    await listener.decoder.close()


@pytest.mark.parametrize("name", FILES)
async def test_a_file_for_each_press(name: str) -> None:
    container, data = FILES[name]
    listener = Listener(container)
    once = len(await listener.hear(data))
    twice = await listener.hear(*pieces(data, 3_000))
    thrice = await listener.hear(data)
    await listener.decoder.close()
    assert abs(len(twice) - 2 * once) < 100  # the first file's last few samples come when it has ended
    assert abs(len(thrice) - 3 * once) < 100
    assert likeness(thrice[-once:], speech()) > 0.95


@pytest.mark.parametrize(
    ("container", "data", "words"),
    [
        ("webm", FILES["ogg"][1], "does not begin like a webm"),
        ("mp4", FILES["webm file"][1], "does not begin like a mp4"),
        ("ogg", random.Random(1).randbytes(5_000), "does not begin like a ogg"),
        ("webm", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "does not begin like a webm"),
        ("webm", b"\x1a\x45\xdf\xa3" + random.Random(2).randbytes(50_000), "cannot be decoded as webm"),
        ("webm", FILES["webm file"][1].replace(b"A_OPUS", b"A_NONE"), "no sound that can be decoded"),
        ("ogg", b"OggS\0\2" + random.Random(3).randbytes(50_000) + b"OggS", None),
        ("mp4", b"\0\0\0\x18ftyp" + bytes(16) + b"\0\0\0\x10moov" + bytes(8) + bytes(4_000), "mp4"),
        ("mp4", b"\0\0\0\x18ftyp" + random.Random(4).randbytes(50_000), None),
    ],
    ids=["ogg as webm", "webm as mp4", "noise", "playlist", "broken webm", "unknown codec", "broken ogg", "empty moov",
         "broken mp4"],
)  # fmt: skip
async def test_junk_is_told_and_the_next_file_is_heard(container: Container, data: bytes, words: str | None) -> None:
    listener = Listener(container)
    await listener.hear(*pieces(data, 1_000))
    good = {"webm": "webm file", "ogg": "ogg", "mp4": "mp4 fragmented"}[container]
    pcm = await listener.hear(FILES[good][1])
    await listener.decoder.close()
    assert likeness(pcm, speech()) > 0.95
    assert len(listener.errors) == 1 or words is None
    assert words is None or words in listener.errors[0]


async def test_a_file_without_sound() -> None:
    import io

    import av
    import numpy as np

    blob = io.BytesIO()
    with av.open(blob, "w", format="webm") as out:
        stream = out.add_stream("libvpx", rate=10)
        stream.width, stream.height = 32, 32
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    listener = Listener("webm")
    await listener.hear(blob.getvalue())
    await listener.hear(FILES["webm file"][1])  # the new file ends the old one
    await listener.decoder.close()
    assert len(listener.errors) == 1
    assert "no sound" in listener.errors[0]


async def test_bit_flips_never_break_more_than_the_file() -> None:
    rng = random.Random(5)
    for name, (container, data) in FILES.items():
        listener = Listener(container)
        for _ in range(5):
            flipped = bytearray(data)
            for _ in range(20):
                flipped[rng.randrange(12, len(data))] = rng.randrange(256)
            await listener.hear(*pieces(bytes(flipped), 4_000))
        before = len(listener.pcm)
        pcm = await listener.hear(data)
        await listener.decoder.close()
        assert likeness(pcm[before:], speech()) > 0.9, name


async def test_too_much_waiting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "WAITING_LIMIT_BYTES", 100_000)
    listener = Listener("mp4")
    listener.decoder.push(b"\0\0\0\x18ftyp" + bytes(16) + b"\x7f\xff\xff\xffmdat")
    listener.decoder.push(bytes(60_000))
    with pytest.raises(ClientError, match="faster than it can be decoded"):
        listener.decoder.push(bytes(100_000))
    await listener.hear()
    await listener.decoder.close()


async def test_sound_may_not_run_far_ahead_of_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "AHEAD_LIMIT_MS", 5_000)
    listener = Listener("ogg")
    await listener.hear(*[FILES["ogg"][1]] * 3)
    await listener.decoder.close()
    assert listener.errors
    assert all("More than 5 s of sound" in error for error in listener.errors)
    assert len(listener.pcm) < 2 * 16_000 * 6


async def test_close_in_the_middle_gives_nothing_more() -> None:
    for container, data in FILES.values():
        listener = Listener(container)
        listener.decoder.push(data * 20 if container == "ogg" else data[: len(data) // 2])
        await listener.decoder.close()
        await listener.decoder.close()
        heard = len(listener.pcm)
        await asyncio.sleep(0)
        assert (len(listener.pcm), listener.errors) == (heard, [])
        assert not listener.decoder._thread.is_alive()


async def test_without_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ConfigError, match=r"\./install.sh media"):
        MediaDecoder("webm", lambda pcm: None, lambda error: None)


def test_files_are_known_by_their_first_bytes() -> None:
    assert media.begins_file(FILES["webm file"][1][:4], "webm")
    assert media.begins_file(FILES["mp4 index last"][1][:8], "mp4")
    pages = FILES["ogg"][1].split(b"OggS")[1:]
    assert [media.begins_file(b"OggS" + page, "ogg") for page in pages] == [True] + [False] * (len(pages) - 1)
    assert not any(media.begins_file(os.urandom(3), container) for container in ("webm", "mp4", "ogg"))
