"""What the chaos run does to a server, and the callers beside it. `bench/chaos.py` starts it."""

import asyncio
import contextlib
import json
import os
import random
import secrets
import signal
import socket
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
from aiohttp import web
from tests.deploy.caddy import Caddy
from tests.fuzz.mutate import mutated
from tests.fuzz.targets import MESSAGES
from voi.client import AudioEvent, ErrorEvent, ResumedEvent, VoiClient
from voi.errors import ClientError
from voi.transports.voi_ws import wire

from common import config as C
from common import system

ASSETS = Path(__file__).resolve().parent / "assets"
FRAME_S = C.FRAME_MS / 1000
TURN_LIMIT_S = 8.0
"""A healthy caller's answer must have begun by then."""
QUIET_S = 1.2
"""No more sound for so long: the answer is over."""
VICTIM_LIMIT_S = 45.0
CALM_S = 10.0
"""Healthy callers talk this long before anything is done to the server."""
RECORDINGS_MB, STORE_MB = 8, 64
SILENT = 1_000
STEPS = "steps"
"""The mortal voice writes its process id there, for each step that it computes."""
LONG_TEXT = "This takes so long to say that its voice can be killed in the middle of it. " * 3
REPLY = ("Sure,", "I", "can", "help", "you", "out", "with", "that.", "We", "open", "at", "nine.")
ENGINE_FAULTS = ("raise", "break", "hang", "slow")
LLM_FAULTS = ("500", "429", "401", "hang", "slow", "stall", "garbage", "cut")


