"""Where a command's sound goes: a WAV file, a pipe, or the speaker of this machine."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from voi.errors import ConfigError

Put = Callable[[bytes], Awaitable[None]]
STANDARD_OUTPUT = Path("-")
ENDLESS_BYTES = 0x7FFF_FFFF - 44
"""What a WAV header says in a pipe, where the length is not known yet; readers take what comes."""


@asynccontextmanager
async def sound_to(out: Path | None, rate_hz: int, raw: bool) -> AsyncIterator[Put]:
    """`put` takes s16le mono at that rate. Raises ConfigError: the file cannot be written, there is no speaker."""
    if out is None:
        async with _speaker(rate_hz) as put:
            yield put
    elif out == STANDARD_OUTPUT:
        if not raw:
            await _to_pipe(_header(ENDLESS_BYTES, rate_hz))
        yield _to_pipe
    else:
        sound = bytearray()

        async def keep(pcm: bytes) -> None:
            sound.extend(pcm)

        yield keep
        try:
            await asyncio.to_thread(out.write_bytes, bytes(sound) if raw else _header(len(sound), rate_hz) + sound)
        except OSError as error:
            raise ConfigError(f"{out} cannot be written: {error.strerror}.") from None


def _header(data_bytes: int, rate_hz: int) -> bytes:
    from voi.audio.wav import header

    return header(data_bytes, rate_hz)


async def _to_pipe(pcm: bytes) -> None:
    def write() -> None:
        sys.stdout.buffer.write(pcm)
        sys.stdout.buffer.flush()

    try:
        await asyncio.to_thread(write)
    except BrokenPipeError:
        raise SystemExit(0) from None  # whoever listened has heard enough


@asynccontextmanager
async def _speaker(rate_hz: int) -> AsyncIterator[Put]:
    from voi.audio.pcm import silence
    from voi.cli.soundcard import load_sounddevice

    sounddevice = load_sounddevice()
    try:
        stream = sounddevice.RawOutputStream(samplerate=rate_hz, channels=1, dtype="int16")
        stream.start()
    except sounddevice.PortAudioError as error:
        raise ConfigError(f"The speaker cannot be used ({error}); name a file with --out.") from None

    async def put(pcm: bytes) -> None:
        await asyncio.to_thread(stream.write, pcm)

    try:
        yield put
        await put(silence(200, rate_hz))  # what the device has taken is heard to its end
    finally:
        await asyncio.to_thread(stream.close)
