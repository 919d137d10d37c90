"""Decodes one caller's compressed sound in a process of its own: a file that crashes FFmpeg costs its sender an error,
and the server goes on. Same use as `voi.audio.media.MediaDecoder`, which that process runs. Needs the extra `media`.

`decoder_forks.py` starts the process (`decoder_process.py`), with one end of a socket.

Sound that comes while the process starts waits for it.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from contextlib import suppress

from voi.audio.decoder_forks import FORKS
from voi.audio.decoder_process import DRAIN, ERROR, PIECE, SOUND, DecoderMessages
from voi.audio.ffmpeg import require_av
from voi.audio.media import WAITING_LIMIT_BYTES, Container, begins_file
from voi.errors import ClientError

STARTS_MAX = 4
"""A caller whose files crash that many processes is not decoded any more."""
DRAIN_TIMEOUT_S = 5.0

log = logging.getLogger(__name__)


class DecoderProcess:
    """Make and use it on the event loop. `on_pcm` gets the sound, and `on_error` a ClientError for each file that
    cannot be decoded (the next file may be fine). Raises ConfigError when PyAV is missing."""

    def __init__(
        self, container: Container, on_pcm: Callable[[bytes], None], on_error: Callable[[ClientError], None]
    ) -> None:
        require_av()
        self._container = container
        self._on_pcm = on_pcm
        self._on_error = on_error
        self._loop = asyncio.get_running_loop()
        self._starts = 0
        self._unsent: list[bytes] = []
        """Messages for a process that is still starting."""
        self._unsent_bytes = 0
        self._broken = False
        """The process has died. What comes is dropped until another file begins."""
        self._closed = False
        self._drains: dict[bytes, asyncio.Future[None]] = {}
        self._drained = 0
        self._transport: asyncio.Transport | None = None
        self._pid: int | None = None
        """Id of the process while it holds its end of the socket."""
        self._starting = self._start()

    def _start(self) -> "asyncio.Task[None]":
        self._starts += 1
        return self._loop.create_task(self._run(), name="media decoder")

    async def _run(self) -> None:
        try:
            ours, self._pid = await asyncio.to_thread(FORKS.decoder, self._container)
            ours.setblocking(False)
            transport, _ = await self._loop.create_unix_connection(lambda: _Line(self._take, self._died), sock=ours)
        except OSError as error:
            log.error("the decoder of compressed sound does not start: %s", error.strerror or error)
            self._died()
            return
        self._transport = transport
        transport.writelines(self._unsent)
        self._unsent.clear()
        self._unsent_bytes = 0

    # ---- on the event loop ----------------------------------------------------------------------

    def push(self, piece: bytes) -> None:
        """Take the next bytes. Never blocks. Raises ClientError when too much waits to be decoded."""
        if self._closed or not piece:
            return
        if self._broken:
            if self._starts >= STARTS_MAX or not begins_file(piece, self._container):
                return
            self._broken = False
            self._starting = self._start()
        waiting = self._transport.get_write_buffer_size() if self._transport else self._unsent_bytes
        if waiting + len(piece) > WAITING_LIMIT_BYTES:
            raise ClientError(
                f"The sound comes faster than it can be decoded: {WAITING_LIMIT_BYTES} bytes are waiting already."
            )
        self._send(PIECE, piece)

    async def drain(self, timeout_s: float = DRAIN_TIMEOUT_S) -> None:
        """Wait until everything pushed so far was decoded and passed to `on_pcm`. Raises TimeoutError."""
        if self._closed or self._broken:
            return
        self._drained += 1
        name = self._drained.to_bytes(8, "big")
        done = self._drains[name] = self._loop.create_future()
        self._send(DRAIN, name)
        try:
            await asyncio.wait_for(done, timeout_s)
        finally:
            self._drains.pop(name, None)

    async def close(self) -> None:
        """Stop decoding and end the process; the callbacks are not called any more. Safe to call twice."""
        self._closed = True
        self._release_drains()
        await asyncio.gather(self._starting, return_exceptions=True)
        if self._transport is not None:
            if self._pid is not None and not self._transport.is_closing():
                with suppress(ProcessLookupError):
                    os.kill(self._pid, signal.SIGKILL)
            self._transport.abort()
        self._pid = None

    def _send(self, kind: bytes, data: bytes) -> None:
        message = kind + len(data).to_bytes(4, "big") + data
        if self._transport is not None:
            self._transport.write(message)
        else:
            self._unsent.append(message)
            self._unsent_bytes += len(message)

    def _take(self, kind: bytes, data: bytes) -> None:
        if self._closed:
            return
        if kind == SOUND:
            self._on_pcm(data)
        elif kind == ERROR:
            self._on_error(ClientError(data.decode("utf-8", "replace")))
        elif kind == DRAIN and (done := self._drains.get(data)) and not done.done():
            done.set_result(None)

    def _died(self) -> None:
        """The process ended by itself: it crashed."""
        self._transport = None
        self._unsent.clear()
        self._unsent_bytes = 0
        if self._closed:
            return
        self._broken = True
        self._release_drains()
        self._pid = None
        log.warning("compressed sound from a client ended its decoder; it gets another for its next file")
        self._on_error(ClientError(f"The sound cannot be decoded as {self._container}: its file is broken."))

    def _release_drains(self) -> None:
        for done in self._drains.values():
            if not done.done():
                done.set_result(None)


class _Line(asyncio.Protocol):
    def __init__(self, take: Callable[[bytes, bytes], None], lost: Callable[[], None]) -> None:
        self._take = take
        self._lost = lost
        self._messages = DecoderMessages()
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Takes what one read gave, and lets the loop have a turn before the next."""
        self._transport.pause_reading()
        self._loop.call_soon(self._read_on)
        for kind, payload in self._messages.feed(data):
            self._take(kind, payload)

    def _read_on(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost()
