"""What a caller hears while somebody else is asked: the operator's file, or a sound that is made here, which is
nobody's."""

import asyncio
import logging
from functools import lru_cache
from pathlib import Path

import numpy as np

from voi.audio.pcm import SAMPLE_BYTES, from_float
from voi.audio.resample import resample
from voi.audio.wav import read_wav
from voi.errors import ClientError

log = logging.getLogger(__name__)

FILE_MAX_BYTES = 30 * 1024 * 1024
LONGEST_S = 300
CHORDS_HZ = ((220.0, 277.18, 329.63, 440.0), (185.0, 220.0, 277.18, 369.99), (146.83, 220.0, 293.66, 369.99),
             (164.81, 207.65, 246.94, 329.63))  # fmt: skip
"""A, F sharp minor, D, E: three seconds each, as soft bells one after the other."""
CHORD_S, NOTE_S, LEVEL = 3.0, 0.75, 0.08


async def hold_music(file: str | None, rate_hz: int) -> bytes:
    """PCM (s16le mono) at that rate, to be repeated. A file that cannot be used is logged, and Voi's own sound taken
    in its place."""
    if file:
        try:
            return await asyncio.to_thread(_from_file, Path(file), rate_hz)
        except ClientError as error:
            log.warning("hold_music: %s Callers hear Voi's own sound instead.", error)
    return await asyncio.to_thread(made_music, rate_hz)


def _from_file(path: Path, rate_hz: int) -> bytes:
    """Raises ClientError."""
    try:
        known = path.stat()
    except OSError as error:
        raise ClientError(f"{path} cannot be read: {error.strerror}.") from None
    if known.st_size > FILE_MAX_BYTES:
        raise ClientError(f"{path} has {known.st_size} bytes; at most {FILE_MAX_BYTES} are taken.")
    return _read(path, known.st_mtime_ns, rate_hz)


@lru_cache(maxsize=4)
def _read(path: Path, changed_ns: int, rate_hz: int) -> bytes:
    pcm, its_rate_hz = read_wav(path)
    pcm = pcm[: LONGEST_S * its_rate_hz * SAMPLE_BYTES]
    if len(pcm) < its_rate_hz * SAMPLE_BYTES:
        raise ClientError(f"{path} has less than a second of sound.")
    return resample(pcm, its_rate_hz, rate_hz)


@lru_cache(maxsize=4)
def made_music(rate_hz: int) -> bytes:
    """Twelve seconds of it, whose end fits its beginning."""
    length = round(len(CHORDS_HZ) * CHORD_S * rate_hz)
    sound = np.zeros(length)
    at = np.arange(2 * round(CHORD_S * rate_hz)) / rate_hz
    fades = np.minimum(at / 0.03, 1.0) * np.exp(-at / 1.2)
    for number, chord in enumerate(CHORDS_HZ):
        for step, note_hz in enumerate(chord):
            note = LEVEL * fades * (np.sin(2 * np.pi * note_hz * at) + 0.3 * np.sin(4 * np.pi * note_hz * at))
            start = round((number * CHORD_S + step * NOTE_S) * rate_hz)
            np.add.at(sound, (start + np.arange(len(note))) % length, note)
    return from_float(sound)
