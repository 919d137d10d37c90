"""One Realtime client, however it is connected, from its arrival to its end: whose it is, which agent it wants, its
events. A WebSocket (`connection.py`) or another transport brings the channel, and the way that the sound takes."""

import asyncio
import contextvars
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from voi.calls.admission import Refused
from voi.calls.call import Call
from voi.calls.call_id import conversation_id, new_call_id
from voi.calls.calls import Calls
from voi.core.end_reason import EndReason
from voi.core.options import ANY_TOOL, CallOptions
from voi.errors import ClientError
from voi.session.events import Ended
from voi.transports.realtime.agent_side import SoundOut
from voi.transports.realtime.chosen import VoicesOf
from voi.transports.realtime.client_events import ClientEvents
from voi.transports.realtime.door import Channel, RealtimeDoor
from voi.transports.realtime.formats import RATE_HZ
from voi.transports.realtime.resuming import RealtimeResumption, ResumeAsked, fields_of, wants_resumption
from voi.transports.realtime.wire import Json, error
from voi.transports.resumables import Resumables
from voi.transports.websocket import WebSocket

log = logging.getLogger(__name__)

EARLY_EVENTS_MAX, EARLY_BYTES_MAX = 512, 16 * 2**20
"""What may wait until the conversation runs, which takes milliseconds, but seconds where an agent's tools or its
speech-to-speech model are connected to first. More is dropped, and the client is told."""
MUTE_MAX_S = 60.0
"""How long a client that sends neither an event nor sound keeps its place. Those of the SDKs send a `session.update` at
once; a program that waits for its person's first typed words gets some time for them."""
_OPTIONS = CallOptions(mode="call", greet=False, app_tools=(ANY_TOOL,), input_rate_hz=RATE_HZ)
EVENT_OPTIONS = replace(_OPTIONS, sound_piece_ms=200)
"""How a conversation begins whose sound goes out in events. An event costs more than the sound in it."""
TRACK_OPTIONS = replace(_OPTIONS, reports_playback=True)
"""How one begins whose sound goes out on a media track."""


@dataclass(frozen=True, slots=True)
class RealtimeCaller:
    """Whose a key is. `person`: whom it is for, beside its app; "": it does not say. `agent`: the only one that it is
    good for; "": any. `session`: settings that the conversation begins with. `own_agents`: its client may change the
    agent, whatever the settings grant its app. `token_id`, `issued_ms`: of the token, or of the client secret that came
    from it, in ms since 1970; so that it is refused with its token."""

    app: str
    person: str = ""
    agent: str = ""
    session: Json | None = None
    own_agents: bool = False
    token_id: str = ""
    issued_ms: int = field(default=0, compare=False)


@dataclass(frozen=True)
class RealtimeServices:
    """What Realtime clients need of the server. `caller_of` returns whose a key is, or raises ClientError. `tokens_of`
    returns the tokens that a call took and gave."""

    calls: Calls
    caller_of: Callable[[str], RealtimeCaller]
    voices_of: VoicesOf
    tokens_of: Callable[[str], tuple[int, int]]
    resumables: Resumables[RealtimeResumption] = field(default_factory=lambda: Resumables(0))
    """Conversations whose clients may come back."""
    requests_left: Callable[[str], tuple[int, int, float] | None] = lambda app: None
    """How many responses beside conversations an app may have: see `ResponsesBeside`."""


