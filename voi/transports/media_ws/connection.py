"""One WebSocket of a carrier, from its arrival to its end: ticket, stream, call.

A socket has no call before its first message has shown a ticket, or its request was found to be a carrier's and its
first message says who calls; so many such sockets may wait at once, and each for a few seconds.
"""

import asyncio
import contextvars
import logging
import re
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import parse_qs

from voi.calls.admission import Refused
from voi.calls.call import Call
from voi.calls.call_id import conversation_id, new_call_id
from voi.calls.calls import Calls
from voi.calls.proof import Proof
from voi.config.agents import Agent
from voi.config.phones import CarrierKind, PhoneNumber, Phones
from voi.core.end_reason import EndReason
from voi.core.options import CallOptions
from voi.errors import ClientError
from voi.session.events import Ended
from voi.transports.media_ws import twilio_rest
from voi.transports.media_ws.answering import CountRequest, PhoneAnswers
from voi.transports.media_ws.carrier import (
    TICKET,
    CarrierComplains,
    CarrierWaits,
    FromCarrier,
    StreamStarted,
    StreamStopped,
    Unsigned,
)
from voi.transports.media_ws.carriers import codec_of, e164, new_carrier, socket_carrier
from voi.transports.media_ws.codecs import MediaCodec
from voi.transports.media_ws.door import MediaDoor
from voi.transports.media_ws.line import Transfer
from voi.transports.media_ws.socket_requests import account_of
from voi.transports.media_ws.tickets import Admitted, Tickets
from voi.transports.telephone.answering import left
from voi.transports.telephone.consultation import RingUpOf
from voi.transports.websocket import NORMAL, Request, WebSocket

log = logging.getLogger(__name__)

WAITING_MAX = 64
"""So many sockets may wait without a ticket; the oldest has to go."""
EARLY_MAX = 16
"""So many messages may come before the start of the stream."""
_NUMBER = re.compile(r"\+[1-9]\d{3,14}", re.ASCII)
_CALL_SID = re.compile(r"CA[0-9a-fA-F]{32}")
_NOTHING = MediaCodec("ulaw", 8_000)


@dataclass(frozen=True)
class MediaWebSockets:
    """Accepts the WebSockets of carriers. `twilio_api`: where Twilio's REST API is. `ring_up_of`: what rings up
    colleagues for calls of that carrier."""

    calls: Calls
    tickets: Tickets
    answers: PhoneAnswers
    start_timeout_s: float
    count: CountRequest
    twilio_api: str = twilio_rest.API
    ring_up_of: RingUpOf = lambda account: None
    waiting: "dict[MediaConnection, None]" = field(default_factory=dict)

    def meet(self, kind: CarrierKind, socket: WebSocket, request: Request) -> "MediaConnection":
        """`voi.transports.websocket.Accept`, for each kind of carrier."""
        connection = MediaConnection(self, kind, socket, request)
        self.waiting[connection] = None
        if len(self.waiting) > WAITING_MAX:
            next(iter(self.waiting)).refuse("too many connections wait without a start")
        return connection


