"""XTTS-v2 as an engine: texts in, sound out, all callers on one batch.

On the event loop a text is cut into parts that the model can take; each part is a job for the batch, which returns
sound from the device's thread. The next part is submitted when the last has all its codes, so that it is ready in time,
and at most two parts of a caller's sound are buffered.
"""

import asyncio
import hashlib
import logging
import math
import secrets
import time
from collections.abc import AsyncGenerator, Collection, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voi.config.model_folder import ModelFolder
from voi.config.tones import tones_of
from voi.engines.base import VoiceSpec
from voi.engines.info import Licences, TtsInfo
from voi.engines.measured_memory import kept, xtts_key
from voi.engines.tts.tone_map import voice_in_tone
from voi.engines.tts.xtts.cloner import XttsCloner
from voi.engines.tts.xtts.cutting import LONGEST, language_code, spoken_ms
from voi.engines.tts.xtts.device_thread import DeviceThread
from voi.engines.tts.xtts.layout import Layout, Sampling
from voi.engines.tts.xtts.options import SAMPLING, SPEEDS, problems_of
from voi.engines.tts.xtts.synthesis import Synthesis, TextPart
from voi.errors import ConfigError, EngineBroken, EngineError
from voi.text.speakable import has_speech

if TYPE_CHECKING:
    from voi.engines.tts.xtts.model import Checkpoint, Running

log = logging.getLogger(__name__)

RATE_HZ = 24_000
LONGEST_TEXT = 10_000  # characters
IDLE_S = 300.0  # after this time without speech a model may be unloaded to make room for another
RELOAD_PATIENCE_S = 12.0  # longest wait of a caller; shorter than a supervisor's deadline
RELOAD_DEADLINE_S = 120.0  # after this time it hangs
RECORDING_PATIENCE_S = 120.0
"""For so long the first recordings of a model make way for those who listen to others on its device; with what comes
after, a start stays within a supervisor's deadline."""
CLOSE_DEADLINE_S = 2.0
SLOTS = {"cuda": 16, "cpu": 4}
# Limit on a sentence's codes: this factor times its share of the longest text, plus a constant. (At the usual pace a
# sentence needs about half its share. The constant bounds babble after very short texts.)
RUNAWAY_FACTOR, RUNAWAY_CODES = 1.25, 32


