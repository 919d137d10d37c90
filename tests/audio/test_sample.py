"""Recordings in any format come out as the same float samples."""

import io
from pathlib import Path

import numpy as np
import pytest

from voi.audio import sample as module
from voi.audio.sample import read_sample
from voi.audio.wav import to_wav
from voi.errors import ClientError, ConfigError

AUDIO = Path(__file__).parents[1] / "data" / "audio"
RATE_HZ = 16_000
av = pytest.importorskip("av")


def encoded(container: str, codec: str, seconds: float = 1.0, rate_hz: int = 48_000, layout: str = "mono") -> bytes:
    """A tone of 440 Hz, at half of full scale."""
    file = io.BytesIO()
    samples = (0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate_hz)) / rate_hz)).astype(np.float32)
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate_hz, layout=layout)
        stream.codec_context.open()
        planes = np.stack([samples] * stream.layout.nb_channels)
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
        frame.rate, frame.pts = rate_hz, 0
        size = stream.codec_context.frame_size or 0
        converter = av.AudioResampler(format=stream.format, layout=layout, rate=rate_hz, frame_size=size)
        for part in (*converter.resample(frame), *converter.resample(None)):
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize(
    ("container", "codec"),
    [("wav", "pcm_s16le"), ("wav", "pcm_s24le"), ("flac", "flac"), ("mp3", "libmp3lame"), ("ogg", "libopus"),
     ("webm", "libopus"), ("mp4", "aac"), ("matroska", "pcm_s16le")],
)  # fmt: skip
def test_formats(container: str, codec: str, tmp_path: Path) -> None:
    data = encoded(container, codec)
    path = tmp_path / "sample"
    path.write_bytes(data)
    for source in (data, path):
        sample = read_sample(source)
        assert sample.rate_hz == 48_000
        assert sample.length_s == pytest.approx(1.0, abs=0.08)
        middle = sample.samples[12_000:36_000]
        assert np.sqrt((middle**2).mean()) == pytest.approx(0.5 / 2**0.5, abs=0.03)


def test_wav_is_exact_with_and_without_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    path = AUDIO / "jfk.wav"
    with_av = read_sample(path)

    def missing() -> None:
        raise ConfigError("PyAV is not installed.")

    monkeypatch.setattr(module, "load_av", missing)
    assert np.array_equal(read_sample(path).samples, with_av.samples)
    assert np.array_equal(read_sample(path.read_bytes()).samples, with_av.samples)
    with pytest.raises(ConfigError, match="PyAV"):
        read_sample(b"OggS" + bytes(100))


def test_channels_are_averaged() -> None:
    stereo = encoded("wav", "pcm_s16le", layout="stereo")
    assert np.abs(read_sample(stereo).samples).max() == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "cannot be decoded"),
        (b"hello, I am a text and no sound", "cannot be decoded"),
        (b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "cannot be decoded"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "cannot be decoded"),
        (to_wav(b"", RATE_HZ), "no sound|cannot be decoded"),
    ],
    ids=["nothing", "text", "hls", "concat", "empty wav"],
)
def test_what_is_no_sound(data: bytes, says: str) -> None:
    with pytest.raises(ClientError, match=says):
        read_sample(data)


def test_limits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = to_wav(bytes(2 * RATE_HZ * 3), RATE_HZ)
    assert read_sample(data, limit_s=3).length_s == 3
    with pytest.raises(ClientError, match=r"more than 2\.5 s"):
        read_sample(data, limit_s=2.5)
    monkeypatch.setattr(module, "BYTES_LIMIT", 1_000)
    with pytest.raises(ClientError, match="MiB"):
        read_sample(data)
    with pytest.raises(ClientError, match="cannot be read"):
        read_sample(tmp_path / "nowhere.wav")
