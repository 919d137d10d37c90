"""A cloud voice that speaks many replies over a few WebSockets, each in a context of its own.

A provider's file says only what it sends and how it reads the answers (`Dialect`, without I/O). Sockets, their
contexts, limits, idle times and lost connections are the same for all, and stand here. A socket serves up to
`Dialect.contexts_max` contexts. A cancelled context counts until the provider says that it has ended, as providers do.
A socket that is lost before a reply's first sound is replaced, and the reply's text is sent again.
"""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import orjson

from voi.audio.base64_text import from_base64
from voi.audio.pcm import ms_to_bytes
from voi.dialogue import SpokenWord
from voi.engines.base import Speech, VoiceSpec
from voi.engines.cloud.client import CloudClient, CloudSocket
from voi.engines.info import TtsInfo
from voi.errors import EngineError
from voi.tasks import Tasks

AHEAD_MAX_MS = 300_000
"""So much sound may wait to be played; a provider that sends more is at fault."""
ENDING_MAX_S = 10.0
"""A cancelled context is given up after this time, if the provider does not say that it has ended."""
ITEMS_MAX = 100_000
"""So many pieces of sound and words may wait."""
SOCKETS_MAX = 64
IDLE_SOCKET_S = 240.0
"""A socket without contexts is closed after this time: providers close theirs after five minutes."""
SOCKET_LIFE_S = 3_000.0
"""An older socket takes no new contexts: providers close theirs after an hour."""
AGAIN_MAX = 2
"""So often a reply's first text is sent again, each time on another socket."""

log = logging.getLogger(__name__)


class ContextEnded:
    """The provider has sent all sound of the context."""


ENDED = ContextEnded()
ContextItem = Speech | EngineError | ContextEnded


class ContextScript(Protocol):
    """What one context sends, and what it makes of the answers. Words and sound come with times from its start."""

    def begin(self) -> Sequence[str]:
        """The messages that open it."""
        ...

    def say(self, text: str) -> Sequence[str]: ...

    def finish(self) -> Sequence[str] | None:
        """No more text comes. The provider must answer with what becomes `ENDED`. None: all sound has come already."""
        ...

    def cancel(self) -> Sequence[str]: ...

    def keep_alive(self) -> str | None:
        """A message that keeps the context open while no text comes; None: it needs none."""
        ...

    def hear(self, message: dict[str, Any]) -> Sequence[ContextItem]: ...

    def hear_sound(self, pcm: bytes) -> Sequence[ContextItem]:
        """A binary message, of a provider whose contexts have a socket each."""
        ...


class SocketAllowance(Protocol):
    """What a provider allows on one socket, besides the number of contexts."""

    @property
    def room(self) -> bool:
        """One more context may begin."""
        ...


class Dialect(Protocol):
    """What one provider does its own way."""

    name: str
    rate_hz: int
    contexts_max: int
    """The most contexts of one socket, those that are ending included."""
    cancel_ends: bool
    """A cancelled context has ended at once, and nothing more is said of it."""
    keep_alive_s: float
    """How often `ContextScript.keep_alive` is sent."""
    labels: bool
    """Messages name their context. False: a socket has one context at a time, and all that comes is about it."""
    context_idle_s: float
    """A context that gave its sound and got no text for this long is finished, and a new one takes its place; infinite
    where contexts stay until they are closed."""

    def address(self, voice: VoiceSpec) -> str:
        """The socket's address. Contexts with the same address share sockets. Raises EngineError for an unknown
        voice."""
        ...

    def allowance(self) -> SocketAllowance | None:
        """What a new socket is allowed, for the scripts on it; None: nothing is to be counted."""
        ...

    def script(self, context: str, voice: VoiceSpec, allowance: Any) -> ContextScript:
        """`allowance`: that of its socket."""
        ...

    def context_of(self, message: dict[str, Any]) -> str | None:
        """The context that a message is about; None: it is about the whole socket, or nothing that we know."""
        ...

    def error_of(self, message: dict[str, Any]) -> EngineError | None:
        """The error in a message about the whole socket."""
        ...


@dataclass
class _Opening:
    """A connection that is being made, and how many contexts wait for it."""

    task: "asyncio.Task[EngineError | None]"
    promised: int = 1


