"""Reads a recording in any format as float samples: whole, or in pieces while it is being decoded. Needs the extra
`media` for all formats but WAV.

Input is untrusted. FFmpeg never opens anything itself: it gets bytes. Only containers with their sound inside are
allowed (playlists and `concat` scripts name other files), and only sound decoders. `limit_s` bounds the memory,
whatever a header says.
"""

import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from voi.audio.ffmpeg import load_av
from voi.audio.pcm import to_float
from voi.audio.wav import parse_wav
from voi.errors import ClientError, ConfigError

LENGTH_LIMIT_S = 300
BYTES_LIMIT = 64 * 1024 * 1024
"""Largest recording that is read whole."""
SPOOL_LIMIT_BYTES = 4 * 1024**3
"""Largest MP4 in a pipe: its index may come last, so it is first written to the disk."""
FORMATS = (
    "wav", "w64", "aiff", "caf", "au", "flac", "mp3", "ogg", "matroska", "webm", "mov", "mp4", "m4a", "aac", "amr",
    "asf", "avi", "mpegts", "mpeg", "flv", "ac3", "wv", "tta",
)  # fmt: skip
CODECS = (
    "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_u8", "pcm_s8", "pcm_f32le",
    "pcm_f32be", "pcm_f64le", "pcm_f64be", "pcm_alaw", "pcm_mulaw", "adpcm_ms", "adpcm_ima_wav", "flac", "alac", "mp3",
    "mp3float", "mp2", "mp2float", "opus", "libopus", "vorbis", "libvorbis", "aac", "ac3", "eac3", "amrnb", "amrwb",
    "libopencore_amrnb", "libopencore_amrwb", "speex", "libspeex", "wmav1", "wmav2", "wavpack", "tta", "gsm", "gsm_ms",
)  # fmt: skip
USUAL_RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
"""Other rates are raised to the next of these, at most 48 kHz: frequencies above 24 kHz do not belong to a voice."""
RATE_RANGE_HZ = (4_000, 384_000)
CHANNELS_MAX = 8
PIECE_MS = 200


class Sample(NamedTuple):
    """`samples`: shape (n,), float32 in [-1, 1], all channels averaged."""

    samples: NDArray[np.float32]
    rate_hz: int

    @property
    def length_s(self) -> float:
        return len(self.samples) / self.rate_hz


def read_sample(source: Path | bytes, *, limit_s: float = LENGTH_LIMIT_S) -> Sample:
    """A whole recording. Blocks: do not call it on the event loop. Raises ClientError when there is no sound in it, or
    more than 64 MiB or `limit_s`; ConfigError when PyAV is missing."""
    name = source.name if isinstance(source, Path) else "The sound"
    try:
        size = source.stat().st_size if isinstance(source, Path) else len(source)
        if size > BYTES_LIMIT:
            raise ClientError(f"{name} has {size // 2**20} MiB; at most {BYTES_LIMIT // 2**20} can be read.")
        with source.open("rb") if isinstance(source, Path) else io.BytesIO(source) as file:
            parts = list(sound_pieces(file, name, limit_s=limit_s))
    except OSError as error:
        raise ClientError(f"{name} cannot be read: {error.strerror or type(error).__name__}.") from None
    if not parts:
        raise ClientError(f"There is no sound in {name}.")
    return Sample(np.concatenate([part.samples for part in parts]), parts[0].rate_hz)


