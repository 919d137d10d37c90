"""An engine in a process of its own, which can be ended whatever it does: a driver that hangs, a CUDA context that has
failed, memory that was not given back. And its Python never makes the server's event loop wait.

The process is `host`; sound and text go over two pipes. That costs some tenths of a millisecond, and for a model on a
GPU a CUDA context (some 400 MB).
"""

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from voi.engines.base import SttOptions, Transcript, VoiceSpec
from voi.engines.frames import Unframer, frame
from voi.errors import ConfigError, EngineError

COMMAND = (sys.executable, "-m", "voi.engines.host")
CLOSE_DEADLINE_S = 2.0
UNSENT_MAX_BYTES = 16 * 1024 * 1024
READ_BYTES = 256 * 1024

log = logging.getLogger(__name__)


class HostDied(Exception):
    """The process ended, or speaks nonsense: a crash, and not a refusal."""


class _Hosted:
    """What both kinds have in common. Calls have numbers, and what comes for a call goes to its queue."""

    kind: str

    def __init__(
        self, name: str, options: Mapping[str, Any] | None = None, *, command: Sequence[str] = COMMAND
    ) -> None:
        self.name = name
        self._options = {
            key: str(value) if isinstance(value, Path) else value for key, value in (options or {}).items()
        }
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._calls: dict[int, asyncio.Queue[tuple[dict[str, Any], bytes] | None]] = {}
        self._partials: dict[int, Callable[[Transcript], None]] = {}
        self._faults: dict[int, Exception] = {}
        """Utterances that failed between two calls; the next one tells."""
        self._last = 0
        self.about: dict[str, Any] = {}

    async def warm_up(self) -> None:
        """Start the process. Raises what the engine's own warm_up raises, or HostDied."""
        if self._process is not None:
            return
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=READ_BYTES
        )
        self._reading = asyncio.get_running_loop().create_task(self._read(), name=f"reading {self.name}")
        number = self.begin()
        self.send({"id": number, "op": "make", "kind": self.kind, "name": self.name, "options": self._options})
        self._know((await self.answer(number))[0]["ready"])
        self.forget(number)

    async def close(self) -> None:
        """End the process: in order where it still answers, else at once."""
        process, reading = self._process, self._reading
        if process is None or reading is None:
            return
        self._process = None
        try:
            async with asyncio.timeout(CLOSE_DEADLINE_S):
                if process.stdin is not None and not process.stdin.is_closing():
                    process.stdin.write(frame({"id": 0, "op": "close"}))
                await process.wait()
        except (TimeoutError, ConnectionError):
            log.warning("the process of %s does not answer and is killed", self.name)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            self._all_over()

    @property
    def note(self) -> str:
        """What is to be said of where it runs."""
        return str(self.about.get("note", ""))

    # ---- calls ------------------------------------------------------------------------------------

    def begin(self) -> int:
        self._last += 1
        self._calls[self._last] = asyncio.Queue()
        if self._reading is None or self._reading.done():
            self._calls[self._last].put_nowait(None)
        return self._last

    def forget(self, number: int) -> None:
        self._calls.pop(number, None)

    def send(self, head: dict[str, Any], body: bytes = b"") -> None:
        """Raises EngineError when the process has not read for long."""
        process = self._process
        if process is None or process.stdin is None or process.stdin.is_closing():
            return  # the call's queue tells
        if process.stdin.transport.get_write_buffer_size() > UNSENT_MAX_BYTES:
            raise EngineError(f"{self.name} is behind: too many people talk at once.", engine=self.name, retryable=True)
        process.stdin.write(frame(head, body))

    async def answer(self, number: int) -> tuple[dict[str, Any], bytes]:
        """The next message for this call. Raises its error, or HostDied."""
        message = await self._calls[number].get()
        if message is None:
            raise HostDied(f"the process of {self.name} has ended")
        if "error" in message[0]:
            raise self._error(message[0])
        return message

    def _error(self, told: dict[str, Any]) -> Exception:
        if told["kind"] == "config":
            return ConfigError(told["problems"])
        if told["kind"] == "engine":
            return EngineError(told["error"], engine=self.name, retryable=told["retryable"])
        return HostDied(told["error"])

    async def _read(self) -> None:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        messages = Unframer()
        try:
            while data := await process.stdout.read(READ_BYTES):
                for head, body in messages.feed(data):
                    self._take(head, body)
        except ValueError as error:
            log.error("the process of %s speaks nonsense: %s", self.name, error)
        finally:
            self._all_over()

    def _take(self, head: dict[str, Any], body: bytes) -> None:
        number = head["id"]
        if call := self._calls.get(number):
            call.put_nowait((head, body))
        elif tell := self._partials.get(number):
            if "partial" in head:
                tell(Transcript(*head["partial"]))
            elif "error" in head:
                self._faults[number] = self._error(head)

    def _all_over(self) -> None:
        for call in self._calls.values():
            call.put_nowait(None)

    def _know(self, about: dict[str, Any]) -> None:
        self.about = about
        self.name = about["name"]


