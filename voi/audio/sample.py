"""A recording in whatever format, as float samples at its own rate. Needs the extra `media` for all but WAV."""

import io
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from voi.audio.ffmpeg import load_av
from voi.audio.pcm import to_float
from voi.audio.wav import parse_wav
from voi.errors import ClientError, ConfigError

LENGTH_LIMIT_S = 300
BYTES_LIMIT = 64 * 1024 * 1024
FORMATS = (
    "wav", "w64", "aiff", "caf", "au", "flac", "mp3", "ogg", "matroska", "webm", "mov", "mp4", "m4a", "aac", "amr",
)  # fmt: skip
"""Containers that a stranger's bytes may be: none of FFmpeg's playlists, which can name other files."""
_CHUNK_MAX_HZ = 384_000


class Sample(NamedTuple):
    """`samples`: shape (n,), float32 in [-1, 1], all channels averaged."""

    samples: NDArray[np.float32]
    rate_hz: int

    @property
    def length_s(self) -> float:
        return len(self.samples) / self.rate_hz


def read_sample(source: Path | bytes, *, limit_s: float = LENGTH_LIMIT_S) -> Sample:
    """Of a file of the operator's, in any format that FFmpeg reads, or of bytes that a stranger sent. Blocks: not for
    the event loop. Raises ClientError: no sound in it, or more than `limit_s`; ConfigError: PyAV is missing."""
    name = source.name if isinstance(source, Path) else "The sound"
    try:
        size = source.stat().st_size if isinstance(source, Path) else len(source)
        if size > BYTES_LIMIT:
            raise ClientError(f"{name} has {size // 2**20} MiB; at most {BYTES_LIMIT // 2**20} can be read.")
        head = source.open("rb").read(12) if isinstance(source, Path) else source[:12]
        sample = _decode(source, head, name, limit_s)
    except OSError as error:
        raise ClientError(f"{name} cannot be read: {error.strerror or type(error).__name__}.") from None
    if not len(sample.samples):
        raise ClientError(f"There is no sound in {name}.")
    if sample.length_s > limit_s:
        raise ClientError(f"{name} is longer than {limit_s:g} s.")
    return sample


def _decode(source: Path | bytes, head: bytes, name: str, limit_s: float) -> Sample:
    try:
        av = load_av()
    except ConfigError:
        if head[:4] + head[8:] != b"RIFFWAVE":
            raise
        pcm, rate_hz = parse_wav(source.read_bytes() if isinstance(source, Path) else source)
        return Sample(to_float(pcm), rate_hz)
    if isinstance(source, Path):
        place: Any = str(source)
        options = {"protocol_whitelist": "file"}
    else:
        place = io.BytesIO(source)
        options = {"protocol_whitelist": "none", "format_whitelist": ",".join(FORMATS)}
    try:
        with av.open(place, "r", options=options) as container:
            return _samples(av, container, limit_s)
    except (av.FFmpegError, IndexError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ClientError(f"{name} cannot be decoded: {reason}.") from None


def _samples(av: Any, container: Any, limit_s: float) -> Sample:
    stream = container.streams.audio[0]
    rate_hz = stream.rate
    if not 4_000 <= rate_hz <= _CHUNK_MAX_HZ:
        raise ClientError(f"Sound at {rate_hz} Hz cannot be used.")
    planar = av.AudioResampler(format="fltp", rate=rate_hz)  # channels are kept: FFmpeg's mixing down is not a mean
    parts, length = [], 0
    for frame in chain(container.decode(stream), (None,)):
        for part in planar.resample(frame):
            parts.append(part.to_ndarray().mean(axis=0, dtype=np.float32))
            length += len(parts[-1])
        if length > limit_s * rate_hz:
            raise ClientError(f"There are more than {limit_s:g} s of sound.")
    joined = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    return Sample(np.clip(np.nan_to_num(joined), -1.0, 1.0), rate_hz)
