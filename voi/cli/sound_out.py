"""Where a command's sound goes: a WAV file, a pipe, or the speaker of this machine."""

import asyncio
import contextlib
import errno
import io
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from voi.audio.wav import ENDLESS_BYTES, HEADER_BYTES, header
from voi.errors import ConfigError

Put = Callable[[bytes], Awaitable[None]]
STANDARD_OUTPUT = Path("-")


@asynccontextmanager
async def sound_to(out: Path | None, rate_hz: int, raw: bool) -> AsyncIterator[Put]:
    """Yields `put`, which takes s16le mono at that rate. A file appears only when it is complete. Raises ConfigError
    when the file cannot be written or there is no speaker; SystemExit(0) when the reader closes the pipe."""
    if out is None:
        async with _speaker(rate_hz) as put:
            yield put
    elif out == STANDARD_OUTPUT:
        yield await _begun(_put_into(io.FileIO(1, "w", closefd=False), out), rate_hz, raw)
    elif _is_pipe(out):
        with _opened(out) as file:
            yield await _begun(_put_into(file, out), rate_hz, raw)
    else:
        whole, partial = _places(out)
        try:
            with _opened(partial, called=out) as file:
                yield await _begun(_put_into(file, out), rate_hz, raw)
                if not raw:
                    written_bytes = file.tell() - HEADER_BYTES
                    file.seek(0)
                    await _put_into(file, out)(header(min(written_bytes, ENDLESS_BYTES), rate_hz))
            partial.replace(whole)
        finally:
            partial.unlink(missing_ok=True)


def _is_pipe(out: Path) -> bool:
    """True for a pipe, such as one from `--out >(aplay)`."""
    return out.exists() and not out.is_file()


def _places(out: Path) -> tuple[Path, Path]:
    """The file, with links resolved, and its temporary name until it is complete."""
    whole = out.resolve()
    return whole, whole.with_name(f".voi-{os.getpid()}.partial")


def _opened(path: Path, called: Path | None = None) -> io.FileIO:
    try:
        return io.FileIO(path, "w")
    except OSError as error:
        raise ConfigError(f"{called or path} cannot be written: {error.strerror}.") from None


def _put_into(file: io.FileIO, path: Path) -> Put:
    """Unbuffered, so that nothing is left to be written at the end, when the reader is gone or the disk is full."""

    def write(pcm: bytes) -> None:
        left = memoryview(pcm)
        while left:
            written = file.write(left)
            if written is None:  # another process made the pipe non-blocking
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            left = left[written:]

    async def put(pcm: bytes) -> None:
        try:
            await _in_a_thread_of_its_own(partial(write, pcm))
        except BrokenPipeError:
            raise SystemExit(0) from None
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None

    return put


async def _in_a_thread_of_its_own(work: Callable[[], None]) -> None:
    """Run blocking work in a daemon thread. The process would wait for asyncio's own threads at its end, even after
    Ctrl+C, and a write into a full pipe may never end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: Exception | None) -> None:
        # Asking `done.done()` first would not do: asyncio's handler of Ctrl+C cancels from between any two steps.
        with contextlib.suppress(asyncio.InvalidStateError):
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(None)

    def run() -> None:
        told: Exception | None = None
        try:
            work()
        except Exception as error:
            told = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: the caller is gone
            loop.call_soon_threadsafe(settle, told)

    threading.Thread(target=run, name="writing sound", daemon=True).start()
    await done


async def _begun(put: Put, rate_hz: int, raw: bool) -> Put:
    if not raw:
        await put(header(ENDLESS_BYTES, rate_hz))
    return put


@asynccontextmanager
async def _speaker(rate_hz: int) -> AsyncIterator[Put]:
    from voi.audio.pcm import silence
    from voi.cli.soundcard import load_sounddevice

    sounddevice = load_sounddevice("speaker", "Or write a file: --out speech.wav")
    try:
        stream = sounddevice.RawOutputStream(samplerate=rate_hz, channels=1, dtype="int16")
        stream.start()
    except sounddevice.PortAudioError as error:
        raise ConfigError(f"The speaker cannot be used ({error}); name a file with --out.") from None

    async def put(pcm: bytes) -> None:
        await asyncio.to_thread(stream.write, pcm)

    try:
        yield put
        await put(silence(200, rate_hz))  # so that what the device has taken is heard to its end
    finally:
        await asyncio.to_thread(stream.close)
