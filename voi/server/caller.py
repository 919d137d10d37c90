"""One client's connection from its arrival to its end: token, place, `init`, conversation."""

import asyncio
import contextvars
import logging
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from voi.config.agents import Agent, parse_client_agent
from voi.config.config import Config
from voi.core.end_reason import EndReason
from voi.core.facts import HungUp
from voi.errors import ClientError, VoiError
from voi.server.admission import Admission
from voi.server.auth import check_token, token_in
from voi.server.failures import farewell
from voi.server.logging import conversation_id
from voi.server.metrics import Metrics
from voi.session import events
from voi.session.options import SessionOptions
from voi.tasks import Tasks
from voi.transports.voi_ws import wire
from voi.transports.voi_ws.door import Conversing, VoiDoor
from voi.transports.websocket import GOING_AWAY, Request, WebSocket

log = logging.getLogger(__name__)

MISTAKES_BURST = 100
"""A client that sends more messages which cannot be used is sent away…"""
MISTAKES_PER_S = 1
"""…where so many a second are forgiven: a small fault in a client must not end a long conversation."""
HANG_UP_TIMEOUT_S = 10.0
"""A conversation that has not ended so long after its client left is cancelled."""


class LiveSession(Conversing, Protocol):
    """What `voi.session.session.Session` is to the server."""

    async def run(self) -> None: ...

    def end(self, reason: EndReason, words: str = "") -> None: ...


class OpenSession(Protocol):
    def __call__(
        self, conversation_id: str, door: VoiDoor, agent: Agent, config: Config, options: SessionOptions
    ) -> LiveSession: ...


class CurrentConfig(Protocol):
    @property
    def current(self) -> Config: ...


@dataclass(frozen=True)
class Desk:
    """What every caller needs of the server."""

    token_secret: str
    init_timeout_s: float
    configs: CurrentConfig
    admission: Admission
    metrics: Metrics
    tasks: Tasks
    """Owns the conversations."""
    open_session: OpenSession