def sound_pieces(file: BinaryIO, name: str, *, limit_s: float = float("inf")) -> Iterator[Sample]:
    """A recording in pieces of at least 200 ms (except the last), all at the same rate, as they are decoded; also from
    a pipe. `name`: its name in errors. Raises like `read_sample`, and OSError."""
    try:
        av = load_av()
    except ConfigError:
        yield _plain_wav(file, name, limit_s)
        return
    with ExitStack() as stack:
        place = file if file.seekable() else _from_pipe(file, name, stack)
        options = {
            "protocol_whitelist": "none",
            "format_whitelist": ",".join(FORMATS),
            "codec_whitelist": ",".join(CODECS),
        }
        try:
            container = stack.enter_context(av.open(place, "r", options=options, metadata_errors="replace"))
        except (av.FFmpegError, ValueError):
            raise ClientError(f"{name} cannot be decoded: it is no recording in a format that is taken.") from None
        try:
            yield from _decoded(av, container, name, limit_s)
        except (av.FFmpegError, ValueError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise ClientError(f"{name} is broken: {reason}.") from None


def _decoded(av: Any, container: Any, name: str, limit_s: float) -> Iterator[Sample]:
    if not container.streams.audio:
        raise ClientError(f"There is no sound in {name}.")
    stream = container.streams.audio[0]
    codec = stream.codec_context
    if codec is None or codec.name not in CODECS:  # None: FFmpeg does not know it
        kind = f"the kind {codec.name}" if codec else "an unknown kind"
        raise ClientError(f"{name} cannot be decoded: sound of {kind} is not taken.")
    low, high = RATE_RANGE_HZ
    if not (low <= codec.rate <= high and 1 <= codec.layout.nb_channels <= CHANNELS_MAX):
        raise ClientError(f"Sound at {codec.rate} Hz with {codec.layout.nb_channels} channels cannot be used.")
    rate_hz = next((rate for rate in USUAL_RATES_HZ if rate >= codec.rate), USUAL_RATES_HZ[-1])
    # Channels are kept, since FFmpeg's down-mix is not an average, and interleaved in one plane: PyAV reads beyond its
    # memory where there are 8 planes or more.
    packed = av.AudioResampler(format="flt", rate=rate_hz)
    parts: list[NDArray[np.float32]] = []
    length = given = 0
    for frame in chain(container.decode(stream), (None,)):
        for part in packed.resample(frame):
            channels = part.layout.nb_channels
            parts.append(part.to_ndarray().reshape(-1, channels).mean(axis=1, dtype=np.float32))
            length += len(parts[-1])
        if length > limit_s * rate_hz:
            raise ClientError(f"{name}: there are more than {limit_s:g} s of sound.")
        if length - given >= PIECE_MS * rate_hz // 1_000 or (frame is None and length > given):
            given = length
            yield Sample(np.clip(np.nan_to_num(np.concatenate(parts)), -1.0, 1.0), rate_hz)
            parts.clear()


def _plain_wav(file: BinaryIO, name: str, limit_s: float) -> Sample:
    """Read a WAV file without PyAV. Raises ConfigError for anything else."""
    data = file.read(BYTES_LIMIT + 1)
    if data[:4] + data[8:12] != b"RIFFWAVE":
        load_av()
    if len(data) > BYTES_LIMIT:
        raise ClientError(f"{name} has more than {BYTES_LIMIT // 2**20} MiB: install the extra `media` for it.")
    pcm, rate_hz = parse_wav(data)
    if rate_hz not in USUAL_RATES_HZ:
        raise ClientError(f"{name}: sound at {rate_hz} Hz needs the extra `media`.")
    if not pcm:
        raise ClientError(f"There is no sound in {name}.")
    if len(pcm) // 2 > limit_s * rate_hz:
        raise ClientError(f"{name}: there are more than {limit_s:g} s of sound.")
    return Sample(to_float(pcm), rate_hz)


class _PipeReader:
    """What FFmpeg reads a pipe through: it can only read on."""

    def __init__(self, head: bytes, read: Callable[[int], bytes]) -> None:
        self._head, self._read = head, read

    def read(self, size: int) -> bytes:
        if self._head:
            piece, self._head = self._head[:size], self._head[size:]
            return piece
        return self._read(size)


def _from_pipe(file: BinaryIO, name: str, stack: ExitStack) -> Any:
    read = getattr(file, "read1", file.read)  # what is there now, rather than all that was asked for
    head = b""
    while len(head) < 12 and (more := read(12 - len(head))):
        head += more
    if not head:
        raise ClientError(f"{name} is empty.")
    if head[4:8] != b"ftyp":  # how an MP4 begins (ISO 14496-12)
        return _PipeReader(head, read)
    whole = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - closed by the stack
    whole.write(head)
    while piece := read(1 << 20):
        if whole.tell() + len(piece) > SPOOL_LIMIT_BYTES:
            raise ClientError(f"{name} has more than {SPOOL_LIMIT_BYTES // 2**30} GiB.")
        whole.write(piece)
    whole.seek(0)
    return whole
