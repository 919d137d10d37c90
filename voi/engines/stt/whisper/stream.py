"""One caller's utterance, on the event loop: takes sound at any time, asks the engine for passes, answers flushes."""

from collections.abc import Callable

from voi.engines.base import Transcript
from voi.engines.stt.flushes import LONGEST_BUFFER_MS, Flushes, too_far_behind
from voi.engines.stt.whisper.decoding_state import DecodingState, PassWindow
from voi.engines.stt.whisper.passes import BYTES_PER_MS, Hypothesis, Pass
from voi.engines.stt.whisper.sound import to_samples
from voi.engines.stt.whisper.turns import Urgency, WaitingPass
from voi.errors import EngineError

PARTIAL_EVERY_MS = 400
TAIL_WITHOUT_PARTIALS_MS = 8_000
"""Interval of passes when there is no `on_partial`, so that a flush has only a short tail to decode."""


class WhisperStream:
    """`SttStream`. Made by `Whisper.open`."""

    def __init__(
        self,
        decoding: DecodingState,
        on_partial: Callable[[Transcript], None] | None,
        *,
        now_ms: Callable[[], float],
        wake: Callable[[], None],
        forget: Callable[["WhisperStream"], None],
    ) -> None:
        """`wake`: called when there is something to do; `forget`: when it is closed."""
        self._now_ms, self._wake, self._forget = now_ms, wake, forget
        self._decoding = decoding
        self._on_partial = on_partial
        self._step = to_samples(PARTIAL_EVERY_MS if on_partial else TAIL_WITHOUT_PARTIALS_MS)
        self._flushes = Flushes()
        self._pass: tuple[PassWindow, Pass, bool] | None = None
        self._wish: tuple[Urgency, float] | None = None
        self._shown = ""
        self._error: EngineError | None = None

    def feed(self, pcm: bytes, *, speech: bool = True) -> None:
        """Raises EngineError when ten minutes of sound already wait: the machine is too slow for its callers."""
        if self._error:
            return  # flush raises the error
        sound = self._decoding.sound
        if (sound.end - sound.start) * 2 + len(pcm) > LONGEST_BUFFER_MS * BYTES_PER_MS:
            raise too_far_behind()
        sound.feed(pcm, speech)
        self._update()

    async def flush(self) -> Transcript:
        """Raises EngineError when the model failed, took too long, or the utterance was closed. After a failure of the
        device (`retryable`) the sound is still there, and another flush may succeed.

        The last words stay open: when more is fed, the next flush transcribes them again in their sentence."""
        if not self._error and self._decoding.covered < self._decoding.heard:
            await self._flushes.until(self._decoding.heard, self._update)
        if self._error:
            raise self._error
        heard = self._decoding
        return Transcript(heard.text(), language=heard.spoken, words=heard.words)

    def close(self) -> None:
        self._forget(self)
        self.fail(EngineError("This utterance was closed."))

    # ---- for the engine ---------------------------------------------------------------------------

    def wish(self) -> WaitingPass["WhisperStream"] | None:
        """The pass that this caller needs next, and since when."""
        return WaitingPass(self, *self._wish) if self._wish and not self._pass else None

    def _update(self) -> None:
        urgency = self._urgency()
        if urgency is None:
            self._wish = None
        elif self._wish is None or urgency is Urgency.FINAL is not self._wish[0]:
            self._wish = (urgency, self._now_ms())
        else:
            self._wish = (urgency, self._wish[1])
        if self._wish and not self._pass:
            self._wake()

    def _urgency(self) -> Urgency | None:
        decoding = self._decoding
        if self._error or decoding.covered >= decoding.heard:
            return None
        if self._flushes:
            return Urgency.FINAL
        if decoding.overfull or decoding.sound.pausing:
            return Urgency.PAUSE
        return Urgency.PARTIAL if decoding.heard - decoding.tried >= self._step else None

    def begin(self) -> Pass:
        """The pass that `wish` announced."""
        assert self._wish is not None
        may_be_final = self._wish[0] is not Urgency.PARTIAL
        window, each = self._decoding.next_pass(may_be_final=may_be_final)
        self._pass = (window, each, may_be_final)
        self._wish = None
        return each

    def take(self, hypothesis: Hypothesis) -> None:
        """Take the result of the pass that `begin` returned."""
        if self._pass is None or self._error:
            return
        window, _, may_be_final = self._pass
        self._pass = None
        self._decoding.take(window, hypothesis, may_be_final=may_be_final)
        self._flushes.reached(self._decoding.covered)
        self._update()
        transcript = self._decoding.transcript()
        if self._on_partial and transcript.text != self._shown:
            self._shown = transcript.text
            self._on_partial(transcript)

    def interrupted(self, error: EngineError) -> None:
        """The pass failed because of the device: flushes raise the error, the sound is kept."""
        self._pass = None
        self._flushes.interrupt(error)
        self._update()

    def fail(self, error: EngineError) -> None:
        """Fail the utterance for good: continuing would silently lose words."""
        if self._error is None:
            self._error = error
            self._wish = None
            if self._pass:
                self._pass[1].cancelled = True
            self._flushes.end()
