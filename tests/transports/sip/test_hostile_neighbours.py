"""A whole server, a call that talks, and 10,000 mutated packets from somebody else: SIP, SDP, RTP and RTCP. The packets
of AudioSocket are in `tests/transports/ari/test_served.py`."""

import asyncio
import contextlib
import gc
import random
import socket
import time
from collections.abc import AsyncIterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from tests.fakes.engines import tone
from tests.fakes.sip_wire import talks
from tests.free_ports import free_port
from tests.fuzz.mutate import mutated
from tests.fuzz.phone import PHONE
from tests.server.serving import RunningServer, fake_engines, serving
from tests.server.test_telephone import write_agents
from tests.transports.sip.test_real_peers import trunk, until, write_phones
from tests.transports.sip.test_service import OwnTelephone, telephone
from tests.transports.sip.torture import SECURE_SOUND, SOUND, TORTURES, message
from voi.audio import g711
from voi.audio.pcm import rms_dbfs
from voi.transports.rtp import RtpPacket, parse_rtp
from voi.transports.sip.outgoing_call import OutgoingCall
from voi.transports.sip.uri import SipUri
from voi.transports.telephone.rtcp import is_rtcp
from voi.transports.telephone.rtp_line import RtpLine
from voi.transports.telephone.rtp_ports import RtpPorts

pytestmark = pytest.mark.integration

HOST, EVIL = "127.0.0.1", "127.0.0.9"
SIGNALS, TO_NEIGHBOUR, TO_OWN = 4_000, 3_000, 3_000
AT_ONCE, PAUSE_S = 10, 0.01
STALL_S = 0.2
"""The agent's sound is made 350 ms ahead: a process that stood still for about as long had none."""
ROUNDS = 2
"""The second one shows what a first one leaves for good, and what grows."""


