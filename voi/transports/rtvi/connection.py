"""One connection of an RTVI client, from its arrival to its end: token, options, `client-ready`, messages.

The call (`voi.calls.call`) manages the conversation. The URL says what the client wants:

    /rtvi?token=…&agent=…    and, each optional: greet=false, app_tools=name,name, app_messages=true, skip_tts=true,
                             output_rate_hz=24000
"""

import asyncio
import contextvars
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import parse_qs

from voi import __version__
from voi.calls.admission import Refused
from voi.calls.call import Call
from voi.calls.call_id import conversation_id, new_call_id
from voi.calls.calls import Calls
from voi.calls.claims import TokenClaims
from voi.core.end_reason import EndReason
from voi.core.options import CallOptions
from voi.errors import ClientError
from voi.session.events import Ended
from voi.transports.rtvi import wire
from voi.transports.rtvi.door import INPUT_RATES_HZ, RtviDoor
from voi.transports.rtvi.frames import SoundFrame
from voi.transports.rtvi.from_client import AppRequest, ClientReady, FromRtvi, NobodyAnswers, SoundBatch, parse
from voi.transports.websocket import Request, WebSocket

QUERY_FIELDS_MAX = 32
APP_TOOLS_MAX = 128
APP_TOOL_NAME_CHARS = 64
EARLY_MAX = 16
"""Messages other than sound that may come before `client-ready`."""
LEGACY_MAJOR = 1
"""Clients of this RTVI are told things in its form."""


@dataclass(frozen=True, slots=True)
class RtviWish:
    """What a client wants, from its URL and from what it says before `client-ready`."""

    agent: str = ""
    options: CallOptions = CallOptions(input_rate_hz=wire.INPUT_RATE_HZ)  # noqa: RUF009  # frozen
    output_rate_hz: int = wire.OUTPUT_RATE_HZ


def wish_of(query: str) -> RtviWish:
    """What the URL's raw query asks for. Raises ClientError."""
    try:
        fields = parse_qs(query, keep_blank_values=True, max_num_fields=QUERY_FIELDS_MAX)
    except ValueError:
        raise ClientError(f"The URL has more than {QUERY_FIELDS_MAX} parameters.") from None
    given = {name: values[-1] for name, values in fields.items()}
    tools = [name.strip() for name in given.get("app_tools", "").split(",", APP_TOOLS_MAX) if name.strip()]
    if len(tools) > APP_TOOLS_MAX or any(len(name) > APP_TOOL_NAME_CHARS for name in tools):
        raise ClientError(f"app_tools: at most {APP_TOOLS_MAX} names of up to {APP_TOOL_NAME_CHARS} characters.")
    rate = given.get("output_rate_hz", str(wire.OUTPUT_RATE_HZ))
    if not (rate.isascii() and rate.isdecimal() and len(rate) < 6 and int(rate) in INPUT_RATES_HZ):
        raise ClientError(f"output_rate_hz: one of {', '.join(map(str, sorted(INPUT_RATES_HZ)))}.")
    options = CallOptions(
        mode="call",
        greet=_said(given, "greet", default=True),
        app_tools=tuple(tools),
        app_messages=_said(given, "app_messages", default=False),
        silent=_said(given, "skip_tts", default=False),
        input_rate_hz=wire.INPUT_RATE_HZ,
    )
    return RtviWish(given.get("agent", "")[:200], options, int(rate))


def _said(given: dict[str, str], name: str, *, default: bool) -> bool:
    value = given.get(name, "").lower()
    if value not in ("", "true", "false", "1", "0", "yes", "no"):
        raise ClientError(f"{name}: true or false.")
    return value in ("true", "1", "yes") if value else default


@dataclass(frozen=True)
class RtviWebSockets:
    """Accepts connections at /rtvi. `authenticate` returns what the token in a URL's raw query says, or raises
    ClientError."""

    calls: Calls
    authenticate: Callable[[str], TokenClaims]
    ready_timeout_s: float

    def meet(self, socket: WebSocket, request: Request) -> "RtviConnection":
        """`voi.transports.websocket.Accept`."""
        connection = RtviConnection(self, socket, request)
        connection.arrive()
        if connection.refused:
            socket.refuse()
        return connection