class MediaConnection:
    """A `voi.transports.websocket.Receiver`. An error in it ends at most this connection."""

    def __init__(self, listener: MediaWebSockets, kind: CarrierKind, socket: WebSocket, request: Request) -> None:
        self.id = new_call_id()
        self._listener = listener
        asked_first = socket_carrier(kind)
        self._carrier = asked_first or new_carrier(kind)
        self._account = ""
        """Whose the request was found to be; "": the ticket says it."""
        self._socket = socket
        self._query = request.query
        self._client = f"{request.peer or 'an unknown address'} ({kind})"
        self._call: Call | None = None
        self._door: MediaDoor | None = None
        self._stream_id = ""
        self._early = 0
        self._over = False
        self._context = contextvars.copy_context()
        self._context.run(conversation_id.set, self.id)
        late = partial(self.refuse, f"no start of the stream came within {listener.start_timeout_s:g} s")
        loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = loop.call_later(listener.start_timeout_s, late, context=self._context)
        if asked_first is not None:
            try:
                self._account = account_of(listener.answers, kind, asked_first, request)
            except Unsigned as error:
                self._context.run(self.refuse, str(error), EndReason.TOKEN_REFUSED)

    def received(self, message: bytes | str) -> None:
        self._context.run(self._received, message)

    def lost(self) -> None:
        self._context.run(self._lost)

    # ---- before the call ----------------------------------------------------------------------------

    def refuse(self, why: str, reason: EndReason = EndReason.BAD_START) -> None:
        """There is no call for this socket."""
        self._refused(Ended(reason, f"The call cannot begin: {why}"))

    def _refused(self, ended: Ended) -> None:
        self._stop_waiting()
        if not self._over:
            self._over = True
            door = MediaDoor(self._socket, self._carrier, _NOTHING, _NOTHING)
            self._listener.calls.refuse(door, ended, self._client)
            self._socket.refuse()

    def _before(self, message: bytes | str) -> None:
        said = self._carrier.read(message)
        if isinstance(said, StreamStarted):
            self._start(said)
            return
        if isinstance(said, CarrierWaits | StreamStopped) and said.answer:
            self._socket.send_text(said.answer.encode())
            if isinstance(said, StreamStopped):
                self._stop_waiting()
                self._over = True
                self._socket.close(NORMAL)
                return
        self._early += 1
        if self._early > EARLY_MAX:
            self.refuse("the start of the stream has to come first")

    def _start(self, started: StreamStarted) -> None:
        self._stop_waiting()
        try:
            admitted = self._admitted(started)
        except ClientError as error:
            self.refuse(str(error), EndReason.TOKEN_REFUSED)
            return
        phones = self._listener.answers.phones
        account = phones.carriers.get(admitted.carrier) if phones else None
        number = phones.answering(e164(admitted.call.called), admitted.carrier) if phones else None
        if phones is None or account is None or number is None or account.kind != self._carrier.kind:
            self.refuse("phones.json has nobody who answers that number")
            return
        codec = started.codec if self._account and started.codec else codec_of(account)
        heard = started.codec or codec
        self._stream_id = started.stream_id
        call_id = admitted.call.call_id
        door = self._door = MediaDoor(
            self._socket, self._carrier, codec, heard, started.stream_id,
            self._transfer(phones, admitted, started.call_id or call_id), self._fault,
            self._listener.ring_up_of(admitted.carrier),
        )  # fmt: skip
        caller = e164(admitted.call.caller)
        caller = caller if _NUMBER.fullmatch(caller) else ""
        person = phones.callers.get(caller, "")
        try:
            call = self._listener.calls.admit(account.app, self._client, door, self.id, person, Proof.NUMBER)
        except Refused as refused:
            self._refused(refused.ended)
            return
        call.caller = caller
        self._call = call
        self._open(call, door, number, heard.rate_hz)

    def _admitted(self, started: StreamStarted) -> Admitted:
        """Raises ClientError."""
        if self._account and started.call is not None:
            return Admitted(self._account, started.call)
        return self._listener.tickets.redeem(started.ticket or _ticket_in(self._query))

    def _open(self, call: Call, door: MediaDoor, number: PhoneNumber, rate_hz: int) -> None:
        options = CallOptions(mode="call", reports_playback=True, returns_echo=True, input_rate_hz=rate_hz)
        try:
            door.open(call.open(number.agent, None, options, adapt=partial(_adapted, number)))
        except ClientError as error:
            call.refuse(Ended(EndReason.BAD_START, f"The call cannot begin: {error}"))
            return
        if (opened := self._carrier.opened()) is not None:
            self._socket.send_text(opened.encode())
        call.start()

    def _transfer(self, phones: Phones, admitted: Admitted, call_id: str) -> Transfer | None:
        account = phones.carriers[admitted.carrier]
        if self._carrier.kind == "genesys":
            return self._passed_on
        if account.account_sid is None or not _CALL_SID.fullmatch(call_id):
            return None
        key = self._listener.answers.keys.of(phones, admitted.carrier)
        return partial(twilio_rest.pass_on, account.account_sid, key, call_id, api=self._listener.twilio_api)

    async def _passed_on(self, target: str) -> None:
        """The carrier ends the stream, and does with the target what its flow says."""
        if self._door is not None:
            await self._door.media.all_played()
        if (message := self._carrier.pass_on(target)) is not None:
            self._socket.send_text(message.encode())

    # ---- during the call ----------------------------------------------------------------------------

    def _received(self, message: bytes | str) -> None:
        call = self._call
        if self._over or (call is not None and call.over):
            self._after(message)
            return
        try:
            if call is None:
                self._before(message)
            else:
                self._during(call, message)
        except ClientError as error:
            if self._call is None:
                self.refuse(str(error))
            else:
                self._fault("mistake")
                self._call.mistake()
        except Exception as error:
            if self._call is None:
                raise
            self._call.fail(error)

    def _during(self, call: Call, message: bytes | str) -> None:
        said = self._carrier.read(message)
        if said is None or self._door is None:
            return
        self._check_stream(said)
        match said:
            case StreamStopped(_, answer):
                if answer:
                    self._socket.send_text(answer.encode())
                left(call)
            case CarrierWaits(answer):
                self._socket.send_text(answer.encode())
            case CarrierComplains(fault):
                self._fault(fault)
            case _:
                self._door.receive(said)

    def _after(self, message: bytes | str) -> None:
        """There is no call any more, and the carrier may be the one that ends the stream. Nothing is sent once the
        socket is closed."""
        try:
            said = self._carrier.read(message)
        except ClientError:
            return
        if isinstance(said, CarrierWaits | StreamStopped) and said.answer:
            self._socket.send_text(said.answer.encode())
            if isinstance(said, StreamStopped):
                self._socket.close(NORMAL)

    def _check_stream(self, said: FromCarrier) -> None:
        if isinstance(said, StreamStarted):
            raise ClientError("The stream began twice.")
        if said.stream_id and said.stream_id != self._stream_id:
            raise ClientError("A message is of another stream.")

    def _fault(self, fault: str) -> None:
        self._listener.count(self._carrier.kind, "media", fault)

    # ---- the end ------------------------------------------------------------------------------------

    def _lost(self) -> None:
        self._stop_waiting()
        if self._call is None:
            if not self._over:
                self._over = True
                log.info("%s left before its stream began", self._client)
                self._fault("no_start")
        elif self._door is not None and self._door.passed_on:
            left(self._call)
        elif self._door is not None:
            self._call.detach(self._door, 0)

    def _stop_waiting(self) -> None:
        self._listener.waiting.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _adapted(number: PhoneNumber, agent: Agent) -> Agent:
    return agent.on_telephone(number.greeting, number.language)


def _ticket_in(query: str) -> str:
    """The ticket in a URL's raw query; "" if there is none."""
    try:
        return parse_qs(query, max_num_fields=8).get(TICKET, [""])[0]
    except ValueError:
        return ""
