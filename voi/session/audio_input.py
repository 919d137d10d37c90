"""The hot path of the person's sound: resample once, cut into VAD windows, feed the STT. Only facts leave it."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import groupby
from operator import itemgetter

from voi.audio.framing import Framer
from voi.audio.pcm import SAMPLE_BYTES
from voi.audio.resample import Resampler
from voi.core.facts import Fact, Heard, VoicePushed
from voi.core.vad_edges import VadEdges, VadRules
from voi.engines.base import STT_RATE_HZ, Stt, SttOptions, SttStream, Transcript, Vad
from voi.errors import EngineError
from voi.session.failure import VadFailed

PREROLL_MS = 480
"""How much sound from before the onset was noticed begins a transcription: the onset's 96 ms and what precedes it."""
TURN_SOUND_MS = 8_000
"""How much sound a turn model looks at."""
KEPT_MS = 30_000
"""How much of an utterance is given again to an STT engine that failed and was restarted. About 1 MB per caller."""
Window = tuple[bytes, float]
"""Sound of the VAD's length, and the probability of speech that the VAD gave it."""


class AudioInput:
    """The sound of one caller. `hear` computes inline and calls `tell` synchronously.

    `pushed`: push-to-talk; all sound belongs to the utterance, the VAD only says where the pauses are in it.
    `keeps_turn`: keep the sound for `turn_sound`. `clean` takes the agent's echo out of 16 kHz PCM. `on_sound` is given
    all sound after that, `on_transcribed` each transcription that ends, and the ms of sound that it was given.
    """

    __slots__ = (
        "_clean",
        "_fault",
        "_framer",
        "_kept",
        "_on_sound",
        "_on_transcribed",
        "_partials",
        "_preroll",
        "_push_told",
        "_pushed",
        "_resampler",
        "_speech",
        "_stream_from_ms",
        "_stt",
        "_stt_options",
        "_stt_stream",
        "_tell",
        "_turn",
        "_utterance",
        "_vad_name",
        "_vad_stream",
        "_window_ms",
        "turn_end",
    )

    def __init__(
        self,
        *,
        vad: Vad,
        stt: Stt,
        stt_options: SttOptions,
        rate_hz: int,
        tell: Callable[[Fact], None],
        pushed: bool = False,
        keeps_turn: bool = False,
        rules: VadRules | None = None,
        clean: Callable[[bytes], bytes] | None = None,
        on_sound: Callable[[bytes], None] | None = None,
        on_transcribed: Callable[[SttStream, int], None] = lambda stream, sound_ms: None,
    ) -> None:
        window_ms = vad.info.window_samples * 1_000 // STT_RATE_HZ
        self._tell = tell
        self._pushed = pushed
        self._push_told = False
        self._clean = clean
        self._on_sound = on_sound
        self._on_transcribed = on_transcribed
        self._window_ms = window_ms
        self._resampler = Resampler(rate_hz, STT_RATE_HZ) if rate_hz != STT_RATE_HZ else None
        self._framer = Framer(vad.info.window_samples)
        if self._resampler and not pushed:
            # Silence first, as long as what the resampler holds back: so no window waits for one more packet.
            self._framer.push(bytes(self._resampler.lag_samples * SAMPLE_BYTES))
        self._speech = VadEdges(vad.info.window_samples, rules)
        self._vad_name = vad.info.name
        try:
            self._vad_stream = vad.open()
        except Exception as error:
            raise VadFailed(self._vad_name, error) from error
        self._stt = stt
        self._stt_options = stt_options
        self._stt_stream: SttStream | None = None
        self._stream_from_ms = 0
        """Where the sound that it was given began, on the audio clock."""
        self._fault: EngineError | None = None
        self.turn_end: float | None = None
        """What the ear said of the turn's end with its newest text: a probability; None: nothing."""
        self._utterance = 0
        """Number of the utterance that is being heard; 0: none."""
        self._partials = True
        self._kept: deque[tuple[bytes, bool]] = deque(maxlen=KEPT_MS // window_ms)
        """Its newest windows, each with whether it is voice."""
        self._preroll: deque[Window] = deque(maxlen=0 if pushed else PREROLL_MS // window_ms)
        self._turn: deque[Window] | None = deque(maxlen=TURN_SOUND_MS // window_ms) if keeps_turn else None

    def take(self, *, pushed: bool) -> None:
        """Take sound from now on as push-to-talk, or by the VAD."""
        self._pushed, self._push_told = pushed, False
        self._preroll = deque(maxlen=0 if pushed else PREROLL_MS // self._window_ms)

    def tune(self, language: str | None, prompt: str) -> None:
        """Hear the next utterance in that language (None: detect it), with that prompt."""
        self._stt_options = replace(self._stt_options, language=language, prompt=prompt)

    def hear(self, pcm: bytes) -> None:
        """Take s16le mono at `rate_hz`, any length, even half a sample."""
        if self._pushed and not self._push_told:
            self._push_told = True
            self._tell(VoicePushed())
        if self._resampler:
            pcm = self._resampler.push(pcm)
        if self._clean:
            pcm = self._clean(pcm)
        if self._on_sound:
            self._on_sound(pcm)
        for window in self._framer.push(pcm):
            self._hear_window(window)

    def _hear_window(self, window: bytes) -> None:
        speech = self._speech
        try:
            probability = self._vad_stream.probability(window)
        except Exception as error:
            raise VadFailed(self._vad_name, error) from error
        fact = speech.window(probability)
        heard = window, probability
        self._preroll.append(heard)
        if self._utterance:
            voiced = speech.voiced
            self._kept.append((window, voiced))
            self._feed(window, voiced)
            if self._turn is not None:
                self._turn.append(heard)
        if fact and not self._pushed:
            self._tell(fact)

    # ---- the utterance ------------------------------------------------------------------------------

    def listen(self, utterance: int, *, partials: bool = True) -> None:
        """Begin a transcription with the pre-roll. `partials`: tell its words while it grows. If it fails, `transcribe`
        raises the error."""
        self._utterance = utterance
        self._partials = partials
        self._kept.extend((window, True) for window, _ in self._preroll)
        if self._turn is not None:
            self._turn.extend(self._preroll)
        self._begin()

    def _begin(self) -> None:
        """Open a transcription of the utterance and feed it the kept sound. If that fails, note the error."""
        self._drop_stream()
        try:
            on_partial = partial(self._on_partial, self._utterance) if self._partials else None
            self._stt_stream = self._stt.open(self._stt_options, on_partial)
            self._stream_from_ms = self._speech.audio_ms - len(self._kept) * self._window_ms
        except EngineError as error:
            self._fault = error
        for voiced, windows in groupby(self._kept, key=itemgetter(1)):
            self._feed(b"".join(pcm for pcm, _ in windows), voiced)

    def _feed(self, pcm: bytes, voiced: bool) -> None:
        if self._stt_stream:
            try:
                self._stt_stream.feed(pcm, speech=voiced)
            except EngineError as error:
                self._drop_stream()
                self._fault = error

    def _on_partial(self, utterance: int, transcript: Transcript) -> None:
        self._tell(Heard(utterance, transcript.text))

    def all_given(self) -> None:
        """Push-to-talk ended: feed the rest, which is shorter than a window, to the transcription as well."""
        if self._pushed:
            self._push_told = False
            rest = self._framer.push(self._resampler.flush()) if self._resampler else []
            for window in (*rest, self._framer.flush()):
                if window:
                    self._hear_window(window)

    async def transcribe(self) -> str:
        """Text of the utterance so far. If the engine failed in the middle, its restarted successor is given the sound
        again. Raises EngineError."""
        utterance = self._utterance
        try:
            return await self._flush()
        except EngineError as error:
            if not error.retryable or not utterance or utterance != self._utterance:
                raise
            self._begin()
            if self._fault:
                raise
        return await self._flush()

    async def _flush(self) -> str:
        self.turn_end = None
        if self._fault:
            raise self._fault
        if not self._stt_stream:
            return ""
        transcript = await self._stt_stream.flush()
        if transcript.language:
            self._stt_options = replace(self._stt_options, usual=transcript.language)
        self.turn_end = transcript.turn_end
        return transcript.text

    def turn_sound(self) -> bytes:
        """Up to the last 8 s of the utterance, 16 kHz PCM."""
        return b"".join([window for window, _ in self._turn or ()])

    def turn_probabilities(self) -> list[float]:
        """What the VAD said of each window of `turn_sound`."""
        return [probability for _, probability in self._turn or ()]

    def leave_stream(self) -> SttStream | None:
        """Hand the open transcription over to the caller, who still waits for its text and must close it. None: no
        transcription is open."""
        stream, self._stt_stream = self._stt_stream, None
        if stream:
            self._on_transcribed(stream, self._speech.audio_ms - self._stream_from_ms)
        return stream

    def end_utterance(self) -> None:
        """Close the transcription and reset the VAD. Sound since the last speech stays as the next pre-roll."""
        self._drop_stream()
        self._utterance = 0
        self._kept.clear()
        if self._turn is not None:
            self._turn.clear()
        self._push_told = False
        self._speech.end_turn()
        self._vad_stream.reset()
        while len(self._preroll) > self._speech.windows_since_speech:
            self._preroll.popleft()

    def _drop_stream(self) -> None:
        self._fault = None
        if stream := self.leave_stream():
            stream.close()

    def close(self) -> None:
        """Release what the engines hold for this caller."""
        self._drop_stream()
        self._vad_stream.close()
