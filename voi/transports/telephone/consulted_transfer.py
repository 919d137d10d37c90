"""A transfer with a colleague who is asked before, from the door's side: the conversation stands still, the caller
hears music, and the two are connected, or the agent goes on with the caller."""

import asyncio
import logging
from collections.abc import Callable

from voi.config.transfers import CallTransfer
from voi.core.end_reason import EndReason
from voi.errors import VoiError
from voi.session.session import Session
from voi.tasks import Tasks
from voi.transports.telephone.colleague import Colleague
from voi.transports.telephone.consultation import Consultation, NotConsulted, RingUp
from voi.transports.telephone.hold_music import hold_music
from voi.transports.telephone.line import PhoneLine, Signalling, TransferUnsupported
from voi.transports.telephone.waiting_caller import WaitingCaller

log = logging.getLogger(__name__)

QUIET_WAIT_S = 20.0
"""The agent's words before a transfer may take so long; then they are cut."""
QUIET_LOOK_S = 0.05
OUTCOMES = {
    "refused": "The colleague does not take the call now.",
    "no_answer": "Nobody answered there.",
    "busy": "The line is busy there.",
    "unreachable": "Nobody can be reached there.",
    "not_allowed": "That number may not be called.",
    "hung_up": "The colleague hung up before they took the call.",
    "failed": "The colleague could not be asked.",
}
"""What the agent is told, by outcome."""
GOES_ON = "You are talking with the caller again, who heard music meanwhile."


class ConsultedTransfer:
    """One of them. `line`, `signalling`, `heard_rate_hz`: of the caller. `session` has `output_rate_hz` as its voice.
    `caller_holds`: whether the caller holds the call on their side. `on_connected` is called when the two hear each
    other. `on_fault`: counts, by name."""

    def __init__(
        self, line: PhoneLine, signalling: Signalling, heard_rate_hz: int, output_rate_hz: int, session: Session,
        ring_up: RingUp, tasks: Tasks, caller_holds: Callable[[], bool], on_connected: Callable[[], None],
        on_fault: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._line, self._signalling, self._session = line, signalling, session
        self._output_rate_hz = output_rate_hz
        self._ring_up = ring_up
        self._tasks = tasks
        self._caller_holds = caller_holds
        self._on_connected = on_connected
        self._on_fault = on_fault
        self._waiting = WaitingCaller(line, heard_rate_hz, tasks)
        self.aside = False
        """The caller hears music, or the colleague; the conversation stands still."""

    def sound(self, pcm: bytes) -> None:
        """From the caller, while they are aside."""
        self._waiting.sound(pcm)

    def key(self, key: str) -> None:
        self._waiting.key(key)

    async def run(self, transfer: CallTransfer) -> None:
        """Ask, connect the two, and end the call when one of them has hung up. Raises NotConsulted when the agent is to
        go on. Cancelled: the colleague's call ends."""
        music = await hold_music(self._session.agent.telephone.hold_music, self._line.rate_hz)
        leading_aside = self._tasks.start(self._lead_aside(music), "the caller is led aside")
        colleague: Colleague | None = None
        caller = str(self._session.about.get("caller", ""))
        try:
            colleague = await Consultation(
                transfer, self._session.beside, self._ring_up, self._output_rate_hz, caller
            ).run()
            leading_aside.cancel()
            self._hold()
            await self._talk(transfer, colleague)
        finally:
            leading_aside.cancel()
            self._waiting.close()
            if colleague is not None:
                colleague.close()
            elif self.aside:
                self.aside = False
                if not self._caller_holds():
                    self._session.go_on({}, welcome=False)

    async def _lead_aside(self, music: bytes) -> None:
        """When the agent has said what it had to say, the music begins."""
        loop = asyncio.get_running_loop()
        latest_s = loop.time() + QUIET_WAIT_S
        while not self._session.quiet and loop.time() < latest_s:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(QUIET_LOOK_S)
        self._hold()
        self._waiting.play(music)

    def _hold(self) -> None:
        if not self.aside:
            self.aside = True
            self._session.hold()

    async def _talk(self, transfer: CallTransfer, colleague: Colleague) -> None:
        """Until one of them hangs up."""
        self._waiting.connect(colleague)
        self._on_connected()
        leaving: asyncio.Task[None] | None = None
        if transfer.way == "attended":
            leaving = self._tasks.start(self._leave(colleague), "attended transfer")
        try:
            async with asyncio.timeout(transfer.longest_minutes * 60):
                why = await asyncio.shield(colleague.gone_why)
        except TimeoutError:
            why = f"they have talked for {transfer.longest_minutes:g} minutes"
            self._on_fault("transfer_too_long")
        finally:
            if leaving is not None:
                leaving.cancel()
            self._session.end(EndReason.TRANSFERRED)
        log.info("the call between a caller and a colleague is over: %s", why)

    async def _leave(self, colleague: Colleague) -> None:
        """Have the two talk without us, if their telephones can."""
        try:
            await self._signalling.connect(colleague.signalling)
        except TransferUnsupported:
            log.info("an attended transfer goes on through Voi: the lines cannot be connected without it")
        except VoiError as error:
            self._on_fault("transfer_not_replaced")
            log.warning("an attended transfer goes on through Voi: %s", error)
        else:
            self._session.end(EndReason.TRANSFERRED)


def told(failure: NotConsulted, transfer: CallTransfer) -> str:
    """What the agent is told of it."""
    words = f"{OUTCOMES.get(failure.outcome, OUTCOMES['failed'])} {GOES_ON}"
    return f'{words} Tell them this: "{transfer.on_failure}"' if transfer.on_failure else words
