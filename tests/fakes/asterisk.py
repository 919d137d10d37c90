"""An Asterisk that behaves as Asterisk 22 does, over real sockets: its REST interface and events, bridges, and the
three ways for sound. It misbehaves when told to. Written from Asterisk's documentation, without a line of Voi's own."""

import asyncio
import base64
import contextlib
import itertools
import json
import random
import socket
import struct
import time
import uuid
from collections import deque
from collections.abc import Callable
from typing import Any, Self

import aiohttp
from aiohttp import web

from voi.audio import g711

USER, PASSWORD = "voi", "secret"
FRAME_S = 0.02
APP = "voi"
OPERATIONS = ("asterisk", "info", "modules", "applications", "channels", "bridges", "addChannel", "externalMedia",
              "answer", "dtmf", "variable", "continue", "redirect")  # fmt: skip


class FakeChannel:
    """A channel. `heard`: what the person at it hears, as s16le, with the time of each frame."""

    def __init__(self, pbx: "FakeAsterisk", channel_id: str, exten: str = "200", caller: str = "") -> None:
        self.pbx, self.id, self.exten, self.caller = pbx, channel_id, exten, caller
        self.state, self.in_stasis, self.alive = "Ring", False, True
        self.app = APP
        self.vars: dict[str, str] = {}
        self.bridge: str | None = None
        self.heard: list[tuple[float, bytes]] = []
        self.keys = ""
        self.reason: str | None = None
        self.went_on: dict[str, str] | None = None
        self.media: FakeMedia | None = None
        self._speech = bytearray()

    def json(self) -> dict[str, Any]:
        return {"id": self.id, "name": f"PJSIP/{self.id}", "state": self.state, "protocol_id": "",
                "caller": {"name": "", "number": self.caller}, "connected": {"name": "", "number": ""},
                "accountcode": "", "dialplan": {"context": "default", "exten": self.exten, "priority": 2},
                "creationtime": "2026-01-01T00:00:00.000+0000", "language": "en"}  # fmt: skip

    def speak(self, pcm: bytes) -> None:
        """The person says that (s16le at the media's rate), in real time."""
        self._speech += pcm

    def next_spoken(self, size: int) -> bytes:
        pcm = bytes(self._speech[:size])
        del self._speech[:size]
        return pcm.ljust(size, b"\0")

    @property
    def sound(self) -> bytes:
        return b"".join(pcm for _, pcm in self.heard)

    def hang_up(self, cause: int = 16) -> None:
        self.pbx.event("ChannelHangupRequest", channel=self.json(), cause=cause)
        self.pbx.end(self, cause)

    def press(self, digit: str) -> None:
        self.pbx.event("ChannelDtmfReceived", channel=self.json(), digit=digit, duration_ms=100)


class FakeMedia:
    """The channel that carries sound to the client. `peer`: whose sound it is."""

    form = "slin"
    write: Callable[[bytes], None]
    write_raw: Callable[[bytes], None]
    """AudioSocket alone: bytes as they are, instead of sound."""

    def __init__(self, channel: FakeChannel, form: str) -> None:
        self.channel, self.form = channel, form
        self.rate_hz = 16_000 if form in ("slin16", "g722") else 8_000
        self.queue: deque[bytes | str] = deque()
        self.flushed = 0
        self.say: Callable[[str], None] = lambda text: None
        self.close: Callable[[], None] = lambda: None
        self.marks = True

    @property
    def frame_bytes(self) -> int:
        """Of PCM."""
        return self.rate_hz // 50 * 2

    def encode(self, pcm: bytes) -> bytes:
        return g711.encode(pcm, self.form) if self.form in ("ulaw", "alaw") else pcm  # type: ignore[arg-type]

    def decode(self, raw: bytes) -> bytes:
        return g711.decode(raw, self.form) if self.form in ("ulaw", "alaw") else raw  # type: ignore[arg-type]

    def peer(self) -> FakeChannel | None:
        pbx = self.channel.pbx
        members = pbx.bridges.get(self.channel.bridge or "", set())
        others = [pbx.channels[each] for each in members if each != self.channel.id and each in pbx.channels]
        return others[0] if others else None

    def hear_now(self, pcm: bytes) -> None:
        """As RTP and AudioSocket do: what comes is played at once."""
        if (peer := self.peer()) is not None:
            peer.heard.append((time.monotonic(), pcm))

    def command(self, text: str) -> None:
        said = json.loads(text)
        match said["command"]:
            case "MARK_MEDIA":
                if self.marks:
                    self.queue.append(said["correlation_id"])
            case "FLUSH_MEDIA":
                self.flushed += 1
                self.queue.clear()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        next_s = loop.time()
        while self.channel.alive:
            peer = self.peer()
            if peer is not None:
                self.write(self.encode(peer.next_spoken(self.frame_bytes)))
            while self.queue and isinstance(self.queue[0], str):
                self.say(json.dumps({"event": "MEDIA_MARK_PROCESSED", "channel_id": self.channel.id,
                                     "correlation_id": self.queue.popleft()}))  # fmt: skip
            if self.queue:
                frame = self.queue.popleft()
                assert isinstance(frame, bytes)
                self.hear_now(self.decode(frame))
            next_s += FRAME_S
            await asyncio.sleep(max(0.0, next_s - loop.time()))