class Xtts:
    """`Tts`. `checkpoint`, `config`, `tokenizer`, `voices`: files in the original layout (tokenizer: vocab.json beside
    the configuration when left out). `voice_tone_map`: tone -> name of the voice that has it, for the character; a
    narrator keeps its own voice. `avg_text_len`: characters spoken at once, at most what the language takes.

    `device`: cuda, cuda:1, cpu, or auto. `precision`: of the GPT: float16, bfloat16, float32, or auto (float16 on
    CUDA). `vocoder_precision`: tf32 (on a CPU float32), float16, float32, or auto (tf32). `tuning`: names of
    `options.TUNING`. `slots`: sentences generated at the same time. `most_waiting`: sentences that may wait for a slot.
    `memory_mb`: most memory to use. `seed`: the same text then always has the same codes, regardless of other callers
    (all slots are then computed at full length at every step, since in half precision other shapes round differently).
    `temperature`, `top_k`, `top_p`, `repetition_penalty`, `greedy`: instead of those in config.json.
    """

    info = TtsInfo(
        "xtts",
        gpu=True,
        pings=True,
        reconfigures=True,
        sample_rate_hz=RATE_HZ,
        clones=True,
        files={"checkpoint": True, "config": True, "tokenizer": False, "voices": True},
        folder=ModelFolder(
            "XTTS_MODEL_PATH",
            {
                "checkpoint": "model.pth",
                "config": "config.json",
                "tokenizer": "vocab.json",
                "voices": "speakers_xtts.pth",
            },
        ),
        licences=Licences("BSD-3-Clause (torch)", "Coqui Public Model License 1.0.0", commercial=False),
        maps_tones=True,
    )
    cloner = XttsCloner

    def __init__(
        self,
        *,
        checkpoint: str | Path,
        config: str | Path,
        voices: str | Path,
        tokenizer: str | Path | None = None,
        voice_tone_map: Mapping[str, str] | None = None,
        language: str | None = None,
        avg_text_len: int | None = None,
        device: str = "auto",
        precision: str = "auto",
        vocoder_precision: str = "auto",
        tuning: Collection[str] = (),
        slots: int | None = None,
        most_waiting: int = 256,
        memory_mb: int | None = None,
        seed: int | None = None,
        speed: float = 1.0,
        **sampling: float,
    ) -> None:
        problems = [f"xtts: there is no option {key!r}." for key in sampling if key not in SAMPLING]
        given = {"avg_text_len": avg_text_len, "precision": precision, "vocoder_precision": vocoder_precision,
                 "tuning": tuning,
                 "slots": slots, "most_waiting": most_waiting,
                 "memory_mb": memory_mb, "seed": seed, "speed": speed, "voice_tone_map": voice_tone_map}  # fmt: skip
        problems += problems_of(given | sampling)
        if problems:
            raise ConfigError(problems)
        self._files = {"checkpoint": Path(checkpoint), "config": Path(config), "voices": Path(voices)}
        self._files["tokenizer"] = Path(tokenizer) if tokenizer else Path(config).with_name("vocab.json")
        self._tone_map = dict(voice_tone_map or {})
        self.info = replace(Xtts.info, tones=tones_of(self._tone_map), tone_voices=self._tone_map)
        fixed: dict[str, Any] = {name: value for name, value in given.items() if name != "voice_tone_map"} | sampling
        fixed |= {what: file for what, file in self._files.items() if what != "voices"}
        self._only_at_start = fixed | {"device": device, "language": language}
        self._language, self._avg_text_len = language, avg_text_len
        self._device, self._precision, self._slots = device, precision, slots
        self._vocoder_precision, self._tuning = vocoder_precision, tuning
        self._most_waiting, self._memory_mb = most_waiting, memory_mb
        self._seed, self._speed = seed, speed
        self._sampling_wishes: dict[str, Any] = sampling
        self._sampling = Sampling()
        self._worker: DeviceThread | None = None
        self._loaded_on = ""
        self._reloading: asyncio.Task[None] | None = None
        self._reloading_since_s = 0.0
        self.last_used_s = 0.0
        self._running: Running | None = None
        self._text_thread = ThreadPoolExecutor(1, thread_name_prefix="xtts-text")

    async def look(self) -> None:
        """Check the files without loading the model. Raises what `warm_up` would raise because of them."""
        self._require_files()
        try:
            from voi.engines.tts.xtts.model import Files, look
        except ImportError as error:
            raise EngineError(f"XTTS needs the package {error.name}: ./install.sh xtts") from None
        found = await asyncio.to_thread(look, Files(**self._files))
        self._check_voices(tuple(found.voices))
        self._check_language(found.layout.languages)
        self.info = replace(self.info, voices=tuple(found.voices), languages=found.layout.languages)

    def _require_files(self) -> None:
        missing = [f"xtts: {what}: there is no file {file}." for what, file in self._files.items() if not file.exists()]
        if missing:
            raise ConfigError(missing)

    async def warm_up(self) -> None:
        """Raises ConfigError for files that are missing, broken or don't belong together, a tone's voice that does not
        exist, or a language that the model does not speak; EngineError when there is not enough memory."""
        if self._running is not None:
            return
        self._require_files()
        device = await asyncio.to_thread(_device, self._device)
        worker = DeviceThread.of(device, self)
        try:
            running = await self._load(worker, device)
            self._check_voices(tuple(running.voices))
            self._check_language(running.layout.languages)
            await asyncio.wrap_future(worker.call_in_pieces(running.record(), patience_s=RECORDING_PATIENCE_S))
        except BaseException:
            worker.leave(self)
            raise
        self._worker, self._loaded_on = worker, device
        self._start(worker, running)
        self.info = replace(self.info, voices=tuple(running.voices), languages=running.layout.languages)
        self._sampling = replace(running.layout.sampling, **self._sampling_wishes)
        async for _ in self.stream("Yes.", VoiceSpec(language="en" if "en" in running.layout.languages else None)):
            pass
        await asyncio.wrap_future(worker.call(lambda: self._keep_taken(running)))

    def _key(self, device: str) -> tuple[object, ...]:
        slots = self._slots or SLOTS[device.split(":")[0]]
        return xtts_key(self._files["checkpoint"], self._precision, self._vocoder_precision, slots, self._tuning)

    def _keep_taken(self, running: "Running") -> None:
        from voi.engines.cuda_device import keep_taken

        keep_taken(running.device, self._key(str(running.device)), running.free_before)

    def _start(self, worker: DeviceThread, running: "Running") -> None:
        self.last_used_s = time.monotonic()
        worker.add(running.batch)
        self._running = running

    async def _awake(self) -> "Running":
        """The model. If it was unloaded to make room for another, it is loaded again, which takes a while."""
        worker = self._worker
        if worker is None:
            raise EngineError("XTTS is not running.")
        if self._running is None:
            if self._reloading is None:
                self._reloading_since_s = time.monotonic()
                self._reloading = asyncio.create_task(self._reload(worker), name="loading XTTS again")
            done, _ = await asyncio.wait({self._reloading}, timeout=RELOAD_PATIENCE_S)
            if not done and time.monotonic() - self._reloading_since_s > RELOAD_DEADLINE_S:
                raise EngineBroken(f"XTTS could not load its model again within {RELOAD_DEADLINE_S:g} s.")
            if not done:
                raise EngineError(
                    "XTTS is loading its model again and takes long; it speaks as soon as it is there.",
                )
            for reloading in done:
                if not reloading.cancelled():
                    reloading.result()
        if self._running is None:
            raise EngineError("XTTS was closed.")
        self.last_used_s = time.monotonic()
        return self._running

    async def _reload(self, worker: DeviceThread) -> None:
        """Load the model again. Sentences can be spoken at once, at first more slowly, because shapes are recorded
        between rounds."""
        try:
            running = await self._load(worker, self._loaded_on)
            self._start(worker, running)
        except ConfigError as error:  # the files were valid when the engine started
            raise EngineError(f"XTTS cannot load its model again: {error}") from error
        finally:
            self._reloading = None
        worker.call_in_pieces(running.record(), patience_s=math.inf).add_done_callback(_told)

    def make_room(self) -> bool:
        """Unload the model if nothing was said for a while; called on the device's thread. The next text loads it
        again."""
        running, worker = self._running, self._worker
        if running is None or worker is None or running.batch.busy or time.monotonic() - self.last_used_s < IDLE_S:
            return False
        self._running = None
        worker.remove(running.batch)
        running.batch.retire(EngineError("XTTS was unloaded to make room; it loads again.", retryable=True))
        running.clear()
        return True

    async def _load(self, worker: DeviceThread, device: str) -> "Running":
        """ConfigError, EngineError. Others who use the device go on meanwhile."""
        try:
            from voi.engines.tts.xtts.model import Files, read
        except ImportError as error:
            raise EngineError(f"XTTS needs the package {error.name}: ./install.sh xtts") from None
        kind = device.split(":")[0]
        usual = "float16" if kind == "cuda" else "float32"
        precision = usual if self._precision == "auto" else self._precision
        checkpoint = await asyncio.to_thread(read, Files(**self._files), precision, self._vocoder_precision)
        return await asyncio.wrap_future(worker.call_in_pieces(self._place(worker, checkpoint, device)))

    def _place(self, worker: DeviceThread, checkpoint: "Checkpoint", device: str) -> Generator[None, None, "Running"]:
        """Place the model on the device; runs on the device's thread. If there is no room, idle models are unloaded."""
        from voi.engines.cuda_device import gpu_name
        from voi.engines.tts.xtts.memory import NoRoom, give_back
        from voi.engines.tts.xtts.model import place

        taken = kept(gpu_name(device), self._key(device)) if device.startswith("cuda") else None
        while True:
            try:
                return (
                    yield from place(
                        checkpoint,
                        device=device,
                        slots=self._slots or SLOTS.get(device.split(":")[0], SLOTS["cpu"]),
                        most_waiting=self._most_waiting,
                        memory_bytes=self._memory_mb * 2**20 if self._memory_mb is not None else None,
                        taken=taken,
                        same_shapes=self._seed is not None,
                        tf32=self._vocoder_precision in ("auto", "tf32"),
                        tuning=self._tuning,
                    )
                )
            except NoRoom:
                if not worker.make_room(self):
                    raise
            give_back(device)

    def _check_voices(self, names: tuple[str, ...]) -> None:
        wrong = [
            f"xtts: `voice_tone_map`, tone {tone!r}: there is no voice {name!r} in {self._files['voices']}."
            for tone, name in self._tone_map.items()
            if name not in names
        ]
        if wrong:
            raise ConfigError(wrong)

    def _check_language(self, known: tuple[str, ...]) -> None:
        try:
            language_code(self._language, None, "", known)
        except EngineError as error:
            raise ConfigError(f"xtts: `language`: {error}") from None

    async def close(self) -> None:
        worker, running = self._worker, self._running
        self._worker = self._running = None
        if self._reloading is not None:
            self._reloading.cancel()
        self._text_thread.shutdown(wait=False, cancel_futures=True)
        if worker is None:
            return
        if running is not None:
            await self._end(worker, running)
        worker.leave(self)
        await asyncio.to_thread(worker.wait_for_end, CLOSE_DEADLINE_S)

    async def _end(self, worker: DeviceThread, running: "Running") -> None:
        worker.remove(running.batch)
        closed = EngineError("XTTS was closed.")

        def stop() -> None:
            running.batch.retire(closed)
            running.clear()

        await asyncio.wrap_future(worker.call(stop))

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncGenerator[bytes, None]:
        """Yields no sound for a text without a letter that the model knows. Raises EngineError for a text over 10,000
        characters, an unknown voice or language, when too many callers speak, or when the model fails."""
        if len(text) > LONGEST_TEXT:
            raise EngineError(f"A text of {len(text)} characters is too long to speak; {LONGEST_TEXT} at most.")
        running, worker = await self._awake(), self._worker
        assert worker is not None
        name = self._voice(voice)
        language = language_code(voice.language, self._language, text, running.layout.languages)
        longest = LONGEST.get(language, min(LONGEST.values()))
        loop = asyncio.get_running_loop()
        parts = await loop.run_in_executor(
            self._text_thread, running.tokenizer.parts, text, language, min(longest, self._avg_text_len or longest)
        )
        if not parts and has_speech(text):
            log.warning("XTTS is silent for a text of %d characters: it knows none of them in %s", len(text), language)
        speed = min(SPEEDS[1], max(SPEEDS[0], round(self._speed * voice.speed, 3)))
        stretch = running.stretch(speed)
        enough_ms = spoken_ms(parts[0][0], language) if len(parts) == 1 else None
        todo = [
            TextPart(
                ids,
                self._seed_of(part, name),
                runaway_codes(running.layout, part, language),
                stretch,
                speed,
                enough_ms,
            )
            for part, ids in parts
        ]
        speech = Synthesis(running.batch, worker, running.voices[name], self._sampling, RATE_HZ)
        try:
            async for pcm in speech.sound(todo):
                yield pcm
        finally:
            speech.stop()

    async def reconfigure(self, options: Mapping[str, Any], needed: Collection[str] = ()) -> bool:
        """See `Reconfigures`: `voice_tone_map`, and the file of voices, are what can change. Also returns False for
        voices that do not fit into the allocated room."""
        from voi.engines.tts.xtts.checkpoint import load_voices
        from voi.engines.tts.xtts.cloning_live import fitted

        wished, worker = Xtts(**options), self._worker
        if worker is None or wished._only_at_start != self._only_at_start:
            return False
        file = wished._files["voices"]
        voices = await asyncio.to_thread(load_voices, file)
        gone = [name for name in needed if name in self.info.voices and name not in voices]
        if gone:
            raise ConfigError([f"{file} lacks the voice {name!r}, which is in use" for name in gone])
        wished._check_voices(tuple(voices))
        if running := self._running:  # otherwise it is unloaded, and reads the file when it loads again
            placed = await asyncio.wrap_future(worker.call(lambda: fitted(voices, running.voices)))
            if placed is None:
                return False
            running.voices.update(placed)  # a removed voice may still be in use
        self._files["voices"], self._tone_map = file, wished._tone_map
        self.info = replace(
            self.info, voices=tuple(voices), tones=wished.info.tones, tone_voices=wished.info.tone_voices
        )
        return True

    async def ping(self) -> None:
        """Return when the device's thread has finished its current step."""
        if self._worker is not None:
            await asyncio.wrap_future(self._worker.call(lambda: None))

    def _voice(self, spec: VoiceSpec) -> str:
        if spec.voice is not None and spec.voice not in self.info.voices:
            raise EngineError(f"No voice {spec.voice!r}; there are {', '.join(self.info.voices)}.")
        return voice_in_tone(spec, self._tone_map) or self.info.voices[0]

    def _seed_of(self, part: str, voice: str) -> int:
        """The seed for a part, derived from its text and voice, so that order and other callers do not matter."""
        if self._seed is None:
            return secrets.randbits(62)
        digest = hashlib.blake2b(f"{self._seed}\0{voice}\0{part}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") >> 2

    @property
    def sampling(self) -> Sampling:
        """The sampling options in use, once the engine is warm."""
        return self._sampling


def runaway_codes(layout: Layout, part: str, language: str) -> int:
    """The number of codes after which generation that does not stop by itself is stopped."""
    share = len(part) / LONGEST.get(language, min(LONGEST.values()))
    return min(layout.max_codes, RUNAWAY_CODES + round(RUNAWAY_FACTOR * layout.max_codes * share))


def _told(recording: "Future[None]") -> None:
    if not recording.cancelled() and (error := recording.exception()) is not None:
        log.warning("XTTS speaks more slowly than it could: %s", str(error) or type(error).__name__)


def _device(wish: str) -> str:
    try:
        import torch

        from voi.engines.cuda_device import require
    except ImportError:
        raise EngineError("XTTS needs the package torch: ./install.sh xtts") from None
    if wish == "cpu" or (wish == "auto" and not torch.cuda.is_available()):
        return "cpu"
    device = torch.device(wish if ":" in wish else "cuda:0")
    require(device, "XTTS")
    return str(device)
