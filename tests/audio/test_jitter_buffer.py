"""The jitter buffer in virtual time: a sender, a network that loses, delays, doubles and swaps, a listener."""

import random
from dataclasses import dataclass, field

import pytest

from voi.audio.jitter_buffer import HOLD_MAX_MS, JitterBuffer, SoundPiece

CLOCK_HZ = 48_000
FRAME = 960
FRAME_MS = 20.0


def samples_of(payload: bytes) -> int:
    return FRAME if payload else 0


@dataclass
class Network:
    """`delays`: of each heard frame, from its end at the sender until it was passed on."""

    loss: float = 0.0
    jitter_ms: float = 0.0
    doubled: float = 0.0
    drift_ppm: float = 0.0
    in_order: bool = False
    seed: int = 1
    buffer: JitterBuffer = field(default_factory=lambda: JitterBuffer(CLOCK_HZ, samples_of))
    delays: list[tuple[float, float]] = field(default_factory=list)
    pieces: list[SoundPiece] = field(default_factory=list)
    sent: int = 0
    base_ms: float = 30.0

    def run(self, seconds: float, first_sequence: int = 65_000, first_timestamp: int = 2**32 - 48_000) -> "Network":
        chance = random.Random(self.seed)
        arrivals: list[tuple[float, int]] = []
        frames = int(seconds * 1_000 / FRAME_MS)
        step_ms = FRAME_MS / (1 + self.drift_ppm / 1e6)
        newest_ms = 0.0
        for index in range(frames):
            self.sent += 1
            if chance.random() < self.loss:
                continue
            for _ in range(2 if chance.random() < self.doubled else 1):
                at_ms = (index + 1) * step_ms + self.base_ms + chance.random() * self.jitter_ms
                if self.in_order:
                    at_ms = newest_ms = max(newest_ms, at_ms)
                arrivals.append((at_ms, index))
        for at_ms, index in sorted(arrivals):
            self._wait(at_ms)
            payload = index.to_bytes(4, "big")
            sequence, timestamp = (first_sequence + index) % 2**16, (first_timestamp + index * FRAME) % 2**32
            self._hear(self.buffer.push(sequence, timestamp, payload, at_ms), at_ms, step_ms)
        return self

    def _wait(self, until_ms: float) -> None:
        while (due_ms := self.buffer.deadline_ms) is not None and due_ms < until_ms:
            pieces = self.buffer.due(due_ms)
            assert pieces or (self.buffer.deadline_ms or 0) > due_ms
            self._hear(pieces, due_ms, FRAME_MS)

    def _hear(self, pieces: list[SoundPiece], now_ms: float, step_ms: float) -> None:
        for piece in pieces:
            self.pieces.append(piece)
            if piece.kind == "sound":
                made_ms = (int.from_bytes(piece.payload, "big") + 1) * step_ms
                self.delays.append((now_ms, now_ms - made_ms - self.base_ms))

    def mean_delay(self, from_s: float, to_s: float) -> float:
        chosen = [delay for at_ms, delay in self.delays if from_s <= at_ms / 1_000 < to_s]
        return sum(chosen) / len(chosen)

    @property
    def heard_ms(self) -> float:
        return sum(piece.samples for piece in self.pieces) / 48


def kinds(pieces: list[SoundPiece]) -> list[tuple[str, int]]:
    return [(piece.kind, piece.samples) for piece in pieces]


def test_in_order_nothing_waits() -> None:
    network = Network().run(10)
    assert {piece.kind for piece in network.pieces} == {"sound"}
    assert len(network.pieces) == network.sent == 500
    assert max(delay for _, delay in network.delays) < 0.001
    assert [int.from_bytes(piece.payload, "big") for piece in network.pieces] == list(range(500))


