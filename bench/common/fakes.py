"""The fake TTS and transcripts, the same for every system under test."""

import asyncio
import re
import time
from collections.abc import AsyncIterator

from common import config as C

# One buffer of 24 kHz sound that is not silence, sliced for every reply.
_WAVE = bytes((i * 37 + (i >> 3) * 11) & 0x3F if i & 1 == 0 else 0x08 for i in range(C.TTS_CHUNK_BYTES))
_TAG = re.compile(r"call (\d+) turn (\d+)")


def transcript(call: object, turn: int) -> str:
    """What was "said", with a tag by which the processes know the turn again."""
    return f"{C.TRANSCRIPT} call {call} turn {turn}"


def tag_of(text: str) -> str:
    """The last tag in a text, as "call/turn"."""
    tags = _TAG.findall(text)
    return "/".join(tags[-1]) if tags else "?"


async def fake_tts(text: str) -> AsyncIterator[bytes]:
    """First chunk after 50 ms, then 80 ms of sound every 20 ms."""
    due = time.monotonic() + C.TTS_FIRST_CHUNK_MS / 1000
    left = C.speech_bytes(text)
    while left > 0:
        wait = due - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        yield _WAVE[:left]
        left -= len(_WAVE)
        due += C.TTS_CHUNK_MS / 1000 / C.TTS_SPEED
