"""Reads a WAV file as it comes, such as from a program that is still speaking."""

from voi.audio.pcm import from_float, to_float
from voi.audio.wav import RATE_RANGE_HZ, Format, parse_wav
from voi.errors import ClientError

HEADER_MAX_BYTES = 65_536
_UNKNOWN_FROM_BYTES = 0x7FFF_0000
"""Larger sizes, and 0, are those of writers that do not know how long the sound will be."""


class WavReader:
    """`push` it bytes of any length, `flush` it at the end: both return PCM (s16le mono) at `rate_hz`. The sound of
    16-bit files comes out as it goes in, of others at the end. Raises ClientError for what is no WAV file."""

    def __init__(self) -> None:
        self.rate_hz = 0
        """0: not known yet."""
        self._held = bytearray()
        self._channels = 0
        self._left: int | None = None
        """Bytes of sound that are to come; None: until the end."""
        self._at_end = False

    def push(self, data: bytes) -> bytes:
        if self._channels:
            return self._sound(data)
        self._held += data
        if self._at_end or not self._read_header():
            return b""
        start, self._held = bytes(self._held), bytearray()
        return self._sound(start)

    def flush(self) -> bytes:
        if self._channels:
            return b""
        if not self._held:
            raise ClientError("There is no sound.")
        sound, self.rate_hz = parse_wav(bytes(self._held))
        return sound

    def _read_header(self) -> bool:
        """Whether the sound can come out as it goes in; the header is then left out."""
        held = self._held
        if len(held) < 12:
            return False
        if held[:4] != b"RIFF" or held[8:12] != b"WAVE":
            raise ClientError("This is not a WAV file: it does not begin with RIFF and WAVE.")
        at, layout = 12, b""
        while len(held) >= at + 8:
            name, size = bytes(held[at : at + 4]), int.from_bytes(held[at + 4 : at + 8], "little")
            if name == b"data":
                return self._begins(layout, at + 8, size)
            if len(held) < at + 8 + size:
                break
            layout = bytes(held[at + 8 : at + 8 + size]) if name == b"fmt " else layout
            at += 8 + size + size % 2
        if len(held) > HEADER_MAX_BYTES:
            raise ClientError("The WAV file is broken: its header has no end.")
        return False

    def _begins(self, layout: bytes, start: int, size: int) -> bool:
        kind, channels = int.from_bytes(layout[:2], "little"), int.from_bytes(layout[2:4], "little")
        rate_hz, bits = int.from_bytes(layout[4:8], "little"), int.from_bytes(layout[14:16], "little")
        plain = kind == Format.PCM and bits == 16 and channels in (1, 2)
        if not plain or not RATE_RANGE_HZ[0] <= rate_hz <= RATE_RANGE_HZ[1]:
            self._at_end = True
            return False
        del self._held[:start]
        self.rate_hz, self._channels = rate_hz, channels
        self._left = size if 0 < size < _UNKNOWN_FROM_BYTES else None
        return True

    def _sound(self, data: bytes) -> bytes:
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        self._held += data
        whole = len(self._held) - len(self._held) % (2 * self._channels)
        sound = bytes(self._held[:whole])
        del self._held[:whole]
        if self._channels == 1 or not sound:
            return sound
        return from_float(to_float(sound).reshape(-1, self._channels).mean(axis=1))