class RtviConnection:
    """A `voi.transports.websocket.Receiver`. An error in it ends at most this connection."""

    def __init__(self, listener: RtviWebSockets, socket: WebSocket, request: Request) -> None:
        self.id = new_call_id()
        self._listener = listener
        self._query = request.query
        self._client = request.peer or "an unknown address"
        self._socket = socket
        self._wish = RtviWish()
        self._wrong = ""
        """What is wrong with the URL; "": nothing."""
        try:
            self._wish = wish_of(request.query)
        except ClientError as error:
            self._wrong = str(error)
        self._door = RtviDoor(socket, self._wish.output_rate_hz)
        self._door.on_goodbye = self._goodbye
        self._call: Call | None = None
        self._begun = False
        self._encoded = False
        """It is known how the client's messages are encoded."""
        self._early = 0
        self._timer: asyncio.TimerHandle | None = None
        self._context = contextvars.copy_context()
        self._context.run(conversation_id.set, self.id)

    @property
    def refused(self) -> bool:
        """After `arrive`: the client got no call."""
        return self._call is None

    def arrive(self) -> None:
        self._context.run(self._arrive)

    def received(self, message: bytes | str) -> None:
        self._context.run(self._received, message)

    def lost(self) -> None:
        self._context.run(self._lost)

    # ---- the beginning ----------------------------------------------------------------------------

    def _arrive(self) -> None:
        calls = self._listener.calls
        try:
            claims = self._listener.authenticate(self._query)
            if self._wrong:
                calls.refuse(self._door, Ended(EndReason.BAD_START, self._wrong), self._client)
                return
            self._call = calls.expect(
                claims.app, self._client, self._door, self.id, claims.person,
                lambda ended: self._context.run(self._turned_away, ended),
            )  # fmt: skip
        except Refused as refused:
            calls.refuse(self._door, refused.ended, self._client)
            return
        except ClientError as error:
            calls.refuse(self._door, Ended(EndReason.TOKEN_REFUSED, str(error)), self._client)
            return
        wait_s = self._listener.ready_timeout_s
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._too_late, context=self._context)

    def _too_late(self) -> None:
        self._refuse(f"no client-ready came within {self._listener.ready_timeout_s:g} s.")

    def _turned_away(self, ended: Ended) -> None:
        """There is no place for its conversation after all."""
        self._stop_timer()
        if self._call is not None:
            self._listener.calls.turn_away(self._call, ended)
            self._socket.refuse()

    def _refuse(self, why: str) -> None:
        self._stop_timer()
        if self._call is not None:
            self._call.refuse(Ended(EndReason.BAD_START, f"The conversation cannot begin: {why}"))

    def _begin(self, call: Call, received: FromRtvi) -> None:
        """Handle a message before the conversation. Sound that comes too early is dropped."""
        match received.message:
            case SoundFrame() | SoundBatch():
                return
            case AppRequest("eval-connect", data):
                self._evaluates(data if isinstance(data, dict) else {})
                return
            case ClientReady(version):
                self._stop_timer()
                try:
                    self._listener.calls.place(call)
                except Refused as refused:
                    self._turned_away(refused.ended)
                    return
                self._open(call, version, received.id)
            case _:
                self._early += 1
                if self._early > EARLY_MAX:
                    raise ClientError("client-ready has to come first.")

    def _evaluates(self, flags: dict[str, object]) -> None:
        """pipecat's `evals` say what they want."""
        silent = self._wish.options.silent or flags.get("skip_tts") is True
        hears = flags.get("capture_bot_audio") is True
        self._wish = replace(self._wish, options=replace(self._wish.options, silent=silent))
        if isinstance(self._door.encoding, wire.JsonEncoding):
            self._door.encoding = wire.JsonEncoding(wants_sound=hears, evaluates=True)

    def _open(self, call: Call, version: tuple[int, int, int] | None, message_id: str) -> None:
        session = call.open(self._wish.agent, None, self._wish.options)
        legacy = self._door.legacy = version is not None and version[0] == LEGACY_MAJOR
        spoken = ".".join(map(str, version)) if version is not None and legacy else wire.PROTOCOL_VERSION
        self._door.open(session)
        self._begun = True
        self._door.ready(message_id, spoken, __version__, audio_out=not self._wish.options.silent)
        call.start()

    # ---- messages ---------------------------------------------------------------------------------

    def _received(self, message: bytes | str) -> None:
        call = self._call
        if call is None or call.over:
            return
        if not self._encoded:
            self._encoded = True
            if isinstance(message, str):
                self._door.encoding = wire.JsonEncoding()
        try:
            received = parse(message)
            if self._begun:
                self._door.receive(received)
            else:
                self._begin(call, received)
        except NobodyAnswers as error:
            self._door.correct(error)
        except ClientError as error:
            if not self._begun:
                self._refuse(str(error))
            elif call.mistake():
                self._door.correct(error)
        except Exception as error:
            self._stop_timer()
            call.fail(error)

    # ---- the end ----------------------------------------------------------------------------------

    def _goodbye(self) -> None:
        if self._call is not None:
            self._call.hang_up()

    def _lost(self) -> None:
        self._stop_timer()
        if self._call is not None:
            self._call.detach(self._door, 0)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
