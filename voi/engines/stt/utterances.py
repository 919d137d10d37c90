"""A recording, or a live pipe, as utterances: cut at pauses by the VAD, each transcribed on its own."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace

from voi.audio.framing import Framer
from voi.engines.base import STT_RATE_HZ, Stt, SttOptions, SttStream, TimedWord, Transcript, Vad
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


@dataclass(frozen=True, slots=True)
class Pauses:
    """When an utterance ends: at a pause of `pause_ms`; at one of `short_pause_ms` if it is `long_ms` long; at once if
    it is `longest_ms` long."""

    pause_ms: int = PAUSE_MS
    short_pause_ms: int = SHORT_PAUSE_MS
    long_ms: int = LONG_MS
    longest_ms: int = LONGEST_MS

    def end(self, pause_ms: int, length_ms: int) -> bool:
        """Whether an utterance of that length, with such a pause at its end, is over."""
        if length_ms >= self.longest_ms or pause_ms >= self.pause_ms:
            return True
        return pause_ms >= self.short_pause_ms and length_ms >= self.long_ms


class UtteranceCutter:
    """Cuts sound that comes piece by piece. `on_partial`: see `Stt.open`; its text is that of the present utterance.
    Close it in any case."""

    def __init__(
        self,
        stt: Stt,
        vad: Vad,
        options: SttOptions,
        on_partial: Callable[[Transcript], None] | None = None,
        pauses: Pauses = Pauses(),
    ) -> None:
        self._stt, self._options, self._on_partial, self._pauses = stt, options, on_partial, pauses
        self._window_ms = vad.info.window_samples * 1_000 // STT_RATE_HZ
        self._framer, self._ear = Framer(vad.info.window_samples), vad.open()
        self._lead: deque[bytes] = deque(maxlen=LEAD_MS // self._window_ms)
        self._stream: SttStream | None = None
        self._at_ms = self._start_ms = self._spoken_ms = 0

    async def push(self, pcm: bytes) -> list[TimedUtterance]:
        """Take 16 kHz PCM; returns the utterances that are over now. Raises EngineError."""
        over = []
        for window in self._framer.push(pcm):
            if self._hear(window) and (heard := await self._end()).text:
                over.append(heard)
        return over

    async def finish(self) -> list[TimedUtterance]:
        """The sound has ended: the utterance that has not, if any. Raises EngineError."""
        if self._stream is None:
            return []
        if rest := self._framer.flush():
            self._stream.feed(rest)
        heard = await self._end()
        return [heard] if heard.text else []

    def close(self) -> None:
        """Release what it holds of the engines."""
        self._ear.close()
        self._drop()

    def _drop(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _hear(self, window: bytes) -> bool:
        """True: the utterance is over."""
        self._at_ms += self._window_ms
        voiced = self._ear.probability(window) >= SPEECH
        if self._stream is None and voiced:
            self._stream = self._stt.open(self._options, self._on_partial)
            self._start_ms = max(0, self._at_ms - self._window_ms * (len(self._lead) + 1))
            for earlier in self._lead:
                self._stream.feed(earlier)
        self._lead.append(window)
        if self._stream is None:
            return False
        self._stream.feed(window, speech=voiced)
        self._spoken_ms = self._at_ms if voiced else self._spoken_ms
        return self._pauses.end(self._at_ms - self._spoken_ms, self._at_ms - self._start_ms)

    async def _end(self) -> TimedUtterance:
        assert self._stream is not None
        try:
            heard = await _finished(self._stream, self._start_ms, max(self._spoken_ms, self._start_ms))
        finally:
            self._stream = None
        while len(self._lead) * self._window_ms > self._at_ms - self._spoken_ms:
            self._lead.popleft()  # cut in the middle of speech: this was transcribed, and must not be again
        return heard


async def utterances(chunks: Iterator[bytes], stt: Stt, vad: Vad, options: SttOptions) -> AsyncIterator[TimedUtterance]:
    """`chunks`: 16 kHz PCM; taken in a thread, since it may block. Raises EngineError, and what `chunks` raises."""
    pieces, cutter = read_ahead(chunks), UtteranceCutter(stt, vad, options)
    try:
        async for chunk in pieces:
            for heard in await cutter.push(chunk):
                yield heard
            await asyncio.sleep(0)
        for heard in await cutter.finish():
            yield heard
    finally:
        await pieces.aclose()
        cutter.close()


async def _finished(stream: SttStream, start_ms: int, end_ms: int) -> TimedUtterance:
    try:
        heard = await stream.flush()
    finally:
        stream.close()
    words = (replace(word, start_ms=start_ms + word.start_ms, end_ms=start_ms + word.end_ms) for word in heard.words)
    return TimedUtterance(start_ms / 1_000, end_ms / 1_000, heard.text, tuple(words), heard.language)
