"""Kokoro-82M: fifty natural voices in six languages, without a GPU.

A text is spoken in parts, on one thread for all callers, who take turns; a part that nobody hears any more is ended.
Several cores compute a part together: with one, a part takes half as long as it lasts, or longer. English is read by
the lexicon of hibari-tts, where that is installed, and else, like the other languages, by espeak-ng, which also speaks
what Kokoro cannot.
"""

import asyncio
import os
import time
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
from voi.engines.tts.english_words import EnglishReader
from voi.engines.tts.espeak import Espeak
from voi.engines.tts.espeak_library import library
from voi.engines.tts.kokoro_model import RATE_HZ, KokoroModel
from voi.engines.tts.kokoro_phonemes import TIE, kokoro_sounds
from voi.engines.tts.kokoro_voices import LANGUAGES, KokoroVoices, checked_blends
from voi.engines.tts.part_speech import Manner, SpokenPart, manners, on_thread, spoken
from voi.engines.tts.tone_map import voice_in_tone
from voi.engines.tts.word_sounds import word_sounds
from voi.errors import ConfigError, EngineError

FOLDER = "kokoro"
FIRST = ("model_quantized.onnx", "model.onnx")
PREFERRED = "af_heart"
TONES: Mapping[str, Manner] = {
    "neutral": Manner(),
    "warm": Manner(speed=0.94, pitch=0.98),
    "excited": Manner(speed=1.12, pitch=1.05, gain_db=2.0),
    "sad": Manner(speed=0.85, pitch=0.96, gain_db=-3.0),
}
MANNER_SETTINGS = ("speed", "pitch", "gain_db")
SPEED_MIN, SPEED_MAX = 0.5, 2.0
"""The network's own limits."""
PART_CHARACTERS = 60
THREADS_MAX = 4
"""By default: more threads than that gain little in this network."""
SLOW = 1.5
"""Below so many seconds of sound in a second the start says so."""
_SHORT_NAMES = {"fr": "fr-fr", "pt": "pt-br"}

_thread = ThreadPoolExecutor(1, thread_name_prefix="kokoro")


@cache
def _model(path: Path, config: Path | None, threads: int) -> KokoroModel:
    """The model of these files, shared by all engines that use it. Call it on the voices' thread."""
    return KokoroModel(path, config, threads)


@cache
def _reader() -> EnglishReader | None:
    """None: the package hibari-tts is not installed. Call it on the voices' thread."""
    try:
        return EnglishReader()
    except ImportError:
        return None


