"""AudioSocket's messages: a kind, a length in two bytes, and so many bytes. From any bytes, and back.

Source: docs.asterisk.org, "AudioSocket"; kinds of other rates: github.com/asterisk/asterisk, #1492.
"""

import struct
from collections.abc import Generator

from voi.config.ari_apps import AriFormat

HANGUP, UUID, SILENCE, DTMF, AUDIO, ERROR = 0x00, 0x01, 0x02, 0x03, 0x10, 0xFF
AUDIO_RATES_HZ = {
    0x10: 8_000, 0x11: 12_000, 0x12: 16_000, 0x13: 24_000, 0x14: 32_000, 0x15: 44_100, 0x16: 48_000, 0x17: 96_000,
    0x18: 192_000,
}  # fmt: skip
AUDIO_KINDS: dict[AriFormat, int] = {"slin": 0x10, "slin16": 0x12}
_HEAD = struct.Struct("!BH")


def audio_message(kind: int, pcm: bytes) -> bytes:
    """A message of AudioSocket with sound. `kind`: which says the sound's rate. `pcm`: s16le mono."""
    return _HEAD.pack(kind, len(pcm)) + pcm


class AudioSocketReader:
    """Puts messages together. It holds one begun message at most: 65,538 bytes."""

    def __init__(self) -> None:
        self._rest = bytearray()

    @property
    def rest(self) -> bytes:
        """What is begun and not whole; after `close` of what `feed` gave, all that was not taken."""
        return bytes(self._rest)

    def feed(self, data: bytes) -> Generator[tuple[int, bytes], None, None]:
        """The messages that are whole now: kind and payload."""
        rest = self._rest
        rest += data
        at = 0
        try:
            while len(rest) - at >= _HEAD.size:
                kind, size = _HEAD.unpack_from(rest, at)
                end = at + _HEAD.size + size
                if end > len(rest):
                    break
                payload = bytes(rest[at + _HEAD.size : end])
                at = end
                yield kind, payload
        finally:
            del rest[:at]
