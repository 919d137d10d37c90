"""Encrypted files that can be written at any place, as recordings are.

    VOISEAL1, 16 random bytes (the file's id)     the head
    page 0, page 1, …                             boxes of PAGE_BYTES each, the last one shorter

Each page is sealed for its file and its number. A write to a page seals the whole page again, with a new nonce.
"""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from voi.sealing.box import OVERHEAD_BYTES, Unreadable, seal, unseal

MAGIC = b"VOISEAL1"
SUFFIX = ".sealed"
PAGE_BYTES = 4_096
_HEAD_BYTES = len(MAGIC) + 16
_BOX_BYTES = PAGE_BYTES + OVERHEAD_BYTES


class SealedFile(io.RawIOBase):
    """A new file that only its owner may read, and only with the key. What was written is on disk after each `flush`.
    Blocks on the disk. Raises OSError."""

    def __init__(self, path: Path, key: bytes) -> None:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0), 0o600)
        self._file: BinaryIO = os.fdopen(descriptor, "w+b", buffering=0)
        self._key = key
        self._id = os.urandom(16)
        self._size = 0
        self._at = 0
        self._page = bytearray()
        self._page_number = 0
        self._dirty = False
        self._file.write(MAGIC + self._id)

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = base + offset
        return self._at

    def write(self, data: Any, /) -> int:
        """Write all of `data` (bytes) at the present place. A gap before it becomes zeros."""
        view = memoryview(data).cast("B")
        if self._at > self._size:
            place, gap_bytes = self._at, self._at - self._size
            self._at = self._size
            for start in range(0, gap_bytes, PAGE_BYTES):
                self._put(memoryview(bytes(min(PAGE_BYTES, gap_bytes - start))))
            assert self._at == place
        self._put(view)
        return len(view)

    def _put(self, view: memoryview) -> None:
        while len(view):
            number, offset = divmod(self._at, PAGE_BYTES)
            self._turn_to(number)
            part = view[: PAGE_BYTES - offset]
            self._page[offset : offset + len(part)] = part
            self._dirty = True
            self._at += len(part)
            self._size = max(self._size, self._at)
            view = view[len(part) :]

    def truncate(self, size: int | None = None) -> int:
        size = self._at if size is None else size
        if size < self._size:
            number, offset = divmod(size, PAGE_BYTES)
            self._turn_to(number)
            del self._page[offset:]
            self._dirty = bool(offset)
            self._size = size
            self._file.truncate(_HEAD_BYTES + number * _BOX_BYTES)
            self.flush()
        return size

    def flush(self) -> None:
        if self.closed or not self._dirty:
            return
        self._file.seek(_HEAD_BYTES + self._page_number * _BOX_BYTES)
        box = memoryview(seal(self._key, bytes(self._page), _place(self._id, self._page_number)))
        while len(box):
            box = box[self._file.write(box) :]
        self._dirty = False

    def close(self) -> None:
        if not self.closed:
            try:
                self.flush()
            finally:
                self._file.close()
                super().close()

    def _turn_to(self, number: int) -> None:
        if number == self._page_number:
            return
        self.flush()
        self._page, self._page_number = bytearray(), number
        length = min(PAGE_BYTES, self._size - number * PAGE_BYTES)
        if length > 0:
            self._file.seek(_HEAD_BYTES + number * _BOX_BYTES)
            box = self._file.read(length + OVERHEAD_BYTES)
            self._page = bytearray(unseal(self._key, box, _place(self._id, number)))


def pages_of(path: Path, key: bytes) -> Iterator[bytes]:
    """The content of a sealed file, a page at a time. Raises OSError; Unreadable with another key or for a damaged
    file."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        if len(head) < _HEAD_BYTES or not head.startswith(MAGIC):
            raise Unreadable(f"{path.name} is no file that Voi has encrypted.")
        number = 0
        while box := file.read(_BOX_BYTES):
            yield unseal(key, box, _place(head[len(MAGIC) :], number))
            number += 1


def _place(file_id: bytes, number: int) -> bytes:
    return file_id + number.to_bytes(8, "big")
