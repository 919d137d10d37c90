"""Turn detectors and voice judges as their callers see them: as in `supervised.py`, for engines that judge a sound.

Conversations wait for them for seconds at most and go on without. So a caller that gives up is treated like a deadline
that has passed: the engine is tried, and restarted if the trial fails.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from voi.engines.base import STT_RATE_HZ, Encodes, TakesEncoder, TurnDetector, VoiceJudge
from voi.engines.info import TurnInfo, VoiceJudgeInfo
from voi.engines.supervised import Supervised

TRIAL_SOUND = bytes(STT_RATE_HZ)
"""Half a second of silence."""
TRIAL_VOICE_MS = 256


class SupervisedTurnDetector(Supervised[TurnDetector]):
    """A `TurnDetector`, which `Encodes` if its engine does."""

    answer_s, slow_answer_s = 5.0, 30.0

    @property
    def info(self) -> TurnInfo:
        info = self.engine.info
        return replace(info, note=self._note) if self._note and not info.note else info

    async def probability(self, pcm: bytes) -> float:
        engine = self.inner
        async with self.supervisor.call(self, engine):
            return await engine.probability(pcm)

    async def encode(self, pcm: bytes) -> Any:
        """See `Encodes`."""
        engine = self.inner
        async with self.supervisor.call(self, engine):
            return await cast(Encodes, engine).encode(pcm)

    async def _work(self, engine: TurnDetector) -> None:
        await engine.probability(TRIAL_SOUND)


class SupervisedVoiceJudge(Supervised[VoiceJudge]):
    """A `VoiceJudge`."""

    answer_s, slow_answer_s = 5.0, 30.0
    _encoder: Encodes | None = None

    @property
    def info(self) -> VoiceJudgeInfo:
        info = self.engine.info
        return replace(info, note=self._note) if self._note and not info.note else info

    def lend(self, encoder: Encodes) -> None:
        """Let the judge use the encoder of a turn detector, if it takes one, also after a restart."""
        self._encoder = encoder
        if self.engine.info.takes_encoder:
            cast(TakesEncoder, self.engine).encoder = encoder.encode

    def take(self, engine: VoiceJudge) -> None:
        super().take(engine)
        if self._encoder is not None:
            self.lend(self._encoder)

    async def judge(self, pcm: bytes, voice_ms: int, probabilities: Sequence[float] = ()) -> tuple[float, float]:
        engine = self.inner
        async with self.supervisor.call(self, engine):
            if engine.info.vad and probabilities:
                return await engine.judge(pcm, voice_ms, probabilities)
            return await engine.judge(pcm, voice_ms)

    async def _work(self, engine: VoiceJudge) -> None:
        await engine.judge(TRIAL_SOUND, TRIAL_VOICE_MS)
