"""Speech to text whose sound is counted."""

from collections.abc import Callable

from voi.engines.base import Stt, SttOptions, SttStream, Transcript
from voi.engines.info import SttInfo


class CountedStt:
    """An `Stt` that counts the sound that it is given."""

    def __init__(self, engine: Stt) -> None:
        self._engine = engine
        self.fed_bytes = 0

    @property
    def info(self) -> SttInfo:
        return self._engine.info

    async def warm_up(self) -> None:
        await self._engine.warm_up()

    async def close(self) -> None:
        await self._engine.close()

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> SttStream:
        """See `Stt.open`."""
        return _CountedStream(self, self._engine.open(options, on_partial))


class _CountedStream:
    def __init__(self, stt: CountedStt, stream: SttStream) -> None:
        self._stt, self._stream = stt, stream
        self.flush, self.close = stream.flush, stream.close

    def feed(self, pcm: bytes, *, speech: bool = True) -> None:
        self._stt.fed_bytes += len(pcm)
        self._stream.feed(pcm, speech=speech)
