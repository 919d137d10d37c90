"""Pocket TTS as an engine: a voice for a CPU, some times faster than real time, which clones from seconds of sound.

One thread computes for all callers, who take turns part by part; the sound of a part comes while it is made. It runs in
a process of its own, since its steps are many small calls from Python.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voi.config.tones import tones_of
from voi.engines.base import VoiceSpec
from voi.engines.info import Licences, TtsInfo
from voi.engines.tts.espeak import parts, plain
from voi.engines.tts.part_speech import TEXT_MAX_CHARACTERS
from voi.engines.tts.pocket.cloner import PocketCloner
from voi.engines.tts.pocket.options import problems_of, short_code, source_of
from voi.engines.tts.pocket.voices import VOICE_MAX_BYTES, voice_files
from voi.engines.tts.tone_map import voice_in_tone
from voi.errors import ConfigError, EngineError

if TYPE_CHECKING:
    from voi.engines.tts.pocket.model import PocketModel, PocketSource, VoiceState

PART_CHARACTERS = 150
SOUND_DEADLINE_S = 15.0
"""Longest wait for sound, others' parts included."""

_thread = ThreadPoolExecutor(1, thread_name_prefix="pocket-tts")


@cache
def _model(source: "PocketSource") -> "PocketModel":
    """Shared by all engines that use it. Call it on the voices' thread."""
    from voi.engines.tts.pocket.model import PocketModel

    return PocketModel(source)


