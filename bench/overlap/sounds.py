"""The sounds that set in over the agent: recorded clips, with babble or with the agent's own echo under them."""

import hashlib
from typing import Any

import numpy as np
from voi.training.turns.clips import Clip

RATE_HZ = 16_000
SEED = 7
CONDITIONS = ("clean", "babble", "echo")
BABBLE_DB, ECHO_DB = -10, -30
AGENT_DBFS = -20.0
LEAD_IN_MS = 600
"""Of the condition's own sound before the clip, and…"""
TAIL_MS = 2_600
"""…after it."""


class Sounds:
    """The clips in their conditions, as s16le at 16 kHz."""

    def __init__(self, clips: list[Clip], agent: np.ndarray[Any, Any]) -> None:
        self._agent = agent
        self._speech = [_wave(clip) for clip in clips if clip.kind in ("reading", "order", "question", "call_turn")]

    def of(self, clip: Clip, condition: str) -> bytes:
        digest = hashlib.sha256(f"{SEED} {clip.name} {condition}".encode()).digest()
        random = np.random.default_rng(int.from_bytes(digest[:8], "big"))
        wave = _wave(clip)
        wave = np.concatenate([np.zeros(LEAD_IN_MS * 16), wave, np.zeros(TAIL_MS * 16)])
        level = _level(wave)
        if condition == "babble":
            wave = wave + self._babble(len(wave), random) * level * 10 ** (BABBLE_DB / 20)
        elif condition == "echo":
            start = int(random.integers(0, len(self._agent) - len(wave)))
            wave = wave + self._agent[start : start + len(wave)] * 10 ** ((AGENT_DBFS + ECHO_DB) / 20)
        return (np.clip(wave, -1, 1) * 32_767).astype("<i2").tobytes()

    def _babble(self, length: int, random: np.random.Generator) -> Any:
        whole = np.zeros(length)
        for _ in range(5):
            voice = self._speech[int(random.integers(len(self._speech)))]
            voice = np.resize(np.roll(voice, -int(random.integers(len(voice)))), length)
            whole += voice / _level(voice)
        return whole / _level(whole)


def _wave(clip: Clip) -> Any:
    return np.frombuffer(clip.pcm(), "<i2").astype(np.float64) / 32_768


def _level(wave: Any) -> float:
    """The loudest of it, as the root mean square of 32 ms."""
    blocks = wave[: len(wave) // 512 * 512].reshape(-1, 512)
    return float(np.percentile(np.sqrt((blocks**2).mean(1)), 95)) + 1e-9


async def agent_speech() -> Any:
    """A minute of espeak at 0 dB, 16 kHz."""
    from voi.audio.resample import resample
    from voi.engines.base import VoiceSpec
    from voi.engines.tts.espeak import Espeak

    voice = Espeak()
    await voice.warm_up()
    text = "The train to the coast leaves at nine from platform four, and you will have to change once on the way. " * 8
    chunks = [chunk async for chunk in voice.stream(text, VoiceSpec()) if isinstance(chunk, bytes)]
    rate_hz = voice.info.sample_rate_hz
    pcm = resample(b"".join(chunks), rate_hz, RATE_HZ)
    wave = np.frombuffer(pcm, "<i2").astype(np.float64)
    return wave / _level(wave)
