"""The telephone door over a carrier's WebSocket: tells a session's events to the carrier, and gives the session what
the carrier says of the caller.

Behind each piece of sound goes a mark, which the carrier sends back when that sound was played: what the caller heard
is known to a tenth of a second. A goodbye is thus heard to its end before the call is ended. At a carrier without marks
a clock takes their place (`PlayedByClock`).
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable

from voi.audio.pcm import SAMPLE_BYTES
from voi.calls.intake import Intake, open_intake
from voi.errors import ClientError, VoiError
from voi.session import events
from voi.session.events import DoorEvent
from voi.session.session import Session
from voi.tasks import Tasks
from voi.transports.endings import ending
from voi.transports.media_ws.carrier import CallerKey, CallerSound, Carrier, CarrierPlays, FromCarrier, MarkPlayed
from voi.transports.media_ws.codecs import MediaCodec
from voi.transports.media_ws.in_order import SoundOrder
from voi.transports.media_ws.played_by_clock import PlayedByClock
from voi.transports.websocket import MessageSocket

log = logging.getLogger(__name__)

MARKS_MAX = 256
"""So many marks that did not come back are remembered."""
SOUND_MAX_S = 30
"""Longest sound in one message of a carrier."""
PARTING_S = 5.0
"""How long a carrier that ends the stream itself may take to do it."""
PLAYED_WAIT_S = 8.0
"""What the agent said before it passes a call on is heard first, if that takes no longer."""
PLAYED_LOOK_S = 0.05
PASSED_ON = "The caller is being passed on; this call ends for you."
NO_TRANSFER = "This carrier's calls cannot be passed on from here. Offer to call back, or give the caller the number."
NO_KEYS = "This carrier cannot press keys on the line."
_TARGET = re.compile(r"\+[1-9]\d{5,14}|sips?:[A-Za-z0-9._~+%-]{1,64}@[A-Za-z0-9.-]{1,120}(?::\d{1,5})?", re.ASCII)
_SEPARATORS = re.compile(r"[ ().-]")

Transfer = Callable[[str], Awaitable[None]]
"""Passes the call on to that number or address. Raises VoiError."""


class MediaDoor:
    """`Door` for one caller. `codec`: of the agent's sound, `heard`: of the caller's. `transfer` None: the carrier
    cannot pass calls on. `on_fault` counts what is wrong with the caller's sound, by name."""

    kind = "telephone"
    name = "telephone"

    def __init__(
        self,
        socket: MessageSocket,
        carrier: Carrier,
        codec: MediaCodec,
        heard: MediaCodec,
        stream_id: str = "",
        transfer: Transfer | None = None,
        on_fault: Callable[[str], None] = lambda fault: None,
    ) -> None:
        self.output_rate_hz = codec.rate_hz
        self._socket = socket
        self._carrier = carrier
        self._codec = codec
        self._heard = heard
        self._stream_id = stream_id
        self._transfer = transfer
        self._on_fault = on_fault
        self._tasks = Tasks()
        self._session: Session | None = None
        self._intake: Intake | None = None
        self._order = SoundOrder(self._lost_sound)
        self._told: set[str] = set()
        """Faults that the log has a line for."""
        self._rest = b""
        """The begun frame of the message that is sent."""
        self._given: dict[int, int] = {}
        """How many bytes of PCM were sent of each message that is not over."""
        self._marks: dict[str, tuple[int, int]] = {}
        """Marks that did not come back: the message, and how much of it lies before the mark."""
        self._marked = 0
        self._clock = PlayedByClock(self._mark_played)
        self._gather_bytes = codec.rate_hz * carrier.gathers_ms // 1_000 * SAMPLE_BYTES
        self._ended = False

    def open(self, session: Session) -> None:
        """The session is ready: pass on what the carrier says from now on."""
        self._intake = open_intake(
            None, self._heard.rate_hz, session.hear, lambda text: self._fault("flood"), self._tasks
        )
        self._session = session

    async def aclose(self) -> None:
        self._session = None
        intake, self._intake = self._intake, None
        if intake is not None:
            await intake.aclose()
        self._clock.clear()
        await self._tasks.close()

    @property
    def backlog_bytes(self) -> int:
        return self._socket.backlog_bytes

    # ---- from the carrier ---------------------------------------------------------------------------

    def receive(self, said: FromCarrier) -> None:
        """Raises ClientError for what cannot be."""
        session, intake = self._session, self._intake
        if session is None or intake is None:
            return
        match said:
            case CallerSound(payload, chunk):
                pcm = self._heard.decode(payload)
                if len(pcm) > SOUND_MAX_S * self._heard.rate_hz * 2:
                    raise ClientError("A sound of the carrier is too long.")
                if due := self._order.push(chunk, pcm):
                    intake.sound(due)
            case CallerKey(key):
                session.key_pressed(key)
            case MarkPlayed(name):
                self._mark_played(name)
            case CarrierPlays(done):
                self._clock.done() if done else self._clock.began()

    def _mark_played(self, name: str) -> None:
        if (played := self._marks.pop(name, None)) is not None and self._session is not None:  # else it was cleared
            self._session.sound_played(*played)

    def _lost_sound(self, sounds: int) -> None:
        self._fault("lost_sound")

    def _fault(self, fault: str) -> None:
        self._on_fault(fault)
        if fault not in self._told:
            self._told.add(fault)
            log.warning("the caller's sound comes from %s with faults (%s); only the first is logged",
                        self._carrier.kind, fault)  # fmt: skip

    # ---- to the carrier -----------------------------------------------------------------------------

    def tell(self, event: DoorEvent) -> None:
        if self._ended:
            return
        match event:
            case events.Sound(message_id, pcm):
                whole = self._rest + pcm
                size = len(whole) - len(whole) % self._codec.frame_bytes
                size = size if size >= self._gather_bytes else 0
                self._rest = whole[size:]
                self._send(message_id, whole[:size], size)
            case events.SoundEnded(message_id):
                rest, self._rest = self._rest, b""
                whole_frames = rest + bytes(-len(rest) % self._codec.frame_bytes)  # carriers play no others
                self._send(message_id, whole_frames, len(rest))
                self._given.pop(message_id, None)
            case events.SoundCleared(message_id):
                self._clear(message_id)
            case events.TransferAsked(number, target):
                self._pass_on(number, target)
            case events.KeysAsked(number, keys):
                self._press(number, keys)
            case events.Ended():
                self._ended = True
                self._part(event)

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
        if len(self._marks) >= MARKS_MAX:
            self._fault("marks_missing")
            self._marks.pop(next(iter(self._marks)))
        self._marks[name] = (message_id, given)
        mark = self._carrier.mark(self._stream_id, name)
        if mark is None:
            self._clock.sent(name, len(pcm) / SAMPLE_BYTES / self._codec.rate_hz)
        else:
            self._socket.send_text(mark.encode())

    def _clear(self, message_id: int) -> None:
        self._rest = b""
        self._given.pop(message_id, None)
        # the carrier sends back the marks of what it drops, as if that had been played
        self._marks = {name: mark for name, mark in self._marks.items() if mark[0] != message_id}
        self._clock.clear()
        if (message := self._carrier.clear(self._stream_id)) is not None:
            self._socket.send_text(message.encode())

    def _part(self, ended: events.Ended) -> None:
        code, words = ending(ended)
        parting = self._carrier.parting(ended)
        if parting is None:
            self._socket.close(code, words)
        else:
            self._socket.send_text(parting.encode())
            asyncio.get_running_loop().call_later(PARTING_S, self._socket.close, code, words)

    async def all_played(self) -> None:
        """Returns when all that was sent has been played, or late."""
        for _ in range(round(PLAYED_WAIT_S / PLAYED_LOOK_S)):
            if not self._marks and not self._rest:
                return
            await asyncio.sleep(PLAYED_LOOK_S)

    # ---- what the agent asks for --------------------------------------------------------------------

    def _pass_on(self, number: str, target: str) -> None:
        if self._transfer is None:
            self._answer(number, NO_TRANSFER, failed=True)
        elif not _TARGET.fullmatch(target := _SEPARATORS.sub("", target) if target.startswith("+") else target):
            self._answer(number, "The target is no number with a country code and no SIP address.", failed=True)
        else:
            self._tasks.start(self._transferred(number, target, self._transfer), "transfer")

    async def _transferred(self, number: str, target: str, transfer: Transfer) -> None:
        try:
            await transfer(target)
        except VoiError as error:
            self._on_fault("transfer_failed")
            log.warning("a call could not be passed on: %s", error)
            self._answer(number, "The call could not be passed on.", failed=True)
        else:
            self._answer(number, PASSED_ON)

    def _press(self, number: str, keys: str) -> None:
        message = self._carrier.keys(self._stream_id, keys)
        if message is None:
            self._answer(number, NO_KEYS, failed=True)
        else:
            self._socket.send_text(message.encode())
            self._answer(number, "The keys were pressed.")

    def _answer(self, number: str, result: str, *, failed: bool = False) -> None:
        # not at once: the session waits for it only when this event is told
        session = self._session
        if session is not None:
            self._tasks.start(_later(session, number, result, failed=failed), "answer to a tool")


async def _later(session: Session, number: str, result: str, *, failed: bool) -> None:
    session.door_answers(number, result, failed=failed)
