"""Pre-recorded sound of greetings and other phrases, from the operator's folder and nowhere else."""

import asyncio
from itertools import chain
from pathlib import Path

from voi.audio.ffmpeg import load_av
from voi.audio.resample import resample
from voi.audio.wav import read_wav
from voi.errors import ConfigError

FILE_MAX_BYTES = 32 * 1024 * 1024
"""Three minutes of 48 kHz stereo WAV."""
SOUND_MAX_MS = 300_000
"""What a compressed file may become."""


async def load_phrase_sound(file: str, greetings_dir: Path | None, rate_hz: int) -> bytes:
    """PCM at `rate_hz`, of a WAV file or, with the extra `media`, of whatever FFmpeg decodes. Raises ConfigError (no
    such file there, or PyAV is missing) or ClientError (no sound in it)."""
    return await asyncio.to_thread(_load, file, greetings_dir, rate_hz)


def _load(file: str, greetings_dir: Path | None, rate_hz: int) -> bytes:
    if greetings_dir is None:
        raise ConfigError("No folder for pre-recorded phrases is configured: set VOI_GREETINGS_DIR.")
    folder = greetings_dir.resolve()
    try:
        path = (folder / file).resolve()
        if not path.is_relative_to(folder):
            raise ConfigError(f"{file!r} is outside the folder for pre-recorded phrases.")
        if path.stat().st_size > FILE_MAX_BYTES:
            raise ConfigError(f"{file!r} is larger than {FILE_MAX_BYTES // 1024 // 1024} MiB.")
        if path.suffix.lower() != ".wav":
            return _decode(path, rate_hz)
        pcm, file_rate_hz = read_wav(path)
        return resample(pcm, file_rate_hz, rate_hz)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file!r} cannot be read: {type(error).__name__}") from None


def _decode(path: Path, rate_hz: int) -> bytes:
    av = load_av()
    pcm = bytearray()
    try:
        with av.open(str(path), options={"protocol_whitelist": "file"}) as container:
            resampler = av.AudioResampler(format="s16", layout="mono", rate=rate_hz)
            for frame in chain(container.decode(audio=0), (None,)):
                for part in resampler.resample(frame):
                    pcm += bytes(part.planes[0])[: part.samples * 2]
                if len(pcm) > SOUND_MAX_MS * rate_hz // 500:
                    raise ConfigError(f"{path.name!r} is longer than {SOUND_MAX_MS // 60_000} minutes.")
    except (av.FFmpegError, IndexError) as error:
        raise ConfigError(f"{path.name!r} cannot be decoded: {type(error).__name__}") from None
    return bytes(pcm)
