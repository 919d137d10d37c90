"""One client's connection: its events, one request after the other.

A request that fails is answered with the event `error` and ends the connection, because most clients wait for their
answer and read nothing else.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from wyoming.error import Error
from wyoming.event import Event
from wyoming.ping import Pong

from voi.errors import ClientError
from voi.transports.wyoming import answering, hearing, speaking, waking
from voi.transports.wyoming.asked import (
    AnswerWanted,
    DetectAsked,
    PingAsked,
    ProgramAsked,
    SoundAsked,
    SpeakAsked,
    SpeakTextAsked,
    TextPieceAsked,
    TranscribeAsked,
    asked,
)
from voi.transports.wyoming.describing import info
from voi.transports.wyoming.hearing import Transcription
from voi.transports.wyoming.home import Home
from voi.transports.wyoming.incoming import IncomingSound
from voi.transports.wyoming.outcomes import STRANGERS
from voi.transports.wyoming.outlet import Outlet
from voi.transports.wyoming.speaking import ArrivingText
from voi.transports.wyoming.waking import WakeWatch
from voi.transports.wyoming.wire import EventDecoder

READ_BYTES = 64 * 1024
IDLE_TIMEOUT_S = 60.0
"""A client that asks for nothing for so long is disconnected."""
EVENT_TIMEOUT_S = 20.0
"""Time for an event, from its first byte to its last."""
FAREWELL_TIMEOUT_S = 2.0
FAREWELL_MAX_BYTES = 4 * 1024 * 1024


class _ClientLeft(Exception):
    """The client closed its connection."""


class _Idle(Exception):
    """The client said nothing for too long."""


class WyomingConnection:
    """`address`: the client's, for the log and its conversations."""

    def __init__(self, home: Home, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str) -> None:
        self._home, self._reader, self._address = home, reader, address
        self._outlet = Outlet(writer)
        self._decoder = EventDecoder()
        self._began_event_s: float | None = None
        self._service = STRANGERS
        """What was asked for last, to name it in the metrics."""
        self._group: asyncio.TaskGroup | None = None
        self._work: asyncio.Task[None] | None = None
        self._program: str | None = None
        self._wish: TranscribeAsked | DetectAsked = TranscribeAsked()
        self._incoming: IncomingSound | None = None
        self._listening: Transcription | WakeWatch | None = None
        self._heard_out: Transcription | WakeWatch | None = None
        """Its sound has ended. It is closed at the latest with the connection: a task that is cancelled before its
        first step never reaches its `finally`."""
        self._text: ArrivingText | None = None

    async def serve(self) -> None:
        """Until the client leaves, or something fails."""
        try:
            async with asyncio.TaskGroup() as self._group:
                await self._read_on()
        except BaseExceptionGroup as group:
            await self._failed(_first(group))
        finally:
            self._stop_listening()

    async def _failed(self, error: BaseException) -> None:
        match error:
            case _ClientLeft() | ConnectionError():
                if self._busy:
                    self._home.outcomes.count(self._service, "left")
            case _Idle():
                self._home.outcomes.refused(self._service, self._address, "it was silent for too long")
            case _:
                ended = self._home.outcomes.failed(self._service, error, self._address)
                await self._part(Error(ended.words or ended.reason.value, ended.reason.value))

    async def _part(self, last: Error) -> None:
        """Send the last event, and read what the client still sends: who closes a socket with unread bytes takes back
        what was sent."""
        unread_bytes = FAREWELL_MAX_BYTES
        try:
            async with asyncio.timeout(FAREWELL_TIMEOUT_S):
                await self._outlet.send(last)
                self._outlet.end()
                while unread_bytes > 0 and (unread := await self._reader.read(READ_BYTES)):
                    unread_bytes -= len(unread)
        except (TimeoutError, ConnectionError):
            pass  # it does not read, or not leave; what it is told, the log has

    @property
    def _busy(self) -> bool:
        return self._listening is not None or self._working

    @property
    def _working(self) -> bool:
        return self._work is not None and not self._work.done()

    # ---- reading ------------------------------------------------------------------------------------

    async def _read_on(self) -> None:
        while True:
            if not (received := await self._read()):
                raise _ClientLeft
            for event in self._decoder.feed(received):
                await self._take(event)
                self._began_event_s = None
                await asyncio.sleep(0)  # thousands of small events may come at once; others go on meanwhile
            now_s = asyncio.get_running_loop().time()
            self._began_event_s = (self._began_event_s or now_s) if self._decoder.waiting else None

    async def _read(self) -> bytes:
        loop = asyncio.get_running_loop()
        while True:
            began_s = self._began_event_s
            deadline_s = loop.time() + IDLE_TIMEOUT_S if began_s is None else began_s + EVENT_TIMEOUT_S
            try:
                async with asyncio.timeout_at(deadline_s):
                    return await self._reader.read(READ_BYTES)
            except TimeoutError:
                if began_s is not None or not self._working or self._text is not None:
                    raise _Idle from None

    async def _take(self, event: Event) -> None:
        """Raises Refused, ClientError, EngineError."""
        match event.type:
            case "ping":
                await self._outlet.send(Pong(asked(PingAsked, event).text))
            case "describe":
                await self._outlet.send(info(self._home))
            case "select-program":
                self._program = asked(ProgramAsked, event).name
            case "transcribe":
                self._wish = asked(TranscribeAsked, event)
            case "detect":
                self._wish = asked(DetectAsked, event)
            case "audio-start":
                await self._listen(asked(SoundAsked, event))
            case "audio-chunk":
                await self._hear(asked(SoundAsked, event), event.payload or b"")
            case "audio-stop":
                await self._heard()
            case "synthesize" | "synthesize-start" | "synthesize-chunk" | "synthesize-stop":
                await self._speak(event)
            case "transcript" | "recognize":
                await self._answer(event)

    # ---- sound --------------------------------------------------------------------------------------

    async def _listen(self, form: SoundAsked) -> None:
        await self._free()
        self._stop_listening()
        wish, home = self._wish, self._home
        self._service = hearing.SERVICE if isinstance(wish, TranscribeAsked) else waking.SERVICE
        self._incoming = IncomingSound(form)
        if isinstance(wish, TranscribeAsked):
            ear = home.ear(wish.name, wish.language)
            self._listening = Transcription(home, ear, wish.context, self._outlet)
        else:
            self._listening = WakeWatch(home, wish.names, self._outlet, self._address)

    async def _hear(self, form: SoundAsked, payload: bytes) -> None:
        if self._listening is None:
            await self._listen(form)
        assert self._incoming is not None
        assert self._listening is not None
        for pcm in self._incoming.slices(form, payload):
            await self._listening.sound(pcm, form.timestamp)
            await asyncio.sleep(0)
        await self._incoming.keep_pace()

    async def _heard(self) -> None:
        if self._listening is None or self._incoming is None:
            return
        await self._listening.sound(self._incoming.rest(), None)
        listening, self._listening = self._listening, None
        self._heard_out = listening
        self._start(listening.finish(), listening.service)

    def _stop_listening(self) -> None:
        for each in (self._listening, self._heard_out):
            if each is not None:
                each.close()
        self._listening = self._heard_out = None

    # ---- text ---------------------------------------------------------------------------------------

    async def _speak(self, event: Event) -> None:
        match event.type:
            case "synthesize" if self._text is None:  # else it repeats what came piece by piece, for other servers
                await self._free()
                self._service = speaking.SERVICE
                wish = asked(SpeakTextAsked, event)
                self._speech(wish, speaking.once(wish.text), streamed=False)
            case "synthesize-start":
                await self._free()
                self._service = speaking.SERVICE
                self._text = ArrivingText()
                self._speech(asked(SpeakAsked, event), aiter(self._text), streamed=True)
            case "synthesize-chunk" if self._text is not None:
                await self._text.add(asked(TextPieceAsked, event).text)
            case "synthesize-stop" if self._text is not None:
                await self._text.end()
                self._text = None

    def _speech(self, wish: SpeakAsked, text: Any, *, streamed: bool) -> None:
        self._start(speaking.speak(self._home, wish, text, self._outlet, streamed=streamed), speaking.SERVICE)

    async def _answer(self, event: Event) -> None:
        await self._free()
        self._service = answering.SERVICE
        wanted = asked(AnswerWanted, event)
        agents = self._home.agents
        agent = self._program if self._program in agents else next(iter(agents), None)
        if agent is None:
            raise ClientError("This server has no agent.")
        self._start(answering.answer(self._home, agent, wanted, self._outlet, self._address), answering.SERVICE)

    # ---- work ---------------------------------------------------------------------------------------

    def _start(self, work: Coroutine[Any, Any, None], service: str) -> None:
        assert self._group is not None
        self._service = service
        self._work = self._group.create_task(work, name=f"Wyoming {service}")

    async def _free(self) -> None:
        """Until what was asked before is done."""
        if self._text is not None:
            raise ClientError("The text to be spoken is not whole: synthesize-stop did not come.")
        if self._work is not None:
            await asyncio.wait({self._work})


def _first(error: BaseException) -> BaseException:
    """What failed first."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