class Kokoro:
    """A `SentenceTts`. `checkpoint`: the model's ONNX file; None: the one in the folder kokoro of `models_dir`.
    `voices`: the folder or file of its voices (None: `voices` beside the model), or the names of those that agents may
    use. `blends`: voices of one's own, name -> voice -> weight. `voice_tone_map`: tone -> the name of a voice, or
    {"speed", "pitch" (factors), "gain_db"}. `config`: see `KokoroModel`. `threads`: how many compute a part."""

    info = TtsInfo(
        "kokoro",
        sample_rate_hz=RATE_HZ,
        tones=tuple(TONES),
        word_times="exact",
        files={"checkpoint": False, "config": False},
        maps_tones=True,
        licences=Licences(
            "MIT (onnxruntime), Apache-2.0 (hibari-tts), GPL-3.0-or-later (espeak-ng)",
            "Apache-2.0",
            own_weights="checkpoint",
        ),
    )

    def __init__(
        self,
        *,
        checkpoint: str | None = None,
        config: str | None = None,
        voices: str | tuple[str, ...] | list[str] | None = None,
        blends: Mapping[str, Mapping[str, float]] | None = None,
        voice_tone_map: Mapping[str, str | Mapping[str, Any]] | None = None,
        speed: float = 1.0,
        language: str | None = None,
        threads: int | None = None,
        models_dir: str | Path = "models",
    ) -> None:
        tone_map = voice_tone_map or {}
        self._tone_voices = {tone: wish for tone, wish in tone_map.items() if isinstance(wish, str)}
        wishes = {tone: wish for tone, wish in tone_map.items() if not isinstance(wish, str)}
        tones = {**TONES, **dict.fromkeys(self._tone_voices, Manner())}
        self._tones = manners("kokoro", tones, wishes, speed, MANNER_SETTINGS)
        if threads is not None and not 1 <= threads <= 64:
            raise ConfigError(f"kokoro: `threads` must be 1 to 64, not {threads}.")
        self._folder = Path(models_dir) / FOLDER
        self._path = Path(checkpoint) if checkpoint else None
        self._config = Path(config) if config else None
        self._voices_path = Path(voices) if isinstance(voices, str) else None
        self._wanted = () if voices is None or isinstance(voices, str) else tuple(voices)
        self._blends = checked_blends(blends or {})
        self._threads = threads or min(THREADS_MAX, max(1, (os.cpu_count() or 2) - 1))
        self._speed, self._language = speed, language
        self.info = replace(Kokoro.info, tones=tuple(self._tones), tone_voices=self._tone_voices)
        self._tones[AS_IT_IS] = self._tones["neutral"]
        self._voices: KokoroVoices | None = None
        self._model: KokoroModel | None = None
        self._english: EnglishReader | None = None
        self._espeak: Espeak | None = None

    async def warm_up(self) -> None:
        """Raises ConfigError for files that are no model or no voices, or names that are no voices; EngineError when
        they are missing, or a package is."""
        path = self._path or self._found()
        loop = asyncio.get_running_loop()
        voices = await loop.run_in_executor(
            _thread, KokoroVoices, self._voices_path or path.with_name("voices"), self._blends
        )
        named = {*self._wanted, *self._tone_voices.values()}
        if unknown := sorted(named.difference(voices.names)):
            raise ConfigError(f"kokoro: there is no voice {', '.join(unknown)}; there are {', '.join(voices.names)}.")
        try:
            model = await loop.run_in_executor(_thread, _model, path, self._config, self._threads)
        except ImportError as error:
            raise EngineError(f"Kokoro needs the package {error.name}: ./install.sh") from None
        self._english = await loop.run_in_executor(_thread, _reader)
        espeak = Espeak(speed=self._speed)
        try:
            await espeak.warm_up()
            self._espeak = espeak
        except EngineError:
            if self._english is None:
                raise
        preferred = (PREFERRED,) if PREFERRED in voices.names else ()
        names = self._wanted or tuple(dict.fromkeys((*preferred, *voices.names)))
        self.info = replace(self.info, voices=names, word_times="exact" if model.times_words else "none")
        self._voices, self._model = voices, model
        await self._try_out()

    async def _try_out(self) -> None:
        """The first run allocates; its time tells how fast this machine is."""
        for voice in {*self.info.voices, *self._tone_voices.values()} if self._wanted else ():
            await asyncio.get_running_loop().run_in_executor(_thread, self._the_voices.style, voice, 1)
        began_s, n_bytes = time.monotonic(), 0
        async for piece in self.stream("Good morning, how are you today?", VoiceSpec(language="en")):
            n_bytes += len(piece) if isinstance(piece, bytes) else 0
        times = n_bytes / (2 * RATE_HZ) / max(1e-3, time.monotonic() - began_s)
        if 0 < times < SLOW:
            note = f"it speaks only {times:.1f} times as fast as real time on this machine: callers may hear gaps"
            self.info = replace(self.info, note=note)

    def _found(self) -> Path:
        """The model in the models folder. Raises EngineError."""
        for name in FIRST:
            if (path := self._folder / name).is_file():
                return path
        raise EngineError(
            f"Kokoro's model is not in {self._folder}: fetch it with `voi models pull kokoro`, or name its file as "
            "`checkpoint`."
        )

    @property
    def _the_voices(self) -> KokoroVoices:
        if self._voices is None:
            raise EngineError("kokoro is not running.")
        return self._voices

    @property
    def _the_model(self) -> KokoroModel:
        if self._model is None:
            raise EngineError("kokoro is not running.")
        return self._model

    async def close(self) -> None:
        """The model and its thread stay: other engines may speak with them."""
        self._voices = self._model = None
        if self._espeak is not None:
            await self._espeak.close()

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncGenerator[bytes | SpokenWord, None]:
        """Raises EngineError for a text over 10,000 characters, an unknown voice or language, or when the model
        fails."""
        voices = self._the_voices
        if voice.voice is not None and voice.voice not in self.info.voices:
            raise EngineError(f"No voice {voice.voice!r}; there are {', '.join(self.info.voices)}.")
        name = voice_in_tone(voice, self._tone_voices) or self.info.voices[0]
        language = spoken_language(voice.language or self._language, voices.language(name))
        if language is not None:
            speech = self._own(text, name, language, voice)
        elif self._espeak is not None:
            speech = self._espeak.stream(text, replace(voice, voice=None, language=voice.language or self._language))
        else:
            raise EngineError(f"Kokoro speaks no {voice.language or self._language}, and espeak-ng is missing.")
        async with aclosing(speech) as pieces:
            async for piece in pieces:
                yield piece

    async def _own(
        self, text: str, voice: str, language: str, spec: VoiceSpec
    ) -> AsyncGenerator[bytes | SpokenWord, None]:
        tone = self._tones.get(spec.tone, self._tones["neutral"])
        speed = min(SPEED_MAX, max(SPEED_MIN, tone.speed * spec.speed * self._speed))
        manner = replace(tone, speed=speed)
        model, voices = self._the_model, self._the_voices
        english = self._english if language == LANGUAGES["a"] or self._espeak is None else None

        async def speak(part: str) -> SpokenPart:
            words = part.split()
            by_espeak = [] if english is not None else await self._read(words, language)
            run = model.run()

            def work() -> SpokenPart:
                sounds = by_espeak if english is None else english.sounds(part)
                ids, places = model.ids(sounds)
                return model.speak(words, ids, places, voices.style(voice, max(1, len(ids) - 2)), manner, run)

            try:
                return await on_thread("kokoro", _thread, work)
            finally:
                run.terminate = True  # nobody hears what is still being computed

        async with aclosing(spoken(text, RATE_HZ, speak, PART_CHARACTERS)) as pieces:
            async for piece in pieces:
                yield piece

    async def _read(self, words: list[str], language: str) -> list[str]:
        """By espeak-ng."""
        espeak = library()
        identifier = espeak.voice_identifier(language)
        if self._espeak is None or identifier is None:
            raise EngineError(f"Kokoro needs espeak-ng to read {language}.")

        def read(some: str) -> str:
            return kokoro_sounds(espeak.phonemes(some, identifier, TIE), language)

        signs = self._the_model.vocabulary
        return await asyncio.get_running_loop().run_in_executor(espeak.threads, word_sounds, words, read, signs)


def spoken_language(wish: str | None, own: str) -> str | None:
    """What a voice speaks, as espeak-ng calls it. `wish`: an ISO code; None: the voice's `own` language. Returns None
    for what Kokoro cannot speak."""
    if wish is None:
        return own
    code = wish.replace("_", "-").lower()
    short = code.split("-")[0]
    if own.split("-")[0] == short:
        return code if code in LANGUAGES.values() else own
    if short == "en":
        return "en-gb" if code == "en-gb" else LANGUAGES["a"]
    known = _SHORT_NAMES.get(short, short)
    return known if known in LANGUAGES.values() else None