def test_one_lost_packet_is_recovered_and_leaves_no_delay() -> None:
    buffer = JitterBuffer(CLOCK_HZ, samples_of)
    assert kinds(buffer.push(7, 0, b"0", 0)) == [("sound", FRAME)]
    assert buffer.push(9, 2 * FRAME, b"2", 40) == []
    assert buffer.deadline_ms == pytest.approx(50, abs=0.5)
    pieces = buffer.due(50)
    assert pieces == [SoundPiece("recovered", FRAME, b"2"), SoundPiece("sound", FRAME, b"2")]
    assert kinds(buffer.push(10, 3 * FRAME, b"3", 60)) == [("sound", FRAME)]
    assert buffer.counts.lost == 1
    assert buffer.push(8, FRAME, b"1", 70) == []  # too late: it was made up
    assert (buffer.counts.lost, buffer.counts.late) == (0, 1)
    assert buffer.hold_ms > 30  # the next one is waited for that long


def test_several_lost_packets() -> None:
    buffer = JitterBuffer(CLOCK_HZ, samples_of)
    buffer.push(0, 0, b"0", 0)
    assert buffer.push(11, 11 * FRAME, b"x", 40) == []
    assert kinds(buffer.due(50)) == [
        ("concealed", 4_800), ("silence", 9 * FRAME - 4_800), ("recovered", FRAME), ("sound", FRAME),
    ]  # fmt: skip


@pytest.mark.parametrize("loss", [0.01, 0.03, 0.05])
@pytest.mark.parametrize("jitter_ms", [0.0, 30.0])
def test_loss_and_jitter_add_no_lasting_delay(loss: float, jitter_ms: float) -> None:
    network = Network(loss=loss, jitter_ms=jitter_ms).run(120)
    first, last = network.mean_delay(5, 35), network.mean_delay(85, 115)
    assert abs(last - first) < 4
    # the network's own jitter, and what waits behind the gaps
    assert last < jitter_ms / 2 + 15
    assert max(delay for _, delay in network.delays) < jitter_ms + HOLD_MAX_MS
    counts = network.buffer.counts
    assert counts.lost + counts.late == pytest.approx(network.sent * loss, rel=0.4, abs=20)
    assert network.heard_ms == pytest.approx(network.sent * FRAME_MS, abs=100)


def test_back_within_40_ms_after_each_loss() -> None:
    """Without packets out of order, whatever waits behind a lost one waits 10 ms at most."""
    network = Network(loss=0.01).run(300)
    assert max(delay for _, delay in network.delays) <= 10.001
    late = [delay for _, delay in network.delays if delay > 0.001]
    assert len(late) <= 0.03 * network.sent


@pytest.mark.parametrize("drift_ppm", [-200.0, 200.0])
def test_drift_over_ten_minutes(drift_ppm: float) -> None:
    network = Network(drift_ppm=drift_ppm, jitter_ms=10, in_order=True, loss=0.01).run(600)
    assert abs(network.mean_delay(590, 599) - network.mean_delay(5, 15)) < 3
    assert not network.buffer._waiting
    assert network.heard_ms == pytest.approx(network.sent * FRAME_MS, abs=100)


def test_packets_out_of_order_are_put_in_order() -> None:
    network = Network(jitter_ms=60).run(60)
    order = [int.from_bytes(piece.payload, "big") for piece in network.pieces if piece.kind == "sound"]
    assert order == sorted(order)
    assert len(order) > 0.985 * network.sent  # a few were given up before the hold was learnt
    assert network.buffer.counts.lost == 0


def test_double_packets_are_dropped() -> None:
    network = Network(doubled=0.3, jitter_ms=30).run(30)
    heard = [piece.payload for piece in network.pieces if piece.kind == "sound"]
    assert len(heard) == len(set(heard))
    assert network.buffer.counts.doubled > 300


def test_a_pause_of_the_sender_is_as_long_as_it_was() -> None:
    """Nothing is sent in silence (DTX): the clock fills most of it, the timestamps the rest."""
    buffer = JitterBuffer(CLOCK_HZ, samples_of)
    pieces = buffer.push(0, 0, b"0", 0)
    now_ms = 0.0
    while (due_ms := buffer.deadline_ms) is not None and due_ms < 400:
        assert due_ms > now_ms
        now_ms = due_ms
        pieces += buffer.due(now_ms)
    assert sum(piece.samples for piece in pieces) >= 370 * 48
    pieces += buffer.push(1, 20 * FRAME, b"1", 400)
    assert sum(piece.samples for piece in pieces) == 21 * FRAME
    assert {piece.kind for piece in pieces} == {"sound", "silence"}
    assert buffer.counts.lost == 0


