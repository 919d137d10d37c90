"""One call as Asterisk has it: its channel, the channel that carries its sound to Voi, and the bridge between both."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable

from voi.transports.ari.expected import Expected
from voi.transports.ari.failure import AriError
from voi.transports.ari.line import AriLine
from voi.transports.ari.media import MediaWay
from voi.transports.ari.operations import Operations
from voi.transports.telephone.line import PhoneLine

log = logging.getLogger(__name__)

OURS = "voi-"
"""Ids of the channels and bridges that Voi makes begin like this."""
BRIDGE = "bridge-"
SETUP_S = 10.0
"""Longest time until a call is connected."""
STARTED_S = 4.0
"""Longest wait for the StasisStart of a channel that we made."""
ADD_TRIES = 4
ADD_AGAIN_S = 0.05


def new_id(what: str) -> str:
    """A new id of a channel or bridge, by which it is known as ours. `what`: such as channel."""
    return f"{OURS}{what}-{uuid.uuid4()}"


class AriLeg:
    """`started`: where the StasisStart of our own channels comes in. `channel`: the caller's, or the one we dial."""

    def __init__(self, operations: Operations, way: MediaWay, started: Expected[None], app: str, channel: str) -> None:
        self.operations = operations
        self.app = app
        self.channel = channel
        self.media = new_id("media")
        self.bridge = new_id(f"{BRIDGE}{app}")
        self.way = way
        self.line: AriLine | None = None
        self.on_gone: Callable[[int], None] = lambda cause: None
        """Told once that the other side, or Asterisk, has ended the call, with the cause."""
        self.gone = False
        """The channel is no longer ours: it was hung up, or goes on in the dialplan."""
        self.cause = 0
        """Why it was hung up, by Q.850."""
        self.passed_on = False
        """The channel goes on in the dialplan, by our will."""
        self.over = asyncio.Event()
        """It is closed."""
        self._started = started
        self._media_line: PhoneLine | None = None
        self._made: set[str] = set()
        """What is to be cleared away: "media", "bridge"."""
        self._closed = False

    async def connect(self, answer: Callable[[], Awaitable[None]]) -> AriLine:
        """Connect the sound. `answer` is awaited when all else is ready: it answers the call, or waits until the other
        side has. Raises AriError; the leg is then to be closed."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._make_bridge())
                group.create_task(self._make_media())
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        self._check()
        await answer()
        self._check()
        await self._add()
        assert self._media_line is not None
        self.line = AriLine(self._media_line, self.operations, self.channel)
        self._check()
        return self.line

    def _check(self) -> None:
        if self.gone:
            raise AriError("the other side has hung up", 404)

    async def _make_bridge(self) -> None:
        self._made.add("bridge")
        await self.operations.make_bridge(self.bridge)

    async def _make_media(self) -> None:
        self._made.add("media")
        with self._started.expect(self.media) as started:
            self._media_line = await self.way.connect(self.operations, self.app, self.media)
            try:
                async with asyncio.timeout(STARTED_S):
                    await started
            except TimeoutError:
                raise AriError("Asterisk made a channel for the sound, and never gave it to the application") from None

    async def _add(self) -> None:
        """Both channels into the bridge. Asterisk may need a moment more, although it has announced them."""
        for each in range(ADD_TRIES):
            try:
                await self.operations.add(self.bridge, (self.channel, self.media))
                return
            except AriError as error:
                if error.status != 422 or each == ADD_TRIES - 1 or self.gone:
                    raise
            await asyncio.sleep(ADD_AGAIN_S * (each + 1))

    def ended(self, cause: int) -> None:
        """The channel was hung up, or is not ours any more."""
        if not self.gone:
            self.gone = True
            self.cause = cause
            if not self._closed:
                self.on_gone(cause)

    async def close(self, reason: str = "normal") -> None:
        """Hang up, and clear away what was made. Safe to call twice. Raises nothing: what Asterisk does not do now is
        found among the orphans."""
        if self._closed:
            return
        self._closed = True
        self.on_gone = lambda cause: None
        try:
            await self._clear(reason)
        finally:
            self.over.set()

    async def _clear(self, reason: str) -> None:
        line = self.line or self._media_line
        if line is not None:
            await line.aclose()
        if not self.gone:
            await self._try(self.operations.hang_up(self.channel, reason))
        if "media" in self._made:
            await self._try(self.operations.hang_up(self.media))
        if "bridge" in self._made:
            await self._try(self.operations.end_bridge(self.bridge))

    async def _try(self, request: Awaitable[None]) -> None:
        try:
            await request
        except AriError as error:
            log.warning("a call could not be cleared away at once: %s", error)
