"""Loads pre-recorded greetings and other phrases, only from the operator's folder."""

import asyncio
import threading
from collections import OrderedDict
from pathlib import Path

from voi.audio.decode_apart import read_file_apart
from voi.audio.pcm import from_float
from voi.audio.resample import resample
from voi.audio.sample import BYTES_LIMIT, LENGTH_LIMIT_S, USUAL_RATES_HZ
from voi.audio.wav import parse_wav
from voi.errors import ClientError, ConfigError

KEPT_MAX_BYTES = 64 * 1024 * 1024
"""Limit on the cached sound, twenty minutes at 24 kHz. Every caller hears the same greetings."""


class _KeptSound:
    """Sound by file, its state on the disk, and rate; the least recently used is forgotten."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sounds: OrderedDict[tuple[object, ...], bytes] = OrderedDict()
        self._bytes = 0

    def get(self, key: tuple[object, ...]) -> bytes | None:
        with self._lock:
            if key in self._sounds:
                self._sounds.move_to_end(key)
            return self._sounds.get(key)

    def put(self, key: tuple[object, ...], pcm: bytes) -> None:
        with self._lock:
            self._bytes += len(pcm) - len(self._sounds.pop(key, b""))
            self._sounds[key] = pcm
            while self._bytes > KEPT_MAX_BYTES:
                self._bytes -= len(self._sounds.popitem(last=False)[1])


_KEPT = _KeptSound()


async def load_phrase_sound(file: str, greetings_dir: Path | None, rate_hz: int) -> bytes:
    """PCM (s16le mono) at `rate_hz`, from a WAV file or, with the extra `media`, from any format that `audio.sample`
    reads. Raises ConfigError if the folder has no such file, it has no sound, it is longer than five minutes, or PyAV
    is missing."""
    return await asyncio.to_thread(_load, file, greetings_dir, rate_hz)


def _load(file: str, greetings_dir: Path | None, rate_hz: int) -> bytes:
    if greetings_dir is None:
        raise ConfigError("No folder for pre-recorded phrases is configured: set VOI_GREETINGS_DIR.")
    folder = greetings_dir.resolve()
    try:
        path = (folder / file).resolve()
        if not path.is_relative_to(folder):
            raise ConfigError(f"{file!r} is outside the folder for pre-recorded phrases.")
        if not path.is_file():
            raise ConfigError(f"{file!r} is no file in the folder for pre-recorded phrases.")
        state = path.stat()
        key = (path, state.st_mtime_ns, state.st_size, rate_hz)
        pcm = _KEPT.get(key)
        if pcm is None:
            pcm = resample(*_decoded(path), rate_hz)
            _KEPT.put(key, pcm)
        return pcm
    except ClientError as error:  # the operator's file
        raise ConfigError(str(error)) from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file!r} cannot be read: {type(error).__name__}") from None


def _decoded(path: Path) -> tuple[bytes, int]:
    """PCM and its rate. A usual WAV file is read here, at once; anything else by FFmpeg in a process of its own, which
    a bad file may crash."""
    with path.open("rb") as opened:
        data = opened.read(BYTES_LIMIT + 1)
    if len(data) <= BYTES_LIMIT and data[:4] + data[8:12] == b"RIFFWAVE":
        try:
            pcm, rate_hz = parse_wav(data)
        except ClientError:
            pcm, rate_hz = b"", 0  # FFmpeg may know its kind
        if pcm and rate_hz in USUAL_RATES_HZ and len(pcm) <= 2 * rate_hz * LENGTH_LIMIT_S:
            return pcm, rate_hz
    samples, rate_hz = read_file_apart(path)
    return from_float(samples), rate_hz
