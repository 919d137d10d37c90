"""The worker process of engines, as the server sees it; `worker` is the code inside it.

Calls have numbers, and each answer goes to the queue of its call. The server never waits for the process to read:
unread messages are buffered, up to a limit.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from voi.engines.frames import Unframer, encode
from voi.engines.messages import Answer, CallFailed, Close, Drop, Logged, ToServer, ToWorker
from voi.errors import ConfigError, EngineBroken, EngineError

COMMAND = (sys.executable, "-m", "voi.engines.worker")
CLOSE_DEADLINE_S = 2.0
EXIT_DEADLINE_S = 1.0
"""Longest wait for a process to end after its pipe has ended."""
UNSENT_MAX_BYTES = 16 * 1024 * 1024
READ_BYTES = 256 * 1024

log = logging.getLogger(__name__)
A = TypeVar("A", bound=Answer)


class WorkerProcess:
    """One worker process. It starts when the first engine enters and ends when the last one leaves; it can be started
    again. `on_end` is called with a sentence that says why when the process ends by itself."""

    def __init__(
        self, name: str, on_end: Callable[[str], object] = lambda _: None, *, command: Sequence[str] = COMMAND
    ) -> None:
        self.name = name
        self._on_end = on_end
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._inside: set[int] = set()
        """Numbers of the engines in it."""
        self._last = 0
        self._calls: dict[int, asyncio.Queue[Answer | None]] = {}
        self._listeners: dict[int, Callable[[Answer], None]] = {}
        """Callbacks for messages that answer no call: partial transcripts, by utterance."""
        self._why_ended = ""

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def enter(self) -> int:
        """A number for another engine in the process, which is started if it does not run. Raises OSError."""
        async with self._turn:
            if self._process is None:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    limit=READ_BYTES,
                    start_new_session=True,  # Ctrl+C in a terminal is for the server, also before `worker` ignores it
                )
                self._reading = asyncio.create_task(self._read(self._process), name=f"reading {self.name}")
            self._inside.add(number := self.number())
        return number

    async def leave(self, engine: int) -> None:
        """Close an engine. Safe to repeat. When the last engine leaves, the process ends: in order if it still answers,
        else it is killed."""
        async with self._turn:
            if engine not in self._inside:
                return
            self._inside.remove(engine)
            if self._inside:
                self.send(Drop(engine))
                return
            process, reading, self._process, self._reading = self._process, self._reading, None, None
            assert process is not None
            assert process.stdin is not None
            assert reading is not None
            self._why_ended = f"The process of {self.name} was closed."
            try:
                async with asyncio.timeout(CLOSE_DEADLINE_S):
                    if not process.stdin.is_closing():
                        process.stdin.write(encode(Close()))
                    await process.wait()
            except (TimeoutError, ConnectionError):
                log.warning("the process of %s does not answer and is killed", self.name)
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
                process.stdin.close()
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
                self._end_calls()

    # ---- calls ------------------------------------------------------------------------------------

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
        """Send a message to the process. If the process has ended, the call's queue says so. Raises EngineError for a
        message that cannot be sent, such as one that is too long."""
        if (process := self._process) and process.stdin and not process.stdin.is_closing():
            try:
                data = encode(message)
            except (ValueError, TypeError) as error:
                raise EngineError(f"{self.name} cannot be given that: {type(error).__name__}.") from error
            process.stdin.write(data)

    def offer(self, message: ToWorker) -> None:
        """Send new work. Raises EngineError (retryable) when more than `UNSENT_MAX_BYTES` wait for the process."""
        stdin = self._process.stdin if self._process else None
        if stdin and stdin.transport.get_write_buffer_size() > UNSENT_MAX_BYTES:
            raise EngineError(f"{self.name} is behind: too many people talk at once.", retryable=True)
        self.send(message)

    async def answer(self, number: int) -> Answer:
        """The next message for this call. Raises its error, or EngineBroken when the process has ended."""
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
                raise EngineBroken(f"The process of {self.name} answers what was not asked.")
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

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        messages = Unframer()
        why = ""
        try:
            while data := await process.stdout.read(READ_BYTES):
                for message in messages.feed(data):
                    self._take(message)
            why = await self._how_it_ended(process)
        except Exception as error:
            log.error("what the process of %s says is no message: %s", self.name, type(error).__name__)
            why = f"The process of {self.name} speaks nonsense."
        finally:
            self._why_ended = why or self._why_ended
            self._end_calls()
        if process is self._process:  # it ended by itself
            self._on_end(why)

    async def _how_it_ended(self, process: asyncio.subprocess.Process) -> str:
        try:
            code = await asyncio.wait_for(process.wait(), EXIT_DEADLINE_S)
        except TimeoutError:
            return f"The process of {self.name} closed its pipe."
        if code == -signal.SIGKILL:
            return f"The process of {self.name} was killed, perhaps because the machine's memory ran out."
        how = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
        return f"The process of {self.name} ended {how}."

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
            except Exception:  # a listener's failure is no failure of the process
                log.exception("a listener for partial transcripts failed")

    def _end_calls(self) -> None:
        for call in self._calls.values():
            call.put_nowait(None)
