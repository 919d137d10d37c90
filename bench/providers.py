#!/usr/bin/env python3
"""What Voi's client of a cloud voice adds to the service's own time until the first sound.

    PYTHONPATH=. .venv/bin/python bench/providers.py                 # 50 callers at once, each provider
    PYTHONPATH=. .venv/bin/python bench/providers.py --callers 1

A fake service, in a process of its own, answers each text at once. Callers ask for a reply of two sentences every 200
ms, in turn through Voi's engine and through the barest client of the same protocol, with a WebSocket for each caller.
The difference of the two is what Voi adds.
"""

import argparse
import asyncio
import multiprocessing
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from multiprocessing.connection import Connection
from typing import Any

import aiohttp
import orjson
import uvloop
from tests.fakes.cloud_voices import KEY, CartesiaService, ElevenLabsService, VoiceService, serve
from voi.engines.base import VoiceSpec
from voi.engines.tts.adapter import TtsAdapter
from voi.engines.tts.cloud.cartesia import Cartesia
from voi.engines.tts.cloud.elevenlabs import ElevenLabs

TEXTS = ("Good morning to you.", "How may I help you today?")
PAUSE_S = 0.2
SERVICES: dict[str, tuple[type[VoiceService], Any]] = {
    "cartesia": (CartesiaService, Cartesia),
    "elevenlabs": (ElevenLabsService, ElevenLabs),
}


def run_service(kind: str, pipe: Connection) -> None:
    async def main() -> None:
        async with serve(SERVICES[kind][0]()) as url:
            pipe.send(url)
            await asyncio.to_thread(pipe.recv)

    uvloop.run(main())


async def texts() -> AsyncIterator[str]:
    for text in TEXTS:
        yield text


async def through_voi(tts: TtsAdapter) -> float:
    """Seconds until the first sound of a reply."""
    begun_s = time.perf_counter()
    speech = tts.speak(texts(), VoiceSpec())
    await anext(speech)
    took_s = time.perf_counter() - begun_s
    async for _ in speech:
        pass
    return took_s


async def barely(kind: str, socket: aiohttp.ClientWebSocketResponse, number: int) -> float:
    context = f"bare{number}"
    begun_s = time.perf_counter()
    if kind == "cartesia":
        fields = {"context_id": context, "model_id": "m", "voice": {"mode": "id", "id": "x"}}
        for text in TEXTS:
            await socket.send_str(orjson.dumps({**fields, "transcript": f"{text} ", "continue": True}).decode())
        last = orjson.dumps({**fields, "transcript": "", "continue": False}).decode()
    else:
        await socket.send_str(orjson.dumps({"text": " ", "context_id": context}).decode())
        for text in TEXTS:
            await socket.send_str(orjson.dumps({"text": f"{text} ", "context_id": context, "flush": True}).decode())
        last = orjson.dumps({"context_id": context, "close_context": True}).decode()
    await socket.send_str(last)
    took_s = 0.0
    while True:
        told = orjson.loads((await socket.receive()).data)
        if not took_s and (told.get("type") == "chunk" or told.get("audio")):
            took_s = time.perf_counter() - begun_s
        if told.get("type") == "done" or told.get("isFinal"):
            return took_s


async def round_of(callers: int, turns: int, turn: Callable[[int], Awaitable[float]]) -> list[float]:
    async def caller(number: int) -> list[float]:
        await asyncio.sleep(PAUSE_S * number / callers)
        took_s = []
        for count in range(turns):
            took_s.append(await turn(number * turns + count))
            await asyncio.sleep(PAUSE_S)
        return took_s

    return [each for some in await asyncio.gather(*map(caller, range(callers))) for each in some]


async def measure(kind: str, url: str, callers: int, turns: int, rounds: int) -> None:
    engine = SERVICES[kind][1](api_key=KEY, url=url)
    await engine.warm_up()
    tts = TtsAdapter(engine)
    header = SERVICES[kind][0].key_header
    ours: list[float] = []
    bare: list[float] = []
    async with aiohttp.ClientSession(headers={header: KEY}) as http:
        sockets = [await http.ws_connect(url.replace("http", "ws", 1)) for _ in range(callers)]
        start = 0
        for _ in range(rounds):
            ours += await round_of(callers, turns, lambda _: through_voi(tts))
            first = start
            bare += await round_of(
                callers, turns, lambda number, first=first: barely(kind, sockets[number // turns], first + number)
            )
            start += callers * turns
        for socket in sockets:
            await socket.close()
    await engine.close()
    figures = [(name, *percentiles(took_s)) for name, took_s in (("voi", ours), ("bare", bare))]
    for name, median_ms, p95_ms in figures:
        print(f"{kind:12} {name:5} {callers} callers: first sound p50 {median_ms:.1f} ms, p95 {p95_ms:.1f} ms")
    added = [figures[0][n] - figures[1][n] for n in (1, 2)]
    print(f"{kind:12} added            p50 {added[0]:.1f} ms, p95 {added[1]:.1f} ms")


def percentiles(took_s: list[float]) -> tuple[float, float]:
    return 1_000 * statistics.median(took_s), 1_000 * statistics.quantiles(took_s, n=20)[-1]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--callers", type=int, default=50)
    arguments.add_argument("--turns", type=int, default=8)
    arguments.add_argument("--rounds", type=int, default=3)
    chosen = arguments.parse_args()
    context = multiprocessing.get_context("spawn")
    for kind in SERVICES:
        here, there = context.Pipe()
        service = context.Process(target=run_service, args=(kind, there), daemon=True)
        service.start()
        uvloop.run(measure(kind, here.recv(), chosen.callers, chosen.turns, chosen.rounds))
        here.send("end")
        service.join()


if __name__ == "__main__":
    main()
