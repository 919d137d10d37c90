"""One Asterisk: its calls, from its events to their end, and the calls that Voi makes through it."""

import asyncio
import contextlib
import logging
import re
from collections.abc import Callable
from functools import partial

from voi.calls.admission import Refused
from voi.calls.call_id import conversation_id, new_call_id
from voi.calls.calls import Calls
from voi.config.ari_apps import AsteriskServer
from voi.config.phones import PhoneNumber, Phones
from voi.core.end_reason import EndReason
from voi.tasks import Tasks
from voi.transports.ari import events
from voi.transports.ari.causes import end_reason_of, hangup_reason
from voi.transports.ari.connection import AriConnection, connection_of
from voi.transports.ari.dialer import AriDialing, caller_id_of, dialled, endpoint_of
from voi.transports.ari.expected import Expected
from voi.transports.ari.failure import AriError
from voi.transports.ari.leg import OURS, SETUP_S, AriLeg, new_id
from voi.transports.ari.line import AriLine
from voi.transports.ari.live_calls import LiveCall, LiveCalls
from voi.transports.ari.signalling import AriSignalling
from voi.transports.telephone.answering import admit_call, left, open_call
from voi.transports.telephone.consultation import RingUp
from voi.transports.telephone.dialing import AnsweredCall, Dial, NotAnswered
from voi.transports.telephone.door import TelephoneDoor

log = logging.getLogger(__name__)

SETUPS_MAX = 64
"""So many calls may be between their first event and their conversation; more are told that the line is busy."""
END_S = 3.0
"""Longest wait for what Asterisk is told at the end."""
NAME = "asterisk"
"""What counters call us."""
_NUMBER = re.compile(r"\+[1-9]\d{3,14}", re.ASCII)

CountAri = Callable[[str, str, str], None]
"""Counts what happened: the listener, the kind of request, the outcome."""


