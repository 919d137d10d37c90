"""A line over RTP, on a virtual clock and without a network."""

import asyncio
import itertools
import struct
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from tests.transports.telephone.fakes import FakeSockets, KeepingListener
from voi.audio import g711
from voi.audio.pcm import rms_dbfs
from voi.errors import ConfigError
from voi.transports.rtp import RtpPacket
from voi.transports.telephone import rtcp
from voi.transports.telephone.codecs import PCMA, PCMU, LineCodec
from voi.transports.telephone.key_events import event_payload
from voi.transports.telephone.rtp_line import RtpLine
from voi.transports.telephone.rtp_terms import LineCounts, RtpSettings, RtpTerms

THERE, ELSEWHERE = ("192.0.2.1", 4_000), ("198.51.100.7", 5_000)
TERMS = RtpTerms(PCMU, THERE, key_type=101)
QUIET = RtpSettings(rtcp=False)
FRAME = 320
LOUD = b"\x10\x27" * 160


class Far:
    """The other side of a line, and the line."""

    def __init__(self, terms: RtpTerms = TERMS, settings: RtpSettings = QUIET, **more: Any) -> None:
        self.sockets, self.listener = FakeSockets(), KeepingListener()
        self.line = RtpLine(self.sockets, terms, settings, **more)  # type: ignore[arg-type]
        self.line.open(self.listener)
        self.sequence, self.timestamp, self.ssrc = 100, 7_000, 99

    def says(self, pcm: bytes = LOUD, source: Any = THERE, payload_type: int = 0, **more: Any) -> None:
        payload = g711.encode(pcm, "ulaw")
        self.sends(payload, payload_type, source, **more)
        self.timestamp += len(payload)

    def sends(self, payload: bytes, payload_type: int, source: Any = THERE, timestamp: int | None = None) -> None:
        at = self.timestamp if timestamp is None else timestamp
        packet = RtpPacket(payload_type, self.sequence & 0xFFFF, at, self.ssrc, payload)
        self.sequence += 1
        self.sockets.come(packet.encode(), source)

    async def talks(self, seconds: float) -> None:
        for _ in range(round(seconds * 50)):
            self.says()
            await asyncio.sleep(0.02)


# ---- what is sent -----------------------------------------------------------------------------------


@in_virtual_time
async def test_sound_leaves_every_20_ms_without_drift_and_is_reported_as_it_leaves() -> None:
    far = Far(settings=RtpSettings(rtcp=False, timeout_s=100))
    await asyncio.sleep(0.1)
    far.line.play(3, LOUD * 50)
    far.line.finish(3)
    await asyncio.sleep(60)
    times = [at for at, _, _ in far.sockets.sent]
    packets = far.sockets.packets
    assert all(abs(later - earlier - 0.02) < 1e-6 for earlier, later in itertools.pairwise(times))
    assert abs(len(times) - 60.1 * 50) <= 1
    assert [p.timestamp - packets[0].timestamp for p in packets[:3]] == [0, 160, 320]
    assert {(b.sequence - a.sequence) & 0xFFFF for a, b in itertools.pairwise(packets)} == {1}
    assert [p.marker for p in packets] == [True] + [False] * (len(packets) - 1)
    loud = [p for p in packets if p.payload == g711.encode(LOUD, "ulaw")]
    assert len(loud) == 50
    assert far.listener.reported == [(3, FRAME * n) for n in range(1, 51)]
    assert far.line.backlog_bytes == 0


@in_virtual_time
async def test_after_a_clear_nothing_of_the_message_leaves_and_the_next_follows_within_a_packet() -> None:
    far = Far()
    far.line.play(3, LOUD * 50)
    far.line.play(4, b"\x20\x4e" * 160)
    await asyncio.sleep(0.2)
    far.line.clear(3)
    heard, packets = far.listener.reported[-1][1], len(far.sockets.sent)
    await asyncio.sleep(0.0201)
    assert heard == FRAME * 10
    assert far.sockets.packets[packets].payload == g711.encode(b"\x20\x4e" * 160, "ulaw")
    assert far.listener.reported[-1] == (4, FRAME)
    await asyncio.sleep(1)
    assert g711.encode(LOUD, "ulaw") not in [p.payload for p in far.sockets.packets[packets:]]


@in_virtual_time
async def test_a_begun_frame_waits_for_more_or_for_the_end() -> None:
    far = Far()
    far.line.play(3, LOUD + LOUD[:100])
    await asyncio.sleep(0.1)
    assert far.listener.reported == [(3, FRAME)]
    far.line.finish(3)
    await asyncio.sleep(0.03)
    assert far.listener.reported == [(3, FRAME), (3, FRAME + 100)]
    assert far.sockets.packets[-1].payload[:50] == g711.encode(LOUD[:100], "ulaw")


