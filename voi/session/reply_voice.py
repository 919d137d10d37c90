"""Makes the sound of one reply: its pieces of text, one after the other, through the TTS into the speaker."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from voi.audio.pcm import silence
from voi.audio.resample import Resampler
from voi.config.agents import Agent
from voi.config.parts import NarratorChoice, VoiceChoice
from voi.core.facts import PieceVoiced, ReplyFailed, ReplyText, ReplyWritten
from voi.dialogue import Voice
from voi.engines.base import Tts, VoiceSpec
from voi.errors import EngineError
from voi.session.playback import Playback
from voi.text import language
from voi.text.language import Spoken
from voi.text.speakable import speakable

PIECES_MAX = 256
"""Pieces that may wait for their sound; the reading of the LLM's answer waits beyond. About half an hour of speech."""

ReplyFact = ReplyText | PieceVoiced | ReplyWritten | ReplyFailed
"""What the work on a reply tells."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A clause or sentence, in whose voice and in which tone it is to be said."""

    number: int
    text: str
    voice: Voice
    tone: str


class ReplyVoice:
    """The voices of one agent, for one reply. `speak` is the body of a task of its own."""

    __slots__ = (
        "_choices",
        "_on_sound",
        "_queue",
        "_rate_hz",
        "_reply",
        "_speaker",
        "_spoken",
        "_tell",
        "_tts",
        "_void_below",
    )

    def __init__(
        self,
        reply: int,
        agent: Agent,
        tts: Mapping[str, Tts],
        speaker: Playback,
        rate_hz: int,
        tell: Callable[[ReplyFact], None],
        on_sound: Callable[[int], None],
        spoken: Spoken,
    ) -> None:
        self._reply = reply
        self._choices: Mapping[Voice, VoiceChoice] = agent.voices_by_role()
        self._spoken = spoken
        self._tts = tts
        self._speaker = speaker
        self._rate_hz = rate_hz
        self._tell = tell
        self._on_sound = on_sound
        self._queue: asyncio.Queue[Piece | None] = asyncio.Queue(PIECES_MAX)
        self._void_below = 0

    def can_say(self, voice: Voice) -> bool:
        return voice in self._choices

    # ---- for the writer of the reply ------------------------------------------------------------------

    async def put(self, piece: Piece) -> None:
        """Say this after what was put before."""
        await self._queue.put(piece)

    async def end(self) -> None:
        """There are no more pieces."""
        await self._queue.put(None)

    def drop_waiting(self) -> list[Piece]:
        """Take back the pieces whose sound has not been begun."""
        dropped = []
        while not self._queue.empty():
            if piece := self._queue.get_nowait():
                dropped.append(piece)
        return dropped

    def abandon(self, below: int) -> None:
        """Sound of pieces with smaller numbers is not wanted any more, not even of the one being made."""
        self._void_below = below

    # ---- the making -----------------------------------------------------------------------------------

    async def speak(self) -> None:
        """Voice the pieces until `end`. Raises EngineError."""
        if self._spoken.detects:
            await asyncio.to_thread(language.load)
        while piece := await self._queue.get():
            await self._voice(piece)
        self._speaker.finish(self._reply)

    async def _voice(self, piece: Piece) -> None:
        text = speakable(piece.text, code := self._spoken.of(piece.text)).strip()
        if not text:
            self._tell(PieceVoiced(self._reply, piece.number, self._speaker.made_ms(self._reply), 0))
            return
        choice = self._choices[piece.voice]
        tts = self._tts.get(choice.model)
        if tts is None:
            raise EngineError(f"The voice model {choice.model!r} is not loaded; the server must be restarted for it.")
        narrator = choice if isinstance(choice, NarratorChoice) else None
        if narrator and narrator.leading_silence_ms:
            self._put(silence(narrator.leading_silence_ms, self._rate_hz))
        start_ms = self._speaker.made_ms(self._reply)
        resampler = Resampler(tts.sample_rate_hz, self._rate_hz)
        spec = VoiceSpec(choice.voice, piece.tone, choice.speed, code, piece.voice)
        async with aclosing(tts.stream(text, spec)) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                if piece.number < self._void_below or not self._put(resampler.push(chunk)):
                    return
                await self._speaker.room(self._reply)
        if piece.number < self._void_below:
            return
        self._put(resampler.flush())
        self._tell(PieceVoiced(self._reply, piece.number, start_ms, self._speaker.made_ms(self._reply) - start_ms))
        if narrator and narrator.trailing_silence_ms:
            self._put(silence(narrator.trailing_silence_ms, self._rate_hz))

    async def play(self, piece: int, pcm: bytes) -> None:
        """Give that piece a sound that is there already, at the door's rate."""
        self._tell(PieceVoiced(self._reply, piece, 0, len(pcm) // 2 * 1_000 // self._rate_hz))
        step = self._rate_hz * 2  # a second
        for start in range(0, len(pcm), step):
            self._put(pcm[start : start + step])
            await self._speaker.room(self._reply)

    def _put(self, pcm: bytes) -> bool:
        """False: the reply's sound is not wanted any more."""
        if pcm:
            self._on_sound(self._reply)
        return self._speaker.put(self._reply, pcm)
