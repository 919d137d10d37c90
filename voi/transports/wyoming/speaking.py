"""Text to speech: a text is spoken while it arrives, and its sound sent while it is made."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.tts import SynthesizeStopped

from voi.audio.pcm import SAMPLE_BYTES, bytes_to_ms
from voi.errors import ClientError
from voi.transports.wyoming.asked import SpeakAsked
from voi.transports.wyoming.home import Home
from voi.transports.wyoming.outlet import Outlet

SERVICE = "tts"
SPEECH_TIMEOUT_S = 600.0
CHUNK_BYTES = 16 * 1024
STREAM_MAX_CHARACTERS = 16_384
PIECES_MAX = 64
"""Of a text, that wait for the voice; then the client waits."""


class ArrivingText:
    """A text that a client sends piece by piece."""

    def __init__(self) -> None:
        self._pieces: asyncio.Queue[str] = asyncio.Queue(PIECES_MAX)
        self._characters = 0

    async def add(self, text: str) -> None:
        """Waits while too many pieces wait. Raises ClientError if the text is too long."""
        self._characters += len(text)
        if self._characters > STREAM_MAX_CHARACTERS:
            raise ClientError(f"At most {STREAM_MAX_CHARACTERS} characters are spoken at once.")
        if text:
            await self._pieces.put(text)

    async def end(self) -> None:
        """The text is whole."""
        await self._pieces.put("")

    async def __aiter__(self) -> AsyncIterator[str]:
        while text := await self._pieces.get():
            yield text


async def once(text: str) -> AsyncIterator[str]:
    """A text that is whole."""
    yield text


async def speak(home: Home, wish: SpeakAsked, text: AsyncIterator[str], outlet: Outlet, *, streamed: bool) -> None:
    """`streamed`: the client sends the text piece by piece, and is told when all was sent. Raises Refused, ClientError,
    EngineError, TimeoutError."""
    if wish.text_format not in (None, "text"):
        raise ClientError("synthesize: text_format: only text can be spoken.")
    speaker = home.voices.speaker(wish.voice)
    rate_hz, sent_bytes = speaker.engine.info.sample_rate_hz, 0
    with home.calls.admission.place(home.app):
        speech = speaker.speech(text, home.out_of_call.config(), lambda use: home.out_of_call.on_use(home.app, use))
        async with asyncio.timeout(SPEECH_TIMEOUT_S), aclosing(speech) as pieces:
            async for pcm in pieces:
                if not sent_bytes:
                    await outlet.send(AudioStart(rate_hz, SAMPLE_BYTES, 1, 0))
                for start in range(0, len(pcm), CHUNK_BYTES):
                    chunk = pcm[start : start + CHUNK_BYTES]
                    at_ms = bytes_to_ms(sent_bytes, rate_hz)
                    await outlet.send(AudioChunk(rate_hz, SAMPLE_BYTES, 1, chunk, at_ms))
                    sent_bytes += len(chunk)
    await outlet.send(AudioStop(bytes_to_ms(sent_bytes, rate_hz)))
    if streamed:
        await outlet.send(SynthesizeStopped())
    home.outcomes.count(SERVICE, "ok")