class ContextSockets:
    """The open sockets of one engine."""

    def __init__(self, dialect: Dialect, client: CloudClient) -> None:
        self.dialect = dialect
        self.troubles: Counter[str] = Counter()
        """"lost_connection": while a reply was spoken."""
        self._client = client
        self._sockets: dict[str, list[_Socket]] = {}
        self._opening: dict[str, list[_Opening]] = {}
        self._tasks = Tasks()

    async def close(self) -> None:
        await self._tasks.close()
        for socket in [socket for sockets in self._sockets.values() for socket in sockets]:
            await socket.socket.close()
        self._sockets.clear()

    async def warm(self, voice: VoiceSpec) -> None:
        """Have a socket ready for the first reply. Raises EngineError."""
        await self.with_room(self.dialect.address(voice))

    async def with_room(self, address: str) -> "_Socket":
        """A socket that can take one more context. Raises EngineError."""
        while True:
            for socket in self._sockets.get(address, ()):
                if socket.room:
                    return socket
            connection = self._connection(address)
            await asyncio.wait({connection})  # it goes on for others when one leaves
            if connection.cancelled():
                raise EngineError(f"{self.dialect.name} is closed.")
            if (failed := connection.result()) is not None:
                raise failed

    def _connection(self, address: str) -> "asyncio.Task[EngineError | None]":
        """A connection that is being made: one whose contexts are not all promised to others, or a new one. Raises
        EngineError when there are too many."""
        opening = self._opening.setdefault(address, [])
        for each in opening:
            if each.promised < self.dialect.contexts_max:
                each.promised += 1
                return each.task
        count = sum(map(len, self._sockets.values())) + sum(map(len, self._opening.values()))
        if count >= SOCKETS_MAX and not self._close_unused():
            raise EngineError(
                f"{self.dialect.name}: {SOCKETS_MAX} connections are open, and all are full.", retryable=True
            )
        new = _Opening(self._tasks.start(self._connect(address), f"a new socket of {self.dialect.name}"))
        opening.append(new)
        new.task.add_done_callback(lambda _: opening.remove(new))
        return new.task

    async def _connect(self, address: str) -> EngineError | None:
        """Open a socket; returns why that failed."""
        try:
            socket = _Socket(await self._client.connect(address), self.dialect, self.troubles)
        except EngineError as error:
            return error
        self._sockets.setdefault(address, []).append(socket)
        self._tasks.start(self._serve(address, socket), f"a socket of {self.dialect.name}")
        return None

    def _close_unused(self) -> bool:
        """Close one socket that has no contexts, such as another voice's."""
        for address, sockets in self._sockets.items():
            for socket in sockets:
                if not socket.contexts:
                    self._forget(address, socket)
                    self._tasks.start(socket.socket.close(), f"the end of a socket of {self.dialect.name}")
                    return True
        return False

    def _forget(self, address: str, socket: "_Socket") -> None:
        sockets = self._sockets.get(address, [])
        if socket in sockets:
            sockets.remove(socket)
        if not sockets:
            self._sockets.pop(address, None)

    async def _serve(self, address: str, socket: "_Socket") -> None:
        beats = self._tasks.start(socket.beat(), f"the heartbeat of {self.dialect.name}")
        try:
            await socket.read()
        finally:
            beats.cancel()
            self._forget(address, socket)
            await socket.socket.close()


