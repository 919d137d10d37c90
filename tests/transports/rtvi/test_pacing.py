"""Sound leaves just before it is heard."""

import asyncio

from tests.fakes.clock import in_virtual_time
from voi.transports.rtvi.pacing import LEAD_MS, PacedSound

RATE_HZ = 24_000
BYTES_PER_MS = RATE_HZ * 2 // 1_000


class Sent:
    def __init__(self) -> None:
        self.sent: list[tuple[float, int, bytes]] = []
        self.backlog = 0
        self.looks = 0
        self.loop = asyncio.get_running_loop()
        self.from_s = self.loop.time()
        self.paced = PacedSound(RATE_HZ, self.take, self.look, lambda: self.backlog)

    def take(self, message_id: int, pcm: bytes) -> None:
        self.sent.append(((self.loop.time() - self.from_s) * 1_000, message_id, pcm))

    def look(self) -> None:
        self.looks += 1

    def ms(self, message_id: int = 1) -> float:
        return sum(len(pcm) for _, sender, pcm in self.sent if sender == message_id) / BYTES_PER_MS


@in_virtual_time
async def test_the_client_never_has_much_and_never_nothing() -> None:
    sent = Sent()
    sent.paced.put(1, bytes(2_000 * BYTES_PER_MS))
    sent.paced.end(1)
    ends_ms = 0.0
    await asyncio.sleep(3)
    for at_ms, _, pcm in sent.sent:
        assert ends_ms == 0 or at_ms <= ends_ms, "a gap"
        ends_ms = max(ends_ms, at_ms) + len(pcm) / BYTES_PER_MS
        assert ends_ms - at_ms <= LEAD_MS + 45
    assert 2_000 <= sent.ms() < 2_006
    assert sum(len(pcm) for _, _, pcm in sent.sent) % 256 == 0, "the player would not play the rest"
    assert sent.paced.all_heard(1)
    assert sent.looks > 40


@in_virtual_time
async def test_what_was_not_sent_is_dropped_at_once() -> None:
    sent = Sent()
    sent.paced.put(1, bytes(1_000 * BYTES_PER_MS))
    await asyncio.sleep(0.3)
    assert 280 < (sent.paced.heard_ms(1) or 0) < 320
    sent.paced.clear(1)
    assert sent.paced.waiting_bytes == 0
    had = sent.ms()
    await asyncio.sleep(1)
    assert sent.ms() == had < 300 + LEAD_MS + 45
    assert sent.paced.heard_ms(1) is None


@in_virtual_time
async def test_messages_follow_each_other_without_a_gap() -> None:
    sent = Sent()
    sent.paced.put(1, bytes(100 * BYTES_PER_MS))
    sent.paced.put(2, bytes(100 * BYTES_PER_MS))
    sent.paced.end(1)
    sent.paced.end(2)
    await asyncio.sleep(0.105)
    assert sent.paced.all_heard(1)
    assert not sent.paced.all_heard(2)
    assert (sent.paced.heard_ms(2) or 0) < 10
    await asyncio.sleep(0.2)
    assert sent.paced.all_heard(2)


@in_virtual_time
async def test_a_slow_network_is_waited_for() -> None:
    sent = Sent()
    sent.backlog = 300 * BYTES_PER_MS
    sent.paced.put(1, bytes(500 * BYTES_PER_MS))
    await asyncio.sleep(1)
    assert not sent.sent
    assert sent.paced.waiting_bytes == 500 * BYTES_PER_MS
    sent.backlog = 0
    await asyncio.sleep(1)
    assert sent.ms() > 490


@in_virtual_time
async def test_sound_that_comes_in_crumbs_and_odd_bytes_is_whole() -> None:
    sent = Sent()
    whole = bytes(range(256)) * 40
    for at in range(0, len(whole), 37):
        sent.paced.put(1, whole[at : at + 37])
    sent.paced.end(1)
    await asyncio.sleep(1)
    got = b"".join(pcm for _, _, pcm in sent.sent)
    assert got.startswith(whole)
    assert not any(got[len(whole) :])


@in_virtual_time
async def test_after_the_end_nothing_is_left() -> None:
    sent = Sent()
    sent.paced.put(1, bytes(1_000 * BYTES_PER_MS))
    sent.paced.close()
    had = sent.ms()
    await asyncio.sleep(1)
    assert sent.ms() == had
