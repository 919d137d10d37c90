"""Sound as base64 text, which JSON protocols carry. Compiled (`_base64.c`), it takes a quarter of the time of Python's
own; where Voi was installed without a compiler, it is Python's own."""

import binascii
import importlib
from typing import Any


def _kernel() -> Any:
    """The compiled module, or None if Voi was installed without a compiler."""
    try:
        return importlib.import_module("voi.audio._base64")
    except ImportError:
        return None


_KERNEL = _kernel()


def to_base64(sound: bytes) -> str:
    """The bytes as base64, padded, in one line."""
    return _KERNEL.encode(sound) if _KERNEL is not None else binascii.b2a_base64(sound, newline=False).decode()


def from_base64(text: str) -> bytes:
    """The bytes of a base64 text: padded, and nothing but its alphabet. Raises ValueError."""
    sound = flawless(text)
    return binascii.a2b_base64(text, strict_mode=True) if sound is None else sound


def flawless(text: str) -> bytes | None:
    """The bytes of a base64 text, or None if that does not go without a second look."""
    if _KERNEL is not None:
        sound: bytes | None = _KERNEL.decode(text)
        return sound
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return None