class FakeAsterisk:
    """Use it with `async with`. `asked`: method and path of each request."""

    def __init__(self, version: str = "22.10.1", modules: tuple[str, ...] = ("chan_websocket.so",)) -> None:
        self.version, self.modules = version, modules
        self.channels: dict[str, FakeChannel] = {}
        self.bridges: dict[str, set[str]] = {}
        self.asked: list[str] = []
        self.originated: list[dict[str, str]] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.apps: list[str] = []
        self.client_url = ""
        """The uri of the connection in websocket_client.conf."""
        self.slow_s = 0.0
        self.twice = False
        """Each event comes twice."""
        self.disorder_s = 0.0
        """Each event is held back for up to this long by chance, so that they come in any order."""
        self.late_start_s = 0.0
        self.refuse: dict[str, int] = {}
        """Statuses by operation: the method and the last part of the path that is no id."""
        self.slow: dict[str, float] = {}
        """Seconds before an operation is carried out, beside `slow_s` for all."""
        self.on_asked: Callable[[str], None] = lambda operation: None
        """Told each operation before it is carried out."""
        self._chance = random.Random(7)
        self._numbers = itertools.count()
        self.port = 0
        self._runner: web.AppRunner | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._media_waiting: dict[str, FakeMedia] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/ari/events", self._events)
        app.router.add_get("/media/{id}", self._media_in)
        app.router.add_route("*", "/ari/{rest:.*}", self._rest)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for channel in list(self.channels.values()):
            channel.alive = False
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        assert self._runner is not None
        await self._runner.cleanup()

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ---- events -------------------------------------------------------------------------------------

    def event(self, kind: str, **more: Any) -> None:
        event = {"type": kind, "application": APP, "asterisk_id": "x", "timestamp": "2026-01-01T00:00:00Z", **more}
        for _ in range(2 if self.twice else 1):
            self.raw(json.dumps(event))

    def raw(self, text: str) -> None:
        for each in self.sockets:
            self._start(self._tell(each, text))

    async def _tell(self, socket_: web.WebSocketResponse, text: str) -> None:
        if self.disorder_s:
            await asyncio.sleep(self._chance.random() * self.disorder_s)
        with contextlib.suppress(ConnectionError):
            await socket_.send_str(text)

    async def _events(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("ari",))
        await socket.prepare(request)
        assert "api_key" not in request.query
        self.apps = request.query["app"].split(",")
        self.sockets.append(socket)
        async for _ in socket:
            pass
        self.sockets.remove(socket)
        return socket

    async def drop_events(self) -> None:
        for each in list(self.sockets):
            await each.close()

    def ring(self, exten: str = "200", caller: str = "+4915112345678", args: tuple[str, ...] = ()) -> FakeChannel:
        """Somebody calls, and the dialplan gives the call to Stasis()."""
        channel = FakeChannel(self, f"{time.time():.3f}.{next(self._numbers)}", exten, caller)
        self.channels[channel.id] = channel
        channel.in_stasis = True
        self.event("StasisStart", channel=channel.json(), args=list(args))
        return channel

    def end(self, channel: FakeChannel, cause: int = 16) -> None:
        if not channel.alive:
            return
        channel.alive = False
        if channel.in_stasis:
            self.event("StasisEnd", channel=channel.json())
        self.event("ChannelDestroyed", channel=channel.json(), cause=cause, cause_txt="")
        self.channels.pop(channel.id, None)
        for members in self.bridges.values():
            members.discard(channel.id)
        if channel.media is not None:
            channel.media.close()

    def _enter(self, channel: FakeChannel) -> None:
        async def later() -> None:
            await asyncio.sleep(self.late_start_s)
            if channel.alive:
                channel.in_stasis, channel.state = True, "Up"
                self.event("StasisStart", application=channel.app, channel=channel.json(), args=[])

        self._start(later())

    # ---- REST ---------------------------------------------------------------------------------------

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        right = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.path.startswith("/ari") and request.headers.get("Authorization") != f"Basic {right}":
            return web.json_response({"message": "Authentication required"}, status=401)
        return await handler(request)  # type: ignore[no-any-return]

    async def _rest(self, request: web.Request) -> web.Response:
        parts = request.path.removeprefix("/ari/").split("/")
        self.asked.append(f"{request.method} {'/'.join(parts)}")
        operation = f"{request.method} {next(each for each in reversed(parts) if each in OPERATIONS)}"
        await asyncio.sleep(self.slow_s + self.slow.get(operation, 0.0))
        self.on_asked(operation)
        if status := self.refuse.get(operation):
            return self._no(status)
        query = dict(request.query)
        match request.method, *parts:
            case "GET", "asterisk", "info":
                return web.json_response({"system": {"version": self.version, "entity_id": "x"}})
            case "GET", "asterisk", "modules", name:
                if name not in self.modules:
                    return self._no(404)
                return web.json_response({"name": name, "status": "Running"})
            case "GET", "applications", app:
                ids = [each.id for each in self.channels.values() if each.in_stasis or each.media]
                return web.json_response({"name": app, "channel_ids": ids, "bridge_ids": []})
            case "GET", "channels":
                return web.json_response([each.json() for each in self.channels.values()])
            case "GET", "bridges":
                return web.json_response([{"id": each} for each in self.bridges])
            case "POST", "bridges":
                assert "dtmf_events" in query["type"]
                self.bridges[query["bridgeId"]] = set()
                return web.json_response({"id": query["bridgeId"]})
            case "DELETE", "bridges", bridge:
                return self._no(404) if self.bridges.pop(bridge, None) is None else web.Response(status=204)
            case "POST", "bridges", bridge, "addChannel":
                return self._add(bridge, query["channel"].split(","))
            case "POST", "channels", "externalMedia":
                return await self._external(query)
            case "POST", "channels":
                return self._originate(query)
            case method, "channels", channel_id, *rest:
                channel = self.channels.get(channel_id)
                return self._no(404) if channel is None else self._of_channel(channel, method, rest, query)
        return self._no(404)

    def _no(self, status: int) -> web.Response:
        return web.json_response({"message": "no"}, status=status)

    def _add(self, bridge: str, ids: list[str]) -> web.Response:
        if bridge not in self.bridges or any(each not in self.channels for each in ids):
            return self._no(404 if bridge not in self.bridges else 400)
        if not all(self.channels[each].in_stasis for each in ids):
            return self._no(422)
        for each in ids:
            self.bridges[bridge].add(each)
            self.channels[each].bridge = bridge
        return web.Response(status=204)

    def _of_channel(self, channel: FakeChannel, method: str, rest: list[str], query: dict[str, str]) -> web.Response:
        match method, *rest:
            case ("DELETE",):
                channel.reason = query.get("reason")
                self.end(channel)
            case "POST", "answer":
                channel.state = "Up"
            case "POST", "dtmf":
                channel.keys += query["dtmf"]
            case "POST", "variable":
                channel.vars[query["variable"]] = query["value"]
            case "GET", "variable":
                if query["variable"] not in channel.vars:
                    return self._no(404)
                return web.json_response({"value": channel.vars[query["variable"]]})
            case "POST", ("continue" | "redirect") as how:
                channel.went_on = query
                if how == "continue":
                    channel.in_stasis = False
                    self.event("StasisEnd", channel=channel.json())
            case _:
                return self._no(404)
        return web.Response(status=204)

    def _originate(self, query: dict[str, str]) -> web.Response:
        self.originated.append(query)
        channel = FakeChannel(self, query["channelId"], "")
        channel.state, channel.app = "Down", query["app"]
        self.channels[channel.id] = channel
        if query["endpoint"].startswith("Local/"):  # a dialplan that answers at once
            self._enter(channel)
        return web.json_response(channel.json())

    def rings(self, channel: FakeChannel) -> None:
        channel.state = "Ringing"
        self.event("ChannelStateChange", channel=channel.json())
        self.event("Dial", peer=channel.json(), dialstatus="RINGING")

    def answers(self, channel: FakeChannel) -> None:
        self._enter(channel)

    # ---- media --------------------------------------------------------------------------------------

    async def _external(self, query: dict[str, str]) -> web.Response:
        channel = FakeChannel(self, query["channelId"], "")
        channel.app = query["app"]
        media = channel.media = FakeMedia(channel, query["format"])
        how = query["encapsulation"], query["transport"]
        if how == ("rtp", "udp"):
            await self._rtp(channel, media, query["external_host"])
        elif how == ("audiosocket", "tcp"):
            if not await self._audiosocket(channel, media, query["external_host"], uuid.UUID(query["data"])):
                return self._no(500)
        elif query["connection_type"] == "server":
            channel.vars["MEDIA_WEBSOCKET_CONNECTION_ID"] = connection_id = str(uuid.uuid4())
            self._media_waiting[connection_id] = media
        else:
            self._start(self._media_out(media, query["transport_data"]))
        self.channels[channel.id] = channel
        if how[1] != "websocket":
            self._enter(channel)
            self._start(media.run())
        return web.json_response({**channel.json(), "channelvars": channel.vars})

    async def _rtp(self, channel: FakeChannel, media: FakeMedia, host: str) -> None:
        address, _, port = host.rpartition(":")
        there = (address, int(port))
        ours = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        ours.bind(("127.0.0.1", 0))
        ours.setblocking(False)
        loop = asyncio.get_running_loop()
        loop.add_reader(ours.fileno(), lambda: media.hear_now(media.decode(ours.recv(2048)[12:])))
        count = 0

        def write(raw: bytes) -> None:
            nonlocal count
            count += 1
            kind = {"ulaw": 0, "alaw": 8}[media.form]
            ours.sendto(struct.pack("!BBHII", 0x80, kind, count & 0xFFFF, count * 160, 7) + raw, there)

        def close() -> None:
            loop.remove_reader(ours.fileno())
            ours.close()

        media.write, media.close = write, close
        channel.vars["UNICASTRTP_LOCAL_ADDRESS"] = "127.0.0.1"
        channel.vars["UNICASTRTP_LOCAL_PORT"] = str(ours.getsockname()[1])

    async def _audiosocket(self, channel: FakeChannel, media: FakeMedia, host: str, key: uuid.UUID) -> bool:
        address, _, port = host.rpartition(":")
        try:
            reader, writer = await asyncio.open_connection(address, int(port))
        except OSError:
            return False
        writer.write(b"\x01\x00\x10" + key.bytes)
        kind = {"slin": 0x10, "slin16": 0x12}[media.form]
        media.write = lambda raw: writer.write(struct.pack("!BH", kind, len(raw)) + raw)
        media.write_raw, media.close = writer.write, writer.close

        async def read() -> None:
            try:
                while True:
                    what, size = struct.unpack("!BH", await reader.readexactly(3))
                    payload = await reader.readexactly(size)
                    if what == 0:
                        break
                    assert what == kind, what
                    media.hear_now(payload)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            self.end(channel)

        self._start(read())
        return True

    def _begin(self, media: FakeMedia, socket: Any) -> None:
        channel = media.channel
        media.write = lambda raw: self._start(socket.send_bytes(raw))
        media.say = lambda text: self._start(socket.send_str(text))
        media.close = lambda: self._start(socket.close())
        media.say(json.dumps({"event": "MEDIA_START", "connection_id": "c", "channel": channel.id,
                              "channel_id": channel.id, "format": media.form, "ptime": 20,
                              "optimal_frame_size": len(media.encode(bytes(media.frame_bytes)))}))  # fmt: skip
        self._enter(channel)
        self._start(media.run())

    async def _listen(self, media: FakeMedia, socket: Any) -> None:
        size = len(media.encode(bytes(media.frame_bytes)))
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                media.command(message.data)
            elif message.type is aiohttp.WSMsgType.BINARY:
                assert len(message.data) % size == 0, "odd lengths lose sound"
                media.queue += [message.data[at : at + size] for at in range(0, len(message.data), size)]
        self.end(media.channel)

    async def _media_in(self, request: web.Request) -> web.StreamResponse:
        media = self._media_waiting.pop(request.match_info["id"], None)
        if media is None or "media" not in request.headers.get("Sec-WebSocket-Protocol", ""):
            return self._no(404)
        socket = web.WebSocketResponse(protocols=("media",))
        await socket.prepare(request)
        self._begin(media, socket)
        await self._listen(media, socket)
        return socket

    async def _media_out(self, media: FakeMedia, data: str) -> None:
        query = data.partition("v(")[2].partition(")")[0]
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{self.client_url}?{query}", protocols=("media",)) as socket,
        ):
            self._begin(media, socket)
            await self._listen(media, socket)