class RealtimePeer:
    """One client. All methods are called on the event loop and return at once. An error in it ends at most its own
    conversation. `address`: names the client in the log. `sound_out` None: the agent's sound goes out in events.
    `socket`: the WebSocket that it is connected by; None: it is another transport, and cannot come back."""

    __slots__ = (
        "_address", "_call", "_context", "_early", "_early_bytes", "_early_dropped", "_events", "_first", "_granted",
        "_mistaken", "_mute", "_received_events", "_resumption", "_services", "door", "id", "socket",
    )  # fmt: skip

    def __init__(
        self,
        services: RealtimeServices,
        channel: Channel,
        address: str,
        sound_out: SoundOut | None = None,
        socket: WebSocket | None = None,
    ) -> None:
        self.id = new_call_id()
        self._services, self._address = services, address or "an unknown address"
        self.door = RealtimeDoor(channel, lambda: services.tokens_of(self.id), sound_out)
        self._call: Call | None = None
        self._events: ClientEvents | None = None
        self._first: Json = {}
        """Settings that the conversation begins with."""
        self._early: list[bytes | str] | None = []
        """Events that came before the conversation runs; None: it runs."""
        self._early_bytes = self._early_dropped = 0
        self._mute: asyncio.TimerHandle | None = None
        """Until the client sends something."""
        self._mistaken = False
        self.socket = socket
        """The client's connection, the newest one; None: it has none now, or it is no WebSocket."""
        self._resumption: RealtimeResumption | None = None
        """From when the client said that it may come back."""
        self._received_events = 0
        """Over all connections."""
        self._granted = True
        """Its app may change the agent."""
        self._context = contextvars.copy_context()
        self._context.run(conversation_id.set, self.id)

    def arrive(self, key: str, query: str, session: Json | None = None, *, begin: bool = True) -> bool:
        """The client is there. `query`: the raw query of its URL. `session`: settings that it begins with, if its key
        brings none. `begin` False: its connection is still to be made, then call `begin`. False: it gets no
        conversation, and was told why."""
        arrived = self._context.run(self._arrive, key, query, session)
        if arrived and begin:
            self.begin()
        return arrived

    def begin(self) -> None:
        """Begin the conversation of a client that has arrived."""
        call, events = self._call, self._events
        if call is not None and events is not None and not call.ending:
            call.start()
            self._mute = asyncio.get_running_loop().call_later(MUTE_MAX_S, self._end_mute, context=self._context)
            work = self._run(call, events, self._first)
            self._context.run(self._services.calls.services.tasks.start, work, f"beginning of {self.id}")

    def give_up(self, words: str) -> None:
        """The client that arrived cannot be connected."""
        if self._call is not None and not self._call.ending:
            self._context.run(self._call.refuse, Ended(EndReason.NO_DOOR, words))

    def received(self, message: bytes | str) -> None:
        """An event of the client."""
        self._received_events += 1
        if self._resumption is not None:
            self._resumption.outbox.alive = True
        if self._mute is not None:
            self._speaks()
        self._context.run(self._received, message)

    def hear(self, pcm: bytes) -> None:
        """Sound of the person that comes by itself, not in events: s16le mono at 24 kHz."""
        self._speaks()
        if self._early is None and self._call is not None and not self._call.over:
            self._context.run(self.door.person.sound, pcm)

    def lost(self) -> None:
        """The client is gone."""
        self._speaks()
        if self._call is not None:
            self._context.run(self._lost, self._call)

    def _lost(self, call: Call) -> None:
        resumption, socket = self._resumption, self.socket
        if resumption is None or socket is None or socket.parted or call.ending:
            call.detach(self.door, 0)
            return
        within_s = self._services.resumables.within_s
        self.socket = None
        resumption.lost(within_s)
        self._services.calls.services.metrics.lost()
        log.info("the connection of %s was lost; it may come back within %g s", self._address, within_s)

    # ---- clients that come back ---------------------------------------------------------------------

    def resume(self, socket: WebSocket, asked: ResumeAsked) -> None:
        """The client is back over that connection."""
        self._context.run(self._resume, socket, asked)

    def _resume(self, socket: WebSocket, asked: ResumeAsked) -> None:
        resumption, events = self._resumption, self._events
        if resumption is None or events is None:
            return
        self.socket = socket
        count = self._received_events
        resumption.resume(
            socket, asked, lambda goes_on: events.shown(resumed={"received_events": count, "goes_on": goes_on})
        )
        self._services.calls.services.metrics.resumed()
        log.info("the client is back")

    def _let_come_back(self) -> Json:
        """Keep what the client gets from now on. Returns what it has to know to come back; {}: it cannot."""
        call, events, resumables = self._call, self._events, self._services.resumables
        if self.socket is None or call is None or events is None or not resumables.within_s:
            return {}
        self._resumption = resumption = RealtimeResumption(
            call, self.door, self.socket, events.stand_still, events.go_on, self
        )
        self.door.on_gone = resumables.add(resumption)
        return {"resume_id": resumption.id, "resume_within_s": resumables.within_s}

    # ---- the beginning ------------------------------------------------------------------------------

    def _arrive(self, key: str, query: str, session: Json | None) -> bool:
        calls = self._services.calls
        try:
            caller = self._services.caller_of(key)
            self._call = call = calls.admit(caller.app, self._address, self.door, self.id, caller.person)
        except ClientError as fault:
            calls.refuse(self.door, Ended(EndReason.TOKEN_REFUSED, str(fault)), self._address)
            return False
        except Refused as refused:
            calls.refuse(self.door, refused.ended, self._address)
            return False
        try:
            self._open(call, caller, query, session)
        except ClientError as error:
            call.refuse(Ended(EndReason.BAD_START, str(error)))
        except Exception as error:
            call.fail(error)
        return self._events is not None

    def _open(self, call: Call, caller: RealtimeCaller, query: str, given: Json | None) -> None:
        services = self._services
        config = services.calls.services.configs.current
        asked = fields_of(query)
        name = caller.agent or asked.get("model", [""])[0]
        transcribed = asked.get("intent") == ["transcription"]
        first = caller.session or given or ({"type": "transcription"} if transcribed else {})
        if name not in config.agents and first.get("type") == "transcription":
            name = next(iter(config.agents), "")  # nobody speaks: its ears are meant
        if wants_resumption(query):
            first = {**first, "voi": {**(first.get("voi") or {}), "resume": True}}
        self._first = first
        options = EVENT_OPTIONS if self.socket is not None else TRACK_OPTIONS
        session = call.open(name, None, options)
        rights = config.client_agents
        if caller.own_agents:
            rights = replace(rights, apps=rights.apps | {call.app})
        self._granted = rights.allow_app(call.app)
        self._events = ClientEvents(
            self.door,
            call,
            session,
            config.agent(name),
            rights,
            services.voices_of,
            self._note_ignored,
            self._let_come_back,
            lambda: services.requests_left(call.app),
        )

    async def _run(self, call: Call, events: ClientEvents, settings: Json) -> None:
        """Handle the first events once the conversation runs."""
        session = call.session
        if session is None:
            return
        await session.begun.wait()
        if call.ending:
            return
        try:
            events.begin(settings)
            if self._early_dropped:
                words = f"{self._early_dropped} events that came before the session was created were dropped."
                self.door.emit(error(words, "rate_limit_exceeded"))
            early, self._early = self._early or [], None
            for message in early:
                self._received(message)
        except ClientError as fault:
            call.end(EndReason.BAD_START, str(fault))
        except Exception as fault:
            call.fail(fault)

    def _speaks(self) -> None:
        """The client has sent something, or never will."""
        if self._mute is not None:
            self._mute.cancel()
            self._mute = None

    def _end_mute(self) -> None:
        if self._call is not None and not self._call.ending:
            words = f"Your session ended: nothing was sent in its first {MUTE_MAX_S:g} seconds."
            self.door.emit(error(words, "session_expired"))
            self._call.end(EndReason.IDLE_LIMIT, words)

    def _note_ignored(self, settings: tuple[str, ...]) -> None:
        if settings:
            log.info("the client's %s are ignored: its app has no right to them", ", ".join(settings))
            if self._call is not None and not self._granted:
                services = self._services.calls.services
                services.ungranted.note(self._call.app, services.metrics)

    # ---- events -------------------------------------------------------------------------------------

    def _received(self, message: bytes | str) -> None:
        call, events = self._call, self._events
        if call is None or call.over or events is None:
            return
        if self._early is not None:
            if len(self._early) < EARLY_EVENTS_MAX and self._early_bytes + len(message) <= EARLY_BYTES_MAX:
                self._early.append(message)
                self._early_bytes += len(message)
            else:
                self._early_dropped += 1
            return
        try:
            events.receive(message)
        except ClientError as mistake:
            self.mistake(mistake)
        except Exception as fault:
            call.fail(fault)

    def mistake(self, mistake: ClientError) -> None:
        """Count an event that cannot be used. The conversation goes on, however many there are."""
        self._services.calls.services.metrics.mistake()
        if not self._mistaken:
            self._mistaken = True
            code = getattr(mistake, "code", None) or "invalid"
            log.info("an event of %s cannot be used (%s); further ones are counted only", self._address, code)
