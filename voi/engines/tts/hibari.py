"""hibari TTS (embedded): a natural English voice without a GPU; espeak-ng speaks what it cannot.

It computes some thirty times faster than real time, in one thread for all callers. A text is spoken in parts, and a
caller's next part is requested only when the last was taken, so that callers take turns. espeak-ng speaks other
languages and narrators (which must sound different from the character), and everything if the package is missing.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from typing import Any

from voi.dialogue import SpokenWord
from voi.engines.base import AS_IT_IS, VoiceSpec
from voi.engines.info import TtsInfo
from voi.engines.tts.espeak import PAUSE_AFTER_MS, Espeak, parts, plain
from voi.engines.tts.hibari_model import RATE_HZ, HibariModel, Manner, SpokenPart
from voi.errors import ConfigError, EngineError

VOICE = "heart"
LANGUAGE = "en"
FALLBACK_VOICE = "en-us+f3"
TEXT_MAX_CHARACTERS = 10_000
PART_CHARACTERS = 150
"""About eight seconds of speech, for which the thread is busy for a quarter of a second."""
PART_DEADLINE_S = 10.0
CHUNK_BYTES = RATE_HZ * 2 // 5
"""200 ms."""

TONES: Mapping[str, Manner] = {
    "neutral": Manner(),
    "warm": Manner(speed=0.94, pitch=0.96, movement=1.15),
    "excited": Manner(speed=1.12, pitch=1.1, movement=1.45, gain_db=2.0),
    "sad": Manner(speed=0.85, pitch=0.93, movement=0.65, gain_db=-3.0),
}
LIMITS = {"speed": (0.5, 2.0), "pitch": (0.5, 2.0), "movement": (0.0, 3.0), "gain_db": (-20.0, 6.0)}

_thread = ThreadPoolExecutor(1, thread_name_prefix="hibari")


@cache
def _model(path: str | None) -> HibariModel:
    """The model of that file, shared by all engines that use it. Call it on the model's thread."""
    model = HibariModel(path)
    model.speak("Hello zwyx.", Manner())  # the lexicon and the net for unknown words are loaded by their first use
    return model


