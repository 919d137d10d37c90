#!/usr/bin/env python3
"""What Voi's clients of services add to the services' own time: until a reply's first sound, and until the text of what
was said.

    PYTHONPATH=. .venv/bin/python bench/providers.py                 # 50 callers at once, each provider
    PYTHONPATH=. .venv/bin/python bench/providers.py --callers 1 --only deepgram

A fake service, in a process of its own, answers at once. Callers ask for a reply of two sentences, or say two words,
every 200 ms, in turn through Voi's engine and through the barest client of the same protocol, with a connection for
each caller. The difference of the two is what Voi adds.
"""

import argparse
import asyncio
import multiprocessing
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing.connection import Connection
from typing import Any

import aiohttp
import orjson
import uvloop
from tests.fakes import cloud_ears, cloud_voices, http_voices
from tests.fakes.cloud_voices import KEY
from voi.audio.wav import to_wav
from voi.engines import registry
from voi.engines.base import STT_RATE_HZ, SttOptions, VoiceSpec
from voi.engines.tts.adapter import TtsAdapter
from voi.engines.tts.cloud import deepgram_aura

TEXTS = ("Good morning to you.", "How may I help you today?")
WORDS = cloud_ears.WORDS[:2]
PAUSE_S = 0.2
FRAME_BYTES = 3_200
FIELDS = {"model_id": "m", "voice": {"mode": "id", "id": "x"}}
SSML = "<speak version='1.0' xml:lang='en-US'><voice name='x'>{}</voice></speak>"

Bare = Callable[[Any, str], Awaitable[float]]
"""The barest client: a connection and a number nobody else has -> seconds."""


@dataclass(frozen=True)
class Provider:
    """`connect`: what a bare caller keeps open."""

    kind: registry.Kind
    service: Callable[[], AbstractAsyncContextManager[str]]
    header: dict[str, str]
    bare: Bare
    path: str = ""
    socket: bool = True
    engine_path: str = ""
    options: dict[str, Any] | None = None


async def texts() -> AsyncIterator[str]:
    for text in TEXTS:
        yield text


async def through_voi(engine: Any) -> float:
    """Seconds until the first sound of a reply, or from the end of speech to its text."""
    if hasattr(engine.info, "partials"):
        stream = engine.open(SttOptions("en"), None)
        for frame in frames():
            stream.feed(frame)
        await asyncio.sleep(PAUSE_S)  # all is heard
        begun_s = time.perf_counter()
        heard = await stream.flush()
        took_s = time.perf_counter() - begun_s
        assert WORDS[-1] in heard.text.lower(), heard
        stream.close()
        return took_s
    begun_s = time.perf_counter()
    speech = TtsAdapter(engine).speak(texts(), VoiceSpec())
    await anext(speech)
    took_s = time.perf_counter() - begun_s
    async for _ in speech:
        pass
    return took_s


def frames() -> list[bytes]:
    pcm = cloud_ears.speech(*WORDS)
    return [pcm[start : start + FRAME_BYTES] for start in range(0, len(pcm), FRAME_BYTES)]


# ---- the barest clients -------------------------------------------------------------------------------


async def cartesia(socket: Any, number: str) -> float:
    begun_s, fields = time.perf_counter(), {**FIELDS, "context_id": number}
    for text in TEXTS:
        await socket.send_str(json_of({**fields, "transcript": f"{text} ", "continue": True}))
    await socket.send_str(json_of({**fields, "transcript": "", "continue": False}))
    return await first_of(socket, begun_s, lambda told: told.get("type") == "chunk", lambda told: told.get("done"))


async def elevenlabs(socket: Any, number: str) -> float:
    begun_s = time.perf_counter()
    await socket.send_str(json_of({"text": " ", "context_id": number}))
    for text in TEXTS:
        await socket.send_str(json_of({"text": f"{text} ", "context_id": number, "flush": True}))
    await socket.send_str(json_of({"context_id": number, "close_context": True}))
    return await first_of(socket, begun_s, lambda told: told.get("audio"), lambda told: told.get("isFinal"))


async def aura(socket: Any, number: str) -> float:
    begun_s, took_s, flushes = time.perf_counter(), 0.0, len(TEXTS)
    for text in TEXTS:
        await socket.send_str(json_of({"type": "Speak", "text": f"{text} "}))
        await socket.send_str('{"type":"Flush"}')
    while flushes:
        message = await socket.receive()
        took_s = took_s or (time.perf_counter() - begun_s if isinstance(message.data, bytes) else 0.0)
        flushes -= "Flushed" in message.data if isinstance(message.data, str) else 0
    return took_s


async def first_of(socket: Any, begun_s: float, first: Callable[[Any], Any], last: Callable[[Any], Any]) -> float:
    took_s = 0.0
    while True:
        told = orjson.loads((await socket.receive()).data)
        if not took_s and first(told):
            took_s = time.perf_counter() - begun_s
        if last(told):
            return took_s


