"""Decodes compressed sound (webm, mp4, ogg) to PCM while its bytes are still arriving. Needs the extra `media`.

A browser's MediaRecorder sends one file in pieces; push-to-talk clients send a file for each press, and some a whole
file in each message. So a piece that begins like a new file ends the file before it.

Input is untrusted: the container is the one named and never guessed (FFmpeg's playlist formats can open other files),
only sound codecs are allowed, and memory is bounded before and after decoding.
"""

import asyncio
import io
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Literal

from voi.audio import mp4
from voi.audio.ffmpeg import load_av
from voi.errors import ClientError

Container = Literal["webm", "mp4", "ogg"]

RATE_HZ = 16_000
WAITING_LIMIT_BYTES = 16 * 1024 * 1024
"""Most compressed bytes that wait to be decoded, such as an MP4 with its index at the end: 30 minutes at 64 kb/s."""
AHEAD_LIMIT_MS = 300_000
"""Decoded sound may be this far ahead of the wall clock: people speak in real time, so more is a decompression bomb."""
GIVEN_LIMIT_PIECES = 64
"""Backpressure: most pieces of PCM (usually 20 ms each) on their way to the event loop; then the worker waits."""
HEAD_BYTES = 8
"""Enough bytes to recognize a container."""
GATHER_BYTES = 65_536
BAD_PACKETS_MAX = 50
"""Most broken packets that are skipped in one file, as from a lossy network, before the file fails."""
CLOSE_TIMEOUT_S = 5
CHANNELS_MAX = 8

CODECS = ("opus", "libopus", "vorbis", "libvorbis", "aac", "flac", "mp3", "mp3float", "alac", "pcm_s16le")
_OPEN_OPTIONS = {
    "analyzeduration": "0",  # do not look ahead for what the header already says
    "probesize": "32",
    "codec_whitelist": ",".join(CODECS),
    "protocol_whitelist": "none",
}
_FORMATS: dict[Container, str] = {"webm": "matroska", "mp4": "mp4", "ogg": "ogg"}


def begins_file(piece: bytes | bytearray, container: Container) -> bool:
    """Whether that piece looks like the first one of a file."""
    match container:
        case "webm":
            return piece.startswith(b"\x1a\x45\xdf\xa3")  # the EBML header's id (RFC 8794, section 11.2.1)
        case "ogg":
            return piece.startswith(b"OggS") and len(piece) > 5 and bool(piece[5] & 2)  # "first page" (RFC 3533)
        case "mp4":
            return piece[4:8] == b"ftyp"


