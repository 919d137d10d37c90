"""A call over a carrier's WebSocket as a `PhoneLine`, and its signalling.

Behind each piece of sound goes a mark, which the carrier sends back when that sound was played: what the caller heard
is known to a tenth of a second. A goodbye is thus heard to its end before the call is ended. At a carrier without marks
a clock takes their place (`PlayedByClock`).
"""

import asyncio
from collections.abc import Awaitable, Callable

from voi.audio.pcm import SAMPLE_BYTES
from voi.errors import ClientError
from voi.session.events import Ended
from voi.transports.endings import ending
from voi.transports.media_ws.carrier import CallerKey, CallerSound, Carrier, CarrierPlays, FromCarrier, MarkPlayed
from voi.transports.media_ws.codecs import MediaCodec
from voi.transports.media_ws.in_order import SoundOrder
from voi.transports.media_ws.played_by_clock import PlayedByClock
from voi.transports.telephone.line import SOUND_MAX_S, LineListener, Signalling, TransferUnsupported
from voi.transports.websocket import MessageSocket

MARKS_MAX = 256
"""So many marks that did not come back are remembered."""
PARTING_S = 5.0
"""How long a carrier that ends the stream itself may take to do it."""
PLAYED_WAIT_S = 8.0
"""What the agent said before it passes a call on is heard first, if that takes no longer."""
PLAYED_LOOK_S = 0.05

Transfer = Callable[[str], Awaitable[None]]
"""Passes the call on to that number or address. Raises VoiError."""


class CarrierLine:
    """`codec`: of the agent's sound, `heard`: of the caller's, whose rate may be another."""

    def __init__(
        self, socket: MessageSocket, carrier: Carrier, codec: MediaCodec, heard: MediaCodec, stream_id: str
    ) -> None:
        self.rate_hz = codec.rate_hz
        self._socket = socket
        self._carrier = carrier
        self._codec = codec
        self._heard = heard
        self._stream_id = stream_id
        self._listener: LineListener | None = None
        self._order = SoundOrder(lambda sounds: self._fault("lost_sound"))
        self._rest = b""
        """The begun frame of the message that is sent."""
        self._given: dict[int, int] = {}
        """How many bytes of PCM were sent of each message that is not over."""
        self.marks: dict[str, tuple[int, int]] = {}
        """Marks that did not come back: the message, and how much of it lies before the mark."""
        self._marked = 0
        self._clock = PlayedByClock(self._mark_played)
        self._gather_bytes = codec.rate_hz * carrier.gathers_ms // 1_000 * SAMPLE_BYTES

    @property
    def backlog_bytes(self) -> int:
        return self._socket.backlog_bytes

    def open(self, listener: LineListener) -> None:
        self._listener = listener

    async def aclose(self) -> None:
        self._listener = None
        self._clock.clear()

    def _fault(self, fault: str) -> None:
        if self._listener is not None:
            self._listener.fault(fault)

    # ---- from the carrier ---------------------------------------------------------------------------

    def receive(self, said: FromCarrier) -> None:
        """Raises ClientError for what cannot be."""
        listener = self._listener
        if listener is None:
            return
        match said:
            case CallerSound(payload, chunk):
                pcm = self._heard.decode(payload)
                if len(pcm) > SOUND_MAX_S * self._heard.rate_hz * 2:
                    raise ClientError("A sound of the carrier is too long.")
                if due := self._order.push(chunk, pcm):
                    listener.sound(due)
            case CallerKey(key):
                listener.key(key)
            case MarkPlayed(name):
                self._mark_played(name)
            case CarrierPlays(done):
                self._clock.done() if done else self._clock.began()

    def _mark_played(self, name: str) -> None:
        if (played := self.marks.pop(name, None)) is not None and self._listener is not None:  # else it was cleared
            self._listener.played(*played)

    async def all_played(self) -> None:
        """Returns when all that was sent has been played, or late."""
        for _ in range(round(PLAYED_WAIT_S / PLAYED_LOOK_S)):
            if not self.marks and not self._rest:
                return
            await asyncio.sleep(PLAYED_LOOK_S)

    # ---- to the carrier -----------------------------------------------------------------------------

    def play(self, message_id: int, pcm: bytes) -> None:
        whole = self._rest + pcm
        size = len(whole) - len(whole) % self._codec.frame_bytes
        size = size if size >= self._gather_bytes else 0
        self._rest = whole[size:]
        self._send(message_id, whole[:size], size)

    def finish(self, message_id: int) -> None:
        rest, self._rest = self._rest, b""
        whole_frames = rest + bytes(-len(rest) % self._codec.frame_bytes)  # carriers play no others
        self._send(message_id, whole_frames, len(rest))
        self._given.pop(message_id, None)

    def clear(self, message_id: int) -> None:
        self._rest = b""
        self._given.pop(message_id, None)
        # the carrier sends back the marks of what it drops, as if that had been played
        self.marks = {name: mark for name, mark in self.marks.items() if mark[0] != message_id}
        self._clock.clear()
        if (message := self._carrier.clear(self._stream_id)) is not None:
            self._socket.send_text(message.encode())

    def press(self, keys: str) -> bool:
        message = self._carrier.keys(self._stream_id, keys)
        if message is not None:
            self._socket.send_text(message.encode())
        return message is not None

    def _send(self, message_id: int, pcm: bytes, size: int) -> None:
        """`size`: how much of the sound is the session's, in bytes."""
        if not pcm:
            return
        for message in self._carrier.sound(self._stream_id, self._codec.encode(pcm), self._codec):
            if isinstance(message, str):
                self._socket.send_text(message.encode())
            else:
                self._socket.send(message)
        given = self._given[message_id] = self._given.get(message_id, 0) + size
        self._marked += 1
        name = f"v{self._marked}"
        if len(self.marks) >= MARKS_MAX:
            self._fault("marks_missing")
            self.marks.pop(next(iter(self.marks)))
        self.marks[name] = (message_id, given)
        mark = self._carrier.mark(self._stream_id, name)
        if mark is None:
            self._clock.sent(name, len(pcm) / SAMPLE_BYTES / self._codec.rate_hz)
        else:
            self._socket.send_text(mark.encode())


class CarrierSignalling:
    """`transfer` None: the carrier cannot pass calls on. The call ends with its WebSocket, or when the carrier was
    asked to end it."""

    def __init__(self, socket: MessageSocket, carrier: Carrier, transfer: Transfer | None) -> None:
        self._socket = socket
        self._carrier = carrier
        self._transfer = transfer

    async def transfer(self, target: str) -> None:
        if self._transfer is None:
            raise TransferUnsupported
        await self._transfer(target)

    async def connect(self, other: Signalling) -> None:
        raise TransferUnsupported

    def hang_up(self, ended: Ended) -> None:
        code, words = ending(ended)
        parting = self._carrier.parting(ended)
        if parting is None:
            self._socket.close(code, words)
        else:
            self._socket.send_text(parting.encode())
            asyncio.get_running_loop().call_later(PARTING_S, self._socket.close, code, words)