def test_packets_that_stood_still_are_all_heard() -> None:
    buffer = JitterBuffer(CLOCK_HZ, samples_of)
    pieces = buffer.push(0, 0, b"0", 0)
    while (due_ms := buffer.deadline_ms) is not None and due_ms < 320:
        pieces += buffer.due(due_ms)
    for index in range(1, 17):
        pieces += buffer.push(index, index * FRAME, b"x", 320)
    assert sum(piece.kind == "sound" for piece in pieces) == 17
    silent = sum(piece.samples for piece in pieces if piece.kind == "silence")
    assert silent > 0
    before = sum(piece.samples for piece in pieces)
    pieces += buffer.push(17, 60 * FRAME, b"x", 330)  # a pause, by the timestamps: it is shorter by what was too much
    assert sum(piece.samples for piece in pieces) - before == 44 * FRAME - silent


def test_a_new_stream_begins_at_once_and_a_stray_packet_does_not() -> None:
    buffer = JitterBuffer(CLOCK_HZ, samples_of)
    buffer.push(10, 0, b"0", 0)
    assert buffer.push(40_000, 77, b"x", 10) == []
    assert kinds(buffer.push(11, FRAME, b"1", 20)) == [("sound", FRAME)]
    assert buffer.push(50_000, 1_000_000, b"a", 30) == []
    assert kinds(buffer.push(50_001, 1_000_960, b"b", 50)) == [("sound", FRAME)]
    assert buffer.counts.lost == 0


def test_anything_may_come() -> None:
    """Nothing hostile makes it fail, hold much, or fill more than a gap allows."""
    chance = random.Random(5)
    buffer = JitterBuffer(CLOCK_HZ, samples_of)
    now_ms = 0.0
    sequence, timestamp = 0, 0
    for _ in range(20_000):
        now_ms += chance.random() * 40
        if chance.random() < 0.8:
            sequence, timestamp = (
                sequence + chance.choice((1, 1, 1, 2, -3, 900)),
                timestamp + chance.choice((960, -5, 2**31)),
            )
        else:
            sequence, timestamp = chance.getrandbits(16), chance.getrandbits(32)
        pieces = buffer.push(sequence % 2**16, timestamp % 2**32, chance.choice((b"", b"x")), now_ms)
        pieces += buffer.due(now_ms)
        assert all(0 < piece.samples <= 2_000 * 48 for piece in pieces)
        assert len(pieces) <= 200
        assert len(buffer._waiting) <= 65


def test_packets_without_sound_are_neither_lost_nor_waited_for() -> None:
    buffer = JitterBuffer(8_000, len)
    assert buffer.skip(9, 0.0) == [], "a stream begins with sound"
    pieces = buffer.push(10, 1_600, bytes(160), 0.0)
    for number in (11, 12, 12):
        pieces += buffer.skip(number, 20.0)
    pieces += buffer.push(13, 1_600 + 4 * 160, bytes(160), 80.0)
    assert [(each.kind, each.samples) for each in pieces] == [("sound", 160), ("silence", 480), ("sound", 160)]
    assert (buffer.counts.lost, buffer.counts.received) == (0, 2)
    held = buffer.skip(15, 100.0)
    held += buffer.push(16, 1_600 + 7 * 160, bytes(160), 104.0)
    assert held == [], "one before them is missing"
    assert [each.kind for each in buffer.due(500.0)] == ["silence", "sound"]
    assert buffer.counts.lost == 1
    assert buffer.skip(14, 501.0) == []
    assert buffer.counts.lost == 0, "it had no sound"
    assert buffer.skip(30_000, 502.0) == []