class Asterisk:
    """`name`: in phones.json. `phones` returns what phones.json says now. `ring_up` rings up colleagues that calls are
    passed on to."""

    def __init__(
        self, name: str, server: AsteriskServer, calls: Calls, phones: Callable[[], Phones | None], count: CountAri,
        ring_up: RingUp | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.server = server
        self._calls = calls
        self._phones = phones
        self._count_as = count
        self._ring_up = ring_up
        self._tasks = Tasks()
        self._live = LiveCalls()
        self._started: Expected[None] = Expected()
        self._setups = 0
        self._connection = AriConnection(name, self._live, self._on_event, self._lost, self._count, self._tasks)

    @property
    def connected(self) -> bool:
        return self._connection.connected

    # ---- life ---------------------------------------------------------------------------------------

    def start(self) -> None:
        """Connect, now and again. Raises ConfigError: the password's variable is not set."""
        self._connection.start(self.server)

    async def change(self, server: AsteriskServer) -> None:
        """phones.json says something else of it. Calls under way go on. Raises ConfigError."""
        before, self.server = self.server, server
        if connection_of(before) == connection_of(server):
            return
        await self._connection.stop()
        self.start()

    async def close(self) -> None:
        """Take no more calls, and end those that are left."""
        await self._connection.stop()
        for live in self._live:
            if live.call is not None and not live.call.over:
                live.call.end(EndReason.DRAINED)
            else:
                await live.leg.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await self._tasks.join()
        await self._tasks.close()
        await self._connection.close()

    # ---- what Asterisk tells ------------------------------------------------------------------------

    def _on_event(self, event: events.AriEvent) -> None:
        if isinstance(event, events.AppReplaced):
            return
        channel_id = event.channel.id
        live = self._live.of_channel(channel_id)
        match event:
            case events.StasisStarted():
                self._entered(event)
            case events.ChannelEnded(cause=cause):
                self._gone(channel_id, cause)
            case events.StasisEnded():
                self._gone(channel_id, 0)
            case events.KeyReceived(key=key) if live is not None and live.leg.line is not None:
                live.leg.line.key(key)
            case events.HoldChanged(held=held) if live is not None:
                self._hold(live, held=held)
            case events.DialProgressed(status=status) if live is not None and live.dialing is not None:
                live.dialing.progressed(status)

    def _entered(self, event: events.StasisStarted) -> None:
        channel = event.channel
        if self._started.came(channel.id, None):
            return
        if self._live.has_met(channel.id) or channel.id.startswith(OURS):
            return  # twice or late; what is left of it is found among the orphans
        if self._setups >= SETUPS_MAX:
            self._count("call", "busy")
            self._tasks.start(self._turn_away(channel.id, "congestion"), "refusal")
            return
        self._setups += 1
        self._live.taking[channel.id] = None
        self._tasks.start(self._take(event), "call of Asterisk's")

    def _gone(self, channel_id: str, cause: int) -> None:
        self._started.failed(channel_id, "Asterisk has ended the channel")
        if (live := self._live.of_channel(channel_id)) is not None:
            live.leg.cause = live.leg.cause or cause
            live.leg.ended(cause)
        elif (live := self._live.of_media(channel_id)) is not None:
            if live.call is not None and not live.call.over:
                self._count("media", "gone")
                live.call.end(EndReason.NO_DOOR)
            elif live.dialing is not None and live.leg.line is not None and not live.leg.over.is_set():
                live.leg.on_gone(0)
        elif channel_id in self._live.taking:
            self._live.taking[channel_id] = cause

    def _lost(self, known: frozenset[str]) -> None:
        """Those channels are there. Calls of ours without one have ended while nobody told us."""
        for live in self._live:
            if live.leg.channel not in known and live.talks:
                self._count("orphan", "call")
                live.leg.ended(0)

    def _hold(self, live: LiveCall, *, held: bool) -> None:
        if live.leg.line is not None:
            live.leg.line.hold(held)
        if live.call is not None:
            if held:
                live.call.stand_still()
            else:
                live.call.go_on({})

    # ---- calls that come in -------------------------------------------------------------------------

    async def _take(self, event: events.StasisStarted) -> None:
        channel_id, call_id = event.channel.id, new_call_id()
        conversation_id.set(call_id)
        try:
            await self._taken(event, call_id)
        except AriError as error:
            outcome = "left_early" if error.gone else "setup_failed"
            self._count("call", outcome)
            level = logging.INFO if error.gone else logging.WARNING
            log.log(level, "a call over Asterisk %s was not connected: %s", self.name, error)
        finally:
            self._setups -= 1
            self._live.taking.pop(channel_id, None)
            live = self._live.of_channel(channel_id)
            if live is not None and live.call is None:
                await live.leg.close("failure")
                self._live.forget(live)

    async def _taken(self, event: events.StasisStarted, call_id: str) -> None:
        channel, phones = event.channel, self._phones()
        number = self.answering(event, phones) if phones is not None else None
        if phones is None or number is None:
            self._count("call", "nobody_answers")
            log.warning("a call over Asterisk %s was not answered: phones.json has no agent for it", self.name)
            await self._turn_away(channel.id, "unallocated")
            return
        client = f"Asterisk {self.name}"
        try:
            self._calls.admission.check(self.server.app)
        except Refused as refused:
            self._calls.note_refused(refused.ended, client)
            self._count("call", "busy")
            await self._turn_away(channel.id, hangup_reason(refused.ended.reason))
            return
        leg = AriLeg(self._connection.operations, await self._connection.way(), self._started, event.app, channel.id)
        live = self._live.add(leg)
        if (cause := self._live.taking.pop(channel.id, None)) is not None:
            leg.ended(cause)
            raise AriError("the other side has hung up", 404)
        try:
            async with asyncio.timeout(SETUP_S):
                line = await leg.connect(partial(leg.operations.answer, channel.id))
        except TimeoutError:
            raise AriError(f"it was not connected within {SETUP_S:g} s") from None
        self._converse(live, line, number, call_id, client, phones, channel.caller)

    def _converse(
        self, live: LiveCall, line: AriLine, number: PhoneNumber, call_id: str, client: str, phones: Phones, caller: str
    ) -> None:
        leg = live.leg
        signalling = AriSignalling(leg, lambda: self.server.transfer, self._tasks)
        door = TelephoneDoor(
            line, signalling, on_gone=lambda why: self._line_gone(live), on_fault=partial(self._count, "media"),
            source="Asterisk", tail_s=leg.way.tail_s, ring_up=self._ring_up,
        )  # fmt: skip
        caller = caller if _NUMBER.fullmatch(caller) else ""
        try:
            call = admit_call(self._calls, door, self.server.app, client, call_id, caller, phones.callers)
        except Refused as refused:
            self._count("call", "busy")
            self._calls.refuse(door, refused.ended, client)
            self._live.forget(live)
            return
        live.call = call
        leg.on_gone = partial(self._caller_gone, live)
        session = open_call(call, number, door.heard_rate_hz)
        if session is None:
            self._count("call", "misconfigured")
            self._live.forget(live)
            return
        self._count("call", "answered")
        door.open(session)
        call.start()
        self._tasks.start(self._until_over(live), "end of a call")

    async def _until_over(self, live: LiveCall) -> None:
        await live.leg.over.wait()
        self._live.forget(live)

    def answering(self, event: events.StasisStarted, phones: Phones) -> PhoneNumber | None:
        """Who answers a call; None: nobody."""
        app = self.server.stasis.get(event.app)
        called = event.args[0] if event.args else event.channel.extension
        number = phones.answering(called, self.name)
        if app is None:
            return number
        if app.agent is not None:
            number = PhoneNumber(agent=app.agent, greeting=app.greeting, language=app.language)
        elif number is not None:
            update = {"greeting": number.greeting or app.greeting, "language": number.language or app.language}
            number = number.model_copy(update=update)
        return number

    async def _turn_away(self, channel_id: str, reason: str) -> None:
        self._live.note_ended(channel_id)
        try:
            await self._connection.operations.hang_up(channel_id, reason)
        except AriError as error:
            log.warning("a call over Asterisk %s could not be refused: %s", self.name, error)

    def _caller_gone(self, live: LiveCall, cause: int) -> None:
        if live.call is None or live.call.over:
            return
        if (reason := end_reason_of(cause)) is EndReason.CLIENT_HUNG_UP:
            left(live.call)
        else:
            live.call.end(reason, f"Asterisk has ended the call (cause {cause}).")

    def _line_gone(self, live: LiveCall) -> None:
        if live.call is not None and not live.call.over:
            live.call.end(EndReason.NO_DOOR)

    # ---- calls that go out --------------------------------------------------------------------------

    async def dial(self, dial: Dial, on_ringing: Callable[[], None], on_gone: Callable[[], None]) -> AnsweredCall:
        """`voi.transports.telephone.dialing.Dialer`."""
        outgoing = self.server.outgoing
        if outgoing is None or not self.connected:
            why = "phones.json lets it make no calls" if outgoing is None else "Asterisk is not connected"
            raise NotAnswered("failed" if outgoing is None else "unreachable", why)
        endpoint, caller_id = endpoint_of(outgoing, dial.destination), caller_id_of(outgoing, dial)
        try:
            leg = AriLeg(
                self._connection.operations,
                await self._connection.way(),
                self._started,
                next(iter(self.server.stasis)),
                new_id("call"),
            )
        except AriError as error:
            raise NotAnswered("unreachable", str(error)) from None
        live = self._live.add(leg)
        live.dialing = AriDialing(leg, self._started, on_ringing)
        signalling = AriSignalling(leg, lambda: self.server.transfer, self._tasks)
        try:
            answered = await dialled(live.dialing, dial, endpoint, caller_id, signalling)
        except BaseException as error:
            self._live.forget(live)
            if isinstance(error, NotAnswered):
                self._count("dial", error.kind)
            raise
        self._count("dial", "answered")

        told: list[int] = []

        def gone(cause: int) -> None:
            if not told:
                on_gone()
            told.append(cause)
            self._tasks.start(leg.close(), "end of a call that was made")

        leg.on_gone = gone
        if leg.gone:
            asyncio.get_running_loop().call_soon(gone, leg.cause)
        self._tasks.start(self._until_over(live), "end of a call that was made")
        return answered

    # ---- inside -------------------------------------------------------------------------------------

    def _count(self, request: str, outcome: str) -> None:
        self._count_as(NAME, request, outcome)
