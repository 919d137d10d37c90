"""The telephone door: tells a session's events to a line and its signalling, and gives the session what comes over the
line. It is one for all protocols that bring telephone calls; each of them makes a `PhoneLine` and a `Signalling`.

The line reports what was played, so the session is to be opened with `CallOptions.reports_playback`: it ends a call
when the goodbye was heard, and what the caller heard of an interrupted reply is exact.
"""

import asyncio
import logging
from collections.abc import Callable

from voi.audio.pcm import SAMPLE_BYTES
from voi.calls.intake import Intake, open_intake
from voi.config.transfers import CallTransfer
from voi.core.end_reason import EndReason
from voi.errors import VoiError
from voi.session import events
from voi.session.events import DoorEvent
from voi.session.session import Session
from voi.tasks import Tasks
from voi.transports.telephone.consultation import NotConsulted, RingUp
from voi.transports.telephone.consulted_transfer import ConsultedTransfer, told
from voi.transports.telephone.line import SOUND_MAX_S, PhoneLine, Signalling, TransferUnsupported
from voi.transports.telephone.targets import transfer_target

log = logging.getLogger(__name__)

PASSED_ON = "The caller is being passed on; this call ends for you."
NOT_PASSED_ON = "The call could not be passed on."
NO_TRANSFER = "This carrier's calls cannot be passed on from here. Offer to call back, or give the caller the number."
NO_TARGET = "The target is no number with a country code and no SIP address."
NO_COLLEAGUE = "Nobody can be asked from here before a call is passed on. Offer to call back, or give the number."
ALREADY = "The call is being passed on already."
KEYS_PRESSED = "The keys were pressed."
NO_KEYS = "This carrier cannot press keys on the line."


PASSING_END_S = 5.0
"""A colleague's call has so long to end."""


