"""Minimal RFC 6455 framing on asyncio.Protocol: for the load generator, the bare server and LiveKit's."""

import asyncio
import base64
import hashlib
import os

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_MASK = b"\x37\xfa\x21\x3d"


def _mask(data: bytes | bytearray, key: bytes) -> bytes:
    n = len(data)
    pad = int.from_bytes((key * (n // 4 + 1))[:n], "little")
    return (int.from_bytes(data, "little") ^ pad).to_bytes(n, "little")


def _header(n: int, op: int, mask_bit: int) -> bytes:
    if n < 126:
        return bytes((0x80 | op, mask_bit | n))
    if n < 65536:
        return bytes((0x80 | op, mask_bit | 126)) + n.to_bytes(2, "big")
    return bytes((0x80 | op, mask_bit | 127)) + n.to_bytes(8, "big")


def client_frame(payload: bytes, op: int = BINARY) -> bytes:
    """A client's frame, always masked with the same key, so that it can be built once."""
    return _header(len(payload), op, 0x80) + _MASK + _mask(payload, _MASK)


def server_header(n: int, op: int = BINARY) -> bytes:
    return _header(n, op, 0)


def client_handshake(port: int, path: str, headers: str = "") -> bytes:
    """`headers`: more lines, each with its end."""
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n"
    ).encode()


class Frames:
    """Incremental parser."""

    __slots__ = ("buffer", "fragments", "fragments_op")

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.fragments, self.fragments_op = bytearray(), 0

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The messages that these bytes complete: (opcode, payload)."""
        buffer, out = self.buffer, []
        buffer += data
        while (n := len(buffer)) >= 2:
            first, second = buffer[0], buffer[1]
            length, start = second & 127, 2
            if length > 125:
                start = 4 if length == 126 else 10
                if n < start:
                    break
                length = int.from_bytes(buffer[2:start], "big")
            key = None
            if second & 128:
                key, start = bytes(buffer[start : start + 4]), start + 4
            end = start + length
            if n < end:
                break
            payload = _mask(buffer[start:end], key) if key else bytes(buffer[start:end])
            del buffer[:end]
            op, final = first & 15, first & 128
            if final and op:
                out.append((op, payload))
                continue
            self.fragments += payload
            self.fragments_op = op or self.fragments_op
            if final:
                out.append((self.fragments_op, bytes(self.fragments)))
                self.fragments.clear()
        return out


class ServerProtocol(asyncio.Protocol):
    """Handshake and frames; a subclass has on_open(path), on_binary(payload) and on_close()."""

    transport: asyncio.Transport
    opened = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport, self.frames, self.http = transport, Frames(), b""

    def data_received(self, data: bytes) -> None:
        if not self.opened:
            self.http += data
            head, blank, data = self.http.partition(b"\r\n\r\n")
            if not blank:
                return
            first, *lines = head.decode("latin1").split("\r\n")
            headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
            digest = hashlib.sha1(headers["sec-websocket-key"].encode() + _GUID).digest()
            self.transport.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
            )
            self.opened = True
            self.on_open(first.split(" ")[1])
        for op, payload in self.frames.feed(data):
            if op == BINARY:
                self.on_binary(payload)
            elif op == CLOSE:
                self.transport.write(server_header(len(payload), CLOSE) + payload)
                self.transport.close()
            elif op == PING:
                self.transport.write(server_header(len(payload), PONG) + payload)

    def send_binary(self, payload: bytes) -> None:
        self.transport.writelines((server_header(len(payload)), payload))

    def connection_lost(self, exc: Exception | None) -> None:
        if self.opened:
            self.on_close()

    def on_open(self, path: str) -> None: ...
    def on_binary(self, payload: bytes) -> None: ...
    def on_close(self) -> None: ...