async def openai_speech(http: Any, number: str) -> float:
    return await first_sounds(http, [{"json": {"model": "m", "input": text, "voice": "alloy"}} for text in TEXTS])


async def azure(http: Any, number: str) -> float:
    headers = {"Content-Type": "application/ssml+xml", "X-Microsoft-OutputFormat": "raw-24khz-16bit-mono-pcm"}
    return await first_sounds(http, [{"data": SSML.format(text).encode(), "headers": headers} for text in TEXTS])


async def first_sounds(http: Any, requests: list[dict[str, Any]]) -> float:
    begun_s, took_s = time.perf_counter(), 0.0
    for request in requests:
        async with http.post(**request) as response:
            while await response.content.readany():
                took_s = took_s or time.perf_counter() - begun_s
    return took_s


async def deepgram(socket: Any, number: str) -> float:
    for frame in frames():
        await socket.send_bytes(frame)
    await asyncio.sleep(PAUSE_S)
    begun_s = time.perf_counter()
    await socket.send_str('{"type":"Finalize"}')
    while not orjson.loads((await socket.receive()).data).get("from_finalize"):
        pass
    return time.perf_counter() - begun_s


async def transcription(http: Any, number: str) -> float:
    await asyncio.sleep(PAUSE_S)
    begun_s = time.perf_counter()
    form = aiohttp.FormData()
    form.add_field("file", to_wav(b"".join(frames()), STT_RATE_HZ), filename="a.wav", content_type="audio/wav")
    form.add_field("model", "m")
    form.add_field("response_format", "json")
    async with http.post(data=form) as response:
        await response.json()
    return time.perf_counter() - begun_s


def json_of(told: Any) -> str:
    return orjson.dumps(told).decode()


# ---- the providers ------------------------------------------------------------------------------------


def voices_of(make: Callable[[], Any]) -> Callable[[], AbstractAsyncContextManager[str]]:
    return lambda: cloud_voices.serve(make())


PROVIDERS = {
    "cartesia": Provider("tts", voices_of(cloud_voices.CartesiaService), {"X-API-Key": KEY}, cartesia),
    "elevenlabs": Provider("tts", voices_of(cloud_voices.ElevenLabsService), {"xi-api-key": KEY}, elevenlabs),
    "deepgram-aura": Provider(
        "tts", voices_of(lambda: cloud_voices.AuraService(flushes=1_000_000)), {"Authorization": f"Token {KEY}"}, aura,
        path="/v1/speak?model=m",
    ),
    "openai-speech": Provider(
        "tts", lambda: http_voices.serve(http_voices.SpeechServer()), {"Authorization": f"Bearer {KEY}"},
        openai_speech, path="/v1/audio/speech", socket=False, engine_path="/v1",
    ),
    "azure-tts": Provider(
        "tts", lambda: http_voices.AzureServer().serve(), {"Ocp-Apim-Subscription-Key": KEY}, azure,
        path="/cognitiveservices/v1", socket=False,
    ),
    "deepgram": Provider(
        "stt", lambda: cloud_ears.serve(cloud_ears.DeepgramService()), {"Authorization": f"Token {KEY}"}, deepgram
    ),
    "openai-transcription": Provider(
        "stt", lambda: cloud_ears.TranscriptionServer().serve(), {"Authorization": f"Bearer {KEY}"}, transcription,
        path="/audio/transcriptions", socket=False,
    ),
}  # fmt: skip


def google(kind: registry.Kind) -> Provider:
    def service() -> AbstractAsyncContextManager[str]:
        from tests.fakes.google_services import GoogleServices

        return GoogleServices().serve()

    options = {"project": "p"} if kind == "stt" else {}
    return Provider(kind, service, {}, bare_google_ear if kind == "stt" else bare_google_voice, options=options)


async def bare_google_voice(channel: Any, number: str) -> float:
    from google.cloud.texttospeech_v1.types import cloud_tts as types

    begun_s, took_s = time.perf_counter(), 0.0
    request = types.StreamingSynthesizeRequest
    stub = channel.stream_stream(
        "/google.cloud.texttospeech.v1.TextToSpeech/StreamingSynthesize", request.serialize,
        types.StreamingSynthesizeResponse.deserialize,
    )  # fmt: skip
    for text in TEXTS:
        config = {"voice": {"name": "en-US-Chirp3-HD-Charon", "language_code": "en-US"}}
        call = stub(iter((request({"streaming_config": config}), request({"input": {"text": text}}))), metadata=GOOGLE)
        async for _ in call:
            took_s = took_s or time.perf_counter() - begun_s
    return took_s