@in_virtual_time
async def test_keys_leave_behind_the_sound_before_them_and_before_the_sound_after() -> None:
    far = Far()
    far.line.play(3, LOUD * 2)
    assert far.line.press("5#")
    far.line.play(3, LOUD * 2)
    far.line.finish(3)
    await asyncio.sleep(1)
    kinds = [p.payload_type if p.payload_type else p.payload == g711.encode(LOUD, "ulaw") for p in far.sockets.packets]
    events = [p for p in far.sockets.packets if p.payload_type == 101]
    assert kinds[:2] == [True, True]
    last_key = len(kinds) - 1 - kinds[::-1].index(101)
    assert [n for n, kind in enumerate(kinds) if kind is True][2:] == [last_key + 5, last_key + 6], "80 ms later"
    five = events[:7]
    assert [struct.unpack("!BBH", p.payload) for p in five] == [
        (5, 10, 160), (5, 10, 320), (5, 10, 480), (5, 10, 640), *[(5, 0x80 | 10, 800)] * 3,
    ]  # fmt: skip
    assert [p.marker for p in five] == [True] + [False] * 6
    assert len({p.timestamp for p in five}) == 1
    assert events[7].payload[0] == 11
    assert (events[7].timestamp - five[0].timestamp) & 0xFFFF_FFFF == 9 * 160, "100 ms pressed, 80 ms not"
    assert far.listener.reported[-1] == (3, 4 * FRAME)


@in_virtual_time
async def test_keys_go_by_the_signalling_where_rtp_has_none() -> None:
    pressed: list[str] = []
    far = Far(RtpTerms(PCMU, THERE), send_key=pressed.append)
    far.line.play(3, LOUD * 5)
    assert far.line.press("1w2")
    await asyncio.sleep(0.05)
    assert pressed == []
    await asyncio.sleep(0.1)
    assert pressed == ["1"]
    await asyncio.sleep(0.6)
    assert pressed == ["1"]
    await asyncio.sleep(0.2)
    assert pressed == ["1", "2"]
    assert not Far(RtpTerms(PCMU, THERE)).line.press("1")
    assert not far.line.press("1x")
    assert not far.line.press("1" * 65)


@pytest.mark.parametrize(
    ("policy", "noise_type", "packets", "kinds"),
    [("send", 13, 500, {0}), ("noise", 13, 34, {0, 13}), ("noise", None, 500, {0}), ("pause", None, 34, {0})],
)
def test_silence(policy: Any, noise_type: int | None, packets: int, kinds: set[int]) -> None:
    @in_virtual_time
    async def silent() -> None:
        far = Far(RtpTerms(PCMU, THERE, noise_type=noise_type), RtpSettings(rtcp=False, silence=policy))
        far.line.play(1, LOUD)
        far.line.finish(1)
        await asyncio.sleep(10.001)
        assert abs(len(far.sockets.sent) - packets) <= 2
        assert {p.payload_type for p in far.sockets.packets} == kinds
        before = len(far.sockets.sent)
        far.line.play(2, LOUD)
        far.line.finish(2)
        await asyncio.sleep(0.021)
        again = far.sockets.packets[before:]
        assert again[-1].payload == g711.encode(LOUD, "ulaw")
        assert again[-1].marker == (len(far.sockets.sent) < 100), "the first packet after a pause has a marker"
        assert (again[-1].timestamp - far.sockets.packets[0].timestamp) & 0xFFFF_FFFF == 500 * 160

    silent()


@in_virtual_time
async def test_opus_sends_a_packet_now_and_then_however_long_the_agent_is_silent() -> None:
    try:
        far = Far(RtpTerms(LineCodec("opus", 96), THERE), RtpSettings(rtcp=False, timeout_s=100))
    except ConfigError as error:
        pytest.skip(str(error))
    far.line.play(1, LOUD * 100)
    far.line.finish(1)
    await asyncio.sleep(30)
    times = [at for at, _, _ in far.sockets.sent]
    assert max(later - earlier for earlier, later in itertools.pairwise(times)) <= 0.4201


