"""A WebSocket client that does only what a test tells it to: every frame, legal or not, is made by hand."""

import asyncio
import os
import socket
import ssl
import struct
from typing import ClassVar, Self

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True) -> bytes:
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    size = len(payload)
    mask_bit = 0x80 if masked else 0
    if size < 126:
        head = struct.pack(">BB", first, mask_bit | size)
    elif size < 65536:
        head = struct.pack(">BBH", first, mask_bit | 126, size)
    else:
        head = struct.pack(">BBQ", first, mask_bit | 127, size)
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))


class RawClient:
    """`path` is asked for as it is; `status` is the answer's status code, `answer` all of its head."""

    _all: ClassVar[list["RawClient"]] = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.status = 0
        self.answer = ""
        self.loop = asyncio.get_running_loop()
        RawClient._all.append(self)

    @classmethod
    async def connect(
        cls, port: int, path: str = "/ws", headers: str = "", *, narrow: bool = False, tls: ssl.SSLContext | None = None
    ) -> Self:
        """`narrow`: its operating system takes little that it does not read."""
        line = socket.socket()
        if narrow:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.setblocking(False)
        await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(
            sock=line, limit=1 << 24, ssl=tls, server_hostname="localhost" if tls else None
        )
        client = cls(reader, writer)
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"{headers}\r\n".encode()
        )
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
        client.answer = answer.decode("latin-1")
        client.status = int(answer.split()[1])
        return client

    def send(self, opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True) -> None:
        self.writer.write(frame(opcode, payload, fin=fin, rsv=rsv, masked=masked))

    async def receive(self, timeout_s: float = 30.0) -> tuple[int, bytes]:
        """Opcode and payload of the next frame."""
        async with asyncio.timeout(timeout_s):
            first, size = await self.reader.readexactly(2)
            if size == 126:
                (size,) = struct.unpack(">H", await self.reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack(">Q", await self.reader.readexactly(8))
            return first & 15, await self.reader.readexactly(size)

    async def close_code(self, timeout_s: float = 30.0) -> int:
        """Skip what comes until the server's close frame."""
        while True:
            opcode, payload = await self.receive(timeout_s)
            if opcode == CLOSE:
                (code,) = struct.unpack(">H", payload[:2])
                return int(code)

    async def ends(self, timeout_s: float = 30.0) -> bool:
        """Everything was read and the server hung up."""
        async with asyncio.timeout(timeout_s):
            try:
                while await self.reader.read(1 << 16):
                    pass
            except ConnectionError:
                pass
            return True

    @classmethod
    def drop_all(cls) -> None:
        """All of this event loop's."""
        clients, RawClient._all = RawClient._all, []
        for client in clients:
            if client.loop is asyncio.get_running_loop():
                client.drop()

    def drop(self) -> None:
        """Vanish without a goodbye."""
        self.writer.transport.abort()
