"""Any program as a voice: it takes a text and gives a WAV, on its standard output or in a file, or plays it itself."""

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

from voi.audio.pcm import ms_to_bytes
from voi.audio.resample import Resampler
from voi.audio.wav import parse_wav
from voi.audio.wav_stream import WavReader
from voi.config.tones import tones_of
from voi.engines.base import VoiceSpec
from voi.engines.info import Licences, TtsInfo
from voi.engines.tts.espeak import plain
from voi.engines.tts.program import OUTPUT_MAX_BYTES, Program, environment
from voi.engines.tts.tone_map import voice_in_tone
from voi.errors import ClientError, ConfigError, EngineError

RATE_HZ = 24_000
TEXT_MAX_CHARACTERS = 2_000
DEADLINE_S = 15.0
AT_ONCE = 4
PLAYED_LETTER_S = 0.2
"""Slower than anybody speaks."""
PLACEHOLDERS = ("text", "text_file", "file", "voice", "language", "speed")
_PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")
_COMMANDS = ("[[", "]]")
"""Between these, macOS's `say` takes commands."""
TRIAL = "Hello."


class CommandVoice:
    """A `SentenceTts`. `command`: the program and its arguments, one string each. In them are filled in: {text},
    {text_file} (a file with the text), {file} (where the program is to write the WAV), {voice}, {language} and {speed}.
    Without {text} and {text_file} the text is its standard input, in UTF-8; without {file} it prints the WAV.

    `plays`: it plays the sound on this machine's loudspeaker instead; listeners elsewhere hear silence. `pcm_rate_hz`:
    it prints PCM (s16le mono) of that rate, and no WAV. `environment`: variables for it. `deadline_s`: the longest wait
    for its next sound or its end; one that plays has a fifth of a second for each letter besides. `at_once`: how many
    may run at the same time. `voice_tone_map`: tone -> voice."""

    info = TtsInfo(
        "command",
        sample_rate_hz=RATE_HZ,
        text_max_characters=TEXT_MAX_CHARACTERS,
        maps_tones=True,
        licences=Licences("of the program", "of the program", commercial=None),
    )

    def __init__(
        self,
        *,
        command: Sequence[str],
        voices: Sequence[str] = (),
        voice_tone_map: Mapping[str, str] | None = None,
        language: str | None = None,
        speed: float = 1.0,
        plays: bool = False,
        pcm_rate_hz: int | None = None,
        environment: Mapping[str, str] | None = None,
        deadline_s: float = DEADLINE_S,
        at_once: int = AT_ONCE,
    ) -> None:
        given = environment or {}
        self._command = [] if isinstance(command, str) else [str(part) for part in command]
        self._voices = (voices,) if isinstance(voices, str) else tuple(voices)
        self._tone_map = dict(voice_tone_map or {})
        self._language, self._speed = language, speed
        self._plays, self._deadline_s, self._pcm_rate_hz = plays, deadline_s, pcm_rate_hz
        self._variables = {str(name): str(value) for name, value in given.items()}
        self._uses = {name for part in self._command for name in _PLACEHOLDER.findall(part)}
        if problems := self._problems(at_once):
            raise ConfigError([f"command: {problem}" for problem in problems])
        self.info = replace(
            CommandVoice.info,
            voices=self._voices or ("program",),
            tones=tones_of(self._tone_map),
            tone_voices=self._tone_map,
            at_once_max=at_once,
        )
        self._program = ""

    def _problems(self, at_once: int) -> list[str]:
        found = []
        if not self._command or not self._command[0]:
            found.append('`command` must be an array: the program, then each argument, like ["speak", "{voice}"].')
        elif _PLACEHOLDER.search(self._command[0]):
            found.append("`command` must begin with the program itself.")
        if not all(isinstance(voice, str) for voice in self._tone_map.values()):
            found.append("`voice_tone_map` must give each tone the name of a voice.")
        elif unknown := sorted(set(self._tone_map.values()) - set(self._voices)):
            found.append(f"`voice_tone_map` names {', '.join(unknown)}, which `voices` lacks.")
        if len(self._voices) > 1 and "voice" not in self._uses:
            found.append("`voices` names several, and `command` has no {voice}.")
        if self._plays and ("file" in self._uses or self._pcm_rate_hz):
            found.append("a program that `plays` the sound gives none: leave out {file} and `pcm_rate_hz`.")
        if self._pcm_rate_hz is not None and not 4_000 <= self._pcm_rate_hz <= 192_000:
            found.append("`pcm_rate_hz` must be 4000 to 192000.")
        if not 0.1 <= self._deadline_s <= 300:
            found.append("`deadline_s` must be 0.1 to 300.")
        if not 1 <= at_once <= 64:
            found.append("`at_once` must be 1 to 64.")
        return found

    async def warm_up(self) -> None:
        """Raises EngineError when the program is missing, or gives no sound for a short text. One that plays is not
        tried."""
        self._program = await asyncio.to_thread(_program, self._command[0])
        if not self._plays:
            spoken = [len(piece) async for piece in self.stream(TRIAL, VoiceSpec())]
            if not any(spoken):
                self._program = ""
                raise EngineError(f"The program {self._command[0]!r} gives no sound.")

    async def close(self) -> None:
        """Each run ends with its text."""
        self._program = ""

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncGenerator[bytes, None]:
        """Raises EngineError for an unknown voice, and when the program fails, takes too long or gives no WAV."""
        if not self._program:
            raise EngineError("command is not running.")
        if voice.voice is not None and voice.voice not in self.info.voices:
            raise EngineError(f"No voice {voice.voice!r}; there are {', '.join(self.info.voices)}.")
        if not any(map(str.isalnum, text := spoken_text(text))):
            return
        folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="voi-voice-")
        try:
            async with aclosing(self._run(text, voice, Path(folder.name))) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            await asyncio.to_thread(folder.cleanup)

    async def _run(self, text: str, voice: VoiceSpec, folder: Path) -> AsyncGenerator[bytes, None]:
        file, text_file = folder / "sound.wav", folder / "text.txt"
        if "text_file" in self._uses:
            await asyncio.to_thread(text_file.write_text, text, "utf-8")
        values = {
            "text": text.lstrip("- "),  # what begins with a dash would be an option
            "text_file": str(text_file),
            "file": str(file),
            "voice": voice_in_tone(voice, self._tone_map) or (self._voices[0] if self._voices else ""),
            "language": voice.language or self._language or "",
            "speed": f"{self._speed * voice.speed:.2f}",
        }
        filled = [_PLACEHOLDER.sub(lambda match: values[match[1]], part) for part in self._command[1:]]
        by_input = None if self._uses & {"text", "text_file"} else text.encode()
        deadline_s = self._deadline_s + (PLAYED_LETTER_S * len(text) if self._plays else 0.0)
        program = Program([self._program, *filled], by_input, environment(self._variables), deadline_s)
        async with program:
            if self._plays:
                speech = _silence(program)
            elif "file" in self._uses:
                speech = _from_file(program, file)
            else:
                speech = _from_output(program, self._pcm_rate_hz)
            async with aclosing(speech) as pieces:
                async for piece in pieces:
                    yield piece


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise EngineError(f"There is no program {name!r} that could be run.")
    return os.path.abspath(found)


