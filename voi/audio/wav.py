"""WAV files: reads every usual kind as PCM (s16le mono), and writes s16le mono files that are valid at any moment.

Source of the layout: Microsoft/IBM "Multimedia Programming Interface and Data Specifications 1.0" (RIFF WAVE) and
Microsoft's WAVEFORMATEXTENSIBLE.
"""

import os
import struct
from collections.abc import Callable, Iterator
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from voi.audio import g711
from voi.audio.pcm import SAMPLE_BYTES, from_float, to_float
from voi.errors import ClientError

HEADER_BYTES = 44
FILE_LIMIT_BYTES = 256 * 1024 * 1024
"""Largest file that `read_wav` reads: 2.3 hours at 16 kHz."""
DATA_MAX_BYTES = 2**32 - 1 - HEADER_BYTES
"""Sizes are 32-bit in a WAV file."""
ENDLESS_BYTES = 0x7FFF_FFFF - HEADER_BYTES
"""The size in the header of a stream, whose length is not known yet; readers read to its end."""
CHANNELS_MAX = 32
RATE_RANGE_HZ = (1_000, 384_000)


class Format(IntEnum):
    """The fmt chunk's format tag."""

    PCM = 1
    FLOAT = 3
    ALAW = 6
    ULAW = 7
    EXTENSIBLE = 0xFFFE


# ---- reading ------------------------------------------------------------------------------------


def parse_wav(data: bytes) -> tuple[bytes, int]:
    """PCM (channels averaged) and its rate in Hz, of a WAV file with 8 to 32-bit integers, 32 or 64-bit floats, A-law
    or µ-law. A data chunk longer than the file, as streaming writers leave it, is read to the end.
    Raises ClientError."""
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ClientError("This is not a WAV file: it does not begin with RIFF and WAVE.")
    layout: bytes | None = None
    for name, body in _chunks(data):
        if name == b"fmt ":
            layout = body
        elif name == b"data":
            if layout is None:
                break
            return _decode(layout, body)
    raise ClientError("The WAV file is broken: it has no fmt chunk followed by a data chunk.")