class _Socket:
    def __init__(self, socket: CloudSocket, dialect: Dialect, troubles: Counter[str]) -> None:
        self.socket = socket
        self.contexts: dict[str, _OpenContext] = {}
        self.allowance = dialect.allowance()
        self._dialect, self._troubles = dialect, troubles
        self._used_s = self._opened_s = _now_s()

    @property
    def room(self) -> bool:
        """It can take one more context."""
        return (
            self.socket.open
            and len(self.contexts) < self._dialect.contexts_max
            and not self._old
            and (self.allowance is None or self.allowance.room)
        )

    @property
    def _old(self) -> bool:
        return _now_s() - self._opened_s > SOCKET_LIFE_S

    async def send(self, messages: Sequence[str]) -> None:
        self._used_s = _now_s()
        for message in messages:
            await self.socket.send(message)

    async def read(self) -> None:
        """Give every message to its context, until the connection ends."""
        reason = EngineError(f"{self._dialect.name} closed the connection.", retryable=True)
        try:
            while (message := await self.socket.receive()) is not None:
                self._take(message)
        except EngineError as error:
            reason = error
        finally:
            self._lose(reason)

    def _lose(self, reason: EngineError) -> None:
        """No more comes for the open contexts."""
        contexts, self.contexts = list(self.contexts.values()), {}
        if any(part.cancelled_s is None for part in contexts):
            self._troubles["lost_connection"] += 1
            log.info("%s: a connection was lost while it was used", self._dialect.name)
        for part in contexts:
            part.take((_Lost(part, reason),))

    def _take(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            for number in [] if self._dialect.labels else list(self.contexts):
                self._give(number, self.contexts[number].script.hear_sound(message))
            return
        try:
            told = orjson.loads(message)
        except orjson.JSONDecodeError:
            return
        if not isinstance(told, dict):
            return
        only = None if self._dialect.labels else next(iter(self.contexts), None)
        named = only or self._dialect.context_of(told)
        if named is not None:
            if (part := self.contexts.get(named)) is not None:
                self._give(named, part.script.hear(told))
        elif (error := self._dialect.error_of(told)) is not None:
            self._lose(error)

    def _give(self, number: str, heard: Sequence[ContextItem]) -> None:
        if self.contexts[number].take(heard):
            del self.contexts[number]

    async def beat(self) -> None:
        """Keep waiting contexts alive, forget those that never end, and close a socket that nobody uses."""
        while True:
            await asyncio.sleep(self._dialect.keep_alive_s)
            now_s = _now_s()
            for number, part in list(self.contexts.items()):
                if part.cancelled_s is not None and now_s - part.cancelled_s > ENDING_MAX_S:
                    del self.contexts[number]
                    if not self._dialect.labels:  # what still comes would be taken for the next context's
                        await self.socket.close()
                        return
                elif part.waits and (message := part.script.keep_alive()):
                    try:
                        await self.send((message,))
                    except EngineError:
                        return  # the reader finds out as well
            if not self.contexts and (self._old or now_s - self._used_s > IDLE_SOCKET_S):
                await self.socket.close()
                return


class _OpenContext:
    """One context at the provider."""

    def __init__(self, script: ContextScript, heard: "Callable[[_OpenContext, ContextItem | _Lost], None]") -> None:
        self.script = script
        self._heard = heard
        self.waits = True
        """More text may come."""
        self.cancelled_s: float | None = None
        self.over = False

    def take(self, heard: "Sequence[ContextItem | _Lost]") -> bool:
        """Pass on what came. True: the context has ended."""
        for item in heard:
            self.over = self.over or isinstance(item, ContextEnded | EngineError | _Lost)
            if self.cancelled_s is None:
                self._heard(self, item)
        return self.over


@dataclass(frozen=True, slots=True)
class _Lost:
    """The connection of a context was lost."""

    part: _OpenContext
    error: EngineError


class CloudContext:
    """A `TtsContext`: one context of the provider, or several in a row where they do not live as long as the reply."""

    def __init__(self, sockets: ContextSockets, voice: VoiceSpec) -> None:
        self._sockets, self._voice, self._dialect = sockets, voice, sockets.dialect
        self._address = sockets.dialect.address(voice)
        self._socket: _Socket | None = None
        self._part: _OpenContext | None = None
        self._number = ""
        self._texts: list[str] = []
        """Those of the current part, until it has sound."""
        self._again_left = AGAIN_MAX
        self._moving = asyncio.Lock()
        self._lost: _Lost | None = None
        self._items: asyncio.Queue[Speech | EngineError | _Lost | None]
        self._items = asyncio.Queue()  # bounded by AHEAD_MAX_MS
        self._ahead_bytes = 0
        self._ahead_max_bytes = ms_to_bytes(AHEAD_MAX_MS, self._dialect.rate_hz)
        self._sounded_bytes = 0
        self._base_ms = self._base_bytes = 0
        """Where the sound of the current part begins in that of the whole context."""
        self._last_sound_s = 0.0
        self._finished = self._closed = False
        self._ended = asyncio.Event()
        """The current part has ended."""

    async def say(self, text: str) -> None:
        """See `TtsContext.say`."""
        if self._lost is not None:
            await self._move(self._lost)
        if self._part is not None and self._stale():
            await self._finish_part()
            try:
                async with asyncio.timeout(ENDING_MAX_S):
                    await self._ended.wait()
            except TimeoutError:
                name = self._dialect.name
                raise EngineError(f"{name} did not end its sound within {ENDING_MAX_S:g} s.", retryable=True) from None
            self._part = None
        async with self._moving:
            opening = await self._begin() if self._part is None else ()
            assert self._part is not None
            if self._quiet:
                self._texts.append(text)
            part = self._part
            try:
                await self._send((*opening, *part.script.say(text)))
            except EngineError as error:
                self._lost = _Lost(part, error)
        if self._lost is not None:
            await self._move(self._lost)

    async def finish(self) -> None:
        """See `TtsContext.finish`."""
        async with self._moving:
            self._finished = True
            if self._lost is not None:
                return  # the part is finished where its text is sent again
            if self._part is None or self._part.over:
                self._items.put_nowait(None)
                return
            part = self._part
            try:
                await self._finish_part()
                return
            except EngineError as error:
                self._lost = lost = _Lost(part, error)
        await self._move(lost)

    async def __aiter__(self) -> AsyncIterator[Speech]:
        while (item := await self._items.get()) is not None:
            if isinstance(item, _Lost):
                await self._move(item)
                continue
            if isinstance(item, EngineError):
                raise item
            if isinstance(item, bytes):
                self._ahead_bytes -= len(item)
            yield item

    async def aclose(self) -> None:
        """See `TtsContext.aclose`."""
        if self._closed:
            return
        self._closed = True
        part, socket = self._part, self._socket
        if part is None or socket is None or part.over:
            return
        part.cancelled_s = _now_s()
        part.waits = False
        if self._dialect.cancel_ends:
            socket.contexts.pop(self._number, None)
        try:
            await socket.send(part.script.cancel())
        except EngineError:
            log.debug("%s: the connection was lost before a reply was cancelled", self._dialect.name)

    async def _begin(self) -> Sequence[str]:
        """Find a socket for a new part. Returns the messages that open it."""
        self._socket = await self._sockets.with_room(self._address)
        self._number = secrets.token_hex(8)
        script = self._dialect.script(self._number, self._voice, self._socket.allowance)
        self._part = _OpenContext(script, self._heard)
        self._socket.contexts[self._number] = self._part
        self._ended.clear()
        self._base_ms = self._ms
        self._base_bytes = self._sounded_bytes
        self._texts.clear()
        return script.begin()

    async def _send(self, messages: Sequence[str]) -> None:
        assert self._socket is not None
        await self._socket.send(messages)

    async def _move(self, lost: _Lost) -> None:
        """Send the texts of a part without sound on another socket. Raises EngineError when the part has sound, or was
        moved often enough."""
        async with self._moving:
            if lost.part is not self._part or self._closed:
                return  # it was moved meanwhile
            if self._again_left <= 0 or not lost.error.retryable or not self._quiet:
                raise lost.error
            self._again_left -= 1
            self._lost = None
            if self._socket is not None:
                self._socket.contexts.pop(self._number, None)
            texts = list(self._texts)
            try:
                await self._send(await self._begin())
                assert self._part is not None
                for text in texts:
                    self._texts.append(text)
                    await self._send(self._part.script.say(text))
                if self._finished:
                    await self._finish_part()
            except EngineError as error:
                raise error if error.retryable else lost.error from None

    @property
    def _quiet(self) -> bool:
        """The current part has no sound yet."""
        return self._sounded_bytes == self._base_bytes

    async def _finish_part(self) -> None:
        assert self._part is not None
        self._part.waits = False
        if self._part.over:
            return
        if (messages := self._part.script.finish()) is not None:
            await self._send(messages)
            return
        if self._socket is not None:
            self._socket.contexts.pop(self._number, None)
        self._part.take((ENDED,))

    def _stale(self) -> bool:
        assert self._part is not None
        quiet_s = _now_s() - self._last_sound_s
        return self._part.over or (self._last_sound_s > 0 and quiet_s > self._dialect.context_idle_s)

    @property
    def _ms(self) -> int:
        return self._sounded_bytes * 500 // self._dialect.rate_hz

    def _heard(self, part: _OpenContext, item: ContextItem | _Lost) -> None:
        if part is not self._part or self._closed:
            return
        if isinstance(item, bytes):
            self._last_sound_s = _now_s()
            self._sounded_bytes += len(item)
            self._ahead_bytes += len(item)
            if self._ahead_bytes > self._ahead_max_bytes or self._items.qsize() > ITEMS_MAX:
                part.over = True
                item = EngineError(f"{self._dialect.name} sends more sound than the text can be.")
            self._items.put_nowait(item)
        elif isinstance(item, SpokenWord):
            base_ms = self._base_ms
            if self._items.qsize() < ITEMS_MAX:
                self._items.put_nowait(SpokenWord(item.text, base_ms + item.start_ms, base_ms + item.end_ms))
        elif isinstance(item, ContextEnded):
            self._ended.set()
            if self._finished:
                self._items.put_nowait(None)
        elif not part.waits and self._last_sound_s > 0 and not self._finished:
            self._ended.set()  # a context that had died before it was finished: all its sound has come
        elif isinstance(item, _Lost) and self._quiet:
            self._lost = item
            self._items.put_nowait(item)
        else:
            self._ended.set()
            self._items.put_nowait(item.error if isinstance(item, _Lost) else item)


class ContextVoice:
    """What the engines with contexts have in common as a `ContextTts`."""

    def __init__(self, info: TtsInfo, dialect: Dialect, client: CloudClient) -> None:
        self.info = replace(info, counts_troubles=True)
        self._client = client
        self._sockets = ContextSockets(dialect, client)

    @property
    def troubles(self) -> Mapping[str, int]:
        """See `CountsTroubles`."""
        return self._sockets.troubles

    async def close(self) -> None:
        await self._sockets.close()
        await self._client.close()

    def open(self, voice: VoiceSpec) -> CloudContext:
        """See `ContextTts.open`."""
        return CloudContext(self._sockets, voice)


def sound_in(name: str, data: object) -> bytes | EngineError:
    """Sound from base64."""
    try:
        return from_base64(data) if isinstance(data, str) else b""
    except ValueError:
        return EngineError(f"{name} sent sound that cannot be read.", retryable=True)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
