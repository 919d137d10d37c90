"""Puts the packets of a sound stream (RTP) in order, as they come from a network that delays, loses, doubles and swaps
them. It is pure: times are arguments, and it decodes nothing.

It holds back nothing that is in order: its listener is a program, which needs no even pace as a loudspeaker does. So it
adds no delay to a stream without gaps, however uneven its packets come and whatever the drift of the sender's clock.
Only behind a gap sound waits, for as long as packets of this stream were seen to come out of order, and is passed on at
once when that time is over: no delay is left behind.

    lost          concealed; its last frame is recovered from the packet behind it (in-band FEC)
    late, double  dropped
    a pause       filled with silence by the timestamps (a sender that sends nothing in silence)
    a standstill  filled with silence by the clock, so that the listener's time goes on. Packets that were only late are
                  heard after it all the same, and the surplus is saved at later pauses
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast

HOLD_FIRST_MS, HOLD_MIN_MS, HOLD_MAX_MS = 10.0, 5.0, 120.0
HOLD_HALVED_S = 20.0
"""How long behind a gap sound waits, and how fast that is forgotten without packets out of order."""
STILL_MIN_MS, STILL_MAX_MS = 60.0, 300.0
"""Without a packet for this long, and longer where they come unevenly, the stream stands still."""
PACKETS_MAX = 64
"""How many packets wait behind a gap at most."""
CONCEALED_MAX_MS = 100
"""Longer gaps are silent from there on: what is made up of older sound gets false."""
GAP_MAX_MS = 2_000
"""Gaps beyond this are not filled: the sender began again, or was away."""
SURPLUS_MAX_MS = 1_000
RESTART_PACKETS = 1_000
"""A sequence number this far off begins a new stream."""

PieceKind = Literal["sound", "recovered", "concealed", "silence"]


@dataclass(frozen=True, slots=True)
class SoundPiece:
    """What comes next in the stream. `sound`: decode the payload. `recovered`: decode the copy of the frame before,
    which is in the payload. `concealed`: make it up of what came before. `samples`: its length, by the stream's
    clock."""

    kind: PieceKind
    samples: int
    payload: bytes = b""


@dataclass(slots=True)
class JitterCounts:
    """What became of the packets so far; concealed and silent sound in ms."""

    received: int = 0
    lost: int = 0
    late: int = 0
    doubled: int = 0
    concealed_ms: float = 0.0
    stood_still_ms: float = 0.0


@dataclass(slots=True)
class _Waiting:
    timestamp: int
    payload: bytes
    """b"": a packet without sound."""
    arrived_ms: float


class JitterBuffer:
    """One stream. `clock_hz`: of its timestamps. `samples_of` returns the length of a payload by that clock. Call
    `push` with each packet, and `due` when `deadline_ms` has come: both return what can be heard now. All `_ms` are of
    one clock."""

    def __init__(self, clock_hz: int, samples_of: Callable[[bytes], int]) -> None:
        self._per_ms = clock_hz / 1_000
        self._samples_of = samples_of
        self.counts = JitterCounts()
        self.hold_ms = HOLD_FIRST_MS
        """How long sound waits behind a gap now."""
        self._held_at_ms = 0.0
        self._jitter_ms = 0.0
        self._waiting: dict[int, _Waiting] = {}
        self._next: int | None = None
        """Sequence number of the packet that comes next, without wrapping round; None: there was none yet."""
        self._highest = 0
        self._timestamp = 0
        """Of the packet that comes next, without wrapping round."""
        self._frame = 0
        """Length of the newest packet, in samples."""
        self._arrived_ms = 0.0
        self._transit_ms = 0.0
        self._filled = 0
        """Samples of silence since the newest packet, by the clock."""
        self._surplus = 0
        """Samples of such silence that turned out to be too much."""
        self._given_up: dict[int, float] = {}
        """Packets that were given up, and when the one behind each came."""
        self._stray: int | None = None
        """Sequence number of a packet that is far off the others. If the next one follows it, a new stream begins."""

    @property
    def deadline_ms(self) -> float | None:
        """When to call `due`; None: when the first packet has come."""
        if self._next is None:
            return None
        if self._waiting:
            return self._gap_ends_ms
        return self._arrived_ms + max(self._still_ms, (2 * self._frame + self._filled) / self._per_ms)

    def push(self, sequence: int, timestamp: int, payload: bytes, arrived_ms: float) -> list[SoundPiece]:
        """Take a packet: its 16-bit sequence number, its 32-bit timestamp. Returns the pieces that it completes."""
        samples = self._samples_of(payload)
        if samples <= 0:
            return []
        self.counts.received += 1
        if self._next is None:
            self._begin(sequence, timestamp)
        elif not -RESTART_PACKETS < _nearest(sequence, self._highest, 16) - self._highest < RESTART_PACKETS:
            stray, self._stray = self._stray, sequence
            if stray is None or (stray + 1) % 2**16 != sequence:
                return []
            self._begin(sequence, timestamp)
        self._stray = None
        number = _nearest(sequence, self._highest, 16)
        assert self._next is not None
        if number in self._waiting:
            self.counts.doubled += 1
            return []
        if number < self._next:
            self._came_late(number, arrived_ms)
            return []
        return self._take(number, _nearest(timestamp, self._timestamp, 32), payload, arrived_ms)

    def skip(self, sequence: int, arrived_ms: float) -> list[SoundPiece]:
        """Take a packet of the stream that has no sound, such as comfort noise or a key of a telephone: it is not
        lost, and silence takes its time. Returns the pieces that it completes."""
        if self._next is None:
            return []
        number = _nearest(sequence, self._highest, 16)
        if number in self._waiting or abs(number - self._highest) >= RESTART_PACKETS:
            return []
        if number < self._next:
            if self._given_up.pop(number, None) is not None:
                self.counts.lost -= 1
            return []
        self._highest = max(self._highest, number)
        self._waiting[number] = _Waiting(0, b"", arrived_ms)
        return self._release(arrived_ms)

    def due(self, now_ms: float) -> list[SoundPiece]:
        """Returns the pieces that are due without another packet."""
        if self._next is None:
            return []
        return self._release(now_ms) if self._waiting else self._stand_still(now_ms)

    # ---- packets ------------------------------------------------------------------------------------

    def _begin(self, sequence: int, timestamp: int) -> None:
        self._next = self._highest = sequence
        self._timestamp, self._filled = timestamp, 0
        self._waiting.clear()
        self._given_up.clear()

    def _take(self, number: int, timestamp: int, payload: bytes, arrived_ms: float) -> list[SoundPiece]:
        self._measure(number, timestamp, arrived_ms)
        if number < self._highest:
            self._learn_hold(arrived_ms - min(each.arrived_ms for each in self._waiting.values()), arrived_ms)
        self._highest = max(self._highest, number)
        self._waiting[number] = _Waiting(timestamp, payload, arrived_ms)
        return self._release(arrived_ms)

    def _measure(self, number: int, timestamp: int, arrived_ms: float) -> None:
        """The jitter of RFC 3550, 6.4.1."""
        transit_ms = arrived_ms - timestamp / self._per_ms
        if self.counts.received > 1 and number > self._highest:
            step_ms = min(abs(transit_ms - self._transit_ms), STILL_MAX_MS)
            self._jitter_ms += (step_ms - self._jitter_ms) / 16
        self._transit_ms = transit_ms
        self._arrived_ms = max(self._arrived_ms, arrived_ms)

    def _came_late(self, number: int, arrived_ms: float) -> None:
        beyond_ms = self._given_up.pop(number, None)
        if beyond_ms is None:
            self.counts.doubled += 1
            return
        self.counts.late += 1
        self.counts.lost -= 1
        self._learn_hold(arrived_ms - beyond_ms, arrived_ms)

    def _learn_hold(self, behind_ms: float, now_ms: float) -> None:
        """A packet came so long after the first one that was sent later."""
        self.hold_ms = min(HOLD_MAX_MS, max(self._hold_at(now_ms), behind_ms * 1.25 + 2))
        self._held_at_ms = now_ms

    def _hold_at(self, now_ms: float) -> float:
        """The time to wait behind a gap, less what was forgotten."""
        if self.counts.received <= 1:
            return self.hold_ms
        since_s = max(0.0, now_ms - self._held_at_ms) / 1_000
        return max(HOLD_MIN_MS, self.hold_ms * math.pow(0.5, since_s / HOLD_HALVED_S))

    @property
    def _gap_ends_ms(self) -> float:
        return min(each.arrived_ms for each in self._waiting.values()) + self.hold_ms

    # ---- sound --------------------------------------------------------------------------------------

    def _release(self, now_ms: float) -> list[SoundPiece]:
        pieces: list[SoundPiece] = []
        while self._waiting:
            assert self._next is not None
            packet = self._waiting.get(self._next)
            if packet is None:
                hold_ms = self.hold_ms = self._hold_at(now_ms)
                self._held_at_ms = now_ms
                first_ms = min(each.arrived_ms for each in self._waiting.values())
                if now_ms + 0.001 < first_ms + hold_ms and len(self._waiting) < PACKETS_MAX:
                    break
                self._give_up(pieces)
                continue
            del self._waiting[self._next]
            if not packet.payload:
                self._next += 1
                continue
            self._fill_pause(packet.timestamp, pieces)
            self._frame = self._samples_of(packet.payload)
            pieces.append(SoundPiece("sound", self._frame, packet.payload))
            self._timestamp = packet.timestamp + self._frame
            self._next += 1
        return pieces

    def _give_up(self, pieces: list[SoundPiece]) -> None:
        """Go on without the packets that are missing."""
        assert self._next is not None
        number = min(self._waiting)
        packet = self._waiting[number]
        missing = range(self._next, number)
        self.counts.lost += len(missing)
        for each in missing[-PACKETS_MAX:]:
            self._given_up[each] = packet.arrived_ms
        while len(self._given_up) > PACKETS_MAX:
            del self._given_up[next(iter(self._given_up))]
        if not packet.payload:
            self._next = number
            return
        gap = packet.timestamp - self._timestamp - self._filled
        if 0 < gap <= self._samples(GAP_MAX_MS):
            frame = self._samples_of(packet.payload)
            copied = frame if frame <= gap else 0  # a copy is as long as the packet that it is in
            made_up = min(gap - copied, self._samples(CONCEALED_MAX_MS))
            for kind, samples in (("concealed", made_up), ("silence", gap - copied - made_up)):
                if samples:
                    pieces.append(SoundPiece(cast(PieceKind, kind), samples))
            if copied:
                pieces.append(SoundPiece("recovered", copied, packet.payload))
            self.counts.concealed_ms += gap / self._per_ms
            self._filled = 0
        else:
            self._note_surplus(-gap)
        self._timestamp, self._next = packet.timestamp, number

    def _fill_pause(self, timestamp: int, pieces: list[SoundPiece]) -> None:
        """Fill what the sender left out before the packet with that timestamp, as far as the clock has not yet."""
        gap = timestamp - self._timestamp - self._filled
        if 0 < gap <= self._samples(GAP_MAX_MS):
            saved = min(gap, self._surplus)
            self._surplus -= saved
            if gap > saved:
                pieces.append(SoundPiece("silence", gap - saved))
            self._filled = 0
        else:
            self._note_surplus(-gap)

    def _note_surplus(self, samples: int) -> None:
        """So much silence was too much, by the timestamps."""
        if 0 < samples <= self._filled:
            self._surplus = min(self._surplus + samples, self._samples(SURPLUS_MAX_MS))
        self._filled = 0

    def _stand_still(self, now_ms: float) -> list[SoundPiece]:
        """Silence, as long as the stream stands still."""
        missing_ms = now_ms - self._arrived_ms
        frames = (round(missing_ms * self._per_ms) - self._frame - self._filled) // max(1, self._frame)
        if missing_ms + 0.001 < self._still_ms or frames <= 0:
            return []
        samples = frames * self._frame
        self._filled += samples
        self.counts.stood_still_ms += samples / self._per_ms
        saved = min(samples, self._surplus)
        self._surplus -= saved
        return [SoundPiece("silence", samples - saved)] if samples > saved else []

    @property
    def _still_ms(self) -> float:
        return min(STILL_MAX_MS, STILL_MIN_MS + 4 * self._jitter_ms)

    def _samples(self, ms: float) -> int:
        return round(ms * self._per_ms)


def _nearest(value: int, near: int, bits: int) -> int:
    """The number nearest to `near` whose lowest bits are `value`."""
    size = 1 << bits
    return near + ((value - near + size // 2) % size) - size // 2