class TelephoneDoor:
    """`Door` for one call, and its line's `LineListener`.

    `heard_rate_hz`: of the caller's sound, where that differs from the line's `rate_hz`. `on_gone` is told once that
    the line is dead; it ends the call. `on_fault` counts what is wrong with the line, by name. `source`: what the log
    calls the other side, such as "twilio" or "sip". `tail_s`: how long the other side still plays what the line has
    reported as played, such as the jitter buffer of a telephone; the call is hung up that much later. `ring_up` rings
    somebody up who is asked before a call is passed on; None: that is not possible here.
    """

    kind = "telephone"
    name = "telephone"

    def __init__(
        self,
        line: PhoneLine,
        signalling: Signalling,
        *,
        on_gone: Callable[[str], None] = lambda why: None,
        on_fault: Callable[[str], None] = lambda fault: None,
        source: str = "telephone",
        heard_rate_hz: int | None = None,
        tail_s: float = 0.0,
        ring_up: RingUp | None = None,
    ) -> None:
        self.output_rate_hz = line.rate_hz
        self.heard_rate_hz = heard_rate_hz or line.rate_hz
        """For the session's `CallOptions.input_rate_hz`."""
        self._line = line
        self._signalling = signalling
        self._on_gone = on_gone
        self._on_fault = on_fault
        self._source = source
        self._tail_s = tail_s
        self._ring_up = ring_up
        self._passing: tuple[str, asyncio.Task[None], ConsultedTransfer] | None = None
        """The number of the request, and what becomes of it."""
        self.caller_holds = False
        """The caller holds the call on their side. The transport that knows it says so."""
        self.passed_on = False
        """The caller was passed on: when they hang up, the call ends because of that."""
        self._tasks = Tasks()
        self._session: Session | None = None
        self._intake: Intake | None = None
        self._told: set[str] = set()
        """Faults that the log has a line for."""
        self._hanging_up: asyncio.Task[None] | None = None
        self._ended = self._closed = False

    def open(self, session: Session) -> None:
        """The session is ready: pass on from now on what comes over the line."""
        if self._closed or self._ended:
            return
        self._intake = open_intake(
            None, self.heard_rate_hz, session.hear, lambda text: self.fault("flood"), self._tasks
        )
        self._session = session
        self._line.open(self)

    async def aclose(self) -> None:
        """Release the line too, when the goodbye is over. Safe to call twice."""
        self._closed = True
        await self._stop_passing()
        self._session = None
        intake, self._intake = self._intake, None
        if intake is not None:
            await intake.aclose()
        if self._hanging_up is not None:
            await asyncio.wait([self._hanging_up])
        await self._tasks.close()
        await self._line.aclose()

    @property
    def backlog_bytes(self) -> int:
        return self._line.backlog_bytes

    # ---- from the line ------------------------------------------------------------------------------

    def sound(self, pcm: bytes) -> None:
        if len(pcm) > SOUND_MAX_S * self.heard_rate_hz * SAMPLE_BYTES:
            self.fault("flood")
        elif (elsewhere := self._elsewhere) is not None:
            elsewhere.sound(pcm)
        elif self._intake is not None:
            self._intake.sound(pcm)

    def key(self, key: str) -> None:
        if (elsewhere := self._elsewhere) is not None:
            elsewhere.key(key)
        elif self._session is not None:
            self._session.key_pressed(key)

    def played(self, message_id: int, size_bytes: int) -> None:
        if self._session is not None and message_id >= 0:  # else it is no sound of the conversation
            self._session.sound_played(message_id, size_bytes)

    def fault(self, fault: str) -> None:
        self._on_fault(fault)
        if fault not in self._told:
            self._told.add(fault)
            log.warning(
                "the caller's sound comes from %s with faults (%s); only the first is logged", self._source, fault
            )

    def gone(self, why: str) -> None:
        if not self._closed:
            self._on_fault("gone")
            log.info("a line of %s is dead: %s", self._source, why)
            self._on_gone(why)

    # ---- to the line --------------------------------------------------------------------------------

    def tell(self, event: DoorEvent) -> None:
        if self._ended or self._closed:
            return
        match event:
            case events.Sound(message_id, pcm):
                self._line.play(message_id, pcm)
            case events.SoundEnded(message_id):
                self._line.finish(message_id)
            case events.SoundCleared(message_id):
                self._line.clear(message_id)
            case events.TransferAsked(number, target, None):
                self._pass_on(number, target)
            case events.TransferAsked(number, _, CallTransfer() as how):
                self._ask_before(number, how)
            case events.RequestWithdrawn(number) if self._passing is not None and self._passing[0] == number:
                if not self.passed_on:
                    self._passing[1].cancel()
            case events.KeysAsked(number, keys):
                self._press(number, keys)
            case events.Ended():
                self._ended = True
                if self._passing is not None:
                    self._passing[1].cancel()
                if self._tail_s and self._session is not None and event.reason is not EndReason.CLIENT_HUNG_UP:
                    self._hanging_up = self._tasks.start(self._hang_up_later(event), "end of the goodbye")
                else:
                    self._signalling.hang_up(event)

    async def _hang_up_later(self, ended: events.Ended) -> None:
        await asyncio.sleep(self._tail_s)
        self._signalling.hang_up(ended)

    # ---- what the agent asks for --------------------------------------------------------------------

    def _pass_on(self, number: str, target: str) -> None:
        dialled = transfer_target(target)
        if dialled is None:
            self._not_passed_on("its target is no number and no address", number, NO_TARGET)
        else:
            self._tasks.start(self._transferred(number, dialled), "transfer")

    async def _transferred(self, number: str, target: str) -> None:
        try:
            await self._signalling.transfer(target)
        except TransferUnsupported:
            self._not_passed_on("its line has no way to do that", number, NO_TRANSFER)
        except VoiError as error:
            self._not_passed_on(str(error), number, NOT_PASSED_ON)
        else:
            self.passed_on = True
            log.info("a call was passed on (blind)")
            self._answer(number, PASSED_ON)

    def _not_passed_on(self, why: str, number: str, told_agent: str) -> None:
        self._on_fault("transfer_failed")
        log.warning("a call could not be passed on (blind): %s", why)
        self._answer(number, told_agent, failed=True)

    @property
    def elsewhere(self) -> bool:
        """The caller hears music or a colleague, and the conversation stands still."""
        return self._elsewhere is not None

    @property
    def _elsewhere(self) -> ConsultedTransfer | None:
        return self._passing[2] if self._passing is not None and self._passing[2].aside else None

    def _ask_before(self, number: str, how: CallTransfer) -> None:
        session = self._session
        if session is None or self._ring_up is None:
            self._answer(number, NO_COLLEAGUE, failed=True)
        elif self._passing is not None:
            self._answer(number, ALREADY, failed=True)
        else:
            transfer = ConsultedTransfer(
                self._line, self._signalling, self.heard_rate_hz, self.output_rate_hz, session, self._ring_up,
                self._tasks, lambda: self.caller_holds, lambda: self._connected(number, how), self._on_fault,
            )  # fmt: skip
            task = self._tasks.start(self._consulted(number, how, transfer), "transfer")
            self._passing = number, task, transfer

    async def _consulted(self, number: str, how: CallTransfer, transfer: ConsultedTransfer) -> None:
        try:
            await transfer.run(how)
        except NotConsulted as failure:
            self._on_fault(f"transfer_{failure.outcome}")
            log.warning("a call could not be passed on (%s): %s", how.way, failure)
            self._answer(number, told(failure, how), failed=True)
        except Exception as error:
            self._on_fault("transfer_failed")
            self._tasks.fault("a call could not be passed on", error)
            self._answer(number, NOT_PASSED_ON, failed=True)
        finally:
            self._passing = None

    def _connected(self, number: str, how: CallTransfer) -> None:
        self.passed_on = True
        log.info("a call was passed on to a colleague (%s)", how.way)
        self._answer(number, PASSED_ON)

    async def _stop_passing(self) -> None:
        """The caller has left, or the call is over: the colleague's call ends too."""
        if self._passing is not None:
            task = self._passing[1]
            task.cancel()
            await asyncio.wait([task], timeout=PASSING_END_S)

    def _press(self, number: str, keys: str) -> None:
        if self._line.press(keys):
            self._answer(number, KEYS_PRESSED)
        else:
            self._answer(number, NO_KEYS, failed=True)

    def _answer(self, number: str, result: str, *, failed: bool = False) -> None:
        # not at once: the session waits for it only when this event is told
        session = self._session
        if session is not None:
            self._tasks.start(_later(session, number, result, failed=failed), "answer to a tool")


async def _later(session: Session, number: str, result: str, *, failed: bool) -> None:
    session.door_answers(number, result, failed=failed)
