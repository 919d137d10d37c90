"""The host of engines that several servers share: one copy of each model on a GPU, for all workers of a machine.

It listens at a Unix socket and speaks the messages of the worker processes. Each engine runs in a worker process of the
host's own, under a supervisor, as it would in a server: when it hangs or dies, it is restarted for all. Servers (its
guests) that ask for the same engine with the same options get the same one, so it computes the callers of all of them
together. A guest that leaves, or is killed, ends its own calls only.
"""

import asyncio
import json
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from voi.engines import registry
from voi.engines.device import AUTO, device_name
from voi.engines.frames import Unframer, encode
from voi.engines.joining import NotJoined, admit
from voi.engines.messages import (
    CallFailed,
    Close,
    Flush,
    Make,
    OpenUtterance,
    Ping,
    Reconfigure,
    Speak,
    ToServer,
    ToWorker,
)  # fmt: skip
from voi.engines.placement import Placement
from voi.engines.serving import Serving
from voi.engines.supervised import Supervised, SupervisedTts
from voi.errors import ConfigError, VoiError
from voi.tasks import Tasks

UNUSED_S = 60.0
"""An unused engine stays loaded for this long, because a restarted server will ask for it again."""
GUESTS_MAX = 256
"""Connections at once; a server has one for each provider and device."""
CALLS_MAX = 10_000
"""Calls and utterances under way for one guest."""
ENGINES_MAX = 64
"""Engines of one guest."""
UNSENT_MAX_BYTES = 16 * 1024 * 1024
"""A guest that leaves more bytes unread is dropped."""
MESSAGE_MAX_BYTES = 8 * 1024 * 1024
READ_BYTES = 256 * 1024
LOOK_EVERY_S = 0.1
_NEW_WORK = Make | Speak | OpenUtterance | Flush | Ping | Reconfigure

log = logging.getLogger(__name__)


