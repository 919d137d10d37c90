"""FastPitch and BigVGAN as an engine: NeMo's .nemo files, in English, Vietnamese, German and Spanish.

A text's spectrum is computed at once, and its sound in windows with as much context as the vocoder sees, so that the
pieces are exactly those of the whole. All callers share one batch.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from voi.engines.base import AS_IT_IS, VoiceSpec
from voi.engines.info import Licences, TtsInfo
from voi.engines.tts.espeak import PAUSE_AFTER_MS, parts, plain
from voi.engines.tts.part_speech import TEXT_MAX_CHARACTERS, Manner, manners
from voi.errors import ConfigError, EngineError

if TYPE_CHECKING:
    from voi.engines.tts.fastpitch.batch import SpectrumBatch
    from voi.engines.tts.fastpitch.model import LoadedVoice, PartToSpeak

TONES: Mapping[str, Manner] = {
    "neutral": Manner(),
    "warm": Manner(speed=0.93, pitch=0.97, movement=1.1),
    "excited": Manner(speed=1.12, pitch=1.1, movement=1.3, gain_db=2.0),
    "sad": Manner(speed=0.85, pitch=0.94, movement=0.6, gain_db=-3.0),
}
PART_CHARACTERS = 200
SOUND_DEADLINE_S = 30.0
"""Longest wait for sound, others' texts included."""
CLOSE_DEADLINE_S = 2.0


class FastPitchVoice:
    """A `SentenceTts`. `checkpoint`: a .nemo file. `config`: the config.json of a BigVGAN folder for spectra of the
    same form, its weights beside it. `voices`: names of speakers that agents may use, the default first.
    `voice_tone_map`: tone -> {"speed", "pitch", "movement" (factors), "gain_db"}. `device`: cuda, cuda:1, cpu, auto."""

    info = TtsInfo(
        "fastpitch",
        gpu=True,
        pings=True,
        sample_rate_hz=22_050,
        tones=tuple(TONES),
        files={"checkpoint": True, "config": True},
        licences=Licences(
            "BSD-3-Clause (torch)",
            "of each checkpoint (tts_en_fastpitch: CC-BY-4.0; BigVGAN: MIT)",
            commercial=None,
            own_weights="checkpoint",
        ),
    )

    def __init__(
        self,
        *,
        checkpoint: str | Path,
        config: str | Path,
        voices: tuple[str, ...] | list[str] = (),
        voice_tone_map: Mapping[str, Mapping[str, Any]] | None = None,
        speed: float = 1.0,
        language: str | None = None,
        device: str = "auto",
    ) -> None:
        self._checkpoint, self._vocoder = Path(checkpoint), Path(config)
        self._wanted = (voices,) if isinstance(voices, str) else tuple(voices)
        self._tones = manners("fastpitch", TONES, voice_tone_map, speed)
        self.info = replace(FastPitchVoice.info, tones=tuple(self._tones))
        self._tones[AS_IT_IS] = self._tones["neutral"]
        self._speed, self._language, self._device = speed, language, device
        self._voice: LoadedVoice | None = None
        self._batch: SpectrumBatch | None = None

    async def look(self) -> None:
        """Check that the files exist. Raises ConfigError."""
        missing = [
            f"fastpitch: {what}: there is no file {file}."
            for what, file in (("checkpoint", self._checkpoint), ("config", self._vocoder))
            if not file.is_file()
        ]
        if missing:
            raise ConfigError(missing)

    async def warm_up(self) -> None:
        """Raises ConfigError for files that are wrong or do not belong together, a speaker or language that the model
        does not have; EngineError without torch or the device."""
        if self._batch is not None:
            return
        await self.look()
        try:
            from voi.engines.tts.fastpitch.batch import SpectrumBatch
            from voi.engines.tts.fastpitch.model import LoadedVoice
        except ImportError as error:
            raise EngineError(f"FastPitch needs the package {error.name}: ./install.sh xtts") from None
        voice = await asyncio.to_thread(LoadedVoice, self._checkpoint, self._vocoder.parent)
        if unknown := [name for name in self._wanted if name not in voice.speakers]:
            raise ConfigError(
                f"fastpitch: {self._checkpoint.name} has no speaker {', '.join(unknown)}; it has "
                f"{', '.join(list(voice.speakers)[:10])}{', …' if len(voice.speakers) > 10 else ''}."
            )
        spoken = voice.tokenizer.language
        if self._language is not None and _short(self._language) != spoken:
            raise ConfigError(f"fastpitch: {self._checkpoint.name} speaks {spoken}, not {self._language}.")
        await asyncio.to_thread(_place, voice, self._device)
        self._voice, self._batch = voice, SpectrumBatch(voice)
        self._batch.start()
        self.info = replace(
            self.info,
            voices=self._wanted or tuple(voice.speakers),
            languages=(spoken,),
            sample_rate_hz=voice.rate_hz,
        )
        async for _ in self.stream("a.", VoiceSpec()):  # the first run allocates
            pass

    async def ping(self) -> None:
        """Return when the thread has finished its current step."""
        if self._batch is not None:
            await asyncio.wrap_future(self._batch.ping())

    async def close(self) -> None:
        batch, self._batch, self._voice = self._batch, None, None
        if batch is not None:
            await asyncio.to_thread(batch.end, CLOSE_DEADLINE_S)

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncGenerator[bytes, None]:
        """Raises EngineError for a text over 10,000 characters, an unknown voice, another language than the model's,
        when too much is being spoken, or when the model fails."""
        batch, model = self._batch, self._voice
        if batch is None or model is None:
            raise EngineError("fastpitch is not running.")
        if len(text) > TEXT_MAX_CHARACTERS:
            raise EngineError(f"A text of {len(text)} characters is too long to speak; {TEXT_MAX_CHARACTERS} at most.")
        if voice.voice is not None and voice.voice not in self.info.voices:
            raise EngineError(f"No voice {voice.voice!r}; there are {', '.join(self.info.voices[:10])}.")
        if voice.language and _short(voice.language) != model.tokenizer.language:
            raise EngineError(f"This model of fastpitch speaks {model.tokenizer.language}, not {voice.language}.")
        from voi.engines.tts.fastpitch.model import PartToSpeak

        tone = self._tones.get(voice.tone, self._tones["neutral"])
        speaker = model.speakers[voice.voice or self.info.voices[0]]
        pace = min(3.0, max(0.3, tone.speed * voice.speed * self._speed))
        todo: list[tuple[PartToSpeak, int]] = []
        for part in parts(plain(text), PART_CHARACTERS):
            if ids := model.tokenizer.encode(part):
                pause_ms = PAUSE_AFTER_MS.get(part.rstrip("\"')]”’»* ")[-1:], 0)
                todo.append((PartToSpeak(ids, speaker, pace, tone.pitch, tone.movement), pause_ms))
        async with contextlib.aclosing(_sound(batch, todo, model.rate_hz)) as pieces:
            async for samples in pieces:
                yield _louder(samples, tone.gain_db)


