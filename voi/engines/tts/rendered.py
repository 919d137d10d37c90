"""Phrases whose sound was made in advance (`voi voice render`): played at once, also when the engine is busy or down.

A file's name is a digest of everything that the sound depends on: the model's configuration, the words, voice, tone,
speed, language and role. So when a phrase, voice or model changes, the engine speaks until it is rendered again.
"""

import asyncio
import hashlib
import json
import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Any, cast

from voi.audio.wav import read_wav, to_wav
from voi.engines.base import ContextTts, Reconfigures, SentenceTts, VoiceSpec
from voi.engines.tts.adapter import TtsAdapter
from voi.errors import ClientError, ConfigError

FOLDER = "rendered"
MODEL_FILES = ("checkpoint", "config", "tokenizer")
KEPT_BYTES = 16 * 2**20
"""Most sound kept in memory: some six minutes at 24 kHz."""


def depends_on(engine: str, options: Mapping[str, Any]) -> str:
    """Everything that a model's sound depends on, as text. `options`: those of its engine. Files in them are
    represented by size and time, since a checkpoint may be trained further. Voices are left out: see `forget`."""
    stamps = []
    for option in MODEL_FILES:
        try:
            status = os.stat(options.get(option) or "")
        except (OSError, TypeError, ValueError):
            continue
        stamps.append(f"{option} {status.st_size} {status.st_mtime_ns}")
    return "\0".join([engine, json.dumps(options, sort_keys=True, default=str), *stamps])


def file_name(model: str, depends: str, text: str, voice: VoiceSpec) -> str:
    """`model`: its name in tts_models.json; `depends`: see `depends_on`."""
    whole = "\0".join([depends, text, *map(str, astuple(voice))])
    digest = hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:24]
    return f"{_prefix(model)}{digest}.wav"


def forget(greetings_dir: Path, models: Iterable[str]) -> int:
    """Delete what was rendered for these models, because their voices have changed. Returns the number of files. Raises
    ConfigError. Blocks."""
    rendered = re.compile(f"({'|'.join(re.escape(_prefix(model)) for model in models)})[0-9a-f]{{24}}[.]wav")
    gone = 0
    try:
        for path in (greetings_dir / FOLDER).glob("*.wav"):
            if rendered.fullmatch(path.name):
                path.unlink(missing_ok=True)
                gone += 1
    except OSError as error:
        raise ConfigError(f"{greetings_dir / FOLDER} cannot be written: {error.strerror}.") from None
    return gone


def _prefix(model: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in model)[:32] + "-"


def save(path: Path, pcm: bytes, rate_hz: int) -> None:
    """Write a sound file, all of it or nothing. Raises ConfigError. Blocks."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(to_wav(pcm, rate_hz))
        partial.replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None
    finally:
        partial.unlink(missing_ok=True)


class Rendered(TtsAdapter):
    """A `Tts` over a provider of either kind, and the phrases rendered for it. `options`: those of its engine.
    `greetings_dir`: the operator's folder of sounds."""

    def __init__(
        self,
        inner: SentenceTts | ContextTts,
        model: str,
        engine: str,
        options: Mapping[str, Any],
        greetings_dir: Path,
    ) -> None:
        super().__init__(inner)
        self.options = options
        self._model, self._engine = model, engine
        self._of = (model, depends_on(engine, options))
        self._folder = greetings_dir / FOLDER
        self._seen = -1
        self._there: frozenset[str] = frozenset()
        self._kept: dict[str, bytes] = {}

    async def reconfigure(self, options: Mapping[str, Any], needed: Collection[str] = ()) -> bool:
        """See `Reconfigures`."""
        if not self.info.reconfigures or not await cast(Reconfigures, self.inner).reconfigure(options, needed):
            return False
        self.options = dict(options)
        self._of = (self._model, depends_on(self._engine, self.options))
        return True

    async def made_before(self, text: str, voice: VoiceSpec) -> bytes:
        self._look()
        if not self._there:
            return b""
        file = file_name(*self._of, text, voice)
        if file not in self._there:
            return b""
        if file not in self._kept:
            pcm = await asyncio.to_thread(self._load, file)
            if sum(map(len, self._kept.values())) + len(pcm) > KEPT_BYTES:
                self._kept.clear()
            self._kept[file] = pcm
        return self._kept[file]

    def _look(self) -> None:
        """List the folder if it has changed. Usually one system call; a folder has some dozens of files at most."""
        try:
            changed = os.stat(self._folder).st_mtime_ns
            if changed != self._seen:
                self._there = frozenset(entry.name for entry in os.scandir(self._folder) if entry.name.endswith(".wav"))
                self._seen = changed
                self._kept.clear()
        except OSError:
            self._there = frozenset()

    def _load(self, file: str) -> bytes:
        try:
            pcm, rate_hz = read_wav(self._folder / file)
        except ClientError:
            return b""  # the engine speaks instead
        return pcm if rate_hz == self.info.sample_rate_hz else b""
