"""A door that nobody planned for: raw PCM over TCP. A caller sends a line `TOKEN AGENT`, then s16le mono at 16 kHz, and
gets s16le mono at 24 kHz. A caller whose connection breaks can call again with a token of the same person, and is in
the same conversation. Under 150 lines, and nothing in Voi knows of it.
"""

import asyncio
import logging
from weakref import WeakValueDictionary

from voi.calls.admission import Refused
from voi.calls.call import Call
from voi.calls.intake import open_intake
from voi.core.options import CallOptions
from voi.errors import ClientError
from voi.session.events import DoorEvent, Ended, Sound
from voi.tasks import Tasks
from voi.transports.listeners import DoorServices

HEAD_TIMEOUT_S = 5.0
HEAD_LIMIT_BYTES = 8_192
READ_BYTES = 3_200
INPUT_RATE_HZ = 16_000
COME_BACK_S = 30.0
"""How long a call waits for a caller whose connection broke."""

log = logging.getLogger(__name__)


class RawPcmDoor:
    """`Door` for one caller."""

    name = "raw_pcm"
    kind = "app"
    output_rate_hz = 24_000

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.ended: Ended | None = None

    @property
    def backlog_bytes(self) -> int:
        return self._writer.transport.get_write_buffer_size()

    def tell(self, event: DoorEvent) -> None:
        if self._writer.is_closing():
            return
        if isinstance(event, Sound):
            self._writer.write(event.pcm)
        elif isinstance(event, Ended):
            self.ended = event
            self._writer.close()

    async def aclose(self) -> None:
        self._writer.close()


class RawPcmListener:
    """`Listener`."""

    def __init__(self, services: DoorServices, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._services = services
        self._place = host, port
        self._tasks = Tasks()
        self._lost: WeakValueDictionary[tuple[str, str], Call] = WeakValueDictionary()
        """By app and person, the calls whose connection broke."""
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._met, *self._place, limit=HEAD_LIMIT_BYTES)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._tasks.close()

    def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.start(self._serve(reader, writer), "raw PCM caller")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        door = RawPcmDoor(writer)
        call: Call | None = None
        wait_s = 0.0
        try:
            async with asyncio.timeout(HEAD_TIMEOUT_S):
                token, agent_name = (await reader.readline()).decode("utf-8", "replace").split()
            claims = self._services.authenticate(token)
            whose = claims.app, claims.person
            before = self._lost.pop(whose, None)
            if before is not None and before.session is not None and not before.ending:
                before.attach(door)
                call, session = before, before.session
            else:
                call = self._services.calls.admit(claims.app, "raw PCM", door, person=claims.person)
                session = call.open(agent_name, None, CallOptions(mode="call", input_rate_hz=INPUT_RATE_HZ))
                call.start()
            intake = open_intake(None, INPUT_RATE_HZ, session.hear, log.info, self._tasks)
            try:
                while pcm := await reader.read(READ_BYTES):
                    intake.sound(pcm)
            except ConnectionError:
                if claims.person:
                    self._lost[whose], wait_s = call, COME_BACK_S
        except (ClientError, Refused, ValueError, TimeoutError, ConnectionError) as error:
            if call is not None and not call.started:
                call.fail(error)
        finally:
            if call is not None:
                call.detach(door, wait_s)
            writer.close()