@in_virtual_time
async def test_packets_of_other_lengths_leave_at_the_same_pace() -> None:
    for ptime_ms, size in ((10, 80), (30, 240), (60, 480)):
        far = Far(RtpTerms(LineCodec("PCMA", 8, ptime_ms), THERE))
        far.line.play(1, LOUD * 60)
        await asyncio.sleep(1.205)
        sounding = [p for p in far.sockets.packets if p.payload != g711.encode(bytes(2 * size), "alaw")]
        assert {len(p.payload) for p in far.sockets.packets} == {size}
        assert abs(len(sounding) - 1_200 / ptime_ms) <= 1
        assert far.sockets.packets[1].timestamp - far.sockets.packets[0].timestamp == size


@in_virtual_time
async def test_more_sound_than_a_line_takes_is_dropped() -> None:
    far = Far()
    far.line.play(1, bytes(16_000 * 30))
    far.line.play(1, LOUD)
    assert far.listener.faults == ["backlog"]
    assert far.line.backlog_bytes == 16_000 * 30


# ---- what is heard ----------------------------------------------------------------------------------


@in_virtual_time
async def test_sound_is_heard_as_it_comes() -> None:
    far = Far()
    await far.talks(1)
    assert far.listener.heard == g711.decode(g711.encode(LOUD * 50, "ulaw"), "ulaw")
    assert far.listener.faults == []
    assert far.line.counts.received == 50


@in_virtual_time
async def test_keys_come_by_the_payload_type_that_we_offered() -> None:
    """RFC 3264, section 6.1: each side sends with the numbers of the other one's description."""
    far = Far(RtpTerms(PCMU, THERE, key_type=97, key_heard_type=110))
    await far.talks(0.1)
    for number, payload_type in enumerate((110, 97)):
        far.sends(event_payload("12"[number], 800, end=True), payload_type)
        await far.talks(0.1)
    assert far.listener.keys == "12"


@in_virtual_time
async def test_a_key_is_told_once_however_many_of_its_packets_come() -> None:
    far = Far()
    await far.talks(0.1)
    for key, lost in (("7", ()), ("7", (0, 1)), ("*", (5, 6, 7)), ("D", (0, 1, 2, 3, 4, 5, 6))):
        begun = far.timestamp
        for n in range(8):
            if n not in lost:
                payload = event_payload(key, 160 * min(n + 1, 6), end=n >= 5)
                far.sends(payload, 101, timestamp=begun)
                if n in (1, 6):
                    far.sends(payload, 101, timestamp=begun)
            far.timestamp += 160
            await asyncio.sleep(0.02)
        await far.talks(0.1)
    assert far.listener.keys == "77*D"
    assert far.line.counts.lost == 0, "keys are no lost sound"


@in_virtual_time
async def test_a_key_that_is_held_for_long_and_events_that_are_no_keys() -> None:
    far = Far()
    await far.talks(0.1)
    begun = far.timestamp
    for n in range(1, 500):
        segment, duration = divmod(n * 160, 0x10000)
        far.sends(event_payload("1", duration, end=False), 101, timestamp=begun + segment * 0x10000)
        await asyncio.sleep(0.02)
    far.sends(bytes([16, 10, 0, 160]), 101)  # a flash
    far.sends(b"\1", 101)
    assert far.listener.keys == "1"


@in_virtual_time
async def test_keys_are_bounded() -> None:
    far = Far()
    await far.talks(0.1)
    for n in range(100):
        far.sends(event_payload("1", 160, end=True), 101, timestamp=far.timestamp + 1_000 * n)
    assert len(far.listener.keys) == 40
    assert far.listener.faults.count("keys_flood") == 60


@in_virtual_time
async def test_comfort_noise_has_the_level_that_was_asked_for_and_is_no_loss() -> None:
    far = Far()
    await far.talks(0.2)
    far.sends(b"\x32", 13)
    far.timestamp += 8_000
    await asyncio.sleep(1)
    await far.talks(0.2)
    assert far.line.counts.lost == 0
    assert abs(len(far.listener.heard) - 1.4 * 16_000) <= 640
    noise = bytes(far.listener.heard[10 * FRAME : 50 * FRAME])
    assert abs(rms_dbfs(noise) - (-50)) < 1.5
    assert far.listener.faults == []
    await asyncio.sleep(1)
    assert not any(far.listener.heard[-20 * FRAME :]), "a pause without it is silent"
    far.sends(b"", 13)
    await asyncio.sleep(0.2)
    assert not any(far.listener.heard[-5 * FRAME :])
    far.sends(b"\x32", 13)
    far.line.change(RtpTerms(PCMU, THERE, key_type=101, sending=False))
    held = len(far.listener.heard)
    await asyncio.sleep(1)
    assert not any(far.listener.heard[held:]), "on hold"