async def bare_google_ear(channel: Any, number: str) -> float:
    from google.cloud.speech_v2.types import cloud_speech as types

    request = types.StreamingRecognizeRequest
    call = channel.stream_stream(
        "/google.cloud.speech.v2.Speech/StreamingRecognize", request.serialize,
        types.StreamingRecognizeResponse.deserialize,
    )(metadata=GOOGLE)  # fmt: skip
    config = {"config": {"language_codes": ["en-US"], "model": "long"}}
    await call.write(request({"recognizer": "r", "streaming_config": config}))
    for frame in frames():
        await call.write(request(audio=frame))
    await asyncio.sleep(PAUSE_S)
    begun_s = time.perf_counter()
    await call.done_writing()
    async for _ in Reader(call):
        pass
    return time.perf_counter() - begun_s


class Reader:
    """A call's answers, for one that was written to."""

    def __init__(self, call: Any) -> None:
        self._call = call

    async def __aiter__(self) -> AsyncIterator[Any]:
        import grpc.aio

        while (answer := await self._call.read()) is not grpc.aio.EOF:
            yield answer


GOOGLE = (("x-goog-api-key", KEY),)
if find_spec("grpc") and find_spec("google.cloud.speech_v2"):
    PROVIDERS |= {"google-tts": google("tts"), "google-stt": google("stt")}


# ---- measuring ----------------------------------------------------------------------------------------


def run_service(name: str, pipe: Connection) -> None:
    cloud_ears.EarConnection.IDLE_S = 1e9  # the bare clients' connections idle while Voi's are measured

    async def main() -> None:
        async with PROVIDERS[name].service() as url:
            pipe.send(url)
            await asyncio.to_thread(pipe.recv)

    uvloop.run(main())


async def round_of(callers: int, turns: int, turn: Callable[[int], Awaitable[float]]) -> list[float]:
    async def caller(number: int) -> list[float]:
        await asyncio.sleep(PAUSE_S * number / callers)
        took_s = []
        for count in range(turns):
            took_s.append(await turn(number * turns + count))
            await asyncio.sleep(PAUSE_S)
        return took_s

    return [each for some in await asyncio.gather(*map(caller, range(callers))) for each in some]


async def bare_connections(provider: Provider, url: str, callers: int) -> list[Any]:
    if not provider.header:
        import grpc.aio

        return [grpc.aio.insecure_channel(url.removeprefix("http://")) for _ in range(callers)]
    if provider.socket:
        http = aiohttp.ClientSession(headers=provider.header)
        address = url.replace("http", "ws", 1) + provider.path
        return [http, *[await http.ws_connect(address) for _ in range(callers)]]
    return [Posts(url + provider.path, provider.header) for _ in range(callers)]


class Posts:
    """An HTTP connection to one address."""

    def __init__(self, url: str, header: dict[str, str]) -> None:
        self._url, self._http = url, aiohttp.ClientSession(headers=header)

    def post(self, **request: Any) -> Any:
        return self._http.post(self._url, **request)

    async def close(self) -> None:
        await self._http.close()


async def measure(name: str, url: str, callers: int, turns: int, rounds: int) -> None:
    provider = PROVIDERS[name]
    deepgram_aura.FLUSHES_MAX = 1_000_000  # else the callers would need more sockets than people do
    options = {"api_key": KEY, "url": url + provider.engine_path, **(provider.options or {})}
    engine = registry.create(provider.kind, name, options)
    await engine.warm_up()
    connections = await bare_connections(provider, url, callers)
    opened = connections[-callers:]
    ours: list[float] = []
    bare: list[float] = []
    for again in range(rounds):
        ours += await round_of(callers, turns, lambda _: through_voi(engine))
        bare += await round_of(
            callers, turns, lambda number, again=again: provider.bare(opened[number // turns], f"{again}-{number}")
        )
    for each in reversed(connections):
        await each.close()
    await engine.close()
    figures = [(who, *percentiles(took_s)) for who, took_s in (("voi", ours), ("bare", bare))]
    what = "first sound" if provider.kind == "tts" else "text"
    for who, median_ms, p95_ms in figures:
        print(f"{name:20} {who:5} {callers} callers: {what} p50 {median_ms:.1f} ms, p95 {p95_ms:.1f} ms")
    added = [figures[0][n] - figures[1][n] for n in (1, 2)]
    print(f"{name:20} added            p50 {added[0]:.1f} ms, p95 {added[1]:.1f} ms", flush=True)


def percentiles(took_s: list[float]) -> tuple[float, float]:
    return 1_000 * statistics.median(took_s), 1_000 * statistics.quantiles(took_s, n=20)[-1]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--callers", type=int, default=50)
    arguments.add_argument("--turns", type=int, default=8)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--only", nargs="*", default=list(PROVIDERS))
    chosen = arguments.parse_args()
    context = multiprocessing.get_context("spawn")
    for name in chosen.only:
        here, there = context.Pipe()
        service = context.Process(target=run_service, args=(name, there), daemon=True)
        service.start()
        uvloop.run(measure(name, here.recv(), chosen.callers, chosen.turns, chosen.rounds))
        here.send("end")
        service.join()


if __name__ == "__main__":
    main()
