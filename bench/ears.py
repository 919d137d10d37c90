#!/usr/bin/env python3
"""What Voi's client of a cloud ear adds to the service's own time, from the end of speech to the final text.

    PYTHONPATH=. .venv/bin/python bench/ears.py                 # 50 callers at once
    PYTHONPATH=. .venv/bin/python bench/ears.py --callers 1

A fake Deepgram, in a process of its own, answers at once. Callers speak for half a second, 32 ms at a time, and ask for
the final text, in turn through Voi's engine and through the barest client of the same protocol, with a WebSocket each.
The difference of the two is what Voi adds.
"""

import argparse
import asyncio
import multiprocessing
import statistics
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection

import aiohttp
import orjson
import uvloop
from tests.fakes.cloud_ears import WORDS, DeepgramService, serve, speech, windows
from tests.fakes.cloud_voices import KEY
from voi.engines.base import SttOptions
from voi.engines.stt.cloud.deepgram import Deepgram

SAID = WORDS[:2]  # too few for a text that is final by itself
HEARD = " ".join(SAID)
SOUND = list(windows(speech(*SAID)))
WINDOW_S = 0.032


def run_service(pipe: Connection) -> None:
    async def main() -> None:
        async with serve(DeepgramService()) as url:
            pipe.send(url)
            await asyncio.to_thread(pipe.recv)

    uvloop.run(main())


async def through_voi(engine: Deepgram) -> float:
    """Seconds from the end of speech to the final text."""
    stream = engine.open(SttOptions("en"), None)
    for window, _ in SOUND:
        stream.feed(window)
        await asyncio.sleep(WINDOW_S)
    begun_s = time.perf_counter()
    heard = await stream.flush()
    took_s = time.perf_counter() - begun_s
    stream.close()
    assert heard.text == HEARD, heard.text
    return took_s


async def barely(socket: aiohttp.ClientWebSocketResponse) -> float:
    for window, _ in SOUND:
        await socket.send_bytes(window)
        await asyncio.sleep(WINDOW_S)
    begun_s = time.perf_counter()
    await socket.send_str('{"type":"Finalize"}')
    while True:
        told = orjson.loads((await socket.receive()).data)
        if told.get("from_finalize"):
            return time.perf_counter() - begun_s


async def round_of(callers: int, turns: int, turn: Callable[[int], Awaitable[float]]) -> list[float]:
    async def caller(number: int) -> list[float]:
        await asyncio.sleep(WINDOW_S * number / callers)
        return [await turn(number) for _ in range(turns)]

    return [each for some in await asyncio.gather(*map(caller, range(callers))) for each in some]


async def measure(url: str, callers: int, turns: int, rounds: int) -> None:
    engine = Deepgram(api_key=KEY, url=url, language="en")
    ours: list[float] = []
    bare: list[float] = []
    await round_of(callers, 1, lambda _: through_voi(engine))  # connections are open from here on
    async with aiohttp.ClientSession(headers={"Authorization": f"Token {KEY}"}) as http:
        for _ in range(rounds):
            ours += await round_of(callers, turns, lambda _: through_voi(engine))
            sockets = [await http.ws_connect(url.replace("http", "ws", 1)) for _ in range(callers)]
            bare += await round_of(callers, turns, lambda number, sockets=sockets: barely(sockets[number]))
            for socket in sockets:
                await socket.close()
    await engine.close()
    for name, figures in (("through Voi", ours), ("barest client", bare)):
        ms = sorted(1_000 * each for each in figures)
        print(f"{name:14} p50 {statistics.median(ms):6.2f} ms   p95 {ms[int(0.95 * len(ms))]:6.2f} ms   ({len(ms)})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--callers", type=int, default=50)
    parser.add_argument("--turns", type=int, default=4, help="of each caller in each round")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    here, there = multiprocessing.Pipe()
    service = multiprocessing.get_context("spawn").Process(target=run_service, args=(there,), daemon=True)
    service.start()
    try:
        uvloop.run(measure(here.recv(), given.callers, given.turns, given.rounds))
    finally:
        here.send(None)
        service.join(5)


if __name__ == "__main__":
    main()