@in_virtual_time
async def test_lost_packets_are_made_up_for_and_time_goes_on() -> None:
    far = Far()
    for n in range(500):
        if n % 10 == 5:
            far.sequence += 1
            far.timestamp += 160
        else:
            far.says()
        await asyncio.sleep(0.02)
    assert len(far.listener.heard) == 500 * FRAME
    assert far.line.counts.lost == 50
    assert far.line.counts.concealed_ms == 1_000


# ---- whose packets count ----------------------------------------------------------------------------


@in_virtual_time
async def test_sound_is_sent_to_where_the_other_sides_comes_from() -> None:
    far = Far()
    await asyncio.sleep(0.05)
    assert {to for _, _, to in far.sockets.sent} == {THERE}
    far.says(source=ELSEWHERE)
    far.sockets.sent.clear()
    await asyncio.sleep(0.05)
    assert {to for _, _, to in far.sockets.sent} == {ELSEWHERE}
    far.says(source=("203.0.113.5", 6_000))
    assert far.listener.faults == ["stranger"]
    assert len(far.listener.heard) == FRAME
    far.says(source=THERE)
    far.sockets.sent.clear()
    await asyncio.sleep(0.05)
    assert {to for _, _, to in far.sockets.sent} == {THERE}, "the signalled address may always take the call back"


@in_virtual_time
async def test_only_the_stream_itself_may_go_on_from_elsewhere_after_a_silence() -> None:
    far = Far()
    await far.talks(0.2)
    far.says(source=ELSEWHERE)
    await asyncio.sleep(1.5)
    assert far.listener.faults == ["stranger"]
    far.ssrc += 1
    far.says(source=ELSEWHERE)
    assert far.listener.faults == ["stranger"] * 2
    far.ssrc -= 1
    far.says(source=ELSEWHERE)
    assert far.listener.faults == ["stranger"] * 2
    far.sockets.sent.clear()
    await asyncio.sleep(0.05)
    assert {to for _, _, to in far.sockets.sent} == {ELSEWHERE}


@in_virtual_time
async def test_without_following_only_the_signalled_address_counts() -> None:
    far = Far(settings=RtpSettings(rtcp=False, follow_source=False))
    far.says(source=ELSEWHERE)
    far.says()
    assert far.listener.faults == ["stranger"]
    assert len(far.listener.heard) == FRAME


@in_virtual_time
async def test_a_new_stream_counts_from_its_second_packet() -> None:
    far = Far()
    await far.talks(0.2)
    far.ssrc, far.sequence, far.timestamp = 1_234, 9, 1
    far.says()
    assert len(far.listener.heard) == 10 * FRAME
    await far.talks(0.2)
    assert len(far.listener.heard) == 20 * FRAME
    assert far.line.counts.lost == 0


@in_virtual_time
async def test_a_flood_is_dropped_and_the_sockets_rest() -> None:
    far = Far()
    rests = 0
    for _ in range(2_000):
        packet = RtpPacket(0, far.sequence & 0xFFFF, far.timestamp, 99, bytes(160))
        far.sequence, far.timestamp = far.sequence + 1, far.timestamp + 160
        rests += not far.sockets.come(packet.encode(), THERE)
    assert rests == 1_500
    assert far.listener.faults == ["flood"] * 1_500
    await asyncio.sleep(4)
    before = len(far.listener.heard)
    await far.talks(0.5)
    assert len(far.listener.heard) >= before + 20 * FRAME, "and it is heard again when it is over"


@in_virtual_time
async def test_strangers_do_not_use_up_the_calls_own_packets() -> None:
    far = Far()
    far.says()
    for _ in range(5_000):
        far.says(source=ELSEWHERE)
    far.says()
    assert far.listener.faults == ["stranger"] * 2_000


@in_virtual_time
async def test_rubbish_is_counted() -> None:
    far = Far()
    for data in (b"", b"\x80", bytes(12), RtpPacket(77, 1, 1, 1, b"x").encode(), b"\xff" * 200, b"\x80\xc8" * 9):
        far.sockets.come(data, THERE)
    assert far.listener.faults == ["unusable"] * 5, "one of them looks like RTCP"
    assert far.listener.heard == bytearray()


# ---- changes, hold and the end ----------------------------------------------------------------------


@in_virtual_time
async def test_a_line_without_sound_is_gone_once() -> None:
    far = Far()
    await far.talks(1)
    await asyncio.sleep(29)
    assert far.listener.ends == []
    await asyncio.sleep(31)
    assert far.listener.ends == ["no sound came for 30 s"]
    assert far.sockets.closed == 1
    far.says()
    far.line.play(1, LOUD)
    await far.line.aclose()
    assert (far.sockets.closed, len(far.sockets.ticker)) == (1, 0)


