import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.audio.sounds import AUDIO, samples, speech
from voi.audio import g711
from voi.audio import wav as wav_module
from voi.audio.wav import DATA_MAX_BYTES, HEADER_BYTES, WavWriter, parse_wav, read_wav, to_wav
from voi.errors import ClientError

FLOATS = np.array([0.0, 0.5, -0.5, 1.0, -1.0, 0.25])
INTS = [0, 16384, -16384, 32767, -32768, 8192]


def wav(kind: int, bits: int, body: bytes, channels: int = 1, rate_hz: int = 16_000, extra: bytes = b"") -> bytes:
    block = channels * bits // 8
    layout = struct.pack("<HHIIHH", kind, channels, rate_hz, rate_hz * block, block, bits) + extra
    chunks = b"fmt " + struct.pack("<I", len(layout)) + layout
    chunks += b"LIST" + struct.pack("<I", 3) + b"odd\0"
    chunks += b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


def ints(bits: int) -> bytes:
    scaled = np.clip(FLOATS * 2 ** (bits - 1), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1).astype(np.int64)
    return b"".join(int(value).to_bytes(bits // 8, "little", signed=True) for value in scaled)


@pytest.mark.parametrize(
    "data",
    [
        wav(1, 16, ints(16)),
        wav(1, 24, ints(24)),
        wav(1, 32, ints(32)),
        wav(3, 32, FLOATS.astype("<f4").tobytes()),
        wav(3, 64, FLOATS.astype("<f8").tobytes()),
        wav(0xFFFE, 24, ints(24), extra=struct.pack("<HHIH", 22, 24, 4, 1) + bytes(14)),
        wav(0xFFFE, 32, FLOATS.astype("<f4").tobytes(), extra=struct.pack("<HHIH", 22, 32, 4, 3) + bytes(14)),
    ],
    ids=["s16", "s24", "s32", "f32", "f64", "extensible s24", "extensible f32"],
)
def test_every_usual_kind(data: bytes) -> None:
    pcm, rate_hz = parse_wav(data)
    assert (samples(pcm).tolist(), rate_hz) == (INTS, 16_000)


def test_eight_bits_and_telephone_kinds() -> None:
    assert samples(parse_wav(wav(1, 8, bytes([0, 128, 255])))[0]).tolist() == [-32768, 0, 32512]
    for kind, law in ((6, "alaw"), (7, "ulaw")):
        body = bytes(range(256))
        assert parse_wav(wav(kind, 8, body))[0] == g711.decode(body, law)  # type: ignore[arg-type]


def test_channels_are_averaged() -> None:
    stereo = np.array([[1000, 3000], [32767, 32767], [-100, 100]], "<i2")
    assert samples(parse_wav(wav(1, 16, stereo.tobytes(), channels=2))[0]).tolist() == [2000, 32767, 0]


def test_floats_beyond_full_scale_are_clipped() -> None:
    wild = np.array([9.0, -9.0, np.nan, np.inf, -np.inf], "<f4")
    assert samples(parse_wav(wav(3, 32, wild.tobytes()))[0]).tolist() == [32767, -32768, 0, 32767, -32768]


def test_a_streamed_file_that_never_got_its_size_is_read_to_the_end() -> None:
    data = bytearray(to_wav(b"\1\0" * 10, 8_000))
    data[40:44] = b"\xff\xff\xff\xff"
    assert parse_wav(bytes(data)) == (b"\1\0" * 10, 8_000)
    assert parse_wav(bytes(data[:-3]))[0] == b"\1\0" * 8


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a WAV file"),
        (b"OggS" + bytes(100), "not a WAV file"),
        (b"RIFF\0\0\0\0WAVE", "no fmt chunk"),
        (b"RIFF\0\0\0\0WAVEdata\4\0\0\0\0\0\0\0", "no fmt chunk"),
        (b"RIFF\0\0\0\0WAVEfmt \2\0\0\0\1\0data\0\0\0\0", "too short"),
        (wav(1, 16, b"", channels=0), "broken"),
        (wav(1, 16, b"", rate_hz=0), "broken"),
        (wav(1, 4, b"data"), "broken"),
        (wav(1, 0, b""), "broken"),
        (wav(2, 16, b""), "format 2"),
        (wav(1, 12, b""), "broken|format 1"),
    ],
)
def test_junk_is_refused_with_a_reason(data: bytes, words: str) -> None:
    with pytest.raises(ClientError, match=words):
        parse_wav(data)


@given(st.binary(max_size=200))
@example(b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0\x10\0data\xff\xff\xff\xff\1")
def test_nothing_but_a_client_error(tail: bytes) -> None:
    for data in (tail, b"RIFF\0\0\0\0WAVE" + tail, wav(1, 16, b"")[:36] + tail):
        try:
            pcm, _ = parse_wav(data)
        except ClientError:
            continue
        assert len(pcm) % 2 == 0


def test_read_wav_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(ClientError, match=r"gone\.wav cannot be read: No such file"):
        read_wav(tmp_path / "gone.wav")
    (tmp_path / "junk.wav").write_bytes(b"junk")
    with pytest.raises(ClientError, match=r"junk\.wav: This is not a WAV file"):
        read_wav(tmp_path / "junk.wav")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.wav").write_bytes(to_wav(bytes(200), 8_000))
    monkeypatch.setattr(wav_module, "FILE_LIMIT_BYTES", 243)
    with pytest.raises(ClientError, match=r"a\.wav has 244 bytes; at most 243"):
        read_wav(tmp_path / "a.wav")


def test_reads_what_the_standard_library_reads() -> None:
    with wave.open(str(AUDIO / "jfk.wav")) as file:
        assert read_wav(AUDIO / "jfk.wav") == (file.readframes(file.getnframes()), 16_000)


# ---- writing ------------------------------------------------------------------------------------


def test_the_file_is_whole_after_every_call(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    writer = WavWriter(path, 16_000)
    assert parse_wav(path.read_bytes()) == (b"", 16_000)
    for count in (1, 2, 3):
        writer.write(speech()[:1000])
        with wave.open(str(path)) as file:  # never closed: as if the process had died here
            assert file.readframes(file.getnframes()) == speech()[:1000] * count
        assert path.stat().st_size == HEADER_BYTES + 1000 * count
    writer.close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_places(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with WavWriter(path, 8_000) as writer:
        writer.write_at(3, b"aabb")
        assert parse_wav(path.read_bytes())[0] == bytes(6) + b"aabb"
        writer.write_at(4, b"cc")  # replaces what follows
        assert parse_wav(path.read_bytes())[0] == bytes(6) + b"aacc"
        writer.cut(1)
        writer.cut(7)
        assert writer.samples == 1
        assert path.stat().st_size == HEADER_BYTES + 2
        writer.write_at(3, b"dd")
    assert parse_wav(path.read_bytes())[0] == bytes(6) + b"dd"


def test_limit(tmp_path: Path) -> None:
    with WavWriter(tmp_path / "a.wav", 8_000, limit_bytes=7) as writer:
        assert writer.write(b"aabb")
        assert not writer.write(b"ccdd")
        assert not writer.write(b"ee")
        assert not writer.write_at(100, b"ff")
    assert parse_wav((tmp_path / "a.wav").read_bytes())[0] == b"aabbcc"
    assert (tmp_path / "a.wav").stat().st_size == HEADER_BYTES + 6
    with WavWriter(tmp_path / "b.wav", 8_000, limit_bytes=2**40) as writer:
        assert writer.limit_bytes == DATA_MAX_BYTES


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        WavWriter(tmp_path / "a.wav", 8_000)