class MediaDecoder:
    """Decodes one caller's compressed sound. Make and use it on the event loop; it decodes in its own thread.

    `on_pcm` gets the sound (s16le, mono, 16 kHz), and `on_error` a ClientError for each file that cannot be decoded
    (the next file may be fine); both are called on the event loop. Raises ConfigError when PyAV is missing.
    """

    def __init__(
        self, container: Container, on_pcm: Callable[[bytes], None], on_error: Callable[[ClientError], None]
    ) -> None:
        self._av: Any = load_av()
        self._container = container
        self._on_pcm = on_pcm
        self._on_error = on_error
        self._loop = asyncio.get_running_loop()
        self._started_s = time.monotonic()
        self._decoded_ms = 0
        self._changed = threading.Condition()  # guards the six below
        self._pieces: deque[bytes | None] = deque()  # None: here the file ends
        self._waiting_bytes = 0
        self._taken_any = False
        self._starving = False
        self._closed = False
        self._drains: list[asyncio.Future[None]] = []
        self._room = threading.Semaphore(GIVEN_LIMIT_PIECES)
        self._thread = threading.Thread(target=self._work, name="voi-media", daemon=True)
        self._thread.start()

    # ---- on the event loop ----------------------------------------------------------------------

    def push(self, piece: bytes) -> None:
        """Take the next bytes. Never blocks. Raises ClientError when too much waits to be decoded."""
        with self._changed:
            if self._waiting_bytes + len(piece) > WAITING_LIMIT_BYTES:
                raise ClientError(
                    f"The sound comes faster than it can be decoded: {WAITING_LIMIT_BYTES} bytes are waiting already."
                )
            if self._taken_any and begins_file(piece, self._container):
                self._pieces.append(None)
            if piece:
                self._taken_any = True
                self._pieces.append(piece)
                self._waiting_bytes += len(piece)
                self._starving = False
            self._changed.notify()

    async def drain(self, timeout_s: float = 5.0) -> None:
        """Wait until everything pushed so far was decoded and passed to `on_pcm`. Raises TimeoutError."""
        with self._changed:
            if self._starving or not self._thread.is_alive():
                return
            done = self._loop.create_future()
            self._drains.append(done)
        await asyncio.wait_for(done, timeout_s)

    async def close(self) -> None:
        """Stop decoding and end the thread; the callbacks are not called any more. Safe to call twice."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._room.release()
        await asyncio.to_thread(self._thread.join, CLOSE_TIMEOUT_S)

    def _give(self, pcm: bytes) -> None:
        self._room.release()
        if not self._closed:
            self._on_pcm(pcm)

    def _complain(self, error: ClientError) -> None:
        if not self._closed:
            self._on_error(error)

    # ---- in the thread --------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            while self._file_comes():
                try:
                    self._decode_file()
                except ClientError as error:
                    self._loop.call_soon_threadsafe(self._complain, error)
                self._skip_file()
            with self._changed:
                self._release_drains()
        except RuntimeError:
            if not self._loop.is_closed():  # a closed loop takes no more callbacks
                raise

    def _release_drains(self) -> None:
        drains, self._drains = self._drains, []
        for drain in drains:
            self._loop.call_soon_threadsafe(_finish, drain)

    def _await_piece(self) -> bool:
        """Wait for the next piece of this file; False when the file has ended or the decoder is closed. Call with the
        condition held."""
        while not self._pieces and not self._closed:
            self._starving = True
            self._release_drains()
            self._changed.wait()
        return not self._closed and self._pieces[0] is not None

    def _file_comes(self) -> bool:
        with self._changed:
            while not self._await_piece() and not self._closed:
                self._pieces.popleft()
            return not self._closed

    def _skip_file(self) -> None:
        with self._changed:
            while self._await_piece():
                self._waiting_bytes -= len(self._pieces.popleft() or b"")

    def read(self, size: int) -> bytes:
        """FFmpeg reads the current file's bytes here: at most `size`, at least one, or none at its end."""
        with self._changed:
            if not self._await_piece():
                return b""
            piece = self._pieces.popleft() or b""
            if len(piece) > size:
                self._pieces.appendleft(piece[size:])
            self._waiting_bytes -= min(len(piece), size)
            return piece[:size]

    def _source(self) -> Any:
        """A file-like object. An MP4 with its index at the end is collected first, since FFmpeg has to seek in it."""
        head = bytearray()
        while len(head) < HEAD_BYTES and (piece := self.read(HEAD_BYTES - len(head))):
            head += piece
        if not begins_file(head, self._container):
            raise ClientError(f"The sound that was sent does not begin like a {self._container} file.")
        while self._container == "mp4" and (shape := mp4.layout(head)) != "stream":
            if shape == "whole":
                return io.BytesIO(head)
            if not (piece := self.read(GATHER_BYTES)) or len(head) > WAITING_LIMIT_BYTES:
                raise ClientError(f"The mp4 has no index, or none in its first {WAITING_LIMIT_BYTES} bytes.")
            head += piece
        return _Pipe(self.read, bytes(head))

    def _decode_file(self) -> None:
        av = self._av
        try:
            with av.open(self._source(), "r", format=_FORMATS[self._container], options=_OPEN_OPTIONS) as container:
                streams = container.streams.audio
                codec = streams[0].codec_context if streams else None  # None also where FFmpeg does not know the codec
                if codec is None or codec.name not in CODECS or codec.layout.nb_channels > CHANNELS_MAX:
                    raise ClientError(f"There is no sound that can be decoded in the {self._container} that was sent.")
                resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
                for frame in self._frames(container):
                    for resampled in resampler.resample(frame):
                        self._deliver(bytes(resampled.planes[0])[: resampled.samples * 2])
        except ClientError:
            raise
        except Exception as error:  # PyAV meets hostile bytes with more than FFmpegError
            if not self._closed:
                reason = getattr(error, "strerror", None) or type(error).__name__
                raise ClientError(f"The sound cannot be decoded as {self._container}: {reason}.") from None

    def _frames(self, container: Any) -> Iterator[Any]:
        """Decoded frames, and at the end None, which flushes the resampler."""
        bad_packets = 0
        for packet in container.demux(container.streams.audio[0]):
            try:
                yield from packet.decode()
            except self._av.error.InvalidDataError:
                bad_packets += 1
                if bad_packets > BAD_PACKETS_MAX:
                    raise
        yield None

    def _deliver(self, pcm: bytes) -> None:
        self._decoded_ms += len(pcm) * 1000 // (2 * RATE_HZ)
        if self._decoded_ms - (time.monotonic() - self._started_s) * 1000 > AHEAD_LIMIT_MS:
            raise ClientError(
                f"More than {AHEAD_LIMIT_MS // 1000} s of sound were sent at once; send it as it is spoken."
            )
        self._room.acquire()
        if self._closed:
            self._room.release()
            raise ClientError("The conversation is over.")
        self._loop.call_soon_threadsafe(self._give, pcm)


def _finish(drain: asyncio.Future[None]) -> None:
    if not drain.done():
        drain.set_result(None)


class _Pipe:
    """What FFmpeg reads from; it has no `seek`, so that FFmpeg does not try to."""

    def __init__(self, read: Callable[[int], bytes], first: bytes = b"") -> None:
        self._read = read
        self._first = first

    def read(self, size: int) -> bytes:
        if self._first:
            piece, self._first = self._first[:size], self._first[size:]
            return piece
        return self._read(size)
