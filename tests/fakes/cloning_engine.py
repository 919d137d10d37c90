"""A TTS engine that clones, as a package of its own would bring it. Its voices are lines of a text file that only its
own options name: server, commands and configuration know nothing of how it keeps them."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from voi.audio.sample import Sample
from voi.config.voice_names import known_as, refuse_taken
from voi.engines import registry
from voi.engines.base import VoiceSpec
from voi.engines.info import TtsInfo
from voi.errors import ClientError, EngineError

RATE_HZ = 16_000


class ParrotCloner:
    """A voice is the length of its samples in ms: `NAME<tab>MS` a line."""

    def __init__(self, *, perch: str) -> None:
        self._file = Path(perch)

    @property
    def place(self) -> str:
        return str(self._file.resolve())

    def voices(self) -> dict[str, int]:
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        return {name: int(length_ms) for name, length_ms in (line.split("\t") for line in lines)}

    def names(self) -> tuple[str, ...]:
        return tuple(self.voices())

    def add(self, voices: Mapping[str, Sequence[Sample]], *, force: bool = False) -> None:
        there = self.voices()
        refuse_taken(voices, there, force=force)
        self._keep(
            there | {name: round(1_000 * sum(each.length_s for each in samples)) for name, samples in voices.items()}
        )

    def remove(self, *names: str) -> None:
        there = self.voices()
        for name in names:
            known = known_as(name, there)
            if known is None:
                raise ClientError(f"There is no voice {name!r}.")
            del there[known]
        self._keep(there)

    def _keep(self, voices: Mapping[str, int]) -> None:
        self._file.write_text("".join(f"{name}\t{length_ms}\n" for name, length_ms in voices.items()))


class Parrot:
    """Says a text as a sound whose samples are the voice's number."""

    info = TtsInfo("parrot", sample_rate_hz=RATE_HZ, clones=True, reconfigures=True, maps_tones=True)
    cloner = ParrotCloner

    def __init__(self, *, perch: str, voice_tone_map: Mapping[str, str] | None = None) -> None:
        self._cloner = ParrotCloner(perch=perch)
        self._voices: dict[str, int] = {}
        self._learn(dict(voice_tone_map or {}))

    def _learn(self, tones: dict[str, str]) -> None:
        self._voices = self._cloner.voices()
        names = tuple(self._voices)
        self.info = replace(Parrot.info, voices=names, tones=("neutral", *tones), tone_voices=tones)

    async def warm_up(self) -> None: ...
    async def close(self) -> None: ...

    async def reconfigure(self, options: Mapping[str, Any], needed: Collection[str] = ()) -> bool:
        self._learn(dict(options.get("voice_tone_map") or {}))
        return True

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes]:
        name = voice.voice or next(iter(self._voices))
        if name not in self._voices:
            raise EngineError(f"No voice {name!r}.")
        yield (self._voices[name] % 30_000).to_bytes(2, "little") * (RATE_HZ // 10)


def bring(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a package had been installed that brings the engine."""
    point = EntryPoint("tts.parrot", f"{__name__}:Parrot", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda *, group: [point] if group == registry.GROUP else [])
