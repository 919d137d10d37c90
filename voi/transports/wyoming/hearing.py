"""Speech to text: sound comes, and its transcript goes back, also piece by piece while the person speaks."""

import time
from contextlib import ExitStack
from typing import Any

from wyoming.asr import Transcript as TranscriptEvent
from wyoming.asr import TranscriptChunk, TranscriptStart, TranscriptStop

from voi.audio.pcm import bytes_to_ms
from voi.engines.base import STT_RATE_HZ, Transcript
from voi.engines.ears import Ear
from voi.engines.stt.counted import CountedStt
from voi.engines.stt.utterances import TimedUtterance, UtteranceCutter
from voi.errors import ClientError
from voi.transports.wyoming.home import Home
from voi.transports.wyoming.outlet import Outlet
from voi.use import Use

SERVICE = "asr"
SOUND_MAX_S = 600.0
LASTS_MAX_S = 900.0
"""A place is not held any longer, however slowly the sound comes."""


class Transcription:
    """One stream of sound. It has a place as a call has. Close it in any case. Raises Refused, ClientError,
    EngineError."""

    service = SERVICE

    def __init__(self, home: Home, ear: Ear, context: dict[str, Any] | None, outlet: Outlet) -> None:
        self._home, self._ear, self._context, self._outlet = home, ear, context, outlet
        self._began_s = time.monotonic()
        self._counted = CountedStt(ear.engine)
        self._heard: list[TimedUtterance] = []
        self._shown = ""
        """What the client was shown of the present utterance."""
        self._streaming = False
        with ExitStack() as held:
            held.enter_context(home.calls.admission.place(home.app))
            held.callback(self._count)
            self._cutter = UtteranceCutter(self._counted, home.engines.vad, ear.options, self._partial)
            held.callback(self._cutter.close)
            self._held = held.pop_all()

    async def sound(self, pcm: bytes, at_ms: float | None) -> None:
        """Take 16 kHz PCM."""
        if time.monotonic() - self._began_s > LASTS_MAX_S or self._counted.fed_bytes > SOUND_MAX_S * 2 * STT_RATE_HZ:
            raise ClientError(f"At most {SOUND_MAX_S:g} s of sound are transcribed at once.")
        for heard in await self._cutter.push(pcm):
            self._over(heard)

    async def finish(self) -> None:
        """The sound has ended: send the transcript."""
        try:
            for heard in await self._cutter.finish():
                self._over(heard)
        finally:
            self.close()
        self._begin()
        text = " ".join(each.text for each in self._heard)
        language = next((each.language for each in self._heard if each.language), self._ear.options.language)
        await self._outlet.send(TranscriptEvent(text, self._context, language), TranscriptStop())
        self._home.outcomes.count(SERVICE, "ok")

    def close(self) -> None:
        """Release its place and engines. Safe to call twice."""
        self._held.close()

    def _count(self) -> None:
        if sound_ms := bytes_to_ms(self._counted.fed_bytes, STT_RATE_HZ):
            use = Use("stt", self._ear.engine.info.name, self._ear.name, sound_ms=sound_ms)
            self._home.out_of_call.on_use(self._home.app, use)

    def _begin(self) -> None:
        if not self._streaming:
            self._streaming = True
            self._outlet.send_soon(TranscriptStart(self._context, self._ear.options.language))

    def _partial(self, transcript: Transcript) -> None:
        self._show(transcript.confirmed)

    def _over(self, heard: TimedUtterance) -> None:
        self._show(heard.text)
        self._heard.append(heard)
        self._shown = ""

    def _show(self, text: str) -> None:
        """Show what is new. Only what will not change can be shown: a client puts the pieces together."""
        new = text[len(self._shown) :] if text.startswith(self._shown) else ""
        if new.strip():
            self._begin()
            between = " " if self._heard and not self._shown else ""
            self._outlet.send_soon(TranscriptChunk(between + new))
            self._shown = text
