"""Recordings in any format come out as the same float samples."""

import io
import socket
import struct
from pathlib import Path

import numpy as np
import pytest

from voi.audio import sample as module
from voi.audio.sample import Sample, read_sample, sound_pieces
from voi.audio.wav import to_wav
from voi.errors import ClientError, ConfigError

AUDIO = Path(__file__).parents[1] / "data" / "audio"
RATE_HZ = 16_000
av = pytest.importorskip("av")


def encoded(
    container: str, codec: str, seconds: float = 1.0, rate_hz: int = 48_000, layout: str = "mono", volume: float = 0.5
) -> bytes:
    """A tone of 440 Hz."""
    file = io.BytesIO()
    samples = (volume * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate_hz)) / rate_hz)).astype(np.float32)
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate_hz, layout=layout)
        stream.bit_rate = 128_000
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
     ("webm", "libopus"), ("mp4", "aac"), ("ipod", "aac"), ("matroska", "pcm_s16le"), ("wav", "pcm_u8"),
     ("wav", "pcm_f32le"), ("wav", "pcm_mulaw"), ("aiff", "pcm_s16be"), ("adts", "aac"), ("asf", "wmav2"),
     ("avi", "mp3"), ("mpegts", "aac"), ("flv", "aac")],
)  # fmt: skip
def test_formats(container: str, codec: str, tmp_path: Path) -> None:
    rate_hz = 44_100 if container in ("avi", "flv") else 48_000
    data = encoded(container, codec, rate_hz=rate_hz)
    path = tmp_path / "sample"
    path.write_bytes(data)
    pipe = io.BytesIO(data)
    pipe.seekable = lambda: False  # type: ignore[method-assign]
    piped = list(sound_pieces(pipe, "a pipe"))
    assert len(piped) >= 4 or container == "matroska"  # which has it in one piece
    assert {piece.rate_hz for piece in piped} == {rate_hz}
    joined = Sample(np.concatenate([piece.samples for piece in piped]), rate_hz)
    for sample in (read_sample(data), read_sample(path), joined):
        assert sample.rate_hz == rate_hz
        assert sample.length_s == pytest.approx(1.0, abs=0.08)
        middle = sample.samples[rate_hz // 4 : 3 * rate_hz // 4]
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


@pytest.mark.parametrize(("container", "video", "audio"), [("mp4", "libx264", "aac"), ("webm", "libvpx", "libopus")])
def test_the_sound_of_a_film(container: str, video: str, audio: str) -> None:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        pictures, sound = out.add_stream(video, rate=10), out.add_stream(audio, rate=48_000)
        pictures.width = pictures.height = 64
        pictures.pix_fmt = "yuv420p"
        for _ in range(10):
            out.mux(pictures.encode(av.VideoFrame(64, 64, "yuv420p")))
        converter = av.AudioResampler(format=sound.format, layout="mono", rate=48_000, frame_size=sound.frame_size)
        tone = (0.5 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(tone[None], format="fltp", layout="mono")
        frame.rate, frame.pts = 48_000, 0
        for part in (*converter.resample(frame), *converter.resample(None)):
            out.mux(sound.encode(part))
        out.mux([*sound.encode(None), *pictures.encode(None)])
    assert read_sample(file.getvalue()).length_s == pytest.approx(1.0, abs=0.08)


@pytest.mark.parametrize(("rate_hz", "becomes"), [(8_000, 8_000), (11_127, 12_000), (96_000, 48_000)])
def test_rates(rate_hz: int, becomes: int) -> None:
    """Unusual ones become usual: not every filter can take them."""
    sample = read_sample(encoded("wav", "pcm_s16le", rate_hz=rate_hz))
    assert sample.rate_hz == becomes
    assert sample.length_s == pytest.approx(1.0, abs=0.02)


class TestOtherFiles:
    """A recording that names other files, or addresses, opens none of them."""

    @pytest.fixture
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        (tmp_path / "secret.wav").write_bytes((AUDIO / "jfk.wav").read_bytes())
        monkeypatch.chdir(tmp_path)
        return tmp_path

    @pytest.mark.parametrize("suffix", ["wav", "m3u8", "ffconcat", "mpd", "sdp"])
    @pytest.mark.parametrize(
        "text",
        [
            "ffconcat version 1.0\nfile secret.wav\n",
            "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{folder}/secret.wav\n#EXT-X-ENDLIST\n",
            "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:{port}/x.ts\n#EXT-X-ENDLIST\n",
            '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration='
            '"PT9S"><Period><AdaptationSet mimeType="audio/wav"><Representation id="1" bandwidth="1"><BaseURL>'
            "secret.wav</BaseURL></Representation></AdaptationSet></Period></MPD>",
            "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 0\n",
        ],
        ids=["concat", "hls", "hls url", "dash", "sdp"],
    )
    def test_playlists(self, folder: Path, text: str, suffix: str) -> None:
        path = folder / f"list.{suffix}"
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(0)
            path.write_text(text.replace("{folder}", str(folder)).replace("{port}", str(server.getsockname()[1])))
            for source in (path, path.read_bytes()):
                with pytest.raises(ClientError, match="cannot be decoded"):
                    read_sample(source)
            with pytest.raises(BlockingIOError):
                server.accept()

    def test_names_that_mean_something_to_ffmpeg(self, folder: Path) -> None:
        for name in ("concat:secret.wav|secret.wav", "http:x.wav", "%03d.wav", "-i.wav", "pipe:0"):
            Path(name).write_bytes((AUDIO / "spk1_snt1.wav").read_bytes())
            assert read_sample(Path(name)).length_s == pytest.approx(2.87, abs=0.01)
            Path(name).unlink()
            with pytest.raises(ClientError, match="cannot be read: No such file"):
                read_sample(Path(name))


def test_a_bomb_costs_no_more_than_its_limit() -> None:
    """Silence takes next to nothing in FLAC."""
    bomb = encoded("flac", "flac", seconds=20, rate_hz=8_000, volume=0)
    assert len(bomb) < 12_000
    decoded = [0]

    def decode() -> None:
        for piece in sound_pieces(io.BytesIO(bomb), "bomb", limit_s=2):
            decoded.append(len(piece.samples))

    with pytest.raises(ClientError, match="more than 2 s"):
        decode()
    assert sum(decoded) <= 2 * 8_000


@pytest.mark.parametrize(
    "layout",
    [
        struct.pack("<HHIIHH", 1, 65_535, 16_000, 0, 65_534, 16),
        struct.pack("<HHIIHH", 1, 1, 0, 0, 2, 16),
        struct.pack("<HHIIHH", 1, 0, 16_000, 32_000, 2, 16),
        struct.pack("<HHIIHH", 1, 1, 2**32 - 1, 0, 2, 16),
        struct.pack("<HHIIHH", 0x55, 1, 16_000, 32_000, 2, 16),
    ],
    ids=["channels", "no rate", "no channels", "rate", "codec"],
)
def test_headers_that_lie(layout: bytes) -> None:
    data = (
        b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<I", len(layout)) + layout + b"data\xff\xff\xff\xff" + bytes(999)
    )
    with pytest.raises(ClientError):
        read_sample(data)


def test_a_length_that_lies_is_no_mistake() -> None:
    """What streaming writers leave."""
    data = bytearray(to_wav(bytes(2 * RATE_HZ), RATE_HZ))
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    assert read_sample(bytes(data)).length_s == 1


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


def test_an_empty_pipe_is_called_empty() -> None:
    pipe = io.BytesIO()
    pipe.seekable = lambda: False  # type: ignore[method-assign]
    with pytest.raises(ClientError, match="a pipe is empty"):
        list(sound_pieces(pipe, "a pipe"))