class Caller:
    """`voi.transports.websocket.Receiver`. Whatever goes wrong here ends at most this connection."""

    def __init__(self, desk: Desk, socket: WebSocket, request: Request) -> None:
        self.id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
        self.gone = False
        self._desk = desk
        self._socket = socket
        self._request = request
        self._app = ""
        self._admitted = False
        self._mistakes = 0.0
        self._mistaken_at_s = 0.0
        self._door: VoiDoor | None = None
        self._session: LiveSession | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._context = contextvars.copy_context()
        self._context.run(conversation_id.set, self.id)

    # ---- what happens to it ---------------------------------------------------------------------

    def arrive(self) -> None:
        self._context.run(self._arrive)

    def received(self, message: bytes | str) -> None:
        self._context.run(self._received, message)

    def lost(self) -> None:
        self._context.run(self._lost)

    def end(self, reason: str) -> None:
        """The server is going down: say goodbye, with or without a conversation."""
        if self._session is not None and self._door is not None:
            self._door.close_code = GOING_AWAY
            self._context.run(self._session.end, EndReason.DRAINED, reason)
        else:
            self._socket.send(wire.error(reason))
            self._socket.close(GOING_AWAY, reason)

    @property
    def in_conversation(self) -> bool:
        return self._session is not None

    # ---- inside -----------------------------------------------------------------------------------

    def _arrive(self) -> None:
        try:
            self._app = check_token(token_in(self._request.query), self._desk.token_secret)
            self._desk.admission.admit(self._app)
            self._admitted = True
        except VoiError as error:
            self._refuse(error)
            return
        wait_s = self._desk.init_timeout_s
        late = ClientError(f"Error in start_conversation: no init message came within {wait_s:g} s.")
        self._timer = self._later(wait_s, lambda: self._refuse(late))

    def _received(self, message: bytes | str) -> None:
        try:
            if self._door is None:
                self._begin(message)
            elif isinstance(message, str):
                raise ClientError("messages are binary frames; this one was text.")
            else:
                self._door.receive(wire.parse(message))
        except ClientError as error:
            if self._door is None:
                self._refuse(ClientError(f"Error in start_conversation: {error}"))
            else:
                self._correct(error)
        except Exception as error:
            if self._task is None:
                self._refuse(error)
            else:
                self._fail(error)
                # not at once: a task cancelled before its first step never comes to its `finally`
                asyncio.get_running_loop().call_soon(self._task.cancel)

    def _begin(self, message: bytes | str) -> None:
        """The first message. Sound may come before it (a microphone that is faster than its client): it is dropped."""
        if isinstance(message, str):
            raise ClientError("the first message must be an init message in a binary frame; this one was text.")
        init = wire.parse(message)
        if isinstance(init, wire.Audio):
            return
        if not isinstance(init, wire.Init):
            raise ClientError(f"the first message must be init, not {wire.type_of(init)}.")
        config = self._desk.configs.current
        agent = parse_client_agent(init.agent_config, config) if init.agent_config else config.agent(init.agent_name)
        door = VoiDoor(
            self._socket,
            init.mode,
            stream_output_audio=init.stream_output_audio,
            input_format=init.input_audio_format,
        )
        options = SessionOptions(
            mode=init.mode,
            greet=init.init_greeting,
            stream_user_stt=init.stream_user_stt,
            final_stt_correction=init.final_stt_correction,
            stream_output_audio=init.stream_output_audio,
            input_rate_hz=wire.INPUT_RATE_HZ,
        )
        session = self._desk.open_session(self.id, door, agent, config, options)
        door.open(session, init.agent_name)
        self._stop_timer()
        self._door, self._session = door, session
        self._desk.metrics.began(init.mode)
        log.info(
            "%s of app %s from %s begins with %s",
            init.mode, self._app, self._request.peer, "its own agent" if init.agent_config else init.agent_name,
        )  # fmt: skip
        self._task = self._desk.tasks.start(self._converse(session, door), f"conversation {self.id}")

    async def _converse(self, session: LiveSession, door: VoiDoor) -> None:
        began_s = asyncio.get_running_loop().time()
        try:
            await session.run()
            door.tell(events.Ended(EndReason.FINISHED))
        except asyncio.CancelledError as error:
            self._fail(error)
            raise
        except Exception as error:
            self._fail(error)
        finally:
            self._stop_timer()
            self._door = self._session = self._task = None
            try:
                await door.aclose()
            finally:
                self._leave()
                log.info("the conversation ended after %.1f s", asyncio.get_running_loop().time() - began_s)

    def _correct(self, error: ClientError) -> None:
        """A message could not be used; the conversation goes on."""
        self._desk.metrics.mistake()
        now_s = asyncio.get_running_loop().time()
        self._mistakes = max(0.0, self._mistakes - (now_s - self._mistaken_at_s) * MISTAKES_PER_S) + 1
        self._mistaken_at_s = now_s
        if self._mistakes > MISTAKES_BURST:
            self._fail(ClientError("Too many of your messages could not be used."))
            self._lost()
            return
        text = str(error)
        known = text.startswith("Message type ")
        self._socket.send(wire.error(text if known else f"Error processing client message: {text}"))

    def _refuse(self, error: Exception) -> None:
        """No conversation comes of it."""
        self._stop_timer()
        self._goodbye(error, "refused")
        self._leave()

    def _fail(self, error: BaseException) -> None:
        if not self._socket.closed:
            self._goodbye(error, "failed")
        elif not isinstance(error, asyncio.CancelledError):
            log.error("the conversation broke after its client had left", exc_info=error)

    def _goodbye(self, error: BaseException, what: str) -> None:
        last = farewell(error, self.id)
        (self._desk.metrics.refused if what == "refused" else self._desk.metrics.failed)(last.close_code)
        trace = error if last.log_level >= logging.ERROR else None
        who = self._request.peer or "an unknown address"
        log.log(last.log_level, "%s %s (%d): %s", what, who, last.close_code, last.message, exc_info=trace)
        self._socket.send(wire.error(last.message))
        self._socket.close(last.close_code, last.message)

    def _lost(self) -> None:
        self.gone = True
        self._stop_timer()
        if self._session is None:
            self._leave()
            return
        self._session.tell(HungUp())
        if self._task is not None:
            self._timer = self._later(HANG_UP_TIMEOUT_S, self._task.cancel)

    def _leave(self) -> None:
        if self._admitted:
            self._admitted = False
            self._desk.admission.leave(self._app)

    def _later(self, delay_s: float, call: object) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(delay_s, call, context=self._context)  # type: ignore[arg-type]

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
