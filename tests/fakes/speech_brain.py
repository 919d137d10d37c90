"""A brain that takes sound and gives sound with a transcript, as gpt-realtime, Gemini Live or Moshi would: no VAD, STT,
LLM or TTS of ours has a part in it."""

import array
import asyncio
from collections.abc import Sequence

from tests.fakes.engines import LOUD
from voi.core import actions as do
from voi.core.facts import (
    Heard,
    PieceVoiced,
    QuietGrew,
    ReplyFailed,
    ReplyText,
    ReplyWritten,
    SpeechGrew,
    ToolCalled,
    UserStarted,
)
from voi.core.guard import PatternGuard
from voi.dialogue import Message, ToolCall
from voi.session.brain import BrainAction, Surroundings
from voi.session.held_sound import HeldSound

WINDOW_MS = 20
WORD_MS = 200
Answer = str | tuple[str, ToolCall]


class SpeechBrain:
    """Hears a word of `said` for every 200 ms of voice; answers with the next of `answers` (the last over and over)."""

    def __init__(self, around: Surroundings, said: str, answers: Sequence[Answer]) -> None:
        self._around = around
        self._said = said.split()
        self._answers = answers
        self.asked: list[tuple[Message, ...]] = []
        self._heard_ms = self._voice_ms = self._stretch_ms = self._quiet_ms = 0
        self._utterance = 0
        self._replies: dict[int, asyncio.Task[None]] = {}
        control = around.config.control_of(around.agent)
        self._phrases = control.denial_phrases if control else ()

    # ---- in ---------------------------------------------------------------------------------------

    def hear(self, pcm: bytes) -> None:
        tell = self._around.tell
        self._heard_ms += WINDOW_MS
        if max(array.array("h", pcm)) >= LOUD:
            if self._stretch_ms == 0:
                tell(UserStarted(self._heard_ms))
            self._stretch_ms += WINDOW_MS
            self._voice_ms += WINDOW_MS
            self._quiet_ms = 0
            tell(SpeechGrew(self._stretch_ms))
            if self._voice_ms % WORD_MS == 0:
                tell(Heard(self._utterance, self._text))
        elif self._utterance:
            self._stretch_ms = 0
            self._quiet_ms += WINDOW_MS
            tell(QuietGrew(self._quiet_ms))

    @property
    def _text(self) -> str:
        return " ".join(self._said[: round(self._voice_ms / WORD_MS)])

    # ---- out --------------------------------------------------------------------------------------

    def act(self, action: BrainAction) -> None:
        around = self._around
        match action:
            case do.Listen(utterance):
                self._utterance, self._voice_ms = utterance, 0
            case do.Transcribe(utterance, pause):
                around.tell(Heard(utterance, self._text, pause))
            case do.EndUtterance():
                self._utterance = self._stretch_ms = self._quiet_ms = 0
            case do.StartReply(reply, messages):
                answer = self._answers[min(len(self.asked), len(self._answers) - 1)]
                self.asked.append(messages)
                text, *calls = (answer,) if isinstance(answer, str) else answer
                self._begin(reply, str(text), [call for call in calls if isinstance(call, ToolCall)])
            case do.SayPhrase(reply, text):
                self._begin(reply, text, [])
            case do.Release(reply, message_id):
                around.playback.release(reply, message_id)
            case do.Duck(reply, level):
                around.playback.duck(reply, level)
            case do.Resume(reply):
                around.playback.resume(reply)
            case do.Stop(reply):
                self._replies.pop(reply).cancel()
                around.tell(around.playback.stop(reply))

    def _begin(self, reply: int, text: str, calls: list[ToolCall]) -> None:
        self._around.playback.open(reply)
        self._replies[reply] = self._around.tasks.start(self._speak(reply, text, calls), f"reply {reply}")

    async def _speak(self, reply: int, text: str, calls: list[ToolCall]) -> None:
        """The model's words and their sound come a word at a time, twice as fast as they are spoken."""
        held = HeldSound(PatternGuard(self._phrases) if self._phrases else None)
        piece = 0
        for number, word in enumerate(text.split()):
            await asyncio.sleep(WORD_MS / 2_000)
            sound = b"\x10\x20" * (WORD_MS * self._around.rate_hz // 1_000)
            piece += self._pass(reply, piece, *held.feed(f" {word}" if number else word, sound))
            if held.denied:
                self._around.tell(ReplyFailed(reply, "The model said what it may not say."))
                return
        self._pass(reply, piece, *held.close())
        for call in calls:
            self._around.tell(ToolCalled(reply, call.call_id, call.name, call.arguments))
        self._around.tell(ReplyWritten(reply))
        self._around.playback.finish(reply)

    def _pass(self, reply: int, piece: int, text: str, pcm: bytes) -> bool:
        if not text.strip():
            return False
        around = self._around
        start_ms = around.playback.made_ms(reply)
        around.tell(ReplyText(reply, piece, text))
        around.playback.put(reply, pcm)
        around.tell(PieceVoiced(reply, piece, start_ms, around.playback.made_ms(reply) - start_ms))
        return True

    def forget(self, reply: int) -> None:
        self._replies.pop(reply, None)

    def close(self) -> None:
        for task in self._replies.values():
            task.cancel()
