"""What the engines say of a sound. They are asked once; what they said is kept in a file."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.overlap.trial import WINDOW_BYTES
from voi.engines.turn.smart_turn import SmartTurn
from voi.engines.vad.silero import Silero
from voi.engines.voice.judge import BuiltInVoiceJudge

PATIENCE_S = 60.0
"""So that a busy machine measures the same."""


class Judges:
    """The VAD, the voice judge (of the fold that leaves the speaker out) and the recogniser; what they said is kept."""

    def __init__(self, models: Path, folds: Path | None, cache: Path | None) -> None:
        self._cache = cache
        self._kept: dict[str, Any] = json.loads(cache.read_text()) if cache and cache.exists() else {}
        self._saved = len(self._kept)
        self._vad = Silero()
        self._encoder = SmartTurn(models_dir=models)
        self._words: Any = None
        self._fold_of = json.loads((folds / "folds.json").read_text()) if folds else {}
        paths = {fold: folds / f"fold{fold}.npz" for fold in set(self._fold_of.values())} if folds else {}
        self._judges = {
            fold: BuiltInVoiceJudge(weights=path, encoder_deadline_s=PATIENCE_S) for fold, path in paths.items()
        }
        self._shipped = None if folds else BuiltInVoiceJudge(encoder_deadline_s=PATIENCE_S)
        self._label = f"{folds.name}" if folds else "shipped"

    async def warm_up(self) -> None:
        await self._encoder.warm_up()
        for judge in filter(None, (*self._judges.values(), self._shipped)):
            judge.encoder = self._encoder.encode

    def save(self) -> None:
        if self._cache and len(self._kept) > self._saved:
            self._saved = len(self._kept)
            self._cache.write_text(json.dumps(self._kept))

    async def _keep(self, key: str, ask: Callable[[], Any]) -> Any:
        if key not in self._kept:
            self._kept[key] = await ask()
        return self._kept[key]

    def voiced(self, pcm: bytes) -> list[float]:
        key = f"vad {_hash(pcm)}"
        if key not in self._kept:
            stream = self._vad.open()
            windows = range(0, len(pcm) - WINDOW_BYTES + 1, WINDOW_BYTES)
            self._kept[key] = [round(stream.probability(pcm[at : at + WINDOW_BYTES]), 4) for at in windows]
        return self._kept[key]  # type: ignore[no-any-return]

    async def voice(self, pcm: bytes, voice_ms: int, speaker: str) -> tuple[float, float]:
        fold = self._fold_of.get(speaker)
        judge = self._judges.get(fold, self._shipped) if fold is not None else self._shipped
        if judge is None:  # of clips that nothing was fitted on, any fold may judge
            judge = self._judges[0]
        key = f"voice {self._label} {voice_ms} {speaker} {_hash(pcm)}"
        return tuple(await self._keep(key, lambda: judge.judge(pcm, voice_ms)))  # type: ignore[return-value]

    async def words(self, pcm: bytes) -> str:
        async def ask() -> str:
            if self._words is None:
                from voi.engines.stt.moonshine_model import MoonshineModel

                self._words = MoonshineModel(None, "tiny")
            return str(self._words.transcribe(pcm))

        return str(await self._keep(f"words {_hash(pcm)}", ask))


def _hash(pcm: bytes) -> str:
    return hashlib.sha256(pcm).hexdigest()[:20]