class Talker:
    """A telephone's sound: it says what it is given, a packet each 20 ms, and keeps what comes, with its time."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HOST, 0))
        self.socket.setblocking(False)
        self.port: int = self.socket.getsockname()[1]
        self.heard: list[tuple[float, RtpPacket]] = []
        self.speech = bytearray()
        self.sent = 0
        self.stalled_s = 0.0
        """For so long this whole process stood still, because the machine is busy."""

    @property
    def loud(self) -> int:
        return sum(rms_dbfs(g711.decode(packet.payload, "ulaw")) > -60 for _, packet in self.heard)

    async def run(self, to: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(self.socket.fileno(), self._read)
        next_s = loop.time()
        try:
            while True:
                pcm = bytes(self.speech[:320]).ljust(320, b"\0")
                del self.speech[:320]
                packet = RtpPacket(0, self.sent & 0xFFFF, 160 * self.sent, 4_711, g711.encode(pcm, "ulaw"))
                self.socket.sendto(packet.encode(), to)
                self.sent += 1
                next_s += 0.02
                await asyncio.sleep(max(0.0, next_s - loop.time()))
                late_s = loop.time() - next_s
                if late_s > STALL_S:
                    self.stalled_s += late_s
                    next_s += late_s
        finally:
            loop.remove_reader(self.socket.fileno())
            self.socket.close()

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                data = self.socket.recv(2_048)
                packet = None if is_rtcp(data) else parse_rtp(data)
                if packet is not None:
                    self.heard.append((time.monotonic(), packet))


def calling(phone: OwnTelephone, server: int, user: str, port: int) -> OutgoingCall:
    assert phone.stack.sockets.udp is not None
    return OutgoingCall(
        phone.stack, phone.stack.sockets.udp.to(HOST, server), SipUri("sip", user, HOST, server),
        SipUri("sip", "anna", HOST), "", talks(HOST, port), "phone", None, 0, [],
    )  # fmt: skip


@contextlib.asynccontextmanager
async def talking(phone: OwnTelephone, server: int, user: str) -> AsyncIterator[tuple[Talker, OutgoingCall]]:
    talker = Talker()
    call = calling(phone, server, user, talker.port)
    await call.answered(30)
    plan = call.talks.plan
    assert plan is not None
    running = asyncio.create_task(talker.run((plan.host, plan.port)))
    try:
        yield talker, call
    finally:
        call.hang_up()
        running.cancel()
        await asyncio.wait([running])


async def attack(server: int, neighbour: int, own: int, dice: random.Random) -> None:
    """From an address that an account trusts, so that little is dropped unread: signals, sound for the neighbour's
    port and for that of a call of its own."""
    signals = [
        *(data for data, _ in TORTURES.values()),
        *(message(INVITE.format(n), body, "Content-Length") for n, body in
          enumerate([SOUND, SECURE_SOUND.decode().replace("\r\n", "\n")] * 3)),
    ]  # fmt: skip
    sound = [seed for name in ("rtp", "rtcp", "keys", "srtp") if name in PHONE for seed in PHONE[name].seeds]
    sound += [RtpPacket(101, 7, 160, 99, PHONE["keys"].seeds[0][4:8]).encode()]
    packets = [(mutated(dice.choice(signals), dice), server) for _ in range(SIGNALS)]
    packets += [(mutated(dice.choice(sound), dice), neighbour + dice.choice((0, 0, 1))) for _ in range(TO_NEIGHBOUR)]
    packets += [(mutated(dice.choice(sound), dice), own + dice.choice((0, 0, 1))) for _ in range(TO_OWN)]
    dice.shuffle(packets)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as evil:
        evil.bind((EVIL, 0))
        for number, (data, port) in enumerate(packets):
            evil.sendto(data, (HOST, port))
            if number % AT_ONCE == 0:
                await asyncio.sleep(PAUSE_S)


INVITE = """
INVITE sip:evil-evil-evil@127.0.0.1 SIP/2.0
Via: SIP/2.0/UDP 127.0.0.9;rport;branch=z9hG4bKevil{0}
From: <sip:evil@127.0.0.9>;tag=evil{0}
To: <sip:evil-evil-evil@127.0.0.1>
Call-ID: evil{0}@127.0.0.9
CSeq: 1 INVITE
Contact: <sip:evil@127.0.0.9>
Max-Forwards: 70
Content-Type: application/sdp
"""


async def test_ten_thousand_mutated_packets_disturb_no_other_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("acks", "incoming_call", "transactions"):  # what is never acknowledged is over in 2 s, not in 32
        monkeypatch.setattr(f"voi.transports.sip.{module}.GIVE_UP_S", 2.0)
    ports: list[RtpPorts] = []
    lines: list[RtpLine] = []
    made, begun = RtpPorts.__init__, RtpLine.__init__
    monkeypatch.setattr(RtpPorts, "__init__", lambda self, *a, **m: (ports.append(self), made(self, *a, **m))[1])
    monkeypatch.setattr(RtpLine, "__init__", lambda self, *a, **m: (lines.append(self), begun(self, *a, **m))[1])
    long = " ".join(f"word{number:03}" for number in range(90)) + "."  # 36 s
    agent = {"llm_model": "echo", "voices": {"character": {"model": "voice"}}, "greetings": {"choices": [long]}}
    write_agents(tmp_path, echo=agent)
    port = free_port()
    write_phones(tmp_path, port, good=trunk(allow=f"{HOST}/32"),
                 evil=trunk(allow=f"{EVIL}/32", secret="evil-evil-evil", max_calls=8))  # fmt: skip
    dice, left = random.Random(11), []
    async with (
        serving(tmp_path, monkeypatch, fake_engines("one two three", speed=50), disclose=()) as running,
        telephone(port) as phone,
    ):
        for _ in range(ROUNDS):
            lines.clear()
            await one_round(running, phone, port, lines, dice)
            await until(lambda: running.server.admission.active == 0 and not ports[0]._taken, 60)
            stack = running.server.sip.stack
            assert stack is not None
            await until(lambda stack=stack: stack.dialogs == 0 and len(stack.transactions) == 0, 60)  # type: ignore[misc]
            assert not any(account.legs for account in running.server.sip.accounts.values())
            gc.collect()
            left.append((len(asyncio.all_tasks()), len(gc.get_objects())))
        print("tasks and objects after each round:", left)
        assert left[1][0] <= left[0][0]
        assert left[1][1] - left[0][1] < SIGNALS, "less than one object for each signal stays"
        faults = partial(running.server.metrics.registry.get_sample_value, "voi_sip_faults_total")
        assert not faults({"kind": "fault"}), "a fault of Voi's own"
        assert (faults({"kind": "malformed"}) or 0) > SIGNALS / 4, "most were read"


async def one_round(
    running: RunningServer, phone: OwnTelephone, port: int, lines: list[RtpLine], dice: random.Random
) -> None:
    async with talking(phone, port, "1001") as (good, _):
        await until(lambda: good.loud > 20)
        (line,) = lines
        async with talking(phone, port, "evil-evil-evil") as (own, evil):
            await until(lambda: own.loud > 2)
            before, sent, came = len(good.heard), good.sent, line.counts.received
            good_call, own_call = (each._sockets.port for each in lines[:2])
            await attack(port, good_call, own_call, dice)
            await asyncio.sleep(0.2)
            during, said = good.heard[before:], good.sent - sent
            received = line.counts.received - came
            assert len(lines) > 2, "some of its mutated offers were taken"
            print(
                undisturbed(during, good.stalled_s),
                f"{said} packets said, {received} heard",
            )
            assert evil.over or own.heard
        assert len(during) > 400
        assert abs(received - said) <= 5, "each packet that it says is heard"
        assert line.counts.lost == 0
        good.heard.clear()
        good.speech += tone(600, 8_000)
        await until(lambda: not rms_of(good.heard[-5:]) > -60, 60)  # it stopped the agent
        await until(lambda: rms_of(good.heard[-5:]) > -60, 60)  # and is answered


def rms_of(heard: list[tuple[float, RtpPacket]]) -> float:
    return rms_dbfs(b"".join(g711.decode(packet.payload, "ulaw") for _, packet in heard))


def undisturbed(heard: list[tuple[float, RtpPacket]], stalled_s: float) -> str:
    """No packet is missing, and none is silent but for what this process stood still; in words."""
    numbers = [packet.sequence for _, packet in heard]
    assert {(b - a) & 0xFFFF for a, b in pairwise(numbers)} == {1}
    silent = sum(rms_dbfs(g711.decode(packet.payload, "ulaw")) < -60 for _, packet in heard)
    assert silent <= 2 * stalled_s / 0.02
    gaps_ms = sorted(1_000 * (b[0] - a[0]) for a, b in pairwise(heard))
    p99_ms, most_ms = gaps_ms[len(gaps_ms) * 99 // 100], gaps_ms[-1]
    gaps = f"between two p99 {p99_ms:.0f} ms, most {most_ms:.0f} ms"
    return f"{len(heard)} packets heard, none missing, {silent} silent, {gaps};"