class Shared:
    """One engine, and how many use it."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.users = 0
        self.engine: Supervised[Any] | None = None
        self.warming: asyncio.Task[None] | None = None
        self.changing = asyncio.Lock()

    async def up(self) -> Supervised[Any]:
        """The engine, warm. Waits while it is being restarted. Raises what its warm-up raised."""
        assert self.warming is not None
        await asyncio.shield(self.warming)
        assert self.engine is not None
        while self.engine.restarting:  # noqa: ASYNC110 - its supervisor tells nobody
            await asyncio.sleep(LOOK_EVERY_S)
        return self.engine


class EngineHost:
    """All shared engines, and the servers that use them. `secret`: see `joining`."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._placement = Placement(own_processes=True)
        self._shared: dict[str, Shared] = {}
        self._guests: set[asyncio.Task[Any]] = set()
        self._tasks = Tasks()
        self._server: asyncio.Server | None = None

    async def open(self, path: Path) -> None:
        """Listen. Raises ConfigError if that is not possible, or another host already listens there."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if await _answers(path):
                raise ConfigError(f"Another process serves engines at {path}.")
            path.unlink(missing_ok=True)  # noqa: ASYNC240 - a leftover that nobody listens at
            before = os.umask(0o177)  # from its first moment on the socket is for this user alone
            try:
                self._server = await asyncio.start_unix_server(self._meet, path, limit=READ_BYTES)
            finally:
                os.umask(before)
        except OSError as error:
            raise ConfigError(f"Engines cannot be served at {path}: {error.strerror or error}.") from error

    async def close(self) -> None:
        """Disconnect all guests and close all engines."""
        if self._server is not None:
            self._server.close()
        for guest in self._guests:
            guest.cancel()
        await asyncio.gather(*self._guests, return_exceptions=True)
        await self._tasks.close()
        await asyncio.gather(*(self._close(shared) for shared in self._shared.values()))

    # ---- guests -------------------------------------------------------------------------------------

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._guests.add(task)
        try:
            if len(self._guests) > GUESTS_MAX:
                log.error("more than %d connections to the engines: one is refused", GUESTS_MAX)
                return
            name = await admit(reader, writer, self._secret)
            await Guest(self, name or "a server", writer).serve(reader)
        except NotJoined as error:
            log.warning("a process that would use the engines is refused. %s", error)
        except (OSError, EOFError, TimeoutError) as error:
            log.warning("a process that would use the engines did not join: %s", type(error).__name__)
        except asyncio.CancelledError:
            pass  # the host closes
        finally:
            self._guests.discard(task)
            writer.transport.abort()

    # ---- engines ------------------------------------------------------------------------------------

    async def use(self, message: Make) -> Shared:
        """The engine of that name with these options; `release` follows. Raises ConfigError, EngineError."""
        key = _key(message.kind, message.name, message.options)
        shared = self._shared.get(key)
        if shared is None:
            shared = self._shared[key] = Shared(key)
            shared.warming = self._tasks.start(self._warm(shared, message), f"loading {message.name}", _told_to_users)
        shared.users += 1
        try:
            await shared.up()
        except BaseException:
            self.release(shared)
            raise
        return shared

    async def _warm(self, shared: Shared, message: Make) -> None:
        try:
            factory = await asyncio.to_thread(registry.find, message.kind, message.name)
            engine = shared.engine = self._placement.engine(message.kind, message.name, factory, message.options)
            try:
                await engine.warm_up()
            except BaseException:
                await engine.close()
                raise
        except BaseException:
            self._shared.pop(shared.key, None)
            raise
        note = engine.info.note
        if note:
            engine.use_slow_deadlines()
        log.info("%s %s is ready%s", message.kind, message.name, f"; {note}" if note else "")

    async def reconfigure(self, shared: Shared, message: Reconfigure) -> bool:
        async with shared.changing:
            engine = await shared.up()
            if not isinstance(engine, SupervisedTts):
                return False
            taken = await engine.reconfigure(message.options, message.needed)
            kind, name, _ = json.loads(shared.key)
            key = _key(kind, name, message.options)
            if taken and key not in self._shared:  # a server that starts now asks for it by these
                del self._shared[shared.key]
                shared.key, self._shared[key] = key, shared
            return taken

    def release(self, shared: Shared) -> None:
        shared.users -= 1
        if not shared.users:
            asyncio.get_running_loop().call_later(UNUSED_S, self._retire, shared)

    def _retire(self, shared: Shared) -> None:
        if not shared.users and self._shared.get(shared.key) is shared:
            del self._shared[shared.key]
            log.info("an engine that nobody uses any more is closed")
            self._tasks.start(self._close(shared), "closing an engine")

    async def _close(self, shared: Shared) -> None:
        if shared.engine is not None:
            with suppress(VoiError):
                await shared.engine.close()


class Guest(Serving):
    """One server's connection. What it asks for is bounded, and it cannot hurt the others."""

    def __init__(self, host: EngineHost, name: str, writer: asyncio.StreamWriter) -> None:
        super().__init__()
        self._host = host
        self._name = name
        self._writer = writer
        self._uses: dict[int, Shared] = {}
        self._made: dict[int, int] = {}
        """The number of each engine that it asked for, and the call that asked for it."""

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Serve the guest until it leaves."""
        log.info("%s uses the engines", self._name)
        messages = Unframer(MESSAGE_MAX_BYTES)
        try:
            while data := await reader.read(READ_BYTES):
                for message in messages.feed(data):
                    if isinstance(message, Close):
                        return
                    self._accept(message)
        except OSError:
            pass  # it is gone
        except ValueError as error:
            log.error("%s speaks nonsense, and is let go: %s", self._name, error)
        finally:
            await self._leave()

    def _accept(self, message: ToWorker | ToServer) -> None:
        """Handle one message. Raises ValueError for an invalid one, or one that begins a call whose number is in
        use."""
        if isinstance(message, _NEW_WORK):
            if message.call in self._tasks or message.call in self._streams:
                raise ValueError("two calls with one number")
            most = len(self._tasks) + len(self._streams) >= CALLS_MAX
            if most or (isinstance(message, Make) and len(self._made) >= ENGINES_MAX):
                self._tell(CallFailed(message.call, "engine", ("Too much is under way.",), retryable=True))
                return
            if isinstance(message, Make):
                if message.engine in self._made:
                    raise ValueError("two engines with one number")
                self._made[message.engine] = message.call
        self._take(message)

    async def _leave(self) -> None:
        log.info("%s has left the engines", self._name)
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for number, stream in list(self._streams.items()):
            self._guarded(number, stream.close)
        for shared in self._uses.values():
            self._host.release(shared)
        self._uses.clear()

    # ---- what serving asks for ----------------------------------------------------------------------

    def _tell(self, message: ToServer) -> None:
        transport = self._writer.transport
        if transport.is_closing():
            return
        if transport.get_write_buffer_size() > UNSENT_MAX_BYTES:
            log.error("%s does not read what the engines say, and is let go", self._name)
            transport.abort()
            return
        transport.write(encode(message))

    async def _enter(self, message: Make) -> Any:
        shared = self._uses[message.engine] = await self._host.use(message)
        return shared.engine

    async def _drop(self, number: int) -> None:
        if making := self._tasks.get(self._made.pop(number, 0)):
            making.cancel()
        self._engines.pop(number, None)
        if shared := self._uses.pop(number, None):
            self._host.release(shared)

    async def _ask(self, engine: Any) -> None:
        await engine.ping(engine.inner)

    async def _reconfigure(self, message: Reconfigure) -> None:
        taken = await self._host.reconfigure(self._uses[message.engine], message)
        self._ready(message.call, message.engine, taken=taken)


def _told_to_users(error: BaseException) -> None:
    """Log the error of an engine that crashed at its start. Other errors were told to every guest that asked for the
    engine."""
    if not isinstance(error, VoiError):
        log.error("an engine crashed at its start", exc_info=error)


def _key(kind: str, name: str, options: dict[str, Any]) -> str:
    device = device_name(str(options.get("device", AUTO)))  # who asks for none gets that of who asks for it by name
    return json.dumps([kind, name, options | {"device": device}], sort_keys=True)


async def _answers(path: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except OSError:
        return False
    writer.close()
    return True


async def serve(path: Path, secret: bytes, stop: asyncio.Event, on_ready: Callable[[], None]) -> None:
    """Serve engines at `path` until `stop`. Raises ConfigError."""
    host = EngineHost(secret)
    try:
        await host.open(path)
        on_ready()
        await stop.wait()
    finally:
        await host.close()