async def _sound(
    batch: "SpectrumBatch", todo: "list[tuple[PartToSpeak, int]]", rate_hz: int
) -> AsyncGenerator[np.ndarray[Any, np.dtype[np.int16]], None]:
    """The sound of all parts. The next part is given in when the last has all its sound, so that one part at most is
    ahead of the listener."""
    from voi.engines.tts.fastpitch.batch import SpectrumJob

    loop = asyncio.get_running_loop()
    due_s = time.monotonic()
    jobs: list[SpectrumJob] = []
    arrived: asyncio.Queue[Any] = asyncio.Queue()  # at most two parts of sound

    def post(item: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the caller is gone
            loop.call_soon_threadsafe(arrived.put_nowait, item)

    def give_in() -> None:
        job = SpectrumJob(todo[len(jobs)][0], post, post, due_s)
        jobs.append(job)
        batch.submit(job)

    try:
        for number, (_, pause_ms) in enumerate(todo):
            if number == len(jobs):
                give_in()
            while (item := await _next(arrived)) is not None:
                if isinstance(item, EngineError):
                    raise item
                due_s = max(due_s, time.monotonic()) + len(item) / rate_hz
                yield item
            if number + 1 < len(todo):
                give_in()
            if pause_ms:
                due_s += pause_ms / 1_000
                yield np.zeros(pause_ms * rate_hz // 1_000, np.int16)
    finally:
        for job in jobs:
            job.cancelled = True


async def _next(arrived: "asyncio.Queue[Any]") -> Any:
    try:
        async with asyncio.timeout(SOUND_DEADLINE_S):
            return await arrived.get()
    except TimeoutError:
        raise EngineError("fastpitch is too slow: too much is being spoken.", retryable=True) from None


def _louder(samples: np.ndarray[Any, np.dtype[np.int16]], gain_db: float) -> bytes:
    if gain_db:
        raised = samples.astype(np.float32) * 10 ** (gain_db / 20)
        samples = np.clip(raised.round(), -32_768, 32_767).astype(np.int16)
    return samples.astype("<i2").tobytes()


def _place(voice: "LoadedVoice", wish: str) -> None:
    """Move the model to the device. Raises EngineError when there is none, or no room."""
    import torch

    from voi.engines.cuda_device import require

    if wish == "cpu" or (wish == "auto" and not torch.cuda.is_available()):
        return
    device = torch.device(wish if ":" in wish else "cuda:0")
    require(device, "FastPitch")
    try:
        voice.to(str(device))
    except torch.OutOfMemoryError:
        raise EngineError(f"fastpitch: there is too little memory on {device}.") from None


def _short(language: str) -> str:
    return language.replace("_", "-").split("-")[0].lower()
