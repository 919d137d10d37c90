"""Keeps what a Voi client has sent, so that what was lost with a connection can be sent again."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from voi.transports.voi_ws import from_client, wire

SOUND_MAX_BYTES = 60 * wire.INPUT_RATE_HZ * 2
"""Limit on the sound that is kept: a minute."""
KEPT_MAX_BYTES = 16 * 1024 * 1024
"""Limit on all that is kept; pictures are the largest."""
JOINED_MAX_BYTES = wire.INPUT_RATE_HZ * 2
"""Sound is sent again in messages of up to a second, so that they are few."""


@dataclass(slots=True)
class _Item:
    frame: bytes
    audio_bytes: int | None
    """How much sound is in it; None: it is another message."""
    messages: int
    """How many messages other than audio were sent up to this one, and with it."""
    ends_bytes: int
    """How much sound was sent up to here."""

    def arrived(self, messages: int, audio_bytes: int) -> bool:
        """Whether a server that received that many messages and that much sound has received this one."""
        return self.messages <= messages if self.audio_bytes is None else self.ends_bytes <= audio_bytes


class Outgoing:
    """The newest of what the client has sent. Messages are counted, sound is counted in bytes, so that sound can be
    joined or cut again. Beyond the limits the oldest is dropped, and lost if it did not arrive."""

    def __init__(self) -> None:
        self._kept: deque[_Item] = deque()
        self._kept_bytes = self._sound_bytes = 0
        self._messages = self._audio_bytes = 0
        self._at = 0
        """How many of the kept `again` has given."""
        self.lost_bytes = 0
        """Bytes of sound that were dropped and had not arrived."""

    def add(self, frame: bytes, audio_bytes: int | None) -> None:
        """Keep a frame that is sent. `audio_bytes`: how much sound is in it; None: it is another message."""
        if audio_bytes is None:
            self._messages += 1
        else:
            self._audio_bytes += audio_bytes
        self._kept.append(_Item(frame, audio_bytes, self._messages, self._audio_bytes))
        self._kept_bytes += len(frame)
        self._sound_bytes += audio_bytes or 0
        while self._kept_bytes > KEPT_MAX_BYTES or self._sound_bytes > SOUND_MAX_BYTES:
            self._drop_first()

    def _drop_first(self) -> None:
        item = self._kept.popleft()
        self._at = max(0, self._at - 1)
        self._kept_bytes -= len(item.frame)
        self._sound_bytes -= item.audio_bytes or 0

    def rewind(self, messages: int, audio_bytes: int) -> None:
        """That many messages and that much sound arrived. `again` gives what came after."""
        while self._kept and self._kept[0].arrived(messages, audio_bytes):
            self._drop_first()
        self._at = 0
        sound_begins = next(
            (item.ends_bytes - item.audio_bytes for item in self._kept if item.audio_bytes is not None),
            self._audio_bytes,
        )
        self.lost_bytes += max(0, sound_begins - audio_bytes)
        self._messages, self._audio_bytes = messages, audio_bytes
        for item in self._kept:  # as the other side will count
            self._messages += item.audio_bytes is None
            self._audio_bytes += item.audio_bytes or 0
            item.messages, item.ends_bytes = self._messages, self._audio_bytes

    def again(self) -> Iterator[bytes]:
        """Frames to be sent again, in order, and those that are added while this is iterated."""
        while self._at < len(self._kept):
            item = self._kept[self._at]
            self._at += 1
            if item.audio_bytes is None:
                yield item.frame
                continue
            sound = bytearray(item.frame[len(item.frame) - item.audio_bytes :])
            while self._at < len(self._kept) and len(sound) < JOINED_MAX_BYTES:
                item = self._kept[self._at]
                if item.audio_bytes is None:
                    break
                sound += item.frame[len(item.frame) - item.audio_bytes :]
                self._at += 1
            yield from_client.PLAIN_AUDIO + bytes(sound)
