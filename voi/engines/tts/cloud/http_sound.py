"""The sound in a provider's HTTP answer as it comes: PCM, or a WAV whose header says what it is. What fails in passing
before the first sound is asked again."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import aiohttp

from voi.audio.pcm import ms_to_bytes
from voi.errors import EngineError

SOUND_MAX_MS = 600_000
"""Longest sound of one text."""
HEADER_MAX_BYTES = 65_536
AGAIN_MAX = 2
"""So often one text is asked for again."""
AGAIN_S = 0.15

log = logging.getLogger(__name__)


async def asked_again(
    name: str, troubles: Counter[str], speak: Callable[[], AsyncGenerator[bytes, None]]
) -> AsyncGenerator[bytes, None]:
    """The sound of a request, which is made again (and counted) if it fails in passing before its first sound."""
    for tries in range(1, AGAIN_MAX + 2):
        sounded = False
        try:
            async with aclosing(speak()) as speech:
                async for pcm in speech:
                    sounded = True
                    yield pcm
            return
        except EngineError as error:
            if sounded or not error.retryable or tries > AGAIN_MAX:
                raise
        troubles["asked_again"] += 1
        log.info("%s: a request failed before its first sound, and is made again", name)
        await asyncio.sleep(AGAIN_S * tries)


async def pcm_of(name: str, response: aiohttp.ClientResponse, rate_hz: int) -> AsyncGenerator[bytes, None]:
    """PCM at `rate_hz`, in whatever pieces come; a WAV's header is read and left out. Raises EngineError for sound that
    is in another format, or longer than `SOUND_MAX_MS`."""
    left = ms_to_bytes(SOUND_MAX_MS, rate_hz)
    start: bytes | None = b""
    while piece := await response.content.readany():
        if start is not None:
            start += piece
            if len(start) < 4:
                continue
            if start[:4] != b"RIFF":
                _check_pcm(name, start, response.content_type)
                piece, start = start, None
            elif (body := _after_header(name, start, rate_hz)) is None:
                if len(start) > HEADER_MAX_BYTES:
                    raise EngineError(f"{name} sent a WAV file without sound.")
                continue
            else:
                piece, start = body, None
        left -= len(piece)
        if left < 0:
            raise EngineError(f"{name} sends more sound than the text can be.")
        if piece:
            yield piece
    if start and start[:4] != b"RIFF":
        yield start


def _after_header(name: str, start: bytes, rate_hz: int) -> bytes | None:
    """The sound after the header; None: the header is not all there. Its sizes are not believed: streams do not know
    theirs."""
    at = 12
    while len(start) >= at + 8:
        kind, size = start[at : at + 4], int.from_bytes(start[at + 4 : at + 8], "little")
        if kind == b"data":
            return start[at + 8 :]
        if kind == b"fmt " and len(start) >= at + 24:
            form, channels = int.from_bytes(start[at + 8 : at + 10], "little"), start[at + 10]
            rate, bits = int.from_bytes(start[at + 12 : at + 16], "little"), start[at + 22]
            if (form, channels, bits) not in ((1, 1, 16), (0xFFFE, 1, 16)):
                raise EngineError(f"{name} sent a WAV file that is not 16-bit mono PCM.")
            if rate != rate_hz:
                raise EngineError(f"{name} speaks at {rate} Hz: set `sample_rate_hz` to that.")
        at += 8 + size + size % 2
    return None


def _check_pcm(name: str, start: bytes, content_type: str) -> None:
    other = {b"ID3": "MP3", b"OggS": "Ogg", b"fLaC": "FLAC", b"\xff\xfb": "MP3", b"\xff\xf3": "MP3"}
    for magic, kind in other.items():
        if start.startswith(magic) and (len(magic) > 2 or "mpeg" in content_type):
            raise EngineError(f"{name} sent {kind}, and not the sound that was asked for: set `response_format`.")
    if content_type in ("application/json", "text/html"):
        raise EngineError(f"{name} sent no sound: check the option `url`.")
