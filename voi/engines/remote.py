"""Engines in a worker process, as the server uses them. The process can be killed in any state: a hanging driver, a
failed CUDA context, leaked memory. And its Python code never blocks the server's event loop. The process is the
server's own, or behind the `host` of engines that several servers share.

Sound and text go over two pipes. That costs some tenths of a millisecond for each message and, for models on a GPU, one
CUDA context (some 400 MB) for each process.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from voi.engines.base import Speech, SttOptions, Transcript, VoiceSpec
from voi.engines.info import SttInfo, TtsInfo
from voi.engines.messages import (
    Answer,
    CallFailed,
    CancelCall,
    CloseUtterance,
    Done,
    Feed,
    FinalTranscript,
    Flush,
    Make,
    More,
    OpenUtterance,
    Partial,
    Ping,
    Ready,
    Reconfigure,
    Speak,
    SpokenSound,
    TimedSpokenWord,
    WorkerKind,
)  # fmt: skip
from voi.engines.peer import EnginePeer
from voi.errors import EngineError

RECONFIGURE_DEADLINE_S = 30.0
PROCESS_ANSWER_S = 5.0
"""Deadline of a ping to the process itself: it answers on a thread that does not compute, however slow its engines."""


class RemoteEngine:
    """An engine in a process of its own: what TTS and STT have in common. `name`: the provider's name in the
    registry."""

    kind: WorkerKind

    def __init__(self, process: EnginePeer, name: str, options: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.process = process
        self.number = 0
        """The engine's number in the process; 0: not in it yet."""
        self._options = _plain(options or {})

    async def warm_up(self) -> None:
        """Make and warm up the engine in the process. Raises what its own `warm_up` raises, or EngineBroken."""
        if not self.number:
            self.number = await self.process.enter()
            name, options = self.name, self._options
            self._know(await self.process.ask(lambda call: Make(call, self.number, self.kind, name, options), Ready))

    def _know(self, ready: Ready) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        await self.process.leave(self.number)

    async def ping(self) -> None:
        """Return when the process, and then the engine in it, have answered. Raises TimeoutError, EngineError."""
        async with asyncio.timeout(PROCESS_ANSWER_S):
            await self.process.ask(Ping, Done)
        await self.process.ask(lambda call: Ping(call, self.number), Done)


class RemoteTts(RemoteEngine):
    """A `SentenceTts`."""

    kind = "tts"

    def __init__(self, process: EnginePeer, name: str, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(process, name, options)
        self.info = TtsInfo(name, gpu=True, pings=True)

    def _know(self, ready: Ready) -> None:
        self.info = ready.tts or self.info

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncGenerator[Speech, None]:
        process = self.process
        call = process.begin()
        try:
            process.offer(Speak(call, self.number, text, voice))
            while True:
                match await process.answer(call):
                    case Done():
                        return
                    case SpokenSound(pcm=pcm):
                        process.send(More(call))
                        yield pcm
                    case TimedSpokenWord(word=word):
                        yield word
        finally:
            process.forget(call)
            process.send(CancelCall(call))  # does nothing if it has ended

    async def reconfigure(self, options: Mapping[str, Any], needed: Collection[str] = ()) -> bool:
        """See `Reconfigures`."""
        told, voices = _plain(options), tuple(needed)
        try:
            async with asyncio.timeout(RECONFIGURE_DEADLINE_S):
                ready = await self.process.ask(lambda call: Reconfigure(call, self.number, told, voices), Ready)
        except TimeoutError:
            raise EngineError(
                f"{self.info.name} did not take its options within {RECONFIGURE_DEADLINE_S:g} s.", retryable=True
            ) from None
        self._know(ready)
        if ready.taken:
            self._options = told
        return ready.taken


class RemoteStt(RemoteEngine):
    """An `Stt`."""

    kind = "stt"

    def __init__(self, process: EnginePeer, name: str, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(process, name, options)
        self.info = SttInfo(name, gpu=True, pings=True)

    def _know(self, ready: Ready) -> None:
        self.info = ready.stt or self.info

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> "RemoteStream":
        return RemoteStream(self, options, on_partial)


class RemoteStream:
    """An `SttStream`."""

    __slots__ = ("_call", "_fault", "_on_partial", "_process")

    def __init__(self, engine: RemoteStt, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> None:
        self._process, self._on_partial = engine.process, on_partial
        self._call = self._process.number()
        self._fault: Exception | None = None
        """What failed between two calls; the next call raises it."""
        self._process.offer(OpenUtterance(self._call, engine.number, options, partials=on_partial is not None))
        self._process.listen(self._call, self._hear)

    def feed(self, pcm: bytes, *, speech: bool = True) -> None:
        self._told()
        self._process.offer(Feed(self._call, speech, pcm))

    async def flush(self) -> Transcript:
        self._told()
        try:
            return (await self._process.ask(lambda call: Flush(call, self._call), FinalTranscript)).transcript
        except EngineError:
            self._told()  # the reason says more than "it did not begin"
            raise

    def close(self) -> None:
        self._process.ignore(self._call)
        self._process.send(CloseUtterance(self._call))

    def _hear(self, answer: Answer) -> None:
        if isinstance(answer, CallFailed):
            self._fault = self._process.error(answer)
        elif isinstance(answer, Partial) and self._on_partial is not None:
            self._on_partial(answer.transcript)

    def _told(self) -> None:
        if self._fault is not None:
            raise self._fault


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as JSON types: paths become strings."""
    return {name: str(value) if isinstance(value, Path) else value for name, value in options.items()}
