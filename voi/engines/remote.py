"""Engines in a process of their own, which can be ended whatever it does: a driver that hangs, a CUDA context that has
failed, memory that was not given back. And their Python never makes the server's event loop wait.

Sound and text go over two pipes. That costs some tenths of a millisecond, and for models on a GPU one CUDA context
(some 400 MB) a process.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from voi.engines.base import SttOptions, TimedWord, Transcript, VoiceSpec
from voi.engines.worker_process import Head, WorkerProcess
from voi.errors import EngineError

TEACH_DEADLINE_S = 30.0
PROCESS_ANSWER_S = 5.0
"""Of the process itself, which does not compute on the thread that listens, however slow its engines are."""


class _Remote:
    """What both kinds have in common. `name`: of the provider, in the registry."""

    kind: Literal["stt", "tts"]

    def __init__(self, process: WorkerProcess, name: str, options: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.process = process
        self.number = 0
        """In the process; 0: not inside."""
        self._make = {"kind": self.kind, "name": name, "options": {
            key: str(value) if isinstance(value, Path) else value for key, value in (options or {}).items()
        }}  # fmt: skip
        self._about: Head = {}

    async def warm_up(self) -> None:
        """Raises what the engine's own warm_up raises, or EngineBroken."""
        if not self.number:
            self.number = await self.process.enter()
            self._know(await self.process.ask({"op": "make", "engine": self.number, **self._make}))

    async def close(self) -> None:
        await self.process.leave(self.number)

    async def ping(self) -> None:
        """Returns when the process has answered, and then the engine in it. Raises TimeoutError, EngineError."""
        async with asyncio.timeout(PROCESS_ANSWER_S):
            await self.process.ask({"op": "ping"})
        await self.process.ask({"op": "ping", "engine": self.number})

    @property
    def note(self) -> str:
        """What is to be said of where it runs."""
        return str(self._about.get("note", ""))

    def _know(self, told: Head) -> None:
        self._about = told["ready"]
        self.name = self._about["name"]


class RemoteTts(_Remote):
    """`Tts`."""

    kind = "tts"

    @property
    def sample_rate_hz(self) -> int:
        return int(self._about["sample_rate_hz"])

    @property
    def voices(self) -> tuple[str, ...]:
        return tuple(self._about.get("voices", ()))

    @property
    def tones(self) -> tuple[str, ...]:
        return tuple(self._about.get("tones", ("neutral",)))

    @property
    def languages(self) -> tuple[str, ...] | None:
        """That it speaks; None: it does not say."""
        return tuple(known) if (known := self._about.get("languages")) is not None else None

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncGenerator[bytes, None]:
        process = self.process
        number = process.begin()
        try:
            process.offer({"id": number, "op": "speak", "engine": self.number, "text": text, "voice": asdict(voice)})
            while True:
                head, pcm = await process.answer(number)
                if "done" in head:
                    return
                process.send({"id": number, "op": "more"})
                yield pcm
        finally:
            process.forget(number)
            process.send({"id": number, "op": "stop"})  # which is nothing where it has ended

    async def reload_voices(self, voices_file: Path) -> bool:
        """Have the engine look into its file of voices again. False: it cannot, without a restart."""
        try:
            async with asyncio.timeout(TEACH_DEADLINE_S):
                told = await self.process.ask({"op": "teach", "engine": self.number, "voices": str(voices_file)})
        except TimeoutError:
            raise EngineError(
                f"{self.name} did not take the voices within {TEACH_DEADLINE_S:g} s.", engine=self.name, retryable=True
            ) from None
        self._know(told)
        return bool(told["learnt"])


class RemoteStt(_Remote):
    """`Stt`."""

    kind = "stt"

    @property
    def languages(self) -> tuple[str, ...] | None:
        known = self._about.get("languages")
        return tuple(known) if known is not None else None

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> "RemoteStream":
        return RemoteStream(self, options, on_partial)


class RemoteStream:
    """`SttStream`."""

    __slots__ = ("_fault", "_number", "_on_partial", "_process")

    def __init__(self, engine: RemoteStt, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> None:
        self._process, self._on_partial = engine.process, on_partial
        self._number = self._process.number()
        self._fault: Exception | None = None
        """What failed between two calls; the next one tells."""
        begin = {"id": self._number, "op": "open", "engine": engine.number, "partials": on_partial is not None}
        self._process.offer(begin | {"options": asdict(options)})
        self._process.listen(self._number, self._hear)

    def feed(self, pcm: bytes, *, speech: bool = True) -> None:
        self._told()
        self._process.offer({"id": self._number, "op": "feed", "speech": speech}, pcm)

    async def flush(self) -> Transcript:
        self._told()
        flush = self._process.begin()
        try:
            self._process.offer({"id": self._number, "op": "flush", "flush": flush})
            head, _ = await self._process.answer(flush)
        except EngineError:
            self._told()  # why it could not begin says more than that it did not
            raise
        finally:
            self._process.forget(flush)
        return _transcript(head["heard"])

    def close(self) -> None:
        self._process.ignore(self._number)
        self._process.send({"id": self._number, "op": "end"})

    def _hear(self, head: Head) -> None:
        if "error" in head:
            self._fault = self._process.error(head)
        elif self._on_partial is not None:
            self._on_partial(_transcript(head["partial"]))

    def _told(self) -> None:
        if self._fault is not None:
            raise self._fault


def _transcript(told: Head) -> Transcript:
    return Transcript(**told | {"words": tuple(TimedWord(**word) for word in told["words"])})