class PocketTts:
    """A `SentenceTts`. `voices`: the folder of cloned voices, or names of the package's own (None: its usual one).
    `language`: which model; `variant`: another one of the package, such as english_7m_2026-10 or german_24l; `config`:
    a YAML file of the package's form that names local weights. `quantize`: int8, faster on most CPUs. `temperature`:
    how freely it speaks. `voice_tone_map`: tone -> voice. The voice's own speed is the only one."""

    info = TtsInfo(
        "pocket-tts",
        own_process=True,
        reconfigures=True,
        clones=True,
        maps_tones=True,
        files={"config": False},
        licences=Licences(
            "MIT (pocket-tts), BSD-3-Clause (torch)",
            "CC-BY-4.0 (its ready voices have licences of their own)",
            commercial=None,
            own_weights="config",
        ),
    )
    cloner = PocketCloner

    def __init__(
        self,
        *,
        voices: str | Path | tuple[str, ...] | list[str] | None = None,
        voice_tone_map: Mapping[str, str] | None = None,
        language: str | None = None,
        variant: str | None = None,
        config: str | Path | None = None,
        quantize: bool = False,
        temperature: float | None = None,
    ) -> None:
        given = {"voices": voices, "voice_tone_map": voice_tone_map, "language": language, "variant": variant,
                 "config": config, "quantize": quantize, "temperature": temperature}  # fmt: skip
        if problems := problems_of(given):
            raise ConfigError(problems)
        self._only_at_start = {name: value for name, value in given.items() if name not in ("voices", "voice_tone_map")}
        self._folder = Path(voices) if isinstance(voices, str | Path) else None
        self._named = () if voices is None or isinstance(voices, str | Path) else tuple(voices)
        self._tone_map = dict(voice_tone_map or {})
        self._language = short_code(language)
        self._model: PocketModel | None = None
        self._states: dict[str, VoiceState] = {}
        languages = (self._language,) if config is None or language else None
        self.info = replace(
            PocketTts.info, languages=languages, tones=tones_of(self._tone_map), tone_voices=self._tone_map
        )

    async def look(self) -> None:
        """Check what can be checked without loading the model. Raises ConfigError."""
        if self._folder is not None:
            self._check_tones(await asyncio.to_thread(self._names_in_folder, self._folder))
        elif self._named:
            self._check_tones(self._named)

    def _names_in_folder(self, folder: Path) -> tuple[str, ...]:
        names = tuple(voice_files(folder))
        if not names:
            raise ConfigError(
                f"pocket-tts: there are no voices in {folder} yet: `voi voice add NAME sample.wav` makes one."
            )
        return names

    def _check_tones(self, names: Collection[str]) -> None:
        wrong = [
            f"pocket-tts: `voice_tone_map`, tone {tone!r}: there is no voice {name!r}; there are {', '.join(names)}."
            for tone, name in self._tone_map.items()
            if name not in names
        ]
        if wrong:
            raise ConfigError(wrong)

    async def warm_up(self) -> None:
        """Raises ConfigError for voices or files that are missing or wrong, EngineError without the package or when the
        weights cannot be fetched."""
        await self.look()
        loop = asyncio.get_running_loop()
        try:
            model = await loop.run_in_executor(_thread, lambda: _model(source_of(self._only_at_start)))
        except ImportError as error:
            raise EngineError(f"Pocket TTS needs the package {error.name}: ./install.sh pocket-tts") from None
        self._states = await loop.run_in_executor(_thread, self._read, model)
        self._check_tones(self._states)
        self._model = model
        self.info = replace(self.info, voices=tuple(self._states), sample_rate_hz=model.rate_hz)
        async for _ in self.stream("Yes.", VoiceSpec()):
            pass

    def _read(self, model: "PocketModel") -> "dict[str, VoiceState]":
        """All voices, on the voices' thread."""
        if self._folder is None:
            names = self._named or ((model.usual_voice,) if model.usual_voice else ())
            return {name: model.voice(name) for name in names}
        self._names_in_folder(self._folder)
        found = {}
        for name, file in voice_files(self._folder).items():
            if file.stat().st_size > VOICE_MAX_BYTES:
                raise ConfigError(f"pocket-tts: the voice {file} is too large.")
            found[name] = model.voice(file)
        return found

    async def close(self) -> None:
        """The model and its thread stay: other engines may speak with them."""
        self._model = None

    async def reconfigure(self, options: Mapping[str, Any], needed: Collection[str] = ()) -> bool:
        """See `Reconfigures`: voices and `voice_tone_map` are what can change."""
        wished, model = PocketTts(**options), self._model
        if model is None or wished._only_at_start != self._only_at_start:
            return False
        states = await asyncio.get_running_loop().run_in_executor(_thread, wished._read, model)
        if gone := [name for name in needed if name in self.info.voices and name not in states]:
            raise ConfigError([f"pocket-tts: the voice {name!r}, which is in use, is gone" for name in gone])
        wished._check_tones(states)
        self._folder, self._named, self._tone_map, self._states = (
            wished._folder, wished._named, wished._tone_map, states,
        )  # fmt: skip
        self.info = replace(
            self.info, voices=tuple(states), tones=wished.info.tones, tone_voices=wished.info.tone_voices
        )
        return True

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncGenerator[bytes, None]:
        """Raises EngineError for a text over 10,000 characters, an unknown voice, another language than the model's, or
        when the model fails."""
        model = self._model
        if model is None:
            raise EngineError("pocket-tts is not running.")
        if len(text) > TEXT_MAX_CHARACTERS:
            raise EngineError(f"A text of {len(text)} characters is too long to speak; {TEXT_MAX_CHARACTERS} at most.")
        if voice.voice is not None and voice.voice not in self.info.voices:
            raise EngineError(f"No voice {voice.voice!r}; there are {', '.join(self.info.voices)}.")
        if voice.language and self.info.languages and short_code(voice.language) not in self.info.languages:
            raise EngineError(f"This model of pocket-tts speaks {self._language}, not {voice.language}.")
        state = self._states[voice_in_tone(voice, self._tone_map) or self.info.voices[0]]
        for part in parts(plain(text), PART_CHARACTERS):
            if any(map(str.isalnum, part)):
                async with contextlib.aclosing(_spoken(model, part, state)) as pieces:
                    async for piece in pieces:
                        yield piece


async def _spoken(model: "PocketModel", text: str, state: "VoiceState") -> AsyncGenerator[bytes, None]:
    """One part's sound as it is made. Closing it stops the making within a frame."""
    loop = asyncio.get_running_loop()
    made: asyncio.Queue[bytes | None] = asyncio.Queue()  # at most one part
    stop = threading.Event()

    def work() -> None:
        if not stop.is_set():
            for pcm in model.stream(text, state, stop):
                loop.call_soon_threadsafe(made.put_nowait, pcm)

    job = loop.run_in_executor(_thread, work)
    job.add_done_callback(lambda _: made.put_nowait(None))
    try:
        while True:
            async with asyncio.timeout(SOUND_DEADLINE_S):
                pcm = await made.get()
            if pcm is None:
                break
            yield pcm
        job.result()
    except TimeoutError:
        raise EngineError("pocket-tts is too slow: too much is being spoken.", retryable=True) from None
    except EngineError:
        raise
    except Exception as error:  # torch raises many kinds
        raise EngineError(f"pocket-tts failed ({type(error).__name__}).", retryable=True) from error
    finally:
        stop.set()
        job.cancel()