def spoken_text(text: str) -> str:
    """The text without control characters and without what a program could take for commands."""
    text = plain(text)
    for sign in _COMMANDS:
        text = text.replace(sign, " ")
    return text.strip()


async def _silence(program: Program) -> AsyncGenerator[bytes, None]:
    """As long as the program plays, so that the conversation knows when it has ended."""
    async with aclosing(program.playing()) as seconds:
        async for passed_s in seconds:
            yield bytes(ms_to_bytes(round(passed_s * 1_000), RATE_HZ))


async def _from_file(program: Program, file: Path) -> AsyncGenerator[bytes, None]:
    async with aclosing(program.output()) as printed:
        async for _ in printed:
            pass
    yield await asyncio.to_thread(_read, file)


def _read(file: Path) -> bytes:
    """The whole sound, at RATE_HZ. Blocks. Raises EngineError."""
    try:
        if not file.is_file() or file.stat().st_size > OUTPUT_MAX_BYTES:
            raise EngineError("The program wrote no sound into {file}, or too much.")
        sound, rate_hz = parse_wav(file.read_bytes())
    except (OSError, ClientError) as error:
        raise _no_wav(error) from None
    resampler = _resampler(rate_hz)
    return resampler.push(sound) + resampler.flush()


async def _from_output(program: Program, pcm_rate_hz: int | None) -> AsyncGenerator[bytes, None]:
    reader: Any = WavReader() if pcm_rate_hz is None else _PcmReader(pcm_rate_hz)
    resampler: Resampler | None = None
    try:
        async with aclosing(program.output()) as printed:
            async for piece in printed:
                sound = reader.push(piece)
                if sound:
                    resampler = resampler or _resampler(reader.rate_hz)
                    yield resampler.push(sound)
        rest = reader.flush()
    except ClientError as error:
        raise _no_wav(error) from None
    resampler = resampler or _resampler(reader.rate_hz)
    yield resampler.push(rest) + resampler.flush()


class _PcmReader:
    """As `WavReader`, for PCM without a header."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._odd = b""

    def push(self, data: bytes) -> bytes:
        data = self._odd + data
        whole = len(data) - len(data) % 2
        self._odd = data[whole:]
        return data[:whole]

    def flush(self) -> bytes:
        return b""


def _resampler(rate_hz: int) -> Resampler:
    try:
        return Resampler(rate_hz, RATE_HZ)
    except ValueError as error:
        raise EngineError(f"The program's sound cannot be used: {error}") from None


def _no_wav(error: Exception) -> EngineError:
    reason = str(error) if isinstance(error, ClientError) else type(error).__name__
    return EngineError(f"The program's sound cannot be used: {reason}")