@in_virtual_time
async def test_on_hold_sound_waits_and_nothing_times_out() -> None:
    far = Far()
    far.line.play(1, LOUD * 20)
    await asyncio.sleep(0.1)
    far.line.change(RtpTerms(PCMU, THERE, key_type=101, sending=False))
    sent, played = len(far.sockets.sent), far.listener.reported[-1]
    await far.talks(0.5)
    assert not any(far.listener.heard), "music on hold is no speech"
    far.sends(event_payload("1", 160, end=True), 101)
    await asyncio.sleep(60)
    assert far.listener.ends == []
    assert far.listener.keys == ""
    assert (len(far.sockets.sent), far.listener.reported[-1]) == (sent, played)
    far.line.change(TERMS)
    await asyncio.sleep(0.5)
    assert far.listener.reported[-1] == (1, 20 * FRAME)
    assert far.sockets.packets[sent].marker
    await asyncio.sleep(30)
    assert far.listener.ends == ["no sound came for 30 s"]


@in_virtual_time
async def test_another_address_and_codec_after_a_new_agreement() -> None:
    far = Far()
    await far.talks(0.2)
    far.line.change(RtpTerms(PCMA, ELSEWHERE, also_heard=(PCMU,)))
    before = len(far.sockets.sent)
    far.line.play(1, LOUD * 5)
    await asyncio.sleep(0.1)
    assert {to for _, _, to in far.sockets.sent[before:]} == {ELSEWHERE}
    assert {p.payload_type for p in far.sockets.packets[before:]} == {8}
    assert g711.encode(LOUD, "alaw") in [p.payload for p in far.sockets.packets[before:]]
    await far.talks(0.2)
    assert len(far.listener.heard) >= 20 * FRAME
    assert far.line.rate_hz == 8_000


@in_virtual_time
async def test_what_became_of_the_packets_is_told_once_at_the_end() -> None:
    told: list[LineCounts] = []
    far = Far(on_end=told.append)
    await far.talks(0.5)
    far.sequence += 1
    far.timestamp += 160
    await far.talks(0.5)
    assert told == []
    await far.line.aclose()
    await far.line.aclose()
    (counts,) = told
    assert (counts.received, counts.lost, counts.late, counts.concealed_ms) == (50, 1, 0, 20)
    assert abs(counts.sent - 50) <= 1
    assert "50 packets came, 1 did not, 0 too late" in str(counts)


@in_virtual_time
async def test_closing_says_goodbye_and_tells_nobody() -> None:
    far = Far(settings=RtpSettings())
    await far.talks(0.1)
    await far.line.aclose()
    await far.line.aclose()
    said = rtcp.read_rtcp(far.sockets.reports[-1][0], 1)
    assert said is not None
    assert said.gone == (far.line.ssrc,)
    assert far.sockets.reports[-1][1] == (THERE[0], THERE[1] + 1)
    assert (far.listener.ends, far.sockets.closed) == ([], 1)


@in_virtual_time
async def test_reports_go_both_ways() -> None:
    far = Far(settings=RtpSettings())
    await far.talks(16)
    assert 2 <= len(far.sockets.reports) <= 6
    data = far.sockets.reports[-1][0]
    assert data[1] == rtcp.SENDER_REPORT
    said = rtcp.read_rtcp(data, 99)
    assert said is not None
    assert said.of_us is not None
    assert said.of_us.lost_percent == 0
    theirs = rtcp.Reception(far.line.ssrc, 8_000)
    for n in (1, 2, 4, 5):
        theirs.came(n, 160 * n, 0.02 * n)
    far.sockets.report(rtcp.report(99, (1, 1), rtcp.ntp_of(1_000.0), 0, theirs, 1.0), THERE)
    assert far.line.counts.lost_percent_there == 19
    far.sockets.report(rtcp.goodbye(99), THERE)
    far.ssrc = 4_321
    before = len(far.listener.heard)
    far.says()
    assert len(far.listener.heard) == before + FRAME, "after the goodbye another stream counts at once"


@in_virtual_time
async def test_reports_of_others_on_the_port_of_the_sound_hold_up_no_sound() -> None:
    far = Far()
    await far.talks(0.2)
    report = b"\x81\xc9\x00\x07" + bytes(28)
    for source in (ELSEWHERE, THERE):
        rests = sum(not far.sockets.come(report, source) for _ in range(300))
        assert rests == 0
    assert sum(not far.sockets.report(report, THERE) for _ in range(300)) == 300, "their own port may rest"
