"""Two ears as one: the second takes the whole utterance over when the first fails, or its text is late."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from voi.audio.pcm import bytes_to_ms
from voi.engines.base import STT_RATE_HZ, Stt, SttOptions, SttStream, Transcript
from voi.engines.fallback.choices import Fallbacks, TooSlow, Trial
from voi.engines.info import SttInfo
from voi.errors import EngineError

KEPT_BYTES = 120 * STT_RATE_HZ * 2
"""How much of an utterance the second ear can be given: two minutes. Of a longer one it gets the end."""

OnPartial = Callable[[Transcript], None] | None


@dataclass(frozen=True, slots=True)
class NamedStt:
    """A running ear, and its name in the configuration."""

    name: str
    engine: Stt


@dataclass(slots=True)
class EarShare:
    """What one ear was given of an utterance."""

    ear: NamedStt
    fed_bytes: int = 0

    @property
    def sound_ms(self) -> int:
        return bytes_to_ms(self.fed_bytes, STT_RATE_HZ)


class TwoEars:
    """An `Stt`. `after_s`: how long the first may take for a final text. It closes neither: they are others'."""

    def __init__(self, first: NamedStt, second: NamedStt, fallbacks: Fallbacks, after_s: float) -> None:
        self.first, self.second, self.after_s = first, second, after_s
        self._fallbacks = fallbacks

    @property
    def info(self) -> SttInfo:
        return self.first.engine.info

    async def warm_up(self) -> None:
        """Both are warm."""

    async def close(self) -> None:
        """Both are closed by who started them."""

    def ask(self) -> Trial | None:
        """Begin a call of the first ear. None: it rests."""
        return self._fallbacks.ask("stt", self.first.name, self.second.name)

    def open(self, options: SttOptions, on_partial: OnPartial) -> "TwoEarsStream":
        """See `Stt.open`."""
        return TwoEarsStream(self, options, on_partial)


class TwoEarsStream:
    """An `SttStream`. `shares`: which ears were given the utterance, in this order."""

    __slots__ = (
        "_closed", "_kept", "_kept_bytes", "_limits", "_on_partial", "_options", "_stream", "_trial", "_two", "shares",
    )  # fmt: skip

    def __init__(self, two: TwoEars, options: SttOptions, on_partial: OnPartial) -> None:
        self._two, self._options, self._on_partial = two, options, on_partial
        self._kept: deque[tuple[bytes, bool]] = deque()
        """The utterance's sound, for the second ear."""
        self._kept_bytes = 0
        self._limits: set[asyncio.Timeout] = set()
        """Waits for the first ear."""
        self._stream: SttStream | None = None
        self._closed = False
        self.shares: list[EarShare] = []
        self._trial = two.ask()
        """The call of the first ear; None: the second hears."""
        try:
            self._open(two.second if self._trial is None else two.first)
        except EngineError as error:
            if self._trial is None:
                raise
            self._take_over(error)

    def _open(self, ear: NamedStt) -> None:
        share = EarShare(ear)

        def partial(transcript: Transcript) -> None:
            if self.shares[-1] is share and self._on_partial is not None:  # else a late word of the ear that failed
                self._on_partial(transcript)

        self.shares.append(share)
        try:
            self._stream = ear.engine.open(self._options, None if self._on_partial is None else partial)
        except EngineError:
            self.shares.pop()
            raise

    def feed(self, pcm: bytes, *, speech: bool = True) -> None:
        """See `SttStream.feed`."""
        if self._trial is not None:
            self._kept.append((pcm, speech))
            self._kept_bytes += len(pcm)
            while self._kept_bytes > KEPT_BYTES:
                self._kept_bytes -= len(self._kept.popleft()[0])
        try:
            self._feed(pcm, speech)
        except EngineError as error:
            if self._trial is None:
                raise
            self._take_over(error)

    def _feed(self, pcm: bytes, speech: bool) -> None:
        if self._stream is not None:
            self._stream.feed(pcm, speech=speech)
            self.shares[-1].fed_bytes += len(pcm)

    def _take_over(self, error: EngineError) -> None:
        """Have the second ear hear the utterance from its beginning. Raises EngineError if that fails, too."""
        trial, self._trial = self._trial, None
        assert trial is not None
        trial.failed(error)
        for limit in [each for each in self._limits if not each.expired()]:
            limit.reschedule(asyncio.get_running_loop().time())
        kept = list(self._kept)
        self._let_go()
        self._open(self._two.second)
        for speech, parts in groupby(kept, key=itemgetter(1)):
            self._feed(b"".join(pcm for pcm, _ in parts), speech)

    async def flush(self) -> Transcript:
        """See `SttStream.flush`."""
        if (trial := self._trial) is None:
            return await self._flush()
        try:
            transcript = await self._flush_first()
        except EngineError as error:
            if self._closed:  # that is why it failed
                raise
            if self._trial is not None:  # else another flush of the same utterance had the same answer
                self._take_over(error)
            return await self._flush()
        trial.worked()
        return transcript

    async def _flush_first(self) -> Transcript:
        after_s = self._two.after_s
        try:
            async with asyncio.timeout(after_s) as limit:
                self._limits.add(limit)
                try:
                    return await self._flush()
                finally:
                    self._limits.discard(limit)
        except TimeoutError:
            if not limit.expired():
                raise
            raise TooSlow(self._two.first.name, after_s) from None

    async def _flush(self) -> Transcript:
        if self._stream is None:
            raise EngineError("Neither ear hears this utterance.", retryable=True)
        return await self._stream.flush()

    def close(self) -> None:
        """See `SttStream.close`."""
        self._closed = True
        self._let_go()

    def _let_go(self) -> None:
        self._kept.clear()
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()
