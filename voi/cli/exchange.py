"""One exchange with a server as `voi talk` sees it: what was said and heard, and how long each step took."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from voi.audio.framing import Framer
from voi.audio.pcm import SAMPLE_BYTES, SILENCE_DBFS, rms_dbfs
from voi.cli.transcript import TalkOutput
from voi.client import (
    OUTPUT_RATE_HZ,
    AppMessageEvent,
    AudioEvent,
    ErrorEvent,
    Event,
    LlmResponseEvent,
    MessageEvent,
    ResumedEvent,
    SoundLoweredEvent,
    SpeechDoneEvent,
    StatusEvent,
    ToolCallEvent,
)
from voi.core.facts import SpeechGrew, UserStarted
from voi.core.vad_edges import VadEdges
from voi.engines.vad.silero import Silero

if TYPE_CHECKING:
    from voi.cli.soundcard import SoundCard

SETTLE_S = 1.0
"""An answer is over when it has been played and nothing has come for this time."""
ANOTHER_ANSWER_S = 5.0
"""A sound over an answer that has neither interrupted it nor been answered by then was not a question."""
HEARD_LIMIT_S = 3600
QUIET_DBFS = -50.0
QUIET_BELOW_LOUDEST_DB = 30.0

_BYTES_PER_S = OUTPUT_RATE_HZ * SAMPLE_BYTES

_TRANSCRIPT, _TEXT, _SOUND = "transcript", "answer's text", "answer's sound"

_FACTS = {_TRANSCRIPT: "transcript_ms", _TEXT: "text_ms", _SOUND: "sound_ms"}


class HeardSound:
    """Tracks how much of its sound has been heard. It plays in real time (on `speaker`, if there is one)."""

    def __init__(self, speaker: "SoundCard | None" = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._speaker = speaker
        self._clock = clock
        self.ends_s = 0.0
        """Time at which all sound so far will have been heard."""
        self.heard = bytearray()
        """s16le, mono, 24 kHz; pauses between speeches are left out. Up to HEARD_LIMIT_S."""

    def play(self, pcm: bytes) -> None:
        self.ends_s = max(self.ends_s, self._clock()) + len(pcm) / _BYTES_PER_S
        self.heard += pcm[: max(0, HEARD_LIMIT_S * _BYTES_PER_S - len(self.heard))]
        if self._speaker:
            self._speaker.play(pcm)

    def lower(self, gain_db: float) -> None:
        """Play what is not yet played no louder than this. In `heard` it stays as it came."""
        if self._speaker:
            self._speaker.lower(gain_db)

    def clear(self) -> None:
        """Drop what is not yet played."""
        unheard_bytes = round(self.rest_s * OUTPUT_RATE_HZ) * SAMPLE_BYTES
        del self.heard[max(0, len(self.heard) - unheard_bytes) :]
        self.ends_s = self._clock()
        if self._speaker:
            self._speaker.clear()

    @property
    def rest_s(self) -> float:
        """How much is still to be played."""
        return max(0.0, self.ends_s - self._clock())


class Hearing:
    """Tells voice from quiet in frames of 16 kHz sound, by the embedded VAD and the server's rule for its edges. Until
    the VAD has found voice, by level: within 30 dB of the loudest frame so far, and above -50 dBFS; so a file with only
    tones has an end, too."""

    def __init__(self) -> None:
        vad = Silero()
        self._framer = Framer(vad.info.window_samples)
        self._vad = vad.open()
        self._speech = VadEdges(vad.info.window_samples)
        self._voiced = self._heard = False
        self._loudest_dbfs = SILENCE_DBFS

    def is_voice(self, frame: bytes) -> bool:
        for window in self._framer.push(frame):
            self._voiced = isinstance(self._speech.window(self._vad.probability(window)), UserStarted | SpeechGrew)
            self._heard |= self._voiced
        level_dbfs = rms_dbfs(frame)
        self._loudest_dbfs = max(self._loudest_dbfs, level_dbfs)
        is_loud = level_dbfs > max(QUIET_DBFS, self._loudest_dbfs - QUIET_BELOW_LOUDEST_DB)
        return self._voiced if self._heard else is_loud


class Exchange:
    """Takes what both sides say, in order, and decides when the answer to the person's last words is over."""

    def __init__(
        self, playback: HeardSound, transcript: TalkOutput, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._playback = playback
        self._transcript = transcript
        self._clock = clock
        self._shown: dict[int, str] = {}
        self._speech_id = ""
        self._underway = ""
        """The agent's newest message, until all its sound has arrived or it failed."""
        self._last_event_s = self._question_s = clock()
        self._steps_s: dict[str, float] = {}
        self._latency_told = True
        self._ended = ""
        """How the last answer ended: `speech_done`, `response_cancelled` or `error`; "" before that."""
        self._ended_s = 0.0
        self._complained = False
        self.failed = False
        """The agent could not give one of the answers."""

    def expect(self) -> None:
        """A question begins: nothing said so far is its answer."""
        self._underway = self._ended = ""

    def spoke(self) -> None:
        """The person's voice (or typed question) was sent just now."""
        self._question_s = self._clock()
        # what they have said of this question so far may well be its whole transcript
        kept = () if self._latency_told else (_TRANSCRIPT,)
        self._steps_s = {step: at_s for step, at_s in self._steps_s.items() if step in kept}
        self._latency_told = False
        self._complained = False

    def take(self, event: Event) -> None:
        """The server said something."""
        self._last_event_s = self._clock()
        match event:
            case MessageEvent(message_id, role, text, _):
                if role == "assistant" and message_id not in self._shown:
                    self._mark(_TEXT)
                    self._underway = str(message_id)
                if self._shown.get(message_id) != text:
                    self._shown[message_id] = text
                    self._transcript.show(
                        message_id, "you" if role == "user" else "agent", text.replace(".... (", "... (")
                    )
                    if role == "user":
                        self._steps_s.pop(_TRANSCRIPT, None)  # its last change counts
                        self._mark(_TRANSCRIPT)
            case AudioEvent(speech_id, payload):
                if speech_id != self._speech_id:
                    self._speech_id = speech_id
                    self._mark(_SOUND)
                self._playback.play(payload)
            case SoundLoweredEvent(_, gain_db):
                self._playback.lower(gain_db)
            case StatusEvent("user_interrupt"):
                self._playback.clear()
                self._underway = self._ended = ""
            case StatusEvent("response_done"):
                self._complained = False  # whatever it was, the answer is written
            case StatusEvent("response_cancelled"):
                self._end("response_cancelled")
            case SpeechDoneEvent(speech_id) if speech_id == self._underway:
                self._end("speech_done")
            case ToolCallEvent(_, name, arguments):
                self._transcript.say("tool", f"{name} {arguments}", name=name, arguments=arguments)
            case AppMessageEvent(content):
                self._transcript.say("message", content, text=content)
            case ErrorEvent(error):
                self._complained = True
                self._transcript.say("error", error)
                if self._underway:
                    self._end("error")
            case ResumedEvent(away_s, lost_ms):
                lost = f"; {lost_ms / 1000:.1f} s of what you said meanwhile are lost" if lost_ms else ""
                words = f"was cut for {away_s:.1f} s and is back{lost}"
                self._transcript.say("line", words, away_s=round(away_s, 1), lost_ms=lost_ms)
            case LlmResponseEvent(content):
                self._transcript.say("model", content)
        if _TEXT in self._steps_s and _SOUND in self._steps_s:
            self.tell_latency()

    def _end(self, how: str) -> None:
        """End the answer. After a failure at most an apology follows, without `response_done`."""
        self._underway, self._ended, self._ended_s = "", how, self._clock()
        self.failed |= self._complained

    def tell_latency(self) -> None:
        """Print how long the steps of the last answer took, once."""
        if self._steps_s and not self._latency_told:
            self._latency_told = True
            took_ms = {step: max(0, round((at_s - self._question_s) * 1000)) for step, at_s in self._steps_s.items()}
            steps = ", ".join(f"{step} {ms} ms" for step, ms in took_ms.items())
            facts = {_FACTS[step]: ms for step, ms in took_ms.items()}
            self._transcript.say("latency", f"since the end of the question: {steps}", **facts)

    def is_over(self, *, may_be_cancelled: bool) -> bool:
        """True if the answer was given and heard, or has failed. `may_be_cancelled`: "nothing to answer" counts as an
        answer, too."""
        if self._underway or not self._ended:
            return False
        if self._ended == "response_cancelled" and not (may_be_cancelled or self._complained):
            return False
        if self._ended_s < self._question_s:  # they spoke into the answer: another one may follow
            return self._playback.rest_s == 0 and self.silent_s >= ANOTHER_ANSWER_S
        return self._playback.rest_s == 0 and self._clock() - self._last_event_s >= SETTLE_S

    @property
    def is_underway(self) -> bool:
        """True while the agent is saying something, perhaps slowly."""
        return bool(self._underway)

    @property
    def silent_s(self) -> float:
        """Seconds in which neither side said anything and nothing was playing; below 0 while something is playing."""
        return self._clock() - max(self._last_event_s, self._question_s, self._playback.ends_s)

    def _mark(self, step: str) -> None:
        if not self._latency_told:
            self._steps_s.setdefault(step, self._clock())