class HostedTts(_Hosted):
    """`Tts`."""

    kind = "tts"

    @property
    def sample_rate_hz(self) -> int:
        return int(self.about["sample_rate_hz"])

    @property
    def voices(self) -> tuple[str, ...]:
        return tuple(self.about.get("voices", ()))

    @property
    def tones(self) -> tuple[str, ...]:
        return tuple(self.about.get("tones", ("neutral",)))

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncGenerator[bytes, None]:
        number = self.begin()
        self.send({"id": number, "op": "speak", "text": text, "voice": asdict(voice)})
        ended = False
        try:
            while True:
                try:
                    head, pcm = await self.answer(number)
                except (EngineError, ConfigError, HostDied):
                    ended = True
                    raise
                if "done" in head:
                    ended = True
                    return
                self.send({"id": number, "op": "more"})
                yield pcm
        finally:
            self.forget(number)
            if not ended:
                self.send({"id": number, "op": "stop"})

    async def reload_voices(self, voices_file: Path) -> bool:
        """Have the engine look into its file of voices again. False: it cannot, without a restart."""
        number = self.begin()
        try:
            self.send({"id": number, "op": "teach", "voices": str(voices_file)})
            head, _ = await self.answer(number)
        finally:
            self.forget(number)
        self._know(head["ready"])
        return bool(head["learnt"])


class HostedStt(_Hosted):
    """`Stt`."""

    kind = "stt"

    @property
    def languages(self) -> tuple[str, ...] | None:
        known = self.about.get("languages")
        return tuple(known) if known is not None else None

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> "HostedStream":
        self._last += 1
        return HostedStream(self, self._last, options, on_partial)


class HostedStream:
    """`SttStream`."""

    __slots__ = ("_engine", "_number")

    def __init__(
        self, engine: HostedStt, number: int, options: SttOptions, on_partial: Callable[[Transcript], None] | None
    ) -> None:
        self._engine, self._number = engine, number
        engine._partials[number] = on_partial or (lambda _: None)
        given = asdict(options)
        engine.send({"id": number, "op": "open", "options": given, "partials": on_partial is not None})

    def feed(self, pcm: bytes, *, speech: bool = True) -> None:
        self._told()
        self._engine.send({"id": self._number, "op": "feed", "speech": speech}, pcm)

    async def flush(self) -> Transcript:
        self._told()
        flush = self._engine.begin()
        try:
            self._engine.send({"id": self._number, "op": "flush", "flush": flush})
            head, _ = await self._engine.answer(flush)
        except EngineError:
            self._told()  # why it could not begin says more than that it did not
            raise
        finally:
            self._engine.forget(flush)
        return Transcript(*head["heard"])

    def close(self) -> None:
        self._engine._partials.pop(self._number, None)
        self._engine._faults.pop(self._number, None)
        self._engine.send({"id": self._number, "op": "end"})

    def _told(self) -> None:
        if fault := self._engine._faults.get(self._number):
            raise fault
