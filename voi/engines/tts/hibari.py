"""hibari TTS (embedded): a natural English voice without a GPU; other voices speak what it cannot.

It computes some thirty times faster than real time, in one thread for all callers. A text is spoken in parts, and a
caller's next part is requested only when the last was taken, so that callers take turns. Narrators, which must sound
different from the character, are a Piper voice where one is installed, else espeak-ng's, which also speaks other
languages, and everything if the package is missing.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace
from functools import cache
from typing import Any

from voi.dialogue import SpokenWord
from voi.engines.base import AS_IT_IS, VoiceSpec
from voi.engines.info import Licences, TtsInfo
from voi.engines.tts.espeak import Espeak
from voi.engines.tts.hibari_model import RATE_HZ, HibariModel
from voi.engines.tts.part_speech import Manner, SpokenPart, manners, on_thread, spoken
from voi.engines.tts.piper import Piper
from voi.engines.tts.piper_model import packaged_voice
from voi.errors import ConfigError, EngineError

VOICE = "heart"
LANGUAGE = "en"
FALLBACK_VOICE = "en-us+f3"
NARRATOR_VOICE = "en-gb"
TONES: Mapping[str, Manner] = {
    "neutral": Manner(),
    "warm": Manner(speed=0.94, pitch=0.96, movement=1.15),
    "excited": Manner(speed=1.12, pitch=1.1, movement=1.45, gain_db=2.0),
    "sad": Manner(speed=0.85, pitch=0.93, movement=0.65, gain_db=-3.0),
}
_thread = ThreadPoolExecutor(1, thread_name_prefix="hibari")


@cache
def _model(path: str | None) -> HibariModel:
    """The model of that file, shared by all engines that use it. Call it on the model's thread."""
    model = HibariModel(path)
    model.speak("Hello zwyx.", Manner())  # the lexicon and the net for unknown words are loaded by their first use
    return model


class Hibari:
    """A `SentenceTts`. `model`: another voice's ONNX file. `voice_tone_map`: tone -> {"speed", "pitch", "movement"
    (factors), "gain_db"}. `narrator`: espeak-ng's voice for narrators; without it, the Piper voice where its package is
    installed. `fallback`: espeak-ng's voice for everything else when the package is missing."""

    info = TtsInfo(
        "hibari",
        sample_rate_hz=RATE_HZ,
        voices=(VOICE,),
        tones=tuple(TONES),
        word_times="exact",
        maps_tones=True,
        licences=Licences("Apache-2.0 (hibari-tts), MIT (onnxruntime)", "Apache-2.0", own_weights="model"),
    )

    def __init__(
        self,
        *,
        model: str | None = None,
        voice_tone_map: Mapping[str, Mapping[str, Any]] | None = None,
        speed: float = 1.0,
        language: str | None = None,
        narrator: str | None = None,
        fallback: str = FALLBACK_VOICE,
    ) -> None:
        self._path = model
        self._language = language or LANGUAGE
        self._speed = speed
        self._tones = manners("hibari", TONES, voice_tone_map, speed)
        self.info = replace(Hibari.info, tones=tuple(self._tones))
        self._tones[AS_IT_IS] = self._tones["neutral"]
        self._narrator = narrator or NARRATOR_VOICE
        self._espeak = Espeak(voices=(fallback, self._narrator), speed=speed)
        self._piper = Piper(speed=speed) if narrator is None and packaged_voice() is not None else None
        """Speaks for narrators, when there is a second neural voice and the options name none."""
        self._ready = False
        self._speaks = False

    async def warm_up(self) -> None:
        """Raises ConfigError for an invalid model file or an unknown espeak-ng voice. Without the package hibari-tts
        espeak-ng speaks, and `info.note` says so."""
        await self._espeak.warm_up()
        if self._piper is not None:
            try:
                await self._piper.warm_up()
            except (ConfigError, EngineError):
                self._piper = None  # espeak-ng narrates
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
        if self._piper is not None:
            await self._piper.close()

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncGenerator[bytes | SpokenWord, None]:
        """Raises EngineError for a text over 10,000 characters, an unknown voice or language, or when the voice
        fails."""
        if not self._ready:
            raise EngineError("hibari is not running.")
        if voice.voice not in (None, VOICE):
            raise EngineError(f"No voice {voice.voice!r}; there is {VOICE}.")
        speech = self._speech(text, voice)
        try:
            async for piece in speech:
                yield piece
        finally:
            await speech.aclose()

    def _speech(self, text: str, voice: VoiceSpec) -> AsyncGenerator[bytes | SpokenWord, None]:
        if self._is_mine(voice):
            return self._own(text, voice)
        if self._piper is not None and voice.role == "narrator" and self._speaks_english(voice):
            return self._piper.stream(text, replace(voice, voice=None))
        return self._espeak.stream(text, self._lent(voice))

    def _speaks_english(self, spec: VoiceSpec) -> bool:
        return (spec.language or self._language).split("-")[0].lower() == LANGUAGE

    def _is_mine(self, spec: VoiceSpec) -> bool:
        return self._speaks and spec.role == "character" and self._speaks_english(spec)

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

        async def speak(part: str) -> SpokenPart:
            return await on_thread("hibari", _thread, lambda: _model(self._path).speak(part, manner))

        async with aclosing(spoken(text, RATE_HZ, speak)) as speech:
            async for piece in speech:
                yield piece
