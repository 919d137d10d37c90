"""Keys of a telephone as RTP packets (RFC 4733): read from any bytes, once for each press, and written."""

import struct
from collections import deque

_EVENT = struct.Struct("!BBH")
KEYS = "0123456789*#ABCD"
"""By their event codes, RFC 4733, 3.2."""
DURATION_MAX = 0xFFFF
VOLUME_DBM0 = 10
"""How loud the tone is meant to be, as minus dBm0."""
END_PACKETS = 3
"""The end of an event is sent so often (2.5.1.4)."""
REMEMBERED = 16
"""So many presses are remembered, to tell packets of theirs that come late."""


def event_payload(key: str, duration: int, *, end: bool) -> bytes:
    """`duration`: since its beginning, in units of the event's clock."""
    return _EVENT.pack(KEYS.index(key), (0x80 if end else 0) | VOLUME_DBM0, min(duration, DURATION_MAX))


class KeyEvents:
    """The keys of one stream. A press is told by whichever of its packets comes first, at its beginning or, if that was
    lost, in its middle or at its end."""

    def __init__(self) -> None:
        self._known: deque[int] = deque(maxlen=REMEMBERED)
        """Timestamps of the presses, which are those of their beginnings."""
        self._newest: tuple[int, str, int] | None = None
        """Timestamp, key and duration of the newest press."""

    def take(self, timestamp: int, payload: bytes) -> str | None:
        """The key whose press began; None: the packet tells nothing new, or is no key's."""
        if len(payload) < _EVENT.size:
            return None
        code, _, duration = _EVENT.unpack_from(payload)
        if code >= len(KEYS):
            return None
        key = KEYS[code]
        newest = self._newest
        if timestamp in self._known:
            if newest is not None and newest[0] == timestamp:
                self._newest = (timestamp, key, max(duration, newest[2]))
            return None
        if newest is not None:
            ahead = (timestamp - newest[0]) & 0xFFFF_FFFF
            if ahead >= 1 << 31:
                return None  # of a press before the newest one, all of whose other packets were lost
        self._known.append(timestamp)
        self._newest = (timestamp, key, duration)
        # A key that is held for long goes on as a new segment, right behind the longest duration (2.5.1.3).
        held_on = newest is not None and key == newest[1] and 0 <= ahead - DURATION_MAX <= 1 and newest[2] > 0
        return None if held_on else key
