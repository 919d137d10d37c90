"""Labelled "speech" made here: tones with pauses, and engines that hear in them what is to be learnt.

A turn is over after a high tone and goes on after a low one. The fake turn model is mostly wrong about it; its encoder
knows.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from voi.audio.wav import to_wav

RATE_HZ = 16_000
LOW_HZ, HIGH_HZ = 200, 400
PAUSE_MS, TAIL_MS = 608, 3_008


def tone(hz: int, ms: int) -> Any:
    return (8_000 * np.sin(2 * np.pi * hz * np.arange(ms * 16) / RATE_HZ)).astype("<i2")


def silence(ms: int) -> Any:
    return np.zeros(ms * 16, "<i2")


def turn() -> tuple[bytes, list[dict[str, Any]]]:
    """Its sound, and its pauses as labels have them."""
    parts = (silence(640), tone(LOW_HZ, 800), silence(PAUSE_MS), tone(HIGH_HZ, 800), silence(TAIL_MS))
    pause, end = 640 + 800, 640 + 800 + PAUSE_MS + 800
    pauses = [
        {"start_ms": pause, "end_ms": pause + PAUSE_MS, "turn_ends": False},
        {"start_ms": end, "end_ms": end + TAIL_MS, "turn_ends": True},
    ]
    return np.concatenate(parts).tobytes(), pauses


def folder(into: Path, speakers: int = 6, turns: int = 6) -> Path:
    """Labelled clips."""
    into.mkdir()
    pcm, pauses = turn()
    with (into / "labels.jsonl").open("w") as labels:
        for speaker in range(speakers):
            for number in range(turns):
                name = f"s{speaker}_{number}.wav"
                (into / name).write_bytes(to_wav(pcm, RATE_HZ))
                labels.write(json.dumps({"file": name, "speaker": f"s{speaker}", "pauses": pauses}) + "\n")
    return into


def models(into: Path) -> Path:
    """A models folder, with a file where the turn model would be."""
    into.mkdir()
    (into / "smart-turn-v3.9-cpu.onnx").write_bytes(b"weights")
    return into


class Engines:
    """In the place of `voi.training.turns.judgements.ClipEngines`."""

    version = "fake"

    def __init__(self, models_dir: Path, turn_engine: str = "smart-turn") -> None:
        self.turn_name = turn_engine
        self.turn_sha256 = hashlib.sha256((models_dir / "smart-turn-v3.9-cpu.onnx").read_bytes()).hexdigest()
        self.encodes = turn_engine == "smart-turn"
        self._random = np.random.default_rng(3)

    def vad(self, windows: list[bytes]) -> list[float]:
        return [0.95 if np.frombuffer(window, "<i2").any() else 0.02 for window in windows]

    def turn(self, pcm: bytes) -> float:
        return float(self._random.uniform(0.3, 0.7))

    def vector(self, pcm: bytes) -> list[float]:
        vector = np.zeros(384)
        vector[:6] = self._random.normal(size=6)
        vector[7] = self._hz(pcm) / 100
        return [float(value) for value in vector]

    def words(self, windows: list[tuple[bytes, bool]]) -> str:
        return "This is what I say"

    def _hz(self, pcm: bytes) -> float:
        voiced = np.frombuffer(pcm, "<i2").astype(float)
        newest = voiced[np.flatnonzero(voiced)[-6_400] : np.flatnonzero(voiced)[-1]]
        return float(np.count_nonzero(np.diff(np.signbit(newest))) / 2 / (len(newest) / RATE_HZ))

    def close(self) -> None: ...
