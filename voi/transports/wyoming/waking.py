"""Wake words by transcript: there is no model for them. While the VAD hears a voice, the ear writes what it says, and
each partial transcript is searched for the configured phrases.

So any phrase can be a wake word, in the ear's languages; it is found as soon as the ear writes it, and as reliably as
it does. It costs speech recognition, and a place as a call has, while somebody speaks near the microphone.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from wyoming.wake import Detection, NotDetected

from voi.audio.pcm import bytes_to_ms
from voi.calls.admission import Refused
from voi.engines.base import STT_RATE_HZ, SttOptions, SttStream, Transcript
from voi.engines.info import SttInfo
from voi.engines.stt.utterances import Pauses, UtteranceCutter
from voi.errors import ClientError
from voi.transports.wyoming.home import Home
from voi.transports.wyoming.outlet import Outlet
from voi.use import Use

SERVICE = "wake"
WAKE_PAUSES = Pauses(pause_ms=480, short_pause_ms=240, long_ms=2_500, longest_ms=8_000)
"""A television that never pauses is cut every eight seconds."""
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")  # Thai, Japanese, Chinese


def plain(text: str) -> str:
    """Its words alone: no case, accents or punctuation, one blank between words."""
    folded = "".join(each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))
    return " ".join(re.findall(r"\w+", folded))


class WakePhrases:
    """What is searched for. `spellings`: how each wake word may be written, by its name."""

    def __init__(self, spellings: Mapping[str, Sequence[str]]) -> None:
        self._patterns = {name: [_pattern(plain(each)) for each in ways] for name, ways in spellings.items()}

    def found_in(self, text: str) -> str | None:
        """The first wake word in the text."""
        words = plain(text)
        found = ((name, pattern.search(words)) for name, ways in self._patterns.items() for pattern in ways)
        return min(((at.start(), name) for name, at in found if at), default=(0, None))[1]


def _pattern(phrase: str) -> re.Pattern[str]:
    edge = "" if _UNSPACED.search(phrase) else r"\b"
    return re.compile(edge + re.escape(phrase) + edge)


class WakeWatch:
    """One stream of sound in which wake words are searched. `names`: those that count; None: all. Close it in any case.
    Raises ClientError, EngineError."""

    service = SERVICE

    def __init__(self, home: Home, names: Sequence[str] | None, outlet: Outlet, client: str) -> None:
        wanted = {name: ways for name, ways in home.wake_words.items() if names is None or name in names}
        if not wanted:
            there = ", ".join(home.wake_words) or "none is configured"
            raise ClientError(f"There is no such wake word; there are: {there}.")
        self._home, self._outlet, self._client = home, outlet, client
        self._phrases = WakePhrases(wanted)
        self._at_ms: float | None = None
        self._detected = self._closed = False
        self.found = False
        """In the present utterance; what follows in it is not heard any more."""
        ear = home.ear(None, None)
        options = replace(ear.options, hot_words=tuple(way for ways in wanted.values() for way in ways))
        self.ear = replace(ear, options=options)
        stt = _WakeEar(self, home)
        self._cutter = UtteranceCutter(stt, home.engines.vad, options, self._partial, WAKE_PAUSES)

    async def sound(self, pcm: bytes, at_ms: float | None) -> None:
        """Take 16 kHz PCM, recorded at that time of the client's clock."""
        self._at_ms = at_ms
        for heard in await self._cutter.push(pcm):
            self._search(heard.text)

    async def finish(self) -> None:
        """The sound has ended."""
        try:
            for heard in await self._cutter.finish():
                self._search(heard.text)
        finally:
            self.close()
        if not self._detected:
            await self._outlet.send(NotDetected())
            self._home.outcomes.count(SERVICE, "ok")

    def close(self) -> None:
        """Release what it holds of the engines. Safe to call twice."""
        if not self._closed:
            self._closed = True
            self._cutter.close()

    def refused(self, error: Refused) -> None:
        """There is no place for what is being said now, and it is not heard."""
        self._home.outcomes.failed(SERVICE, error, self._client)

    def _partial(self, transcript: Transcript) -> None:
        self._search(transcript.text)

    def _search(self, text: str) -> None:
        if not self.found and (name := self._phrases.found_in(text)) is not None:
            self.found = self._detected = True
            self._outlet.send_soon(Detection(name, None if self._at_ms is None else int(self._at_ms)))
            self._home.outcomes.count(SERVICE, "ok")


class _WakeEar:
    """The ear, for one utterance at a time, each with a place of its own."""

    def __init__(self, watch: WakeWatch, home: Home) -> None:
        self._watch, self._home = watch, home

    @property
    def info(self) -> SttInfo:
        return self._watch.ear.engine.info

    async def warm_up(self) -> None:
        """The server did."""

    async def close(self) -> None:
        """The server does."""

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> SttStream:
        self._watch.found = False
        admission = self._home.calls.admission
        try:
            admission.admit(self._home.app)
        except Refused as error:
            self._watch.refused(error)
            return _Deaf()
        try:
            stream = self._watch.ear.engine.open(options, on_partial)
        except BaseException:
            admission.leave(self._home.app)
            raise
        return _WakeStream(self._watch, self._home, stream)


class _WakeStream:
    def __init__(self, watch: WakeWatch, home: Home, stream: SttStream) -> None:
        self._watch, self._home, self._stream = watch, home, stream
        self._fed_bytes = 0

    def feed(self, pcm: bytes, *, speech: bool = True) -> None:
        if not self._watch.found:
            self._fed_bytes += len(pcm)
            self._stream.feed(pcm, speech=speech)

    async def flush(self) -> Transcript:
        return Transcript("") if self._watch.found else await self._stream.flush()

    def close(self) -> None:
        self._stream.close()
        self._home.calls.admission.leave(self._home.app)
        ear = self._watch.ear
        if sound_ms := bytes_to_ms(self._fed_bytes, STT_RATE_HZ):
            use = Use("stt", ear.engine.info.name, ear.name, sound_ms=sound_ms)
            self._home.out_of_call.on_use(self._home.app, use)


class _Deaf:
    """Hears nothing."""

    def feed(self, pcm: bytes, *, speech: bool = True) -> None: ...

    async def flush(self) -> Transcript:
        return Transcript("")

    def close(self) -> None: ...
