"""A line, signalling and a session that keep what they are told."""

import asyncio

from voi.session.events import Ended
from voi.transports.rtp import RtpPacket, parse_rtp
from voi.transports.telephone.line import LineListener, Signalling
from voi.transports.telephone.rtp_ports import OnDatagram
from voi.transports.telephone.rtp_terms import NetAddress
from voi.transports.telephone.rtp_ticker import RtpTicker


class FakeLine:
    """A `PhoneLine`. `hear`, `press_key` and `play_all` are what the other side does."""

    def __init__(self, rate_hz: int = 8_000, *, presses: bool = True) -> None:
        self.rate_hz = rate_hz
        self.presses = presses
        self.listener: LineListener | None = None
        self.waiting: list[tuple[int, bytes]] = []
        """Sound that was given and not played yet."""
        self.finished: list[int] = []
        self.cleared: list[int] = []
        self.pressed = ""
        self.closed = 0
        self._played: dict[int, int] = {}

    @property
    def backlog_bytes(self) -> int:
        return sum(len(pcm) for _, pcm in self.waiting)

    def open(self, listener: LineListener) -> None:
        self.listener = listener

    def play(self, message_id: int, pcm: bytes) -> None:
        self.waiting.append((message_id, pcm))

    def finish(self, message_id: int) -> None:
        self.finished.append(message_id)

    def clear(self, message_id: int) -> None:
        self.cleared.append(message_id)
        self.waiting = [each for each in self.waiting if each[0] != message_id]

    def press(self, keys: str) -> bool:
        self.pressed += keys if self.presses else ""
        return self.presses

    async def aclose(self) -> None:
        self.closed += 1
        self.listener = None

    def hear(self, pcm: bytes) -> None:
        if self.listener is not None:
            self.listener.sound(pcm)

    def press_key(self, key: str) -> None:
        if self.listener is not None:
            self.listener.key(key)

    def play_all(self) -> bytes:
        """Play what waits, and report it. Returns the sound."""
        played, self.waiting = self.waiting, []
        for message_id, pcm in played:
            self._played[message_id] = self._played.get(message_id, 0) + len(pcm)
            if self.listener is not None:
                self.listener.played(message_id, self._played[message_id])
        return b"".join(pcm for _, pcm in played)

    def lose(self, why: str = "the media stopped") -> None:
        if self.listener is not None:
            self.listener.gone(why)


class FakeSignalling:
    """A `Signalling`. `refuse_with`: what `transfer` raises."""

    def __init__(self, refuse_with: Exception | None = None) -> None:
        self.refuse_with = refuse_with
        self.targets: list[str] = []
        self.connected: list[Signalling] = []
        self.ended: list[Ended] = []

    async def transfer(self, target: str) -> None:
        self.targets.append(target)
        await asyncio.sleep(0)
        if self.refuse_with is not None:
            raise self.refuse_with

    async def connect(self, other: Signalling) -> None:
        self.connected.append(other)
        await asyncio.sleep(0)
        if self.refuse_with is not None:
            raise self.refuse_with

    def hang_up(self, ended: Ended) -> None:
        if not self.ended:
            self.ended.append(ended)


class ListeningSession:
    """What a `Session` is told by its door."""

    def __init__(self) -> None:
        self.heard = b""
        self.keys = ""
        self.played: list[tuple[int, int]] = []
        self.answers: list[tuple[str, str, bool]] = []

    def hear(self, pcm: bytes) -> None:
        self.heard += pcm

    def key_pressed(self, key: str) -> None:
        self.keys += key

    def sound_played(self, message_id: int, given_bytes: int) -> None:
        self.played.append((message_id, given_bytes))

    def door_answers(self, number: str, result: str, *, failed: bool = False) -> None:
        self.answers.append((number, result, failed))


class FakeSockets:
    """`RtpSockets` without a network. `come` is what the other side sends."""

    def __init__(self) -> None:
        self.port, self.rtcp_port = 16_384, 16_385
        self.ticker = RtpTicker()
        self.sent: list[tuple[float, bytes, NetAddress]] = []
        """When each packet left, the packet, and where to."""
        self.reports: list[tuple[bytes, NetAddress]] = []
        self.closed = 0
        self._on_rtp: OnDatagram | None = None
        self._on_rtcp: OnDatagram | None = None

    def start(self, on_rtp: OnDatagram, on_rtcp: OnDatagram) -> None:
        self._on_rtp, self._on_rtcp = on_rtp, on_rtcp

    def send(self, packet: bytes, to: NetAddress) -> bool:
        self.sent.append((asyncio.get_running_loop().time(), packet, to))
        return True

    def send_rtcp(self, packet: bytes, to: NetAddress) -> bool:
        self.reports.append((packet, to))
        return True

    def close(self) -> None:
        self.closed += 1

    def come(self, packet: bytes, source: NetAddress) -> bool:
        return self._on_rtp is not None and self._on_rtp(packet, source)

    def report(self, packet: bytes, source: NetAddress) -> bool:
        return self._on_rtcp is not None and self._on_rtcp(packet, source)

    @property
    def packets(self) -> list[RtpPacket]:
        return [packet for _, data, _ in self.sent if (packet := parse_rtp(data)) is not None]


class KeepingListener:
    """A `LineListener` that keeps what it is told."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.keys = ""
        self.reported: list[tuple[int, int]] = []
        self.faults: list[str] = []
        self.ends: list[str] = []

    def sound(self, pcm: bytes) -> None:
        self.heard += pcm

    def key(self, key: str) -> None:
        self.keys += key

    def played(self, message_id: int, size_bytes: int) -> None:
        self.reported.append((message_id, size_bytes))

    def fault(self, fault: str) -> None:
        self.faults.append(fault)

    def gone(self, why: str) -> None:
        self.ends.append(why)