class FakeLlm:
    """An OpenAI-format server that misbehaves as `fault` says."""

    def __init__(self) -> None:
        self.fault = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        with contextlib.suppress(ConnectionError):  # Voi lost patience
            return await self._answer(request, response)
        return response

    async def _answer(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        fault = self.fault
        if fault.isdigit():
            return web.json_response({"error": {"message": "chaos"}}, status=int(fault))
        if fault == "hang":
            await asyncio.sleep(VICTIM_LIMIT_S)
        if fault == "slow":
            await asyncio.sleep(3.0)
        await response.prepare(request)
        for number, word in enumerate(
            ["Sure,", "I", "can", "help", "you", "out", "with", "that.", "We", "open", "at", "nine."]
        ):
            if number == 5 and fault in ("stall", "cut"):
                if fault == "cut":
                    if request.transport is not None:  # Voi has not left before
                        request.transport.abort()
                    return response
                await asyncio.sleep(VICTIM_LIMIT_S)
            data = b"\xff\x00{{" if fault == "garbage" else json.dumps(
                {"choices": [{"index": 0, "delta": {"content": word + " "}}]}
            ).encode()  # fmt: skip
            await response.write(b"data: " + data + b"\n\n")
            await asyncio.sleep(0.02)
        await response.write(b"data: [DONE]\n\n")
        return response


class Chaos:
    def __init__(self, folder: Path, seed: int, port: int) -> None:
        self.folder, self.port = folder, port
        self.caddy: Caddy | None = None
        """In front of the server for every second of the healthy callers; None: it is not installed."""
        self.random = random.Random(seed)
        self.llm = FakeLlm()
        self.token = ""
        self.pid = 0
        self.over = False
        self.done: Counter[str] = Counter()
        """What was done to the server, and what became of victims."""
        self.turns_s: list[float] = []
        self.calm_p95_s: float | None = None
        self.lost: list[str] = []
        self.killed_engines = self.engines_back = self.caddy_reloads = 0
        self.utterance = (ASSETS / "utterance.s16").read_bytes()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    # ---- callers ----------------------------------------------------------------------------------------

    async def say(self, voi: VoiClient, pcm: bytes, quiet_s: float) -> None:
        """Speak in real time, then be quiet. It ends when the connection does."""
        with contextlib.suppress(ClientError):
            await self._say(voi, pcm, quiet_s)

    async def _say(self, voi: VoiClient, pcm: bytes, quiet_s: float) -> None:
        pcm += bytes(int(quiet_s / FRAME_S) * C.FRAME_BYTES)
        start = time.monotonic()
        for number, at in enumerate(range(0, len(pcm), C.FRAME_BYTES)):
            await asyncio.sleep(max(0.0, start + number * FRAME_S - time.monotonic()))
            await voi.send_audio(pcm[at : at + C.FRAME_BYTES])

    async def answered(self, voi: VoiClient, limit_s: float) -> tuple[float | None, list[str]]:
        """When the answer began, and the errors that were told. It returns when the answer is over."""
        first_s, errors = None, []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s) as limit:
                async for event in voi:
                    match event:
                        case AudioEvent():
                            first_s = first_s or time.monotonic()
                            limit.reschedule(asyncio.get_running_loop().time() + QUIET_S)
                        case ErrorEvent(error):
                            errors.append(error)
                        case ResumedEvent():
                            self.done["clients came back"] += 1
        return first_s, errors

    async def healthy(self, number: int) -> None:
        while not self.over:
            try:
                async with self.healthy_call(number) as voi:
                    for _ in range(self.random.randint(1, 4)):
                        await self.healthy_turn(voi, number)
                        if self.over:
                            return
            except ClientError as error:
                self.lost.append(f"caller {number}: {error}")
                await asyncio.sleep(1)

    def healthy_call(self, number: int) -> contextlib.AbstractAsyncContextManager[VoiClient]:
        """Every second caller comes through Caddy, and comes back when a reload cuts the connection."""
        through = self.caddy if number % 2 else None
        url = through.address("/ws", "wss") if through else self.url
        return VoiClient.connect(
            url, token=self.token, agent_name="healthy", mode="call", init_greeting=False,
            insecure=through is not None, resume=through is not None,
        )  # fmt: skip

    async def healthy_turn(self, voi: VoiClient, number: int) -> None:
        ended_s = time.monotonic() + len(self.utterance) / C.FRAME_BYTES * FRAME_S
        speaking = asyncio.create_task(self.say(voi, self.utterance, 3.0))
        try:
            first_s, errors = await self.answered(voi, TURN_LIMIT_S)
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
        if first_s is None or errors:
            self.lost.append(f"caller {number}: no answer, {errors or 'nothing was told'}, close code {voi.close_code}")
        else:
            self.turns_s.append(first_s - ended_s)

    # ---- what is done to the server ---------------------------------------------------------------------

    async def victim(self) -> None:
        """A caller whose engines fail: answered, or told of it."""
        async with VoiClient.connect(self.url, token=self.token, agent_name="victim", mode="call") as voi:
            speaking = asyncio.create_task(self.say(voi, self.utterance, 10.0))
            first_s, errors = await self.answered(voi, VICTIM_LIMIT_S)
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
            self.done[
                "victims heard something" if first_s else "victims were told" if errors else "victims got nothing"
            ] += 1

    async def killed(self) -> None:
        """A client that vanishes in mid-word."""
        async with VoiClient.connect(self.url, token=self.token, agent_name="victim", mode="call") as voi:
            await self.say(voi, self.utterance[: self.random.randrange(len(self.utterance))], 0)
            voi._socket._response.connection.transport.abort()  # type: ignore[union-attr]

    async def cut(self) -> None:
        """A client whose socket is cut, and who comes back."""
        async with VoiClient.connect(self.url, token=self.token, agent_name="healthy", mode="call", resume=True) as voi:
            speaking = asyncio.create_task(self.say(voi, self.utterance, 6.0))
            cut = asyncio.create_task(self._cut(voi, self.random.uniform(0.2, 3.5)))
            first_s, _ = await self.answered(voi, 12.0)
            for task in (speaking, cut):
                task.cancel()
            await asyncio.gather(speaking, cut, return_exceptions=True)
            self.done["cut callers were answered" if first_s else "cut callers were not answered"] += 1

    async def _cut(self, voi: VoiClient, after_s: float) -> None:
        await asyncio.sleep(after_s)
        with contextlib.suppress(AttributeError):  # it was cut by something else already
            voi._socket._response.connection.transport.abort()  # type: ignore[union-attr]

    async def garbage(self) -> None:
        """Frames that no client sends."""
        async with aiohttp.ClientSession() as http, http.ws_connect(f"{self.url}?token={self.token}") as socket:
            if self.random.random() < 0.8:
                await socket.send_bytes(
                    wire.join({"type": "init", "agent_name": "healthy", "agent_config": None, "mode": "call"})
                )
            for _ in range(150):
                seed = wire.join(self.random.choice(MESSAGES), b"undefined")  # type: ignore[arg-type]
                await socket.send_bytes(mutated(seed, self.random))
            await socket.close()

    async def raw(self) -> None:
        """Bytes that are no HTTP, and requests that are cut off."""
        for _ in range(20):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            head = f"GET /ws?token={self.token} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n".encode()
            writer.write(mutated(head + self.random.randbytes(self.random.randrange(200)), self.random))
            await writer.drain()
            writer.close()
            del reader

    async def silent(self) -> None:
        """Connections that say nothing, from many addresses."""
        sockets = []
        try:
            for number in range(SILENT):
                here = (f"127.0.1.{number % 50 + 1}", 0)
                sockets.append(await asyncio.open_connection("127.0.0.1", self.port, local_addr=here))
            await asyncio.sleep(self.random.uniform(1, 6))
        finally:
            for _, writer in sockets:
                writer.close()

    async def deaf(self) -> None:
        """A client that asks for much and reads nothing."""
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.setblocking(False)
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", self.port))
        _, writer = await asyncio.open_connection(sock=raw)
        key = secrets.token_urlsafe(16)
        writer.write(
            f"GET /ws?token={self.token} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        await asyncio.sleep(self.random.uniform(3, 12))
        writer.transport.abort()

    async def hostile_agent(self) -> None:
        """An agent of a client's own that is as large and as wrong as it may be."""
        wrong = json.dumps({"llm_model": "echo", "examples": [{}] * 15_000, "vars": {"a": "x" * 20_000}})
        with contextlib.suppress(ClientError):
            async with VoiClient.connect(self.url, token=self.token, agent_name="", agent_config=wrong):
                pass

    async def engines(self) -> None:
        faults = {name: self.random.choice(ENGINE_FAULTS) for name in ("stt", "tts") if self.random.random() < 0.5}
        (self.folder / "faults.json").write_text(json.dumps(faults))
        await asyncio.sleep(self.random.uniform(2, 8))
        (self.folder / "faults.json").write_text("{}")

    async def engine_killed(self) -> None:
        """The process of a voice is killed while somebody hears it. It has to be heard again, without a new call."""
        async with VoiClient.connect(
            self.url, token=self.token, agent_name="mortal", mode="chat", init_greeting=False
        ) as voi:
            await self._type(voi, LONG_TEXT)
            if (await self._sound_within(voi, 10)) is None:
                self.done["voices that were killed before they were heard"] += 1
            pid = int((self.folder / STEPS).read_text().splitlines()[-1].split()[0])
            os.kill(pid, signal.SIGKILL)
            self.killed_engines += 1
            for _ in range(15):
                await asyncio.sleep(1)
                await self._type(voi, "Are you back?")
                if await self._sound_within(voi, 2) is not None and self._speaks(pid):
                    self.engines_back += 1
                    return

    def _speaks(self, before: int) -> bool:
        """Another process than that one has spoken last."""
        return int((self.folder / STEPS).read_text().splitlines()[-1].split()[0]) != before

    async def _type(self, voi: VoiClient, text: str) -> None:
        await voi.send_text(text)
        await voi.create_response()

    async def _sound_within(self, voi: VoiClient, seconds: float) -> AudioEvent | None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async for event in voi:
                    if isinstance(event, AudioEvent):
                        return event
        return None

    async def language_model(self) -> None:
        self.llm.fault = self.random.choice(LLM_FAULTS)
        await asyncio.sleep(self.random.uniform(2, 8))
        self.llm.fault = ""

    async def configuration(self) -> None:
        path = self.folder / "agents.json"
        good = path.read_text()
        path.write_bytes(mutated(good.encode(), self.random))
        try:
            await asyncio.sleep(self.random.uniform(1, 3))
        finally:
            path.write_text(good)

    async def hangup_signal(self) -> None:
        os.kill(self.pid, signal.SIGHUP)

    async def caddy_signal(self) -> None:
        """SIGHUP to Caddy, which must not end it, and the reload that its unit file does instead."""
        assert self.caddy is not None
        os.kill(self.caddy.pid, signal.SIGHUP)
        self.caddy_reloads += 1
        await self.caddy.reload(max_age_s=self.caddy_reloads)

    async def disk(self) -> None:
        await self._fill(self.folder / "recordings", RECORDINGS_MB, self.random.uniform(2, 6))

    async def _fill(self, disk: Path, mb: int, seconds: float) -> None:
        filler = disk / "filler"
        try:
            with contextlib.suppress(OSError):
                filler.write_bytes(bytes(mb * 1024 * 1024))
            await asyncio.sleep(seconds)
        finally:  # the run may end in between
            filler.unlink(missing_ok=True)

    async def store_locked(self) -> None:
        """Another program has the store's file for itself."""
        with contextlib.closing(sqlite3.connect(self.folder / "data" / "voi.db", timeout=5)) as database:
            database.execute("BEGIN EXCLUSIVE")
            await asyncio.sleep(self.random.uniform(1, 15))
            database.rollback()

    async def store_full(self) -> None:
        """The disk of the store is full."""
        await self._fill(self.folder / "data", STORE_MB, self.random.uniform(2, 10))

    async def monkey(self, act: Callable[[], Awaitable[None]], pause_s: float) -> None:
        """Do it again and again. Acts that the server refuses are part of the game."""
        name = getattr(act, "__name__", "?")
        while not self.over:
            await asyncio.sleep(self.random.expovariate(1 / pause_s))
            try:
                async with asyncio.timeout(VICTIM_LIMIT_S + 15):
                    await act()
                self.done[name] += 1
            except (ClientError, aiohttp.ClientError, OSError, TimeoutError, AttributeError, sqlite3.Error) as error:
                self.done[f"{name}: {type(error).__name__}"] += 1

    async def run(self, minutes: float, healthy: int) -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self.llm.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", C.LLM_PORT).start()
        acts: list[tuple[Callable[[], Awaitable[None]], float]] = [
            (self.victim, 3), (self.victim, 3), (self.killed, 3), (self.cut, 3), (self.garbage, 4), (self.raw, 4),
            (self.silent, 8), (self.deaf, 8), (self.hostile_agent, 6), (self.engines, 6),
            (self.engine_killed, 10), (self.language_model, 6),
            (self.configuration, 8), (self.hangup_signal, 8), (self.disk, 15),
            (self.store_locked, 12), (self.store_full, 15),
        ]  # fmt: skip
        if self.caddy is not None:
            acts.append((self.caddy_signal, 12))
        callers = [asyncio.create_task(self.healthy(number)) for number in range(healthy)]
        await asyncio.sleep(CALM_S)
        before, self.turns_s = self.turns_s, []
        self.calm_p95_s = system.percentile(before, 95)
        monkeys = [asyncio.create_task(self.monkey(act, pause_s)) for act, pause_s in acts]
        await asyncio.sleep(minutes * 60)
        self.over = True
        for task in monkeys:
            task.cancel()
        await asyncio.gather(*monkeys, return_exceptions=True)
        await asyncio.wait(callers, timeout=TURN_LIMIT_S + QUIET_S + 5)
        await runner.cleanup()