def read_wav(path: Path) -> tuple[bytes, int]:
    """Like `parse_wav`, from a file. Raises ClientError, also for a file that cannot be read."""
    try:
        size = path.stat().st_size
        if size > FILE_LIMIT_BYTES:
            raise ClientError(f"{path} has {size} bytes; at most {FILE_LIMIT_BYTES} can be read.")
        return parse_wav(path.read_bytes())
    except OSError as error:
        raise ClientError(f"{path} cannot be read: {error.strerror}.") from error
    except ClientError as error:
        raise ClientError(f"{path}: {error}") from error


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _decode(layout: bytes, body: bytes) -> tuple[bytes, int]:
    if len(layout) < 16:
        raise ClientError("The WAV file is broken: its fmt chunk is too short.")
    kind, channels, rate_hz, _, block_bytes, bits = struct.unpack_from("<HHIIHH", layout)
    if kind == Format.EXTENSIBLE and len(layout) >= 26:
        kind = int.from_bytes(layout[24:26], "little")  # the first two bytes of the sub-format's GUID
    low, high = RATE_RANGE_HZ
    sound = 1 <= channels <= CHANNELS_MAX and low <= rate_hz <= high and bits >= 8
    if not sound or block_bytes != channels * (bits // 8):
        raise ClientError(f"The WAV file is broken: {channels} channels of {bits} bits at {rate_hz} Hz.")
    samples = _samples(kind, bits, body[: len(body) - len(body) % block_bytes])
    return from_float(samples.reshape(-1, channels).mean(axis=1)), rate_hz


def _samples(kind: int, bits: int, body: bytes) -> NDArray[np.floating]:
    """Shape (samples of all channels,), float in [-1, 1]."""
    match kind, bits:
        case Format.PCM, 8:
            return (np.frombuffer(body, np.uint8).astype(np.float32) - 128) / 128
        case Format.PCM, 16:
            return to_float(body)
        case Format.PCM, 24:
            in_32_bits = np.zeros((len(body) // 3, 4), np.uint8)
            in_32_bits[:, 1:] = np.frombuffer(body, np.uint8).reshape(-1, 3)
            return in_32_bits.view("<i4")[:, 0] / 2.0**31
        case Format.PCM, 32:
            return np.frombuffer(body, "<i4") / 2.0**31
        case Format.FLOAT, 32 | 64:
            floats: NDArray[np.floating] = np.frombuffer(body, f"<f{bits // 8}")
            finite: NDArray[np.floating] = np.nan_to_num(floats, posinf=1.0, neginf=-1.0)
            return finite
        case Format.ALAW | Format.ULAW, 8:
            return to_float(g711.decode(body, "alaw" if kind == Format.ALAW else "ulaw"))
    raise ClientError(f"WAV files with format {kind} and {bits} bits cannot be read; use 16-bit PCM.")


# ---- writing ------------------------------------------------------------------------------------


def header(data_bytes: int, rate_hz: int) -> bytes:
    """The first 44 bytes of a file with `data_bytes` of s16le mono sound."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        data_bytes + HEADER_BYTES - 8,
        b"WAVE",
        b"fmt ",
        16,
        Format.PCM,
        1,
        rate_hz,
        rate_hz * SAMPLE_BYTES,
        SAMPLE_BYTES,
        8 * SAMPLE_BYTES,
        b"data",
        data_bytes,
    )


def to_wav(pcm: bytes, rate_hz: int) -> bytes:
    """A whole WAV file."""
    return header(len(pcm), rate_hz) + pcm


class OpenFile(Protocol):
    """What `WavWriter` needs of a file."""

    def seek(self, offset: int, /) -> int: ...

    def write(self, data: bytes, /) -> int | None: ...

    def truncate(self, size: int, /) -> int: ...

    def flush(self) -> None: ...

    def close(self) -> None: ...


def new_private_file(path: Path) -> BinaryIO:
    """A new file that only its owner may read. Raises OSError, also if the file exists."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)
    return os.fdopen(descriptor, "wb")


class WavWriter:
    """Writes a new WAV file that only its owner may read. It is valid after every call, even if the process dies,
    because the header is written again after the sound. Blocks on the disk: use it in a thread. Raises OSError."""

    def __init__(
        self,
        path: Path,
        rate_hz: int,
        limit_bytes: int = DATA_MAX_BYTES,
        open_file: Callable[[Path], OpenFile] = new_private_file,
    ) -> None:
        """`open_file` makes the file."""
        self.rate_hz = rate_hz
        self.limit_bytes = min(limit_bytes, DATA_MAX_BYTES)
        self.data_bytes = 0
        self._file = open_file(path)
        self._write_header()

    @property
    def samples(self) -> int:
        """Length so far, in samples."""
        return self.data_bytes // SAMPLE_BYTES

    def write(self, pcm: bytes) -> bool:
        """Append PCM. False: the limit is reached, and the rest was left out."""
        return self.write_at(self.samples, pcm)

    def write_at(self, start_samples: int, pcm: bytes) -> bool:
        """Write from that sample on: a gap before it becomes silence (a hole that takes no room where the file system
        knows holes), and anything already there or after it is replaced. False: the limit is reached."""
        start_bytes = start_samples * SAMPLE_BYTES
        fitting = pcm[: max(0, self.limit_bytes - start_bytes) // SAMPLE_BYTES * SAMPLE_BYTES]
        if fitting:
            self.cut(start_samples)
            self._file.seek(HEADER_BYTES + start_bytes)
            self._file.write(fitting)
            self._file.flush()  # sound before header: the header never promises what is not there
            self.data_bytes = start_bytes + len(fitting)
            self._write_header()
        return len(fitting) == len(pcm)

    def cut(self, samples: int) -> None:
        """Truncate the file at that sample."""
        if samples < self.samples:
            self.data_bytes = samples * SAMPLE_BYTES
            self._write_header()
            self._file.truncate(HEADER_BYTES + self.data_bytes)

    def close(self) -> None:
        self._file.close()

    def _write_header(self) -> None:
        self._file.seek(0)
        self._file.write(header(self.data_bytes, self.rate_hz))
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
