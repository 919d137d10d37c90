"""The other end of a pipe or socket that serves engines, as the server sees it: calls and their answers.

Calls have numbers, and each answer goes to the queue of its call. The server never waits for the other end to read:
unread messages are buffered, up to a limit.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from voi.engines.frames import encode
from voi.engines.messages import Answer, CallFailed, Drop, Logged, ToServer, ToWorker
from voi.errors import ConfigError, EngineBroken, EngineError

UNSENT_MAX_BYTES = 16 * 1024 * 1024

log = logging.getLogger(__name__)
A = TypeVar("A", bound=Answer)


class EnginePeer:
    """Where engines are: in a process of this server (`WorkerProcess`), or with a host that several servers share
    (`SharedPeer`)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._turn = asyncio.Lock()
        self._inside: set[int] = set()
        """Numbers of the engines there."""
        self._reading: asyncio.Task[None] | None = None
        self._last = 0
        self._calls: dict[int, asyncio.Queue[Answer | None]] = {}
        self._listeners: dict[int, Callable[[Answer], None]] = {}
        """Callbacks for messages that answer no call: partial transcripts, by utterance."""
        self._why_ended = ""

    @property
    def host_pid(self) -> int | None:
        """Process id of the host of shared engines; None if there is none."""
        return None

    @property
    def pid(self) -> int | None:
        """The id of the process, if it is this server's own; else None."""
        return None

    async def enter(self) -> int:
        """Reserve a number for another engine there, and connect for the first one. Raises OSError, EngineError."""
        async with self._turn:
            if not self._inside:
                await self._connect()
            self._inside.add(number := self.number())
        return number

    async def leave(self, engine: int) -> None:
        """Close an engine, and the connection with the last one. Safe to repeat."""
        async with self._turn:
            if engine not in self._inside:
                return
            self._inside.remove(engine)
            if self._inside:
                self.send(Drop(engine))
            else:
                await self._disconnect()

    # ---- what subclasses do -------------------------------------------------------------------------

    async def _connect(self) -> None:
        """Connect, and start to read. Raises OSError, EngineError."""
        raise NotImplementedError

    async def _disconnect(self) -> None:
        """End the connection and all calls."""
        raise NotImplementedError

    def _transport(self) -> asyncio.WriteTransport | None:
        raise NotImplementedError

    def number(self) -> int:
        self._last += 1
        return self._last

    def begin(self) -> int:
        number = self.number()
        self._calls[number] = asyncio.Queue()
        if self._reading is None or self._reading.done():
            self._calls[number].put_nowait(None)
        return number

    def forget(self, number: int) -> None:
        self._calls.pop(number, None)

    def listen(self, number: int, tell: Callable[[Answer], None]) -> None:
        self._listeners[number] = tell

    def ignore(self, number: int) -> None:
        self._listeners.pop(number, None)

    def send(self, message: ToWorker) -> None:
        """Send a message. If the other end is gone, the call's queue says so. Raises EngineError for a message that
        cannot be sent, such as one that is too long."""
        if (transport := self._transport()) and not transport.is_closing():
            try:
                data = encode(message)
            except (ValueError, TypeError) as error:
                raise EngineError(f"{self.name} cannot be given that: {type(error).__name__}.") from error
            transport.write(data)

    def offer(self, message: ToWorker) -> None:
        """Send new work. Raises EngineError (retryable) when more than `UNSENT_MAX_BYTES` wait for the other end."""
        transport = self._transport()
        if transport and transport.get_write_buffer_size() > UNSENT_MAX_BYTES:
            raise EngineError(f"{self.name} is behind: too many people talk at once.", retryable=True)
        self.send(message)

    async def answer(self, number: int) -> Answer:
        """The next message for this call. Raises its error, or EngineBroken when the other end is gone."""
        answer = await self._calls[number].get()
        if answer is None:
            raise EngineBroken(self._why_ended)
        if isinstance(answer, CallFailed):
            raise self.error(answer)
        return answer

    async def ask(self, question: Callable[[int], ToWorker], kind: type[A]) -> A:
        """Send one question, made with the number of its call, and wait for an answer of type `kind`. Raises like
        `answer` and `offer`."""
        number = self.begin()
        try:
            self.offer(question(number))
            answer = await self.answer(number)
            if not isinstance(answer, kind):
                raise EngineBroken(f"{self.name} answers what was not asked.")
            return answer
        finally:
            self.forget(number)

    def error(self, told: CallFailed) -> Exception:
        """The exception for a `CallFailed` message."""
        text = "\n".join(told.problems)
        match told.blame:
            case "config":
                return ConfigError(list(told.problems))
            case "engine":
                return EngineError(text, retryable=told.retryable)
            case _:
                return EngineBroken(text)

    def _take(self, message: ToWorker | ToServer) -> None:
        if isinstance(message, Logged):
            logging.getLogger(message.logger).log(message.level, "%s", message.text)
        elif not isinstance(message, Answer):
            raise ValueError("that is a message to a worker")
        elif call := self._calls.get(message.call):
            call.put_nowait(message)
        elif tell := self._listeners.get(message.call):
            try:
                tell(message)
            except Exception:  # a failing listener does not mean that the process failed
                log.exception("a listener for partial transcripts failed")

    def _end_calls(self) -> None:
        for call in self._calls.values():
            call.put_nowait(None)
