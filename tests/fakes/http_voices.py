"""Fake services of voices over HTTP, with the habits and faults of the real ones: OpenAI's speech endpoint, ElevenLabs'
and Azure's."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from xml.etree import ElementTree

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.fakes.cloud_voices import KEY, sound_of


def wav(pcm: bytes, rate_hz: int = 24_000, *, form: int = 1, bits: int = 16, size: int = 0xFFFFFFFF) -> bytes:
    """With a chunk before the sound, as many encoders write one, and a size that a stream does not know."""
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", size, b"WAVE", b"fmt ", 16, form, 1, rate_hz, 2 * rate_hz, 2, bits)
    return head + b"LIST" + struct.pack("<I", 5) + b"hello\0" + b"data" + struct.pack("<I", size) + pcm


class SpeechServer:
    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.ended_early = 0
        self.body: bytes | None = None
        self.status = 200
        self.fail = self.under_way = 0
        """So many requests fail in passing."""
        self.content_type = "audio/pcm"
        self.stalls = False

    async def speak(self, request: web.Request) -> web.StreamResponse:
        if KEY not in (request.headers.get("Authorization") or request.headers.get("xi-api-key") or ""):
            return web.json_response(
                {"error": {"message": "Incorrect API key provided: sk-…", "code": "x"}}, status=401
            )
        told = await request.json()
        self.told.append({**told, **request.query})
        if self.fail:
            self.fail -= 1
            return web.Response(status=503)
        if self.status != 200:
            return web.Response(status=self.status, body=self.body)
        response = web.StreamResponse(headers={"Content-Type": self.content_type})
        await response.prepare(request)
        pcm = sound_of(told.get("input") or told["text"])
        body = self.body if self.body is not None else wav(pcm) if told.get("response_format") == "wav" else pcm
        self.under_way += 1
        try:
            for start in range(0, len(body), 1_001):
                await response.write(body[start : start + 1_001])
                if self.stalls:
                    await asyncio.sleep(60)
        except (ConnectionError, asyncio.CancelledError):
            self.ended_early += 1
            raise
        finally:
            self.under_way -= 1
        return response

    async def voices(self, request: web.Request) -> web.Response:
        return web.json_response({"voices": [{"voice_id": "a" * 20, "name": "Ada"}]})

    async def models(self, request: web.Request) -> web.Response:
        return web.json_response({}, status=200 if KEY in request.headers.get("Authorization", "") else 401)


@asynccontextmanager
async def serve(server: SpeechServer) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/v1/audio/speech", server.speak)
    app.router.add_post("/v1/text-to-speech/{voice}/stream", server.speak)
    app.router.add_get("/v1/voices", server.voices)
    app.router.add_get("/v1/models", server.models)
    async with TestServer(app, handler_cancellation=True) as running:
        yield str(running.make_url("")).rstrip("/")


class AzureServer:
    """It takes well-formed SSML alone, and wants a `User-Agent`."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.ended_early = self.under_way = 0
        self.status = 200
        self.lose = 0
        """So many answers break off before their sound."""
        self.breaks_off = self.stalls = False

    async def speak(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Ocp-Apim-Subscription-Key") != KEY:
            return web.Response(status=401)
        if self.status != 200:
            return web.Response(status=self.status, text="")
        if request.headers.get("Content-Type") != "application/ssml+xml" or not request.headers.get("User-Agent"):
            return web.Response(status=415)
        assert request.headers["X-Microsoft-OutputFormat"] == "raw-24khz-16bit-mono-pcm"
        told = await request.text()
        self.told.append(told)
        try:
            text = "".join(ElementTree.fromstring(told).itertext())
        except ElementTree.ParseError:
            return web.Response(status=400, text="bad SSML")
        response = web.StreamResponse(headers={"Content-Type": "audio/basic"})
        await response.prepare(request)
        self.under_way += 1
        try:
            assert request.transport is not None
            if self.lose:
                self.lose -= 1
                request.transport.abort()
                return response
            pcm = sound_of(text)
            for start in range(0, len(pcm), 1_001):
                await response.write(pcm[start : start + 1_001])
                if self.stalls:
                    await asyncio.sleep(60)
                if self.breaks_off:
                    await asyncio.sleep(0.3)
                    request.transport.abort()
                    return response
        except (ConnectionError, asyncio.CancelledError):
            self.ended_early += 1
            raise
        finally:
            self.under_way -= 1
        return response

    async def voices(self, request: web.Request) -> web.Response:
        if request.headers.get("Ocp-Apim-Subscription-Key") != KEY:
            return web.Response(status=401)
        return web.json_response([
            {"ShortName": "af-ZA-AdriNeural", "Locale": "af-ZA", "news": 1},
            {"ShortName": "de-DE-KatjaNeural", "Locale": "de-DE"},
            {"ShortName": "en-GB-RyanNeural", "Locale": "en-GB"},
            {"ShortName": "en-US-JennyNeural", "Locale": "en-US", "StyleList": ["friendly", "excited", "assistant"]},
            {"name": "without a short one"},
        ])  # fmt: skip

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/cognitiveservices/v1", self.speak)
        app.router.add_get("/cognitiveservices/voices/list", self.voices)
        async with TestServer(app, handler_cancellation=True) as running:
            yield str(running.make_url("")).rstrip("/")
