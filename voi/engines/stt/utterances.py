"""A recording, or a live pipe, as utterances: cut at pauses by the VAD, each transcribed on its own."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace

from voi.audio.framing import Framer
from voi.engines.base import STT_RATE_HZ, Stt, SttOptions, SttStream, TimedWord, Vad
from voi.read_ahead import read_ahead

SPEECH = 0.5  # the VAD's probability
LEAD_MS = 320
"""Sound from before the VAD detects speech, because words begin softly."""
PAUSE_MS, SHORT_PAUSE_MS = 1_200, 480
LONG_MS, LONGEST_MS = 12_000, 60_000
"""An utterance this long ends at a short pause; this long, at once."""


@dataclass(frozen=True, slots=True)
class TimedUtterance:
    """All times from the start of the recording. `words`: empty where the engine does not tell times."""

    start_s: float
    end_s: float
    text: str
    words: tuple[TimedWord, ...] = ()
    language: str | None = None
    """ISO code of the language that was detected; None: the engine does not tell."""


async def utterances(chunks: Iterator[bytes], stt: Stt, vad: Vad, options: SttOptions) -> AsyncIterator[TimedUtterance]:
    """`chunks`: 16 kHz PCM; taken in a thread, since it may block. Raises EngineError, and what `chunks` raises."""
    pieces = read_ahead(chunks)
    window_ms = vad.info.window_samples * 1_000 // STT_RATE_HZ
    framer, ear = Framer(vad.info.window_samples), vad.open()
    lead: deque[bytes] = deque(maxlen=LEAD_MS // window_ms)
    stream: SttStream | None = None
    at_ms = start_ms = spoken_ms = 0
    try:
        async for chunk in pieces:
            for window in framer.push(chunk):
                at_ms += window_ms
                voiced = ear.probability(window) >= SPEECH
                if stream is None and voiced:
                    stream, start_ms = stt.open(options, None), max(0, at_ms - window_ms * (len(lead) + 1))
                    for earlier in lead:
                        stream.feed(earlier)
                lead.append(window)
                if stream is None:
                    continue
                stream.feed(window, speech=voiced)
                spoken_ms = at_ms if voiced else spoken_ms
                if _ended(at_ms - spoken_ms, at_ms - start_ms):
                    heard = await _finished(stream, start_ms, spoken_ms)
                    stream = None
                    while len(lead) * window_ms > at_ms - spoken_ms:
                        lead.popleft()  # cut in the middle of speech: this was transcribed, and must not be again
                    if heard.text:
                        yield heard
            await asyncio.sleep(0)
        if stream is not None:
            if rest := framer.flush():
                stream.feed(rest)
            heard = await _finished(stream, start_ms, max(spoken_ms, start_ms))
            stream = None
            if heard.text:
                yield heard
    finally:
        await pieces.aclose()
        ear.close()
        if stream is not None:
            stream.close()


def _ended(pause_ms: int, length_ms: int) -> bool:
    return pause_ms >= PAUSE_MS or (pause_ms >= SHORT_PAUSE_MS and length_ms >= LONG_MS) or length_ms >= LONGEST_MS


async def _finished(stream: SttStream, start_ms: int, end_ms: int) -> TimedUtterance:
    try:
        heard = await stream.flush()
    finally:
        stream.close()
    words = (replace(word, start_ms=start_ms + word.start_ms, end_ms=start_ms + word.end_ms) for word in heard.words)
    return TimedUtterance(start_ms / 1_000, end_ms / 1_000, heard.text, tuple(words), heard.language)
