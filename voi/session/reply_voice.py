"""Makes the sound of one reply: its pieces of text, in order, through the TTS into the playback.

Successive pieces in one voice, tone and language go to the engine as one growing text, each when the engine asks for
it. A change of voice, tone or language begins another text."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from voi.audio.pcm import Sounding, silence
from voi.audio.resample import Resampler
from voi.config.agents import Agent
from voi.config.parts import NarratorChoice, VoiceChoice
from voi.core.facts import PieceVoiced, ReplyFailed, ReplyText, ReplyThinking, ReplyWritten, ToolCalled
from voi.core.ledger import as_written
from voi.dialogue import SpokenWords, Voice
from voi.engines.base import TextSpoken, Tts, VoiceSpec
from voi.engines.fallback.choices import Fallbacks
from voi.engines.fallback.sound_due import SoundDue
from voi.engines.info import TtsInfo
from voi.errors import EngineError
from voi.session.playback import Playback
from voi.session.role_voice import RoleVoice, role_voices
from voi.text import language
from voi.text.language import Spoken
from voi.text.speakable import is_prepared, prepare, speakable_soon
from voi.use import Use

PIECES_MAX = 256
"""How many pieces may wait for their sound, about half an hour of speech. Beyond, reading the LLM's answer waits."""

PIECE_MAX_MS = 20_000
"""A piece is voiced to its end without a pause, so that the times of its words are known before they are heard. At most
this much unsent sound of it is held."""

AHEAD = -1
"""Number of what is said ahead of the reply's own pieces."""

ReplyFact = ReplyText | PieceVoiced | ReplyThinking | ToolCalled | ReplyWritten | ReplyFailed
"""The facts that writing and voicing a reply produces."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A clause or sentence to be said, with its voice and tone. `sound`: ready-made, PCM at the door's rate. `spoken`:
    its speakable form, where that was made already."""

    number: int
    text: str
    voice: Voice
    tone: str
    sound: bytes = b""
    spoken: SpokenWords | None = None


@dataclass(frozen=True, slots=True)
class _Next:
    """A piece as it will be said. `text`: its speakable form; "" if there is nothing to say."""

    piece: Piece
    text: str
    choice: VoiceChoice
    spec: VoiceSpec


class _Used:
    """What a run of pieces used of its engine. Sound that was made before costs nothing."""

    __slots__ = ("bytes", "characters", "sound_ms", "texts")

    def __init__(self) -> None:
        self.bytes = self.characters = self.sound_ms = self.texts = 0
        """`bytes`: of sound since the last text that was spoken whole. `texts`: how many were."""

    def spoken(self, spoken: TextSpoken, text: str) -> None:
        if not spoken.made_before:
            self.characters += len(text)
            self.sound_ms += spoken.end_ms - spoken.start_ms
        self.bytes, self.texts = 0, spoken.text + 1

    def of(self, info: TtsInfo, model: str, said: "list[_Next]") -> Use | None:
        """None: nothing. Texts that the engine had taken when it was stopped count whole."""
        taken = sum(len(each.text) for each in said[self.texts :])
        sound_ms = self.sound_ms + self.bytes * 500 // info.sample_rate_hz
        characters = self.characters + taken
        if not (sound_ms or characters):
            return None
        return Use("tts", info.name, model, sound_ms=sound_ms, characters=characters, estimated=bool(taken))


class Voicing(Protocol):
    """What gives the pieces of one reply their sound. `speak` is the body of a task of its own."""

    @property
    def language(self) -> str:
        """Expected language of the reply, before any of it was read."""
        ...

    @property
    def sounds(self) -> bool:
        """Sound was made of words that no piece has yet."""
        ...

    def can_say(self, voice: Voice) -> bool: ...

    async def put(self, piece: Piece) -> None:
        """Say this piece after those put before. May wait (backpressure)."""

    def put_ahead(self, text: str, tone: str, sound: bytes) -> None:
        """Say this before the reply's own words, unless those have come. `sound`: its ready-made sound; b"": none."""

    async def play(self, piece: int, pcm: bytes) -> None:
        """Use ready-made sound for that piece: PCM at the door's rate."""

    async def end(self) -> None:
        """Mark the end of the pieces."""

    def drop_waiting(self) -> list[Piece]:
        """Remove and return the pieces that have no sound yet."""
        ...

    def take_over(self) -> None:
        """What is put from now on are words of ours, and not the model's."""

    def abandon(self, below: int) -> None:
        """Drop the sound of all pieces numbered below `below`, even of the piece that is being voiced."""

    async def speak(self) -> None:
        """Voice the pieces until `end`. Raises EngineError."""


