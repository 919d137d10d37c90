"""What a decoder's process does, and what goes over its socket: messages of a kind (1 byte), a length (4 bytes,
big-endian), and that many bytes. to the process      P: a piece of the file.  D: answer once all before it was decoded,
with the same bytes.
    from the process    S: sound, s16le, mono, 16 kHz.  E: an error for the sender.  D: the answer.
"""

import asyncio
import resource
import socket
from collections.abc import Iterator

from voi.audio.media import Container, MediaDecoder
from voi.errors import ClientError

PIECE, DRAIN, SOUND, ERROR = b"P", b"D", b"S", b"E"
HEAD_BYTES = 5
MEMORY_LIMIT_BYTES = 2 * 1024**3
"""Address space: FFmpeg reserves much more than it uses."""
CPU_LIMIT_S = 600
"""A caller who speaks for ten hours needs some minutes."""


class DecoderMessages:
    """Takes bytes cut anywhere, and gives complete messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        self._buffer += data
        at = 0
        while len(self._buffer) >= at + HEAD_BYTES:
            end = at + HEAD_BYTES + int.from_bytes(self._buffer[at + 1 : at + HEAD_BYTES], "big")
            if len(self._buffer) < end:
                break
            yield bytes(self._buffer[at : at + 1]), bytes(self._buffer[at + HEAD_BYTES : end])
            at = end
        del self._buffer[:at]


async def _serve(container: Container, line: socket.socket) -> None:
    """Decode what comes on `line` until it ends. Writing blocks while the server does not read: then nothing is read
    here either, and the server refuses what its sender sends."""

    def tell(kind: bytes, data: bytes) -> None:
        line.sendall(kind + len(data).to_bytes(4, "big") + data)

    decoder = MediaDecoder(container, lambda pcm: tell(SOUND, pcm), lambda error: tell(ERROR, str(error).encode()))
    messages, drains = DecoderMessages(), asyncio.Queue[bytes]()

    async def answer_drains() -> None:
        while True:
            name = await drains.get()
            await decoder.drain(CPU_LIMIT_S)
            await asyncio.sleep(0)  # the thread's last callbacks are still in the loop's queue
            tell(DRAIN, name)

    answering = asyncio.create_task(answer_drains())
    while data := await asyncio.to_thread(line.recv, 1 << 16):
        for kind, payload in messages.feed(data):
            if kind == DRAIN:
                drains.put_nowait(payload)
                continue
            try:
                decoder.push(payload)
            except ClientError as error:
                tell(ERROR, str(error).encode())
    answering.cancel()


def serve(container: Container, line_fd: int) -> None:
    """Runs in the separate process, until the server's end of the socket is closed."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
    line = socket.socket(fileno=line_fd)
    line.setblocking(True)
    asyncio.run(_serve(container, line))
