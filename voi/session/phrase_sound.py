"""Loads pre-recorded greetings and other phrases, only from the operator's folder."""

import asyncio
from pathlib import Path

from voi.audio.pcm import from_float
from voi.audio.resample import resample
from voi.audio.sample import read_sample
from voi.errors import ClientError, ConfigError


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
        samples, sample_rate_hz = read_sample(path)
        return resample(from_float(samples), sample_rate_hz, rate_hz)
    except ClientError as error:  # the operator's file
        raise ConfigError(str(error)) from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file!r} cannot be read: {type(error).__name__}") from None