class ReplyVoice:
    """The voices of one agent, for one reply. `speak` is the body of a task of its own."""

    __slots__ = (
        "_again",
        "_begun",
        "_choices",
        "_ended",
        "_next",
        "_on_sound",
        "_on_use",
        "_playback",
        "_queue",
        "_rate_hz",
        "_reply",
        "_roles",
        "_spoken",
        "_taken",
        "_tell",
        "_tts",
        "_void_below",
    )

    def __init__(
        self,
        reply: int,
        agent: Agent,
        tts: Mapping[str, Tts],
        playback: Playback,
        rate_hz: int,
        tell: Callable[[ReplyFact], None],
        on_sound: Callable[[int], None],
        spoken: Spoken,
        on_use: Callable[[Use], None] = lambda use: None,
        fallbacks: Fallbacks | None = None,
    ) -> None:
        self._reply = reply
        self._choices: Mapping[Voice, VoiceChoice] = agent.voices_by_role()
        self._roles: Mapping[Voice, RoleVoice] = role_voices(agent, fallbacks or Fallbacks())
        """Those in which another voice may take over."""
        self._spoken = spoken
        self._tts = tts
        self._playback = playback
        self._rate_hz = rate_hz
        self._tell = tell
        self._on_sound = on_sound
        self._on_use = on_use
        self._queue: asyncio.Queue[Piece | None] = asyncio.Queue(PIECES_MAX)
        self._next: _Next | None = None
        """Taken from the queue, but not given to an engine yet."""
        self._taken: Piece | None = None
        """The same, before it is known how it is said."""
        self._again: deque[Piece] = deque()
        """Pieces of which a voice that failed gave no sound. They come before those in the queue."""
        self._ended = False
        self._void_below = 0
        self._begun = False
        """Words of the reply itself were put."""

    @property
    def language(self) -> str:
        """Expected language of the reply, before any of it was read."""
        return self._spoken.now

    @property
    def sounds(self) -> bool:
        """Never: here sound is made of pieces."""
        return False

    def can_say(self, voice: Voice) -> bool:
        return voice in self._choices

    # ---- for the writer of the reply ------------------------------------------------------------------

    async def put(self, piece: Piece) -> None:
        """Say this piece after those put before. Waits while `PIECES_MAX` pieces are queued."""
        self._begun = True
        await self._queue.put(piece)

    def put_ahead(self, text: str, tone: str, sound: bytes) -> None:
        """Say this before the reply's own words, unless those have come. `sound`: its ready-made sound; b"": the voice
        says it."""
        if not self._begun:
            self._queue.put_nowait(Piece(AHEAD, text, "character", tone, sound))

    async def end(self) -> None:
        """Mark the end of the pieces."""
        self._begun = True
        await self._queue.put(None)

    def drop_waiting(self) -> list[Piece]:
        """Remove and return the pieces that were not given to an engine yet."""
        waiting = [*([self._next.piece] if self._next else []), *self._again]
        self._next = None
        self._again.clear()
        while not self._queue.empty():
            if piece := self._queue.get_nowait():
                waiting.append(piece)
        for piece in waiting:
            if piece.number == AHEAD:
                self._queue.put_nowait(piece)
        return [piece for piece in waiting if piece.number != AHEAD]

    def take_over(self) -> None:
        """What is put from now on are words of ours, and not the model's. Here, the same voice says both."""

    def abandon(self, below: int) -> None:
        """Drop the sound of all pieces numbered below `below`, even of the piece that is being voiced."""
        self._void_below = below

    # ---- the making -----------------------------------------------------------------------------------

    async def speak(self) -> None:
        """Voice the pieces until `end`. Raises EngineError."""
        await self.prepare()
        while await self.has_next():
            await self.say_next()
        self._playback.finish(self._reply)

    async def prepare(self) -> None:
        """Load what reading aloud in the reply's language needs."""
        if self._spoken.detects:
            await asyncio.to_thread(language.load)
        if not is_prepared(self.language):  # a client's agent may speak a language that no other one does
            await asyncio.to_thread(prepare, self.language)

    async def has_next(self) -> bool:
        """Wait for the next piece. False: there are no more."""
        return await self._peek() is not None

    async def say_next(self) -> None:
        """Voice the pieces that come next, in one voice, tone and language."""
        if (coming := await self._peek()) is not None:
            await self._run(coming)

    async def _peek(self) -> "_Next | None":
        """The next piece, without taking it; None: there are no more."""
        if self._next is None and (self._taken or self._again or not self._ended):
            if self._taken is None:
                self._taken = self._again.popleft() if self._again else await self._queue.get()
            self._ended = self._ended or self._taken is None
            # The piece stays there meanwhile: an engine that fails no longer waits for it, and another one speaks it.
            self._next = await self._as_said(self._taken) if self._taken else None
            self._taken = None
        return self._next

    async def _as_said(self, piece: Piece) -> "_Next":
        role = self._roles.get(piece.voice)
        choice = role.choice if role else self._choices[piece.voice]
        code = self._spoken.of(piece.text) if self._spoken.detects else self._spoken.now
        spec = VoiceSpec(choice.voice, piece.tone, choice.speed, code, piece.voice)
        spoken = piece.spoken
        if spoken is None or spoken.language != code:
            spoken = SpokenWords((await speakable_soon(piece.text.strip(), code)).strip(), code)
        return _Next(piece, spoken.words, choice, spec)

    async def _run(self, first: "_Next") -> None:
        """Voice the next pieces that share an engine, a voice, a tone and a language."""
        if first.piece.sound:
            self._next = None
            await self._play(first.piece.sound, ahead=first.piece.number == AHEAD)
            return
        said: list[_Next] = []
        used, role = _Used(), self._roles.get(first.piece.voice)
        if role is None:
            await self._voice(first, said, used)
            return
        heard = Sounding(self._rate_hz)
        try:
            await self._voice(first, said, used, role, heard)
        except EngineError as error:
            if not role.take_over(error, heard.audible_ms[1]):
                raise
            if (coming := self._next.piece if self._next else self._taken) is not None:
                self._again.appendleft(coming)
            self._next = self._taken = None
            self._again.extendleft(each.piece for each in reversed(said[used.texts :]))

    async def _voice(
        self,
        first: "_Next",
        said: "list[_Next]",
        used: _Used,
        role: RoleVoice | None = None,
        heard: Sounding | None = None,
    ) -> None:
        """The same in one voice, until it fails. `said` takes the pieces that were given to it, `heard` its sound.
        `role`: another voice may take over. Raises EngineError."""
        choice = first.choice
        if role:
            role.begin()
        tts = self._tts.get(choice.model)
        if tts is None:
            raise EngineError(f"The voice model {choice.model!r} is not loaded; the server must be restarted for it.")
        narrator = choice if isinstance(choice, NarratorChoice) else None
        before_ms, after_ms = (narrator.leading_silence_ms, narrator.trailing_silence_ms) if narrator else (0, 0)
        ahead = first.piece.number == AHEAD
        self._put(silence(before_ms, self._rate_hz))
        start_ms = self._playback.made_ms(self._reply)
        resampler = Resampler(tts.info.sample_rate_hz, self._rate_hz)
        due = SoundDue(choice.model, role.after_s) if role and role.may_change else None
        texts = self._texts(first, said, due, most=1 if before_ms or after_ms or ahead else PIECES_MAX)
        try:
            speech = tts.speak(texts, first.spec)
            async with aclosing(due.of(speech) if due else speech) as items:
                async for item in items:
                    if self._is_void(first):
                        return
                    if isinstance(item, TextSpoken):
                        used.spoken(item, said[item.text].text)
                        if role and not ahead:
                            role.spoke(said[item.text].piece.text, item.end_ms, by_words=tts.info.contexts)
                        if not ahead:
                            self._tell_voiced(said[item.text], item, start_ms)
                        await self._playback.room(self._reply)
                        continue
                    used.bytes += len(item)
                    pcm = resampler.push(item)
                    if role and due and heard is not None:
                        heard.take(pcm)
                        role.sounds()
                    if not self._put(pcm, ahead=ahead):
                        return
                    await self._playback.room(self._reply, PIECE_MAX_MS)
        finally:
            if use := used.of(tts.info, choice.model, said):
                self._on_use(use)
        if said and not self._is_void(first):
            self._put(resampler.flush(), ahead=ahead)
            self._put(silence(after_ms, self._rate_hz))

    def _is_void(self, coming: "_Next") -> bool:
        return AHEAD < coming.piece.number < self._void_below

    async def _texts(self, first: "_Next", said: "list[_Next]", due: SoundDue | None, most: int) -> AsyncIterator[str]:
        """Texts of the next pieces in the same voice as `first`, taken one by one as the engine asks for them. `due` is
        told of each."""
        while len(said) < most and (coming := await self._peek()) is not None:
            alike = (coming.choice, coming.spec) == (first.choice, first.spec)
            if not alike or (said and self._is_void(first)):
                return
            self._next = None
            if coming.text:
                said.append(coming)
                if due:
                    due.given()
                yield coming.text
            elif coming.piece.number != AHEAD:
                now_ms = self._playback.made_ms(self._reply)
                self._tell(PieceVoiced(self._reply, coming.piece.number, now_ms, 0))

    def _tell_voiced(self, coming: "_Next", spoken: TextSpoken, run_start_ms: int) -> None:
        words = as_written(coming.piece.text, spoken.words)
        start_ms = run_start_ms + spoken.start_ms
        self._tell(PieceVoiced(self._reply, coming.piece.number, start_ms, spoken.end_ms - spoken.start_ms, words))

    async def play(self, piece: int, pcm: bytes) -> None:
        """Use ready-made sound for that piece: PCM at the door's rate."""
        self._tell(PieceVoiced(self._reply, piece, 0, len(pcm) // 2 * 1_000 // self._rate_hz))
        await self._play(pcm)

    async def _play(self, pcm: bytes, *, ahead: bool = False) -> None:
        step = self._rate_hz * 2  # one second
        for start in range(0, len(pcm), step):
            self._put(pcm[start : start + step], ahead=ahead)
            await self._playback.room(self._reply)

    def _put(self, pcm: bytes, *, ahead: bool = False) -> bool:
        """Give sound to the playback. False: the reply was stopped. `ahead`: it does not belong to the reply's own
        words."""
        if pcm and not ahead:
            self._on_sound(self._reply)
        return self._playback.put(self._reply, pcm)
