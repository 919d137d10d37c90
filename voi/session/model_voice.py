"""The voice of a speech-to-speech model, for one reply: its sound is let out as its words pass the guard.

What the model does not say is said by the agent's own voices: the phrase that its answer takes long, and the words in
place of a denial.
"""

import asyncio
from collections.abc import Callable

from voi.audio.resample import Resampler
from voi.core.facts import PieceVoiced, ReplyThinking
from voi.dialogue import Voice
from voi.session.held_sound import HeldSound, letters_in
from voi.session.playback import Playback
from voi.session.reply_voice import Piece, ReplyFact, ReplyVoice

ALIVE_EVERY_S = 1.0


class SpeakingPace:
    """How fast the model speaks, learned from its replies."""

    __slots__ = ("ms_per_letter",)

    def __init__(self) -> None:
        self.ms_per_letter = 70.0


class ModelVoice:
    """Fulfils `Voicing`. `hear` takes the model's sound at `model_rate_hz`; `own` has the agent's own voices. `held`:
    holds the sound until its words have passed; None: it is let out as it comes."""

    __slots__ = (
        "_begun", "_held", "_letters", "_made_ms", "_make_held", "_model_rate_hz", "_on_sound", "_ours", "_own",
        "_own_speaks", "_pace", "_pieces", "_playback", "_rate_hz", "_reply", "_resampler", "_start_ms", "_tell",
        "_thought_s", "_waiting",
    )  # fmt: skip

    def __init__(
        self,
        reply: int,
        own: ReplyVoice,
        playback: Playback,
        rate_hz: int,
        model_rate_hz: int,
        tell: Callable[[ReplyFact], None],
        on_sound: Callable[[int], None],
        pace: SpeakingPace,
        make_held: Callable[[int], HeldSound] | None,
    ) -> None:
        self._reply = reply
        self._own = own
        self._playback = playback
        self._rate_hz = rate_hz
        self._model_rate_hz = model_rate_hz
        self._tell = tell
        self._on_sound = on_sound
        self._pace = pace
        self._make_held = make_held
        self._ours = False
        self._own_speaks = False
        self._waiting: list[bytes] = []
        """Sound that was let out while one of our own voices spoke ahead of it."""
        self._thought_s = 0.0
        self._start_ms: int | None = None
        """Where the model's sound begins in the reply's."""
        self._start_over()

    def _start_over(self) -> None:
        self._held = self._make_held(self._rate_hz) if self._make_held else None
        self._resampler = Resampler(self._model_rate_hz, self._rate_hz)
        self._pieces: list[tuple[Piece, int, int]] = []
        """Each with its letters, and those before it."""
        self._letters = 0
        self._made_ms = 0.0
        self._begun = False
        self._start_ms = None
        self._waiting.clear()

    @property
    def language(self) -> str:
        return self._own.language

    @property
    def sounds(self) -> bool:
        """The model's sound may be ahead of its words."""
        return self._begun

    def can_say(self, voice: Voice) -> bool:
        """Models have one voice."""
        return voice == "character"

    def heard_ms(self, played_ms: int) -> int:
        """How much of the model's own sound was heard, of `played_ms` of the reply's."""
        return 0 if self._start_ms is None else max(0, min(played_ms - self._start_ms, round(self._made_ms)))

    # ---- the model's sound ----------------------------------------------------------------------------

    def begin(self) -> None:
        """The model is asked, perhaps once more: sound of an earlier try is not heard."""
        if not self._made_ms or self._playback.rewind(self._reply):
            self._start_over()

    def hear(self, pcm: bytes) -> None:
        """Take more of the model's sound."""
        if self._ours:
            return
        sound = self._resampler.push(pcm)
        self._let_out(self._held.feed(sound) if self._held else sound)
        now_s = asyncio.get_running_loop().time()
        if now_s - self._thought_s >= ALIVE_EVERY_S:
            self._thought_s = now_s
            self._tell(ReplyThinking(self._reply))

    def _let_out(self, pcm: bytes) -> None:
        if not pcm:
            return
        if self._own_speaks:
            self._waiting.append(pcm)
            return
        first = not self._begun
        if first:
            self._begun = True
            self._start_ms = self._playback.made_ms(self._reply)
        self._made_ms += len(pcm) * 500 / self._rate_hz
        self._on_sound(self._reply)
        self._playback.put(self._reply, pcm)
        if first:
            for piece in self._pieces:
                self._tell_voiced(*piece)

    # ---- for the writer of the reply ------------------------------------------------------------------

    async def put(self, piece: Piece) -> None:
        """These words have passed."""
        if self._ours:
            await self._own_put(piece)
            return
        letters = letters_in(piece.text)
        self._pieces.append((piece, letters, self._letters))
        self._letters += letters
        if self._held:
            self._let_out(self._held.passed(piece.text))
        if self._begun:
            self._tell_voiced(*self._pieces[-1])

    async def _own_put(self, piece: Piece) -> None:
        if self._own.can_say(piece.voice):
            await self._own.put(piece)
        else:  # it is only shown
            self._tell(PieceVoiced(self._reply, piece.number, self._playback.made_ms(self._reply), 0))

    def _tell_voiced(self, piece: Piece, letters: int, before: int) -> None:
        """Tell where the piece lies in the sound, by the pace of the voice."""
        pace_ms, start_ms = self._pace.ms_per_letter if self._made_ms or self._waiting else 0, self._start_ms or 0
        begins_ms = start_ms + round(before * pace_ms)
        self._tell(PieceVoiced(self._reply, piece.number, begins_ms, round(letters * pace_ms)))

    def put_ahead(self, text: str, tone: str, sound: bytes) -> None:
        if not self._begun and self._own.can_say("character"):
            self._own_speaks = True
            self._own.put_ahead(text, tone, sound)

    async def play(self, piece: int, pcm: bytes) -> None:
        await self._own.play(piece, pcm)

    async def end(self) -> None:
        """All words have passed, and all sound has come."""
        if not self._ours:
            rest = self._resampler.flush()
            self._let_out((self._held.feed(rest) + self._held.close()) if self._held else rest)
            self._measure()
        await self._own.end()

    def _measure(self) -> None:
        """The sound is complete, and so its pace is known: tell where the pieces lie once more."""
        made_ms = self._made_ms + sum(map(len, self._waiting)) * 500 / self._rate_hz
        if self._letters and made_ms:
            self._pace.ms_per_letter = made_ms / self._letters
        for piece in self._pieces:
            self._tell_voiced(*piece)

    def drop_waiting(self) -> list[Piece]:
        """Remove and return the pieces of which nothing is to be heard, and drop the sound that was not let out."""
        if self._held:
            self._held.drop()
        waiting = self._own.drop_waiting()
        begun = [each for each in self._pieces if each[2] * self._pace.ms_per_letter < self._made_ms]
        waiting = [piece for piece, _, _ in self._pieces[len(begun) :]] + waiting
        self._pieces = begun
        return waiting

    def take_over(self) -> None:
        """What is put from now on are words of ours: the agent's own voices say them."""
        if self._held:
            self._held.drop()
        for piece in self._pieces:
            self._tell_voiced(*piece)
        self._ours = True

    def abandon(self, below: int) -> None:
        self._own.abandon(below)

    # ---- the making -----------------------------------------------------------------------------------

    async def speak(self) -> None:
        """Say what our own voices have to say, in its place, until the reply's end. Raises EngineError."""
        await self._own.prepare()
        while await self._own.has_next():
            self._own_speaks = True
            await self._own.say_next()
            self._own_speaks = False
            waiting, self._waiting = self._waiting, []
            for pcm in waiting:
                self._let_out(pcm)
        self._playback.finish(self._reply)