class Hibari:
    """A `SentenceTts`. `model`: another voice's ONNX file. `voice_tone_map`: tone -> {"speed", "pitch", "movement"
    (factors), "gain_db"}. `narrator`, `fallback`: espeak-ng's voices for narrators, and for everything else when the
    package is missing."""

    info = TtsInfo(
        "hibari", sample_rate_hz=RATE_HZ, voices=(VOICE,), tones=tuple(TONES), word_times="exact", maps_tones=True
    )

    def __init__(
        self,
        *,
        model: str | None = None,
        voice_tone_map: Mapping[str, Mapping[str, Any]] | None = None,
        speed: float = 1.0,
        language: str | None = None,
        narrator: str = "en-gb",
        fallback: str = FALLBACK_VOICE,
    ) -> None:
        self._path = model
        self._language = language or LANGUAGE
        self._speed = speed
        self._tones = dict(TONES)
        problems = []
        for tone, wish in (voice_tone_map or {}).items():
            try:
                self._tones[tone] = _manner(wish, TONES.get(tone, TONES["neutral"]))
            except (TypeError, ValueError) as error:
                problems.append(f"hibari: `voice_tone_map`, tone {tone!r}: {error}")
        if not 0.3 <= speed <= 3.0:
            problems.append(f"hibari: `speed` must be 0.3 to 3.0, not {speed}.")
        if problems:
            raise ConfigError(problems)
        self.info = replace(Hibari.info, tones=tuple(self._tones))
        self._tones[AS_IT_IS] = self._tones["neutral"]
        self._espeak = Espeak(voices=(fallback, narrator), speed=speed)
        self._narrator = narrator
        self._ready = False
        self._speaks = False

    async def warm_up(self) -> None:
        """Raises ConfigError for an invalid model file or an unknown espeak-ng voice. Without the package hibari-tts
        espeak-ng speaks, and `info.note` says so."""
        await self._espeak.warm_up()
        try:
            await asyncio.get_running_loop().run_in_executor(_thread, _model, self._path)
            self._speaks = True
        except ImportError as error:
            note = f"espeak-ng speaks instead: the package {error.name} is missing; ./install.sh installs it"
            self.info = replace(self.info, note=note)
        except Exception as error:  # onnxruntime and the package raise many kinds
            raise ConfigError(
                f"hibari: {self._path or 'its model'} cannot be loaded: {type(error).__name__}."
            ) from error
        self._ready = True

    async def close(self) -> None:
        """The model and its thread stay: other engines may speak with them."""
        self._ready = False
        await self._espeak.close()

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncGenerator[bytes | SpokenWord, None]:
        """Raises EngineError for a text over 10,000 characters, an unknown voice or language, or when the voice
        fails."""
        if not self._ready:
            raise EngineError("hibari is not running.")
        if len(text) > TEXT_MAX_CHARACTERS:
            raise EngineError(f"A text of {len(text)} characters is too long to speak; {TEXT_MAX_CHARACTERS} at most.")
        if voice.voice not in (None, VOICE):
            raise EngineError(f"No voice {voice.voice!r}; there is {VOICE}.")
        speech = self._own(text, voice) if self._is_mine(voice) else self._espeak.stream(text, self._lent(voice))
        try:
            async for piece in speech:
                yield piece
        finally:
            await speech.aclose()

    def _is_mine(self, spec: VoiceSpec) -> bool:
        language = (spec.language or self._language).split("-")[0].lower()
        return self._speaks and spec.role == "character" and language == LANGUAGE

    def _lent(self, spec: VoiceSpec) -> VoiceSpec:
        return replace(
            spec,
            voice=self._narrator if spec.role == "narrator" else None,
            language=spec.language or self._language,
            role="character" if spec.role == "narrator" else spec.role,
        )

    async def _own(self, text: str, spec: VoiceSpec) -> AsyncGenerator[bytes | SpokenWord, None]:
        tone = self._tones.get(spec.tone, self._tones["neutral"])
        manner = replace(tone, speed=tone.speed * spec.speed * self._speed)
        at_ms = 0
        for part in parts(plain(text), PART_CHARACTERS):
            spoken = await self._speak(part, manner)
            for word in spoken.words:
                yield replace(word, start_ms=at_ms + word.start_ms, end_ms=at_ms + word.end_ms)
            pause_ms = PAUSE_AFTER_MS.get(part.rstrip("\"')]”’»* ")[-1:], 0)
            pcm = spoken.pcm + bytes(pause_ms * RATE_HZ // 1_000 * 2)
            for start in range(0, len(pcm), CHUNK_BYTES):
                yield pcm[start : start + CHUNK_BYTES]
            at_ms += len(pcm) * 1_000 // (RATE_HZ * 2)

    async def _speak(self, part: str, manner: Manner) -> SpokenPart:
        def work() -> SpokenPart:
            return _model(self._path).speak(part, manner)

        job = asyncio.get_running_loop().run_in_executor(_thread, work)
        try:
            async with asyncio.timeout(PART_DEADLINE_S):
                return await job
        except TimeoutError:
            raise EngineError("hibari is too slow: too much is being spoken.", retryable=True) from None
        except Exception as error:
            raise EngineError(f"hibari failed ({type(error).__name__}).", retryable=True) from error


def _manner(wish: object, usual: Manner) -> Manner:
    """The manner for an entry of `voice_tone_map`. Raises ValueError or TypeError."""
    if not isinstance(wish, Mapping):
        raise TypeError(f"must be an object with {', '.join(LIMITS)}.")
    if unknown := sorted(set(wish) - LIMITS.keys()):
        raise ValueError(f"does not know {', '.join(map(str, unknown))}; there are {', '.join(LIMITS)}.")
    for name, (least, most) in LIMITS.items():
        if not least <= float(wish.get(name, 1)) <= most:
            raise ValueError(f"{name} must be {least:g} to {most:g}.")
    return replace(usual, **{name: float(value) for name, value in wish.items()})
